import Crypto
import CryptoExtras
import TestSupport

/// Versions of QUIC whose Initial packets can be read with public keys.
package enum QUICVersion: UInt32, CaseIterable, Sendable {
    case v1 = 0x0000_0001
    case v2 = 0x6B33_43CF
    case draft29 = 0xFF00_001D
    case draft27 = 0xFF00_001B

    /// RFC 9001 §5.2, RFC 9369 §3.3.1, draft-ietf-quic-tls-29 and -27 §5.2.
    fileprivate var salt: [UInt8] {
        switch self {
        case .v1: hex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
        case .v2: hex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
        case .draft29: hex("afbfec289993d24c9e9786f19c6111e04390a899")
        case .draft27: hex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
        }
    }

    /// RFC 9001 §5.1, RFC 9369 §3.3.2.
    fileprivate var labelPrefix: String { self == .v2 ? "quicv2" : "quic" }

    /// Key and nonce of a Retry's integrity tag: RFC 9001 §5.8, RFC 9369 §3.3.3, draft-ietf-quic-tls-29 and -27 §5.8.
    fileprivate var retryKeys: (key: [UInt8], nonce: [UInt8]) {
        switch self {
        case .v1: (hex("be0c690b9f66575a1d766b54e368c84e"), hex("461599d35d632bf2239825bb"))
        case .v2: (hex("8fb4b01b56ac48e260fbcbcead7ccc92"), hex("d86969bc2d7c6d9990efb04a"))
        case .draft29: (hex("ccce187ed09a09d05728155a6cb96be1"), hex("e54930f97f2136f0530a8c1c"))
        case .draft27: (hex("4d32ecdb2a2133c841e4043df27d4430"), hex("4d1611d05513a552c587d575"))
        }
    }

    /// The two bits of a long header for a packet's type (RFC 9000 §17.2, RFC 9369 §3.2).
    fileprivate func typeBits(_ type: QUICLongHeader) -> UInt8 {
        self == .v2 ? (type.rawValue + 1) & 3 : type.rawValue
    }
}

/// Types of packets with a long header, as version 1 numbers them.
package enum QUICLongHeader: UInt8, Sendable {
    case initial = 0
    case zeroRTT = 1
    case handshake = 2
    case retry = 3
}

/// Keys of Initial packets of one direction, straight from RFC 9001 §5 and RFC 9369 §3.3.
package struct QUICInitialKeys: Equatable, Sendable {
    /// The AEAD's key.
    package let key: [UInt8]
    /// The AEAD's nonce before the packet number is mixed in.
    package let iv: [UInt8]
    /// The header protection's key.
    package let headerProtection: [UInt8]

    /// The keys that follow from the first Destination Connection ID of a client.
    package init(version: QUICVersion, connectionID: [UInt8], ofServer isServer: Bool = false) {
        // HKDF-Extract (RFC 5869 §2.2).
        let initial = HMAC<SHA256>.authenticationCode(for: connectionID, using: SymmetricKey(data: version.salt))
        let secret = Self.expand(Array(initial), isServer ? "server in" : "client in", 32)
        key = Self.expand(secret, version.labelPrefix + " key", 16)
        iv = Self.expand(secret, version.labelPrefix + " iv", 12)
        headerProtection = Self.expand(secret, version.labelPrefix + " hp", 16)
    }

    /// HKDF-Expand-Label with an empty context (RFC 8446 §7.1).
    private static func expand(_ secret: [UInt8], _ label: String, _ length: Int) -> [UInt8] {
        let full = Array("tls13 \(label)".utf8)
        let info = bigEndian(UInt16(length)) + [UInt8(full.count)] + full + [0]
        // Nothing here is longer than one block of HKDF-Expand, which is one HMAC (RFC 5869 §2.3).
        let block = HMAC<SHA256>.authenticationCode(for: info + [1], using: SymmetricKey(data: secret))
        return Array(block.prefix(length))
    }
}

