import FoundationEssentials

/// What `nft -j list ruleset` lists, as far as the checks ask.
package struct NFTListing: Sendable, Equatable {
    /// A table of flows that the kernel forwards past its hooks.
    package struct Flowtable: Sendable, Equatable {
        /// The family and name of its table.
        package var table: String
        /// Its name.
        package var name: String
        /// Whether the network card forwards the flows itself.
        package var isHardware: Bool
    }

    /// A rule.
    package struct Rule: Sendable, Equatable {
        /// The family and name of its table.
        package var table: String
        /// Its chain.
        package var chain: String
        /// The number by which nft deletes it.
        package var handle: Int
        /// The flowtable that it puts flows into.
        package var flowtable: String?
        /// Whether it keeps packets away from connection tracking.
        package var isUntracking = false
        /// The queues that it feeds.
        package var queues: ClosedRange<UInt16>?
        /// The bits of the connection mark that it looks at, and what it wants them to be.
        package var connectionMark: Mark?
    }

    /// A comparison of a mark word.
    package struct Mark: Sendable, Equatable {
        /// The bits that are compared.
        package var mask: UInt32
        /// What they have to be.
        package var value: UInt32
    }

    /// The flowtables.
    package var flowtables: [Flowtable] = []
    /// The rules.
    package var rules: [Rule] = []

    /// A listing without anything in it.
    package init() {}

    /// Reads the program's output; objects and statements that it does not know it passes over.
    ///
    /// - Throws: a `DecodingError` where it is not JSON or not a listing.
    package init(json: String) throws {
        let document = try JSONDecoder().decode(Document.self, from: Data(json.utf8))
        for object in document.nftables {
            if let flowtable = object["flowtable"] {
                flowtables.append(
                    Flowtable(
                        table: flowtable.table,
                        name: flowtable["name"]?.text ?? "",
                        isHardware: flowtable["flags"]?.words.contains("offload") ?? false
                    )
                )
            } else if let rule = object["rule"] {
                rules.append(Self.rule(rule))
            }
        }
    }

    private static func rule(_ object: JSONValue) -> Rule {
        var rule = Rule(
            table: object.table,
            chain: object["chain"]?.text ?? "",
            handle: object["handle"]?.number.flatMap { Int(exactly: $0) } ?? 0
        )
        for statement in object["expr"]?.elements ?? [] {
            if let flow = statement["flow"], flow["op"]?.text == "add", let name = flow["flowtable"]?.text {
                rule.flowtable = name.hasPrefix("@") ? String(name.dropFirst()) : name
            }
            if statement["notrack"] != nil { rule.isUntracking = true }
            if let queue = statement["queue"] { rule.queues = queues(queue) }
            if let match = statement["match"], let mark = connectionMark(match) { rule.connectionMark = mark }
        }
        return rule
    }

    /// The queues of a statement; nil where an expression chooses them.
    private static func queues(_ statement: JSONValue) -> ClosedRange<UInt16>? {
        guard let number = statement["num"] else { return 0...0 }
        let range = number["range"]?.elements ?? [number]
        let ends = range.compactMap { $0.number.flatMap { UInt16(exactly: $0) } }
        guard ends.count == range.count, let first = ends.first, let last = ends.last, first <= last else { return nil }
        return first...last
    }

    /// What `ct mark` or `ct mark and MASK` is compared with.
    private static func connectionMark(_ match: JSONValue) -> Mark? {
        guard match["op"]?.text == "==" || match["op"]?.text == "in",
            let value = match["right"]?.number.flatMap({ UInt32(exactly: $0) }), let left = match["left"]
        else { return nil }
        if left["ct"]?["key"]?.text == "mark" { return Mark(mask: .max, value: value) }
        guard let operands = left["&"]?.elements, operands.count == 2, operands[0]["ct"]?["key"]?.text == "mark",
            let mask = operands[1].number.flatMap({ UInt32(exactly: $0) })
        else { return nil }
        return Mark(mask: mask, value: value)
    }

    private struct Document: Decodable {
        var nftables: [JSONValue]
    }
}

/// Any JSON value.
private enum JSONValue: Decodable {
    case null
    case other
    case text(String)
    case number(Double)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let object = try? container.decode([String: JSONValue].self) {
            self = .object(object)
        } else if let array = try? container.decode([JSONValue].self) {
            self = .array(array)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else {
            self = .other
        }
    }

    subscript(_ key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The texts of an array, or the one text.
    var words: [String] { elements?.compactMap(\.text) ?? text.map { [$0] } ?? [] }

    /// The family and the name of an object's table.
    var table: String { "\(self["family"]?.text ?? "") \(self["table"]?.text ?? "")" }
}
