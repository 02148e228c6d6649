import Blocklists
import Glibc
package import Telemetry

/// Says of a list that was fetched whether it may take the place of the one that is there: as far as this can be said without what only the
/// sensor reads, such as its state and the key of sealed snapshots.
///
/// The sensor judges every list once more, with all that it has.
package struct FetchedList: Sendable {
    /// Why a list may not take its place, in one line without any of its content.
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        package let description: String

        /// The causes, for the audit log.
        package let causes: Set<ListRefusal>
    }

    /// What was found to be in order, for the audit log.
    package struct Finding: Equatable, Sendable {
        /// The lists that are configured with the file.
        package fileprivate(set) var lists: [AuditRecord.List] = []

        /// The keys that count.
        package fileprivate(set) var keys: [KeyID] = []

        fileprivate mutating func add(
            _ id: String,
            _ release: ListRelease?,
            _ digest: ContentDigest,
            by signers: [KeyID]
        ) {
            if let id = Identifier(id) {
                lists.append(AuditRecord.List(id, sequence: release?.sequence, digest: digest))
            }
            keys += signers.filter { keys.contains($0) == false }
        }
    }

    /// The lists that are configured with the file.
    package var ids: [Identifier] { sources.compactMap { Identifier($0.descriptor.id) } }

    /// The lists that are configured with this file; several for a snapshot.
    private let sources: [ListSource]
    private let plan: ListPlan
    private let now: Timestamp

    /// A judgement by this plan.
    ///
    /// - Parameters:
    ///   - destination: the file as configured.
    ///   - plan: what is configured. Files of the operator's own that cannot be read here are passed over: the gates that need them are left to the
    ///     sensor.
    ///   - now: the time.
    package init(_ destination: String, _ plan: ListPlan, now: Timestamp = .now) {
        var plan = plan
        if let path = plan.protected, Self.isReadable(path) == false { plan.protected = nil }
        if case .file(let path) = plan.suffixes, Self.isReadable(path) == false {
            plan.suffixes = .installed
            for index in plan.lists.indices { plan.lists[index].gates.gates.remove(.publicSuffix) }
        }
        plan.allow = nil
        for index in plan.lists.indices { plan.lists[index].testNames = nil }
        self.plan = plan
        sources = plan.lists.filter { $0.path == destination }
        self.now = now
    }

    /// Judges what was fetched against what is in place.
    ///
    /// - Parameters:
    ///   - list: where the list is that was fetched.
    ///   - signature: where its statement is; nil where none was fetched.
    /// - Returns: what it is.
    /// - Throws: ``Refusal``.
    @discardableResult
    package func check(_ list: String, signature: String?) throws(Refusal) -> Finding {
        do throws(ListFileError) {
            return SnapshotFile.isSnapshot(at: list) ? try checkSnapshot(list) : try checkText(list, signature)
        } catch {
            var causes: Set<ListRefusal> = [ListRefusal(error)]
            if case .refused(let lists) = error { causes = lists.reduce(into: []) { $0.formUnion($1.causes) } }
            throw Refusal(description: Self.words(error), causes: causes)
        }
    }

    private func checkSnapshot(_ list: String) throws(ListFileError) -> Finding {
        var finding = Finding()
        let outline = try SnapshotOutline(list)
        try outline.checkBody()
        for source in sources {
            guard let edition = outline.header.lists.first(where: { $0.descriptor.id == source.descriptor.id }) else {
                throw .unreadable(path: list, cause: "the snapshot holds no list \"\(source.descriptor.id)\"")
            }
            let keys = source.trust.isOff ? [] : try outline.verify(source.trust)
            if source.trust.isOff == false, edition.release == nil, let id = Identifier(source.descriptor.id) {
                throw .untrusted(TrustError(list, .noSequence(id)))
            }
            finding.add(source.descriptor.id, edition.release, outline.digest, by: keys)
        }
        let present = sources.first.flatMap { try? SnapshotOutline($0.path) }
        var ignored = ListUpdate()
        let context = try LoadingContext(ListLoader(plan, key: .random(), now: now), &ignored)
        for source in sources {
            guard let edition = outline.header.lists.first(where: { $0.descriptor.id == source.descriptor.id }) else {
                continue
            }
            let before = present?.header.lists.first { $0.descriptor.id == source.descriptor.id }
            try checkOrder(edition.release, after: before?.release, list)
            // What was seen at the build; the sensor looks names up as well.
            var summary = ListSummary(edition, ListCoverage(), hasRules: false)
            if edition.examined == nil { summary.protectedNameHits = nil }
            try refuse(plan.judge(summary, running: before?.listedCount, source, outline.digest, context, now).report)
        }
        return finding
    }

    private func checkText(_ list: String, _ signature: String?) throws(ListFileError) -> Finding {
        var finding = Finding()
        for source in sources {
            guard source.format != .snapshot else { throw .badSnapshot(path: list, cause: .foreign) }
            try checkStatement(list, signature, source, &finding)
            let key = HashKey.random()
            let fetched = try ComparedLists(list, as: source, plan, key: key, sealKey: nil)
            let present = try? ComparedLists(source.path, as: source, plan, key: key, sealKey: nil)
            let comparison = try ListComparison(present, fetched, plan, now: now)
            for report in comparison.lists.compactMap(\.gates) { try refuse(report) }
        }
        return finding
    }

    private func checkStatement(
        _ list: String,
        _ signature: String?,
        _ source: ListSource,
        _ finding: inout Finding
    ) throws(ListFileError) {
        do throws(TrustError) {
            let (digest, length) = try ContentHasher.file(list)
            guard source.trust.isOff == false else { return finding.add(source.descriptor.id, nil, digest, by: []) }
            guard let signature else { throw TrustError(SignedStatement.path(beside: list), .cutDocument) }
            let signed = try SignedStatement.load(signature)
            let release = signed.statement.release
            let keys = try TrustError.at(list) { () throws(TrustFault) in
                let keys = try signed.verify(source.trust)
                if let id = Identifier(source.descriptor.id), release.id != id {
                    throw .otherList(release.id, wanted: id)
                }
                try signed.statement.check(digest: digest, length: length)
                return keys
            }
            finding.add(source.descriptor.id, release, digest, by: keys)
            let present = try? SignedStatement.load(SignedStatement.path(beside: source.path))
            // What stands there may be half of a pair; it counts for no more than its signatures do.
            let isTrusted = (try? present?.verify(source.trust)) != nil
            try Self.order(release, after: isTrusted ? present?.statement.release : nil, list)
        } catch {
            throw .untrusted(error)
        }
    }

    private func checkOrder(_ new: ListRelease?, after old: ListRelease?, _ list: String) throws(ListFileError) {
        guard let new else { return }
        do throws(TrustError) {
            try Self.order(new, after: old, list)
        } catch {
            throw .untrusted(error)
        }
    }

    private static func order(_ new: ListRelease, after old: ListRelease?, _ list: String) throws(TrustError) {
        guard let old, old.id == new.id, new.sequence < old.sequence else { return }
        throw TrustError(list, .replayed(new.id, sequence: new.sequence, accepted: old.sequence))
    }

    private func refuse(_ report: GateReport) throws(ListFileError) {
        guard report.isRefused else { return }
        throw .refused([
            RefusedList(
                id: report.list,
                causes: Set(report.refusals.map { ListRefusal($0.gate) }),
                reason: report.refusals.map(\.gateLine).joined(separator: "; "),
                digest: nil
            )
        ])
    }

    /// What is wrong, without the place that the fetch keeps the file at meanwhile.
    private static func words(_ error: ListFileError) -> String {
        switch error {
        case .unreadable(_, let cause): cause
        case .badSnapshot(_, let cause): cause.description
        case .untrusted(let error): error.fault.description
        case .formatUnknown: "of no known format; an error page perhaps"
        default: error.description
        }
    }

    private static func isReadable(_ path: String) -> Bool {
        // SAFETY: the string lives for the time of the call and ends in zero.
        unsafe access(path, R_OK) == 0
    }
}
