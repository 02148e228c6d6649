/// What an entry does for the list it came with.
package enum EntryRole: UInt8, CaseIterable, Sendable {
    /// The names are on the list.
    case listed
    /// The names are not on the list, whatever else it says; other lists are not concerned.
    case exception
    /// The names are on the list to try the blocking; their matches are counted apart.
    case test
}

/// The last octet of an entry: whose it is and which names it stands for.
///
/// The upper six bits are a position: zero for the allow list, and three for each list, one per ``EntryRole``.
struct EntryTag: Equatable {
    let rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// - Parameters:
    ///   - list: the index of the list, below ``Snapshot/maximumLists``; nil for the allow list.
    ///   - role: what the entry does for the list.
    ///   - scope: the names the entry stands for.
    init(list: Int?, role: EntryRole, scope: ListEntry.Scope) {
        let position = list.map { Self.position(list: $0, role: role) } ?? 0
        rawValue = UInt8(truncatingIfNeeded: position) << 2 | scope.rawValue
    }

    /// The position of a list's entries with this role.
    static func position(list: Int, role: EntryRole) -> Int {
        1 + list * EntryRole.allCases.count + Int(role.rawValue)
    }

    var position: UInt8 { rawValue &>> 2 }
    var coversItself: Bool { rawValue & ListEntry.Scope.itself.rawValue != 0 }
    var coversSubdomains: Bool { rawValue & ListEntry.Scope.subdomains.rawValue != 0 }
}

extension EntryTag {
    /// The same tag for the list at `other`, where this is one of the list at `index`; nil stands for the allow list.
    func moved(from index: Int?, to other: Int?) -> EntryTag? {
        let scope = ListEntry.Scope(rawValue: rawValue & 3)
        guard let index, let other else {
            return position == 0 && index == nil ? EntryTag(list: nil, role: .listed, scope: scope) : nil
        }
        let role = Int(position) - EntryTag.position(list: index, role: .listed)
        guard let role = UInt8(exactly: role).flatMap(EntryRole.init) else { return nil }
        return EntryTag(list: other, role: role, scope: scope)
    }

    /// Whether the list at `index` has a name that entries at these positions cover, bit `n` for position `n`.
    @inline(__always)
    static func lists(_ positions: UInt64, _ index: Int) -> Bool {
        let roles = positions >> UInt64(position(list: index, role: .listed))
        return roles & 0b101 != 0 && roles >> UInt64(EntryRole.exception.rawValue) & 1 == 0
    }

    /// Whether the list at `index` has it as a test name, given that it has it.
    @inline(__always)
    static func tests(_ positions: UInt64, _ index: Int) -> Bool {
        positions >> UInt64(position(list: index, role: .test)) & 1 != 0
    }
}
