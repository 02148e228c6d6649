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
    ) throws(Rejection) -> GateReport {
        var policy = source.gates
        if plan.isLenient { policy.gates.remove(.rejects) }
        if source.descriptor.use == .encryptedDNS { policy.gates.formIntersection([.empty, .rejects]) }
        var approved: Set<Gate> = []
        if let id = Identifier(summary.id) {
            let gates = plan.approvers.approvedGates(for: digest, list: id, now: now, approvals: context.approvals)
            approved = Set(gates.compactMap(Gate.init))
        }
        // An approval runs out for what has not come yet, not for what is in use.
        if let present, present.digest == digest { approved.formUnion(present.approvedGates) }
        let running = present.map { ListSummary(id: $0.id, entries: $0.edition.listedCount) }
        let report = policy.judge(summary, running: running, approved: approved)
        update.gates.append(report)
        guard report.isRefused else { return report }
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

extension GateReport {
    /// The gates that nothing but an approval opened.
    var approvedGates: Set<Gate> { Set(results.filter { $0.outcome == .approved }.map(\.gate)) }

    /// Whether the list may block names that others are protected from.
    var mayBlockProtected: Bool {
        self[.protectedName] == .approved || self[.protectedName] == .off
    }
}
