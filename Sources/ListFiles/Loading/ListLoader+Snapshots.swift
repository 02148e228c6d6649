import Blocklists
import Telemetry

extension ListLoader {
    func accept(
        _ source: ListSource,
        _ present: ActiveList?,
        _ context: LoadingContext,
        _ files: inout [String: Result<SnapshotCandidate, Rejection>],
        _ update: inout ListUpdate
    ) throws(Rejection) -> ActiveList {
        let id = source.descriptor.id
        try refuseUnsigned(source)
        let opened: Result<SnapshotCandidate, Rejection>
        if let known = files[source.path] {
            opened = known
        } else {
            opened = Result { () throws(Rejection) in try open(source, context) }
            files[source.path] = opened
        }
        let candidate = try opened.get()
        let digest = candidate.digest
        let keys: [KeyID]
        do throws(TrustError) {
            keys = try candidate.verify(source.trust, source.path)
        } catch {
            throw Rejection(error, digest)
        }
        let snapshot = candidate.file.snapshot
        guard let index = snapshot.lists.firstIndex(where: { $0.descriptor.id == id }) else {
            throw Rejection(.damaged, "\(source.path): the snapshot holds no list \"\(id)\"", digest)
        }
        let edition = snapshot.lists[index]
        let descriptor = source.descriptor(of: edition.descriptor, isText: false)

        let release = edition.release
        if source.trust.isOff == false, release == nil, let id = Identifier(id) {
            throw Rejection(TrustError(source.path, .noSequence(id)), digest)
        }
        if let release {
            do throws(TrustError) {
                try ledger?.check(release, digest: digest, floor: present?.mark)
            } catch {
                throw Rejection(error, digest)
            }
        }
        let coverage = candidate.coverage[index]
        var summary = ListSummary(
            id: id,
            purpose: edition.descriptor.purpose.isEmpty ? nil : edition.descriptor.purpose,
            entries: edition.listedCount,
            coverage: coverage
        )
        if let examined = edition.examined {
            summary.kinds = Dictionary(uniqueKeysWithValues: EntryKind.allCases.map { ($0, examined[$0]) })
            // What was seen in the names at the build, or is seen now by looking up; the larger is right.
            summary.publicSuffixHits = max(coverage.publicSuffixes, examined.publicSuffixHits)
            summary.protectedNameHits = max(coverage.protectedNames, examined.protectedNameHits)
        }
        if context.hasRules == false, edition.examined == nil { summary.publicSuffixHits = nil }
        summary.lines = edition.lines
        if let present, let difference = snapshot.difference(ofList: index, from: present.snapshot) {
            update.differences[id] = difference
            summary.changes = ListSummary.Changes(added: difference.added, removed: difference.removed)
        }
        let judgement = try judge(summary, source, present, digest, context, nil, &update)
        return ActiveList(
            descriptor: descriptor,
            snapshot: snapshot,
            index: index,
            file: candidate.file,
            digest: digest,
            keys: keys,
            mayBlockProtected: judgement.mayBlockProtected,
            approvals: judgement.approvals,
            activatedAt: now.seconds
        )
    }

    /// Refuses a file that says itself that it is not signed as configured, before it takes room in memory or on the disk.
    ///
    /// Of what is then used it is asked once more. A file that cannot be read this far is for that to tell of.
    private func refuseUnsigned(_ source: ListSource) throws(Rejection) {
        guard source.trust.isOff == false, let outline = try? SnapshotOutline(source.path) else { return }
        do throws(TrustFault) {
            _ = try source.trust.verify(outline.signedOctets, as: .snapshot, signatures: outline.signatures)
        } catch {
            throw Rejection(TrustError(source.path, error), outline.digest)
        }
    }

    func open(_ source: ListSource, _ context: LoadingContext) throws(Rejection) -> SnapshotCandidate {
        let file = try Rejection.of { () throws(ListFileError) in
            func key(_: SnapshotHeader) throws(ListFileError) -> HashKey? {
                guard let path = source.sealKey else { return nil }
                do throws(TrustError) {
                    return try SealKey.load(path).hashKey()
                } catch {
                    throw .untrusted(error)
                }
            }
            guard let copies else { return try SnapshotFile(source.path, key: key) }
            return try SnapshotFile(source.path, copiedTo: copies, key: key)
        }
        guard let digest = ContentDigest(octets: file.digest) else {
            throw Rejection(.damaged, "\(source.path): no digest could be made of it")
        }
        return SnapshotCandidate(
            file: file,
            digest: digest,
            coverage: ListCoverage.measure(
                listCount: file.snapshot.lists.count,
                rules: context.rules,
                protected: context.protected
            ) { file.snapshot.lists(having: $0) }
        )
    }
}

/// A snapshot file that can be read.
struct SnapshotCandidate {
    let file: SnapshotFile
    let digest: ContentDigest
    let coverage: [ListCoverage]

    /// The keys by which it is signed, provided that they suffice.
    func verify(_ policy: TrustPolicy, _ path: String) throws(TrustError) -> [KeyID] {
        guard policy.isOff == false else { return [] }
        return try TrustError.at(path) { () throws(TrustFault) in
            let signatures = try SignatureBlock(parsing: file.trailer)
            let keys = try policy.verify(file.signedOctets, as: .snapshot, signatures: signatures)
            guard file.isBodyAuthentic else { throw .otherContent }
            return keys
        }
    }
}

extension SnapshotList {
    /// What its signed part says of the edition; nil where there is no sequence.
    var release: ListRelease? {
        guard let sequence, let id = Identifier(descriptor.id),
            let purpose = Identifier(descriptor.purpose.isEmpty ? "unspecified" : descriptor.purpose),
            let issuedAt = Timestamp(seconds: Int64(clamping: issuedAt ?? 0))
        else { return nil }
        return ListRelease(
            id: id,
            purpose: purpose,
            sequence: sequence,
            issuedAt: issuedAt,
            expiresAt: expiresAt.flatMap { Timestamp(seconds: Int64(clamping: $0)) }
        )
    }
}
