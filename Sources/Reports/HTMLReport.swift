import Crypto
import FoundationEssentials
import HTMLPages

/// A report as one HTML page that needs nothing but itself.
///
/// Guarantees: it asks nothing of any host and runs no script, which its own policy forbids besides; all that is in it is escaped; each chart
/// has its figures in a table.
package enum HTMLReport {
    /// The whole page.
    package static func render(_ report: Report, _ language: ReportLanguage) -> String {
        let numbers = ReportNumbers(language)
        let sections = ReportSections(report, language, numbers)
        let shown = report.isEmpty ? [] : sections.all
        let links = shown.map { "<li><a href=\"#\($0.id)\">\(HTMLText.escape($0.title))</a></li>" }
        let contents = """
            <nav aria-label="\(HTMLText.escape(Word.contents.text(language)))"><ul role="list">\(links.joined())</ul></nav>
            """
        let introduction = (report.isEmpty ? [sections.nothing] : sections.introduction).map(paragraph)
        let writer = HTMLSectionWriter(report: report, language: language, numbers: numbers)
        return HTMLText.fill(
            text(PackageResources.report_html),
            [
                "language": language.rawValue,
                "policy": policy,
                "style": style,
                "title": HTMLText.escape("Grindvakt: \(Word.title.text(language).lowercased())"),
                "introduction": introduction.joined(separator: "\n"),
                "contents": shown.isEmpty ? "" : contents,
                "sections": shown.map { writer.section($0) }.joined(separator: "\n"),
                "privacy": HTMLText.escape(Word.privacy.text(language)),
            ]
        )
    }

    private static func paragraph(_ text: String) -> String { "<p>\(HTMLText.escape(text))</p>" }

    /// What the page may use: its own style, known by its digest (CSP 3 §2.3.1), and the picture of its tab.
    private static let policy = [
        "default-src 'none'", "style-src 'sha256-\(Data(SHA256.hash(data: Array(style.utf8))).base64EncodedString())'",
        "img-src data:", "base-uri 'none'", "form-action 'none'",
    ].joined(separator: "; ")

    /// The style sheet.
    private static let style = PageStyle.base + text(PackageResources.report_css)

    private static func text(_ resource: [UInt8]) -> String { String(decoding: resource, as: UTF8.self) }
}
