import TestSupport
import Testing
import Wire

@Suite("DNS message (RFC 1035 section 4)")
struct DNSMessageTests {
    static let header = hex("1234 0100 0001 0000 0000 0000")

    /// A query for the addresses of www.example.org.
    static let query = header + hex("03 777777 07 6578616D706C65 03 6F7267 00  0001 0001")

    /// Two questions, the second compressed (RFC 1035 section 4.1.4): ftp, then what stands at offset 16.
    static let twoQuestions =
        hex("1234 0100 0002 0000 0000 0000")
        + hex("03 777777 07 6578616D706C65 03 6F7267 00  0001 0001  03 667470 C010  001C 0001")

    struct Reading: Equatable {
        var name: String
        var type: UInt16
        var end: Int
    }

    static func read(_ bytes: Span<UInt8>, at offset: Int = 12) throws(WireError) -> Reading {
        let message = try DNSMessage(parsing: bytes)
        var name = DomainName()
        let question = try message.readQuestion(at: offset, into: &name)
        return Reading(name: name.presentation(), type: question.type, end: question.end)
    }

    private func error(_ bytes: [UInt8], at offset: Int = 12) -> WireError? {
        failure(bytes) { bytes throws(WireError) in _ = try Self.read(bytes, at: offset) }
    }

    /// A query for a name of labels with these lengths.
    private func query(labels: [Int]) -> [UInt8] {
        Self.header + labels.flatMap { [UInt8($0)] + [UInt8](repeating: 0x61, count: $0) } + hex("00 0001 0001")
    }

    @Test func `header and question are read`() throws {
        let message = try DNSMessage(parsing: Self.query.span)
        #expect(message.identifier == 0x1234)
        #expect(message.isResponse == false)
        #expect(message.opcode == 0)
        #expect(message.questionCount == 1)
        #expect(message.answerCount == 0)
        var name = DomainName()
        let question = try message.readQuestion(at: DNSMessage.firstQuestion, into: &name)
        #expect(name.presentation() == "www.example.org")
        #expect(question.type == 1)
        #expect(question.recordClass == 1)
        #expect(question.end == Self.query.count)
    }

    @Test func `a response and its opcode are told from the flags`() throws {
        let response = try DNSMessage(parsing: hex("0000 A980 0000 0007 0102 0304").span)
        #expect(response.isResponse == true)
        #expect(response.opcode == 5)
        #expect(response.answerCount == 7)
        let (authority, additional) = (response.authorityCount, response.additionalCount)
        #expect(authority == 0x0102)
        #expect(additional == 0x0304)
    }

    @Test(arguments: [(hex("0000"), 0), (hex("0001"), 1), (hex("0002"), 2), (hex("FFFF"), 65_535)])
    func `the count of questions is what the header states`(field: [UInt8], count: Int) throws {
        var bytes = Self.query
        bytes.replaceSubrange(4..<6, with: field)
        #expect(try DNSMessage(parsing: bytes.span).questionCount == count)
    }

    @Test func `a second question is read where the first ends`() throws {
        let first = try Self.read(Self.twoQuestions.span)
        #expect(first == Reading(name: "www.example.org", type: 1, end: 33))
        let second = try Self.read(Self.twoQuestions.span, at: first.end)
        #expect(second == Reading(name: "ftp.example.org", type: 28, end: Self.twoQuestions.count))
    }

    @Test func `letters are folded, whatever their case on the wire`() throws {
        // draft-vixie-dnsext-dns0x20: resolvers mix the case at random
        let mixed = Self.header + hex("03 775777 07 4578416D506C45 03 6F5267 00  0001 0001")
        #expect(try Self.read(mixed.span).name == "www.example.org")
        let around = Self.header + hex("06 405B605A7A7B 00 0001 0001")
        #expect(try Self.read(around.span).name == "@[`zz{")
    }

