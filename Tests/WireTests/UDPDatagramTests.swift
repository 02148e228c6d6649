import TestSupport
import Testing
import Wire

@Suite("UDP datagram (RFC 768)")
struct UDPDatagramTests {
    /// Port 40000 to 53, length 12, no checksum, four octets of data.
    static let valid = hex("9C40 0035 000C 0000 61626364")

    struct Reading: Equatable {
        var ports: [UInt16] = []
        var payload: [UInt8] = []
        var isTruncated = false
    }

    static func read(_ bytes: Span<UInt8>) throws(WireError) -> Reading {
        let datagram = try UDPDatagram(parsing: bytes)
        return Reading(
            ports: [datagram.sourcePort, datagram.destinationPort],
            payload: datagram.payload.array,
            isTruncated: datagram.isTruncated
        )
    }

    /// The valid datagram, stating another length.
    private func stating(_ length: UInt16) -> [UInt8] {
        var bytes = Self.valid
        bytes[4] = UInt8(length >> 8)
        bytes[5] = UInt8(length & 0xFF)
        return bytes
    }

    @Test func `ports and payload are read`() throws {
        let reading = try Self.read(Self.valid.span)
        #expect(reading == Reading(ports: [40_000, 53], payload: hex("61626364"), isTruncated: false))
    }

    @Test func `octets behind the stated length are no payload`() throws {
        #expect(try Self.read((Self.valid + [1, 2, 3]).span).payload == hex("61626364"))
        #expect(try Self.read(stating(9).span).payload == hex("61"))
        #expect(try Self.read(stating(8).span) == Reading(ports: [40_000, 53], payload: [], isTruncated: false))
    }

    @Test(arguments: [UInt16(13), 65_535])
    func `a length past the bytes is a cut datagram`(length: UInt16) throws {
        let reading = try Self.read(stating(length).span)
        #expect(reading.isTruncated)
        #expect(reading.payload == hex("61626364"))
    }

    @Test func `a length of zero reaches to the end of the bytes`() throws {
        // RFC 2675 section 4: what a jumbogram states
        let reading = try Self.read(stating(0).span)
        #expect(reading == Reading(ports: [40_000, 53], payload: hex("61626364"), isTruncated: false))
    }

    @Test(arguments: UInt16(1)...7)
    func `a length below the header's own is malformed`(length: UInt16) {
        #expect(
            failure(stating(length)) { bytes throws(WireError) in _ = try Self.read(bytes) } == .malformed(.udpLength)
        )
    }

    @Test(arguments: 0..<8)
    func `a cut header is truncated`(count: Int) {
        let prefix = Array(Self.valid[..<count])
        #expect(failure(prefix) { bytes throws(WireError) in _ = try Self.read(bytes) } == .truncated(.udpHeader))
    }

    @Test func `damaged datagrams are read or refused, and never read past their end`() {
        let outcomes = Mutation.outcomes(of: [Self.valid, stating(0)], seed: 17, read: Self.read)
        #expect(outcomes.different == [])
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
    }
}
