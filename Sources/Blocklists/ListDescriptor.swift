/// Which names an entry of a list stands for.
package enum MatchKind: String, CaseIterable, Sendable {
    /// The name itself and every name under it.
    case subdomains
    /// The name itself only.
    case exact
}

/// What the sensor knows about a list besides its entries.
package struct ListDescriptor: Equatable, Sendable {
    /// The list's name in configuration, counters and replay output: `[a-z0-9-]`, at most 64 characters.
    package let id: String

    /// What a match on this list asks for.
    package let action: Action

    /// Whether an entry covers the names under it, unless the entry itself says which.
    package let match: MatchKind

    /// Where this list's matches are counted: an index that stays the same over reloads.
    package let counterSlot: Int

    /// A list as configured.
    package init(id: String, action: Action, match: MatchKind = .subdomains, counterSlot: Int = 0) {
        self.id = id
        self.action = action
        self.match = match
        self.counterSlot = counterSlot
    }

    /// Whether `id` may name a list.
    package static func isValid(id: String) -> Bool {
        id.isEmpty == false && id.utf8.count <= 64
            && id.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}

/// A name was found on a list.
package struct Match: Equatable, Sendable {
    /// The index of the list in ``Blocklist/lists``.
    package let list: Int

    /// A match on the list at this index.
    package init(list: Int) {
        self.list = list
    }
}
