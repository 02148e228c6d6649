import Telemetry

/// What the checks found on a host.
package struct HostReport: Sendable {
    /// What became of one check.
    package enum Outcome: Sendable, Equatable {
        /// It found nothing.
        case passed
        /// It found something.
        case found([Finding])
        /// It says neither yes nor no, for this reason.
        case unknown(String)
        /// It needs this privilege.
        case denied(privilege: String)
    }

    /// A check with what became of it.
    package struct Entry: Sendable {
        /// The check's name.
        package var id: String
        /// What holds where it finds nothing.
        package var title: String
        /// What became of it.
        package var outcome: Outcome
    }

    /// The checks, in their order.
    package let entries: [Entry]

    /// Puts every check to the facts.
    ///
    /// - Parameters:
    ///   - facts: what is known of the host.
    ///   - checks: the checks.
    package init(_ facts: HostFacts, checks: [HostCheck] = HostCheck.all) {
        entries = checks.map { check in
            Entry(id: check.id, title: check.title, outcome: Self.outcome(of: check, facts))
        }
    }

    private static func outcome(of check: HostCheck, _ facts: HostFacts) -> Outcome {
        do throws(Unexamined) {
            let findings = try check.examine(facts)
            return findings.isEmpty ? .passed : .found(findings)
        } catch {
            switch error {
            case .unknown(let reason): return .unknown(reason)
            case .denied(let privilege): return .denied(privilege: privilege)
            }
        }
    }

    /// The findings of a check; none where it found nothing.
    package func findings(of id: String) -> [Finding] {
        if case .found(let findings) = entries.first(where: { $0.id == id })?.outcome { findings } else { [] }
    }

    /// The privileges that checks asked for in vain, each once.
    package var missingPrivileges: [String] {
        var privileges: [String] = []
        for case .denied(let privilege) in entries.map(\.outcome) where privileges.contains(privilege) == false {
            privileges.append(privilege)
        }
        return privileges
    }

    /// 3 where a privilege is missing, else 1 where there is a fault or a warning, else 0.
    package var exitStatus: Int32 {
        if missingPrivileges.isEmpty == false { return 3 }
        return count(of: .fault) + count(of: .warning) > 0 ? 1 : 0
    }

    /// How many findings matter so much.
    package func count(of severity: Severity) -> Int { found.count { $0.finding.severity == severity } }

    private var found: [(check: String, finding: Finding)] {
        entries.flatMap { entry -> [(check: String, finding: Finding)] in
            guard case .found(let findings) = entry.outcome else { return [] }
            return findings.map { (entry.id, $0) }
        }
    }

    private var passed: Int { entries.count { $0.outcome == .passed } }

    // MARK: - Text

    /// The report for people: faults first.
    ///
    /// - Parameter isVerbose: whether the checks that passed are listed, and those that say neither yes nor no.
    /// - Returns: the text, which ends with a line of counts.
    package func text(isVerbose: Bool) -> String {
        var text = ""
        for severity in Severity.allCases {
            for (check, finding) in found where finding.severity == severity {
                text += "\(severity.rawValue.uppercased()) \(check): \(finding.problem)\n"
                text += Self.paragraph("why: ", finding.reason)
                if let command = finding.command { text += "    mend: \(command)\n" }
                if let advice = finding.advice {
                    text += Self.paragraph(finding.command == nil ? "mend:" : "hint:", advice)
                }
                text += "\n"
            }
        }
        if isVerbose { text += lines }
        for privilege in missingPrivileges {
            let checks = entries.filter { $0.outcome == .denied(privilege: privilege) }.map(\.id)
            text += "not checked without \(privilege): \(checks.joined(separator: ", "))\n"
        }
        return text + summary + "\n"
    }

    /// The columns that text for people takes.
    private static let columns = 100

    /// A text behind its word, over as many lines as it needs.
    private static func paragraph(_ head: String, _ text: String) -> String {
        var paragraph = ""
        var line = "    \(head)"
        for word in text.split(separator: " ") {
            if line.count + 1 + word.count > columns, line.count > 10 {
                paragraph += line + "\n"
                line = String(repeating: " ", count: 9)
            }
            line += " " + word
        }
        return paragraph + line + "\n"
    }

    private var lines: String {
        entries.map { entry in
            switch entry.outcome {
            case .passed: "passed  \(entry.id): \(entry.title)\n"
            case .unknown(let reason): "-       \(entry.id): \(reason)\n"
            case .found, .denied: ""
            }
        }.joined()
    }

    /// One line that counts.
    private var summary: String {
        let counts = Severity.allCases.map { ($0.rawValue, count(of: $0)) }.filter { $0.1 > 0 }
            .map { "\($0.1) \($0.0)\($0.1 == 1 ? "" : "s")" }
        return "\(passed) checks passed" + (counts.isEmpty ? "" : "; found: " + counts.joined(separator: ", "))
    }

    // MARK: - JSON

    /// The report as one JSON document.
    package var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.write("status", exitStatus)
        json.write("passed", passed)
        for severity in Severity.allCases { json.write("\(severity.rawValue)s", count(of: severity)) }
        json.beginArray("missing_privileges")
        for privilege in missingPrivileges { json.write(nil, privilege) }
        json.endArray()
        json.beginArray("findings")
        for (check, finding) in found {
            json.beginObject()
            json.write("check", check)
            json.write("severity", finding.severity.rawValue)
            json.write("problem", finding.problem)
            json.write("reason", finding.reason)
            json.write("command", finding.command)
            json.write("advice", finding.advice)
            json.endObject()
        }
        json.endArray()
        json.beginArray("checks")
        for entry in entries {
            json.beginObject()
            json.write("check", entry.id)
            json.write("title", entry.title)
            switch entry.outcome {
            case .passed: write("passed", nil, nil, to: &json)
            case .found: write("found", nil, nil, to: &json)
            case .unknown(let reason): write("unknown", reason, nil, to: &json)
            case .denied(let privilege): write("denied", nil, privilege, to: &json)
            }
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.text + "\n"
    }

    private func write(_ outcome: String, _ reason: String?, _ privilege: String?, to json: inout JSONWriter) {
        json.write("outcome", outcome)
        json.write("reason", reason)
        json.write("privilege", privilege)
    }
}
