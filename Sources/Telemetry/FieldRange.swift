/// One of the ranges of an `Accept` or `Accept-Encoding` field, with its weight (RFC 9110 §12.4.2).
package struct FieldRange: Sendable, Equatable {
    /// The media type or the coding, in lower case.
    package var name: String
    /// How much it is wanted, from 0 for not at all to 1.
    package var weight = 1.0
    /// The parameter `version`, without quotes; nil where there is none.
    package var version: String?

    /// The ranges of a field, as they stand in it; none where there is no field.
    package static func ranges(in field: String?) -> [FieldRange] {
        (field ?? "").split(separator: ",").compactMap { range in
            let parts = range.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmed.lowercased() }
            guard let name = parts.first, name.isEmpty == false else { return nil }
            var range = FieldRange(name: name)
            for parameter in parts.dropFirst() {
                let pair = parameter.split(separator: "=", maxSplits: 1).map { $0.trimmed }
                guard pair.count == 2 else { continue }
                // What is no weight asks for nothing; what is no number at all compares with nothing either.
                if pair[0] == "q" { range.weight = Double(pair[1]).flatMap { (0...1).contains($0) ? $0 : nil } ?? 0 }
                if pair[0] == "version" { range.version = pair[1].filter { $0 != "\"" } }
            }
            return range
        }
    }
}

extension StringProtocol {
    fileprivate var trimmed: String {
        var rest = self[...]
        while rest.first == " " || rest.first == "\t" { rest.removeFirst() }
        while rest.last == " " || rest.last == "\t" { rest.removeLast() }
        return String(rest)
    }
}
