/// A TLS ClientHello, read for its server name (RFC 8446 §4.1.2, RFC 6066 §3).
///
/// A view that exists is valid: reading it cannot trap.
package struct TLSClientHello: ~Escapable {
    /// The handshake message type of a ClientHello.
    package static let handshakeType: UInt8 = 1

    /// Octets of the header before each handshake message: type and 24-bit length.
    package static let handshakeHeaderLength = 4

    /// Octets of the handshake message that starts `bytes`, its header included; nil while the header is not complete.
    package static func handshakeLength(_ bytes: Span<UInt8>) -> Int? {
        guard bytes.count >= handshakeHeaderLength else { return nil }
        return (Int(bytes[1]) &<< 16 | Int(bytes.bigEndianUInt16(at: 2))) &+ handshakeHeaderLength
    }

    /// The first host name of the `server_name` extension; empty where the hello has none.
    package let serverName: Span<UInt8>

    /// Whether there may be more host names: a hello must not hold two of them, nor two such extensions (RFC 6066 §3, RFC 8446 §4.2), and
    /// servers differ in which they take.
    package let mayHaveMoreNames: Bool

    private let extensions: Span<UInt8>

    /// Whether the hello has the extension `encrypted_client_hello` (RFC 9849 §5).
    ///
    /// What goes over the wire in the clear is an outer hello, whose server name is the one of the provider, or a hello with grease in
    /// the extension (RFC 9849 §6.2), whose server name is the one asked for: nobody on the way can tell which.
    package let hasEncryptedClientHello: Bool

    /// Whether the hello has the extension `encrypted_server_name` of the drafts before that (draft-ietf-tls-esni-06 §4).
    package let hasEncryptedServerName: Bool

    /// Reads the body of a ClientHello, without its handshake header.
    ///
    /// A hello that breaks off, or breaks its format, behind its server name still has one: the name is what the client asked for.
    /// - Throws: ``WireError`` where a field before the server name is cut or longer than the field around it.
    @_lifetime(copy body)
    package init(parsing body: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(body)
        try reader.skip(2, .clientHelloVersion)
        try reader.skip(32, .clientHelloRandom)
        try reader.skip(Int(reader.readUInt8(.clientHelloSessionID)), .clientHelloSessionID)
        try reader.skip(Int(reader.readUInt16(.clientHelloCipherSuites)), .clientHelloCipherSuites)
        try reader.skip(Int(reader.readUInt8(.clientHelloCompressionMethods)), .clientHelloCompressionMethods)
        var name = body.extracting(0..<0)
        var extensions = body.extracting(0..<0)
        var isEncrypted = (hello: false, name: false)
        var hasMore = false
        // A hello of TLS 1.2 may end here (RFC 5246 §7.4.1.2).
        if reader.remaining > 0 {
            let stated = Int(try reader.readUInt16(.clientHelloExtensions)) &+ reader.position
            var position = reader.position
            var isNamed = false
            extensions = body.extracting(droppingFirst: position)
            while position < stated {
                guard body.count &- position >= 4 else {
                    // Behind the server name a fault only ends the reading.
                    if isNamed { break }
                    throw .truncated(.clientHelloExtensions)
                }
                let typeAndLength = body.bigEndianUInt32(at: position)
                let type = UInt16(truncatingIfNeeded: typeAndLength &>> 16)
                let length = Int(typeAndLength & 0xFFFF)
                position &+= 4
                let isComplete = length <= body.count &- position
                if type == Self.serverNameExtension, isNamed == false {
                    guard isComplete else { throw .truncated(.serverNameList) }
                    name = try Self.hostName(in: body.extracting(position..<position &+ length))
                    isNamed = true
                    // The list's length, the entry's type and length, and the name.
                    hasMore = length > name.count &+ 5
                } else if type == Self.serverNameExtension {
                    hasMore = true
                } else if type == Self.encryptedClientHelloExtension {
                    isEncrypted.hello = true
                } else if type == Self.encryptedServerNameExtension {
                    isEncrypted.name = true
                }
                guard isComplete, isNamed || length <= stated &- position else {
                    if isNamed { break }
                    throw .truncated(.clientHelloExtensions)
                }
                position &+= length
            }
        }
        serverName = name
        mayHaveMoreNames = hasMore
        self.extensions = extensions
        hasEncryptedClientHello = isEncrypted.hello
        hasEncryptedServerName = isEncrypted.name
    }

    /// The extension type of `server_name` (RFC 6066 §1.1).
    private static let serverNameExtension: UInt16 = 0

    /// The extension type of `encrypted_client_hello` (RFC 9849 §11.1).
    private static let encryptedClientHelloExtension: UInt16 = 0xFE0D

    /// The extension type of `encrypted_server_name` (draft-ietf-tls-esni-06 §8.1).
    private static let encryptedServerNameExtension: UInt16 = 0xFFCE

    /// One of the host names of all `server_name` extensions, the first one being number zero; empty where there are not so many.
    @_lifetime(copy self)
    package func hostName(at number: Int) -> Span<UInt8> {
        var left = number
        var position = 0
        while extensions.count &- position >= 4 {
            let typeAndLength = extensions.bigEndianUInt32(at: position)
            let end = position &+ 4 &+ Int(typeAndLength & 0xFFFF)
            guard end <= extensions.count else { break }
            if typeAndLength &>> 16 == UInt32(Self.serverNameExtension) {
                var entry = position &+ 6
                while end &- entry >= 3 {
                    let length = Int(extensions.bigEndianUInt16(at: entry &+ 1))
                    guard length <= end &- entry &- 3 else { break }
                    if extensions[entry] == 0 {
                        if left == 0 { return extensions.extracting(entry &+ 3..<entry &+ 3 &+ length) }
                        left &-= 1
                    }
                    entry &+= 3 &+ length
                }
            }
            position = end
        }
        return extensions.extracting(0..<0)
    }

    /// The first entry of type host_name in a ServerNameList (RFC 6066 §3); empty where there is none.
    @_lifetime(copy list)
    private static func hostName(in list: Span<UInt8>) throws(WireError) -> Span<UInt8> {
        var reader = ByteReader(list)
        guard reader.remaining > 0 else { return list.extracting(0..<0) }
        try reader.skip(2, .serverNameList)
        while reader.remaining > 0 {
            let isHostName = try reader.readUInt8(.serverNameList) == 0
            let length = Int(try reader.readUInt16(.serverNameList))
            let entry = try reader.read(length, .serverNameList)
            if isHostName { return entry }
        }
        return list.extracting(0..<0)
    }
}
