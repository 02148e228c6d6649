import Crypto
import Foundation
import HTMLPages
import Telemetry
import Testing

@testable import StatusPage

@Suite("Status page")
struct StatusPageTests {
    @Test(arguments: [oddReading(), emptyReading()])
    func `the markup is whole, and what may be there once is there once`(reading: SensorReading) throws {
        let page = try MarkupReader(StatusPage.render(reading))
        let identifiers = page.elements.compactMap { $0.attributes["id"] }
        #expect(Set(identifiers).count == identifiers.count)
        for element in page.elements {
            if let label = element.attributes["aria-labelledby"] { #expect(identifiers.contains(label), "\(label)") }
        }
        for name in ["title", "h1", "main", "header", "footer"] { #expect(page.elements(name).count == 1, "\(name)") }
        #expect(page.elements("html").first?.attributes["lang"] == "en")
        #expect(page.elements(where: "aria-live").count == 1)
    }

    @Test func `every table says what it is, and every head what it heads`() throws {
        let page = try MarkupReader(StatusPage.render(oddReading()))
        #expect(page.elements("table").count == page.elements("caption").count)
        #expect(page.elements("th").allSatisfy { $0.attributes["scope"]?.isEmpty == false })
        // Cards on a phone take the tables' meaning away, unless it is said.
        for table in page.elements("table") where table.attributes["data-rows"] != nil {
            #expect(table.attributes["role"] == "table")
        }
    }

    @Test func `nothing is loaded from elsewhere, and the meta refresh is for those without a script`() throws {
        let page = try MarkupReader(StatusPage.render(oddReading()))
        for element in page.elements {
            #expect(element.attributes.keys.allSatisfy { $0.hasPrefix("on") == false && $0 != "style" && $0 != "src" })
            guard let target = element.attributes["href"] else { continue }
            #expect(target.hasPrefix("data:") || ["status", "metrics", "healthz"].contains(target), "\(target)")
        }
        let refresh = try #require(page.elements("meta").first { $0.attributes["http-equiv"] == "refresh" })
        #expect(refresh.around == ["html", "head", "noscript"])
        for text in [StatusPage.style, StatusPage.script] {
            // The name space of SVG is a name and no address.
            let plain = text.replacing("http://www.w3.org/2000/svg", with: "")
            #expect(
                plain.contains("//www") == false && plain.contains("http:") == false && plain.contains("url(") == false
            )
            #expect(text.contains("</") == false && text.contains("\r") == false)
        }
    }

    @Test func `the policy names the digests of the script and style that are in the page`() throws {
        let page = try MarkupReader(StatusPage.render(oddReading()))
        let policy = try #require(StatusPage.fields.first { $0.name == "Content-Security-Policy" }?.value)
        for (name, directive) in [("script", "script-src"), ("style", "style-src")] {
            let inline = try #require(page.elements(name).first)
            #expect(page.elements(name).count == 1)
            let digest = Data(SHA256.hash(data: Data(inline.text.utf8))).base64EncodedString()
            #expect(policy.contains("\(directive) 'sha256-\(digest)';"))
        }
        #expect(policy.hasPrefix("default-src 'none';") && policy.contains("unsafe") == false)
        #expect(Set(StatusPage.fields.map(\.name)).isSuperset(of: ["X-Content-Type-Options", "Referrer-Policy"]))
    }

    @Test(
        arguments: [
            "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'</bdi></td><td>", "{{script}} {{title}}",
            "</template></table></main><h1>", "&lt;b&gt;&amp;", "\u{202E}evil\u{0}\u{1B}[31m",
        ]
    )
    func `what others have written stays text`(text: String) throws {
        let plain = try MarkupReader(StatusPage.render(oddReading()))
        let hostile = try MarkupReader(StatusPage.render(oddReading(text: text, version: text)))
        #expect(hostile.elements.map(\.name) == plain.elements.map(\.name))
        #expect(
            hostile.elements.map { $0.attributes.keys.sorted() } == plain.elements.map { $0.attributes.keys.sorted() }
        )
        let shown = HTMLText.escape(PageFormat.text.show(.text(text)).text)
        for path in ["publisher", "purpose", "legal_basis", "interface", "version"] {
            #expect(hostile.figures.contains { $0.path == path && $0.text == shown }, "\(path)")
        }
        #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202E}" })
    }

