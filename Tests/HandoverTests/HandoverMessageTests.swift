import Testing

@testable import Handover

@Suite("Handover message")
struct HandoverMessageTests {
    static let all: [HandoverMessage] = [
        .take, .queue(0), .queue(7), .queue(65_535), .state, .listener, .answers, .all, .taken, .released, .refused,
    ]

    @Test(arguments: all)
    func `a message is read as it was written`(message: HandoverMessage) {
        #expect(HandoverMessage(message.bytes) == message)
        #expect(message.bytes.count <= HandoverMessage.limit)
    }

    @Test(arguments: all)
    func `no prefix and no mutation of a message passes for another one but by spelling it`(message: HandoverMessage) {
        let bytes = message.bytes
        for count in bytes.indices {
            let read = HandoverMessage(Array(bytes.prefix(count)))
            #expect(read.map { $0.bytes == Array(bytes.prefix(count)) } ?? true)
        }
        for index in bytes.indices {
            for octet in UInt8.min...UInt8.max {
                var mutation = bytes
                mutation[index] = octet
                guard let read = HandoverMessage(mutation) else { continue }
                #expect(read.bytes == mutation)
            }
        }
    }

    @Test(arguments: [
        "", "take", "grindvakt/2 take", "grindvakt/1 take ", "grindvakt/1 queue", "grindvakt/1 queue 65536",
        "grindvakt/1 queue 07", "grindvakt/1 queue +7", "grindvakt/1 queue -1", "grindvakt/1  take",
    ])
    func `anything else is no message`(text: String) {
        #expect(HandoverMessage(Array(text.utf8)) == nil)
    }
}
