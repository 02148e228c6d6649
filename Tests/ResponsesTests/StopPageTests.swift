import Responses
import Testing

@Suite("Stop page (RFC 7725)")
struct StopPageTests {
    private static let notice = StopPage.Notice(
        reason: "Sidan finns på polisens lista över sidor med övergrepp mot barn.",
        reasonInEnglish: "The page is on the police's list of pages with child sexual abuse.",
        authority: "Polismyndigheten",
        complaints: "klagomal@operator.example",
        authorityURL: "https://operator.example/block?id=1&x=2"
    )

    /// A response's status line, fields and body.
    private func parts(_ page: StopPage) throws -> (status: String, fields: [String], body: String) {
        let text = String(decoding: page.response, as: UTF8.self)
        let end = try #require(text.firstRange(of: "\r\n\r\n"))
        let lines = text[..<end.lowerBound].split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        return (lines[0], Array(lines.dropFirst()), String(text[end.upperBound...]))
    }

    private func explanation(_ change: (inout StopPage.Notice) -> Void) -> String? {
        var notice = Self.notice
        change(&notice)
        do throws(StopPageError) {
            _ = try StopPage(notice)
            return nil
        } catch {
            return error.explanation
        }
    }

    @Test func `a page says why, who, and where to complain`() throws {
        let page = try parts(StopPage(Self.notice))
        #expect(page.status == "HTTP/1.1 451 Unavailable For Legal Reasons")
        #expect(
            page.fields == [
                "Content-Type: text/html; charset=utf-8", "Content-Length: \(page.body.utf8.count)",
                "Link: <https://operator.example/block?id=1&x=2>; rel=\"blocked-by\"",
                "Cache-Control: no-store", "Referrer-Policy: no-referrer", "Connection: close",
            ]
        )
        for part in [
            "<html lang=\"sv\">", "<meta charset=\"utf-8\">", "width=device-width", "lang=\"en\"",
            Self.notice.reason, "The page is on the police&#39;s list", "Polismyndigheten",
            "<a href=\"mailto:klagomal@operator.example\">klagomal@operator.example</a>",
        ] { #expect(page.body.contains(part), "\(part)") }
    }

    @Test func `a page loads nothing`() throws {
        let body = try parts(StopPage(Self.notice)).body
        for word in ["src=", "<script", "@import", "url(", "<link", "<img"] {
            #expect(body.contains(word) == false, "\(word)")
        }
    }

    @Test func `a page without an authority's URL has no link field`() throws {
        var notice = Self.notice
        notice.authorityURL = nil
        #expect(try parts(StopPage(notice)).fields.contains { $0.hasPrefix("Link") } == false)
    }

    @Test func `texts stay texts`() throws {
        var notice = Self.notice
        notice.reason = "<script>alert('1')</script> & \"x\""
        notice.complaints = "Box 1 <x@operator.example>"
        let body = try parts(StopPage(notice)).body
        #expect(body.contains("<p>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;\n"))
        #expect(body.contains("</span>: Box 1 &lt;x@operator.example&gt;\n"))
        #expect(body.contains("<script") == false)
    }

    @Test(
        arguments: [
            ("https://operator.example/a?b=1&c", "<a href=\"https://operator.example/a?b=1&amp;c\">"),
            ("javascript:alert(1)@x", "</span>: javascript:alert(1)@x\n"),
            ("a@operator.example?body=x", "</span>: a@operator.example?body=x\n"),
            ("https://operator.example/ å", "</span>: https://operator.example/ å\n"),
        ]
    )
    func `an address is a link where it can be one`(address: String, expected: String) throws {
        var notice = Self.notice
        notice.complaints = address
        #expect(try parts(StopPage(notice)).body.contains(expected))
    }

    @Test(arguments: ["\r\n", "\n", "\r", "\0", "\u{7F}", "\u{85}"])
    func `control characters are refused in one line`(character: String) throws {
        let changes: [(inout StopPage.Notice) -> Void] = [
            { $0.reason += character }, { $0.reasonInEnglish += character }, { $0.authority += character },
            { $0.complaints += character }, { $0.authorityURL = "https://operator.example/" + character },
        ]
        for change in changes {
            let line = try #require(explanation(change))
            #expect(line.hasPrefix("stop page: the ") && line.contains("\n") == false && line.contains("\r") == false)
        }
        #expect(throws: StopPageError.self) { try StopPage(redirectingTo: "https://operator.example/" + character) }
    }

    @Test(arguments: [
        "", "operator.example", "ftp://operator.example", "https://", "https:///x", "http://a b", "http://å.example",
        "http://x/>;",
    ])
    func `what is no URL is refused`(url: String) {
        #expect(throws: StopPageError.self) { try StopPage(redirectingTo: url) }
        #expect(explanation { $0.authorityURL = url } != nil)
    }

    @Test func `a redirect leads elsewhere`() throws {
        let page = try parts(StopPage(redirectingTo: "https://operator.example/stop?a=%20"))
        #expect(page.status == "HTTP/1.1 302 Found")
        #expect(
            page.fields == [
                "Location: https://operator.example/stop?a=%20", "Content-Length: 0", "Cache-Control: no-store",
                "Referrer-Policy: no-referrer", "Connection: close",
            ]
        )
        #expect(page.body.isEmpty)
    }

    @Test func `a page fits one packet, or the error says by how much it does not`() throws {
        let length = try StopPage(Self.notice).response.count
        let room = 1_200 - length
        #expect(room > 100)
        #expect(explanation { $0.authority += String(repeating: "x", count: room) } == nil)
        let line = try #require(explanation { $0.authority += String(repeating: "x", count: room + 7) })
        #expect(line == "stop page: 1207 octets are 7 more than fit one packet; shorten its texts")
        let sample = Kind.page.sample(v6: true)
        let page = try StopPage(Self.notice).response
        #expect(Kind.page.compose(Sample(packet: sample.packet, message: page)).flatMap { Reading($0) }?.data == page)
    }
}
