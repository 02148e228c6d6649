/// A list as a snapshot holds it: what it is for, which edition it is, and what it came to when it was read.
package struct SnapshotList: Equatable, Sendable {
    /// The list's name and policy.
    package var descriptor: ListDescriptor

    /// The number its publisher gave this edition, rising from one to the next; nil where it has none.
    package var sequence: UInt64?

    /// When this edition was issued, in seconds since 1970-01-01 UTC; nil where nobody said.
    package var issuedAt: UInt64?

    /// When it stops being current, in seconds since 1970-01-01 UTC; nil where it never does.
    package var expiresAt: UInt64?

    /// What its entries came to when it was read; nil where it was made otherwise.
    package var examined: EntryCounts?

    /// What the lines of its source came to; nil where it was made otherwise.
    package var lines: ListSummary.Lines?

    /// The SHA-256 digest of the file it was read from, 32 octets; empty where there was none.
    package var sourceDigest: [UInt8]

    /// Entries by what they do for the list, in the order of ``EntryRole``.
    package internal(set) var entryCounts: [Int]

    /// A list of which nothing is known but its policy.
    package init(
        _ descriptor: ListDescriptor,
        sequence: UInt64? = nil,
        issuedAt: UInt64? = nil,
        expiresAt: UInt64? = nil,
        examined: EntryCounts? = nil,
        lines: ListSummary.Lines? = nil,
        sourceDigest: [UInt8] = []
    ) {
        self.descriptor = descriptor
        self.sequence = sequence
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.examined = examined
        self.lines = lines
        self.sourceDigest = sourceDigest
        entryCounts = EntryRole.allCases.map { _ in 0 }
    }

    /// How many entries do this for the list.
    package func count(_ role: EntryRole) -> Int { entryCounts[Int(role.rawValue)] }

    /// Entries that put names on the list, test names among them.
    package var listedCount: Int { count(.listed) + count(.test) }
}
