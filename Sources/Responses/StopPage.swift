import HTMLPages

/// Why a stop page could not be rendered: one line that names the value, what is wrong and the mend.
package struct StopPageError: Error, Equatable, Sendable {
    /// The line.
    package let explanation: String
}

/// The HTTP/1.1 response that a client gets instead of a listed host, rendered once.
///
/// It is the same for everyone: no name of a host and nothing of the client's is in it, and `Referrer-Policy: no-referrer` keeps a browser from
/// telling the name to whom a link on the page leads. It fits one segment of the narrowest link that IPv6 allows, and the connection ends
/// with it. A client that asked with HEAD gets the body as well, and passes over it.
package struct StopPage: Sendable {
    /// What a stop page says.
    package struct Notice: Equatable, Sendable {
        /// Why the page is blocked, in Swedish.
        package var reason: String

        /// The same in English.
        package var reasonInEnglish: String

        /// Who decided so.
        package var authority: String

        /// Where to complain: a mail address, a URL, or a postal address.
        package var complaints: String

        /// A URL of who operates the block, for the header `Link` with `rel="blocked-by"` (RFC 7725 §4); nil for no such header.
        package var authorityURL: String?

        /// A notice from its parts, all of them plain text.
        package init(
            reason: String,
            reasonInEnglish: String,
            authority: String,
            complaints: String,
            authorityURL: String? = nil
        ) {
            self.reason = reason
            self.reasonInEnglish = reasonInEnglish
            self.authority = authority
            self.complaints = complaints
            self.authorityURL = authorityURL
        }
    }

    /// The most octets of a response: with the longest headers of IP and TCP that are composed it is within 1,280.
    static let longestResponse = 1_200

    /// The response, head and body.
    package let response: [UInt8]

    /// A page with status 451 (RFC 7725) that says why, in Swedish and English.
    ///
    /// - Throws: ``StopPageError`` where a value has control characters, a URL is none, or the response is too long.
    package init(_ notice: Notice) throws(StopPageError) {
        let values = [
            ("reason", notice.reason), ("reason in English", notice.reasonInEnglish),
            ("authority", notice.authority), ("complaint address", notice.complaints),
        ]
        for (name, value) in values { try Self.check(name, text: value) }
        var link = ""
        if let url = notice.authorityURL {
            try Self.check("authority URL", url: url)
            link = "Link: <\(url)>; rel=\"blocked-by\"\r\n"
        }
        let body = Self.body(notice)
        let head = """
            HTTP/1.1 451 Unavailable For Legal Reasons\r
            Content-Type: text/html; charset=utf-8\r
            Content-Length: \(body.utf8.count)\r
            \(link)\(Self.commonFields)\r

            """
        response = try Self.checkLength(head + body)
    }

    /// A redirect with status 302 to a page elsewhere.
    ///
    /// - Throws: ``StopPageError`` where the URL is none or too long.
    package init(redirectingTo url: String) throws(StopPageError) {
        try Self.check("URL", url: url)
        response = try Self.checkLength(
            "HTTP/1.1 302 Found\r\nLocation: \(url)\r\nContent-Length: 0\r\n\(Self.commonFields)\r\n"
        )
    }

    private static let commonFields = """
        Cache-Control: no-store\r
        Referrer-Policy: no-referrer\r
        Connection: close\r

        """

    private static func body(_ notice: Notice) -> String {
        """
        <!DOCTYPE html>
        <html lang="sv"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>Spärrad sida</title>
        <style>body{font:1.1em/1.5 sans-serif;max-width:32em;margin:2em auto;padding:0 1em}</style>
        <h1>Sidan är spärrad</h1>
        <p>\(HTMLText.escape(notice.reason))
        <div lang="en"><h2>This page is blocked</h2>
        <p>\(HTMLText.escape(notice.reasonInEnglish))</div>
        <p>Beslut av / <span lang="en">Decided by</span>: \(HTMLText.escape(notice.authority))
        <p>Klagomål / <span lang="en">Complaints</span>: \(linked(notice.complaints))

        """
    }

    /// An address as a link, where it can be one.
    private static func linked(_ address: String) -> String {
        let isPlain = address.utf8.allSatisfy { isURLOctet($0) }
        if isPlain, isWeb(address) { return "<a href=\"\(HTMLText.escape(address))\">\(HTMLText.escape(address))</a>" }
        // A percent sign, question mark or ampersand would have a meaning of its own in such a link.
        let isMail = address.contains("@") && address.utf8.allSatisfy { "%?&:/".utf8.contains($0) == false }
        guard isPlain, isMail else { return HTMLText.escape(address) }
        return "<a href=\"mailto:\(HTMLText.escape(address))\">\(HTMLText.escape(address))</a>"
    }

    private static func check(_ name: String, text: String) throws(StopPageError) {
        // C0, delete, C1.
        let hasControl = text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        guard hasControl == false else {
            throw StopPageError(explanation: "stop page: the \(name) has a control character; write it in one line")
        }
    }

    private static func check(_ name: String, url: String) throws(StopPageError) {
        guard isWeb(url), url.utf8.allSatisfy({ isURLOctet($0) }) else {
            throw StopPageError(
                explanation: "stop page: the \(name) is no URL; begin it with http:// or https:// and write what is not"
                    + " plain ASCII with percent signs"
            )
        }
    }

    private static func checkLength(_ response: String) throws(StopPageError) -> [UInt8] {
        let octets = Array(response.utf8)
        guard octets.count <= longestResponse else {
            throw StopPageError(
                explanation: "stop page: \(octets.count) octets are \(octets.count - longestResponse) more than fit one"
                    + " packet; shorten its texts"
            )
        }
        return octets
    }

    private static func isWeb(_ url: String) -> Bool {
        for scheme in ["http://", "https://"] where url.hasPrefix(scheme) {
            return url.utf8.count > scheme.utf8.count && url.hasPrefix(scheme + "/") == false
        }
        return false
    }

    /// Whether a URL may have this octet: printable ASCII but for what RFC 3986 leaves out of it.
    private static func isURLOctet(_ octet: UInt8) -> Bool {
        (0x21...0x7E).contains(octet) && "\"<>\\^`{|}".utf8.contains(octet) == false
    }
}
