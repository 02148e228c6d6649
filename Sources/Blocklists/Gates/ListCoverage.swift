package import Wire

/// How much that must not be blocked a finished list would block. For snapshots, whose names cannot be read back: what must not be
/// blocked is looked up instead.
///
/// This sees a public suffix or a protected name that is listed or covered. It cannot see an entry that lies under one of them, nor one for
/// a top-level domain that no rule knows; those are found by an ``EntryExamination`` where the snapshot is built.
package struct ListCoverage: Equatable, Sendable {
    /// Public suffixes that the list blocks, itself or what lies under it.
    package var publicSuffixes = 0

    /// Protected names that the list blocks, itself or what lies under it.
    package var protectedNames = 0

    /// A list that covers none.
    package init() {}

    /// Looks everything up, for each of several lists at once.
    ///
    /// - Parameters:
    ///   - listCount: how many lists there are, at most 64.
    ///   - rules: the public suffixes.
    ///   - protected: the protected names.
    ///   - lists: the lists that have a name, whatever an allow list says of it: bit `n` for the list at index `n`.
    /// - Returns: one result for each list, in their order.
    package static func measure(
        listCount: Int,
        rules: PublicSuffixRules,
        protected: ProtectedNames,
        lists: (borrowing DomainName) -> UInt64
    ) -> [ListCoverage] {
        var result = [ListCoverage](repeating: ListCoverage(), count: listCount)
        var previous = (index: -1, bits: UInt64(0))

        // A name is looked up in two ways, and counts once where either is blocked.
        func count(_ index: Int, _ name: borrowing DomainName, _ figure: WritableKeyPath<ListCoverage, Int>) {
            if previous.index != index { previous = (index, 0) }
            var new = lists(name) & ~previous.bits
            previous.bits |= new
            while new != 0 {
                let list = new.trailingZeroBitCount
                new &= new &- 1
                if list < listCount { result[list][keyPath: figure] += 1 }
            }
        }
        rules.forEachProbe { index, name in count(index, name, \.publicSuffixes) }
        previous.index = -1
        protected.forEachProbe { index, name in count(index, name, \.protectedNames) }
        return result
    }
}
