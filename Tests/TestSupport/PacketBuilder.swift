/// One end of a conversation.
package struct Endpoint: Equatable, Sendable {
    /// The address's octets: four of IPv4 or sixteen of IPv6.
    package var address: [UInt8]

    /// The port.
    package var port: UInt16

    /// An end with this address, four or sixteen octets of it, and this port.
    package init(_ address: [UInt8], port: UInt16) {
        precondition(address.count == 4 || address.count == 16)
        self.address = address
        self.port = port
    }

    /// The host `number` of 192.0.2.0/24 (RFC 5737).
    package static func v4(_ number: UInt8, port: UInt16) -> Endpoint {
        Endpoint([192, 0, 2, number], port: port)
    }

    /// The host `number` of 2001:db8::/112 (RFC 3849).
    package static func v6(_ number: UInt16, port: UInt16) -> Endpoint {
        Endpoint([0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 10) + bigEndian(number), port: port)
    }
}

/// An IPv6 extension header (RFC 8200 §4).
package struct ExtensionHeader: Equatable, Sendable {
    /// The header's IANA number.
    package var type: UInt8

    /// The octets behind the next-header octet.
    package var body: [UInt8]

    /// A header of this type with these octets behind its first.
    package init(type: UInt8, body: [UInt8]) {
        self.type = type
        self.body = body
    }

    /// A header of options that all are padding, `units` times eight octets long.
    package static func options(type: UInt8, units: Int = 1) -> ExtensionHeader {
        let length = units * 8 - 4
        return ExtensionHeader(
            type: type,
            body: [UInt8(units - 1), 1, UInt8(length)] + [UInt8](repeating: 0, count: length)
        )
    }

    /// A fragment header; `offset` in octets.
    package static func fragment(offset: UInt16, more: Bool, identification: UInt32 = 0x1234) -> ExtensionHeader {
        ExtensionHeader(
            type: 44,
            body: [0] + bigEndian(offset & 0xFFF8 | (more ? 1 : 0)) + bigEndian(identification)
        )
    }
}

