import Wire

/// Looks at each entry while a list is read, and counts what the gates ask about. It keeps no name.
package struct EntryExamination: Sendable {
    /// What was counted so far.
    package private(set) var counts = EntryCounts()

    private let rules: PublicSuffixRules
    private let protected: ProtectedNames

    /// An examination of one list.
    package init(rules: PublicSuffixRules, protected: ProtectedNames) {
        self.rules = rules
        self.protected = protected
    }

    /// Counts an entry.
    ///
    /// An exception only ever lets names pass, so nothing but its number is counted; the same holds for an entry without a scope,
    /// which is not counted at all.
    /// - Complexity: two or three hashes for most names.
    package mutating func examine(_ entry: borrowing ListEntry, isException: Bool = false) {
        if isException {
            counts.exceptions &+= 1
            return
        }
        let coversSubdomains = entry.scope.contains(.subdomains)
        switch (entry.scope.contains(.itself), coversSubdomains) {
        case (false, false): return
        case (true, false): counts.exact &+= 1
        case (true, true): counts.withSubdomains &+= 1
        case (false, true): counts.subdomainsOnly &+= 1
        }
        let boundaries = entry.name.boundaries.span
        let depth = labelCount(boundaries)
        if depth < 2 { counts.singleLabel &+= 1 }

        var own: UInt8 = 0
        var parent: UInt8 = 0
        var ownProtected: UInt8 = 0
        var isUnderProtected = false
        let wanted = rules.wantedDepths(of: depth) | protected.wantedDepths(of: depth)
        forEachSuffix(entry.name.words.span, boundaries, atDepths: wanted, rules.table.key) { suffixDepth, hash in
            if suffixDepth == depth {
                own = rules.table.marks(of: hash)
                ownProtected = protected.table.marks(of: hash)
                return
            }
            if suffixDepth == depth &- 1 { parent = rules.table.marks(of: hash) }
            if ProtectedNames.isName(protected.table.marks(of: hash)) { isUnderProtected = true }
        }

        // The root lies above everything, but no table knows it.
        let isRoot = depth == 0
        if PublicSuffixRules.isPublicSuffix(depth: depth, own: own, parent: parent) {
            counts.publicSuffixes &+= 1
        } else if coversSubdomains, PublicSuffixRules.isAbovePublicSuffix(own: own) {
            counts.abovePublicSuffixes &+= 1
        }
        if ProtectedNames.isName(ownProtected) {
            counts.protectedNames &+= 1
        } else if coversSubdomains, ProtectedNames.isAboveName(ownProtected) || isRoot && protected.count > 0 {
            counts.aboveProtectedNames &+= 1
        } else if isUnderProtected {
            counts.underProtectedNames &+= 1
        }
    }
}

/// A property of entries that a policy can refuse.
package enum EntryKind: String, CaseIterable, Sendable {
    /// The name alone.
    case exact
    /// The name and all under it.
    case withSubdomains = "with-subdomains"
    /// All under the name, but not the name.
    case subdomainsOnly = "subdomains-only"
    /// A name of one label, whatever its scope.
    case singleLabel = "single-label"
}

/// What an ``EntryExamination`` counts. Entries that say the same are counted each time they occur.
package struct EntryCounts: Equatable, Sendable {
    /// Entries for the name alone.
    package var exact = 0
    /// Entries for the name and all under it.
    package var withSubdomains = 0
    /// Entries for what lies under the name only.
    package var subdomainsOnly = 0
    /// Entries that let names pass. They are in no other figure.
    package var exceptions = 0
    /// Entries with one label, or none.
    package var singleLabel = 0

    /// Entries that are a public suffix.
    package var publicSuffixes = 0
    /// Entries that are none but stand for all under a name that lies above one.
    package var abovePublicSuffixes = 0

    /// Entries that are a protected name.
    package var protectedNames = 0
    /// Entries that are none but stand for all under a name that lies above one.
    package var aboveProtectedNames = 0
    /// Entries that lie under a protected name, and are none of the above.
    package var underProtectedNames = 0

    /// Nothing counted yet.
    package init() {}

    /// Entries that block.
    package var entries: Int { exact + withSubdomains + subdomainsOnly }

    /// Entries that are a public suffix or cover one, each counted once.
    package var publicSuffixHits: Int { publicSuffixes + abovePublicSuffixes }

    /// Entries that are, cover or lie under a protected name, each counted once.
    package var protectedNameHits: Int { protectedNames + aboveProtectedNames + underProtectedNames }

    /// Entries of a kind.
    package subscript(kind: EntryKind) -> Int {
        switch kind {
        case .exact: exact
        case .withSubdomains: withSubdomains
        case .subdomainsOnly: subdomainsOnly
        case .singleLabel: singleLabel
        }
    }
}
