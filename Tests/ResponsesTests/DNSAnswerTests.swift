import Responses
import TestSupport
import Testing
import Wire

@Suite("DNS answer (RFC 1035, RFC 2308, RFC 6891, RFC 8914)")
struct DNSAnswerTests {
    private static let nxdomain = BlockedAnswer(result: .nxdomain)
    private static let sinkhole = BlockedAnswer(
        result: .sinkhole,
        sinkholeV4: IPAddress(v4: 0xC633_6407),
        sinkholeV6: IPAddress(v6: 0x2001_0DB8_0000_0000, 0x63),
        timeToLive: 30
    )
    private static let v4 = hex("C6336407")
    private static let v6 = hex("20010DB8000000000000000000000063")

    /// A name of labels with these lengths.
    private static func name(labels: [Int]) -> [UInt8] {
        labels.flatMap { length in [UInt8(length)] + [UInt8](repeating: 0x41, count: length) } + [0]
    }

    private func answer(_ query: DNSQuery, _ blocked: BlockedAnswer, limit: Int = 1_280) throws -> Answer {
        try #require(Answer(query.answer(blocked, limit: limit)))
    }

    // MARK: Header and question

    @Test(
        arguments: [(BlockedAnswer.Result.nxdomain, 3), (.nodata, 0), (.refused, 5)] as [(BlockedAnswer.Result, UInt16)]
    )
    func `each result has its response code and no records`(result: BlockedAnswer.Result, code: UInt16) throws {
        let answer = try answer(DNSQuery(options: nil), BlockedAnswer(result: result))
        #expect(answer.responseCode == code)
        #expect(answer.answers.isEmpty)
        #expect(answer.additional.isEmpty)
    }

    @Test func `identifier, RD and CD are the query's, and nothing else of its flags`() throws {
        // AA, TC, RA, Z, AD and a response code are set in the query.
        for (flags, expected) in [(0x0000, 0x8403), (0x0100, 0x8183), (0x0010, 0x8413), (0x07FF, 0x8193)] {
            var query = DNSQuery()
            query.identifier = 0xBEEF
            query.flags = UInt16(flags)
            let answer = try answer(query, Self.nxdomain)
            #expect(answer.identifier == 0xBEEF)
            #expect(answer.flags == UInt16(expected))
        }
    }

    @Test(
        arguments: [(.nxdomain, 0x8403), (.nodata, 0x8400), (.refused, 0x8005), (.sinkhole, 0x8400)]
            as [(BlockedAnswer.Result, UInt16)]
    )
    func `a resolver that iterates is answered with authority, where the answer is about the name`(
        result: BlockedAnswer.Result,
        flags: UInt16
    ) throws {
        var query = DNSQuery()
        query.flags = 0
        #expect(try answer(query, BlockedAnswer(result: result)).flags == flags)
        query.questions.append(DNSBuilder.name("b.example") + hex("0001 0001"))
        #expect(try answer(query, BlockedAnswer(result: result)).flags == 0x8001)
    }

    @Test func `the question is echoed octet for octet`() throws {
        // Mixed case (0x20), octets that are no text, an unknown type; the longest name; the root.
        let longest = Self.name(labels: [63, 63, 63, 61])
        for name in [DNSBuilder.name("wWw.ExAmPlE.oRg"), [3, 0, 0xFF, 0x2E, 0], longest, [0]] {
            let query = DNSQuery(name, type: 0xFF01)
            #expect(try answer(query, Self.nxdomain).question == query.questions[0])
        }
    }

    @Test func `queries that cannot be answered truthfully get nothing`() {
        var response = DNSQuery()
        response.flags = 0x8100
        #expect(response.answer(Self.nxdomain) == nil)
        for opcode in 1...15 as ClosedRange<UInt16> {
            var other = DNSQuery()
            other.flags = opcode << 11
            #expect(other.answer(Self.nxdomain) == nil)
        }
        var empty = DNSQuery()
        empty.questions = []
        #expect(empty.answer(Self.nxdomain) == nil)
        var cut = DNSQuery(options: nil)
        cut.questions[0].removeLast()
        #expect(cut.answer(Self.nxdomain) == nil)
        // A label of 64 octets.
        let long = DNSQuery([0x40] + [UInt8](repeating: 0x61, count: 64) + [0])
        #expect(long.answer(Self.nxdomain) == nil)
    }

