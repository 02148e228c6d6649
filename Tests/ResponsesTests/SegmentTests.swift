import Responses
import TestSupport
import Testing
import Wire

@Suite("Composed TCP segments (RFC 9293)")
struct SegmentTests {
    private static let up = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(80, port: 443))

    private func toSender(_ packet: [UInt8]) -> Reading? {
        composed(packet) { $0.resetSender(of: $1) }.flatMap { Reading($0) }
    }

    private func page(_ packet: [UInt8], _ content: [UInt8], limit: Int = 1_280) -> [UInt8]? {
        composed(packet) { $0.page($1, content: content.span, limit: limit) }
    }

    private func toReceiver(_ packet: [UInt8]) -> Reading? {
        composed(packet) { $0.resetReceiver(of: $1) }.flatMap { Reading($0) }
    }

    // MARK: Resets

    @Test func `the sender's reset has the sequence number it expects`() throws {
        let reset = try #require(toSender(Self.up.tcp([1, 2, 3], sequence: 7, acknowledgment: 0xFFFF_FFFF)))
        #expect(reset.source == [192, 0, 2, 80] && reset.destination == [192, 0, 2, 7])
        #expect(reset.sourcePort == 443 && reset.destinationPort == 40_000)
        #expect(reset.flags == 0x04)
        #expect(reset.sequence == 0xFFFF_FFFF)
        #expect(reset.acknowledgment == 0)
        #expect(reset.window == 0 && reset.data.isEmpty)
    }

    @Test(
        arguments: [
            ([.syn], 0, 1), ([.syn], 5, 6), ([.fin], 0, 1), ([], 4, 4), ([.syn, .fin], 2, 4), ([.push], 1, 1),
        ] as [(PacketBuilder.Flags, Int, UInt32)]
    )
    func `a segment without ACK is acknowledged, SYN and FIN counted`(
        flags: PacketBuilder.Flags,
        count: Int,
        length: UInt32
    ) throws {
        let data = [UInt8](repeating: 9, count: count)
        // Options are no part of the length, and the sum may wrap.
        for (sequence, options) in [(1_000, []), (0xFFFF_FFFF, [2, 4, 5, 0xB4])] as [(UInt32, [UInt8])] {
            let packet = Self.up.tcp(data, flags: flags, sequence: sequence, acknowledgment: 77, options: options)
            let reset = try #require(toSender(packet))
            #expect(reset.flags == 0x14)
            #expect(reset.sequence == 0)
            #expect(reset.acknowledgment == sequence &+ length)
        }
    }

    @Test func `the receiver's reset takes the segment's place`() throws {
        let reset = try #require(toReceiver(Self.up.tcp([1, 2, 3], sequence: 7, acknowledgment: 8)))
        #expect(reset.source == [192, 0, 2, 7] && reset.destination == [192, 0, 2, 80])
        #expect(reset.sourcePort == 40_000 && reset.destinationPort == 443)
        #expect(reset.flags == 0x14)
        #expect(reset.sequence == 7 && reset.acknowledgment == 8)
        let first = try #require(toReceiver(Self.up.tcp([], flags: .syn, sequence: 7, acknowledgment: 8)))
        #expect(first.flags == 0x04)
        #expect(first.sequence == 7 && first.acknowledgment == 0)
    }

    @Test func `a reset is not answered with a reset`() {
        for flags in [[.rst], [.rst, .ack]] as [PacketBuilder.Flags] {
            let packet = Self.up.tcp([], flags: flags, sequence: 7, acknowledgment: 8)
            #expect(toSender(packet) == nil)
            #expect(toReceiver(packet) == nil)
        }
    }

    @Test(arguments: [false, true])
    func `lengths are what the header states, though less was copied`(v6: Bool) throws {
        let builder = v6 ? PacketBuilder(from: .v6(7, port: 4), to: .v6(80, port: 80)) : Self.up
        // Merged by the kernel: 60,000 octets behind 32 of header, of which 100 were copied.
        let whole = builder.tcp(
            [UInt8](repeating: 1, count: 60_000),
            flags: [.push],
            sequence: 5,
            options: [UInt8](repeating: 1, count: 12)
        )
        for count in [100, whole.count] {
            let reset = try #require(toSender(Array(whole[..<count])))
            #expect(reset.acknowledgment == 60_005)
        }
        var request = whole
        request[(v6 ? 40 : 20) + 13] = 0x18
        let cut = Array(request[..<100])
        let answer = page(cut, Kind.response)
        #expect(try #require(answer.flatMap { Reading($0) }).acknowledgment == 60_005)
    }

    @Test func `a header of zero length means to the end of the octets`() throws {
        var whole = Self.up.tcp([UInt8](repeating: 1, count: 70_000), flags: [.push], sequence: 5)
        #expect(Array(whole[2..<4]) == [0, 0])
        #expect(try #require(toSender(whole)).acknowledgment == 70_005)
        whole.removeLast(69_999)
        #expect(try #require(toSender(whole)).acknowledgment == 6)
    }

    @Test func `segments without a whole header get nothing`() {
        let packet = Self.up.tcp([], sequence: 7, options: [1, 1, 1, 1])
        for count in 0..<44 {
            #expect(toSender(Array(packet[..<count])) == nil)
            #expect(toReceiver(Array(packet[..<count])) == nil)
        }
        #expect(toSender(packet) != nil)
    }

    // MARK: Data

    private static let stream = TCPConversation(to: .v4(53, port: 53))
    private static let message = DNSQuery().bytes
    private static let blocked = BlockedAnswer(result: .nxdomain, extendedError: 15, text: Array("text".utf8))

    private func inStream(_ packet: [UInt8], limit: Int = 1_280) -> Reading? {
        composed(packet) { $0.answerInStream($1, message: Self.message.span, as: Self.blocked, limit: limit) }
            .flatMap { Reading($0) }
    }

    @Test func `an answer in a stream follows on, behind its length, and ends the connection`() throws {
        // The query's second half; the first came in a segment before.
        let half = Array(DNSBuilder.prefixed(Self.message)[20...])
        let reading = try #require(inStream(Self.stream.segment(half, at: 20)))
        #expect(reading.source == [192, 0, 2, 53] && reading.destination == [192, 0, 2, 7])
        #expect(reading.sourcePort == 53 && reading.destinationPort == 40_000)
        #expect(reading.flags == 0x19)
        #expect(reading.sequence == 900_001)
        #expect(reading.acknowledgment == 1_001 + 20 + UInt32(half.count))
        #expect(reading.window == 65_535)
        #expect(Int(reading.data[0]) << 8 | Int(reading.data[1]) == reading.data.count - 2)
        let answer = try #require(Answer(Array(reading.data.dropFirst(2))))
        #expect(answer.flags == 0x8183)
        #expect(answer.options == [Answer.Option(code: 15, data: [0, 15] + Array("text".utf8))])
    }

    @Test func `a client's FIN is acknowledged too`() throws {
        let data = DNSBuilder.prefixed(Self.message)
        let packet = Self.stream.client.tcp(data, flags: [.ack, .fin], sequence: 10, acknowledgment: 20)
        #expect(try #require(inStream(packet)).acknowledgment == 11 + UInt32(data.count))
    }

    @Test func `an answer in a stream is never cut`() throws {
        let packet = Self.stream.segment(DNSBuilder.prefixed(Self.message), at: 0)
        let bare = 40 + 2 + Self.message.count
        #expect(try #require(inStream(packet, limit: bare + 9)).data.count == 2 + Self.message.count + 6)
        #expect(try #require(inStream(packet, limit: bare)).data.count == 2 + Self.message.count)
        #expect(inStream(packet, limit: bare - 1) == nil)
        let sinkhole = BlockedAnswer(result: .sinkhole, sinkholeV4: IPAddress(v4: 0xC633_6407))
        for (limit, isComposed) in [(bare + 16, true), (bare + 15, false)] {
            let result = composed(packet) {
                $0.answerInStream($1, message: Self.message.span, as: sinkhole, limit: limit)
            }
            #expect((result != nil) == isComposed)
        }
    }

    @Test func `segments that do not say what the client expects get no data`() {
        let data = DNSBuilder.prefixed(Self.message)
        for flags in [[.push], [.syn], [.syn, .ack], [.rst, .ack]] as [PacketBuilder.Flags] {
            let packet = Self.stream.client.tcp(data, flags: flags, sequence: 10, acknowledgment: 20)
            #expect(inStream(packet) == nil)
            #expect(page(packet, Kind.response) == nil)
        }
    }

    @Test func `a page is sent as it is, or not at all`() throws {
        let packet = Self.stream.segment([1], at: 0)
        let length = 40 + Kind.response.count
        let answer = page(packet, Kind.response, limit: length)
        #expect(try #require(answer.flatMap { Reading($0) }).data == Kind.response)
        #expect(page(packet, Kind.response, limit: length - 1) == nil)
        #expect(page(packet, []) == nil)
        let most = [UInt8](repeating: 1, count: 1_240)
        #expect(page(packet, most, limit: 65_535)?.count == 1_280)
        let long = [UInt8](repeating: 1, count: 1_241)
        #expect(page(packet, long, limit: 65_535) == nil)
    }

    // MARK: Answers in a stream that lead on to a listed name

    private static let alias = DNSBuilder.response("a.example", answers: [DNSBuilder.alias("listed.example")])

    private func rewritten(_ data: [UInt8], limit: Int = 1_280) -> Reading? {
        composed(Self.stream.answer(data, at: 100, acknowledging: 50)) {
            $0.rewriteInStream($1, message: Self.alias.span, as: BlockedAnswer(result: .nxdomain), limit: limit)
        }.flatMap { Reading($0) }
    }

    @Test func `an answer in a stream gives way, and the connection ends behind it`() throws {
        let later = DNSBuilder.prefixed(DNSBuilder.response("later.example"))
        let reading = try #require(rewritten(DNSBuilder.prefixed(Self.alias) + later))
        #expect(reading.source == [192, 0, 2, 53] && reading.sourcePort == 53)
        #expect(reading.flags == 0x19)
        #expect(reading.sequence == 900_101 && reading.acknowledgment == 1_051)
        #expect(try #require(Answer(Array(reading.data.dropFirst(2)))).flags == 0x8183)
        #expect(Int(reading.data[1]) == reading.data.count - 2)
    }

    @Test func `answers before it in the segment stay`() throws {
        let other = DNSBuilder.prefixed(DNSBuilder.response("other.example"))
        // One of the same length is not taken for it.
        let twin = DNSBuilder.prefixed(DNSBuilder.response("b.example", answers: [DNSBuilder.alias("listed.example")]))
        let reading = try #require(rewritten(other + twin + DNSBuilder.prefixed(Self.alias)))
        #expect(Array(reading.data.prefix(other.count + twin.count)) == other + twin)
        let answer = Answer(Array(reading.data.dropFirst(other.count + twin.count + 2)))
        #expect(try #require(answer).responseCode == 3)
        #expect(rewritten(other + twin + DNSBuilder.prefixed(Self.alias), limit: 40 + other.count + twin.count) == nil)
    }

    @Test func `an answer whose beginning is gone already is not replaced`() {
        let data = DNSBuilder.prefixed(Self.alias)
        #expect(rewritten(Self.alias) == nil)
        #expect(rewritten(Array(data[10...])) == nil)
        #expect(rewritten(Array(data.dropLast())) == nil)
        #expect(rewritten([]) == nil)
    }
}
