import Blocklists
import Telemetry

extension ListLoader {
    func read(
        _ source: ListSource,
        _ present: ActiveList?,
        _ context: LoadingContext,
        _ update: inout ListUpdate
    ) throws(Rejection) -> TextCandidate {
        let id = source.descriptor.id
        var builder = BlocklistBuilder(lists: [source.descriptor], key: key)
        var examination = EntryExamination(rules: context.rules, protected: context.protected)
        let isExamined = source.descriptor.use == .action
        var format: ListFormat?
        if case .text(let text) = source.format { format = text }
        let reading = try Rejection.of { () throws(ListFileError) in
            try ListReader(path: source.path, format: format, match: source.match).read(
                progress: { octets, total in progress(id, octets, total) }
            ) { entry, isException in
                builder.add(entry, list: 0, role: isException ? .exception : .listed)
                if isExamined { examination.examine(entry, isException: isException) }
            }
        }
        update.readings.append(reading)
        guard let digest = ContentDigest(octets: reading.digest) else {
            throw Rejection(.damaged, "\(source.path): no digest could be made of it")
        }
        if let path = source.testNames {
            let tests = try Rejection.of { () throws(ListFileError) in
                try ListReader(path: path, format: .domains, match: .exact).read { entry, _ in
                    builder.add(entry, list: 0, role: .test)
                }
            }
            try refuseRejects(tests, digest)
        }
        let lines = ListSummary.Lines(
            meant: reading.entryCount + reading.exceptionCount + reading.rejectedCount + reading.notEnforceableCount,
            rejected: reading.rejectedCount,
            notEnforceable: reading.notEnforceableCount,
            causes: reading.causes
        )
        builder.lists[0].descriptor.match = source.match ?? reading.format.usualMatch
        builder.lists[0].lines = lines
        builder.lists[0].examined = isExamined ? examination.counts : nil
        builder.lists[0].sourceDigest = reading.digest

        var keys: [KeyID] = []
        if source.trust.isOff == false {
            let (release, signers) = try trusted(source, reading, digest, present)
            keys = signers
            builder.lists[0].sequence = release.sequence
            builder.lists[0].issuedAt = UInt64(max(release.issuedAt.seconds, 0))
            builder.lists[0].expiresAt = release.expiresAt.map { UInt64(max($0.seconds, 0)) }
            builder.lists[0].descriptor.purpose = release.purpose.description
        }

        let snapshot = builder.buildSnapshot()
        let edition = snapshot.lists[0]
        var summary = ListSummary(
            id: id,
            purpose: edition.descriptor.purpose.isEmpty ? nil : edition.descriptor.purpose,
            entries: edition.listedCount,
            counts: examination.counts,
            lines: lines
        )
        if context.hasRules == false { summary.publicSuffixHits = nil }
        if let present, let difference = snapshot.difference(ofList: 0, from: present.snapshot) {
            update.differences[id] = difference
            summary.changes = ListSummary.Changes(added: difference.added, removed: difference.removed)
        }
        let judgement = try judge(summary, source, present, digest, context, reading, &update)
        return TextCandidate(
            builder: builder,
            snapshot: snapshot,
            descriptor: edition.descriptor,
            digest: digest,
            keys: keys,
            mayBlockProtected: judgement.mayBlockProtected,
            approvals: judgement.approvals,
            activatedAt: now.seconds
        )
    }

    /// The release that a list file's signed statement describes.
    func trusted(
        _ source: ListSource,
        _ reading: ListReading,
        _ digest: ContentDigest,
        _ present: ActiveList?
    ) throws(Rejection) -> (ListRelease, [KeyID]) {
        let path = SignedStatement.path(beside: source.path)
        do throws(TrustError) {
            let signed = try SignedStatement.load(path)
            let keys = try TrustError.at(path) { () throws(TrustFault) in try signed.verify(source.trust) }
            let release = signed.statement.release
            try TrustError.at(path) { () throws(TrustFault) in
                if let id = Identifier(source.descriptor.id), release.id != id {
                    throw .otherList(release.id, wanted: id)
                }
            }
            try TrustError.at(source.path) { () throws(TrustFault) in
                try signed.statement.check(digest: digest, length: UInt64(reading.octets))
            }
            try ledger?.check(release, digest: digest, floor: present?.mark)
            return (release, keys)
        } catch {
            throw Rejection(error, digest)
        }
    }
}

/// A list that was read from text and may be used.
struct TextCandidate {
    let builder: BlocklistBuilder
    let snapshot: Snapshot
    let descriptor: ListDescriptor
    let digest: ContentDigest
    let keys: [KeyID]
    let mayBlockProtected: Bool
    let approvals: [Gate: [KeyID]]
    let activatedAt: Int64

    func list(in snapshot: Snapshot, _ index: Int) -> ActiveList {
        ActiveList(
            descriptor: descriptor,
            snapshot: snapshot,
            index: index,
            file: nil,
            digest: digest,
            keys: keys,
            mayBlockProtected: mayBlockProtected,
            approvals: approvals,
            activatedAt: activatedAt
        )
    }
}
