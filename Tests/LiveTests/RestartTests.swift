import Glibc
import NetworkLab
import Testing

extension LiveTests {
    @Test func `restarts, kills and upgrades under load lose nothing and let nothing listed pass`() async throws {
        try await Site.with { site in
            // The benchmark counts, and ends with status 1 where a packet is missing or one too many.
            let program = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
            let result = try await Command.run(
                [
                    "\(program)/Benchmarks/live/restarts", "--restarts", "10", "--kills", "5", "--upgrades", "5",
                    "--quiet", "1",
                    "--rate", "1000", "--connections", "20", "--pause", "0.4", "--grindvakt", site.binary,
                ],
                timeLimit: .seconds(240 * slowdown)
            )
            print(result.output)
            #expect(result.succeeded, "\(result)")
            #expect(result.output.contains(": exactly"))
            #expect(result.output.contains("taken over 20 times"), "\(result.output)")
        }
    }

    @Test func `another sensor takes the queues over, the first one ends, and the sockets answer all the time`()
        async throws
    {
        try await Site.with { site in
            let first = try await site.startSensor(listen: "127.0.0.1:9469")
            try await site.applyRules()
            _ = try await site.startResponder()
            #expect(try await site.isAnswered(Site.unlisted))
            #expect(try await site.isStopped(Site.listed))

            let configuration = try site.configure()
            let words = [site.binary, "run", "--config", configuration, "--listen", "127.0.0.1:9469", "--take-over"]
            let second = site.lab.spawn(words, on: site.lab.router)
            try await second.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            #expect(second.lines.contains { $0.contains("took over 2 queues: ") && $0.contains(" 0 had no verdict") })
            #expect(second.lines.contains { $0.contains("flows known to 2 workers") })
            #expect(try await Command.wait(atMost: .seconds(90)) { first.isRunning == false })
            #expect(first.status == .exited(0))
            #expect(first.lines.contains { $0.contains("has taken the queues over") }, "\(first.lines)")

            let status = try await site.grindvakt(["status", "--socket", site.socket])
            #expect(status.output.contains("\ntook over 2 queues at "), "\(status)")
            #expect(try await site.get("/status").contains(#""takeover":{"at":"#))

            // The successor has the sockets, and judges.
            let samples = try await site.samples()
            #expect(samples["grindvakt_taken_over_queues"] == 2)
            #expect(samples[#"grindvakt_taken_over_packets{fate="queued-again"}"#] == 0)
            let scraped = try await site.lab.router.run([
                "curl", "-sS", "--max-time", "30", "http://127.0.0.1:9469/metrics",
            ])
            #expect(scraped.output.contains("grindvakt_taken_over_queues 2"), "\(scraped)")
            #expect(try await site.isAnswered(Site.unlisted))
            #expect(try await site.isStopped(Site.listed))
            #expect(await second.stop() == .exited(0))
            #expect(try await site.boundQueues().isEmpty)
            for name in ["metrics.sock", "metrics.sock.handover", "metrics.sock.next", "metrics.sock.handover.next"] {
                #expect(
                    try await Command.run(["test", "-e", site.lab.path(name)]).succeeded == false,
                    "\(name) is left"
                )
            }
        }
    }

    @Test func `a new version that does not start leaves the old one running`() async throws {
        try await Site.with { site in
            let program = site.lab.path("grindvakt")
            try await Command.output(["cp", site.binary, program])
            let configuration = try site.configure()
            let sensor = site.lab.spawn([program, "run", "--config", configuration], on: site.lab.router)
            try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            try await site.applyRules()
            let responder = try await site.startResponder()
            let flood = try site.startFlood(least: 2_000, most: 100_000, rate: 1_000)
            try await flood.wait(answers: 200)

            // One that cannot run, one that ends at once, one that dies once it has the queues, and one that never asks for them.
            let thief = try site.lab.write(Script.thief, to: "thief.py")
            let versions = [
                "not a program", "#!/bin/sh\nexit 9\n",
                "#!/bin/sh\nexec /usr/bin/python3 \(thief) \(site.socket).handover\n",
            ]
            for version in versions {
                let file = try site.lab.write(version, to: "next")
                try await Command.output(["chmod", "755", file])
                try await Command.output(["mv", file, program])
                let result = try await site.grindvakt(["upgrade", "--socket", site.socket])
                #expect(result.status == .exited(2), "\(result)")
                #expect(result.errors.contains("not upgraded, the sensor goes on as before: "), "\(result)")
            }
            #expect(sensor.isRunning)
            #expect(
                sensor.lines.contains { $0.contains("asked for the queues and did not take them") },
                "\(sensor.lines)"
            )
            let account = try await flood.end()
            #expect(account.answered == account.sent)
            #expect(try await site.isStopped(Site.listed))
            await responder.stop()
            #expect(responder.lines.last?.hasSuffix("distinct=\(account.sent)") == true, "\(responder.lines)")
            #expect(await sensor.stop() == .exited(0))
        }
    }

    @Test func `queues that are no longer configured are judged empty and released, others are bound`() async throws {
        try await Site.with { site in
            let first = try await site.startSensor()
            let configuration = try site.configure(queues: "1:2")
            let words = [site.binary, "run", "--config", configuration, "--take-over"]
            let second = site.lab.spawn(words, on: site.lab.router)
            try await second.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            #expect(
                second.lines.contains { $0.contains("took over 1 queues: ") && $0.contains("1 queues are released") }
            )
            #expect(try await Command.wait(atMost: .seconds(90)) { first.isRunning == false })
            try await second.waitUntilReady("the release of queue 0") { try await site.boundQueues() == ["1", "2"] }
            #expect(await second.stop() == .exited(0))
        }
    }

    @Test func `there has to be a sensor to take over from`() async throws {
        try await Site.with { site in
            let result = try await site.grindvakt(["run", "--config", try site.configure(), "--take-over"])
            #expect(result.status == .exited(2), "\(result)")
            #expect(result.errors.contains("no sensor to take over from"), "\(result)")
            #expect(try await site.boundQueues().isEmpty)
        }
    }
}

extension Script {
    /// Takes a sensor's queues over, reads packets that it gives no verdict on, and dies.
    ///
    /// Arguments: the socket of the handover.
    static let thief = #"""
        import array, os, signal, socket, sys, time

        asking = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asking.connect(sys.argv[1])
        asking.send(b"grindvakt/1 take")
        sockets = []
        while True:
            message, rights, _, _ = asking.recvmsg(64, socket.CMSG_SPACE(4))
            files = [number for _, _, data in rights for number in array.array("i", data)]
            if message.startswith(b"grindvakt/1 queue "):
                sockets.extend(socket.socket(fileno=number) for number in files)
            if message == b"grindvakt/1 all":
                break
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            for queue in sockets:
                try:
                    queue.recv(1 << 17, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGKILL)
        """#
}
