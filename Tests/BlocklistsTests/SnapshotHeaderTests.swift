import TestSupport
import Testing
import Wire

@testable import Blocklists

@Suite("Snapshot header")
struct SnapshotHeaderTests {
    /// Something that depends on every octet; what the checksum is does not matter here.
    private static func checksum(_ one: borrowing Span<UInt8>, _ other: Span<UInt8>) -> [UInt8] {
        var sum: UInt64 = 0
        for index in 0..<one.count { sum = sum &* 31 &+ UInt64(one[index]) }
        for index in 0..<other.count { sum = sum &* 31 &+ UInt64(other[index]) }
        return (0..<16).map { UInt8(truncatingIfNeeded: sum >> UInt64($0 % 8 * 8)) }
    }

    private static func parse(_ octets: [UInt8]) throws(SnapshotError) -> SnapshotHeader {
        try SnapshotHeader(parsing: octets.span, checksum: checksum)
    }

    /// A header with something in every field.
    private static func full(isSealed: Bool = true) throws -> SnapshotHeader {
        var lists: [ListDescriptor] = []
        for (index, use) in ListUse.allCases.enumerated() {
            for action in Action.allCases {
                lists.append(
                    ListDescriptor(
                        id: "list-\(lists.count)",
                        use: use,
                        action: action,
                        match: lists.count % 2 == 0 ? .subdomains : .exact,
                        protocols: ListProtocols(rawValue: UInt8(lists.count)),
                        precedence: lists.count * 5_000,
                        publisher: "Polismyndigheten \(index) ✓",
                        purpose: "csam",
                        legalBasis: String(repeating: "§", count: lists.count * 25)
                    )
                )
            }
        }
        var builder = BlocklistBuilder(lists: lists, key: HashKey(5, 6))
        for (index, role) in EntryRole.allCases.enumerated() {
            for list in lists.indices { builder.add(try ListEntry("n\(index).test"), list: list, role: role) }
        }
        builder.add(try ListEntry("allowed"), list: nil)
        for list in lists.indices {
            builder.lists[list].sequence = list == 0 ? nil : .max - UInt64(list)
            builder.lists[list].issuedAt = list == 1 ? nil : 1_700_000_000
            builder.lists[list].expiresAt = list == 2 ? nil : 1_900_000_000
            builder.lists[list].sourceDigest = list == 3 ? [] : (0..<32).map { $0 * 7 + UInt8(list) }
            if list != 4 {
                var counts = EntryCounts()
                counts.exact = 4
                counts.underProtectedNames = 10 + list
                builder.lists[list].examined = counts
            }
            if list != 5 { builder.lists[list].lines = ListSummary.Lines(meant: 9, rejected: 2, notEnforceable: list) }
        }
        return SnapshotTests.header(builder.buildSnapshot(), isSealed: isSealed)
    }

