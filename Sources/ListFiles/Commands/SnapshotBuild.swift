package import Blocklists

/// Makes one snapshot of list files: `grindvakt list build`.
///
/// Files that follow each other in the plan under one id become one list, with the policy of the first.
package struct SnapshotBuild: Sendable {
    /// What a publisher says of the editions.
    package struct Edition: Equatable, Sendable {
        /// The number, rising from one edition to the next; nil for none.
        package var sequence: UInt64?
        /// When they were issued; nil where that is the time of the build.
        package var issuedAt: Timestamp?
        /// When they stop being current; nil for never.
        package var expiresAt: Timestamp?

        /// Editions of which nothing is said.
        package init() {}
    }

    /// The snapshot that is to be replaced.
    package struct Previous: Sendable {
        /// What it says of itself.
        package let header: SnapshotHeader
        /// Its names; nil where its key is not known, and then numbers of entries alone are compared.
        package let snapshot: Snapshot?

        /// A snapshot as far as it can be read.
        ///
        /// - Parameters:
        ///   - path: the file.
        ///   - key: the secret of a sealed one, as far as it is known.
        /// - Throws: where not even its header can be read.
        package init(_ path: String, key: HashKey?) throws(ListFileError) {
            header = try SnapshotFile.header(at: path)
            let sealKey = header.keyCheck == key?.check ? key : nil
            snapshot = try? SnapshotFile(path, loading: .mapped) { _ throws(ListFileError) in sealKey }.snapshot
        }
    }

    /// The files, what is to hold of them, and what is exempt.
    package var plan: ListPlan

    /// The secret of the fingerprints.
    package var key: HashKey

    /// What is said of the editions.
    package var edition = Edition()

    /// The snapshot that growth and shrink are judged against; nil for a first one.
    package var previous: Previous?

    /// The time.
    package var now = Timestamp.now

    /// Is told which file is being read, and how many octets of how many.
    package var progress: (@Sendable (_ path: String, _ octets: Int, _ total: Int?) -> Void)?

    /// A build of these files.
    package init(_ plan: ListPlan, key: HashKey) {
        self.plan = plan
        self.key = key
    }

    /// What became of one list.
    package struct List: Sendable {
        /// Its name.
        package let id: String
        /// What became of its files.
        package internal(set) var readings: [ListReading] = []
        /// What stands for its files: the SHA-256 of the only one, or of the digests of several, one behind the other.
        package internal(set) var digest: ContentDigest?
        /// What the gates said; nil for a list that was refused before.
        package internal(set) var gates: GateReport?
        /// The gates that nothing but an approval opened, and whose keys approved.
        package internal(set) var approvals: [Gate: [KeyID]] = [:]
        /// The difference from the previous snapshot's; nil where there is none, or where they cannot be compared.
        package internal(set) var difference: Snapshot.Difference?
        /// Why it cannot be used, gates apart.
        package internal(set) var fault: String?

        var counts = EntryCounts()
        var lines = ListSummary.Lines(meant: 0, rejected: 0)

        /// Whether it keeps the snapshot from being written.
        package var isRefused: Bool { fault != nil || gates?.isRefused == true }

        init(id: String) {
            self.id = id
        }
    }

    /// What a build has come to.
    package struct Outcome: Sendable {
        /// The lists, in the order of the plan.
        package internal(set) var lists: [List] = []
        /// What became of the file of the allow list.
        package internal(set) var allowed: ListReading?
        /// The snapshot, whatever the gates say of it.
        package internal(set) var snapshot: Snapshot
        /// Whether the gate of public suffixes could not be applied for want of data.
        package internal(set) var lacksSuffixData = false

        /// The lists that keep the snapshot from being written.
        package var refused: [List] { lists.filter(\.isRefused) }
    }

    /// Reads every file, makes the snapshot and judges every list.
    ///
    /// - Parameter leftOut: takes every line that is no entry, in the order of the files.
    /// - Returns: the snapshot and what is to be thought of it; whether it is written is for the caller.
    /// - Throws: ``ListFileError`` where a file cannot be read or has no known format, and where the allow list, the protected names, the public
    ///   suffixes or the approvals cannot be used.
    package func run(leftOut: (RejectedLine) -> Void = { _ in }) throws(ListFileError) -> Outcome {
        var ignored = ListUpdate()
        let loader = ListLoader(plan, key: key, now: now)
        let context = try LoadingContext(loader, &ignored)
        var builder = BlocklistBuilder(lists: descriptors, key: key)
        guard builder.lists.count <= Snapshot.maximumLists else { throw .tooManyLists(builder.lists.count) }
        var lists = builder.lists.map { List(id: $0.descriptor.id) }
        for index in lists.indices {
            let sources = plan.lists.filter { $0.descriptor.id == lists[index].id }
            try read(sources, into: &lists[index], index, &builder, loader, context, leftOut)
        }
        let allowed = try readAllowed(&builder, leftOut)

        let snapshot = builder.buildSnapshot()
        for index in lists.indices where lists[index].fault == nil {
            judge(&lists[index], index, snapshot, context)
        }
        var outcome = Outcome(lists: lists, allowed: allowed, snapshot: snapshot)
        outcome.lacksSuffixData = ignored.lacksSuffixData
        return outcome
    }

    /// The policy of each list, in the order of the plan.
    private var descriptors: [ListDescriptor] {
        var descriptors: [ListDescriptor] = []
        for source in plan.lists where descriptors.contains(where: { $0.id == source.descriptor.id }) == false {
            descriptors.append(source.descriptor)
        }
        // More than a builder takes is told by the caller, which counts them.
        return Array(descriptors.prefix(Snapshot.maximumLists))
    }

    private func read(
        _ sources: [ListSource],
        into list: inout List,
        _ index: Int,
        _ builder: inout BlocklistBuilder,
        _ loader: ListLoader,
        _ context: LoadingContext,
        _ leftOut: (RejectedLine) -> Void
    ) throws(ListFileError) {
        var examination = EntryExamination(rules: context.rules, protected: context.protected)
        var digests: [ContentDigest] = []
        let isExamined = builder.lists[index].descriptor.use == .action
        for source in sources {
            guard source.format != .snapshot, SnapshotFile.isSnapshot(at: source.path) == false else {
                throw .unreadable(path: source.path, cause: "is a snapshot already; name the list file it was made of")
            }
            var format: ListFormat?
            if case .text(let text) = source.format { format = text }
            let reading = try ListReader(path: source.path, format: format, match: source.match).read(
                progress: { octets, total in progress?(source.path, octets, total) },
                leftOut: leftOut
            ) { entry, isException in
                builder.add(entry, list: index, role: isException ? .exception : .listed)
                if isExamined { examination.examine(entry, isException: isException) }
            }
            list.readings.append(reading)
            guard let digest = ContentDigest(octets: reading.digest) else { throw .changedMeanwhile(path: source.path) }
            digests.append(digest)
            if let path = source.testNames {
                list.readings.append(
                    try ListReader(path: path, format: .domains, match: .exact).read(leftOut: leftOut) { entry, _ in
                        builder.add(entry, list: index, role: .test)
                    }
                )
            }
            if list.readings.count == 1 {
                builder.lists[index].descriptor.match = source.match ?? reading.format.usualMatch
            }
            sign(source, reading, digest, &list, &builder.lists[index], loader)
        }
        for reading in list.readings {
            list.lines.meant += reading.entryCount + reading.exceptionCount
            list.lines.meant += reading.rejectedCount + reading.notEnforceableCount
            list.lines.rejected += reading.rejectedCount
            list.lines.notEnforceable += reading.notEnforceableCount
        }
        list.counts = examination.counts
        list.digest = digests.count == 1 ? digests[0] : ContentDigest(of: digests.flatMap(\.octets))
        builder.lists[index].lines = list.lines
        builder.lists[index].examined = isExamined ? list.counts : nil
        builder.lists[index].sourceDigest = list.digest?.octets ?? []
    }

    /// Fills in what is said of the edition: by the statement that the file has to have, or on the command line.
    private func sign(
        _ source: ListSource,
        _ reading: ListReading,
        _ digest: ContentDigest,
        _ list: inout List,
        _ known: inout SnapshotList,
        _ loader: ListLoader
    ) {
        known.issuedAt = UInt64(max((edition.issuedAt ?? now).seconds, 0))
        known.expiresAt = edition.expiresAt.map { UInt64(max($0.seconds, 0)) }
        known.sequence = edition.sequence
        if source.trust.isOff == false {
            do throws(Rejection) {
                let (release, _) = try loader.trusted(source, reading, digest, nil)
                known.sequence = edition.sequence ?? release.sequence
                known.descriptor.purpose = release.purpose.description
                if edition.issuedAt == nil { known.issuedAt = UInt64(max(release.issuedAt.seconds, 0)) }
                if edition.expiresAt == nil { known.expiresAt = release.expiresAt.map { UInt64(max($0.seconds, 0)) } }
            } catch {
                list.fault = error.reason
            }
        }
        let id = known.descriptor.id
        let before = previous?.header.lists.first { $0.descriptor.id == id }
        if let sequence = known.sequence, let accepted = before?.sequence, sequence <= accepted {
            list.fault =
                "list \(id): sequence \(sequence) is not above \(accepted), which the previous snapshot has; raise --sequence"
        }
        if let issued = known.issuedAt, let expires = known.expiresAt, expires <= issued {
            list.fault = "list \(id): would expire before it is issued; give a later --expires"
        }
    }

    private func readAllowed(
        _ builder: inout BlocklistBuilder,
        _ leftOut: (RejectedLine) -> Void
    ) throws(ListFileError) -> ListReading? {
        guard let path = plan.allow else { return nil }
        let reading = try ListReader(path: path, format: .domains, match: .subdomains).read(leftOut: leftOut) {
            entry,
            isException in
            if isException == false { builder.add(entry, list: nil) }
        }
        if plan.isLenient == false, let first = reading.rejectedLines.first {
            throw .badLine(path: first.path, line: first.line, cause: first.cause)
        }
        return reading
    }

    private func judge(_ list: inout List, _ index: Int, _ snapshot: Snapshot, _ context: LoadingContext) {
        guard let source = plan.lists.first(where: { $0.descriptor.id == list.id }), let digest = list.digest else {
            return
        }
        let edition = snapshot.lists[index]
        var summary = ListSummary(
            id: list.id,
            purpose: edition.descriptor.purpose.isEmpty ? nil : edition.descriptor.purpose,
            entries: edition.listedCount,
            counts: list.counts,
            lines: list.lines
        )
        if context.hasRules == false { summary.publicSuffixHits = nil }
        let before = previous?.header.lists.first { $0.descriptor.id == list.id }
        if before != nil, let earlier = previous?.snapshot {
            list.difference = snapshot.difference(ofList: index, from: earlier)
            summary.changes = list.difference.map { ListSummary.Changes(added: $0.added, removed: $0.removed) }
        }
        let judgement = plan.judge(summary, running: before?.listedCount, source, digest, context, now)
        list.gates = judgement.report
        list.approvals = judgement.approvals
    }
}
