/// The versions of QUIC whose Initial packets can be read: what differs between them, a row for each way of protecting them.
///
/// Numbers that are protected alike share a row. Google's QUIC of before TLS ("Q0" and two digits) is none of them.
package enum QUICVersion: UInt8, CaseIterable, Sendable {
    /// Draft 22 of the IETF (draft-ietf-quic-tls-22 §5.2), and mvfst's first version.
    case draft22
    /// Drafts 23 to 28, and the versions of mvfst that grew out of draft 27.
    case draft23
    /// Drafts 29 to 32.
    case draft29
    /// Version 1 (RFC 9001 §5.2), drafts 33 and 34, and mvfst's alias of it.
    case v1
    /// Version 2 (RFC 9369 §3).
    case v2
    /// Draft 0 of version 2 (draft-ietf-quic-v2-00), which left the packet types as they were.
    case v2Draft0
    /// The later drafts of version 2 that have the number 709a50c4 (draft-ietf-quic-v2-01).
    case v2Draft1
    /// Google's T050: frames of Google's QUIC around a TLS handshake.
    case t050
    /// Google's T051.
    case t051

    /// What a row says.
    private struct Row {
        /// The salt of the Initial secret.
        var salt: InlineArray<20, UInt8>
        /// What the labels "key", "iv" and "hp" begin with.
        var labelPrefix: StaticString = "quic "
        /// The packet type bits of an Initial; those of 0-RTT, Handshake and Retry follow, and begin anew after 3.
        var initialType: UInt8 = 0
        /// The type of the frames that carry the handshake.
        var cryptoFrameType: UInt8 = 6
        /// The type of the frame that asks for an answer and says nothing.
        var pingFrameType: UInt8 = 1
    }

    private var row: Row {
        switch self {
        case .draft22:
            Row(salt: [
                0x7F, 0xBC, 0xDB, 0x0E, 0x7C, 0x66, 0xBB, 0xE9, 0x19, 0x3A,
                0x96, 0xCD, 0x21, 0x51, 0x9E, 0xBD, 0x7A, 0x02, 0x64, 0x4A,
            ])
        case .draft23:
            Row(salt: [
                0xC3, 0xEE, 0xF7, 0x12, 0xC7, 0x2E, 0xBB, 0x5A, 0x11, 0xA7,
                0xD2, 0x43, 0x2B, 0xB4, 0x63, 0x65, 0xBE, 0xF9, 0xF5, 0x02,
            ])
        case .draft29:
            Row(salt: [
                0xAF, 0xBF, 0xEC, 0x28, 0x99, 0x93, 0xD2, 0x4C, 0x9E, 0x97,
                0x86, 0xF1, 0x9C, 0x61, 0x11, 0xE0, 0x43, 0x90, 0xA8, 0x99,
            ])
        case .v1:
            Row(salt: [
                0x38, 0x76, 0x2C, 0xF7, 0xF5, 0x59, 0x34, 0xB3, 0x4D, 0x17,
                0x9A, 0xE6, 0xA4, 0xC8, 0x0C, 0xAD, 0xCC, 0xBB, 0x7F, 0x0A,
            ])
        case .v2:
            Row(
                salt: [
                    0x0D, 0xED, 0xE3, 0xDE, 0xF7, 0x00, 0xA6, 0xDB, 0x81, 0x93,
                    0x81, 0xBE, 0x6E, 0x26, 0x9D, 0xCB, 0xF9, 0xBD, 0x2E, 0xD9,
                ],
                labelPrefix: "quicv2 ",
                initialType: 1
            )
        case .v2Draft0, .v2Draft1:
            Row(
                salt: [
                    0xA7, 0x07, 0xC2, 0x03, 0xA5, 0x9B, 0x47, 0x18, 0x4A, 0x1D,
                    0x62, 0xCA, 0x57, 0x04, 0x06, 0xEA, 0x7A, 0xE3, 0xE5, 0xD3,
                ],
                labelPrefix: "quicv2 ",
                initialType: self == .v2Draft0 ? 0 : 1
            )
        case .t050:
            Row(
                salt: [
                    0x7F, 0xF5, 0x79, 0xE5, 0xAC, 0xD0, 0x72, 0x91, 0x55, 0x80,
                    0x30, 0x4C, 0x43, 0xA2, 0x36, 0x7C, 0x60, 0x48, 0x83, 0x10,
                ],
                cryptoFrameType: 8,
                pingFrameType: 7
            )
        case .t051:
            Row(
                salt: [
                    0x7A, 0x4E, 0xDE, 0xF4, 0xE7, 0xCC, 0xEE, 0x5F, 0xA4, 0x50,
                    0x6C, 0x19, 0x12, 0x4F, 0xC8, 0xCC, 0xDA, 0x6E, 0x03, 0x3D,
                ],
                cryptoFrameType: 8,
                pingFrameType: 7
            )
        }
    }

    /// The row of the version with this number, nil where it is not known.
    package init?(number: UInt32) {
        switch number {
        case 0x0000_0001, 0xFF00_0021...0xFF00_0022, 0xFACE_B003: self = .v1
        case 0x6B33_43CF: self = .v2
        case 0xFF00_001D...0xFF00_0020: self = .draft29
        case 0xFF00_0017...0xFF00_001C, 0xFACE_B002, 0xFACE_B00E, 0xFACE_B010, 0xFACE_B011, 0xFACE_B013: self = .draft23
        case 0xFF00_0016, 0xFACE_B001: self = .draft22
        case 0x709A_50C4: self = .v2Draft1
        case 0xFF02_0000: self = .v2Draft0
        case 0x5430_3530: self = .t050
        case 0x5430_3531: self = .t051
        default: return nil
        }
    }

    /// The salt that the Initial secret is extracted with (RFC 9001 §5.2).
    package var initialSalt: InlineArray<20, UInt8> { row.salt }

    /// What the labels of the key, the initialisation vector and the header protection key begin with (RFC 9001 §5.1, RFC 9369 §3.3.2).
    package var labelPrefix: StaticString { row.labelPrefix }

    /// The type of the frames that carry the handshake: CRYPTO (RFC 9000 §19.6), or what stood in its place.
    var cryptoFrameType: UInt8 { row.cryptoFrameType }

    /// The type of a PING frame (RFC 9000 §19.2).
    var pingFrameType: UInt8 { row.pingFrameType }

    /// The packet type bits of an Initial.
    var initialType: UInt8 { row.initialType }
}
