import TestSupport

/// Packets that were prepared for a run, one behind another in one piece of memory.
///
/// Addresses are private ones (RFC 1918) and names of reserved domains (RFC 2606), since nothing leaves the process.
struct PacketPool {
    /// The octets of all packets.
    private(set) var octets: [UInt8] = []

    /// Where each packet lies.
    private(set) var packets: [Range<Int>] = []

    /// Octets of a packet before the payload of its UDP datagram.
    static let datagramOffset = 20 + udpHeaderLength

    /// The packet that the measured part begins with; those before it only set the scene.
    private(set) var start = 0

    private static let server: UInt32 = 0x0A01_0001
    private static let firstClient: UInt32 = 0x0A02_0000
    private static let clientPort: UInt16 = 40_000
    private static let tlsPort: UInt16 = 443
    private static let httpPort: UInt16 = 80
    private static let firstSequence: UInt32 = 0x1000_0000
    private static let udpHeaderLength = 8
    private static let segmentSize = 1_448
    private static let syn: UInt8 = 0x02
    private static let ack: UInt8 = 0x10
    private static let pushAck: UInt8 = 0x18

    /// Data that look like no protocol's beginning, as those in the middle of a transfer do.
    private static let data = (0..<segmentSize).map { UInt8(truncatingIfNeeded: $0 * 31) | 0x80 }

    /// What comes from now on is measured.
    mutating func markStart() {
        start = packets.count
    }

    /// Adds a DNS query for an A record, with an OPT record (RFC 6891) or without.
    mutating func addQuery(for name: String, client: UInt32, hasOptions: Bool = false) {
        var message: [UInt8] = [0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, hasOptions ? 1 : 0]
        for label in name.split(separator: ".") { message += [UInt8(label.utf8.count)] + label.utf8 }
        message += [0, 0, 1, 0, 1]
        if hasOptions { message += [0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0] }
        let datagram =
            Self.number(Self.clientPort) + Self.number(UInt16(53))
            + Self.number(UInt16(Self.udpHeaderLength + message.count)) + [0, 0]
            + message
        add(transport: 17, from: Self.firstClient + client, to: Self.server, datagram)
    }

    /// Adds a connection's SYN and its ClientHello of 517 octets, in one segment or cut in two.
    mutating func addHello(for name: String, client: UInt32, splitAt cut: Int?) {
        let hello = Self.hello(for: name)
        addUpload(client: client, Self.firstSequence, Self.syn, [])
        let cut = cut ?? hello.count
        addUpload(client: client, Self.firstSequence + 1, Self.pushAck, hello[..<cut])
        if cut < hello.count {
            addUpload(client: client, Self.firstSequence + 1 + UInt32(cut), Self.pushAck, hello[cut...])
        }
    }

    /// Adds a connection's SYN and its request, as browsers write it.
    mutating func addRequest(for name: String, client: UInt32) {
        addUpload(client: client, to: Self.httpPort, Self.firstSequence, Self.syn, [])
        let head = Self.request(for: name)[...]
        addUpload(client: client, to: Self.httpPort, Self.firstSequence + 1, Self.pushAck, head)
    }

    /// A request's head with seven fields, as browsers write it.
    static func request(for name: String) -> [UInt8] {
        let head = """
            GET /index.html HTTP/1.1\r
            Host: \(name)\r
            User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r
            Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r
            Accept-Language: sv-SE,sv;q=0.8,en;q=0.5\r
            Accept-Encoding: gzip, deflate\r
            Connection: keep-alive\r
            Upgrade-Insecure-Requests: 1\r
            \r

            """
        return Array(head.utf8)
    }

    /// Adds the Initials of a client of QUIC version 1 that carry its ClientHello: one, or two where it is cut.
    mutating func addInitials(for name: String, client: UInt32, splitAt cut: Int?) {
        var builder = QUICInitialBuilder(connectionID: Self.number(0x5EED_0000 + client) + Self.number(~client))
        let hello = Array(Self.hello(for: name).dropFirst(5))
        for frame in builder.crypto(hello, cutAt: cut.map { [$0] } ?? []) {
            let payload = builder.packet(frame)
            let ports = Self.number(Self.clientPort) + Self.number(Self.tlsPort)
            let datagram = ports + Self.number(UInt16(Self.udpHeaderLength + payload.count)) + [0, 0] + payload
            add(transport: 17, from: Self.firstClient + client, to: Self.server, datagram)
            builder.packetNumber += 1
        }
    }