/// Builds and seals QUIC packets of one client's first flight.
package struct QUICSealer: Sendable {
    /// The version in the headers.
    package var version: QUICVersion

    /// The Destination Connection ID in the headers of the client's packets.
    package var destination: [UInt8]

    /// The client's own connection ID.
    package var source: [UInt8]

    /// What the keys follow from: the first Destination Connection ID that the client sent, or that of a Retry.
    package var keyID: [UInt8]

    /// The token of Initial packets.
    package var token: [UInt8] = []

    /// How many octets a packet number takes, 1 to 4.
    package var packetNumberLength = 2

    /// A client's packets.
    package init(version: QUICVersion = .v1, destination: [UInt8], source: [UInt8] = [0xC1, 0xD2, 0xE3, 0xF4]) {
        self.version = version
        self.destination = destination
        self.source = source
        keyID = destination
    }

    /// A sealed Initial packet of the client with these frames.
    ///
    /// - Parameters:
    ///   - frames: the payload; padded to four octets, which header protection needs.
    ///   - number: the packet number.
    ///   - length: octets that the packet is filled up to with PADDING frames.
    ///   - fixedBit: whether the header's fixed bit is set; see RFC 9287.
    /// - Returns: the packet, its header protected.
    package func initial(_ frames: [UInt8], number: UInt32, paddedTo length: Int = 0, fixedBit: Bool = true) -> [UInt8]
    {
        let keys = QUICInitialKeys(version: version, connectionID: keyID)
        return seal(frames, number, length, fixedBit, keys, destination: destination, source: source, token: token)
    }

    /// A sealed Initial packet of the server, from a connection ID of its own.
    package func serverInitial(_ frames: [UInt8], number: UInt32, from server: [UInt8]) -> [UInt8] {
        let keys = QUICInitialKeys(version: version, connectionID: keyID, ofServer: true)
        return seal(frames, number, 1_200, true, keys, destination: source, source: server, token: [])
    }

    /// A 0-RTT packet: sealed under a key that nobody but the two ends has, so any octets look the same.
    package func zeroRTT(_ count: Int) -> [UInt8] {
        let header = longHeader(.zeroRTT, destination, source, lowBits: 1)
        return header + Self.variable(count) + noise(count, seed: 0x0177)
    }

    /// A Retry with this token, which asks the client to begin anew with `server` as its Destination Connection ID (RFC 9000 §17.2.5).
    package func retry(token: [UInt8], from server: [UInt8]) -> [UInt8] {
        let packet = longHeader(.retry, source, server, lowBits: 0x0F) + token
        let keys = version.retryKeys
        let pseudo = [UInt8(keyID.count)] + keyID + packet
        return packet + Self.gcm([], keys.key, keys.nonce, pseudo)
    }

    /// A Version Negotiation packet (RFC 9000 §17.2.1).
    package func versionNegotiation(_ versions: [UInt32], from server: [UInt8]) -> [UInt8] {
        [0xC0, 0, 0, 0, 0, UInt8(source.count)] + source + [UInt8(server.count)] + server
            + versions.flatMap { bigEndian($0) }
    }

    private func longHeader(_ type: QUICLongHeader, _ destination: [UInt8], _ source: [UInt8], lowBits: UInt8)
        -> [UInt8]
    {
        [0xC0 | version.typeBits(type) << 4 | lowBits] + bigEndian(version.rawValue)
            + [UInt8(destination.count)] + destination + [UInt8(source.count)] + source
    }

    private func seal(
        _ frames: [UInt8],
        _ number: UInt32,
        _ length: Int,
        _ fixedBit: Bool,
        _ keys: QUICInitialKeys,
        destination: [UInt8],
        source: [UInt8],
        token: [UInt8]
    ) -> [UInt8] {
        var header = longHeader(.initial, destination, source, lowBits: UInt8(packetNumberLength - 1))
        if fixedBit == false { header[0] &= 0xBF }
        header += Self.variable(token.count) + token
        // The length field takes two octets, the tag sixteen.
        let overhead = header.count + 2 + packetNumberLength + 16
        let payload = frames + [UInt8](repeating: 0, count: max(4 - frames.count, length - overhead - frames.count, 0))
        header += bigEndian(0x4000 | UInt16(packetNumberLength + payload.count + 16))
        let numberStart = header.count
        header += bigEndian(number).suffix(packetNumberLength)

        var nonce = keys.iv
        for (index, octet) in bigEndian(number).enumerated() { nonce[8 + index] ^= octet }
        var packet = header + Self.gcm(payload, keys.key, nonce, header)

        // RFC 9001 §5.4: the mask comes from sixteen octets that begin four behind the packet number's start.
        let mask = Self.block(Array(packet[numberStart + 4..<numberStart + 20]), keys.headerProtection)
        packet[0] ^= mask[0] & 0x0F
        for index in 0..<packetNumberLength { packet[numberStart + index] ^= mask[1 + index] }
        return packet
    }

    private static func gcm(_ plain: [UInt8], _ key: [UInt8], _ nonce: [UInt8], _ header: [UInt8]) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(
                plain,
                using: SymmetricKey(data: key),
                nonce: AES.GCM.Nonce(data: nonce),
                authenticating: header
            )
            return Array(box.ciphertext) + Array(box.tag)
        } catch {
            preconditionFailure("a key of 16 and a nonce of 12 octets are refused")
        }
    }

    private static func block(_ sample: [UInt8], _ key: [UInt8]) -> [UInt8] {
        var block = sample
        do {
            try AES.permute(&block, key: SymmetricKey(data: key))
        } catch {
            preconditionFailure("a block and a key of 16 octets are refused")
        }
        return block
    }

    /// A number of variable length (RFC 9000 §16), in one, two or four octets.
    package static func variable(_ value: Int) -> [UInt8] {
        switch value {
        case 0..<64: [UInt8(value)]
        case 64..<16_384: bigEndian(0x4000 | UInt16(value))
        default: bigEndian(0x8000_0000 | UInt32(value))
        }
    }

    /// A CRYPTO frame with these octets of the handshake stream (RFC 9000 §19.6).
    package static func crypto(_ stream: [UInt8], _ range: Range<Int>) -> [UInt8] {
        [6] + variable(range.lowerBound) + variable(range.count) + stream[range]
    }

    /// A PING frame.
    package static let ping: [UInt8] = [1]

    /// An ACK frame for packets zero up to `largest`.
    package static func ack(_ largest: UInt8) -> [UInt8] {
        [2, largest, 0, 0, largest]
    }

    /// PADDING frames.
    package static func padding(_ count: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: count)
    }
}
