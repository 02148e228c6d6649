/// What the lists say of a name.
package struct Lookup: Equatable, Sendable {
    /// The lists that have the name, and which of them decides; nil where none has it, or where it is exempt.
    package let match: Match?

    /// Whether a list with the use ``ListUse/encryptedDNS`` has the name, whatever the others say.
    package let isEncryptedDNS: Bool

    /// Why a name that is on lists is not blocked; nil for a name that is on none, and for one with a match.
    package let exemption: Exemption?

    /// An answer of these parts.
    package init(match: Match?, isEncryptedDNS: Bool = false, exemption: Exemption? = nil) {
        self.match = match
        self.isEncryptedDNS = isEncryptedDNS
        self.exemption = exemption
    }

    /// A name that is on no list.
    package static let nothing = Lookup(match: nil)
}

/// A name was found on lists.
package struct Match: Equatable, Sendable {
    /// The index, in ``Blocklist/lists``, of the list that is acted upon.
    package let list: Int

    /// Every list that has the name: bit `n` for the list at index `n`.
    package let lists: UInt64

    /// Those of ``lists`` that have it as a test name.
    package let tests: UInt64

    /// How much of the name, in octets from the root's end on, is the entry by which each of ``lists`` has it; zero where that is not the same
    /// for all of them, see ``Blocklist/entryLength(of:list:)``. No part of what is compared: it follows from the name and the lists.
    package let entryLength: UInt8

    /// A match on the list at this index, and on `others`.
    package init(list: Int, others: UInt64 = 0, tests: UInt64 = 0, entryLength: UInt8 = 0) {
        self.list = list
        lists = others | 1 &<< UInt64(list)
        self.tests = tests
        self.entryLength = entryLength
    }

    package static func == (one: Match, other: Match) -> Bool {
        one.list == other.list && one.lists == other.lists && one.tests == other.tests
    }
}

/// Why a name that is on lists is left alone.
package struct Exemption: Equatable, Sendable {
    /// What it is exempt by.
    package enum Reason: UInt8, CaseIterable, Sendable {
        /// The allow list has it.
        case allowed
        /// The operator lets it pass for a while.
        case passed
        /// It is protected: no list may block it without an approval.
        case protected
    }

    /// What the name is exempt by.
    package let reason: Reason

    /// The lists that have it: bit `n` for the list at index `n`.
    package let lists: UInt64

    /// An exemption of a name on these lists.
    package init(reason: Reason, lists: UInt64) {
        self.reason = reason
        self.lists = lists
    }
}
