import NetworkLab
import Testing

extension LiveTests {
    @Test func `of a list that is longer than caches every name is stopped, and no other, however close they come`()
        async throws
    {
        try await Site.with { site in
            // So many that the worker looks the queries of a batch up before it judges them.
            let count = 300_000
            let names = (0..<count).map { index in
                let digits = "\(index * 2)"
                return "n" + String(repeating: "0", count: 6 - digits.count) + digits + ".long.test\n"
            }
            try site.lab.write(names.joined(), to: "list.txt")
            let responder = try await site.startResponder()
            let sensor = try await site.startSensor()
            try await site.applyRules()

            let asked = 6_000
            let flood = try site.startFlood(least: asked, rate: 20_000, patience: 5, domain: "long.test")
            let (sent, answered) = try await flood.end()
            #expect(sent == asked && answered == asked / 2)
            await responder.stop()
            #expect(responder.lines.last == "received=\(asked / 2) distinct=\(asked / 2)")

            let samples = try await site.samples()
            #expect(samples.sum("grindvakt_matches_total", #"action="drop""#) == Double(asked / 2))
            #expect(samples.sum("grindvakt_packets_total", #"verdict="drop""#) == Double(asked / 2))
            #expect(samples.sum("grindvakt_packets_total", #"verdict="accept""#) == Double(asked))
            #expect(samples.sum("grindvakt_names_total", #"protocol="dns""#) == Double(asked))
            #expect(samples.sum("grindvakt_undecided_total") == 0)
            #expect(sensor.isRunning)
        }
    }
}
