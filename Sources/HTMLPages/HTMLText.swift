/// HTML that is put together piece by piece; what is not HTML goes through ``escape(_:)``.
package enum HTMLText {
    /// Text as HTML, fit for elements and for attributes in quotes. Controls, line feeds among them, and marks that turn the direction become
    /// U+FFFD.
    package static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // Controls, and marks that turn the direction of what follows.
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): result += "\u{FFFD}"
            case _ where (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value):
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A template with its slots, `{{name}}`, filled.
    ///
    /// What is filled in is not looked through again, so that no text of others can name a slot; a slot without a value stays as it is.
    package static func fill(_ template: String, _ values: [String: String]) -> String {
        var result = ""
        for (index, part) in template.split(separator: "{{", omittingEmptySubsequences: false).enumerated() {
            let halves = part.split(separator: "}}", maxSplits: 1, omittingEmptySubsequences: false)
            if index > 0, halves.count == 2, let value = values[String(halves[0])] {
                result += value + halves[1]
            } else {
                result += (index > 0 ? "{{" : "") + part
            }
        }
        return result
    }
}