    @Test func `a long text is cut`() throws {
        let page = try MarkupReader(StatusPage.render(oddReading(text: String(repeating: "å", count: 5_000))))
        #expect(page.figures.first { $0.path == "publisher" }?.text == String(repeating: "å", count: 120) + "…")
    }

    @Test(arguments: [oddReading(), emptyReading()])
    func `each count is the status report's`(reading: SensorReading) throws {
        let page = try MarkupReader(StatusPage.render(reading))
        let report = try JSONSerialization.jsonObject(with: Data(StatusReport.render(reading).utf8))
        func member(_ path: String) -> Any? {
            path.split(separator: ".").reduce(report as Any?) { ($0 as? [String: Any])?[String($1)] }
        }
        var rows: [String: Int] = [:]
        var compared = 0
        for table in [PageTable.queues, .taps, .lists, .origins, .refusedLists] {
            rows[table.id] = try #require(member(table.path) as? [Any]).count
        }
        for figure in page.figures where figure.path.hasPrefix("totals.") && figure.format == "count" {
            let value = try #require(member(figure.path) as? NSNumber, "\(figure.path)")
            #expect(figure.text.replacing("\u{202F}", with: "") == value.stringValue, "\(figure.path)")
            compared += 1
        }
        let responses = CountedResponse.allCases.count * (ResponseResult.allCases.count - 1)
        let counts =
            CountedVerdict.allCases.count + InspectedProtocol.allCases.count + 4 + ExemptionReason.allCases.count
            + UndecidedCause.allCases.count + EncryptedDNS.allCases.count + Anomaly.allCases.count
        #expect(compared == counts + responses)
        let bodies = page.elements.filter {
            $0.name == "tr" && $0.around.contains("tbody") && $0.attributes["role"] == "row"
        }
        #expect(bodies.count == rows.values.reduce(0, +) + CountedResponse.allCases.count)
    }

    @Test func `a row shows its element of the report`() throws {
        let page = try MarkupReader(StatusPage.render(oddReading()))
        let shown = Dictionary(page.figures.map { ("\($0.path) \($0.format)", $0.text) }) { first, _ in first }
        let expected = [
            "accepted count": "1\u{202F}234", "dropped count": "5", "present presence": "yes",
            " waiting": "4\u{202F}096 of\u{A0}4\u{202F}096", "queue number": "0", "kernel_dropped loss": "6",
            "unseen loss": "7",
            "verdict_mean_seconds latency": "21\u{A0}µs", "flows count": "48\u{202F}213",
            "flow_memory_bytes bytes": "793\u{A0}KiB", "fail_open flag": "yes", "gso flag": "no",
            " buffer": "416\u{A0}KiB of\u{A0}16\u{A0}MiB", " listState": "expired, last good edition",
            "actions words": "drop, page", "entries count": "1\u{202F}000\u{202F}000",
            "issued_at time": "2025-11-21 04:40",
            "expires_at time": "2025-11-22 02:01", "exempted sum": "1", " refusals": "1 (growth 1, signature 1)",
            "reloads reloads": "3 done, 1 refused; the last was refused 2025-11-22 02:00",
            "rollbacks reloads": "0 done, 0 refused", "kill_switch killSwitch": "on: nothing is blocked",
            "uptime_seconds duration": "3\u{A0}d 4\u{A0}h",
            "failures failures": "overload: accept, nobody there: accept, malformed: drop, over budget: accept",
            "totals.response_bytes bytes": "2\u{A0}KiB",
        ]
        for (figure, text) in expected { #expect(shown[figure] == text, "\(figure)") }
    }

    @Test func `health comes first, with what to do about each finding`() throws {
        let html = try StatusPage.render(oddReading())
        let page = try MarkupReader(html)
        let state = oddReading().state
        #expect(state.findings.isEmpty == false)
        let items = page.elements("li").compactMap { $0.attributes["data-finding"] }
        #expect(items == state.findings.map(\.id))
        let shown = page.elements("section").filter { $0.attributes["hidden"] == nil }
        #expect(shown.first?.attributes["id"] == "health")
        #expect(
            page.elements("h2").first { $0.attributes["id"] == "verdict" }?.text.hasPrefix("\(items.count) thing")
                == true
        )
        #expect(html.contains("<code>grindvakt kill-switch off</code>"))
        let advised = page.elements("p").compactMap { $0.attributes["data-advice"] }
        #expect(advised == HealthFinding.allCases.map(\.id))
        let well = try MarkupReader(StatusPage.render(emptyReading()))
        #expect(well.elements("h2").first { $0.attributes["id"] == "verdict" }?.text == "All is well")
        #expect(well.elements("title").first?.text == "Grindvakt: all is well")
    }

