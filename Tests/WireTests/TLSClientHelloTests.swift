import TestSupport
import Testing
import Wire

@Suite("TLS ClientHello (RFC 8446 section 4.1.2)")
struct TLSClientHelloTests {
    /// Everything up to the extensions: a session identifier of four octets, two cipher suites, no compression.
    static let start =
        hex("0303") + [UInt8](repeating: 0xAB, count: 32) + hex("04 01020304  0004 1301 C02F  01 00")

    static let groups = hex("000A 0004 0002 001D")
    static let versions = hex("002B 0003 02 0304")

    /// The server_name extension (RFC 6066 section 3) with these entries, each a type and a name.
    static func serverName(_ entries: (type: UInt8, name: String)...) -> [UInt8] {
        let list = entries.flatMap { [$0.type] + big16($0.name.utf8.count) + Array($0.name.utf8) }
        return hex("0000") + big16(list.count + 2) + big16(list.count) + list
    }

    static func hello(_ extensions: [UInt8]...) -> [UInt8] {
        let octets = extensions.flatMap(\.self)
        return start + big16(octets.count) + octets
    }

    static func big16(_ value: Int) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }

    static func read(_ bytes: Span<UInt8>) throws(WireError) -> [UInt8] {
        try TLSClientHello(parsing: bytes).serverName.array
    }

    private func name(_ bytes: [UInt8]) throws -> String {
        String(decoding: try Self.read(bytes.span), as: UTF8.self)
    }

    private func error(_ bytes: [UInt8]) -> WireError? {
        failure(bytes) { bytes throws(WireError) in _ = try Self.read(bytes) }
    }

    static let sni = serverName((0, "www.example.org"))

    @Test(arguments: [
        hello(sni, groups, versions), hello(groups, sni, versions), hello(groups, versions, sni), hello(sni),
    ])
    func `the server name is found wherever it stands`(hello: [UInt8]) throws {
        #expect(try name(hello) == "www.example.org")
    }

    @Test func `a hello without the extension has no name`() throws {
        #expect(try name(Self.hello(Self.groups, Self.versions)) == "")
        #expect(try name(Self.hello()) == "")
    }

    @Test func `a hello of TLS 1_2 may end before its extensions`() throws {
        // RFC 5246 section 7.4.1.2
        #expect(try name(Self.start) == "")
    }

    @Test func `the first host name of several counts`() throws {
        #expect(try name(Self.hello(Self.serverName((0, "one.example"), (0, "two.example")))) == "one.example")
        #expect(try name(Self.hello(Self.serverName((7, "other kind"), (0, "two.example")))) == "two.example")
        #expect(try name(Self.hello(Self.serverName((7, "other kind")))) == "")
        #expect(try name(Self.hello(Self.serverName())) == "")
    }

    @Test func `an empty server name extension has no name`() throws {
        #expect(try name(Self.hello(hex("0000 0000"), Self.groups)) == "")
    }

    @Test func `the first server name extension of several counts`() throws {
        #expect(try name(Self.hello(Self.sni, Self.serverName((0, "two.example")))) == "www.example.org")
    }

    @Test func `the name is given as it is, octet by octet`() throws {
        #expect(try name(Self.hello(Self.serverName((0, "WWW.Example.ORG.")))) == "WWW.Example.ORG.")
    }

    @Test func `a hello that is cut behind its server name still has it`() throws {
        let hello = Self.hello(Self.sni, Self.groups, Self.versions)
        let behind = Self.start.count + 2 + Self.sni.count
        for count in behind...hello.count { #expect(try name(Array(hello[..<count])) == "www.example.org") }
    }

    @Test func `a hello that breaks its format behind its server name still has it`() throws {
        #expect(try name(Self.hello(Self.sni, hex("000A FFFF 00"))) == "www.example.org")
    }

    @Test func `encrypted hellos and names are seen wherever they stand`() throws {
        // RFC 9849 section 5 (outer form), draft-ietf-tls-esni-06 section 4
        let ech = hex("FE0D 000A 00 0001 0001 2A 0000 0000")
        let esni = hex("FFCE 0002 1301")
        let inner = hex("FE0D 0001 01")
        for (hello, isHello, isName) in [
            (Self.hello(Self.sni), false, false), (Self.hello(ech, Self.sni), true, false),
            (Self.hello(Self.sni, Self.groups, ech), true, false), (Self.hello(Self.sni, esni), false, true),
            (Self.hello(esni), false, true), (Self.hello(Self.groups, inner, esni), true, true),
        ] {
            let read = try TLSClientHello(parsing: hello.span)
            #expect(read.hasEncryptedClientHello == isHello)
            #expect(read.hasEncryptedServerName == isName)
        }
        // A second server_name extension changes nothing.
        #expect(try name(Self.hello(Self.sni, Self.serverName((0, "two.example")), ech)) == "www.example.org")
    }

    @Test func `the length of a handshake message is that of its header and its body`() {
        #expect(TLSClientHello.handshakeLength(hex("01 000000").span) == 4)
        #expect(TLSClientHello.handshakeLength(hex("01 FFFFFF 00").span) == 0xFF_FFFF + 4)
        #expect(TLSClientHello.handshakeLength(hex("01 0000").span) == nil)
    }

    @Test func `a hello that is cut before the end of its server name names the field`() {
        let hello = Self.hello(Self.groups, Self.sni)
        let expected: [(Range<Int>, WireField)] = [
            (0..<2, .clientHelloVersion),
            (2..<34, .clientHelloRandom),
            (34..<39, .clientHelloSessionID),
            (39..<45, .clientHelloCipherSuites),
            (45..<47, .clientHelloCompressionMethods),
            // cut at its end it is a hello without extensions
            (48..<61, .clientHelloExtensions),
            (61..<hello.count, .serverNameList),
        ]
        for (range, field) in expected {
            for count in range { #expect(error(Array(hello[..<count])) == .truncated(field), "cut at \(count)") }
        }
        #expect(error(Array(hello[..<47])) == nil)
    }

    @Test func `a field longer than the one around it is refused`() {
        // an extension that passes the end of the extensions, though not that of the hello
        #expect(
            error(Self.start + hex("0006 000A 0010 0000") + [UInt8](repeating: 0, count: 40))
                == .truncated(.clientHelloExtensions)
        )
        // a server name that passes the end of its list
        #expect(error(Self.hello(hex("0000 0007 0005 00 0010 6161"), Self.groups)) == .truncated(.serverNameList))
        // extensions that are cut inside a header
        #expect(error(Self.start + hex("0003 000A 00")) == .truncated(.clientHelloExtensions))
    }

    @Test(arguments: [(34, 0xFF), (39, 0xFF), (45, 0xFF)])
    func `a length past the hello is truncated`(offset: Int, octet: UInt8) {
        var hello = Self.hello(Self.sni)
        hello[offset] = octet
        #expect(error(hello) != nil)
    }

    @Test func `damaged hellos are read or refused, and never read past their end`() {
        let hellos = [
            Self.hello(Self.groups, Self.sni, Self.versions), Self.hello(Self.sni), Self.start,
            Self.hello(Self.serverName((7, "other"), (0, "two.example"))),
        ]
        let outcomes = Mutation.outcomes(of: hellos, seed: 8_446, read: Self.read)
        #expect(outcomes.different == [])
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
    }
}