    @Test func `names of every length are what their text spells`() throws {
        var random = SeededRandom(seed: 7)
        var lengths: Set<Int> = []
        for _ in 0..<4_000 {
            var labels: [[UInt8]] = []
            var length = 0
            let largest = Int.random(in: 1...63, using: &random)
            while true {
                let count = Int.random(in: 1...largest, using: &random)
                guard length + count + 1 <= DomainName.maximumLength else { break }
                length += count + 1
                labels.append((0..<count).map { _ in "abcdXYZ019-_@[".utf8.randomElement(using: &random) ?? 0x61 })
                if Int.random(in: 0..<4, using: &random) == 0 { break }
            }
            guard length < DomainName.maximumLength else { continue }
            lengths.insert(length)
            let bytes = Self.header + labels.flatMap { [UInt8($0.count)] + $0 } + hex("00 0001 0001")
            let text = Array(labels.joined(separator: [UInt8(ascii: ".")]))
            let message = try DNSMessage(parsing: bytes.span)
            var name = DomainName()
            let end = try message.readQuestion(at: 12, into: &name).end
            #expect(end == bytes.count)
            let expected = try DomainName(text: text.span)
            #expect(
                name == expected && name.labelCount == labels.count && name.presentation() == expected.presentation()
            )
            for index in 0..<4 { #expect(name.boundaries[index] == expected.boundaries[index]) }
        }
        // On both sides of what one word can say.
        #expect(lengths.isSuperset(of: 60...68) && lengths.count > 150)
    }

    @Test func `the root can be asked for`() throws {
        #expect(try Self.read((Self.header + hex("00 0002 0001")).span) == Reading(name: ".", type: 2, end: 17))
    }

