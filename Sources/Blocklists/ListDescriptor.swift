/// Which names an entry of a list stands for.
package enum MatchKind: String, CaseIterable, Sendable {
    /// The name itself and every name under it.
    case subdomains
    /// The name itself only.
    case exact
}

/// What a list is for.
package enum ListPurpose: Equatable, Sendable {
    /// Its names are acted upon.
    case action
    /// Its names are endpoints of DNS over HTTPS, of which flows are counted. It never gives a match, and hides none.
    case encryptedDNS
}

/// What the sensor knows about a list besides its entries.
package struct ListDescriptor: Equatable, Sendable {
    /// The list's name in configuration, counters and replay output: `[a-z0-9-]`, at most 64 characters.
    package let id: String

    /// What the list is for.
    package let purpose: ListPurpose

    /// What a match on this list asks for; of no effect for a list that is not acted upon.
    package let action: Action

    /// Whether an entry covers the names under it, unless the entry itself says which.
    package let match: MatchKind

    /// Where this list's matches are counted: an index that stays the same over reloads.
    package let counterSlot: Int

    /// A list as configured.
    package init(
        id: String,
        purpose: ListPurpose = .action,
        action: Action,
        match: MatchKind = .subdomains,
        counterSlot: Int = 0
    ) {
        self.id = id
        self.purpose = purpose
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

/// What the lists say of a name.
package struct Lookup: Equatable, Sendable {
    /// The list that decides, nil where none has the name or the allow list has it.
    package let match: Match?

    /// Whether a list with the purpose ``ListPurpose/encryptedDNS`` has the name, whatever the others say.
    package let isEncryptedDNS: Bool

    /// An answer of these parts.
    package init(match: Match?, isEncryptedDNS: Bool) {
        self.match = match
        self.isEncryptedDNS = isEncryptedDNS
    }

    /// A name that is on no list.
    package static let nothing = Lookup(match: nil, isEncryptedDNS: false)
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
