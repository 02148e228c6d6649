package import Blocklists

/// Reads every list of a plan and says of each whether it may be used.
///
/// A list that may not be used hinders no other. Nothing that has a name is changed on disk.
package struct ListLoader: Sendable {
    /// What is configured.
    package let plan: ListPlan

    /// The secret of the fingerprints of lists that are read from text.
    package let key: HashKey

    /// What has been accepted before; nil where no sequence is remembered.
    package let ledger: SequenceLedger?

    /// The time.
    package let now: Timestamp

    /// A folder where nobody else writes, to which snapshot files are copied before they are mapped; nil where they are read into memory.
    package var copies: String?

    /// Is told which list is being read, and how many octets of how many.
    package var progress: @Sendable (_ list: String, _ octets: Int, _ total: Int?) -> Void = { _, _, _ in }

    /// A loader for a plan.
    package init(_ plan: ListPlan, key: HashKey, ledger: SequenceLedger? = nil, now: Timestamp = .now) {
        self.plan = plan
        self.key = key
        self.ledger = ledger
        self.now = now
    }

    /// Reads every file and judges every list.
    ///
    /// Nothing is kept of an earlier edition: what is not in the files now is not on the lists now.
    /// - Parameter running: the lists that are used at present, to compare with.
    /// - Returns: which lists may be used, and why others may not.
    /// - Throws: ``ListFileError`` where the allow list, the protected names, the public suffixes or the approvals cannot be used: without
    ///   them no list is safe.
    package func load(running: [ActiveList] = []) throws(ListFileError) -> ListUpdate {
        var update = ListUpdate()
        let context = try LoadingContext(self, &update)
        update.allowed = try plan.allow.map { path throws(ListFileError) in try names(in: path, &update).snapshot }
        guard plan.lists.count <= Blocklist.maximumLists else { throw .tooManyLists(plan.lists.count) }

        var texts: [(place: Int, candidate: TextCandidate)] = []
        var accepted: [(place: Int, list: ActiveList)] = []
        var files: [String: Result<SnapshotCandidate, Rejection>] = [:]
        for (place, source) in plan.lists.enumerated() {
            let present = running.first { $0.id == source.descriptor.id }
            do throws(Rejection) {
                if isSnapshot(source) {
                    accepted.append((place, try accept(source, present, context, &files, &update)))
                } else {
                    texts.append((place, try read(source, present, context, &update)))
                }
            } catch {
                update.refused.append(
                    RefusedList(
                        id: source.descriptor.id,
                        causes: error.causes,
                        reason: error.reason,
                        digest: error.digest
                    )
                )
            }
        }
        accepted += merge(texts)
        update.accepted = accepted.sorted { $0.place < $1.place }.map(\.list)
        return update
    }

    private func isSnapshot(_ source: ListSource) -> Bool {
        switch source.format {
        case .snapshot: true
        case .text: false
        case .detected: SnapshotFile.isSnapshot(at: source.path)
        }
    }

    /// Puts the lists that were read from text into as few snapshots as they fit into: each costs a search per name.
    private func merge(_ texts: [(place: Int, candidate: TextCandidate)]) -> [(place: Int, list: ActiveList)] {
        guard texts.count > 1 else { return texts.map { ($0.place, $0.candidate.list(in: $0.candidate.snapshot, 0)) } }
        var lists: [(place: Int, list: ActiveList)] = []
        var rest = texts[...]
        while rest.isEmpty == false {
            let group = rest.prefix(Snapshot.maximumLists)
            rest = rest.dropFirst(group.count)
            var builder = BlocklistBuilder(lists: [], key: key)
            for text in group { builder.append(text.candidate.builder) }
            let snapshot = builder.buildSnapshot()
            for (index, text) in group.enumerated() {
                lists.append((text.place, text.candidate.list(in: snapshot, index)))
            }
        }
        return lists
    }
}
