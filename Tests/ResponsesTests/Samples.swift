import Responses
import TestSupport
import Wire

/// A packet of a stranger's, and the DNS message or page that belongs to it.
struct Sample: Equatable, Sendable {
    var packet: [UInt8]
    var message: [UInt8] = []
}

/// What can be composed, each with a packet that calls for it.
enum Kind: String, CaseIterable, Sendable {
    case nxdomain, nodata, refused, sinkhole, sinkholeToAny, sinkholeToHTTPS, cutSinkhole, formatError, unknownVersion,
        answerInStream
    case rewrite, rewriteInStream, page
    case resetSender, resetSenderOfSYN, resetReceiver, resetReceiverOfSYN
    case portUnreachable

    static let response = Array("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".utf8)

    /// What the kind answers with.
    var blocked: BlockedAnswer {
        var blocked = BlockedAnswer(result: .nxdomain, extendedError: 15, text: Array("Spärrad".utf8))
        switch self {
        case .nodata: blocked.result = .nodata
        case .refused: blocked.result = .refused
        case .sinkhole, .sinkholeToAny, .sinkholeToHTTPS, .cutSinkhole, .rewrite, .rewriteInStream:
            blocked.result = .sinkhole
            blocked.extendedError = 4
            blocked.sinkholeV4 = IPAddress(v4: 0xC633_6407)
            blocked.sinkholeV6 = IPAddress(v6: 0x2001_0DB8_0000_0000, 0x63)
        default: break
        }
        return blocked
    }

    /// A packet that calls for it.
    func sample(v6: Bool) -> Sample {
        let client: Endpoint = v6 ? .v6(7, port: 40_000) : .v4(7, port: 40_000)
        let server: Endpoint = v6 ? .v6(53, port: 53) : .v4(53, port: 53)
        let up = PacketBuilder(from: client, to: server)
        let stream = TCPConversation(from: client, to: server)
        switch self {
        case .nxdomain, .nodata, .refused, .sinkhole, .cutSinkhole:
            return query(up, type: v6 ? 28 : 1)
        case .sinkholeToAny: return query(up, type: 255)
        case .sinkholeToHTTPS: return query(up, type: 65)
        case .formatError:
            let message = DNSBuilder.query(["a.example", "b.example"])
            return Sample(packet: up.udp(message), message: message)
        case .unknownVersion:
            let message = DNSQuery(version: 1).bytes
            return Sample(packet: up.udp(message), message: message)
        case .answerInStream:
            let message = DNSQuery(options: []).bytes
            return Sample(packet: stream.segment(DNSBuilder.prefixed(message), at: 0), message: message)
        case .rewrite:
            let message = DNSBuilder.response("www.example.org", answers: [DNSBuilder.alias("listed.example")])
            return Sample(packet: up.reversed.udp(message), message: message)
        case .rewriteInStream:
            let message = DNSBuilder.response("www.example.org", answers: [DNSBuilder.alias("listed.example")])
            let data = DNSBuilder.prefixed(DNSBuilder.response("other.example")) + DNSBuilder.prefixed(message)
            return Sample(packet: stream.answer(data, at: 0, acknowledging: 80), message: message)
        case .page:
            let request = Array("GET / HTTP/1.1\r\nHost: listed.example\r\n\r\n".utf8)
            return Sample(
                packet: TCPConversation(from: client, to: web(v6)).segment(request, at: 0),
                message: Self.response
            )
        case .resetSender, .resetReceiver:
            return Sample(packet: TCPConversation(from: client, to: web(v6)).segment([1, 2, 3], at: 0))
        case .resetSenderOfSYN, .resetReceiverOfSYN:
            return Sample(packet: TCPConversation(from: client, to: web(v6)).syn)
        case .portUnreachable:
            let datagram = [0x40] + [UInt8](repeating: 0x5A, count: 24)
            return Sample(packet: PacketBuilder(from: client, to: web(v6)).udp(datagram))
        }
    }

