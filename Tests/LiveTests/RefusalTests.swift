import Glibc
import NetworkLab
import Testing

extension LiveTests {
    @Test func `eight thousand names of another folder change nothing, not even at a restart`() async throws {
        try await Site.with { site in
            let tables = """
                [[list]]
                id = "dropped"
                path = "list.txt"

                [[list]]
                id = "observed"
                path = "observed.txt"
                action = "observe"

                [gates]
                protected = "protected.txt"
                """
            let usual = [Site.listed] + (0..<5_000).map { "usual-\($0).example" }
            let wrong = (0..<8_000).map { "wrong-\($0).example" } + ["www.portal.test"]
            try site.lab.write("portal.test\n", to: "protected.txt")
            try site.write(lists: usual)
            _ = try await site.startResponder()
            let sensor = try await site.startSensor(tables: tables)
            try await site.applyRules()
            #expect(try await site.isStopped(Site.listed))

            try site.write(lists: usual + wrong, observed: ["observed.test", "watched.test"])
            #expect(
                try await site.isReloadRefused(
                    "growth",
                    "protected-name",
                    "8001",
                    "still in use",
                    "dropped"
                )
            )
            func expectUsual(updates: Double, _ time: String) async throws {
                #expect(try await site.isStopped("www.\(Site.listed)"), "\(time)")
                #expect(try await site.isStopped("usual-4999.example"), "\(time)")
                for name in ["www.portal.test", "wrong-7999.example"] {
                    #expect(try await site.isAnswered(name), "\(name) \(time)")
                }
                #expect(try await site.isAnswered("watched.test"))
                let samples = try await site.samples()
                for (sample, value) in [
                    (#"grindvakt_list_updates_refused_total{list="dropped"}"#, updates),
                    (#"grindvakt_list_refusals_total{list="dropped",cause="growth"}"#, updates),
                    (#"grindvakt_list_refusals_total{list="dropped",cause="protected-name"}"#, updates),
                    (#"grindvakt_list_fallback{list="dropped"}"#, 1), (#"grindvakt_list_fallback{list="observed"}"#, 0),
                    (#"grindvakt_list_entries{list="dropped"}"#, 5_001),
                    // The other list goes on.
                    (#"grindvakt_list_entries{list="observed"}"#, 2),
                ] {
                    #expect(samples[sample] == value, "\(sample) \(time)")
                }
                let watched = samples[#"grindvakt_matches_total{list="observed",protocol="dns",action="observe"}"#]
                #expect(watched ?? 0 >= 1, "\(time)")
            }
            try await expectUsual(updates: 1, "after the reload")
            sensor.send(SIGHUP)
            let isCounted = try await Command.wait(atMost: .seconds(90)) {
                try await site.samples()[#"grindvakt_reloads_total{result="failed"}"#] == 2
            }
            #expect(isCounted)
            try await expectUsual(updates: 2, "after a signal")

            #expect(await sensor.stop() == .exited(0))
            let next = try await site.startSensor(tables: tables)
            try await expectUsual(updates: 1, "after a restart")
            let audit = try await Command.output(["cat", "\(site.state)/audit.log"])
            #expect(audit.contains("growth") && audit.contains("protected-name"), "\(audit)")
            for log in [sensor.lines + next.lines, [audit]] {
                for secret in ["portal.test", "wrong-", "usual-", "example"] {
                    #expect(log.contains { $0.contains(secret) } == false, "\(secret)")
                }
            }
            #expect(try await site.stateMentions("portal") == 0)

            try site.write(lists: usual + ["news.test"], observed: ["observed.test", "watched.test"])
            try await site.reload()
            #expect(try await site.isStopped("news.test"))
            let samples = try await site.samples()
            #expect(samples[#"grindvakt_list_fallback{list="dropped"}"#] == 0)
            #expect(samples[#"grindvakt_list_updates_refused_total{list="dropped"}"#] == 1)
            #expect(next.isRunning)
        }
    }
}
