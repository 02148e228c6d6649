import TestSupport
import Testing
import Wire

@Suite("QUIC packets with a long header (RFC 9000 section 17.2)")
struct QUICInitialPacketTests {
    /// What a header says.
    struct Header: Equatable {
        var kind: QUICLongHeader.Kind
        var number: UInt32
        var destination: [UInt8]
        var source: [UInt8]
        var token: [UInt8]
        var offset: Int
        var length: Int
        var count: Int
    }

    static func read(_ bytes: Span<UInt8>) throws(WireError) -> Header {
        let header = try QUICLongHeader(parsing: bytes)
        return Header(
            kind: header.kind,
            number: header.versionNumber,
            destination: header.destinationConnectionID.array,
            source: header.sourceConnectionID.array,
            token: header.token.array,
            offset: header.packetNumberOffset,
            length: header.length,
            count: header.bytes.count
        )
    }

    private func error(_ bytes: [UInt8]) -> WireError? {
        failure(bytes) { bytes throws(WireError) in _ = try Self.read(bytes) }
    }

    private func initialError(_ bytes: [UInt8]) -> WireError? {
        failure(bytes) { bytes throws(WireError) in _ = try QUICInitialPacket(parsing: bytes) }
    }

    // Version 1, connection IDs of 3 and 2 octets.
    static let start = hex("C0 00000001 03 0A0B0C 02 D0D1")
    static let rest = hex("00010203 04050607 08090A0B 0C0D0E0F 10111213 1415")

    /// A token of two octets, 22 octets of packet number and payload.
    static let initial = start + hex("02 EEEF 16") + rest

    @Test func `an Initial's fields`() throws {
        let header = try Self.read((Self.initial + [1, 2, 3]).span)
        #expect(header.kind == .initial)
        #expect(header.number == 1)
        #expect(header.destination == hex("0A0B0C"))
        #expect(header.source == hex("D0D1"))
        #expect(header.token == hex("EEEF"))
        #expect(header.offset == Self.initial.count - 22)
        #expect(header.length == Self.initial.count)
        #expect(header.count == Self.initial.count)
        let packet = try QUICInitialPacket(parsing: (Self.initial + [1, 2, 3]).span)
        #expect(packet.bytes.count == Self.initial.count)
        #expect(packet.version == .v1)
    }

    @Test func `lengths may be written in more octets than they need`() throws {
        // RFC 9000 section 16
        let wide = Self.start + hex("C000000000000002 EEEF 80000016") + Self.rest
        let header = try Self.read(wide.span)
        #expect(header.token == hex("EEEF"))
        #expect(header.length == wide.count)
        #expect(header.offset == wide.count - 22)
    }

    @Test(
        arguments: [(0xC0, .initial), (0xD0, .zeroRTT), (0xE0, .handshake), (0xF0, .retry)]
            as [(UInt8, QUICLongHeader.Kind)]
    )
    func `packet types of version 1`(first: UInt8, kind: QUICLongHeader.Kind) throws {
        var bytes = Self.start + hex("00 16") + Self.rest
        if kind == .zeroRTT || kind == .handshake { bytes = Self.start + hex("16") + Self.rest }
        bytes[0] = first
        #expect(try Self.read(bytes.span).kind == kind)
        // The fixed bit may be left out (RFC 9287).
        bytes[0] = first & 0xBF
        #expect(try Self.read(bytes.span).kind == kind)
    }

    @Test(
        arguments: [(0xD0, .initial), (0xE0, .zeroRTT), (0xF0, .handshake), (0xC0, .retry)]
            as [(UInt8, QUICLongHeader.Kind)]
    )
    func `packet types of version 2`(first: UInt8, kind: QUICLongHeader.Kind) throws {
        // RFC 9369 section 3.2
        var bytes = hex("C0 6B3343CF 03 0A0B0C 02 D0D1") + (kind == .initial ? [0] : []) + [0x16] + Self.rest
        bytes[0] = first
        #expect(try Self.read(bytes.span).kind == kind)
    }