    @Test func `a name of only a pointer is read`() throws {
        let bytes = Self.query + hex("C00C 0001 0001")
        #expect(
            try Self.read(bytes.span, at: Self.query.count)
                == Reading(name: "www.example.org", type: 1, end: bytes.count)
        )
    }

    @Test func `pointers lead on to pointers, each further back`() throws {
        // offset 33: a + pointer to 16; offset 39: b + pointer to 33; offset 47: pointer to 39
        let bytes = Self.query + hex("01 61 C010 0000  01 62 C021  C027 0001 0001")
        #expect(try Self.read(bytes.span, at: 43) == Reading(name: "b.a.example.org", type: 1, end: 49))
    }

    @Test func `a pointer may lead forward`() throws {
        // RFC 1035 wants "a prior occurrence"; servers answer this all the same
        let bytes = Self.header + hex("C012 0001 0001 03 777777 00")
        #expect(try Self.read(bytes.span) == Reading(name: "www", type: 1, end: 18))
    }

    @Test(arguments: [
        ("to itself", hex("C00C 0001 0001"), WireError.limitExceeded(.dnsPointer)),
        ("to another that leads back", hex("C00E C00C 0001 0001"), .limitExceeded(.dnsPointer)),
        ("to the label it continues", hex("01 61 C00C 0001 0001"), .limitExceeded(.domainName)),
        ("into the label it continues", hex("01 61 C00D 0001 0001"), .malformed(.dnsLabel)),
        ("past the end", hex("FFFF 0001 0001"), .truncated(.dnsLabel)),
    ])
    func `a pointer that leads to no end is refused`(target: String, question: [UInt8], expected: WireError) {
        #expect(error(Self.header + question) == expected)
    }

    @Test func `127 pointers in a row are followed, 128 refused`() throws {
        // the root at offset 12, then pointers that each lead to the one before
        let chain = (0..<128).flatMap { index in
            let target = index == 0 ? 12 : 13 + 2 * (index - 1)
            return [0xC0 | UInt8(target >> 8), UInt8(target & 0xFF)]
        }
        let bytes = Self.header + [0] + chain + hex("0001 0001")
        #expect(try Self.read(bytes.span, at: 13 + 2 * 126).name == ".")
        #expect(error(bytes, at: 13 + 2 * 127) == .limitExceeded(.dnsPointer))
    }

    @Test(arguments: [UInt8(64), 0x7F, 0x80, 0xBF])
    func `the label types 01 and 10 are malformed`(octet: UInt8) {
        #expect(error(Self.header + [octet] + [UInt8](repeating: 0x61, count: 200)) == .malformed(.dnsLabel))
    }

    @Test func `a label of 63 octets is the longest`() throws {
        let name = try Self.read(query(labels: [63]).span).name
        #expect(name == String(repeating: "a", count: 63))
    }

    @Test(arguments: [[63, 63, 63, 60], [63, 63, 63, 61]])
    func `a name may take 255 octets with its root`(labels: [Int]) throws {
        let reading = try Self.read(query(labels: labels).span)
        #expect(reading.name.utf8.count == labels.reduce(-1) { $0 + $1 + 1 })
        #expect(reading.end == 12 + labels.reduce(1) { $0 + $1 + 1 } + 4)
    }

    @Test(arguments: [[63, 63, 63, 62], [63, 63, 63, 63], [63, 63, 63, 61, 1]])
    func `a name may not take 256 octets`(labels: [Int]) {
        #expect(error(query(labels: labels)) == .limitExceeded(.domainName))
    }

    @Test func `127 labels are read, 128 refused`() throws {
        let labels = [Int](repeating: 1, count: 127)
        #expect(
            try Self.read(query(labels: labels).span).name == Array(repeating: "a", count: 127).joined(separator: ".")
        )
        #expect(error(query(labels: labels + [1])) == .limitExceeded(.domainName))
    }

    @Test func `the limit counts the labels that pointers lead to`() throws {
        // at offset 12 a name of 4 * 50 + 1 octets, behind it 53 or 54 further octets that continue there
        let base = query(labels: [49, 49, 49, 49])
        func pointing(_ count: Int) -> [UInt8] {
            base + [UInt8(count)] + [UInt8](repeating: 0x62, count: count) + hex("C00C 0001 0001")
        }
        #expect(try Self.read(pointing(53).span, at: base.count).name.utf8.count == 253)
        #expect(error(pointing(54), at: base.count) == .limitExceeded(.domainName))
    }

    @Test func `a query is truncated wherever it is cut`() {
        for count in 0..<12 { #expect(error(Array(Self.query[..<count])) == .truncated(.dnsHeader)) }
        for count in 12..<29 { #expect(error(Array(Self.query[..<count])) == .truncated(.dnsLabel)) }
        for count in 29..<33 { #expect(error(Array(Self.query[..<count])) == .truncated(.dnsQuestion)) }
        #expect(error(Self.query) == nil)
        #expect(error(Self.header + [0xC0]) == .truncated(.dnsPointer))
    }

    @Test func `a message longer than any can be is refused`() {
        let longest = Self.query + [UInt8](repeating: 0, count: DNSMessage.maximumLength - Self.query.count)
        #expect(error(longest) == nil)
        #expect(error(longest + [0]) == .limitExceeded(.dnsLength))
    }

    @Test(arguments: [33, 34, 65_535, Int.max - 8])
    func `a question behind the message is truncated`(offset: Int) {
        #expect(error(Self.query, at: offset) == .truncated(.dnsLabel))
    }

    @Test func `a failed question does not spoil the next`() throws {
        var name = DomainName()
        let broken = query(labels: [63, 63, 63, 62])
        _ = try? DNSMessage(parsing: broken.span).readQuestion(at: 12, into: &name)
        _ = try DNSMessage(parsing: Self.query.span).readQuestion(at: 12, into: &name)
        #expect(name == (try DomainName(text: Array("www.example.org".utf8).span)))
    }

    @Test func `damaged messages are read or refused, and never read past their end`() {
        let messages = [
            Self.query, Self.twoQuestions, query(labels: [63, 63, 63, 61]),
            query(labels: [Int](repeating: 1, count: 127)),
        ]
        let outcomes = Mutation.outcomes(of: messages, seed: 53) { bytes throws(WireError) in
            let first = try Self.read(bytes)
            var second: Reading?
            do throws(WireError) { second = try Self.read(bytes, at: first.end) } catch { second = nil }
            return [first, second]
        }
        #expect(outcomes.different == [])
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
    }

    /// A response to a question for www.example.org with an alias, a service with the parameters alpn and ech, and an address.
    static let response =
        hex("1234 8180 0001 0003 0000 0000")
        + hex("03 777777 07 6578616D706C65 03 6F7267 00  0001 0001")
        + hex("C00C 0005 0001 0000003C 0004  01 61 C010")
        + hex("C02D 0041 0001 0000003C 0014  0001 01 62 00  0001 0003 02 6832  0005 0004 01020304")
        + hex("C02D 0001 0001 0000003C 0004  C6336401")

    struct Target: Equatable {
        var type: UInt16
        var name: String?
        var hasKeys: Bool
        var end: Int
    }

    /// The records behind the question, the first at offset 33.
    static func answers(_ bytes: Span<UInt8>) throws(WireError) -> [Target] {
        let message = try DNSMessage(parsing: bytes)
        var offset = DNSMessage.firstQuestion
        for _ in 0..<message.questionCount { offset = try message.skipQuestion(at: offset) }
        var targets: [Target] = []
        for _ in 0..<message.answerCount {
            let record = try message.readRecord(at: offset)
            var target = Target(type: record.type, name: nil, hasKeys: false, end: record.end)
            switch record.type {
            case DNSMessage.RecordType.canonicalName, DNSMessage.RecordType.subtreeName,
                DNSMessage.RecordType.serviceBinding, DNSMessage.RecordType.https:
                var name = DomainName()
                let end = try message.readTarget(of: record, into: &name)
                target.name = name.presentation()
                guard record.type >= DNSMessage.RecordType.serviceBinding else { break }
                target.hasKeys = try message.hasEncryptedClientHelloKeys(record, from: end)
            default: break
            }
            targets.append(target)
            offset = record.end
        }
        return targets
    }

    @Test func `the answers' targets are read`() throws {
        let message = try DNSMessage(parsing: Self.response.span)
        #expect(try message.skipQuestion(at: 12) == 33)
        #expect(message.isTruncated == false)
        #expect(
            try Self.answers(Self.response.span) == [
                Target(type: 5, name: "a.example.org", hasKeys: false, end: 49),
                Target(type: 65, name: "b", hasKeys: true, end: 81),
                Target(type: 1, name: nil, hasKeys: false, end: 97),
            ]
        )
    }

    @Test func `a record says where the message ends inside it`() throws {
        for count in 45..<49 {
            let cut = Array(Self.response[..<count])
            let record = try DNSMessage(parsing: cut.span).readRecord(at: 33)
            #expect(record.isCut)
            #expect(record.end == count)
            #expect(record.dataOffset == 45)
        }
        for count in 33..<45 {
            let cut = Array(Self.response[..<count])
            let expected: WireError =
                count == 33 ? .truncated(.dnsLabel) : count == 34 ? .truncated(.dnsPointer) : .truncated(.dnsRecord)
            let error = failure(cut) { bytes throws(WireError) in
                _ = try DNSMessage(parsing: bytes).readRecord(at: 33)
            }
            #expect(error == expected)
        }
        #expect(try DNSMessage(parsing: Self.response.span).readRecord(at: 33).isCut == false)
    }

    @Test func `a parameter may not reach past its record`() {
        // The length of ech is one too many, then one too few.
        for length in [UInt8(5), 3] {
            var bytes = Self.response
            bytes[73] = 9
            bytes[76] = length
            #expect(
                failure(bytes) { bytes throws(WireError) in _ = try Self.answers(bytes) }
                    == .truncated(.dnsServiceParameter)
            )
        }
    }

    @Test func `damaged responses are read or refused, and never read past their end`() {
        let outcomes = Mutation.outcomes(of: [Self.response], seed: 9_460) { bytes throws(WireError) in
            try Self.answers(bytes)
        }
        #expect(outcomes.different == [])
        #expect(outcomes.valid > 50)
        #expect(outcomes.refused > 50)
    }

    @Test func `names of pointers and labels at random are read or refused`() {
        var random = SeededRandom(seed: 1_035)
        var read = 0
        for _ in 0..<2_000 {
            var bytes = Self.header
            for _ in 0..<40 {
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes += [0xC0, UInt8.random(in: 0...120, using: &random)]
                case 1: bytes += [2, 0x61, 0x62]
                case 2: bytes += [1, 0x63]
                default: bytes += [0]
                }
            }
            for offset in 12..<bytes.count {
                guard let reading = try? Self.read(bytes.span, at: offset) else { continue }
                read += 1
                #expect(reading.end <= bytes.count)
                #expect(reading.name.utf8.count <= 4 * DomainName.maximumLength)
            }
        }
        #expect(read > 1_000)
    }
}
