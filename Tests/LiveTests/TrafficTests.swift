import Glibc
import NetworkLab
import Testing

extension LiveTests {
    @Test func `reloads under traffic lose nothing, and take effect`() async throws {
        try await Site.with { site in
            let responder = try await site.startResponder()
            let sensor = try await site.startSensor()
            try await site.applyRules()
            let flood = try site.startFlood(least: 20_000, most: 120_000, rate: 3_000)
            try await flood.wait(answers: 500)

            let reloads = 24
            for round in 0..<reloads {
                let before = try #require(try await site.samples()["grindvakt_snapshot_generation"])
                if round.isMultiple(of: 2) { sensor.send(SIGHUP) } else { try await site.reload() }
                let isNew = try await Command.wait(atMost: .seconds(90)) {
                    try await site.samples()["grindvakt_snapshot_generation"] ?? 0 > before
                }
                #expect(isNew, "reload \(round)")
            }
            #expect(try await site.isAnswered("news.test"))
            try site.write(lists: [Site.listed, "news.test"])
            try await site.reload()
            #expect(try await site.isStopped("news.test"))
            try site.write(lists: [Site.listed])
            sensor.send(SIGHUP)
            let isReleased = try await Command.wait(atMost: .seconds(90)) {
                try await site.samples()["grindvakt_reloads_total{result=\"ok\"}"] == Double(reloads + 2)
            }
            #expect(isReleased)
            #expect(try await site.isAnswered("news.test"))
            #expect(try await site.isStopped(Site.listed))
            #expect(flood.isAsking, "the flood ended before the reloads did")

            let (sent, answered) = try await flood.end()
            await responder.stop()
            #expect(sent >= 20_000 && answered == sent)
            #expect(responder.lines.last == "received=\(sent) distinct=\(sent)")
            #expect(sensor.isRunning)
        }
    }

    @Test func `killed under traffic, the kernel lets packets pass and a new sensor takes over`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let sensor = try await site.startSensor()
            try await site.applyRules()
            #expect(try await site.isStopped(Site.listed))
            let flood = try site.startFlood(least: 5_000, most: 120_000, rate: 3_000, patience: 5)
            try await flood.wait(answers: 1_000)
            sensor.send(SIGKILL)
            #expect(try await Command.wait(atMost: .seconds(90)) { sensor.isRunning == false })
            #expect(sensor.status == .signaled(SIGKILL))
            #expect(try await Command.wait(atMost: .seconds(90)) { try await site.boundQueues().isEmpty })
            try await flood.wait(answers: flood.answered + 1_500)
            #expect(try await site.isAnswered(Site.listed), "nobody inspects, so everything passes")
            #expect(try await Command.run(["test", "-S", site.socket]).succeeded, "the dead sensor's socket is there")

            let next = try await site.startSensor()
            #expect(try await site.boundQueues() == ["0", "1"])
            #expect(try await site.get("/healthz") == "ok\n")
            #expect(try await site.isStopped(Site.listed))
            try await flood.wait(answers: flood.answered + 1_500)
            #expect(flood.isAsking)
            let (sent, answered) = try await flood.end()
            // The kernel drops what waits in the queue when the socket is closed: what came between the worker's end and the
            // socket's, some milliseconds while the process is torn down. 300 queries and answers stand for 50 ms at this rate.
            #expect(sent - answered <= 300, "\(sent - answered) of \(sent) lost")
            #expect(next.isRunning)
        }
    }

    @Test func `starting and stopping under traffic loses nothing, and stopping takes less than a second`() async throws
    {
        try await Site.with { site in
            let responder = try await site.startResponder()
            try await site.applyRules()
            let flood = try site.startFlood(least: 5_000, most: 240_000, rate: 8_000)
            try await flood.wait(answers: 1_000)
            // The moments that matter are short, so each is met several times.
            for round in 0..<8 {
                let sensor = try await site.startSensor()
                try await flood.wait(answers: flood.answered + 1_000)
                let clock = ContinuousClock()
                let start = clock.now
                sensor.send(round.isMultiple(of: 2) ? SIGTERM : SIGINT)
                let hasEnded = try await Command.wait(atMost: .seconds(90)) { sensor.isRunning == false }
                #expect(start.duration(to: clock.now) < .seconds(1))
                #expect(hasEnded && sensor.status == .exited(0), "\(sensor.lines)")
                #expect(try await !Command.run(["test", "-e", site.socket]).succeeded, "the socket is left")
                #expect(try await site.boundQueues().isEmpty)
                try await flood.wait(answers: flood.answered + 1_000)
            }
            #expect(flood.isAsking)
            let (sent, answered) = try await flood.end()
            await responder.stop()
            #expect(answered == sent)
            #expect(responder.lines.last == "received=\(sent) distinct=\(sent)")
        }
    }

    @Test(arguments: [SIGHUP, SIGTERM, SIGINT])
    func `a signal in the middle of the start is obeyed in order`(signal: Int32) async throws {
        try await Site.with { site in
            let configuration = try site.configure()
            for round in 0..<5 {
                let arguments = [site.socket, "\(signal)", "0.3", site.binary, "run", "--config", configuration]
                let run = try await site.run(Script.impatient, named: "impatient", arguments, on: site.lab.router)
                #expect(run.output == "sent=True status=0\n", "round \(round): \(run)")
                #expect(try await site.boundQueues().isEmpty)
                #expect(try await !Command.run(["test", "-e", site.socket]).succeeded, "the socket is left")
            }
        }
    }

    @Test func `overload lets packets pass, is counted, and ends`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let sensor = try await site.startSensor("receive-buffer = 65536")
            try await site.applyRules()
            #expect(try await site.isStopped(Site.listed))

            // A sensor that is not scheduled at all: its small buffer is full after some hundred packets.
            sensor.send(SIGSTOP)
            let flood = try site.startFlood(least: 10_000, rate: 5_000)
            try await flood.process.waitForLine(containing: "all sent")
            try await flood.wait(answers: 5_000)
            sensor.send(SIGCONT)
            let (sent, answered) = try await flood.end()
            #expect(answered == sent, "what waited was judged, the rest was let pass")
            let isCounted = try await Command.wait(atMost: .seconds(90)) {
                try await site.samples().sum("grindvakt_receive_overruns_total") > 0
            }
            #expect(isCounted)
            #expect(try await site.isStopped(Site.listed))
            // Every packet is accounted for: the sensor judged it, or knows by the next one's number that it did not see it.
            let isAccounted = try await Command.wait(atMost: .seconds(90)) {
                let samples = try await site.samples()
                return samples.sum("grindvakt_packets_total") + samples.sum("grindvakt_queue_unseen_total")
                    >= Double(sent)
            }
            let unseen = try await site.samples().sum("grindvakt_queue_unseen_total")
            #expect(isAccounted && unseen > 0, "\(unseen) unseen of \(sent)")
            #expect(try await site.isStopped(Site.listed))

            let blast = try site.startFlood(least: 200_000, rate: 1_000_000, patience: 5)
            let account = try await blast.end()
            #expect(account.sent == 200_000 && account.answered > 20_000, "\(account)")
            #expect(sensor.isRunning)
            #expect(try await site.isAnswered(Site.unlisted))
            #expect(try await site.isStopped(Site.listed))
        }
    }
}