/// Builds whole IP packets of one direction, with right lengths and checksums.
package struct PacketBuilder: Equatable, Sendable {
    /// The control bits of a TCP segment (RFC 9293 §3.1).
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// No more data.
        package static let fin = Flags(rawValue: 0x01)
        /// Synchronises sequence numbers.
        package static let syn = Flags(rawValue: 0x02)
        /// Resets the connection.
        package static let rst = Flags(rawValue: 0x04)
        /// Asks to hand the data on.
        package static let push = Flags(rawValue: 0x08)
        /// The acknowledgment number is significant.
        package static let ack = Flags(rawValue: 0x10)
    }

    /// Where packets come from.
    package var source: Endpoint

    /// Where packets go to.
    package var destination: Endpoint

    /// IPv4 options; filled up with zeros to a multiple of four octets.
    package var options: [UInt8] = []

    /// IPv6 extension headers, in their order.
    package var extensionHeaders: [ExtensionHeader] = []

    /// The IPv4 header's flags and fragment offset.
    package var fragmentField: UInt16 = 0x4000

    /// What the fragments of one packet have in common; of IPv4, the lower 16 bits.
    package var identification: UInt32 = 1

    /// Packets from one end to the other; both have addresses of one version.
    package init(from source: Endpoint, to destination: Endpoint) {
        precondition(source.address.count == destination.address.count)
        self.source = source
        self.destination = destination
    }

    /// The other direction.
    package var reversed: PacketBuilder {
        var other = self
        other.source = destination
        other.destination = source
        return other
    }

    /// A packet with a UDP datagram.
    package func udp(_ payload: [UInt8]) -> [UInt8] {
        var datagram = bigEndian(source.port) + bigEndian(destination.port)
        datagram += bigEndian(UInt16(truncatingIfNeeded: 8 + payload.count)) + [0, 0] + payload
        let sum = transportChecksum(datagram, transport: 17)
        datagram.replaceSubrange(6..<8, with: bigEndian(sum == 0 ? 0xFFFF : sum))
        return packet(datagram, transport: 17)
    }

    /// A packet with a TCP segment; `options` are filled up with zeros to a multiple of four octets.
    package func tcp(
        _ payload: [UInt8],
        flags: Flags = [.ack, .push],
        sequence: UInt32,
        acknowledgment: UInt32 = 0,
        options: [UInt8] = []
    ) -> [UInt8] {
        let padded = options + [UInt8](repeating: 0, count: (4 - options.count % 4) % 4)
        precondition(padded.count <= 40)
        var segment = bigEndian(source.port) + bigEndian(destination.port)
        segment += bigEndian(sequence) + bigEndian(acknowledgment)
        segment += [UInt8((20 + padded.count) / 4) << 4, flags.rawValue] + bigEndian(UInt16(65_535)) + [0, 0, 0, 0]
        segment += padded + payload
        segment.replaceSubrange(16..<18, with: bigEndian(transportChecksum(segment, transport: 6)))
        return packet(segment, transport: 6)
    }

    /// A packet with this transport payload.
    ///
    /// A packet longer than its length field can state has zero there, as the kernel hands merged packets over.
    package func packet(_ payload: [UInt8], transport: UInt8) -> [UInt8] {
        source.address.count == 4 ? packet4(payload, transport) : packet6(payload, transport)
    }

    /// One fragment of a packet: octets of its payload, from `offset` on.
    package func fragment(_ piece: [UInt8], transport: UInt8, at offset: Int, isLast: Bool) -> [UInt8] {
        var builder = self
        if source.address.count == 4 {
            builder.fragmentField = UInt16(offset / 8) | (isLast ? 0 : 0x2000)
        } else {
            builder.extensionHeaders.append(
                .fragment(offset: UInt16(offset), more: isLast == false, identification: identification)
            )
        }
        return builder.packet(piece, transport: transport)
    }

    /// A packet's payload in fragments that end at `cuts`.
    package func fragments(of payload: [UInt8], transport: UInt8, cutAt cuts: [Int]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        for cut in cuts + [payload.count] {
            let isLast = cut == payload.count
            pieces.append(fragment(Array(payload[start..<cut]), transport: transport, at: start, isLast: isLast))
            start = cut
        }
        return pieces
    }

    private func packet4(_ payload: [UInt8], _ transport: UInt8) -> [UInt8] {
        let padded = options + [UInt8](repeating: 0, count: (4 - options.count % 4) % 4)
        precondition(padded.count <= 40)
        let length = UInt16(exactly: 20 + padded.count + payload.count) ?? 0
        var header: [UInt8] = [0x45 + UInt8(padded.count / 4), 0] + bigEndian(length)
        header += bigEndian(UInt16(truncatingIfNeeded: identification))
        header += bigEndian(fragmentField) + [64, transport, 0, 0] + source.address + destination.address + padded
        header.replaceSubrange(10..<12, with: bigEndian(internetChecksum(header)))
        return header + payload
    }

    private func packet6(_ payload: [UInt8], _ transport: UInt8) -> [UInt8] {
        var chain: [UInt8] = []
        for (index, header) in extensionHeaders.enumerated() {
            let next = index + 1 < extensionHeaders.count ? extensionHeaders[index + 1].type : transport
            chain += [next] + header.body
        }
        let length = UInt16(exactly: chain.count + payload.count) ?? 0
        var header: [UInt8] = [0x60, 0, 0, 0] + bigEndian(length) + [extensionHeaders.first?.type ?? transport, 64]
        header += source.address + destination.address
        return header + chain + payload
    }

    private func transportChecksum(_ segment: [UInt8], transport: UInt8) -> UInt16 {
        var pseudo = source.address + destination.address
        if source.address.count == 4 {
            pseudo += [0, transport] + bigEndian(UInt16(truncatingIfNeeded: segment.count))
        } else {
            pseudo += bigEndian(UInt32(segment.count)) + [0, 0, 0, transport]
        }
        return internetChecksum(pseudo + segment)
    }
}

