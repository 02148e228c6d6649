/// What is known of the last fetch that was accepted, for a conditional request.
///
/// It says that the files in place came from this location and were accepted. A destination that was changed, replaced or removed by
/// hand is another file than the record speaks of, and the list is fetched anew.
struct FetchRecord: Equatable, Sendable {
    /// What the server says of the version it sent (RFC 9110 §8.8); never both nil where one is made.
    struct Validators: Equatable, Sendable {
        var entityTag: String?
        var modified: String?

        /// Takes over what has the form of a validator; nil where nothing has.
        init?(entityTag: Substring?, modified: Substring?) {
            self.entityTag = entityTag.flatMap(Self.entityTag)
            self.modified = modified.flatMap(Self.date)
            guard self.entityTag != nil || self.modified != nil else { return nil }
        }

        /// `"..."` or `W/"..."`, visible characters without further quotes (RFC 9110 §8.8.3).
        private static func entityTag(_ text: Substring) -> String? {
            let opaque = text.hasPrefix("W/") ? text.dropFirst(2) : text
            guard text.utf8.count <= 512, isPrintable(text), opaque.utf8.count >= 2, opaque.hasPrefix("\""),
                opaque.hasSuffix("\""), !opaque.dropFirst().dropLast().contains("\"")
            else { return nil }
            return String(text)
        }

        /// The fixed form of a date (RFC 9110 §5.6.7), as `Sun, 06 Nov 1994 08:49:37 GMT`.
        private static func date(_ text: Substring) -> String? {
            let pattern = "Aaa, 00 Aaa 0000 00:00:00 GMT"
            guard text.utf8.count == pattern.utf8.count else { return nil }
            let fits = zip(text.utf8, pattern.utf8).allSatisfy { octet, model in
                switch model {
                case UInt8(ascii: "A"): (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(octet)
                case UInt8(ascii: "a"): (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(octet)
                case UInt8(ascii: "0"): (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet)
                default: octet == model
                }
            }
            return fits ? String(text) : nil
        }
    }

    /// The location with its secrets; another query may be another list.
    var location: String
    var validators: Validators?
    var list: FileIdentity
    var signature: FileIdentity?

    /// The most octets of a record's file.
    static let maximumSize = 16 << 10

    private static let heading = "grindvakt-fetch 1"

    /// Reads a record; nil for anything that `text` would not have written.
    init?(parsing text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        func next(_ key: String) -> Substring? {
            guard let line = lines.first, line.hasPrefix(key + " ") else { return nil }
            lines.removeFirst()
            return line.dropFirst(key.count + 1)
        }
        guard lines.popFirst() == Self.heading[...], let location = next("location") else { return nil }
        let (entityTag, modified) = (next("etag"), next("modified"))
        guard let list = next("list").flatMap(FileIdentity.init(parsing:)) else { return nil }
        let signature = next("signature").flatMap(FileIdentity.init(parsing:))
        self.init(
            location: String(location),
            validators: Validators(entityTag: entityTag, modified: modified),
            list: list,
            signature: signature
        )
        // One way to write each record: what reads the same but is written otherwise is damaged.
        guard self.text == text else { return nil }
    }

    init(location: String, validators: Validators?, list: FileIdentity, signature: FileIdentity?) {
        self.location = location
        self.validators = validators
        self.list = list
        self.signature = signature
    }

    /// The record as it is written to its file.
    var text: String {
        var lines = [Self.heading, "location \(location)"]
        if let entityTag = validators?.entityTag { lines.append("etag \(entityTag)") }
        if let modified = validators?.modified { lines.append("modified \(modified)") }
        lines.append("list \(list.text)")
        if let signature { lines.append("signature \(signature.text)") }
        return lines.joined(separator: "\n") + "\nend\n"
    }
}
