/// One frame of an Initial packet's payload (RFC 9000 §12.4, §19).
///
/// A view that exists is valid: reading it cannot trap.
package struct QUICFrame: ~Escapable {
    /// The frames that an Initial may hold (RFC 9000 §17.2.2).
    package enum Kind: UInt8, Sendable {
        /// Octets of padding, as many as stand in a row.
        case padding
        case ping
        case acknowledgment
        case crypto
        case connectionClose
    }

    /// What the frame is.
    package let kind: Kind

    /// Octets of the frame.
    package let length: Int

    /// Where the data of a CRYPTO frame stand in the handshake's stream of octets; zero in all others.
    package let offset: Int

    /// The data of a CRYPTO frame; empty in all others.
    package let data: Span<UInt8>

    /// Reads the frame that starts `bytes`, as this version writes it.
    ///
    /// - Throws: ``WireError`` where the frame is cut or is one that an Initial may not hold.
    @_lifetime(copy bytes)
    package init(parsing bytes: Span<UInt8>, version: QUICVersion) throws(WireError) {
        guard bytes.count > 0 else { throw .truncated(.quicFrameType) }
        let type = bytes[0]
        var kind = Kind.crypto
        var offset = 0
        var data = bytes.extracting(0..<0)
        var end: Int
        if type == 0 {
            kind = .padding
            end = Self.paddingEnd(bytes)
        } else if type == version.cryptoFrameType {
            var reader = ByteReader(bytes)
            try reader.skip(1, .quicFrameType)
            offset = try reader.readQUICVariableLength(.quicCryptoOffset)
            data = try reader.read(reader.readQUICVariableLength(.quicCryptoLength), .quicCryptoLength)
            end = reader.position
        } else if type == version.pingFrameType {
            kind = .ping
            end = 1
        } else {
            switch type {
            case 0x02, 0x03:
                kind = .acknowledgment
                end = try Self.acknowledgmentEnd(bytes, hasCounts: type == 0x03)
            case 0x1C:
                kind = .connectionClose
                end = try Self.connectionCloseEnd(bytes)
            default: throw .malformed(.quicFrameType)
            }
        }
        self.kind = kind
        self.offset = offset
        self.data = data
        length = end
    }

    private static func paddingEnd(_ bytes: Span<UInt8>) -> Int {
        var end = 1
        // Most of a client's first Initial is padding: 64 octets at a step, which the compiler makes a few of the processor's widest loads.
        while end &+ 64 <= bytes.count {
            let block = bytes.extracting(end..<end &+ 64)
            var bits: UInt8 = 0
            for index in 0..<64 { bits |= block[index] }
            guard bits == 0 else { break }
            end &+= 64
        }
        while end &+ 8 <= bytes.count, bytes.bigEndianUInt64(at: end) == 0 { end &+= 8 }
        while end < bytes.count, bytes[end] == 0 { end &+= 1 }
        return end
    }

    /// RFC 9000 §19.3.
    private static func acknowledgmentEnd(_ bytes: Span<UInt8>, hasCounts: Bool) throws(WireError) -> Int {
        var reader = ByteReader(bytes)
        try reader.skip(1, .quicFrameType)
        _ = try reader.readQUICVariableLength(.quicAcknowledgment)
        _ = try reader.readQUICVariableLength(.quicAcknowledgment)
        let rangeCount = try reader.readQUICVariableLength(.quicAcknowledgment)
        _ = try reader.readQUICVariableLength(.quicAcknowledgment)
        // Each range takes two octets at least, so that no more are tried than there is room for.
        guard rangeCount <= reader.remaining / 2 else { throw .truncated(.quicAcknowledgment) }
        for _ in 0..<rangeCount {
            _ = try reader.readQUICVariableLength(.quicAcknowledgment)
            _ = try reader.readQUICVariableLength(.quicAcknowledgment)
        }
        if hasCounts {
            for _ in 0..<3 { _ = try reader.readQUICVariableLength(.quicAcknowledgment) }
        }
        return reader.position
    }

    /// RFC 9000 §19.19, of the type that tells of an error in QUIC itself.
    private static func connectionCloseEnd(_ bytes: Span<UInt8>) throws(WireError) -> Int {
        var reader = ByteReader(bytes)
        try reader.skip(1, .quicFrameType)
        _ = try reader.readQUICVariableLength(.quicConnectionClose)
        _ = try reader.readQUICVariableLength(.quicConnectionClose)
        try reader.skip(reader.readQUICVariableLength(.quicConnectionClose), .quicConnectionClose)
        return reader.position
    }
}
