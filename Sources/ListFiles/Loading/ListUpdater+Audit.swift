package import Blocklists
import Telemetry

extension ListUpdater {
    func note(
        _ event: AuditEvent,
        _ lists: [ActiveList],
        counts: [AuditCount: UInt64] = [:],
        name: [UInt8]? = nil,
        until end: Timestamp? = nil,
        by caller: AuditCaller,
        _ now: Timestamp,
        _ warnings: inout [String]
    ) {
        var record = AuditRecord(event, by: caller, at: now)
        record.lists = lists.compactMap { AuditRecord.List($0) }
        record.keys = lists.flatMap(\.keys)
        record.counts = counts
        if lists.isEmpty == false {
            record.counts[.entries] = lists.reduce(0) { $0 + UInt64($1.edition.listedCount) }
        }
        record.expiresAt = end
        if let name, let store = settings.store { record.names = [store.secret.auditDigest(of: name)] }
        append(record, &warnings)
    }

    func note(_ refused: RefusedList, by caller: AuditCaller, _ now: Timestamp, _ warnings: inout [String]) {
        var record = AuditRecord(.refuse, by: caller, at: now)
        record.lists = Identifier(refused.id).map { [AuditRecord.List($0, digest: refused.digest)] } ?? []
        record.gates = refused.causes.compactMap { Identifier($0.label) }.sorted()
        append(record, &warnings)
    }

    private func append(_ record: AuditRecord, _ warnings: inout [String]) {
        do throws(TrustError) {
            try settings.audit?.append(record)
        } catch {
            warnings.append("the audit log could not be written: \(error)")
        }
    }
}

extension AuditRecord.List {
    /// A list that is in use, or about to be.
    package init?(_ list: ActiveList) {
        self.init(list.id, sequence: list.edition.sequence, digest: list.digest, approvals: list.approvals)
    }

    /// A list with its gates that were opened by approvals; nil for an id that is none.
    package init?(
        _ id: String,
        sequence: UInt64?,
        digest: ContentDigest?,
        approvals: [Gate: [KeyID]] = [:]
    ) {
        guard let id = Identifier(id) else { return nil }
        self.init(id, sequence: sequence, digest: digest)
        for (gate, keys) in approvals {
            if let gate = Identifier(gate.rawValue) { self.approvals[gate] = keys }
        }
    }
}
