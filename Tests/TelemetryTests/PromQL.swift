import Foundation
import Telemetry

/// What an expression of Prometheus' language asks for, as far as it can be told without knowing the language.
struct PromQL {
    /// A metric in an expression.
    struct Use: Hashable {
        /// The name as it stands there.
        let name: String
        /// The functions around it, the innermost last.
        let functions: [String]
    }

    /// Every metric that the expression names.
    let uses: [Use]

    private static let words: Set<String> = [
        "and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool", "inf",
        "nan", "start", "end", "sum", "min", "max", "avg", "group", "count", "topk", "bottomk", "quantile", "stddev",
    ]
    private static let clauses: Set<String> = ["by", "without", "on", "ignoring", "group_left", "group_right"]

    /// Reads an expression.
    init(_ expression: String) {
        var uses: [Use] = []
        // Of a bracket that is not a function's the name is empty; of the list of labels behind `by` it is nil.
        var open: [String?] = []
        var word = ""
        var rest = Substring(Self.withoutTexts(expression)) + " "
        while let character = rest.popFirst() {
            if character.isLetter || character.isNumber || character == "_" || character == ":" || character == "." {
                word.append(character)
                continue
            }
            let isCall = rest.isEmpty == false && (character == "(" || Self.next(character, rest) == "(")
            if word.isEmpty == false {
                let isNumber = word.first?.isNumber == true || word.first == "."
                let isLabel = open.contains { $0 == nil }
                if isNumber == false, isLabel == false, isCall == false, Self.words.contains(word) == false {
                    uses.append(Use(name: word, functions: open.compactMap(\.self).filter { $0.isEmpty == false }))
                }
            }
            switch character {
            case "(":
                open.append(Self.clauses.contains(word) ? nil : Self.words.contains(word) ? "" : word)
                word = ""
            case ")": _ = open.popLast()
            case "{": rest = rest[(rest.firstIndex(of: "}") ?? rest.startIndex)...].dropFirst()
            case "[": rest = rest[(rest.firstIndex(of: "]") ?? rest.startIndex)...].dropFirst()
            default: break
            }
            if character != " " && character != "\n" || isCall == false { word = "" }
        }
        self.uses = uses
    }

    /// The first character that is no space, from one on.
    private static func next(_ character: Character, _ rest: Substring) -> Character? {
        guard character == " " || character == "\n" else { return character }
        return rest.first { $0 != " " && $0 != "\n" }
    }

    private static func withoutTexts(_ expression: String) -> String {
        var text = ""
        var isInside = false
        var isEscaped = false
        for character in expression {
            if isInside {
                if isEscaped {
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == "\"" {
                    isInside = false
                }
            } else if character == "\"" {
                isInside = true
            } else {
                text.append(character)
            }
        }
        return text
    }

    /// Looks for what is wrong with the use of a metric.
    ///
    /// - Parameters:
    ///   - use: the metric and the functions around it.
    ///   - recorded: names that recording rules give.
    /// - Returns: the fault; nil where there is none.
    static func fault(_ use: Use, recorded: Set<String>) -> String? {
        if use.name == "up" || recorded.contains(use.name) { return nil }
        let endings = ["_bucket", "_sum", "_count"]
        let isPart = endings.contains { use.name.hasSuffix($0) }
        let metric = Metric.allCases.first { metric in
            metric.sampleName == use.name
                || metric.kind == .histogram && endings.contains { metric.sampleName + $0 == use.name }
        }
        guard let metric else { return "there is no metric \(use.name)" }
        let isRate = use.functions.contains { ["rate", "increase", "irate"].contains($0) }
        switch metric.kind {
        case .counter where isRate == false: return "\(use.name) is a counter without a rate around it"
        case .histogram where isPart == false || isRate == false: return "\(use.name) is a histogram"
        case .gauge where isRate, .info where isRate: return "\(use.name) never is a counter, so it has no rate"
        default: return nil
        }
    }
}

/// The files of `systemd/monitoring`.
enum MonitoringFiles {
    /// The folder.
    static let folder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/systemd/monitoring"

    /// The text of a file, by its path from the package's root.
    static func text(_ path: String) throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return String(decoding: try Data(contentsOf: URL(filePath: "/\(root)/\(path)")), as: UTF8.self)
    }

    /// A rule of `grindvakt.rules.yml`.
    struct Rule {
        /// The alert's name, or the record's.
        var name: String
        /// Whether it is an alert.
        var isAlert: Bool
        /// What it asks for.
        var expression = ""
        /// The other keys, its annotations among them.
        var values: [String: String] = [:]
    }

    /// Every rule, in the order of the file.
    static func rules() throws -> [Rule] {
        var rules: [Rule] = []
        var isInExpression = false
        for line in try text("systemd/monitoring/grindvakt.rules.yml").split(separator: "\n") {
            let words = line.drop { $0 == " " }
            let indent = line.count - words.count
            if let name = words.value(of: "- alert") ?? words.value(of: "- record") {
                rules.append(Rule(name: name, isAlert: words.hasPrefix("- alert")))
            } else if rules.isEmpty == false, let expression = words.value(of: "expr"), indent == 8 {
                isInExpression = expression == "|"
                if isInExpression == false { rules[rules.count - 1].expression = expression }
                continue
            } else if isInExpression, indent > 8 {
                rules[rules.count - 1].expression += words + "\n"
                continue
            } else if rules.isEmpty == false, let colon = words.firstIndex(of: ":"), words.hasPrefix("#") == false {
                let key = String(words[..<colon])
                rules[rules.count - 1].values[key] = words.value(of: key)
            }
            isInExpression = false
        }
        return rules
    }
}

extension Substring {
    /// What stands behind a key and its colon, without quotes around it.
    fileprivate func value(of key: String) -> String? {
        guard hasPrefix(key + ":") else { return nil }
        let value = dropFirst(key.count + 1).drop { $0 == " " }
        return String(value.hasPrefix("\"") ? value.dropFirst().dropLast() : value)
    }
}
