import CaptureFiles

extension EvasionCard {
    /// The card, ending in a line feed.
    package func text(_ format: Format) -> String {
        switch format {
        case .text: table
        case .markdown: markdown
        case .jsonl: lines
        }
    }

    /// How many cases and twins are as expected, in a sentence.
    package var summary: String {
        let others = outcomes.count - metCount
        let sentence = "\(metCount) of \(outcomes.count) cases as expected, each with its innocent twin"
        return others == 0 ? sentence : "\(sentence); \(others) NOT"
    }

    private static let header = ["case", "protocol", "seen", "blocked", "counted as", "verdict"]

    private func cells(_ outcome: EvasionOutcome) -> [String] {
        let total = outcome.packets
        return [
            outcome.evasionCase.id,
            outcome.evasionCase.inspectedProtocol,
            outcome.seen.map { "\($0)/\(total)" } ?? "no",
            outcome.blocked.map { "\($0)/\(total)" } ?? "no",
            outcome.counted.isEmpty ? "-" : outcome.counted.joined(separator: ", "),
            outcome.isMet ? "ok" : "NOT: " + outcome.faults.joined(separator: ", "),
        ]
    }

    private var table: String {
        let rows = [Self.header] + outcomes.map { cells($0) }
        let widths = Self.header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var text = ""
        for row in rows {
            let padded = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            let line = padded.joined(separator: "  ")
            text += line.prefix(line.count - line.reversed().prefix { $0 == " " }.count) + "\n"
        }
        return text + "\n" + summary + "\n"
    }

    private var markdown: String {
        var text = "| case | what is odd | made by | protocol | seen | blocked | counted as | verdict |\n"
        text += "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        for outcome in outcomes {
            var row = cells(outcome)
            row.insert(contentsOf: [outcome.evasionCase.title, outcome.evasionCase.origin], at: 1)
            text += "| " + row.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
        }
        return text + "\n" + summary + "\n"
    }

    private var lines: String {
        var bytes: [UInt8] = []
        for outcome in outcomes {
            bytes += Array("{\"type\":\"case\"".utf8)
            let evasionCase = outcome.evasionCase
            let texts = [
                ("id", evasionCase.id), ("group", evasionCase.group.rawValue), ("title", evasionCase.title),
                ("origin", evasionCase.origin), ("defeats", evasionCase.defeats),
                ("protocol", evasionCase.inspectedProtocol), ("expected", evasionCase.expectation.word),
            ]
            for (key, value) in texts {
                bytes += Array(",\"\(key)\":".utf8)
                bytes.appendJSON(value)
            }
            bytes += Array(",\"packets\":\(outcome.packets)".utf8)
            let numbers = [("deadline", outcome.deadline), ("seen", outcome.seen), ("blocked", outcome.blocked)]
            for (key, value) in numbers { bytes += Array(",\"\(key)\":\(value.map { "\($0)" } ?? "null")".utf8) }
            for (key, values) in [("counted", outcome.counted), ("faults", outcome.faults)] {
                bytes += Array(",\"\(key)\":[".utf8)
                for (index, value) in values.enumerated() {
                    if index > 0 { bytes.append(UInt8(ascii: ",")) }
                    bytes.appendJSON(value)
                }
                bytes.append(UInt8(ascii: "]"))
            }
            bytes += Array(",\"verdict\":\"\(outcome.isMet ? "ok" : "NOT")\"}\n".utf8)
        }
        bytes += Array("{\"type\":\"summary\",\"cases\":\(outcomes.count),\"met\":\(metCount)}\n".utf8)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension EvasionExpectation {
    /// `blocked` or `passed`.
    package var word: String {
        switch self {
        case .blocked: "blocked"
        case .passed: "passed"
        }
    }

    /// What must come of the case, in a sentence's end.
    var explanation: String {
        switch self {
        case .blocked: "seen and blocked"
        case .passed(nil, let labels): "passes, counted as \(labels.joined(separator: ", "))"
        case .passed(let name?, let labels):
            "\(name) seen, passes, counted as \(labels.joined(separator: ", "))"
        }
    }
}
