import Testing

@testable import NetfilterQueue

@Suite("The kernel's table of queues")
struct KernelQueueTableTests {
    @Test func `a table is read line by line`() {
        // As printed by nfnetlink_queue's seq_show: "%5u %6u %5u %1u %5u %5u %5u %8u %2d".
        let text = """
                0   4242     3 2 65531     7     9      100  1
            65535 4294967295     0 0     0     0     0        0  1

            """
        #expect(
            KernelQueueTable.parse(text) == [
                KernelQueue(
                    number: 0,
                    port: 4_242,
                    length: 3,
                    copyRange: 65_531,
                    kernelDropped: 7,
                    userDropped: 9,
                    lastID: 100
                ),
                KernelQueue(
                    number: 65_535,
                    port: .max,
                    length: 0,
                    copyRange: 0,
                    kernelDropped: 0,
                    userDropped: 0
                ),
            ]
        )
    }

    @Test(arguments: [
        "", "\n\n", "1 2 3", "65536 1 0 2 0 0 0 0 1", "1 4294967296 0 2 0 0 0 0 1", "number port length mode range a b",
    ])
    func `lines that are none are passed over`(_ text: String) {
        #expect(KernelQueueTable.parse(text).isEmpty)
    }
}

@Suite("Queue errors")
struct QueueErrorTests {
    @Test(arguments: [
        (QueueError.notPermitted, "CAP_NET_ADMIN", "run as root"),
        (.taken(queue: 7, port: 4_242), "queue 7 is taken", "4242"),
        (.notSupported, "nfnetlink_queue", "load the module"),
        (.refused(queue: 3, step: "bind", errorNumber: 22), "queue 3: the kernel refused to bind", "error 22"),
    ])
    func `each is one line that names what is wrong and what mends it`(
        _ error: QueueError,
        _ wrong: String,
        _ mend: String
    ) {
        #expect(error.description.contains(wrong) && error.description.contains(mend))
        #expect(error.description.contains("\n") == false)
    }

    @Test func `a worker's failure names its queue`() {
        let text = WorkerFailure(queue: 5, errorNumber: 9).description
        #expect(text.contains("queue 5") && text.contains("error 9"))
    }
}