    @Test func `without queues and lists the page says so and shows no table of them`() throws {
        let page = try MarkupReader(StatusPage.render(emptyReading()))
        for id in ["queues", "lists"] {
            #expect(page.elements.contains { $0.attributes["id"] == "\(id)-empty" && $0.attributes["hidden"] == nil })
        }
        for id in ["queues-table", "lists-table", "taps-table", "section-taps", "refused-table"] {
            #expect(page.elements.contains { $0.attributes["id"] == id && $0.attributes["hidden"] == "" }, "\(id)")
        }
    }

    @Test func `a report that is cut short is an error`() {
        let report = StatusReport.render(oddReading())
        for length in stride(from: 0, to: report.utf8.count, by: 37) {
            #expect(throws: DecodingError.self, "\(length)") {
                try StatusValue(report: String(decoding: report.utf8.prefix(length), as: UTF8.self))
            }
        }
    }

    @Test func `the script knows every format`() {
        for format in PageFormat.allCases {
            #expect(StatusPage.script.contains("\n        \(format.rawValue): ("), "\(format)")
        }
    }

    @Test(
        arguments: [
            (.count, "0", "0"), (.count, "999", "999"), (.count, "1000", "1\u{202F}000"),
            (.count, "18446744073709551615", "18\u{202F}446\u{202F}744\u{202F}073\u{202F}709\u{202F}551\u{202F}615"),
            (.count, "null", "–"), (.count, "\"7\"", "–"), (.bytes, "1023", "1\u{202F}023\u{A0}B"),
            (.bytes, "1024", "1\u{A0}KiB"), (.bytes, "1099511627776", "1\u{A0}TiB"),
            (.latency, "0.0000009", "0.9\u{A0}µs"),
            (.latency, "0.00000999", "10\u{A0}µs"), (.latency, "0.0009996", "1\u{202F}000\u{A0}µs"),
            (.latency, "0.001", "1.0\u{A0}ms"), (.latency, "5", "5.0\u{A0}s"), (.duration, "59.9", "59\u{A0}s"),
            (.duration, "3600", "1\u{A0}h 0\u{A0}min"), (.time, "0", "1970-01-01 00:00"),
            (.time, "10000000000000", "9999-12-31 23:59"), (.words, "[]", "–"), (.sum, "{}", "0"),
            (.causes, "{\"a\":0}", "none"), (.text, "\"a\\u0007b\"", "a?b"), (.presence, "false", "no"),
        ] as [(PageFormat, String, String)]
    )
    func `values in words`(format: PageFormat, json: String, text: String) throws {
        #expect(format.show(try StatusValue(report: json)).text == text)
    }
}

extension MarkupReader {
    /// The elements with an attribute.
    func elements(where attribute: String) -> [Element] { elements.filter { $0.attributes[attribute] != nil } }
}