    @Test func `signed queries get nothing`() throws {
        // TSIG (RFC 8945); a signature of the whole message (RFC 2931), and one of a record set, which is none.
        var query = DNSQuery()
        let owner = DNSBuilder.name("key.example")
        query.additional = [owner + hex("00FA 00FF 00000000 0000")]
        #expect(query.answer(Self.nxdomain) == nil)
        query.additional = [hex("00 0018 00FF 00000000 0004 0000 0500")]
        #expect(query.answer(Self.nxdomain) == nil)
        query.additional = [hex("00 0018 0001 00000000 0004 0001 0500")]
        #expect(try answer(query, Self.nxdomain).responseCode == 3)
    }

    @Test func `several questions are a format error, which echoes none`() throws {
        var query = DNSQuery(options: [])
        query.questions.append(DNSBuilder.name("b.example") + hex("0001 0001"))
        let answer = try answer(query, BlockedAnswer(result: .sinkhole, extendedError: 15))
        #expect(answer.flags == 0x8181)
        #expect(answer.question.isEmpty)
        #expect(answer.options == [])
        query.options = nil
        #expect(try self.answer(query, Self.nxdomain).additional.isEmpty)
    }

    @Test func `a question with a pointer is a format error, which echoes none`() throws {
        for name in [hex("C00C"), hex("03 777777 C000"), hex("01 61 C02A")] {
            let answer = try answer(DNSQuery(name), Self.nxdomain)
            #expect(answer.responseCode == 1)
            #expect(answer.question.isEmpty)
            #expect(answer.opt != nil)
        }
    }

    @Test func `a name that is too long is a format error`() throws {
        let name = Self.name(labels: [63, 63, 63, 62])
        #expect(try answer(DNSQuery(name), Self.nxdomain).responseCode == 1)
    }

    @Test func `octets behind the message are passed over`() throws {
        var query = DNSQuery()
        let clean = query.answer(Self.nxdomain)
        query.trailing = [1, 2, 3]
        #expect(query.answer(Self.nxdomain) == clean)
    }

    @Test func `records of the query are walked over to find OPT, and a cut one is a format error`() throws {
        var query = DNSQuery(options: [])
        query.answers = [DNSBuilder.alias("a.example"), DNSBuilder.record(type: 1, data: [192, 0, 2, 1])]
        #expect(try answer(query, Self.nxdomain).opt != nil)
        query.additional = [DNSBuilder.record(type: 1, data: [192, 0, 2, 1]).dropLast()]
        let answer = try answer(query, Self.nxdomain)
        #expect(answer.responseCode == 1)
        #expect(answer.question == query.questions[0])
        #expect(answer.opt != nil)
    }

    @Test func `a query that was not copied whole is no fault of the client's`() throws {
        let query = DNSQuery(options: [hex("000C 0000")])
        let packet = Array(query.packet().dropLast(2))
        let message = Array(query.bytes.dropLast(2))
        let result = composed(packet) {
            $0.answer($1, message: message.span, as: Self.nxdomain, from: nil, limit: 1_280)
        }
        let answer = try #require(Answer(Reading(result)?.data))
        #expect(answer.responseCode == 3)
        #expect(answer.opt != nil)
    }

    // MARK: EDNS

    @Test func `there is an OPT record where the query has one, and DO is its`() throws {
        var query = DNSQuery(options: nil)
        #expect(try answer(query, Self.nxdomain).additional.isEmpty)
        query.options = []
        let plain = try #require(try answer(query, Self.nxdomain).opt)
        #expect(plain == Answer.Record(owner: [0], type: 41, recordClass: 1_232, timeToLive: 0, data: []))
        query.isSecurityAware = true
        #expect(try answer(query, Self.nxdomain).opt?.timeToLive == 0x8000)
        // No signature is claimed for it.
        #expect(try answer(query, Self.nxdomain).flags & 0x0020 == 0)
    }

    @Test func `a higher version of EDNS is told which one we have`() throws {
        var query = DNSQuery(version: 1)
        query.isSecurityAware = true
        let answer = try answer(query, BlockedAnswer(result: .sinkhole, sinkholeV4: IPAddress(v4: 0xC633_6407)))
        // BADVERS, 16: the upper eight bits in OPT, whose version is zero.
        #expect(answer.responseCode == 0)
        #expect(answer.opt?.timeToLive == 0x0100_8000)
        #expect(answer.answers.isEmpty)
        #expect(answer.question == query.questions[0])
    }