    /// Adds a full segment from the client, behind its hello.
    mutating func addUpload(client: UInt32, segment: UInt32) {
        addUpload(
            client: client,
            Self.firstSequence + 518 + segment * UInt32(Self.segmentSize),
            Self.ack,
            Self.data[...]
        )
    }

    /// Adds a full segment from the server, of a connection nothing else is known of.
    mutating func addDownload(client: UInt32, segment: UInt32) {
        let sequence = Self.firstSequence + segment * UInt32(Self.segmentSize)
        let bytes = Self.segment(from: Self.tlsPort, to: Self.clientPort, sequence, Self.ack, Self.data[...])
        add(transport: 6, from: Self.server, to: Self.firstClient + client, bytes)
    }

    private mutating func addUpload(
        client: UInt32,
        to port: UInt16 = tlsPort,
        _ sequence: UInt32,
        _ flags: UInt8,
        _ payload: ArraySlice<UInt8>
    ) {
        let bytes = Self.segment(from: Self.clientPort, to: port, sequence, flags, payload)
        add(transport: 6, from: Self.firstClient + client, to: Self.server, bytes)
    }

    private mutating func add(transport: UInt8, from source: UInt32, to destination: UInt32, _ payload: [UInt8]) {
        let first = octets.count
        octets += [0x45, 0] + Self.number(UInt16(20 + payload.count)) + [0, 0, 0x40, 0, 64, transport, 0, 0]
        octets += Self.number(source) + Self.number(destination)
        octets += payload
        packets.append(first..<octets.count)
    }

    private static func segment(
        from source: UInt16,
        to destination: UInt16,
        _ sequence: UInt32,
        _ flags: UInt8,
        _ payload: ArraySlice<UInt8>
    ) -> [UInt8] {
        number(source) + number(destination) + number(sequence) + [0, 0, 0, 0, 0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]
            + payload
    }

    /// A ClientHello as browsers send it: the server name among other extensions, padded (RFC 7685) so that the record has 517 octets.
    static func hello(for name: String) -> [UInt8] {
        let text = Array(name.utf8)
        let serverName = number(UInt16(text.count + 3)) + [0] + number(UInt16(text.count)) + text
        var extensions = [UInt8]()
        func add(_ type: UInt16, _ content: [UInt8]) {
            extensions += number(type) + number(UInt16(content.count)) + content
        }
        add(0x0A0A, [])
        add(0x002D, [1, 1])
        add(0x0033, [0, 36, 0, 29, 0, 32] + [UInt8](repeating: 0x5A, count: 32))
        add(0x000A, [0, 8, 0x0A, 0x0A, 0, 29, 0, 23, 0, 24])
        add(0x000D, [0, 8, 4, 3, 8, 4, 4, 1, 5, 3])
        add(0x0000, serverName)
        add(0x002B, [4, 3, 4, 3, 3])
        add(0x0010, [0, 12, 2, 0x68, 0x32, 8, 0x68, 0x74, 0x74, 0x70, 0x2F, 0x31, 0x2E, 0x31])
        let ciphers = [UInt8](repeating: 0x13, count: 32)
        let fixed = [3, 3] + [UInt8](repeating: 0xA5, count: 32) + [32] + [UInt8](repeating: 0x3C, count: 32)
        let head = fixed + number(UInt16(ciphers.count)) + ciphers + [1, 0]
        add(0x0015, [UInt8](repeating: 0, count: 517 - 9 - head.count - 2 - extensions.count - 4))
        let body = head + number(UInt16(extensions.count)) + extensions
        return [22, 3, 1] + number(UInt16(body.count + 4)) + [1, 0] + number(UInt16(body.count)) + body
    }

    private static func number(_ value: UInt16) -> [UInt8] {
        [UInt8(value >> 8), UInt8(value & 0xFF)]
    }

    private static func number(_ value: UInt32) -> [UInt8] {
        number(UInt16(value >> 16)) + number(UInt16(value & 0xFFFF))
    }
}
