import TestSupport

/// A ClientHello as a browser of today sends it (RFC 8446 §4.1.2), to be changed where a case needs it.
struct Hello: Sendable {
    struct Extension: Sendable {
        let type: UInt16
        let body: [UInt8]
    }

    var recordVersion: UInt16 = 0x0301
    var sessionID = [UInt8](repeating: 0xA5, count: 32)
    var cipherSuites: [UInt16] = [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030]
    var extensions: [Extension]

    /// A hello over TCP for this server; nil for none named.
    init(_ name: String?) {
        let named = name.map { [Self.serverName([$0])] } ?? []
        extensions =
            named + [
                Extension(type: 23, body: []),
                Extension(type: 0xFF01, body: [0]),
                Extension(type: 10, body: [0, 6, 0, 29, 0, 23, 0, 24]),
                Extension(type: 11, body: [1, 0]),
                Extension(type: 35, body: []),
                Extension(type: 16, body: [0, 12, 2] + Array("h2".utf8) + [8] + Array("http/1.1".utf8)),
                Extension(type: 5, body: [1, 0, 0, 0, 0]),
                Extension(type: 13, body: [0, 8, 4, 3, 8, 4, 4, 1, 8, 6]),
                Self.keyShare(group: 29, length: 32),
                Extension(type: 45, body: [1, 1]),
                Extension(type: 43, body: [4, 3, 4, 3, 3]),
            ]
    }

    /// A hello inside QUIC: TLS 1.3 only, ALPN `h3`, with transport parameters (RFC 9001 §8).
    static func quic(_ name: String?, type transportParameters: UInt16 = 57) -> Hello {
        var hello = Hello(name)
        hello.sessionID = []
        hello.cipherSuites = [0x1301, 0x1302, 0x1303]
        hello.extensions =
            (name.map { [serverName([$0])] } ?? []) + [
                Extension(type: 10, body: [0, 6, 0, 29, 0, 23, 0, 24]),
                Extension(type: 16, body: [0, 3, 2] + Array("h3".utf8)),
                Extension(type: 13, body: [0, 8, 4, 3, 8, 4, 4, 1, 8, 6]),
                keyShare(group: 29, length: 32),
                Extension(type: 45, body: [1, 1]),
                Extension(type: 43, body: [2, 3, 4]),
                // max_idle_timeout 30 s, initial_max_data, initial_max_streams_bidi, an empty initial_source_connection_id.
                Extension(
                    type: transportParameters,
                    body: [1, 4, 0x80, 0, 0x75, 0x30, 4, 4, 0x80, 0x10, 0, 0, 8, 1, 10, 15, 0]
                ),
            ]
        return hello
    }

    /// The `server_name` extension with these host names in its list (RFC 6066 §3).
    static func serverName(_ names: [String]) -> Extension {
        serverNameList(names.flatMap { [0] + bigEndian(UInt16($0.utf8.count)) + Array($0.utf8) })
    }

    /// The `server_name` extension with this list.
    static func serverNameList(_ list: [UInt8]) -> Extension {
        Extension(type: 0, body: bigEndian(UInt16(list.count)) + list)
    }

    /// A `key_share` of one group.
    static func keyShare(group: UInt16, length: Int) -> Extension {
        let entry = bigEndian(group) + bigEndian(UInt16(length)) + noise(length, seed: UInt64(group))
        return Extension(type: 51, body: bigEndian(UInt16(entry.count)) + entry)
    }

    /// Offers X25519MLKEM768 before the other groups, with a key of it and one of X25519.
    mutating func offerHybridKey() {
        let hybrid = bigEndian(UInt16(0x11EC)) + bigEndian(UInt16(1_216)) + noise(1_216, seed: 0x11EC)
        let classic = bigEndian(UInt16(29)) + bigEndian(UInt16(32)) + noise(32, seed: 29)
        replace(Extension(type: 10, body: [0, 8, 0x11, 0xEC, 0, 29, 0, 23, 0, 24]))
        replace(
            Extension(type: 51, body: bigEndian(UInt16(hybrid.count + classic.count)) + hybrid + classic)
        )
    }

    /// `encrypted_client_hello`, outer form (RFC 9849 §5): HKDF-SHA256 and AES-128-GCM, an encapsulated key and a payload.
    ///
    /// Whether the payload is an encrypted hello or grease, only the server can tell.
    static func encryptedClientHello(payload: Int, seed: UInt64) -> Extension {
        let body: [UInt8] = [0, 0, 1, 0, 1, 0x42] + bigEndian(UInt16(32)) + noise(32, seed: seed)
        return Extension(type: 0xFE0D, body: body + bigEndian(UInt16(payload)) + noise(payload, seed: seed + 1))
    }

    /// Puts an extension in the place of the one of its type, or behind all others.
    mutating func replace(_ new: Extension) {
        if let index = extensions.firstIndex(where: { $0.type == new.type }) {
            extensions[index] = new
        } else {
            extensions.append(new)
        }
    }

    /// Fills the hello up to so many octets with a padding extension (RFC 7685), before the extension at `index`.
    mutating func pad(to length: Int, before index: Int? = nil) {
        let missing = length - message.count - 4
        precondition(missing >= 0)
        extensions.insert(
            Extension(type: 21, body: [UInt8](repeating: 0, count: missing)),
            at: index ?? extensions.count
        )
    }

    /// The handshake message, its header included.
    var message: [UInt8] {
        let block = extensions.flatMap { bigEndian($0.type) + bigEndian(UInt16($0.body.count)) + $0.body }
        var body: [UInt8] = [3, 3] + noise(32, seed: 0xC1) + [UInt8(sessionID.count)] + sessionID
        body += bigEndian(UInt16(cipherSuites.count * 2)) + cipherSuites.flatMap { bigEndian($0) } + [1, 0]
        body += bigEndian(UInt16(block.count)) + block
        return [1, UInt8(body.count >> 16)] + bigEndian(UInt16(truncatingIfNeeded: body.count)) + body
    }

    /// The message in one record, or in as many as its length needs.
    var bytes: [UInt8] { records(cutAt: Array(stride(from: 16_384, to: message.count, by: 16_384))) }

    /// The message in records that end at `cuts` (RFC 8446 §5.1).
    func records(cutAt cuts: [Int]) -> [UInt8] {
        let message = message
        let bounds = [0] + cuts + [message.count]
        return (0...cuts.count).flatMap { Self.record(22, Array(message[bounds[$0]..<bounds[$0 + 1]]), recordVersion) }
    }

    /// One record.
    static func record(_ type: UInt8, _ fragment: [UInt8], _ version: UInt16 = 0x0301) -> [UInt8] {
        [type] + bigEndian(version) + bigEndian(UInt16(fragment.count)) + fragment
    }
}

/// Octets that look random and are the same on every run.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
}