    @Test func `broken OPT records are a format error with one OPT record`() throws {
        var two = DNSQuery()
        two.additional = [try #require(two.opt)]
        var named = DNSQuery(options: nil)
        named.additional = [DNSBuilder.name("a.example") + hex("0029 1000 00000000 0000")]
        let long = DNSQuery(options: [hex("000C 0005 00")])
        let short = DNSQuery(options: [hex("000C 00")])
        for query in [two, named, long, short] {
            let answer = try answer(query, Self.nxdomain)
            #expect(answer.responseCode == 1)
            #expect(answer.options == [])
        }
    }

    @Test func `padding is answered with none, and cookies with nothing`() throws {
        let cookie = hex("000A 0008 0102030405060708")
        let query = DNSQuery(options: [cookie, hex("000C 0003 000000")])
        #expect(try answer(query, Self.nxdomain).options == [Answer.Option(code: 12, data: [])])
    }

    @Test func `the extended error comes with OPT only`() throws {
        let blocked = BlockedAnswer(result: .nxdomain, extendedError: 16, text: Array("åtgärd".utf8))
        #expect(
            try answer(DNSQuery(), blocked).options
                == [Answer.Option(code: 15, data: [0, 16] + Array("åtgärd".utf8))]
        )
        #expect(try answer(DNSQuery(options: nil), blocked).additional.isEmpty)
        let textAlone = BlockedAnswer(result: .nxdomain, text: Array("text".utf8))
        #expect(try answer(DNSQuery(), textAlone).options == [])
    }

    // MARK: Sinkholes

    @Test func `a sinkhole answers queries for addresses`() throws {
        let v4 = Answer.Record(owner: [0xC0, 12], type: 1, recordClass: 1, timeToLive: 30, data: Self.v4)
        let v6 = Answer.Record(owner: [0xC0, 12], type: 28, recordClass: 1, timeToLive: 30, data: Self.v6)
        #expect(try answer(DNSQuery(type: 1), Self.sinkhole).answers == [v4])
        #expect(try answer(DNSQuery(type: 28), Self.sinkhole).answers == [v6])
        #expect(try answer(DNSQuery(type: 255), Self.sinkhole).answers == [v4, v6])
    }

    @Test(arguments: [64, 65, 5, 2, 15, 16, 257, 65_535] as [UInt16])
    func `a sinkhole has no records of other types`(type: UInt16) throws {
        let answer = try answer(DNSQuery(type: type), Self.sinkhole)
        #expect(answer.flags == 0x8180)
        #expect(answer.answers.isEmpty)
    }

    @Test func `a sinkhole without an address of the version has no data`() throws {
        var half = Self.sinkhole
        half.sinkholeV6 = nil
        #expect(try answer(DNSQuery(type: 28), half).flags == 0x8180)
        #expect(try answer(DNSQuery(type: 28), half).answers.isEmpty)
        #expect(try answer(DNSQuery(type: 255), half).answers.map(\.type) == [1])
        half.sinkholeV4 = half.sinkholeV4.map { _ in IPAddress(v6: 1, 2) }
        #expect(try answer(DNSQuery(type: 1), half).answers.isEmpty)
    }

    @Test(arguments: [0, 3, 4, 254, 255] as [UInt16])
    func `another class than the Internet is refused`(recordClass: UInt16) throws {
        let query = DNSQuery(recordClass: recordClass)
        for blocked in [Self.sinkhole, Self.nxdomain, BlockedAnswer(result: .nodata)] {
            let answer = try answer(query, blocked)
            #expect(answer.responseCode == 5)
            #expect(answer.answers.isEmpty)
        }
    }

    // MARK: Limits

