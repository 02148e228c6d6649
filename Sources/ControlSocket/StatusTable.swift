import FoundationEssentials

/// Writes a sensor's status as tables for people to read.
package enum StatusTable {
    /// The whole text, every line ended.
    package static func render(_ status: StatusDocument) -> String {
        var text = ""
        if status.killSwitch == true {
            text += "*** KILL SWITCH ON: NOTHING IS BLOCKED; matches are counted only ***\n\n"
        }
        text += "grindvakt \(status.version), up \(duration(status.uptimeSeconds))"
        text += ", since \(time(status.startedAt)), snapshot \(status.snapshotGeneration)\n"
        if let takeover = status.takeover {
            text += "took over \(takeover.queues) queues at \(time(takeover.at)): \(takeover.waited) packets waited, "
            text += "\(takeover.queuedAgain) were queued again, \(takeover.passed) passed unseen\n"
        }
        text += outcomes("reloads", status.reloads)
        if let rollbacks = status.rollbacks, rollbacks.last != nil { text += outcomes("rollbacks", rollbacks) }
        if let passes = status.passes, passes > 0 { text += "let pass by the operator: \(passes) names\n" }
        text += failures(status)
        for finding in status.health?.findings ?? [] { text += "! \(finding.id): \(words(finding.text))\n" }
        if let keys = status.restartNeeded, keys.isEmpty == false {
            text += "! restart-needed: changed, but acted upon at the next start alone: "
            text += "\(words(keys.joined(separator: ", ")))\n"
        }
        text += "\n"
        let taps = status.taps ?? []
        if taps.isEmpty || status.queues.isEmpty == false { text += table(queueRows(status)) + "\n" }
        if taps.isEmpty == false { text += table(tapRows(taps)) + "\n" }
        text += table(listRows(status))
        if status.lists.isEmpty == false { text += "\n" + table(policyRows(status)) }
        text += refusals(status)
        text += "\nnames      \(counts(status.totals.names))\n"
        text += "matches    \(status.totals.matches)\n"
        if let attempts = status.totals.attempts, let events = status.totals.events {
            text += "attempts   \(attempts) in \(events) events\n"
        }
        if let tests = status.totals.testMatches { text += "tests      \(tests)\n" }
        if let exempted = status.totals.exempted { text += "left alone \(counts(exempted))\n" }
        if let responses = status.totals.responses { text += "answers    \(sent(responses))\n" }
        text += "undecided  \(counts(status.totals.undecided))\n"
        text += "odd forms  \(seen(status.totals.anomalies))\n"
        text += "hidden DNS \(seen(status.totals.encryptedDnsFlows))\n"
        return text
    }

    private static func outcomes(_ name: String, _ all: StatusDocument.Reloads) -> String {
        var text = "\(name): \(all.succeeded) ok, \(all.failed) failed"
        if let last = all.last { text += "; last \(last.succeeded ? "ok" : "failed") at \(time(last.at))" }
        return text + "\n"
    }

    private static func failures(_ status: StatusDocument) -> String {
        guard let failures = status.failures else { return "" }
        var text = "when it cannot judge: overload \(failures.overload), nobody there \(failures.absence), "
        text += "malformed \(failures.malformed), over budget \(failures.overBudget)"
        if let seconds = status.failOpenSeconds, seconds > 0 { text += "; \(duration(seconds)) fail-open so far" }
        return text + "\n"
    }

    /// What was sent of each kind, and what was not.
    private static func sent(_ responses: [String: [String: UInt64]]) -> String {
        let parts = responses.sorted { $0.key < $1.key }.compactMap { kind, results -> String? in
            guard results.values.contains(where: { $0 > 0 }) else { return nil }
            let others = results.filter { $0.key != "sent" && $0.value > 0 }
            return "\(kind) \(results["sent"] ?? 0)" + (others.isEmpty ? "" : " (\(counts(others)))")
        }
        return parts.isEmpty ? "none" : parts.joined(separator: ", ")
    }

    private static func queueRows(_ status: StatusDocument) -> [[String]] {
        var rows = [
            [
                "QUEUE", "WAITING", "ACCEPTED", "DROPPED", "KERNEL-DROPPED", "USER-DROPPED", "UNSEEN", "OVERRUNS",
                "FLOWS",
                "VERDICT", "FAIL-OPEN", "GSO", "BUFFER",
            ]
        ]
        for queue in status.queues {
            rows.append([
                queue.present ? String(queue.queue) : "\(queue.queue) (gone)",
                number(queue.waiting),
                String(queue.accepted),
                String(queue.dropped),
                number(queue.kernelDropped),
                number(queue.userDropped),
                String(queue.unseen),
                String(queue.receiveOverruns),
                String(queue.flows),
                queue.verdictMeanSeconds.map { microseconds($0) } ?? "-",
                yesOrNo(queue.failOpen),
                yesOrNo(queue.gso),
                buffer(queue),
            ])
        }
        return rows
    }

    private static func tapRows(_ taps: [StatusDocument.Tap]) -> [[String]] {
        var rows = [["TAP", "READING", "PACKETS", "RECEIVED", "KERNEL-DROPPED", "INTERFACE-DROPPED", "FLOWS"]]
        for tap in taps {
            rows.append([
                tap.interface, yesOrNo(tap.reading), String(tap.packets), String(tap.received),
                String(tap.kernelDropped), String(tap.interfaceDropped), String(tap.flows),
            ])
        }
        return rows
    }

    private static func listRows(_ status: StatusDocument) -> [[String]] {
        var rows = [
            [
                "LIST", "STATE", "ACTION", "ENTRIES", "SEQUENCE", "ACTIVATED", "EXPIRES", "MATCHES", "TESTS",
                "LEFT-ALONE",
                "REFUSED",
            ]
        ]
        for list in status.lists {
            rows.append([
                list.id,
                state(of: list),
                list.actions.joined(separator: ","),
                String(list.entries),
                number(list.sequence),
                time(list.activatedAt),
                list.expiresAt.map { time($0) } ?? "-",
                String(list.matches),
                number(list.testMatches),
                number(list.exempted?.values.reduce(0, &+)),
                number(list.updatesRefused),
            ])
        }
        return rows
    }

    private static func state(of list: StatusDocument.List) -> String {
        let marks = (list.expired == true ? ["EXPIRED"] : []) + (list.fallback == true ? ["FALLBACK"] : [])
        return marks.isEmpty ? "ok" : marks.joined(separator: ",")
    }

    /// What is said of the lists as a whole, and what became of their lines.
    private static func policyRows(_ status: StatusDocument) -> [[String]] {
        var rows = [
            [
                "LIST", "PUBLISHER", "PURPOSE", "MATCH", "PROTOCOLS", "PRECEDENCE", "TEST-NAMES", "EXCEPTIONS",
                "REJECTED",
                "NOT-ENFORCEABLE", "LEGAL-BASIS",
            ]
        ]
        for list in status.lists {
            rows.append([
                list.id,
                words(list.publisher),
                words(list.purpose),
                words(list.match),
                words(list.protocols?.joined(separator: ",")),
                number(list.precedence),
                number(list.testNames),
                number(list.exceptions),
                number(list.rejectedLines),
                number(list.notEnforceableLines),
                words(list.legalBasis),
            ])
        }
        return rows
    }

    /// The causes of refused updates, a line for each list that has any.
    private static func refusals(_ status: StatusDocument) -> String {
        let active = status.lists.filter { ($0.updatesRefused ?? 0) > 0 }.map { list in
            "refused updates of \(list.id): \(list.updatesRefused ?? 0); \(seen(list.refusals ?? [:]))\n"
        }
        let others = (status.refusedLists ?? []).map { list in
            "refused updates of \(list.id), NOT ACTIVE: \(list.updatesRefused); \(seen(list.refusals))\n"
        }
        let lines = (active + others).joined()
        return lines.isEmpty ? "" : "\n" + lines
    }

    /// A text that somebody wrote, short and without what could steer a terminal; a dash for none.
    private static func words(_ text: String?) -> String {
        guard let text, text.isEmpty == false else { return "-" }
        let isLong = text.unicodeScalars.count > longestWords
        let plain = text.unicodeScalars.prefix(longestWords).map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: "?"
            default: String(Character(scalar))
            }
        }
        return plain.joined() + (isLong ? "..." : "")
    }

    /// The most scalars of a text that somebody wrote that are shown; the whole is in the JSON.
    private static let longestWords = 120

    /// The columns that hold words; they stand to the left, all others to the right.
    private static let wordColumns: Set = [
        "QUEUE", "FAIL-OPEN", "GSO", "BUFFER", "TAP", "READING", "LIST", "STATE", "ACTION", "ACTIVATED",
        "EXPIRES", "PUBLISHER", "PURPOSE", "MATCH", "PROTOCOLS", "LEGAL-BASIS",
    ]

    /// Columns two blanks apart, below their heads.
    private static func table(_ rows: [[String]]) -> String {
        guard let heads = rows.first else { return "" }
        let columns = heads.indices
        let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = columns.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return wordColumns.contains(heads[column]) ? row[column] + padding : padding + row[column]
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    private static func buffer(_ queue: StatusDocument.Queue) -> String {
        guard let obtained = queue.receiveBufferBytes else { return "-" }
        guard let wanted = queue.receiveBufferWantedBytes, obtained < wanted else { return bytes(obtained) }
        return "\(bytes(obtained)) of \(bytes(wanted))"
    }

    private static func bytes(_ count: Int) -> String {
        if count >= 1 << 20 { return "\(count >> 20)MiB" }
        if count >= 1 << 10 { return "\(count >> 10)KiB" }
        return "\(count)B"
    }

    private static func counts(_ counts: [String: UInt64]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// The counts that are not zero: of things that most networks never show, the others would only be in the way.
    private static func seen(_ all: [String: UInt64]) -> String {
        let seen = all.filter { $0.value > 0 }
        return seen.isEmpty ? "none" : counts(seen)
    }

    private static func number(_ value: (some BinaryInteger)?) -> String {
        value.map { String($0) } ?? "-"
    }

    private static func yesOrNo(_ value: Bool?) -> String {
        value.map { $0 ? "yes" : "no" } ?? "-"
    }

    /// A time of one or two digits after the point, in microseconds.
    private static func microseconds(_ seconds: Double) -> String {
        let tenths = Int((min(max(seconds, 0), 1e6) * 1e7).rounded())
        return "\(tenths / 10).\(tenths % 10)us"
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 1e12))
        let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
        if days > 0 { return "\(days)d \(hours)h" }
        if hours > 0 { return "\(hours)h \(minutes)m" }
        if minutes > 0 { return "\(minutes)m \(whole % 60)s" }
        return "\(whole)s"
    }

    private static func time(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }
}