/// DNS messages (RFC 1035).
package enum DNSBuilder {
    /// A standard query for addresses of `names`, which are taken as they are written.
    ///
    /// - Parameters:
    ///   - names: dotted names; the header counts them.
    ///   - identifier: the number that pairs it with a response.
    ///   - padding: octets of an EDNS padding option (RFC 7830); nil for no OPT record.
    /// - Returns: the message, without a length before it.
    package static func query(_ names: [String], identifier: UInt16 = 0x1234, padding: Int? = 0) -> [UInt8] {
        message(names, flags: 0x0100, identifier: identifier, padding: padding)
    }

    /// A standard query for addresses of `name`.
    package static func query(_ name: String, identifier: UInt16 = 0x1234, padding: Int? = 0) -> [UInt8] {
        query([name], identifier: identifier, padding: padding)
    }

    /// A response that repeats the question and answers it with 198.51.100.1.
    package static func response(_ name: String, identifier: UInt16 = 0x1234) -> [UInt8] {
        var bytes = message([name], flags: 0x8180, identifier: identifier, padding: nil)
        bytes[7] = 1
        // A pointer to the question's name, type A, class IN, one minute, four octets.
        return bytes + [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 1]
    }

    /// A response with these answers, each as ``record(_:type:data:)`` and those below make it.
    package static func response(_ name: String, answers: [[UInt8]], flags: UInt16 = 0x8180) -> [UInt8] {
        var bytes = message([name], flags: flags, identifier: 0x1234, padding: nil)
        bytes.replaceSubrange(6..<8, with: bigEndian(UInt16(answers.count)))
        return bytes + answers.joined()
    }

    /// A record of class IN that lives for a minute; its owner is in wire form, the question's name where none is given.
    package static func record(_ owner: [UInt8] = [0xC0, 12], type: UInt16, data: [UInt8]) -> [UInt8] {
        owner + bigEndian(type) + [0, 1, 0, 0, 0, 60] + bigEndian(UInt16(data.count)) + data
    }

    /// A CNAME record to this name.
    package static func alias(_ target: String) -> [UInt8] {
        record(type: 5, data: name(target))
    }

    /// A record of the type SVCB or HTTPS (RFC 9460 §2.2) with these parameters.
    package static func service(
        _ target: String,
        type: UInt16 = 65,
        parameters: [(key: UInt16, value: [UInt8])] = [(1, [2, 0x68, 0x32])]
    ) -> [UInt8] {
        let fields = parameters.flatMap { bigEndian($0.key) + bigEndian(UInt16($0.value.count)) + $0.value }
        return record(type: type, data: [0, 1] + name(target) + fields)
    }

    /// A message with questions and these header flags.
    package static func message(_ names: [String], flags: UInt16, identifier: UInt16, padding: Int?) -> [UInt8] {
        var bytes = bigEndian(identifier) + bigEndian(flags) + bigEndian(UInt16(names.count))
        bytes += [0, 0, 0, 0, 0, padding == nil ? 0 : 1]
        for question in names { bytes += name(question) + [0, 1, 0, 1] }
        if let padding {
            // The root, type OPT, 1232 octets of payload, no flags, one option of type 12.
            bytes += [0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0] + bigEndian(UInt16(padding + 4))
            bytes += [0, 12] + bigEndian(UInt16(padding)) + [UInt8](repeating: 0, count: padding)
        }
        return bytes
    }

    /// A name in wire form, root included.
    package static func name(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for label in text.split(separator: ".") { bytes += [UInt8(label.utf8.count)] + Array(label.utf8) }
        return bytes + [0]
    }

    /// A message as it goes over TCP: behind its length in two octets.
    package static func prefixed(_ message: [UInt8]) -> [UInt8] {
        bigEndian(UInt16(message.count)) + message
    }
}

/// A TLS ClientHello (RFC 8446 §4.1.2).
package struct ClientHelloBuilder: Sendable {
    /// The host name of the `server_name` extension; nil for a hello without one.
    package var serverName: String?

    /// Whether the `server_name` extension stands behind all others.
    package var namesServerLast = false

    /// Octets that the hello is filled up to with a padding extension (RFC 7685); nothing is added where it is that long already.
    package var paddedLength = 0

    /// The longest fragment of a record.
    package var recordLength = 16_384

    /// A hello for this server.
    package init(serverName: String?) {
        self.serverName = serverName
    }

    /// The handshake message, its header included.
    package var message: [UInt8] {
        let named = serverName.map { Self.serverNameExtension($0) } ?? []
        // supported_versions: TLS 1.3; supported_groups: x25519.
        let others: [UInt8] = [0, 43, 0, 3, 2, 3, 4, 0, 10, 0, 4, 0, 2, 0, 29]
        let missing = paddedLength - (4 + 2 + 32 + 1 + 32 + 2 + 4 + 2 + 2 + named.count + others.count + 4)
        let padding = missing < 0 ? [] : [0, 21] + bigEndian(UInt16(missing)) + [UInt8](repeating: 0, count: missing)
        let extensions = namesServerLast ? others + padding + named : named + others + padding
        var body: [UInt8] = [3, 3] + [UInt8](repeating: 0x5A, count: 32) + [32] + [UInt8](repeating: 0xA5, count: 32)
        body += [0, 4, 0x13, 0x01, 0x13, 0x02, 1, 0] + bigEndian(UInt16(extensions.count)) + extensions
        return [1, UInt8(body.count >> 16)] + bigEndian(UInt16(truncatingIfNeeded: body.count)) + body
    }

    /// The handshake message in records of at most ``recordLength``.
    package var bytes: [UInt8] { Self.records(message, length: recordLength) }

    /// Handshake records of at most `length` octets each.
    package static func records(_ message: [UInt8], length: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: message.count, by: length) {
            let fragment = message[start..<min(start + length, message.count)]
            bytes += [22, 3, 1] + bigEndian(UInt16(fragment.count)) + fragment
        }
        return bytes
    }

    /// The `server_name` extension with one host name (RFC 6066 §3).
    package static func serverNameExtension(_ name: String) -> [UInt8] {
        let host = Array(name.utf8)
        return [0, 0] + bigEndian(UInt16(host.count + 5)) + bigEndian(UInt16(host.count + 3)) + [0]
            + bigEndian(UInt16(host.count)) + host
    }
}

