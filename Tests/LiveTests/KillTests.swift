import Figures
import Glibc
import NetworkLab
import Statistics
import Testing

/// How many times the sensor is killed: `GRINDVAKT_KILLS`, 6 otherwise; a hundred take about twenty minutes.
let kills: Int = {
    // SAFETY: the environment is not changed; what is returned is nil or a NUL-terminated string, copied at once.
    guard let value = unsafe getenv("GRINDVAKT_KILLS") else { return 6 }
    return unsafe max(1, Int(String(cString: value)) ?? 6)
}()

extension LiveTests {
    /// Every other kill comes within milliseconds of a write of the store, the others at any moment.
    @Test func `kills under load cost the last ten seconds at most, and nothing is counted twice`() async throws {
        try await Site.with { site in
            try site.write(lists: (0..<KillRound.entries).map { "m\($0).test" })
            let server = try site.start(
                Script.silentServer,
                named: "silent",
                [site.lab.server.ipv4[0], "443"],
                on: site.lab.server
            )
            try await server.waitForLine(containing: "ready")
            try await site.applyRules()
            var rounds: [KillRound] = []
            var stored = StoredTotals()
            for number in 1...kills {
                let round = try await KillRound.run(site, amidWrite: number.isMultiple(of: 2), after: stored)
                try round.check("kill \(number)")
                stored = round.stored
                rounds.append(round)
            }
            // The last process goes on with what the kills have left.
            let sensor = try await site.startSensor(KillRound.settings(site))
            #expect(await sensor.stop() == .exited(0))
            #expect(sensor.lines.contains { $0.contains("damaged") } == false)
            #expect(try StoredTotals(ofStoreAt: KillRound.path(site)) == stored)
            print(KillRound.summary(rounds))
        }
    }
}

/// What a store has, all periods together.
private struct StoredTotals: Equatable {
    var events: UInt64 = 0
    var attempts: UInt64 = 0

    init() {}

    /// Reads a store, of which hours and days must say the same.
    init(ofStoreAt path: String) throws {
        let store = try StatisticsStore(path, for: .reading)
        defer { store.close() }
        let days = try store.figures(.day, from: 0, to: .max, market: nil)
        for match in days.flatMap(\.matches) {
            events += match.events
            attempts += match.attempts
        }
        let hours = try store.figures(.hour, from: 0, to: .max, market: nil)
        try #require(hours.flatMap(\.matches).reduce(0) { $0 + $1.events } == events)
        try #require(hours.flatMap(\.matches).reduce(0) { $0 + $1.attempts } == attempts)
        // One list and one market: what is told of any list is told of this one.
        try #require(days.flatMap(\.anyAttempts).reduce(0) { $0 + $1.attempts } == attempts)
    }
}

/// One life of a sensor under load, and what of it is in the store.
private struct KillRound {
    static let entries = 20
    private static let queriesPerSecond = 2_000

    /// What the store has after it.
    let stored: StoredTotals
    /// What this life has added.
    private let events: UInt64
    private let attempts: UInt64
    /// When each listed name was sent, by the clock that only goes on.
    private let sent: [(time: Double, count: UInt64)]
    /// The events of the last exposition, and when it was asked for.
    private let shown: (time: Double, events: UInt64)
    private let killedAt: Double

    static func path(_ site: Site) -> String { site.lab.path("statistics.db") }

    static func settings(_ site: Site) -> String {
        "[statistics]\nmarket = \"se\"\npath = \"\(path(site))\""
    }

