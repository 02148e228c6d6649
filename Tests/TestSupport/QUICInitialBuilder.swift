import Crypto
import CryptoExtras

/// A version of QUIC, as the document that defines it says how to protect Initials.
package struct QUICVersionUnderTest: Sendable, CustomStringConvertible {
    /// The version number.
    package var number: UInt32

    /// The salt of the Initial secret.
    package var salt: [UInt8]

    /// What the labels begin with.
    package var labelPrefix = "quic "

    /// The packet type bits of Initial, 0-RTT, Handshake and Retry.
    package var types: [UInt8] = [0, 1, 2, 3]

    /// The type of the frames that carry the handshake.
    package var cryptoFrameType: UInt8 = 6

    /// The version number, in the digits that documents write it in.
    package var description: String { String(number, radix: 16) }

    /// Version 1 (RFC 9001 section 5.2).
    package static let v1 = draft(0x0000_0001, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a")

    /// Version 2 (RFC 9369 section 3).
    package static let v2 = QUICVersionUnderTest(
        number: 0x6B33_43CF,
        salt: hex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
        labelPrefix: "quicv2 ",
        types: [1, 2, 3, 0]
    )

    /// Versions of each way of protecting Initials: IETF drafts, mvfst, drafts of version 2, and Google's QUIC with TLS.
    package static let all: [QUICVersionUnderTest] =
        [v1, v2]
        + [0xFF00_0016, 0xFACE_B001].map { draft($0, "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a") }
        + [0xFF00_0017, 0xFF00_0018, 0xFF00_001B, 0xFF00_001C, 0xFACE_B002, 0xFACE_B00E].map {
            draft($0, "c3eef712c72ebb5a11a7d2432bb46365bef9f502")
        } + [0xFF00_001D, 0xFF00_0020].map { draft($0, "afbfec289993d24c9e9786f19c6111e04390a899") }
        + [0xFF00_0021, 0xFF00_0022].map { draft($0, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a") }
        + [
            QUICVersionUnderTest(
                number: 0x709A_50C4,
                salt: hex("a707c203a59b47184a1d62ca570406ea7ae3e5d3"),
                labelPrefix: "quicv2 ",
                types: [1, 2, 3, 0]
            ),
            QUICVersionUnderTest(
                number: 0xFF02_0000,
                salt: hex("a707c203a59b47184a1d62ca570406ea7ae3e5d3"),
                labelPrefix: "quicv2 "
            ),
            QUICVersionUnderTest(
                number: 0x5430_3530,
                salt: hex("7ff579e5acd07291558030 4c43a2367c60488310"),
                cryptoFrameType: 8
            ),
            QUICVersionUnderTest(
                number: 0x5430_3531,
                salt: hex("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"),
                cryptoFrameType: 8
            ),
        ]

    private static func draft(_ number: UInt32, _ salt: String) -> QUICVersionUnderTest {
        QUICVersionUnderTest(number: number, salt: hex(salt))
    }
}

/// Builds Initial packets from the text of RFC 9000 and RFC 9001, with nothing of what is tested.
package struct QUICInitialBuilder: Sendable {
    /// The version, which also says how to protect.
    package var version = QUICVersionUnderTest.v1

    /// The Destination Connection ID that is written.
    package var connectionID: [UInt8]

    /// The Destination Connection ID that the keys follow from; nil for the one that is written.
    package var keyConnectionID: [UInt8]?

    /// The Source Connection ID.
    package var sourceConnectionID: [UInt8] = [0xC1, 0xC2, 0xC3, 0xC4]

    /// The token of a Retry or of an earlier connection.
    package var token: [UInt8] = []

    /// The number of the next packet.
    package var packetNumber: UInt32 = 0

    /// Octets that the packet number is written in.
    package var packetNumberLength = 4

    /// Whether the packets are a server's.
    package var isServer = false

    /// The least length of a packet; padding frames fill it up.
    package var paddedLength = 1_200

    /// A client that begins with this connection ID.
    package init(connectionID: [UInt8] = [0x83, 0x94, 0xC8, 0xF0, 0x3E, 0x51, 0x57, 0x08]) {
        self.connectionID = connectionID
    }

    /// An Initial with these frames.
    package func packet(_ frames: [UInt8]) -> [UInt8] {
        var frames = frames
        let overhead = 1 + 4 + 1 + connectionID.count + 1 + sourceConnectionID.count + 2 + token.count + 2
        let room = paddedLength - overhead - packetNumberLength - 16
        // At least four octets behind the packet number's first, so that there is a sample (RFC 9001 section 5.4.2).
        frames += [UInt8](repeating: 0, count: max(room - frames.count, 4 - packetNumberLength - frames.count, 0))

        var header = [0xC0 | version.types[0] << 4 | UInt8(packetNumberLength - 1)] + bigEndian(version.number)
        header += [UInt8(connectionID.count)] + connectionID
        header += [UInt8(sourceConnectionID.count)] + sourceConnectionID
        header += Self.variable(token.count, octets: 2) + token
        header += Self.variable(packetNumberLength + frames.count + 16, octets: 2)
        header += bigEndian(packetNumber).suffix(packetNumberLength)

        let initial = Array(
            HKDF<SHA256>.extract(
                inputKeyMaterial: SymmetricKey(data: keyConnectionID ?? connectionID),
                salt: version.salt
            )
        )
        let secret = expand(initial, isServer ? "server in" : "client in", 32)
        let key = expand(secret, version.labelPrefix + "key", 16)
        let headerKey = expand(secret, version.labelPrefix + "hp", 16)
        var nonce = expand(secret, version.labelPrefix + "iv", 12)
        for (index, octet) in bigEndian(packetNumber).enumerated() { nonce[8 + index] ^= octet }
        do {
            let sealed = try AES.GCM.seal(
                frames,
                using: SymmetricKey(data: key),
                nonce: AES.GCM.Nonce(data: nonce),
                authenticating: header
            )
            var packet = header + sealed.ciphertext + sealed.tag
            let number = header.count - packetNumberLength
            var mask = Array(packet[number + 4..<number + 20])
            try AES.permute(&mask, key: SymmetricKey(data: headerKey))
            packet[0] ^= mask[0] & 0x0F
            for index in 0..<packetNumberLength { packet[number + index] ^= mask[1 + index] }
            return packet
        } catch {
            preconditionFailure("a test's packet cannot be protected")
        }
    }

    /// A packet with a long header that cannot be opened, of this type: 0 Initial, 1 0-RTT, 2 Handshake, 3 Retry.
    package func opaque(type: Int, length: Int = 100) -> [UInt8] {
        var packet = [0xC0 | version.types[type] << 4] + bigEndian(version.number)
        packet += [UInt8(connectionID.count)] + connectionID
        packet += [UInt8(sourceConnectionID.count)] + sourceConnectionID
        if type == 0 { packet += [0] }
        if type != 3 { packet += Self.variable(length, octets: 2) }
        return packet + (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    }

    /// A packet with a short header.
    package static let short: [UInt8] = [0x5A] + (0..<60).map { UInt8(truncatingIfNeeded: $0 &* 29) }

    /// A CRYPTO frame (RFC 9000 section 19.6).
    package func crypto(_ data: [UInt8], at offset: Int) -> [UInt8] {
        [version.cryptoFrameType] + Self.variable(offset) + Self.variable(data.count) + data
    }

    /// The handshake message in CRYPTO frames that end at `cuts`, in their order.
    package func crypto(_ message: [UInt8], cutAt cuts: [Int]) -> [[UInt8]] {
        zip([0] + cuts, cuts + [message.count]).map { crypto(Array(message[$0..<$1]), at: $0) }
    }

    /// An ACK frame of packet zero (RFC 9000 section 19.3).
    package static let acknowledgment: [UInt8] = [0x02, 0x00, 0x00, 0x00, 0x00]

    /// A variable-length integer (RFC 9000 section 16) in so many octets, or in as few as it takes.
    package static func variable(_ value: Int, octets count: Int? = nil) -> [UInt8] {
        let count = count ?? (value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8)
        var bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
        bytes[0] |= UInt8(count.trailingZeroBitCount) << 6
        return bytes
    }

    /// HKDF-Expand-Label (RFC 8446 section 7.1) without a context, of 32 octets at most: one block (RFC 5869 section 2.3).
    private func expand(_ secret: [UInt8], _ label: String, _ length: Int) -> [UInt8] {
        let name = Array("tls13 \(label)".utf8)
        let info = [0, UInt8(length), UInt8(name.count)] + name + [0]
        return Array(
            HMAC<SHA256>.authenticationCode(for: info + [1], using: SymmetricKey(data: secret)).prefix(length)
        )
    }
}
