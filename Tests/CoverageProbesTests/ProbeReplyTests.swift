import Telemetry
import TestSupport
import Testing
import Wire

@testable import CoverageProbes

@Suite("Replies to probes")
struct ProbeReplyTests {
    /// An OPT record with an extended error.
    private static func extendedError(_ code: UInt16, text: String = "") -> [UInt8] {
        let data = bigEndian(UInt16(15)) + bigEndian(UInt16(2 + text.utf8.count)) + bigEndian(code) + Array(text.utf8)
        return [0, 0, 41, 4, 208, 0, 0, 0, 0] + bigEndian(UInt16(data.count)) + data
    }

    private static func reply(
        code: UInt16,
        answers: [[UInt8]] = [],
        error: UInt16? = nil,
        flags: UInt16 = 0x8180,
        type: UInt16 = 1
    ) -> [UInt8] {
        var octets = bigEndian(UInt16(7)) + bigEndian(flags | code) + [0, 1] + bigEndian(UInt16(answers.count))
        octets += [0, 0, 0, error == nil ? 0 : 1] + DNSBuilder.name("www.blocked.test") + bigEndian(type) + [0, 1]
        return octets + answers.joined() + (error.map { extendedError($0, text: "why") } ?? [])
    }

    private static let address = DNSBuilder.record(type: 1, data: [198, 51, 100, 1])

    private func answer(_ octets: [UInt8], sinkholes: Set<[UInt8]> = []) -> (ProbeAnswer, Bool)? {
        DNSReply(parsing: octets, identifier: 7, type: .a)?.answer(sinkholes: sinkholes)
    }

