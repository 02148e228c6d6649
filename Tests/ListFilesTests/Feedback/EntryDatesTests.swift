import Blocklists
import ListFiles
import TestSupport
import Testing

@Suite("Days of entries")
struct EntryDatesTests {
    private static let start = Timestamp(seconds: 1_795_000_000) ?? .now

    private static func digest(_ number: UInt8) -> ContentDigest { ContentDigest(of: [number]) }

    private static func day(_ number: Int64) -> Timestamp { start.advanced(by: number * 86_400) }

    /// Editions that follow each other, each on its day.
    private static func watched(_ editions: [(day: Int64, entries: [UInt64])]) -> EntryDates {
        var dates = EntryDates()
        var before: (ContentDigest, [UInt64])?
        for (number, edition) in editions.enumerated() {
            let digest = digest(UInt8(number))
            dates.note("police", digest, entries: edition.entries, before: before, at: day(edition.day))
            before = (digest, edition.entries)
        }
        return dates
    }

    @Test func `an entry is as old as the first edition that has it, and those of the first are unknown for a year`() {
        let dates = Self.watched([(0, [1, 2, 3]), (10, [1, 3, 5, 7]), (100, [0, 1, 5, 7])])
        let present: [UInt64] = [0, 1, 5, 7]
        func ages(_ day: Int64) -> EntryAges {
            dates.ages(of: "police", Self.digest(2), entries: present, count: 4, at: Self.day(day))
        }
        #expect(ages(100).counts == [1, 0, 2, 0, 0] && ages(100).unknown == 1)
        #expect(ages(361).counts == [0, 0, 0, 3, 1] && ages(361).unknown == 0)
        #expect(ages(800).counts == [0, 0, 0, 0, 4])
        let other = dates.ages(of: "police", Self.digest(9), entries: present, count: 4, at: Self.day(800))
        #expect(other.unknown == 4)
        #expect(dates.ages(of: "trial", Self.digest(2), entries: present, count: 4, at: Self.day(9)).unknown == 4)
        #expect(dates.ages(of: "police", Self.digest(2), entries: nil, count: 4, at: Self.day(9)).unknown == 4)
    }

    @Test func `an entry that went and came again is new, and a gap begins the watch anew`() {
        var dates = Self.watched([(0, [1, 2]), (50, [2]), (60, [1, 2])])
        let ages = dates.ages(of: "police", Self.digest(2), entries: [1, 2], count: 2, at: Self.day(70))
        #expect(ages.counts == [1, 0, 0, 0, 0] && ages.unknown == 1)
        // After a rollback another edition is in use than the one that was noted last.
        dates.note("police", Self.digest(7), entries: [1, 2, 3], before: (Self.digest(1), [2]), at: Self.day(80))
        let anew = dates.ages(of: "police", Self.digest(7), entries: [1, 2, 3], count: 3, at: Self.day(90))
        #expect(anew.unknown == 3)
        dates.keepOnly([])
        #expect(dates.digest(of: "police") == nil)
    }

    @Test func `what is written is read, and nothing else`() throws {
        var dates = Self.watched([(0, [1, 2]), (50, [2, .max])])
        dates.note("trial", Self.digest(5), entries: [], before: nil, at: Self.day(3))
        let octets = dates.encoded
        #expect(EntryDates(parsing: octets) == dates && EntryDates(parsing: EntryDates().encoded) == EntryDates())
        #expect("\(dates)" == "EntryDates")
        for length in octets.indices { #expect(EntryDates(parsing: Array(octets.prefix(length))) == nil) }
        for index in octets.indices {
            var changed = octets
            changed[index] ^= 1 << UInt8.random(in: 0..<8)
            #expect(EntryDates(parsing: changed) == nil, "octet \(index)")
        }
        // With a digest that fits, too, nothing traps.
        let body = octets.dropLast(ContentDigest.length)
        for index in body.indices {
            var changed = Array(body)
            changed[index] = UInt8.random(in: .min ... .max)
            _ = EntryDates(parsing: changed + ContentDigest(of: changed).octets)
            let cut = Array(body.prefix(index))
            #expect(EntryDates(parsing: cut + ContentDigest(of: cut).octets) == nil || cut.count < 10)
        }
    }

    @Test func `a receipt tells the ages of the edition in use over restarts`() throws {
        let scene = try UpdaterScene(gates: [])
        func ages(_ day: Int64) throws -> EntryAges {
            try ListReceipt.read(
                try #require(Identifier("police")),
                scene.plan,
                member: nil,
                state: scene.state,
                now: Self.day(day)
            ).ages
        }
        try scene.write(["a.test", "b.test", "*.c.test"])
        _ = try scene.started(at: Self.day(0))
        #expect(try ages(1).unknown == 3)
        try scene.write(["a.test", "*.c.test", "d.test", "e.test"])
        let (updater, _) = try scene.started(at: Self.day(5))
        #expect(try ages(6).unknown == 2 && ages(6).counts == [2, 0, 0, 0, 0])
        // Not in use yet.
        try scene.write(["a.test", "d.test", "f.test"])
        #expect(try ages(40).unknown == 3)
        _ = try scene.update(updater, at: Self.day(40))
        #expect(try ages(40).counts == [1, 1, 0, 0, 0] && ages(40).unknown == 1)
        #expect(try ages(400).counts == [0, 0, 0, 0, 3])
        #expect(scene.stateFiles["ages"]?.isEmpty == false)
    }
}
