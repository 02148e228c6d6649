import Blocklists
import Telemetry
import Wire

extension ListLoader {
    func judge(
        _ summary: ListSummary,
        _ source: ListSource,
        _ present: ActiveList?,
        _ digest: ContentDigest,
        _ context: LoadingContext,
        _ reading: ListReading?,
        _ update: inout ListUpdate
    ) throws(Rejection) -> GateJudgement {
        // An approval runs out for what has not come yet, not for what is in use.
        let standing = present.flatMap { $0.digest == digest ? $0.approvals : nil } ?? [:]
        let judgement = plan.judge(
            summary,
            running: present?.edition.listedCount,
            source,
            digest,
            context,
            now,
            standing: standing
        )
        let report = judgement.report
        update.gates.append(report)
        guard report.isRefused else { return judgement }
        var reasons = report.refusals.map(\.description)
        if let reading, let first = reading.rejectedLines.first, report[.rejects] == .refused {
            let more = reading.rejectedCount - 1
            reasons.insert(
                "\(ListFileError.badLine(path: first.path, line: first.line, cause: first.cause))"
                    + (more > 0 ? " (and \(more) more lines)" : ""),
                at: 0
            )
            // The line says what is wrong better than the gate does.
            reasons.removeAll { $0.contains("gate \(Gate.rejects.rawValue):") }
        }
        throw Rejection(
            Set(report.refusals.map { ListRefusal($0.gate) }),
            reasons.joined(separator: "; ") + "; sha256 \(digest)",
            digest
        )
    }

    func refuseRejects(_ reading: ListReading, _ digest: ContentDigest) throws(Rejection) {
        guard plan.isLenient == false, let first = reading.rejectedLines.first else { return }
        throw Rejection(.badLine(path: first.path, line: first.line, cause: first.cause), digest)
    }

    /// The names in a file of the operator's own, as an allow list.
    func names(
        in path: String,
        _ update: inout ListUpdate
    ) throws(ListFileError) -> (snapshot: Snapshot, names: [DomainName]) {
        var builder = BlocklistBuilder(lists: [], key: key)
        var names: [DomainName] = []
        let reading = try ListReader(path: path, format: .domains, match: .subdomains).read { entry, isException in
            guard isException == false else { return }
            builder.add(entry, list: nil)
            names.append(entry.name)
        }
        if plan.isLenient == false, let first = reading.rejectedLines.first {
            throw .badLine(path: first.path, line: first.line, cause: first.cause)
        }
        update.readings.append(reading)
        return (builder.buildSnapshot(), names)
    }
}

/// What the gates say of a list.
struct GateJudgement {
    /// What each of them says.
    let report: GateReport

    /// The gates that nothing but an approval opened, and whose keys approved.
    let approvals: [Gate: [KeyID]]

    /// Whether the list may block names that others are protected from.
    var mayBlockProtected: Bool {
        report[.protectedName] == .approved || report[.protectedName] == .off
    }
}

extension ListPlan {
    /// Holds a list against the gates of its source, with the approvals that there are for exactly this digest, and those that stand already.
    func judge(
        _ summary: ListSummary,
        running entries: Int?,
        _ source: ListSource,
        _ digest: ContentDigest,
        _ context: LoadingContext,
        _ now: Timestamp,
        standing: [Gate: [KeyID]] = [:]
    ) -> GateJudgement {
        var policy = source.gates
        if isLenient { policy.gates.remove(.rejects) }
        if source.descriptor.use == .encryptedDNS { policy.gates.formIntersection([.empty, .rejects]) }
        var approvals = standing
        if let id = Identifier(summary.id) {
            let found = approvers.approvedGates(for: digest, list: id, now: now, approvals: context.approvals)
            for (gate, keys) in found {
                if let gate = Gate(rawValue: gate.description) { approvals[gate] = keys }
            }
        }
        let running = entries.map { ListSummary(id: summary.id, entries: $0) }
        let report = policy.judge(summary, running: running, approved: Set(approvals.keys))
        return GateJudgement(report: report, approvals: approvals.filter { report[$0.key] == .approved })
    }
}
