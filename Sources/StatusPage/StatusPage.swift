import Crypto
import FoundationEssentials
import HTMLPages
package import Telemetry

/// The status page: one HTML page that shows what `/status` says, and reads it again for as long as somebody looks.
///
/// Guarantees: it needs nothing but itself and `/status`; all that is in it is escaped; it is whole without its script, which adds the charts
/// and what is new. It holds what the status report holds, so neither a name nor an address.
package enum StatusPage {
    /// The page as it is at a reading.
    ///
    /// - Throws: `DecodingError` where the status report cannot be read, which it always can.
    package static func render(_ reading: SensorReading) throws -> String {
        let report = try StatusValue(report: StatusReport.render(reading))
        return HTMLText.fill(
            text(PackageResources.page_html),
            [
                "style": style, "script": script,
                "title": HTMLText.escape(PageHealth(report).title),
                "version": PageWriter.figure("version", .text, of: report, in: "span"),
                "uptime": PageWriter.figure("uptime_seconds", .duration, of: report, in: "span"),
                "taken": HTMLText.escape(PageFormat.moment(reading.state.takenAt)),
                "health": PageWriter.health(report),
                "tables": PageWriter.tables(report),
            ]
        )
    }

    /// The fields of the response's head, besides its type and length.
    ///
    /// The policy lets through the page's own script and style, by their digests, and requests to where the page came from; nothing else.
    package static let fields: [(name: String, value: String)] = [
        (
            "Content-Security-Policy",
            [
                "default-src 'none'", "script-src '\(digest(of: script))'", "style-src '\(digest(of: style))'",
                "img-src data:", "connect-src 'self'", "base-uri 'none'", "form-action 'none'",
                "frame-ancestors 'none'",
            ].joined(separator: "; ")
        ),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]

    /// The style sheet.
    static let style = PageStyle.base + text(PackageResources.page_css)
    /// The script.
    static let script = text(PackageResources.page_js)

    private static func text(_ resource: [UInt8]) -> String {
        String(decoding: resource, as: UTF8.self)
    }

    /// The digest of a script or style as a policy names it (CSP 3 §2.3.1).
    private static func digest(of text: String) -> String {
        "sha256-" + Data(SHA256.hash(data: Array(text.utf8))).base64EncodedString()
    }
}
