/// A TLS ClientHello, read for its server name (RFC 8446 §4.1.2, RFC 6066 §3).
///
/// A view that exists is valid: reading it cannot trap.
package struct TLSClientHello: ~Escapable {
    /// The handshake message type of a ClientHello.
    package static let handshakeType: UInt8 = 1

    /// Octets of the header before each handshake message: type and 24-bit length.
    package static let handshakeHeaderLength = 4

    /// The host name of the `server_name` extension; empty where the hello has none.
    package let serverName: Span<UInt8>

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
        // A hello of TLS 1.2 may end here (RFC 5246 §7.4.1.2).
        guard reader.remaining > 0 else {
            serverName = body.extracting(0..<0)
            return
        }

        let length = Int(try reader.readUInt16(.clientHelloExtensions))
        let stated = reader.position &+ length
        while reader.position < stated {
            let type = try reader.readUInt16(.clientHelloExtensions)
            let extensionLength = Int(try reader.readUInt16(.clientHelloExtensions))
            guard type != Self.serverNameExtension else {
                serverName = try Self.hostName(in: reader.read(extensionLength, .serverNameList))
                return
            }
            guard extensionLength <= stated &- reader.position else { throw .truncated(.clientHelloExtensions) }
            try reader.skip(extensionLength, .clientHelloExtensions)
        }
        serverName = body.extracting(0..<0)
    }

    /// The extension type of `server_name` (RFC 6066 §1.1).
    private static let serverNameExtension: UInt16 = 0

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
