/// What the gates know about one list: figures, and never a name.
///
/// A figure that cannot be known is nil, and the gate that asks for it then does not apply: a sealed snapshot says nothing of the lines it
/// was made of, for one.
package struct ListSummary: Equatable, Sendable {
    /// The lines of a list's source.
    package struct Lines: Equatable, Sendable {
        /// Lines meant as entries, good or bad: all but blank lines, comments and what the format has besides.
        package var meant: Int

        /// Those of them that are no entry; lines that are but cannot be enforced do not belong here.
        package var rejected: Int

        /// Those of them that say something that names cannot enforce, a URL with a path for one.
        package var notEnforceable: Int

        /// How often each cause left out a line, or a name on one; none where only the numbers above are known, as of a snapshot that was read from a file.
        package var causes: [ListLineError: Int]

        /// Lines by what became of them.
        package init(meant: Int, rejected: Int, notEnforceable: Int = 0, causes: [ListLineError: Int] = [:]) {
            self.meant = meant
            self.rejected = rejected
            self.notEnforceable = notEnforceable
            self.causes = causes
        }
    }

    /// How a list differs from the running one of the same identifier.
    package struct Changes: Equatable, Sendable {
        /// Entries that the running list does not have.
        package var added: Int

        /// Entries of the running list that are gone.
        package var removed: Int

        /// Entries added and removed.
        package init(added: Int, removed: Int) {
            self.added = added
            self.removed = removed
        }
    }

    /// The list's identifier.
    package var id: String

    /// What the list says it is for, nil where it says nothing.
    package var purpose: String?

    /// Entries that block, each counted once.
    package var entries: Int

    /// Entries by kind.
    package var kinds: [EntryKind: Int]?

    /// Entries that are a public suffix or cover one; of a snapshot, the public suffixes that it blocks.
    package var publicSuffixHits: Int?

    /// Entries that are, cover or lie under a protected name; of a snapshot, the protected names that it blocks.
    package var protectedNameHits: Int?

    /// The lines of the source.
    package var lines: Lines?

    /// The difference from the running list. Without it the numbers of entries are compared, which hides that as many were added as
    /// removed; fingerprints under different keys allow no better.
    package var changes: Changes?

    /// A list of which nothing but its size is known. With no entries: a list that is running and missing in the update.
    package init(id: String, purpose: String? = nil, entries: Int) {
        self.id = id
        self.purpose = purpose
        self.entries = entries
    }

    /// A list that was read from its source.
    ///
    /// - Parameters:
    ///   - id: its identifier.
    ///   - purpose: what it says it is for.
    ///   - entries: entries that block, each counted once; nil where `counts` is to be taken as it is.
    ///   - counts: what was counted while it was read.
    ///   - lines: what its lines were.
    ///   - changes: the difference from the running list.
    package init(
        id: String,
        purpose: String? = nil,
        entries: Int? = nil,
        counts: EntryCounts,
        lines: Lines,
        changes: Changes? = nil
    ) {
        self.init(id: id, purpose: purpose, entries: entries ?? counts.entries)
        kinds = Dictionary(uniqueKeysWithValues: EntryKind.allCases.map { ($0, counts[$0]) })
        publicSuffixHits = counts.publicSuffixHits
        protectedNameHits = counts.protectedNameHits
        self.lines = lines
        self.changes = changes
    }

    /// A list of a finished snapshot.
    ///
    /// - Parameters:
    ///   - id: its identifier.
    ///   - purpose: what it says it is for.
    ///   - entries: entries that block, each counted once.
    ///   - coverage: what it covers.
    ///   - changes: the difference from the running list.
    package init(id: String, purpose: String? = nil, entries: Int, coverage: ListCoverage, changes: Changes? = nil) {
        self.init(id: id, purpose: purpose, entries: entries)
        publicSuffixHits = coverage.publicSuffixes
        protectedNameHits = coverage.protectedNames
        self.changes = changes
    }
}