/// Both directions of a TCP connection.
package struct TCPConversation: Sendable {
    /// Packets of the client.
    package var client: PacketBuilder

    /// The sequence number of the client's SYN.
    package var clientSequence: UInt32

    /// The sequence number of the server's SYN.
    package var serverSequence: UInt32

    /// A connection of `client` to `server`.
    package init(
        from client: Endpoint = .v4(7, port: 40_000),
        to server: Endpoint = .v4(80, port: 443),
        clientSequence: UInt32 = 1_000,
        serverSequence: UInt32 = 900_000
    ) {
        self.client = PacketBuilder(from: client, to: server)
        self.clientSequence = clientSequence
        self.serverSequence = serverSequence
    }

    /// Packets of the server.
    package var server: PacketBuilder { client.reversed }

    /// The packet that opens the connection.
    package var syn: [UInt8] {
        // A maximum segment size of 1460.
        client.tcp([], flags: .syn, sequence: clientSequence, options: [2, 4, 0x05, 0xB4])
    }

    /// The server's answer to it.
    package var synAck: [UInt8] {
        server.tcp([], flags: [.syn, .ack], sequence: serverSequence, acknowledgment: clientSequence &+ 1)
    }

    /// A segment of the client with the data from `offset` of its stream on.
    package func segment(_ payload: [UInt8], at offset: Int) -> [UInt8] {
        client.tcp(
            payload,
            sequence: clientSequence &+ 1 &+ UInt32(truncatingIfNeeded: offset),
            acknowledgment: serverSequence &+ 1
        )
    }

    /// A segment of the server with the data from `offset` of its stream on, which says that it has so many octets of the client's.
    package func answer(_ payload: [UInt8], at offset: Int, acknowledging received: Int = 0) -> [UInt8] {
        server.tcp(
            payload,
            sequence: serverSequence &+ 1 &+ UInt32(truncatingIfNeeded: offset),
            acknowledgment: clientSequence &+ 1 &+ UInt32(truncatingIfNeeded: received)
        )
    }

    /// A segment of the client without data, or with those from `offset` of its stream on, which says that it has so many octets of the
    /// server's.
    package func acknowledgment(of received: Int, _ payload: [UInt8] = [], at offset: Int) -> [UInt8] {
        client.tcp(
            payload,
            flags: .ack,
            sequence: clientSequence &+ 1 &+ UInt32(truncatingIfNeeded: offset),
            acknowledgment: serverSequence &+ 1 &+ UInt32(truncatingIfNeeded: received)
        )
    }

    /// The client's stream in segments that end at `cuts`, in this order; all of them, in theirs, where none is given.
    package func segments(of stream: [UInt8], cutAt cuts: [Int], order: [Int]? = nil) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        for cut in cuts + [stream.count] {
            pieces.append(segment(Array(stream[start..<cut]), at: start))
            start = cut
        }
        return order.map { $0.map { pieces[$0] } } ?? pieces
    }

    /// The client's stream in segments of at most `size` octets.
    package func segments(of stream: [UInt8], size: Int) -> [[UInt8]] {
        segments(of: stream, cutAt: Array(stride(from: size, to: stream.count, by: size)))
    }
}

/// The octets of a number in network byte order.
package func bigEndian(_ value: UInt16) -> [UInt8] {
    [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
}

/// The octets of a number in network byte order.
package func bigEndian(_ value: UInt32) -> [UInt8] {
    bigEndian(UInt16(truncatingIfNeeded: value >> 16)) + bigEndian(UInt16(truncatingIfNeeded: value))
}

/// The Internet checksum (RFC 1071) of bytes whose checksum field is zero.
package func internetChecksum(_ bytes: [UInt8]) -> UInt16 {
    var sum = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
        sum += Int(bytes[index]) << 8 + (index + 1 < bytes.count ? Int(bytes[index + 1]) : 0)
    }
    while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
    return UInt16(truncatingIfNeeded: ~sum)
}
