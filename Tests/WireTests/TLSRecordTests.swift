import TestSupport
import Testing
import Wire

@Suite("TLS record (RFC 8446 section 5.1)")
struct TLSRecordTests {
    /// A handshake record, version TLS 1.0, of four octets.
    static let valid = hex("16 0301 0004 01000000")

    struct Reading: Equatable {
        var type: UInt8
        var length: Int
        var fragment: [UInt8]
        var isComplete: Bool
    }

    static func read(_ bytes: Span<UInt8>) throws(WireError) -> Reading {
        let record = try TLSRecord(parsing: bytes)
        return Reading(
            type: record.contentType.rawValue,
            length: record.length,
            fragment: record.fragment.array,
            isComplete: record.isComplete
        )
    }

    private func error(_ bytes: [UInt8]) -> WireError? {
        failure(bytes) { bytes throws(WireError) in _ = try Self.read(bytes) }
    }

    @Test func `type, length and fragment are read`() throws {
        #expect(
            try Self.read(Self.valid.span) == Reading(type: 22, length: 4, fragment: hex("01000000"), isComplete: true)
        )
    }

    @Test func `octets behind the record are not its own`() throws {
        #expect(try Self.read((Self.valid + Self.valid).span).fragment == hex("01000000"))
    }

    @Test(arguments: 0..<4)
    func `a fragment that has not wholly arrived is incomplete`(count: Int) throws {
        let reading = try Self.read(Self.valid.span.extracting(..<(5 + count)))
        #expect(reading.length == 4)
        #expect(reading.fragment.count == count)
        #expect(reading.isComplete == false)
    }

    @Test func `an empty fragment is complete`() throws {
        #expect(try Self.read(hex("17 0303 0000").span) == Reading(type: 23, length: 0, fragment: [], isComplete: true))
    }

    @Test(arguments: 0..<5)
    func `a cut header is truncated`(count: Int) {
        #expect(error(Array(Self.valid[..<count])) == .truncated(.tlsRecordHeader))
    }

    @Test(arguments: UInt8(0)...255)
    func `only the content types of TLS begin a record`(type: UInt8) {
        var bytes = Self.valid
        bytes[0] = type
        #expect(error(bytes) == ((20...24).contains(type) ? nil : .malformed(.tlsRecordHeader)))
        // one octet is enough to tell
        #expect(
            error([type]) == ((20...24).contains(type) ? .truncated(.tlsRecordHeader) : .malformed(.tlsRecordHeader))
        )
    }

    @Test(arguments: [UInt8(0), 1, 2, 4, 0xFF])
    func `another major version than 3 is malformed`(major: UInt8) {
        #expect(error([0x16, major]) == .malformed(.tlsRecordHeader))
    }

    @Test func `a record is at most 18432 octets long`() throws {
        #expect(try Self.read(hex("17 0303 4800").span).length == 18_432)
        #expect(error(hex("17 0303 4801")) == .limitExceeded(.tlsRecordLength))
        #expect(error(hex("17 0303 FFFF")) == .limitExceeded(.tlsRecordLength))
    }

    @Test func `damaged records are read or refused, and never read past their end`() {
        let outcomes = Mutation.outcomes(of: [Self.valid, hex("17 0303 0000")], seed: 443, read: Self.read)
        #expect(outcomes.different == [])
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
    }
}
