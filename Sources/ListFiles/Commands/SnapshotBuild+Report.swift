import Blocklists

extension SnapshotBuild.Outcome {
    /// How many lines that were left out are named one by one.
    package static let namedLines = 20

    /// What a build has come to, for people: formats, entries, what was left out and why, and what each gate said. No line names an entry.
    package var report: String {
        var lines: [String] = []
        for (index, list) in lists.enumerated() {
            lines.append("list \(list.id)")
            for reading in list.readings { lines += reading.report }
            let edition = snapshot.lists[index]
            lines.append(
                "  entries: \(edition.listedCount)"
                    + (edition.count(.test) > 0 ? ", \(edition.count(.test)) of them test names" : "")
                    + (edition.count(.exception) > 0 ? "; exceptions: \(edition.count(.exception))" : "")
            )
            if let difference = list.difference {
                lines.append("  since the previous snapshot: \(difference.added) added, \(difference.removed) removed")
            }
            if let sequence = edition.sequence { lines.append("  sequence: \(sequence)") }
            if let digest = list.digest { lines.append("  sha256: \(digest)") }
            if let fault = list.fault { lines.append("  refused: \(fault)") }
            for result in list.gates?.results ?? [] { lines.append("  \(result.gateLine)") }
            for result in list.gates?.refusals ?? [] {
                guard let digest = list.digest else { continue }
                lines.append(
                    "  to approve, two people each: grindvakt list approve --digest \(digest) --list \(list.id) "
                        + "--gate \(result.gate.rawValue) --key KEY -o FILE"
                )
            }
        }
        if let allowed {
            lines.append("allow list")
            lines += allowed.report
            lines.append("  entries: \(snapshot.allowedCount)")
        }
        if lacksSuffixData {
            lines.append(
                "public suffixes are not checked: \(ListPlan.installedSuffixes) is missing; install the package publicsuffix"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension ListReading {
    /// What became of a file, a line for each thing.
    fileprivate var report: [String] {
        var lines = [
            "  \(path): format \(format.rawValue)\(isPacked ? ", packed" : ""), \(lineCount) lines, \(entryCount) entries, "
                + "\(exceptionCount) exceptions"
        ]
        for kind in [ListLineError.Kind.rejected, .notEnforceable] {
            let (word, count, first) =
                switch kind {
                case .rejected: ("rejected", rejectedCount, rejectedLines)
                case .notEnforceable: ("not enforceable", notEnforceableCount, notEnforceableLines)
                }
            guard count > 0 else { continue }
            lines.append("  \(word): \(count)")
            let found = ListLineError.allCases.filter { $0.kind == kind }.compactMap { cause in
                causes[cause].map { (cause: cause, count: $0) }
            }
            for (cause, count) in found { lines.append("    \(count) × \(cause.description)") }
            let named = first.prefix(SnapshotBuild.Outcome.namedLines)
            for line in named { lines.append("    \(line.path):\(line.line): \(line.cause.description)") }
            if count > named.count {
                lines.append("    and \(count - named.count) more; --rejects FILE names them all")
            }
        }
        return lines
    }
}

extension GateResult {
    /// The result for a report that names the list elsewhere.
    package var gateLine: String {
        let start = "list \(list): "
        return description.hasPrefix(start) ? String(description.dropFirst(start.count)) : description
    }
}
