import NetworkLab
import Testing

extension LiveTests {
    @Test func `a start that fails for one queue loses nothing of the others`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let list = site.lab.path("list.txt")
            let owner = site.lab.spawn(
                [site.binary, "run", "--list", list, "--queues", "3", "--socket", site.lab.path("owner.sock")],
                on: site.lab.router
            )
            try await owner.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            // Packets come to queue 0 alone, and would be let pass as long as nobody has it.
            let rules = try await site.grindvakt(["rules", "apply", "--backend", "iptables", "--queues", "0"])
            try #require(rules.succeeded, "\(rules)")
            let flood = try site.startFlood(least: 3_000, most: 200_000, rate: 4_000)
            try await flood.wait(answers: 500)
            for _ in 0..<10 {
                let start = try await site.grindvakt([
                    "run", "--list", list, "--queues", "0:3", "--socket", site.socket,
                ])
                #expect(start.status == .exited(1), "\(start)")
                #expect(start.errors.contains("queue 3 is taken by another process"), "\(start)")
            }
            #expect(flood.isAsking)
            let (sent, answered) = try await flood.end()
            #expect(answered == sent)
            #expect(owner.isRunning)
        }
    }
}
