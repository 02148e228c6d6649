import FoundationEssentials
import TestSupport
import Testing

@testable import ListFetch

@Suite("Fetch record")
struct FetchRecordTests {
    private static let text = """
        grindvakt-fetch 1
        location https://u:p@lists.example.test/police.txt?t=1
        etag W/"5f3-a"
        modified Sun, 06 Nov 1994 08:49:37 GMT
        list 12 240000000 1700000000 123456789
        signature 13 96 1700000001 5
        end

        """

    @Test func `a record is read as it was written`() throws {
        let record = try #require(FetchRecord(parsing: Self.text))
        #expect(record.text == Self.text)
        #expect(record.location == "https://u:p@lists.example.test/police.txt?t=1")
        #expect(record.validators?.entityTag == "W/\"5f3-a\"")
        #expect(record.list.size == 240_000_000)
        #expect(record.signature?.nanoseconds == 5)
    }

    @Test func `a record that is cut anywhere is none`() {
        for length in 0..<Self.text.utf8.count {
            #expect(FetchRecord(parsing: String(Self.text.prefix(length))) == nil)
        }
    }

    @Test(arguments: [
        ("grindvakt-fetch 1", "grindvakt-fetch 2"), ("list 12", "list 012"), ("list 12", "list +12"),
        ("list 12", "list 12 1"),
        ("96 1700000001 5", "96 1700000001"), ("etag W/", "etag w/"), ("etag", "Etag"), ("Nov", "nov"),
        ("end\n", "end\nend\n"),
        ("end\n", "end"), ("\nmodified", "\nother\nmodified"), ("5f3-a", "5f3 a"), ("5f3-a", "5f3\"a"),
    ])
    func `a record that is written otherwise is none`(part: String, other: String) {
        #expect(FetchRecord(parsing: Self.text.replacing(part, with: other)) == nil)
    }

    @Test func `random changes give the record they spell, or none`() {
        var random = SeededRandom(seed: 9)
        for _ in 0..<20_000 {
            var octets = Array(Self.text.utf8)
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                octets[Int.random(in: octets.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let text = String(validating: octets, as: UTF8.self), let record = FetchRecord(parsing: text) else {
                continue
            }
            #expect(record.text == text)
        }
    }

    @Test(arguments: [
        ("\"\"", true), ("\"a\"", true), ("W/\"a\"", true), ("\"", false), ("a", false), ("\"a", false),
        ("\"a b\"", false),
        ("\"a\u{E9}\"", false), ("\"\r\"", false), ("\"" + String(repeating: "a", count: 511) + "\"", false),
    ])
    func `only what has the form of an entity tag is sent back`(text: String, isTag: Bool) {
        #expect(FetchRecord.Validators(entityTag: text[...], modified: nil)?.entityTag == (isTag ? text : nil))
    }
}

@Suite("curl")
struct CurlTransferTests {
    private static func transfer(url: String, proxy: String? = nil) -> CurlTransfer {
        CurlTransfer(
            url: url,
            validators: FetchRecord.Validators(entityTag: "\"a\\b\"", modified: nil),
            proxy: proxy,
            certificateAuthority: "/etc/a \"b\".pem",
            maximumSize: 1000,
            connectTimeout: .milliseconds(1500),
            stallTimeout: .seconds(30),
            deadline: .now + .seconds(60),
            environment: [:]
        )
    }

    @Test func `what is told to curl is quoted`() {
        let lines = Self.transfer(url: "https://u:p\"@h.test/{a}", proxy: "http://b:c\"@p.test:1").settings.split(
            separator: "\n"
        )
        #expect(lines.contains(#"url = "https://u:p\"@h.test/{a}""#))
        #expect(lines.contains(#"proxy = "http://b:c\"@p.test:1""#))
        #expect(lines.contains(#"cacert = "/etc/a \"b\".pem""#))
        #expect(lines.contains(#"header = "If-None-Match: \"a\\b\"""#))
        #expect(lines.contains("connect-timeout = 1.500"))
        #expect(lines.contains("proto-redir = \"=https\""))
    }

    @Test func `a report is read from the end of what curl wrote`() throws {
        let text = """
            curl: (60) something
            @report 200 0 1

            @report 304 200 17
            @etag "a"
            @modified Sun, 06 Nov 1994 08:49:37 GMT
            @message words\u{7} \u{E9}here

            """
        let report = try #require(CurlReport(text))
        #expect(report.status == 304)
        #expect(report.proxyStatus == 200)
        #expect(report.octets == 17)
        #expect(
            report.validators == FetchRecord.Validators(entityTag: "\"a\"", modified: "Sun, 06 Nov 1994 08:49:37 GMT")
        )
        #expect(report.message == "words here")
    }

    @Test(arguments: ["", "@report", "@report 200 0 1", "@report 200 0\n\n\n\n\n", "@report a 0 1\n\n\n\n\n"])
    func `what is no report is none`(text: String) {
        #expect(CurlReport(text) == nil)
    }
}

@Suite("Fetch mark")
struct FetchMarkTests {
    @Test func `a mark is made once and stays`() throws {
        let folder = try TemporaryFolder()
        try FetchMark.set(at: folder["changed"])
        try folder.write("kept", to: "changed")
        try FetchMark.set(at: folder["changed"])
        #expect(folder.content("changed") == Array("kept".utf8))
        let error = #expect(throws: FetchError.Cause.self) { try FetchMark.set(at: folder["none/changed"]) }
        #expect(error?.description.contains("cannot write \(folder["none/changed"])") == true)
    }
}
