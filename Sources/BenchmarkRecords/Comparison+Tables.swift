import Figures
import Telemetry

extension Comparison {
    /// A table for people, a column for each member.
    package var text: String {
        var text = "Members side by side, benchmark records version \(BenchmarkRecord.version)\n"
        text += "Days compared: \(daysText)\n"
        if leftOutText.isEmpty == false {
            text += "Left out, as not every member has a record of the day: \(leftOutText)\n"
        }
        let measures = measures
        let labels = measures.map { $0.unit.isEmpty ? "  \($0.title)" : "  \($0.title) (\($0.unit))" }
        let labelWidth = labels.map(\.count).max() ?? 0
        let columns = members.indices.map { index in
            let cells = measures.map { $0.values[index]?.text ?? "-" }
            return max(members[index].name.count, cells.map(\.count).max() ?? 0)
        }
        func line(_ label: String, _ cells: [String]) -> String {
            let padded = zip(cells, columns).map { cell, width in
                "  " + String(repeating: " ", count: width - cell.count) + cell
            }
            return label + String(repeating: " ", count: labelWidth - label.count) + padded.joined() + "\n"
        }
        text += "\n" + line("", members.map(\.name))
        for section in Section.allCases {
            text += "\(section.title)\n"
            for (measure, label) in zip(measures, labels) where measure.section == section {
                text += line(label, measure.values.map { $0?.text ?? "-" })
            }
        }
        text += "\n"
        for note in notes { text += Self.wrapped(note) }
        return text
    }

    /// A line for each figure (RFC 4180): what it is at least, and at most.
    package var csv: String {
        var lines = ["member,market,days,window_seconds,section,measure,unit,least,most"]
        let measures = measures
        for (index, member) in members.enumerated() {
            guard let record = member.records.first else { continue }
            for measure in measures {
                let value = measure.values[index]
                lines.append(
                    [
                        record.member, record.market, String(days.count), String(windowSeconds),
                        measure.section.rawValue, measure.key, measure.unit,
                        value.map { $0.text($0.least) } ?? "", value.map { $0.text($0.most) } ?? "",
                    ].joined(separator: ",")
                )
            }
        }
        return lines.map { $0 + "\r\n" }.joined()
    }

    /// The same as one JSON object.
    package var json: String {
        let measures = measures
        let tree = JSONTree.object([
            "schema": .string("grindvakt-benchmark-comparison"),
            "schema_version": .integer(1),
            "record_version": .integer(BenchmarkRecord.version),
            "dedup": .object(["mode": .string("entry"), "window_seconds": .integer(windowSeconds)]),
            "days": .array(days.map { .string($0.label) }),
            "members": .array(
                members.enumerated().map { index, member in
                    .object([
                        "member": .string(member.records.first?.member ?? ""),
                        "market": .string(member.records.first?.market ?? ""),
                        "access": member.records.last?.base.access.map { .string($0.rawValue) } ?? .null,
                        "subscribers": .number(member.records.last?.base.subscribers),
                        "days_left_out": .integer(UInt64(member.daysLeftOut)),
                        "measures": .array(
                            measures.map { measure in
                                let value = measure.values[index]
                                return .object([
                                    "section": .string(measure.section.rawValue),
                                    "measure": .string(measure.key),
                                    "unit": .string(measure.unit),
                                    "least": value.map { .decimal($0.text($0.least)) } ?? .null,
                                    "most": value.map { .decimal($0.text($0.most)) } ?? .null,
                                ])
                            }
                        ),
                    ])
                }
            ),
            "notes": .array(notes.map { .string($0) }),
        ])
        return tree.text
    }

    /// The words over lines of at most 80 characters.
    private static func wrapped(_ words: String) -> String {
        var lines: [String] = []
        for word in words.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= 80 {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
