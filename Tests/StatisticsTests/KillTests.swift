import Figures
import Glibc
import Telemetry
import TestSupport
import Testing

@testable import Statistics

@Suite("Kills and full disks", .serialized)
struct KillTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder["statistics.db"]
    }

    /// A hundred processes write as fast as they can, a lookup's worth of figures each time, and each is killed at a moment that nobody chose.
    /// Each notes the total that it is about to write, and that it has written it, in a file that the kill does not touch.
    @Test func `a hundred kills lose nothing that was written and count nothing twice`() async throws {
        let notes = folder["notes"]
        var packets: UInt64 = 0
        var landed = (before: 0, amid: 0, after: 0)
        for round in 1...100 {
            try folder.write("", to: "notes")
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [
                    path = path as String, notes = notes as String, round = round as Int
                ] in
                let delay = UInt32.random(in: 0...40_000) + (round.isMultiple(of: 4) ? 0 : 5_000)
                try Killed.write(path, notes, microseconds: delay)
            }
            let (begun, done) = try Killed.read(folder.content("notes") ?? [])
            let store = try StatisticsStore(path)
            let all = try store.all(.day)
            let added = all.packets - packets
            #expect(added == begun || added == done, "round \(round): \(added), begun \(begun), done \(done)")
            let events = all.flatMap(\.matches)
            let eventTotal = events.reduce(0) { $0 + $1.events }
            #expect(eventTotal == all.packets * 6 && events.reduce(0) { $0 + $1.attempts } == eventTotal)
            #expect(try store.all(.hour).packets == all.packets)
            packets = all.packets
            if begun == 0 { landed.before += 1 } else if begun == done { landed.after += 1 } else { landed.amid += 1 }
        }
        // Not worth its time unless kills have met writes.
        #expect(landed.amid >= 20 && packets > 0, "\(landed)")
        #expect(folder.names.contains { $0.contains("damaged") } == false)
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `a full disk costs nothing once there is room`() throws {
        let mount = folder["small"]
        #expect(unsafe mkdir(mount, 0o755) == 0)
        #expect(unsafe Glibc.mount("tmpfs", mount, "tmpfs", 0, "size=256k") == 0)
        defer { unsafe umount2(mount, Int32(MNT_DETACH)) }
        let file = mount + "/statistics.db"
        let writer = StatisticsWriter(.sample(file))
        var packets: UInt64 = 0
        func write() -> Bool {
            packets += 1
            var reading = StatisticsReading(
                time: evening + Double(packets) * 10,
                monotonic: Double(packets) * 10,
                packets: packets
            )
            reading.matches = Mechanism.allCases.map {
                MatchFigures(list: "police", mechanism: $0, action: "drop", events: packets, attempts: packets)
            }
            return writer.writeNow(reading)
        }
        #expect(write())
        let ballast = mount + "/ballast"
        let descriptor = unsafe open(ballast, O_WRONLY | O_CREAT, 0o600)
        let octets = [UInt8](repeating: 1, count: 4_096)
        while unsafe octets.withUnsafeBytes({ unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }) > 0 {}
        close(descriptor)
        // The log may still have room for some.
        var failed = 0
        for _ in 0..<200 where write() == false { failed += 1 }
        #expect(failed > 10 && writer.state.isFailing && writer.state.failed == failed)
        #expect(unsafe unlink(ballast) == 0)
        #expect(write())
        #expect(try StatisticsStore(file, for: .reading).all(.day).packets == packets)
        writer.close()
    }

    @Test func `no name and no address is in the file`() throws {
        // What a sensor sees, and could only come in by way of a list's identifier, an action or a reason: none of which is made of it.
        let counters = Counters(queue: 0)
        let slots = ListSlots()
        let slot = slots.slot(id: "police", action: "drop") ?? 0
        counters.countEvent(slot: slot, .dnsUDP, beginsAttempt: true)
        counters.countName(.dns)
        let state = SensorState(
            version: "planted-version.example",
            takenAt: evening,
            startedAt: evening,
            snapshotGeneration: 1,
            taps: [TapState(queue: 0, interface: "planted0", isReading: true)],
            lists: [
                ListState(
                    id: "police",
                    actions: ["drop"],
                    entries: 1,
                    activatedAt: evening,
                    publisher: "planted.publisher.example",
                    purpose: "planted-purpose",
                    legalBasis: "192.0.2.77"
                )
            ]
        )
        let writer = StatisticsWriter(.sample(path))
        let reading = SensorReading(workers: [counters], slots: slots, state: state)
        #expect(writer.writeNow(StatisticsReading(reading, monotonic: 1)))
        for name in folder.names {
            let octets = folder.content(name) ?? []
            for planted in ["planted", "example", "192.0.2", "2001:db8"] {
                #expect(octets.contains(Array(planted.utf8)) == false, "\(name) holds \(planted)")
            }
        }
        // The search finds what is there.
        #expect((folder.content("statistics.db-wal") ?? []).contains(Array("police".utf8)))
        // No column can hold a time that tells when somebody asked: the only ones are hours, days, and the times of lists.
        let figures = try #require(try StatisticsStore(path, for: .reading).all(.hour).first)
        #expect(figures.matches.first?.events == 1 && figures.visibility.dnsNames == 1)
    }
}

/// What a process does until it is killed.
private enum Killed {
    static func write(_ path: String, _ notes: String, microseconds: UInt32) throws {
        let descriptor = unsafe open(notes, O_WRONLY | O_APPEND)
        let writer = StatisticsWriter(.sample(path))
        var thread = pthread_t()
        let delay = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
        unsafe delay.initialize(to: microseconds)
        unsafe pthread_create(
            &thread,
            nil,
            { delay in
                if let delay = unsafe delay { unsafe usleep(delay.load(as: UInt32.self)) }
                kill(getpid(), SIGKILL)
                return nil
            },
            delay
        )
        var packets: UInt64 = 0
        while true {
            packets += UInt64.random(in: 1...1_000)
            note("b\(packets)\n", descriptor)
            var reading = StatisticsReading(time: evening, monotonic: Double(packets), packets: packets)
            reading.matches = Mechanism.allCases.map {
                MatchFigures(list: "police", mechanism: $0, action: "drop", events: packets, attempts: packets)
            }
            guard writer.writeNow(reading) else { continue }
            note("d\(packets)\n", descriptor)
        }
    }

    /// The last totals that a write began and ended with.
    static func read(_ notes: [UInt8]) throws -> (begun: UInt64, done: UInt64) {
        var (begun, done) = (UInt64(0), UInt64(0))
        for line in String(decoding: notes, as: UTF8.self).split(separator: "\n") {
            let total = try #require(UInt64(line.dropFirst()))
            if line.first == "b" { begun = total } else { done = total }
        }
        return (begun, done)
    }

    private static func note(_ text: String, _ descriptor: Int32) {
        let octets = Array(text.utf8)
        _ = unsafe octets.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}

extension [UInt8] {
    /// Whether `part` is in it somewhere.
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        guard part.isEmpty == false, count >= part.count else { return false }
        return (0...(count - part.count)).contains {
            self[$0] == part[0] && self[$0..<($0 + part.count)].elementsEqual(part)
        }
    }
}
