/// A strict reader of the HTML that the page is written in: lower case, attributes in quotes, every element closed but the void ones.
struct MarkupReader {
    /// An element with its text.
    struct Element {
        var name: String
        var attributes: [String: String]
        /// The text within, without that of the elements in it.
        var text = ""
        /// The names of the elements around it, the outermost first.
        var around: [String]
    }

    /// What is wrong with the markup.
    enum Fault: Error, Equatable {
        case tag(String)
        case notOpen(String)
        case notClosed([String])
        case bareSign(String)
    }

    /// All elements, in the order in which they begin.
    private(set) var elements: [Element] = []

    private static let voids: Set = ["meta", "link", "br"]

    /// Reads a document.
    init(_ html: String) throws {
        var rest = html[...]
        var open: [Int] = []
        if let end = rest.firstRange(of: "<!DOCTYPE html>\n") { rest = rest[end.upperBound...] }
        while let begin = rest.firstIndex(of: "<") {
            try note(String(rest[..<begin]), open.last)
            guard
                let tag = rest[begin...].prefixMatch(of: /<(\/?)([a-z][a-z0-9]*)((?: [a-z-]+(?:="[^"<>]*")?)*)>/)
                    ?? rest[begin...].prefixMatch(of: /<(\/?)(link)((?: [a-z-]+="[^"]*")*)>/)
            else { throw Fault.tag(String(rest[begin...].prefix(60))) }
            let name = String(tag.output.2)
            rest = rest[tag.range.upperBound...]
            if tag.output.1.isEmpty == false {
                guard let last = open.popLast(), elements[last].name == name else { throw Fault.notOpen(name) }
                continue
            }
            elements.append(
                Element(name: name, attributes: Self.attributes(tag.output.3), around: open.map { elements[$0].name })
            )
            if ["script", "style"].contains(name) {
                guard let end = rest.firstRange(of: "</\(name)>") else { throw Fault.notClosed([name]) }
                elements[elements.count - 1].text = String(rest[..<end.lowerBound])
                rest = rest[end.upperBound...]
            } else if Self.voids.contains(name) == false {
                open.append(elements.count - 1)
            }
        }
        guard open.isEmpty else { throw Fault.notClosed(open.map { elements[$0].name }) }
    }

    /// The elements of a name.
    func elements(_ name: String) -> [Element] { elements.filter { $0.name == name } }

    /// The figures that are shown outside of templates: their elements, with the text of the element that holds it.
    var figures: [(path: String, format: String, text: String)] {
        zip(elements, elements.dropFirst()).compactMap { figure, inner in
            guard let path = figure.attributes["data-path"], let format = figure.attributes["data-format"],
                figure.around.contains("template") == false
            else { return nil }
            return (path, format, inner.text)
        }
    }

    private mutating func note(_ text: String, _ element: Int?) throws {
        guard text.contains(">") == false else { throw Fault.bareSign(text) }
        if let element { elements[element].text += text }
    }

    private static func attributes(_ text: Substring) -> [String: String] {
        text.matches(of: #/ ([a-z-]+)(?:="([^"]*)")?/#).reduce(into: [:]) { attributes, match in
            attributes[String(match.output.1)] = match.output.2.map(String.init) ?? ""
        }
    }
}