    @Test func `version negotiation and unknown versions say no more than the invariants`() throws {
        // RFC 8999 section 5.1: connection IDs of up to 255 octets.
        let long = [UInt8](repeating: 0xAA, count: 200)
        for (version, kind) in [("00000000", .versionNegotiation), ("1A2A3A4A", .unknown), ("51303436", .unknown)]
            as [(String, QUICLongHeader.Kind)]
        {
            let header = try Self.read((hex("80") + hex(version) + [200] + long + [0] + [9, 9]).span)
            #expect(header.kind == kind)
            #expect(header.destination == long)
            #expect(header.length == 1 + 4 + 1 + 200 + 1 + 2)
        }
    }

    @Test func `a connection ID of more than 20 octets is none of a known version`() {
        let long = [UInt8](repeating: 0xAA, count: 21)
        #expect(error(hex("C0 00000001 15") + long + [0, 0, 0x16]) == .limitExceeded(.quicConnectionID))
        #expect(error(hex("C0 00000001 00 15") + long + [0, 0x16]) == .limitExceeded(.quicConnectionID))
        #expect(error(hex("C0 00000001 14") + long.dropLast() + [0, 0, 0x16]) == nil)
    }

    @Test func `what is cut names the field`() {
        let expected: [(Range<Int>, WireError)] = [
            (0..<7, .truncated(.quicHeader)), (7..<12, .truncated(.quicConnectionID)),
            (12..<15, .truncated(.quicToken)), (15..<16, .truncated(.quicLength)),
        ]
        for (range, expected) in expected {
            for count in range { #expect(error(Array(Self.initial[..<count])) == expected, "cut at \(count)") }
        }
        for count in 16..<Self.initial.count {
            let bytes = Array(Self.initial[..<count])
            #expect(error(bytes) == nil)
            #expect(initialError(bytes) == .truncated(.quicLength))
        }
    }

    @Test func `a short header is none`() {
        #expect(error(hex("40 00000001 00 00")) == .malformed(.quicHeader))
        #expect(QUICLongHeader.versionNumber(of: hex("40 00000001 00 00").span) == nil)
        #expect(QUICLongHeader.versionNumber(of: hex("C0 00000001 00").span) == nil)
        #expect(QUICLongHeader.versionNumber(of: hex("C0 00000001 00 00").span) == 1)
    }

    @Test func `an Initial too short to be protected is refused`() {
        #expect(initialError(Self.start + hex("00 13") + Self.rest) == .malformed(.quicLength))
        #expect(initialError(Self.start + hex("00 14") + Self.rest) == nil)
        #expect(initialError(hex("E0 00000001 00 00 16") + Self.rest) == .malformed(.quicHeader))
    }

    @Test func `a length of nearly two to the 62 is cut, not trapped`() throws {
        let header = try Self.read((Self.start + hex("00 FFFFFFFFFFFFFFFF") + Self.rest).span)
        #expect(header.count == Self.start.count + 9 + Self.rest.count)
        #expect(error(Self.start + hex("FFFFFFFFFFFFFFFF")) == .truncated(.quicToken))
    }

    @Test(arguments: QUICVersionUnderTest.all)
    func `versions that are known have the documents' salts`(version: QUICVersionUnderTest) throws {
        let row = try #require(QUICVersion(number: version.number))
        #expect(row.initialSalt.indices.map { row.initialSalt[$0] } == version.salt)
        #expect(row.labelPrefix.description == version.labelPrefix)
    }

    @Test(arguments: [0, 2, 0x5130_3530, 0x5130_3436, 0x5130_3433, 0xFF00_0015, 0xFF00_0023, 0x1A2A_3A4A] as [UInt32])
    func `versions that are not known`(number: UInt32) {
        #expect(QUICVersion(number: number) == nil)
    }

    @Test func `every row is some version's`() {
        let known = Set(QUICVersionUnderTest.all.compactMap { QUICVersion(number: $0.number) })
        #expect(known == Set(QUICVersion.allCases))
    }

    @Test func `damaged headers are read or refused, and never read past their end`() {
        var builder = QUICInitialBuilder()
        builder.paddedLength = 80
        builder.token = [1, 2, 3]
        let messages = [
            Self.initial, builder.packet([1, 2, 3]), builder.opaque(type: 1), builder.opaque(type: 2),
            builder.opaque(type: 3), hex("80 00000000 04 01020304 00 00000001 6B3343CF"),
        ]
        let outcomes = Mutation.outcomes(of: messages, seed: 9_000, read: Self.read)
        #expect(outcomes.different == [])
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
    }
}