    @Test(arguments: [false, true])
    func `text, error, padding and addresses go in this order`(v6: Bool) throws {
        var blocked = Self.sinkhole
        blocked.extendedError = 4
        blocked.text = [UInt8](repeating: 0x61, count: 10)
        let query = DNSQuery(type: 1, options: [hex("000C 0000")])
        let header = (v6 ? 40 : 20) + 8
        let bare = 12 + query.questions[0].count + 11
        func options(_ limit: Int) throws -> (answers: Int, flags: UInt16, options: [Answer.Option]) {
            let bytes = try #require(query.answer(blocked, v6: v6, limit: header + limit))
            #expect(bytes.count <= limit)
            let answer = try #require(Answer(bytes))
            return (answer.answers.count, answer.flags, try #require(answer.options))
        }
        let padding = Answer.Option(code: 12, data: [])
        let full = try options(bare + 16 + 4 + 16)
        #expect(full.options == [Answer.Option(code: 15, data: [0, 4] + blocked.text), padding])
        #expect(try options(bare + 16 + 4 + 15).options == [Answer.Option(code: 15, data: [0, 4]), padding])
        #expect(try options(bare + 16 + 4 + 5).options == [padding])
        let last = try options(bare + 16)
        #expect(last.options == [] && last.answers == 1 && last.flags == 0x8180)
        let cut = try options(bare + 15)
        #expect(cut.options == [] && cut.answers == 0 && cut.flags == 0x8380)
        #expect(try options(bare).flags == 0x8380)
        #expect(query.answer(blocked, v6: v6, limit: header + bare - 1) == nil)
        for limit in [0, -1, Int.min] { #expect(query.answer(blocked, v6: v6, limit: limit) == nil) }
    }

    @Test func `an answer without addresses is never cut`() throws {
        let query = DNSQuery(options: nil)
        let length = 28 + query.bytes.count
        #expect(try answer(query, Self.nxdomain, limit: length).flags == 0x8183)
        #expect(query.answer(Self.nxdomain, limit: length - 1) == nil)
    }

    @Test func `a limit of the query's length always leaves an answer`() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<2_000 {
            var query = DNSQuery(type: [1, 28, 65, 255].randomElement(using: &random) ?? 1)
            query.options = [nil, [], [hex("000C 0000")]].randomElement(using: &random) ?? nil
            query.version = UInt8.random(in: 0...1, using: &random)
            if Bool.random(using: &random) { query.questions.append(query.questions[0]) }
            if Bool.random(using: &random) { query.additional = [hex("00 0001")] }
            var blocked = Self.sinkhole
            blocked.extendedError = 15
            blocked.text = [UInt8](repeating: 0x61, count: 64)
            let isV6 = Bool.random(using: &random)
            #expect(query.answer(blocked, v6: isV6, limit: query.packet(v6: isV6).count) != nil)
        }
    }

    // MARK: Answers that lead on to a listed name

    private func rewritten(_ message: [UInt8], _ blocked: BlockedAnswer, from port: UInt16 = 53) -> Reading? {
        let packet = PacketBuilder(from: .v4(53, port: port), to: .v4(7, port: 40_000)).udp(message)
        let result = composed(packet) { $0.rewrite($1, message: message.span, as: blocked) }
        #expect(result.map { $0.count <= packet.count } != false)
        return result.flatMap { Reading($0) }
    }

    @Test func `an answer keeps its direction and gives way to the blocked one`() throws {
        // AA and AD are set, and an OPT record with DO.
        var message = DNSBuilder.response(
            "wWw.example.org",
            answers: [DNSBuilder.alias("listed.example")],
            flags: 0x85B0
        )
        message[11] = 1
        message += hex("00 0029 04D0 00008000 0000")
        let reading = try #require(rewritten(message, Self.sinkhole))
        #expect(reading.source == [192, 0, 2, 53] && reading.destination == [192, 0, 2, 7])
        #expect(reading.sourcePort == 53 && reading.destinationPort == 40_000)
        let answer = try #require(Answer(reading.data))
        #expect(answer.identifier == 0x1234)
        #expect(answer.flags == 0x8190)
        #expect(answer.question == DNSBuilder.name("wWw.example.org") + [0, 1, 0, 1])
        #expect(answer.answers.map(\.data) == [Self.v4])
        #expect(answer.opt?.timeToLive == 0x8000)
        #expect(try #require(Answer(rewritten(message, Self.nxdomain)?.data)).flags == 0x8193)
    }

    @Test func `what takes an answer's place is never longer`() throws {
        // An alias to the root: 13 octets, three less than an address's record.
        let message = DNSBuilder.response("a.example", answers: [DNSBuilder.record(type: 5, data: [0])])
        let answer = try #require(Answer(rewritten(message, Self.sinkhole)?.data))
        #expect(answer.answers.isEmpty)
        #expect(answer.flags == 0x8380)
    }

    @Test func `a cut answer is replaced, and one whose OPT record is cut off has none`() throws {
        var message = DNSBuilder.response("a.example", answers: [DNSBuilder.alias("listed.example")], flags: 0x8380)
        message[11] = 1
        let answer = try #require(Answer(rewritten(message, Self.nxdomain)?.data))
        #expect(answer.flags == 0x8183)
        #expect(answer.additional.isEmpty)
    }

    @Test func `queries, several questions, other opcodes and signed answers are not replaced`() {
        let answers = [DNSBuilder.alias("listed.example")]
        #expect(rewritten(DNSBuilder.query("a.example"), Self.nxdomain) == nil)
        #expect(rewritten(DNSBuilder.response("a.example", answers: answers, flags: 0xA980), Self.nxdomain) == nil)
        for count in [0, 2] as [UInt8] {
            var message = DNSBuilder.response("a.example", answers: answers)
            message[5] = count
            #expect(rewritten(message, Self.nxdomain) == nil)
        }
        var signed = DNSBuilder.response("a.example", answers: answers)
        signed[11] = 1
        signed += hex("00 00FA 00FF 00000000 0000")
        #expect(rewritten(signed, Self.nxdomain) == nil)
    }
}
