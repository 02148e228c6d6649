import Blocklists
import TestSupport
import Testing

@testable import NetfilterQueue

@Suite("Pool record")
struct PoolRecordTests {
    static let record = PoolRecord(
        key: HashKey(0x0123_4567_89AB_CDEF, 42),
        workers: [
            WorkerRecord(queue: 0, lastID: nil, flows: []),
            WorkerRecord(queue: 65_535, lastID: .max, flows: (0..<203).map { UInt8($0) }),
            WorkerRecord(queue: 7, lastID: 1, flows: [1, 2, 3]),
        ]
    )

    @Test func `a record is read as it was written`() throws {
        #expect(try PoolRecord(parsing: Self.record.bytes) == Self.record)
        let none = PoolRecord(key: HashKey(0, 0), workers: [])
        #expect(try PoolRecord(parsing: none.bytes) == none)
    }

    @Test func `no prefix and no mutation of a record is taken for one`() {
        let bytes = Self.record.bytes
        for count in bytes.indices {
            #expect(throws: PoolRecord.Fault.self) { try PoolRecord(parsing: Array(bytes[..<count])) }
        }
        for index in bytes.indices {
            for bit in 0..<8 {
                var mutation = bytes
                mutation[index] ^= 1 << UInt8(bit)
                #expect(throws: PoolRecord.Fault.self, "octet \(index), bit \(bit)") {
                    try PoolRecord(parsing: mutation)
                }
            }
        }
        #expect(throws: PoolRecord.Fault.self) { try PoolRecord(parsing: bytes + [0]) }
    }

    @Test func `random octets are no record, whatever their head says`() {
        var random = SeededRandom(seed: 3)
        let head = Array(Self.record.bytes.prefix(24))
        for _ in 0..<2_000 {
            let body = (0..<Int.random(in: 0...120, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            #expect(throws: PoolRecord.Fault.self) { try PoolRecord(parsing: head + body) }
        }
    }
}
