import CaptureFiles
import Testing

@Suite("Expectation")
struct ExpectationTests {
    static func summary(_ file: String, names: Int = 1) -> SummaryRecord {
        var summary = SummaryRecord(file: file)
        summary.packets = 10
        summary.names = names
        summary.matches = names
        return summary
    }

    /// The records as `jsonl` output spells them.
    static func output(_ files: [FileRecords]) -> [UInt8] {
        var output: [UInt8] = []
        let report = ReplayReport(format: .jsonl, lists: [])
        for file in files {
            for name in file.names { report.append(name, to: &output) }
            report.append(file.summary, to: &output)
        }
        return output
    }

    /// The lines that differ, in text form, with runs of spaces made one.
    static func differences(_ expected: [UInt8], _ found: [FileRecords]) throws -> [String] {
        var output: [UInt8] = []
        let count = try Expectation(parsing: expected)
            .appendDifferences(to: found, as: ReplayReport(format: .text, lists: []), to: &output)
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: " ").joined(separator: " ")
        }
        #expect(lines.count { !$0.hasPrefix("@@") } == count)
        return lines
    }

    static let file = FileRecords(
        names: [nameRecord(frame: 3, name: "a.example"), nameRecord(frame: 5, name: "b.example", list: nil)],
        summary: summary("day.pcap")
    )

    @Test func `the same records are no difference`() throws {
        #expect(try Self.differences(Self.output([Self.file]), [Self.file]).isEmpty)
        #expect(try Expectation(parsing: Self.output([Self.file])).listsEveryName)
        #expect(
            try Expectation(parsing: Self.output([FileRecords(summary: Self.summary("a"))])).listsEveryName == false
        )
    }

    @Test func `keys may stand in any order, further keys and lines are passed over`() throws {
        let text = """
            {"type":"run","version":"9"}

            {"list":"police","verdict":"drop","dport":443,"dst":"192.0.2.1","sport":50124,"src":"10.0.0.2","more":[{}],\
            "name":"a.example","source":"hello","protocol":"tls","frame":3,"type":"name"}\r
            {"undecided":{"truncated":0},"matches":1,"names":1,"packets":10,"file":"/elsewhere/day.pcap","type":"summary"}
            """
        var file = Self.file
        file.names.removeLast()
        file.summary.dropped = 1
        #expect(try Self.differences(Array(text.utf8), [file]).isEmpty)
    }

    @Test func `what an earlier release did not count is no difference, and what it did not see is one`() throws {
        let earlier = #"{"type":"summary","file":"day.pcap","packets":10,"names":1,"matches":1,"undecided":{}"#
        var file = FileRecords(summary: Self.summary("day.pcap"))
        file.summary.anomalies = ["ech": 2]
        file.summary.encryptedDNSFlows = ["doh": 1]
        #expect(try Self.differences(Array((earlier + "}").utf8), [file]).isEmpty)
        #expect(try Self.differences(Self.output([file]), [file]).isEmpty)
        let counted = [
            #","anomalies":{}"#, #","anomalies":{"ech":1}"#, #","encrypted_dns_flows":{}"#,
            #","encrypted_dns_flows":{"doh":1,"dot":1}"#,
        ]
        for member in counted {
            #expect(try Self.differences(Array((earlier + member + "}").utf8), [file]).count == 3, "\(member)")
        }
        #expect(try Self.differences(Array((earlier + #","anomalies":{"ech":2}}"#).utf8), [file]).isEmpty)
        #expect(throws: ExpectationError.self) {
            try Expectation(parsing: Array((earlier + #","anomalies":{"ech":"2"}}"#).utf8))
        }
    }

    @Test func `every part of a name counts`() throws {
        let base = nameRecord()
        let others = [
            nameRecord(frame: 18), nameRecord(name: "x.example"), nameRecord(source: "10.0.0.3"),
            nameRecord(verdict: "accept"),
            nameRecord(list: "eu"), nameRecord(list: nil),
        ]
        let expected = Self.output([FileRecords(names: [base], summary: Self.summary("a.pcap"))])
        for other in others {
            let lines = try Self.differences(expected, [FileRecords(names: [other], summary: Self.summary("a.pcap"))])
            #expect(lines.count == 3)
            #expect(lines[0] == "@@ a.pcap @@")
            #expect(lines[1].hasPrefix("- 17 tls"))
            #expect(lines[2].hasPrefix("+ "))
        }
    }

    @Test func `lines stand by frame and the summary last`() throws {
        var changed = Self.file
        changed.names = [
            nameRecord(frame: 1, name: "c.example"), Self.file.names[1], nameRecord(frame: 9, name: "d.example"),
        ]
        changed.summary.packets = 11
        let lines = try Self.differences(Self.output([Self.file]), [changed])
        #expect(
            lines == [
                "@@ day.pcap @@",
                "+ 1 tls drop police c.example 10.0.0.2:50124 → 192.0.2.1:443",
                "- 3 tls drop police a.example 10.0.0.2:50124 → 192.0.2.1:443",
                "+ 9 tls drop police d.example 10.0.0.2:50124 → 192.0.2.1:443",
                "-day.pcap: 10 packets, 1 name, 1 match, 0 dropped",
                "+day.pcap: 11 packets, 1 name, 1 match, 0 dropped",
            ]
        )
    }

    @Test func `a name that is read once more is a difference`() throws {
        var twice = Self.file
        twice.names.insert(twice.names[0], at: 0)
        #expect(try Self.differences(Self.output([Self.file]), [twice]).count == 2)
        #expect(try Self.differences(Self.output([twice]), [Self.file]).count == 2)
    }

    @Test func `files belong together by name, and the rest by order`() throws {
        let files = ["x/a.pcap", "x/b.pcap", "y/a.pcap"].enumerated().map {
            FileRecords(names: [nameRecord(frame: $0 + 1)], summary: Self.summary($1))
        }
        let expected = Self.output(files)
        #expect(try Self.differences(expected, [files[1], files[0], files[2]]).isEmpty)
        var renamed = files
        renamed[1].summary.file = "z/new.pcap"
        #expect(try Self.differences(expected, renamed).isEmpty)
        let missing = try Self.differences(expected, Array(files[..<2]))
        #expect(missing.count == 3)
        #expect(missing.allSatisfy { !$0.hasPrefix("+") })
        let added = try Self.differences(Self.output(Array(files[..<2])), files)
        #expect(added.count == 3)
        #expect(added.allSatisfy { !$0.hasPrefix("-") })
    }

    @Test(arguments: [
        ("{", 1), ("[]", 1), ("\n{\"type\":\"name\"}\n", 2), (#"{"type":"summary","file":"a","packets":"1"}"#, 1),
        ("{}", 1),
    ])
    func `what is no output is refused with its line`(text: String, line: Int) {
        let error = #expect(throws: ExpectationError.self) { try Expectation(parsing: Array(text.utf8)) }
        #expect(error?.line == line)
    }

    @Test func `an output cut before its last summary is refused`() {
        let whole = Self.output([Self.file])
        let cut = whole.split(separator: UInt8(ascii: "\n")).dropLast().joined(separator: [UInt8(ascii: "\n")])
        #expect(throws: ExpectationError.self) { try Expectation(parsing: Array(cut)) }
    }
}