    @Test func `responses of DNS are told apart`() throws {
        let cases: [([UInt8], ProbeAnswer, Bool)] = [
            (Self.reply(code: 0, answers: [Self.address]), .served, false),
            (Self.reply(code: 0), .nodata, false),
            (Self.reply(code: 0, error: 15), .nodata, true),
            (Self.reply(code: 3), .nxdomain, false),
            (Self.reply(code: 3, error: 16), .nxdomain, true),
            (Self.reply(code: 3, error: 22), .nxdomain, false),
            (Self.reply(code: 5, error: 15), .refused, true),
            (Self.reply(code: 2), .failure, false),
            (Self.reply(code: 0, answers: [Self.address], error: 4), .served, true),
            (Self.reply(code: 0, flags: 0x8380), .truncated, false),
        ]
        for (octets, expected, isMarked) in cases {
            let (found, mark) = try #require(answer(octets))
            #expect(found == expected && mark == isMarked, "\(expected)")
        }
        let sinkhole = try #require(
            answer(Self.reply(code: 0, answers: [Self.address]), sinkholes: [[198, 51, 100, 1]])
        )
        #expect(sinkhole == (.sinkhole, false))
    }

    @Test func `a reply to another question is none`() {
        let octets = Self.reply(code: 0)
        #expect(DNSReply(parsing: octets, identifier: 8, type: .a) == nil)
        #expect(DNSReply(parsing: octets, identifier: 7, type: .aaaa) == nil)
        // A query is no reply.
        #expect(DNSReply(parsing: Self.reply(code: 0, flags: 0x0100), identifier: 7, type: .a) == nil)
    }

    @Test func `every prefix and every mutation of a reply parses or does not`() {
        let octets = Self.reply(code: 0, answers: [DNSBuilder.alias("a.test"), Self.address], error: 15)
        for length in 0..<octets.count {
            #expect(DNSReply(parsing: Array(octets[..<length]), identifier: 7, type: .a) == nil)
        }
        var random = SeededRandom(seed: 8)
        for _ in 0..<20_000 {
            var mutant = octets
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                mutant[Int.random(in: 0..<mutant.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let reply = DNSReply(parsing: mutant, identifier: 7, type: .a) {
                #expect(reply.addresses.allSatisfy { $0.count == 4 || $0.count == 16 })
            }
        }
    }

    @Test func `heads of HTTP are told apart, and waited for`() throws {
        func head(_ text: String) -> HTTPReply? { HTTPReply(parsing: Array(text.utf8)) }
        #expect(head("HTTP/1.1 200 OK\r\nServer: x\r\n") == nil)
        #expect(try #require(head("HTTP/1.1 200 OK\r\n\r\n")).isStopPage == false)
        #expect(try #require(head("HTTP/1.0 451 Unavailable\r\nX: y\r\n\r\nbody")).isStopPage)
        let redirect = "HTTP/1.1 302 Found\r\nLocation: https://stop.example/\r\n"
        #expect(try #require(head(redirect + "\r\n")).isStopPage == false)
        let fields = "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
        #expect(try #require(head(redirect + fields + "\r\n")).isStopPage)
        #expect(try #require(head(String(repeating: "x", count: 10_000))).status == 0)
        #expect(try #require(head("\n\n")).status == 0)
    }

    @Test func `every mutation of a head of HTTP is read without a trap`() {
        let octets = Array("HTTP/1.1 451 Unavailable\r\nA: b\r\n\r\n".utf8)
        var random = SeededRandom(seed: 9)
        for _ in 0..<20_000 {
            var mutant = octets
            mutant[Int.random(in: 0..<mutant.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            mutant.removeLast(Int.random(in: 0..<mutant.count, using: &random))
            _ = HTTPReply(parsing: mutant)?.isStopPage
        }
    }

    @Test(arguments: Mechanism.allCases)
    func `messages are those that a sensor reads`(mechanism: Mechanism) throws {
        let name = try TestName(undeclared: "www.blocked.test")
        let server = try #require(ProbeAddress("192.0.2.1"))
        let probe = Probe(Probe.Route(mechanism, mechanism == .dnsUDP ? .https : nil, server), name)
        let message = ProbeMessage(probe)
        var found = DomainName()
        switch mechanism {
        case .dnsUDP:
            // Type HTTPS, class IN, behind the name; the whole fits what any path lets pass.
            let question = DNSBuilder.name("www.blocked.test") + [0, 65, 0, 1]
            #expect(Array(message.octets[12..<12 + question.count]) == question)
            #expect((256...512).contains(message.octets.count))
            #expect(Array(message.octets[..<2]) == bigEndian(message.identifier))
        case .dnsTCP:
            #expect(Array(message.octets[..<2]) == bigEndian(UInt16(message.octets.count - 2)))
        case .tlsSNI:
            let expected = Array("www.blocked.test".utf8)
            #expect(message.octets[0] == 22 && message.octets.contains(expected))
        case .quicV1:
            #expect(message.octets.count >= 1_200 && Array(message.octets[1..<5]) == [0, 0, 0, 1])
        case .quicV2:
            #expect(message.octets.count >= 1_200 && Array(message.octets[1..<5]) == [0x6B, 0x33, 0x43, 0xCF])
        case .httpHost:
            #expect(String(decoding: message.octets, as: UTF8.self).contains("\r\nHost: www.blocked.test\r\n"))
        }
        try found.assign(text: Array("www.blocked.test".utf8).span)
        #expect(ProbeMessage(probe).connectionID != message.connectionID)
    }

    @Test func `only a long header for our connection answers QUIC`() {
        let id: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let packet: [UInt8] = [0xC0, 0, 0, 0, 1, 8] + id + [0, 9, 9]
        #expect(ProbeRunner.isAnswer(packet, to: id))
        #expect(ProbeRunner.isAnswer(packet, to: [1, 2, 3, 4, 5, 6, 7, 9]) == false)
        #expect(ProbeRunner.isAnswer([0x40] + packet.dropFirst(), to: id) == false)
        for length in 0..<14 { #expect(ProbeRunner.isAnswer(Array(packet[..<length]), to: id) == false) }
    }

    @Test func `addresses are read and written`() throws {
        for text in ["192.0.2.1", "2001:db8::1", "::1"] {
            #expect(try #require(ProbeAddress(text)).description == text)
        }
        for text in ["", "192.0.2", "192.0.2.1:53", "resolver.test", "2001:db8::g", "[::1]"] {
            #expect(ProbeAddress(text) == nil)
        }
        #expect(ProbeAddress(IPAddress(v4: 0xC000_0201)) == ProbeAddress("192.0.2.1"))
        #expect(ProbeAddress(IPAddress(v6: 0x2001_0DB8_0000_0000, 1)) == ProbeAddress("2001:db8::1"))
    }
}

@Suite("Verdicts of probes")
struct ProbeVerdictTests {
    private let served = ProbeOutcome(.served)

    @Test func `what differs from a name on no list was blocked`() {
        for answer in [ProbeAnswer.timeout, .reset, .unreachable, .page, .sinkhole] {
            #expect(ProbeVerdict(ProbeOutcome(answer), controls: [served, served]) == .blocked(answer))
        }
        #expect(ProbeVerdict(served, controls: [served, served]) == .passed)
    }

    @Test func `a name that does not exist is no blocked one`() {
        let missing = ProbeOutcome(.nxdomain)
        #expect(ProbeVerdict(missing, controls: [missing, missing]) == .unclear(.sameAsUnlisted))
        #expect(ProbeVerdict(ProbeOutcome(.nodata), controls: [missing, missing]) == .unclear(.sameAsUnlisted))
        #expect(ProbeVerdict(missing, controls: [served, served]) == .blocked(.nxdomain))
        #expect(
            ProbeVerdict(ProbeOutcome(.nxdomain, isMarked: true), controls: [missing, missing]) == .blocked(.nxdomain)
        )
        // An address that is marked as forged is a sinkhole's.
        #expect(ProbeVerdict(ProbeOutcome(.served, isMarked: true), controls: [missing]) == .blocked(.sinkhole))
    }

    @Test func `nothing is said where a name on no list fared no better`() {
        for control in [ProbeAnswer.timeout, .reset, .closed, .unreachable, .unconnected, .page, .sinkhole] {
            for answer in ProbeAnswer.allCases {
                let verdict = ProbeVerdict(ProbeOutcome(answer), controls: [served, ProbeOutcome(control)])
                #expect(verdict == .unclear(.controlFailed))
            }
        }
        #expect(ProbeVerdict(ProbeOutcome(.timeout), controls: []) == .unclear(.controlFailed))
        let marked = ProbeOutcome(.nxdomain, isMarked: true)
        #expect(ProbeVerdict(marked, controls: [marked, marked]) == .unclear(.controlFailed))
    }

    @Test(arguments: [ProbeAnswer.failure, .truncated, .closed, .unconnected])
    func `an answer without a meaning is unclear`(answer: ProbeAnswer) {
        #expect(ProbeVerdict(ProbeOutcome(answer), controls: [served, served]) == .unclear(.noAnswer))
    }
}