    /// Composes it; nil where the composer refuses, and then has no packet.
    func compose(_ sample: Sample, limit: Int? = nil, as other: BlockedAnswer? = nil) -> [UInt8]? {
        // An octet less than the sinkhole's answer needs.
        let limit = limit ?? (self == .cutSinkhole ? Self.cutLimit(sample) : 1_280)
        let blocked = other ?? blocked
        let message = sample.message.span
        let isValid = sample.packet.isEmpty == false
        return isValid
            ? composed(sample.packet) { composer, packet in
                switch self {
                case .nxdomain, .nodata, .refused, .sinkhole, .sinkholeToAny, .sinkholeToHTTPS, .cutSinkhole,
                    .formatError, .unknownVersion:
                    composer.answer(packet, message: message, as: blocked, from: nil, limit: limit)
                case .answerInStream:
                    composer.answerInStream(packet, message: message, as: blocked, limit: limit)
                case .rewrite: composer.rewrite(packet, message: message, as: blocked)
                case .rewriteInStream:
                    composer.rewriteInStream(packet, message: message, as: blocked, limit: limit)
                case .page: composer.page(packet, content: message, limit: limit)
                case .resetSender, .resetSenderOfSYN: composer.resetSender(of: packet)
                case .resetReceiver, .resetReceiverOfSYN: composer.resetReceiver(of: packet)
                case .portUnreachable:
                    composer.portUnreachable(packet, in: sample.packet.span, from: nil, limit: limit)
                }
            } : nil
    }

    private static func cutLimit(_ sample: Sample) -> Int {
        guard let version = sample.packet.first else { return 0 }
        return version >> 4 == 6 ? 40 + 8 + 33 + 28 + 11 - 1 : 20 + 8 + 33 + 16 + 11 - 1
    }

    private func web(_ v6: Bool) -> Endpoint { v6 ? .v6(80, port: 80) : .v4(80, port: 80) }

    private func query(_ builder: PacketBuilder, type: UInt16) -> Sample {
        let message = DNSQuery(type: type, options: []).bytes
        return Sample(packet: builder.udp(message), message: message)
    }
}

/// A DNS query, all of whose parts can be had otherwise.
struct DNSQuery {
    var identifier: UInt16 = 0x1234
    var flags: UInt16 = 0x0100
    var questions: [[UInt8]]
    /// Options of the OPT record, each with its header; nil for no OPT record.
    var options: [[UInt8]]?
    var version: UInt8 = 0
    var isSecurityAware = false
    /// Additional records behind the OPT record.
    var additional: [[UInt8]] = []
    var answers: [[UInt8]] = []
    var trailing: [UInt8] = []

    init(
        _ name: [UInt8] = DNSBuilder.name("wWw.eXample.org"),
        type: UInt16 = 1,
        recordClass: UInt16 = 1,
        options: [[UInt8]]? = [],
        version: UInt8 = 0
    ) {
        questions = [name + bigEndian(type) + bigEndian(recordClass)]
        self.options = options
        self.version = version
    }

    var bytes: [UInt8] {
        let records = answers + (opt.map { [$0] } ?? []) + additional
        let counts = [questions.count, answers.count, 0, records.count - answers.count].map { bigEndian(UInt16($0)) }
        return bigEndian(identifier) + bigEndian(flags) + Array(counts.joined())
            + Array((questions + records).joined()) + trailing
    }

    /// The OPT record.
    var opt: [UInt8]? {
        guard let options else { return nil }
        let data = Array(options.joined())
        return [0, 0, 41, 0x10, 0, 0, version, isSecurityAware ? 0x80 : 0, 0] + bigEndian(UInt16(data.count)) + data
    }

    /// The UDP packet that asks it.
    func packet(v6: Bool = false) -> [UInt8] {
        let builder =
            v6
            ? PacketBuilder(from: .v6(7, port: 40_000), to: .v6(53, port: 53))
            : PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 53))
        return builder.udp(bytes)
    }

    /// The message that it is answered with; nil where it gets none.
    func answer(_ blocked: BlockedAnswer, v6: Bool = false, limit: Int = 1_280) -> [UInt8]? {
        let message = bytes
        let packet = composed(packet(v6: v6)) { composer, packet in
            composer.answer(packet, message: message.span, as: blocked, from: nil, limit: limit)
        }
        return packet.map { Array($0[((v6 ? 40 : 20) + 8)...]) }
    }
}

/// What `body` composes of a packet's view; nil where it refuses, or where the packet is none.
func composed(_ bytes: [UInt8], _ body: (inout PacketComposer, IPPacket) -> Bool) -> [UInt8]? {
    var composer = PacketComposer()
    guard let packet = try? IPPacket(parsing: bytes.span) else { return nil }
    guard body(&composer, packet) else { return composer.packet.isEmpty ? nil : [] }
    return composer.packet.array
}

extension Span where Element == UInt8 {
    /// The octets as an array.
    var array: [UInt8] { indices.map { self[$0] } }
}