    @Test(arguments: [true, false])
    func `what is written is read`(isSealed: Bool) throws {
        let header = try Self.full(isSealed: isSealed)
        let octets = try #require(header.encoded(checksum: Self.checksum))
        #expect(octets.count % SnapshotHeader.alignment == 0)
        let measures = try SnapshotHeader.measure(octets.span)
        #expect(measures.bodyOffset == octets.count)
        #expect(measures.bodyLength == header.bodyLength)
        let read = try Self.parse(octets)
        #expect(read == header)
        #expect(read.isSealed == isSealed)
        #expect(read.key == (isSealed ? nil : HashKey(5, 6)))
        #expect(read.entryCount == 3 * read.lists.count + 1)
        #expect(
            read.lists.map { $0.count(.test) }
                == [Int](repeating: 1, count: ListUse.allCases.count * Action.allCases.count)
        )
        // A sealed header repeats neither half of the key.
        let secret: [UInt8] = [5, 0, 0, 0, 0, 0, 0, 0, 6]
        let holdsKey = (0..<octets.count - 9).contains { Array(octets[$0..<$0 + 9]) == secret }
        #expect(holdsKey == !isSealed)
    }

    @Test func `every octet of a header is checked`() throws {
        let octets = try #require(try Self.full().encoded(checksum: Self.checksum))
        var harmless: [Int] = []
        for index in octets.indices {
            var changed = octets
            changed[index] ^= 0x10
            do throws(SnapshotError) {
                _ = try Self.parse(changed)
                harmless.append(index)
            } catch {
                continue
            }
        }
        #expect(harmless == [])
    }

    @Test func `what begins otherwise is no snapshot, and a beginning alone is cut`() throws {
        let octets = try #require(try Self.full().encoded(checksum: Self.checksum))
        #expect(throws: SnapshotError.foreign) { _ = try Self.parse([]) }
        #expect(throws: SnapshotError.foreign) { _ = try Self.parse(Array("# names\nexample.org\n".utf8)) }
        for count in 1..<SnapshotHeader.fixedLength {
            #expect(throws: SnapshotError.cut) { _ = try Self.parse(Array(octets.prefix(count))) }
        }
        for count in [SnapshotHeader.fixedLength, octets.count - 1] {
            #expect(throws: SnapshotError.cut) { _ = try Self.parse(Array(octets.prefix(count))) }
        }
        for index in SnapshotHeader.magic.indices {
            var changed = octets
            changed[index] ^= 1
            #expect(throws: SnapshotError.foreign) { _ = try Self.parse(changed) }
        }
        // What a transfer that mends line ends makes of it.
        let mended = Array("GVSNAP\n".utf8) + octets.dropFirst(8)
        #expect(throws: SnapshotError.foreign) { _ = try Self.parse(mended) }
    }

    @Test(arguments: [3, 4, 255, 256, 65_535])
    func `a later version is said to be one, whatever else is wrong`(version: Int) throws {
        var octets = try #require(try Self.full().encoded(checksum: Self.checksum))
        (octets[8], octets[9]) = (UInt8(version & 255), UInt8(version >> 8))
        #expect(throws: SnapshotError.laterVersion(version)) { _ = try Self.parse(octets) }
        octets[10] = 7
        octets[20] = 7
        #expect(throws: SnapshotError.laterVersion(version)) { _ = try SnapshotHeader.measure(octets.span) }
        #expect(SnapshotError.laterVersion(version).description.contains("format \(version);"))
    }

    @Test func `an earlier version is said to be one, and none was ever numbered zero`() throws {
        var octets = try #require(try Self.full().encoded(checksum: Self.checksum))
        octets[8] = 1
        #expect(throws: SnapshotError.earlierVersion(1)) { _ = try Self.parse(octets) }
        let text = "written in format 1; this version reads format 2; build it anew"
        #expect(SnapshotError.earlierVersion(1).description == text)
        octets[8] = 0
        #expect(throws: SnapshotError.damaged) { _ = try Self.parse(octets) }
    }

    @Test func `what a header cannot hold is not written`() throws {
        let header = try Self.full()
        func octets(_ change: (inout ListDescriptor) -> Void) -> [UInt8]? {
            var changed = header
            change(&changed.lists[3].descriptor)
            return changed.encoded(checksum: Self.checksum)
        }
        for precedence in [-1, 65_536, .max, .min] { #expect(octets { $0.precedence = precedence } == nil) }
        #expect(octets { $0.precedence = 65_535 } != nil)
        for field in [\ListDescriptor.publisher, \.purpose, \.legalBasis] {
            #expect(octets { $0[keyPath: field] = String(repeating: "a", count: 65_536) } == nil)
            #expect(octets { $0[keyPath: field] = String(repeating: "§", count: 32_768) } == nil)
            let longest = String(repeating: "a", count: 65_535)
            let written = try #require(octets { $0[keyPath: field] = longest })
            #expect(try Self.parse(written).lists[3].descriptor[keyPath: field] == longest)
        }
        // Texts that each fit, and together do not once they are more than a megabyte.
        var long = header
        for list in long.lists.indices.prefix(8) {
            long.lists[list].descriptor.publisher = String(repeating: "a", count: 65_535)
            if list > 0 { long.lists[list].descriptor.purpose = String(repeating: "b", count: 65_535) }
        }
        let written = long.encoded(checksum: Self.checksum)
        let isReadBack = try written.map { try Self.parse($0) == long } ?? false
        #expect(isReadBack)
        long.lists[0].descriptor.purpose = String(repeating: "b", count: 65_535)
        let isWritten = long.encoded(checksum: Self.checksum) != nil
        #expect(isWritten == false)
    }

    @Test(arguments: UInt64(0)..<8)
    func `a changed header with a checksum that agrees is refused or consistent`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let octets = try #require(try Self.full(isSealed: seed % 2 == 0).encoded(checksum: Self.checksum))
        let end = SnapshotHeader.fixedLength + Int(octets[12]) + Int(octets[13]) << 8
        var accepted = 0
        for _ in 0..<500 {
            var changed = octets
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                // The sizes and the first list get more than their share.
                let place = Int.random(in: 8..<(Bool.random(using: &random) ? 220 : end), using: &random)
                changed[place] =
                    [0, 1, 0x7F, 0xFF, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
            }
            let stated = Array(changed[24..<40])
            guard let header = try? SnapshotHeader(parsing: changed.span, checksum: { _, _ in stated }) else {
                continue
            }
            accepted += 1
            #expect(header.lists.count <= Snapshot.maximumLists)
            #expect(header.lists.reduce(header.allowedCount) { $0 + $1.entryCounts.reduce(0, +) } == header.entryCount)
            let measures = try SnapshotHeader.measure(changed.span)
            #expect(header.bodyLength == measures.bodyLength)
            #expect(measures.bodyOffset == changed.count)
            // It can be written again and says the same.
            let again = try #require(header.encoded(checksum: Self.checksum))
            #expect(try Self.parse(again) == header)
        }
        #expect((1..<500).contains(accepted))
    }
}