    /// Lets a sensor run under load and kills it.
    static func run(_ site: Site, amidWrite: Bool, after before: StoredTotals) async throws -> KillRound {
        let sensor = try await site.startSensor(settings(site))
        let account = site.lab.path("load.txt")
        let load = try site.start(
            Script.steadyLoad,
            named: "load",
            [site.lab.server.ipv4[0], "\(queriesPerSecond)", "\(entries)", account],
            on: site.lab.client
        )
        try await load.waitForLine(containing: "begun")
        if amidWrite {
            let log = path(site) + "-wal"
            let old = changedAt(log)
            try #require(try await Command.wait(atMost: .seconds(90)) { changedAt(log) != old })
        } else {
            try await Task.sleep(for: .milliseconds(Int.random(in: 100...14_000)))
        }
        var shown = (time: now(), events: UInt64(0))
        if amidWrite {
            try await Task.sleep(for: .microseconds(Int.random(in: 0...20_000)))
        } else {
            shown.events = UInt64(try await site.samples().sum("grindvakt_events_total"))
        }
        let killedAt = now()
        sensor.send(SIGKILL)
        try #require(try await Command.wait(atMost: .seconds(90)) { sensor.isRunning == false })
        #expect(sensor.status == .signaled(SIGKILL) && sensor.lines.contains { $0.contains("damaged") } == false)
        load.send(SIGTERM)
        try #require(try await Command.wait(atMost: .seconds(90)) { load.isRunning == false })
        let lines = try await Command.output(["cat", account]).split(separator: "\n")
        let sent = lines.compactMap { line -> (time: Double, count: UInt64)? in
            let parts = line.split(separator: " ").map(String.init)
            guard parts.count == 2, let time = Double(parts[0]), let count = UInt64(parts[1]) else { return nil }
            return (time, count)
        }
        let stored = try await check(site)
        return KillRound(
            stored: stored,
            events: stored.events - before.events,
            attempts: stored.attempts - before.attempts,
            sent: sent,
            shown: shown,
            killedAt: killedAt
        )
    }

    /// Opens a copy of what the kill has left as the sensor does, which looks at all of it; the sensor's own is left as it is.
    private static func check(_ site: Site) async throws -> StoredTotals {
        let copy = site.lab.path("copy.db")
        let script =
            "rm -f \(copy)*; for end in '' -wal; do [ ! -e \(path(site))$end ] || cp \(path(site))$end \(copy)$end; done"
        try await Command.output(["sh", "-c", script])
        try StatisticsStore(copy).close()
        return try StoredTotals(ofStoreAt: copy)
    }

    /// Seconds before the kill in which the first event was sent that is not in the store.
    private var lost: Double {
        sent.first { $0.count > events }.map { max(killedAt - $0.time, 0) } ?? 0
    }

    /// Events that were sent before the kill and are not in the store.
    private var lostEvents: UInt64 {
        let all = sent.last { $0.time <= killedAt }?.count ?? 0
        return all > events ? all - events : 0
    }

    func check(_ name: String) throws {
        let begin = try #require(sent.first?.time)
        let all = try #require(sent.last?.count)
        #expect(events <= all, "\(name): \(events) events of \(all)")
        #expect(lost <= 10, "\(name): \(lost) s, \(lostEvents) events")
        // Of what the counters showed nothing is gone but what came since the last write.
        let kept = sent.last { $0.time < killedAt - 10 }?.count ?? 0
        #expect(shown.events <= all && events >= min(kept, shown.events), "\(name): \(events) of \(shown)")
        // An entry begins an attempt in two seconds at most.
        let counted = sent.first { $0.count >= events }?.time ?? begin
        let most = UInt64(Self.entries) * UInt64((counted - begin) / 2 + 2)
        #expect(attempts <= most && (events == 0) == (attempts == 0), "\(name): \(attempts) attempts of \(most)")
    }

    static func summary(_ rounds: [KillRound]) -> String {
        let seconds = rounds.map(\.lost).sorted()
        let events = rounds.map(\.lostEvents).sorted()
        let stored = rounds.last?.stored.events ?? 0
        let written = rounds.count { $0.events > 0 }
        return
            "\(rounds.count) kills, \(written) after a write, \(stored) events kept; lost at the median \(events[events.count / 2]) events or \(seconds[seconds.count / 2]) s, at most \(events.last ?? 0) or \(seconds.last ?? 0) s"
    }

    private static func now() -> Double {
        var time = timespec()
        // SAFETY: `time` outlives the call.
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// When a file was written to last, in nanoseconds; nil where it is not there.
    private static func changedAt(_ path: String) -> Int? {
        var status = stat()
        // SAFETY: the path and the result outlive the call.
        guard unsafe stat(path, &status) == 0 else { return nil }
        return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }
}
