/// What curl reports of a transfer when it ends, on standard error and below its own messages.
struct CurlReport: Equatable, Sendable {
    /// The status of the last answer; 0 where none came.
    var status: Int
    /// The status of the proxy's answer to CONNECT; 0 where none came.
    var proxyStatus: Int
    /// The octets of the last answer's body.
    var octets: Int
    /// What the last answer says of the list's version.
    var validators: FetchRecord.Validators?
    /// curl's words for what went wrong, of printable ASCII and short; empty where nothing did.
    var message: String

    /// The format that makes curl write such a report: what a server may have put in stands last in its line.
    static let format =
        #"%{stderr}\n@report %{http_code} %{http_connect} %{size_download}\n@etag %header{etag}\n"#
        + #"@modified %header{last-modified}\n@message %{errormsg}\n"#

    /// Reads the report at the end of what curl has written; nil where there is none.
    init?(_ text: String) {
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        guard let start = lines.lastIndex(where: { $0.hasPrefix("@report ") }), lines.count >= start + 4 else {
            return nil
        }
        let numbers = lines[start].split(separator: " ").dropFirst().map { Int($0) }
        guard numbers.count == 3, let status = numbers[0], let proxyStatus = numbers[1], let octets = numbers[2] else {
            return nil
        }
        func value(_ offset: Int, _ key: String) -> Substring? {
            let line = lines[start + offset]
            guard line.hasPrefix(key), line.count > key.count else { return nil }
            return line.dropFirst(key.count)
        }
        self.status = status
        self.proxyStatus = proxyStatus
        self.octets = octets
        validators = FetchRecord.Validators(entityTag: value(1, "@etag "), modified: value(2, "@modified "))
        let printable = (value(3, "@message ") ?? "").unicodeScalars.filter { (0x20...0x7E).contains($0.value) }
        message = String(String(String.UnicodeScalarView(printable)).prefix(160))
    }
}
