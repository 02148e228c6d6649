import Blocklists
import ListFiles
import TestSupport
import Testing
import Wire

@Suite("Damaged snapshot files")
struct SnapshotDamageTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `a file cut anywhere is refused, unless only signatures are gone`() throws {
        let sample = try SnapshotSample(count: 20, trailer: Array(0..<50))
        let file = try ChangeableFile(sample.octets, in: folder)
        var wrong: [Int] = []
        for length in (0..<sample.octets.count).reversed() {
            try file.cut(to: length)
            let expected: SnapshotError? = length >= sample.bodyEnd ? nil : length == 0 ? .foreign : .cut
            if try refusal(of: file.path) != expected { wrong.append(length) }
        }
        #expect(wrong == [])
    }

    @Test(arguments: [false, true])
    func `every changed octet and every changed bit is found, but in the signatures`(isBit: Bool) throws {
        let sample = try SnapshotSample(count: 20, trailer: Array(0..<50))
        let expected = try sample.lookups(in: sample.snapshot)
        let file = try ChangeableFile(sample.octets, in: folder)
        var wrong: [Int] = []
        for index in sample.octets.indices {
            for change in isBit ? (0..<8).map({ UInt8(1) << $0 }) : [0xFF] {
                try file.write([sample.octets[index] ^ change], at: index)
                let cause = try refusal(of: file.path, loading: index % 16 == 0 ? .read : .mapped)
                if (cause == nil) != (index >= sample.bodyEnd) { wrong.append(index) }
                if cause == nil, index >= sample.bodyEnd {
                    let file = try SnapshotFile(file.path) { _ in nil }
                    if try sample.lookups(in: file.snapshot) != expected { wrong.append(index) }
                    if file.trailer[index - sample.bodyEnd] == sample.octets[index] { wrong.append(index) }
                }
            }
            try file.write([sample.octets[index]], at: index)
        }
        #expect(wrong == [])
        #expect(try refusal(of: file.path) == nil)
    }

    /// 100,000 changes in all, in parts that run side by side.
    @Test(arguments: UInt64(0)..<4)
    func `random changes of a larger file are refused or harmless`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
        let trailer = (0..<300).map { _ in UInt8(number(256)) }
        let sample = try SnapshotSample(count: 12_000, isSealed: seed % 2 == 1, trailer: trailer)
        #expect(sample.octets.count > 200_000)
        let expected = try sample.lookups(in: sample.snapshot)
        let file = try ChangeableFile(sample.octets, in: folder)
        let (count, end) = (sample.octets.count, sample.bodyEnd)
        var wrong: [String] = []
        var harmless = 0

        func check(_ change: String, isHarmless: Bool) throws {
            let loaded: SnapshotFile
            do throws(ListFileError) {
                loaded = try SnapshotFile(file.path, loading: number(16) == 0 ? .read : .mapped) { _ in
                    SnapshotSample.key
                }
            } catch {
                guard case .badSnapshot = error, isHarmless == false else { return wrong.append(change) }
                return
            }
            harmless += 1
            guard isHarmless, loaded.header == sample.header, try sample.lookups(in: loaded.snapshot) == expected else {
                return wrong.append(change)
            }
        }
        for _ in 0..<25_000 {
            // The header and what lies behind the body are small; they get their share.
            let offset =
                switch number(32) {
                case 0: end + number(300)
                case 1..<8: number(sample.bodyOffset)
                case 8..<16: number(300)
                default: number(count)
                }
            switch number(40) {
            case 0:
                try file.cut(to: offset)
                try check("cut to \(offset)", isHarmless: offset >= end)
                try file.restore(from: offset)
            case 1:
                let new = (0...number(8)).map { _ in UInt8(number(256)) }
                let rest = new + sample.octets[offset...]
                try file.write(rest[...], at: offset)
                // A run of equal octets is the same with another of them in it.
                let isSame = rest.prefix(max(0, end - offset)).elementsEqual(sample.octets[offset..<max(offset, end)])
                try check("\(new.count) inserted at \(offset)", isHarmless: isSame)
                try file.restore(from: offset)
            default:
                var isHarmless = true
                let places = (0...number(8)).map { $0 == 0 ? offset : (offset + number(1 + $0 * 1_000)) % count }
                for place in places {
                    let octet = UInt8(number(256))
                    try file.write([octet], at: place)
                    if place < end, octet != sample.octets[place] { isHarmless = false }
                }
                // A place written twice counts as it is at last.
                if Set(places).count == places.count { try check("changed at \(places)", isHarmless: isHarmless) }
                for place in places { try file.write(sample.octets[place...place], at: place) }
            }
        }
        #expect(wrong == [])
        #expect(harmless > 100)
        #expect(try refusal(of: file.path, key: SnapshotSample.key) == nil)
    }
}
