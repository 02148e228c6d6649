import Blocklists
import TestSupport
import Testing
import Wire

@testable import ListFiles

/// Files whose checksums are right and whose content no builder wrote.
@Suite("Hostile snapshot files")
struct HostileSnapshotTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Why a file is refused after `change`, its checksums made right; nil where it is not.
    private func refusal(
        isSealed: Bool = false,
        key: HashKey? = SnapshotSample.key,
        _ change: (inout SnapshotSample) -> Void
    ) throws -> SnapshotError? {
        var sample = try SnapshotSample(count: 20, isSealed: isSealed, trailer: [UInt8](repeating: 9, count: 5_000))
        change(&sample)
        sample.agreeInBody()
        let path = try folder.write(sample.octets)
        let mapped = try ListFilesTests.refusal(of: path, key: key)
        #expect(try ListFilesTests.refusal(of: path, loading: .read, key: key) == mapped)
        return mapped
    }

    @Test func `the changes below are what makes a file refused`() throws {
        #expect(try refusal { _ in } == nil)
        #expect(try refusal(isSealed: true) { _ in } == nil)
        // Where the fields lie that are changed below.
        let sample = try SnapshotSample(count: 20)
        #expect(Array(sample.octets[147..<158]) == [6, 0] + Array("police".utf8) + [0, 4, 0])
        #expect(sample.octets[72] == 20)
        #expect(sample.octets[146] == 1)
    }

    @Test(arguments: [0, 19, 21, 2_048, 1 << 31, 1 << 31 + 1, UInt64(Int.max), .max])
    func `a wrong number of entries is refused`(count: UInt64) throws {
        #expect(try refusal { $0.put(count, at: 72) } == .damaged)
        // Also where the allow list is said to have them.
        #expect(
            try refusal {
                $0.put(count, at: 72); $0.put(count &- 18, at: 138)
            } == .damaged
        )
        #expect(try refusal { $0.put(count, at: 138) } == .damaged)
        // Also where each list is.
        #expect(
            try refusal {
                $0.put(count, at: 186); $0.put(count, at: 194); $0.put(count, at: 202)
            } == .damaged
        )
    }

    @Test(arguments: [0, 4, 7, 9, 16, 1 << 29, 1 << 29 + 1, 1 << 60, UInt64(Int.max), .max])
    func `a filter of another size is refused`(count: UInt64) throws {
        #expect(try refusal { $0.put(count, at: 80) } == .damaged)
    }

    @Test(arguments: [0, 8, 9, 11, 29, 30, 31, 32, 63, 64, 65, 128, 255] as [UInt8])
    func `another number of buckets is refused`(bits: UInt8) throws {
        #expect(try refusal { $0.put(bits, at: 88) } == .damaged)
    }

    @Test func `a length of the body that is not the one of its parts is refused`() throws {
        for length in [0, 8, 2_495, 2_497, 2_504, UInt64(Int.max), .max, 1 << 63, 1 << 40 + 1] {
            #expect(try refusal { $0.put(length, at: 16) } == .damaged, "\(length)")
        }
        for length in [1 << 20, 1 << 40] as [UInt64] {
            #expect(try refusal { $0.put(length, at: 16) } == .cut, "\(length)")
        }
        // Parts that add up to a body of gigabytes, of which the file has none.
        let measures: [(filter: UInt64, bits: UInt8, words: UInt64)] = [
            (1 << 29, 8, 1 << 29 + 136 + 40), (5, 29, 8 + 1 << 28 + 8 + 40), (1 << 29, 29, 1 << 29 + 1 << 28 + 8 + 40),
        ]
        for measure in measures {
            let cause = try refusal {
                $0.put(measure.filter, at: 80)
                $0.put(measure.bits, at: 88)
                $0.put(measure.words * 8, at: 16)
            }
            #expect(cause == .cut, "\(measure)")
        }
    }

    @Test func `a length of the metadata that is not the one of its fields is refused`() throws {
        for length in [0, 1, 172, 174, 1 << 20 + 1, 1 << 31, UInt32.max] as [UInt32] {
            #expect(try refusal { $0.put(length, at: 12) } == .damaged, "\(length)")
        }
        #expect(try refusal { $0.put(UInt32(1) << 20, at: 12) } == .cut)
    }

    @Test func `an unknown version, flag or filling is refused`() throws {
        #expect(try refusal { $0.put(UInt16(0), at: 8) } == .damaged)
        for flags in [2, 3, 256, .max] as [UInt16] { #expect(try refusal { $0.put(flags, at: 10) } == .damaged) }
        #expect(try refusal { $0.octets[89] = 2 } == .damaged)
        for place in [213, 1_000, 4_095] { #expect(try refusal { $0.octets[place] = 1 } == .damaged) }
    }

    @Test func `a seal over a key that is there, and a key that is not the one of the fingerprints`() throws {
        #expect(try refusal { $0.put(UInt16(1), at: 10) } == .damaged)
        #expect(try refusal(isSealed: true) { $0.put(UInt16(0), at: 10) } == .wrongKey)
        #expect(try refusal { $0.octets[48] ^= 1 } == .wrongKey)
        #expect(try refusal(isSealed: true) { $0.octets[64] ^= 1 } == .wrongKey)
        #expect(try refusal(isSealed: true, key: nil) { $0.octets[64] ^= 1 } == .keyMissing)
    }

    @Test(arguments: [0, 2, 21, 22, 255] as [UInt8])
    func `another number of lists is refused`(count: UInt8) throws {
        #expect(try refusal { $0.octets[146] = count } == .damaged)
    }

    @Test func `texts that end elsewhere than they say, or are none, are refused`() throws {
        for place in [147, 156, 162, 177, 179, 181] {
            for length in [1, 0x1000, .max] as [UInt16] where place != 147 || length > 1 {
                #expect(try refusal { $0.put(length, at: place) } != nil, "\(length) at \(place)")
            }
        }
        #expect(try refusal { $0.put(UInt16.max, at: 147) } == .damaged)
        // An id of other characters than an id has, and one that is no UTF-8.
        for octet in [0, 0x0A, 0x20, 0x22, 0x50, 0x7F, 0x80, 0xC0, 0xFF] as [UInt8] {
            #expect(try refusal { $0.octets[150] = octet } == .damaged, "\(octet)")
        }
        #expect(try refusal { $0.put(UInt16(0), at: 147) } == .damaged)
    }

    @Test func `a policy that is not known is refused, an action by its cause`() throws {
        #expect(try refusal { $0.octets[158] ^= 1 } == .unknownAction)
        #expect(try refusal { $0.octets[161] = 0x80 } == .damaged)
        #expect(try refusal { $0.octets[155] = 2 } == .damaged)
        #expect(try refusal { $0.octets[164] ^= 1 } == .damaged)
        for protocols in [0x10, 0x1F, 0xFF] as [UInt8] {
            #expect(try refusal { $0.octets[174] = protocols } == .damaged)
        }
        for place in [183, 184, 185, 210, 211] {
            for flag in [1, 2, 255] as [UInt8] {
                #expect(try refusal { $0.octets[place] = flag } == .damaged, "\(flag) at \(place)")
            }
        }
        for length in [1, 31, 32, 33, 255] as [UInt8] { #expect(try refusal { $0.octets[212] = length } == .damaged) }
    }

    @Test func `a text that is no UTF-8 is refused, and the longest that is one is read`() throws {
        let text = String(repeating: "a", count: 65_535)
        let descriptor = ListDescriptor(
            id: String(repeating: "a", count: 64),
            action: .observe,
            precedence: 65_535,
            publisher: text,
            purpose: text,
            legalBasis: text
        )
        let snapshot = BlocklistBuilder(lists: [descriptor], key: SnapshotSample.key).buildSnapshot()
        var sample = try SnapshotSample(snapshot)
        let isRead =
            try SnapshotFile(try folder.write(sample.octets)) { _ in nil }.header.lists[0].descriptor == descriptor
        #expect(isRead)
        let inside = try #require(sample.octets.indices.last { sample.octets[$0] == UInt8(ascii: "a") })
        for wrong in [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0x80]] as [[UInt8]] {
            var changed = sample
            changed.octets.replaceSubrange(inside - wrong.count + 1...inside, with: wrong)
            changed.agree()
            #expect(try ListFilesTests.refusal(of: try folder.write(changed.octets)) == .damaged)
        }
        // Cut inside of a character.
        sample.octets[inside] = 0xC3
        sample.agree()
        #expect(try ListFilesTests.refusal(of: try folder.write(sample.octets)) == .damaged)
    }

    @Test func `a directory that does not rise to the number of entries is refused`() throws {
        // It begins behind the eight words of the filter; a word for each of 256 groups of four buckets and one more.
        func word(_ group: Int) -> Int { 4_096 + 64 + group * 8 }
        #expect(try refusal { $0.put(UInt64(1), at: word(0)) } == .damaged)
        #expect(try refusal { $0.put(UInt64(UInt32.max), at: word(100)) } == .damaged)
        #expect(try refusal { $0.put(UInt64(21) << 52, at: word(255)) } == .damaged)
        for last in [0, 19, 21, .max] as [UInt64] { #expect(try refusal { $0.put(last, at: word(256)) } == .damaged) }
        #expect(try refusal { $0.put(UInt64(20) | 1 << 32, at: word(256)) } == .damaged)
        // All of the entries in the first bucket or in the last group: nothing is found, nothing else is read.
        let first = try refusal {
            $0.put(UInt64(20) << 32 | 20 << 42 | 20 << 52, at: word(0))
            for group in 1...256 { $0.put(UInt64(20), at: word(group)) }
        }
        #expect(first == nil)
        #expect(try refusal { for group in 0..<256 { $0.put(UInt64(0), at: word(group)) } } == nil)
    }

    @Test(arguments: UInt64(0)..<8)
    func `random bodies with checksums that are right never stop the program`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let sample = try SnapshotSample(count: 300)
        let entries = sample.bodyEnd - 300 * 16
        let filter = sample.bodyOffset..<sample.bodyOffset + 80 * 8
        let directory = sample.bodyOffset + 80 * 8
        var loaded = 0
        for round in 0..<150 {
            var changed = sample
            let isFull = round % 2 == 0
            for place in filter { changed.octets[place] = isFull ? 0xFF : UInt8.random(in: 0...255, using: &random) }
            for place in entries..<sample.bodyEnd {
                changed.octets[place] = UInt8.random(in: 0...255, using: &random)
            }
            var start = 0
            for group in 0..<256 {
                // Every third round the directory is random as well, and hardly ever right.
                let size = min(300 - start, Int.random(in: 0...3, using: &random))
                let inside = group == 255 ? 0 : UInt64(Int.random(in: 0...size, using: &random))
                let word = UInt64(start) | inside << 42 | inside << 52
                changed.put(round % 3 == 0 ? random.next() : word, at: directory + group * 8)
                start += size
            }
            changed.agreeInBody()
            guard let file = try? SnapshotFile(try folder.write(changed.octets), loading: .mapped, key: { _ in nil })
            else {
                continue
            }
            loaded += 1
            #expect(file.isBodyAuthentic == false)
            #expect(try changed.lookups(in: file.snapshot).allSatisfy { $0.match == nil })
            #expect(file.snapshot.difference(ofList: 0, from: sample.snapshot) != nil)
            #expect(sample.snapshot.difference(ofList: 0, from: file.snapshot) != nil)
        }
        #expect(loaded > 0)
    }

    @Test func `signatures longer than there can be are refused`() throws {
        let sample = try SnapshotSample(count: 20)
        for (count, cause) in [(65_536, nil), (65_537, .damaged)] as [(Int, SnapshotError?)] {
            let path = try folder.write(sample.octets + [UInt8](repeating: 1, count: count))
            #expect(try ListFilesTests.refusal(of: path) == cause)
        }
    }
}
