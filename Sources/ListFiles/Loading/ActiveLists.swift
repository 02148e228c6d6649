package import Blocklists

/// A list that is used, or about to be.
package struct ActiveList: Sendable {
    /// The list's policy, as configured; ``ListDescriptor/counterSlot`` is filled in where a blocklist is made of it.
    package var descriptor: ListDescriptor

    /// Where its entries are.
    package let snapshot: Snapshot

    /// Which of the snapshot's lists it is.
    package let index: Int

    /// The file that the snapshot was read from as it is; nil for one that was built from text.
    package let file: SnapshotFile?

    /// The SHA-256 digest of the list file or snapshot.
    package let digest: ContentDigest

    /// The keys by which it is signed.
    package var keys: [KeyID]

    /// Whether it may block protected names: somebody approved it, or the gate is off.
    package var mayBlockProtected: Bool

    /// The gates that it came through by an approval, which holds as long as this edition is used, and whose keys approved.
    package var approvals: [Gate: [KeyID]] = [:]

    /// Whether it stands in for an edition that was refused.
    package var isFallback = false

    /// When it began to be used, in seconds since 1970-01-01 UTC.
    package var activatedAt: Int64

    /// The list's name.
    package var id: String { descriptor.id }

    /// What the snapshot knows of it.
    package var edition: SnapshotList { snapshot.lists[index] }

    /// Whether it stopped being current before `now`.
    package func isExpired(at now: Timestamp) -> Bool {
        edition.expiresAt.map { $0 <= UInt64(max(now.seconds, 0)) } ?? false
    }

    /// What its publisher says of the edition; nil for a list without a sequence.
    var release: ListRelease? { edition.release }

    /// Its sequence mark; nil for a list without a sequence.
    var mark: SequenceMark? {
        guard let sequence = edition.sequence,
            let issuedAt = Timestamp(seconds: Int64(clamping: edition.issuedAt ?? 0))
        else { return nil }
        return SequenceMark(sequence: sequence, issuedAt: issuedAt, digest: digest)
    }
}

/// The lists that are used together, and what is exempt from them.
package struct ActiveLists: Sendable {
    /// The lists, in the order in which they are configured.
    package var lists: [ActiveList] = []

    /// The operator's allow list.
    package var allowed: Snapshot?

    /// Names that no list may touch without an approval.
    package var protected: Snapshot?

    /// No lists.
    package init() {}

    /// Whether there is all that a plan asks for, the operator's own names included.
    func isComplete(for plan: ListPlan) -> Bool {
        lists.count == plan.lists.count && (plan.allow == nil || allowed != nil)
            && (plan.protected == nil || protected != nil)
    }

    /// Whether a blocklist of these would say of every name what one of `others` says.
    func blocksLike(_ others: ActiveLists) -> Bool {
        let hasSameLists = lists.elementsEqual(others.lists) { list, other in
            list.snapshot === other.snapshot && list.index == other.index && list.descriptor == other.descriptor
                && list.mayBlockProtected == other.mayBlockProtected
        }
        return hasSameLists && Self.hasSameNames(allowed, others.allowed)
            && Self.hasSameNames(protected, others.protected)
    }

    private static func hasSameNames(_ one: Snapshot?, _ other: Snapshot?) -> Bool {
        guard let one, let other else { return one == nil && other == nil }
        return one.allowDifference(from: other) == Snapshot.Difference()
    }

    /// What is switched on top of the lists.
    package struct Switches: Sendable {
        /// Whether every list only observes.
        package var observesOnly = false
        /// The ids of lists that only observe.
        package var observing: Set<String> = []
        /// Names that are let pass.
        package var passes: Snapshot?

        /// Everything blocks as configured.
        package init() {}
    }

    /// The blocklist of these lists.
    ///
    /// - Parameters:
    ///   - switches: what is switched on top of them.
    ///   - slot: where matches of a list with this id and action are counted.
    /// - Returns: a blocklist that shares the snapshots.
    package func blocklist(
        _ switches: Switches = Switches(),
        slot: (_ id: String, _ action: Action) -> Int = { _, _ in 0 }
    ) -> Blocklist {
        var parts: [(snapshot: Snapshot, lists: [ListDescriptor?])] = []
        for (place, list) in lists.enumerated() {
            var descriptor = list.descriptor
            if switches.observesOnly || switches.observing.contains(list.id) { descriptor.action = .observe }
            descriptor.counterSlot = slot(descriptor.id, descriptor.action)
            // Lists that share a snapshot stand together there; between equals the order of the configuration decides all the same.
            descriptor.precedence = descriptor.precedence * (Blocklist.maximumLists + 1) + place
            if let part = parts.firstIndex(where: { $0.snapshot === list.snapshot }) {
                parts[part].lists[list.index] = descriptor
            } else {
                var descriptors = [ListDescriptor?](repeating: nil, count: list.snapshot.lists.count)
                descriptors[list.index] = descriptor
                parts.append((list.snapshot, descriptors))
            }
        }
        let exemptions = Blocklist.Exemptions(
            allowed: allowed,
            passes: switches.passes,
            protected: protected,
            approved: Set(lists.filter(\.mayBlockProtected).map(\.id))
        )
        return Blocklist(parts.map { Blocklist.Part($0.snapshot, lists: $0.lists) }, exemptions: exemptions)
    }
}
