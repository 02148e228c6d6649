package import ListFiles

/// What a certificate or a receipt says, in lines for people.
package struct DocumentSummary: Sendable {
    private let document: SignedDocument

    /// A summary of a document.
    package init(_ document: SignedDocument) {
        self.document = document
    }

    /// The lines behind that of the file, which was just written.
    package func text(_ path: String) -> String {
        let keys = document.signatures.signatures.map(\.keyID.description).joined(separator: ", ")
        return "\(path): signed by \(keys)\n" + lines
    }

    /// What it says, a line for each part.
    package var lines: String {
        let body = document.body
        var lines: [String] = []
        func say(_ title: String, _ value: String?) {
            if let value { lines.append("  \(title): \(value)") }
        }
        lines.append("\(document.kind.rawValue) of \(body["member"]?.text ?? "nobody named")")
        say("market", body["market"]?.text)
        say("quarter", body["quarter"]?.text)
        say("effective at", body["effective_at"]?.text)
        say("list", body["list"]?.text)
        say("sequence", body["sequence"]?.text)
        say("sha256", body["sha256"]?.text)
        for time in ["issued_at", "received_at", "activated_at"] {
            say(time.split(separator: "_").joined(separator: " "), body[time]?.text)
        }
        say("entries", Self.plain(body["entries"]))
        say("rejected", Self.plain(body["rejected"]))
        say("not enforceable", Self.plain(body["not_enforceable"]))
        if let hits = body["hits"], hits != .null {
            say("not hit in \(Self.plain(hits["window_days"]) ?? "?") days", Self.plain(hits["entries_not_hit"]))
        }
        for cell in body["coverage"]?.elements ?? [] {
            guard let list = cell["list"]?.text, let mechanism = cell["mechanism"]?.text,
                let probes = cell["probes"]?.number, let blocked = cell["blocked"]?.number
            else { continue }
            say("\(list) \(mechanism)", probes == 0 ? "not probed" : "\(blocked) of \(probes) blocked")
        }
        if let gaps = body["gaps"], let days = gaps["days"]?.number {
            say("days without probes", "\(gaps["days_without_probes"]?.elements.count ?? 0) of \(days)")
            let down = gaps["days_without_uptime"]
            say("days without uptime", down == .null ? "not known" : "\(down?.elements.count ?? 0) of \(days)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func plain(_ value: DocumentValue?) -> String? { value?.text ?? value?.number.map(String.init) }
}
