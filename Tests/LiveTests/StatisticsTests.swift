import Figures
import Glibc
import NetworkLab
import Statistics
import Testing

extension LiveTests {
    @Test func `what was sent is in the store over stops, kills and damage, and no name is`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let path = site.lab.path("statistics.db")
            let settings = """
                [statistics]
                market = "se"
                subscribers = 1000
                path = "\(path)"
                """
            var sensor = try await site.startSensor(settings)
            try await site.applyRules()
            func flood(_ count: Int) async throws {
                let flood = try site.startFlood(least: count, rate: 1_000, patience: 1, domain: Site.listed)
                #expect(try await flood.end() == (count, 0))
            }
            func awaitWrite() async throws {
                let before = try await site.samples()[#"grindvakt_statistics_writes_total{result="ok"}"#] ?? 0
                // The one that runs may have read its counters before.
                let isWritten = try await Command.wait(atMost: .seconds(60)) {
                    try await site.samples()[#"grindvakt_statistics_writes_total{result="ok"}"#] ?? 0 >= before + 2
                }
                try #require(isWritten)
            }
            func events() throws -> UInt64 {
                try StatisticsStore(path, for: .reading).figures(.month, from: 0, to: .max, market: "se")
                    .flatMap(\.matches).reduce(0) { $0 + $1.events }
            }

            // The last write is made at the end.
            try await flood(40)
            #expect(await sensor.stop() == .exited(0))
            #expect(try events() == 40)

            // A kill costs what came after the last write.
            sensor = try await site.startSensor(settings)
            try await flood(20)
            try await awaitWrite()
            let lastWrite = try #require(
                try await site.samples()["grindvakt_statistics_last_write_timestamp_seconds"]
            )
            #expect(abs(lastWrite - Double(time(nil))) < 30)
            sensor.send(SIGKILL)
            let isKilled = try await Command.wait(atMost: .seconds(90)) { sensor.isRunning == false }
            try #require(isKilled)
            #expect(try events() == 60)

            // What is damaged is set aside, and the sensor goes on.
            try site.lab.write(String(repeating: "no database ", count: 1_000), to: "statistics.db")
            sensor = try await site.startSensor(settings)
            try await sensor.waitForLine(containing: "statistics.db.damaged-1", timeLimit: .seconds(60))
            try await flood(5)
            #expect(await sensor.stop() == .exited(0))
            #expect(try events() == 5)

            let files = try await Command.output(["sh", "-c", "cat \(path)*"])
            for planted in [Site.listed, "listed", site.lab.client.ipv4[0], site.lab.server.ipv4[0]] {
                #expect(files.contains(planted) == false, "\(planted)")
            }
        }
    }

    @Test func `a store that cannot be written is told of, and ends nothing`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let settings = """
                [statistics]
                market = "se"
                path = "\(site.lab.path("missing/statistics.db"))"
                """
            let sensor = try await site.startSensor(settings)
            try await site.applyRules()
            try await sensor.waitForLine(containing: "statistics cannot be written", timeLimit: .seconds(60))
            #expect(try await site.isStopped(Site.listed))
            let isTold = try await Command.wait(atMost: .seconds(90)) {
                try await site.samples()[#"grindvakt_health_finding{finding="statistics-failing"}"#] == 1
            }
            #expect(isTold)
            let made = try await Command.run(["mkdir", site.lab.path("missing")])
            #expect(made.succeeded)
            try await sensor.waitForLine(containing: "statistics are written again", timeLimit: .seconds(60))
            #expect(try await site.samples()[#"grindvakt_health_finding{finding="statistics-failing"}"#] == 0)
            #expect(await sensor.stop() == .exited(0))
            let store = try StatisticsStore(site.lab.path("missing/statistics.db"), for: .reading)
            let figures = try store.figures(.month, from: 0, to: .max, market: nil)
            #expect(figures.flatMap(\.matches).reduce(0) { $0 + $1.events } == 1)
        }
    }

    @Test func `without a place for its file the sensor does not start`() async throws {
        try await Site.with { site in
            let configuration = try site.configure(sensor: "[statistics]\nmarket = \"se\"")
            let result = try await site.grindvakt(
                ["run", "--config", configuration],
                through: ["env", "-u", "STATE_DIRECTORY"]
            )
            #expect(result.status == .exited(2) && result.errors.contains("[statistics] has no place"), "\(result)")
        }
    }

    @Test func `what probes found, and how long names off a list were blocked, is in the store`() async throws {
        try await Site.with { site in
            let line = """
                {"at":"2026-01-01T00:00:00Z","list":"dropped","mechanism":"tls_sni","ip":6,"blocked":2,"passed":1,"unclear":0,"ms":[3,9]}

                """
            try site.lab.write(line, to: "coverage.jsonl")
            try site.write(lists: [Site.listed, "gone.test"])
            let path = site.lab.path("statistics.db")
            let settings = """
                [statistics]
                market = "se"
                path = "\(path)"
                coverage = "\(site.lab.path("coverage.jsonl"))"
                """
            let sensor = try await site.startSensor(settings)
            try await sensor.waitForLine(containing: "1 results of coverage are new", timeLimit: .seconds(60))
            // The same file once more, and a line behind it.
            let later = line.replacing("tls_sni", with: "http_host")
            try site.lab.write(line + later, to: "coverage.jsonl")
            try await sensor.waitForLine(containing: "1 results of coverage are new", timeLimit: .seconds(60))
            let hasBoth = try await Command.wait(atMost: .seconds(60)) {
                try StatisticsStore(path, for: .reading).figures(.month, from: 0, to: .max, market: "se")
                    .flatMap(\.coverage).count == 2
            }
            #expect(hasBoth)
            try site.write(lists: [Site.listed])
            try await site.reload()
            #expect(await sensor.stop() == .exited(0))

            let figures = try StatisticsStore(path, for: .reading).figures(.month, from: 0, to: .max, market: "se")
            #expect(figures.flatMap(\.coverage).map(\.probes) == [3, 3])
            #expect(figures.flatMap(\.coverage).map(\.blocked) == [2, 2])
            let removals = figures.flatMap(\.removalSeconds)
            #expect(removals.count == 1 && removals.allSatisfy { (0...60).contains($0) })
        }
    }
}
