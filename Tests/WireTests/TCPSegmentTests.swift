import TestSupport
import Testing
import Wire

@Suite("TCP segment (RFC 9293)")
struct TCPSegmentTests {
    static let valid = hex(
        """
        C3CC 01BB           # port 50124 to 443
        01020304 A0B0C0D0   # sequence and acknowledgment number
        50 18 FFFF          # offset 5, PSH ACK, window
        0000 0000           # checksum, urgent pointer
        16 03 01            # data
        """
    )

    /// A SYN with options: maximum segment size, window scale (RFC 9293 section 3.2, RFC 7323), and early data (RFC 7413).
    static let withOptions = hex(
        """
        C3CC 01BB FFFFFFFF 00000000
        70 02 FFFF 0000 0000
        02 04 05B4  01 03 03 07
        16 03 01
        """
    )

    struct Reading: Equatable {
        var ports: [UInt16]
        var numbers: [UInt32]
        var flags: UInt8
        var payload: [UInt8]
    }

    static func read(_ bytes: Span<UInt8>) throws(WireError) -> Reading {
        let segment = try TCPSegment(parsing: bytes)
        return Reading(
            ports: [segment.sourcePort, segment.destinationPort],
            numbers: [segment.sequenceNumber, segment.acknowledgmentNumber, segment.payloadSequenceNumber],
            flags: segment.flags.rawValue,
            payload: segment.payload.array
        )
    }

    private func stating(offset: UInt8) -> [UInt8] {
        var bytes = Self.valid
        bytes[12] = offset << 4
        return bytes
    }

    @Test func `ports, numbers, flags and payload are read`() throws {
        let reading = try Self.read(Self.valid.span)
        #expect(reading.ports == [50_124, 443])
        #expect(reading.numbers == [0x0102_0304, 0xA0B0_C0D0, 0x0102_0304])
        #expect(TCPSegment.Flags(rawValue: reading.flags).isSuperset(of: .ack))
        #expect(TCPSegment.Flags(rawValue: reading.flags).isDisjoint(with: [.syn, .fin, .rst]))
        #expect(reading.payload == [0x16, 3, 1])
    }

    @Test func `options are passed over`() throws {
        #expect(try Self.read(Self.withOptions.span).payload == [0x16, 3, 1])
    }

    @Test func `the data of a SYN begins one past its sequence number, across the wrap`() throws {
        let reading = try Self.read(Self.withOptions.span)
        #expect(reading.flags == TCPSegment.Flags.syn.rawValue)
        #expect(reading.numbers == [0xFFFF_FFFF, 0, 0])
    }

    @Test func `a segment without data has an empty payload`() throws {
        #expect(try Self.read(Self.valid.span.extracting(..<20)).payload == [])
        #expect(try Self.read(Self.withOptions.span.extracting(..<28)).payload == [])
    }

    @Test(arguments: UInt8(0)...4)
    func `an offset inside the fixed header is malformed`(offset: UInt8) {
        #expect(
            failure(stating(offset: offset)) { bytes throws(WireError) in _ = try Self.read(bytes) }
                == .malformed(.tcpDataOffset)
        )
    }

    @Test(arguments: UInt8(6)...15)
    func `an offset past the bytes is truncated`(offset: UInt8) {
        #expect(
            failure(stating(offset: offset)) { bytes throws(WireError) in _ = try Self.read(bytes) }
                == .truncated(.tcpHeader)
        )
    }

    @Test(arguments: 0..<28)
    func `a cut header is truncated`(count: Int) {
        let prefix = Array(Self.withOptions[..<count])
        #expect(failure(prefix) { bytes throws(WireError) in _ = try Self.read(bytes) } == .truncated(.tcpHeader))
    }

    @Test func `damaged segments are read or refused, and never read past their end`() {
        let outcomes = Mutation.outcomes(of: [Self.valid, Self.withOptions], seed: 6, read: Self.read)
        #expect(outcomes.different == [])
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
    }
}
