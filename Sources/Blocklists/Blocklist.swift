package import Wire

/// What the sensor looks names up in: snapshots of lists, the policy of each list, and the names that are exempt from all of them.
///
/// Immutable; a change of lists or of policy is another blocklist, which may share snapshots with this one.
package final class Blocklist: Sendable {
    /// The most lists one blocklist can hold, in all of its snapshots together.
    package static let maximumLists = 63

    /// A snapshot, and what is made of the lists in it.
    package struct Part: Sendable {
        /// The snapshot.
        package let snapshot: Snapshot

        /// The policy of each of the snapshot's lists, in their order; nil for one that is not used.
        package let lists: [ListDescriptor?]

        /// A snapshot with this policy for each of its lists.
        package init(_ snapshot: Snapshot, lists: [ListDescriptor?]) {
            self.snapshot = snapshot
            self.lists = lists
        }

        /// A snapshot with its own policy for every list.
        package init(_ snapshot: Snapshot) {
            self.init(snapshot, lists: snapshot.lists.map(\.descriptor))
        }
    }

    /// Names that are never blocked whichever list has them, for one reason each; they are looked at only where a list has the name.
    package struct Exemptions: Sendable {
        /// The operator's allow list.
        package var allowed: Snapshot?

        /// Names that an operator lets pass, as an allow list.
        package var passes: Snapshot?

        /// Names that only the lists in ``approved`` may block, as an allow list.
        package var protected: Snapshot?

        /// The ids of the lists that may block protected names.
        package var approved: Set<String>

        /// Exemptions of these names.
        package init(
            allowed: Snapshot? = nil,
            passes: Snapshot? = nil,
            protected: Snapshot? = nil,
            approved: Set<String> = []
        ) {
            self.allowed = allowed
            self.passes = passes
            self.protected = protected
            self.approved = approved
        }
    }

    /// The lists in use, snapshot by snapshot.
    package let lists: [ListDescriptor]

    /// What the snapshots know of each list, in the order of ``lists``.
    package let editions: [SnapshotList]

    /// Entries per list, in the order of ``lists``.
    package var entryCounts: [Int] { editions.map(\.listedCount) }

    /// What tells each list from any other wherever it stands, in the order of ``lists``: a hash of its id, never zero.
    package let identities: [UInt64]

    /// Entries that are never blocked: those of the operator's allow list, and of the snapshots' own, which say nothing of the lists of
    /// other snapshots.
    package let allowedCount: Int

    /// Octets of memory that names take, those of the exemptions included.
    package let byteCount: Int

    private let layers: Layers
    private let exemptions: Exemptions
    private let hasExemptions: Bool

    /// The places in ``lists`` of those that are acted upon: those that only observe behind the others, and otherwise by precedence.
    private let precedence: [Int]

    /// The lists that are acted upon in some of the protocols, by ``ListProtocols``; bit `n` for the list at index `n`.
    private let actedUpon: [UInt64]

    /// The lists of endpoints of encrypted DNS.
    private let encryptedDNS: UInt64

    /// The lists that may block protected names.
    private let approved: UInt64

    /// What becomes of packets that cannot be judged: what any of the lists that stop names asks for.
    package let unjudged: UnjudgedPackets

    /// A blocklist of these snapshots.
    ///
    /// - Parameters:
    ///   - parts: the snapshots; at most ``maximumLists`` lists of theirs are used.
    ///   - exemptions: the names that are not blocked whatever the lists say.
    package init(_ parts: [Part], exemptions: Exemptions = Exemptions()) {
        var lists: [ListDescriptor] = []
        var editions: [SnapshotList] = []
        var places: [[Int?]] = []
        for part in parts {
            precondition(part.lists.count == part.snapshot.lists.count)
            places.append(
                zip(part.lists, part.snapshot.lists).map { list, edition in
                    guard let list else { return nil }
                    lists.append(list)
                    editions.append(edition)
                    return lists.count - 1
                }
            )
        }
        precondition(lists.count <= Self.maximumLists)
        layers = zip(parts, places).reversed().reduce(Layers()) { rest, part in
            Layer(part.0.snapshot, places: part.1, rest: rest)
        }
        self.lists = lists
        self.editions = editions
        identities = lists.map { Self.identity(of: $0.id) }
        self.exemptions = exemptions
        allowedCount = parts.reduce(exemptions.allowed?.allowedCount ?? 0) { $0 + $1.snapshot.allowedCount }
        let exempt = [exemptions.allowed, exemptions.passes, exemptions.protected].compactMap { $0 }
        hasExemptions = exempt.isEmpty == false
        byteCount = (parts.map(\.snapshot) + exempt).reduce(0) { $0 + $1.byteCount }
        let acting = lists.indices.filter { lists[$0].use == .action }
        unjudged = acting.reduce(into: []) { all, index in
            if lists[index].action != .observe { all.formUnion(lists[index].unjudged) }
        }
        precedence = acting.sorted {
            let (one, other) = (lists[$0], lists[$1])
            return (one.action == .observe ? 1 : 0, one.precedence, $0)
                < (other.action == .observe ? 1 : 0, other.precedence, $1)
        }
        actedUpon = (0...ListProtocols.all.rawValue).map { protocols in
            acting.filter { lists[$0].protocols.isDisjoint(with: ListProtocols(rawValue: protocols)) == false }
                .reduce(0) { $0 | 1 << UInt64($1) }
        }
        encryptedDNS = lists.indices.filter { lists[$0].use == .encryptedDNS }.reduce(0) { $0 | 1 << UInt64($1) }
        approved = lists.indices.filter { exemptions.approved.contains(lists[$0].id) }.reduce(0) {
            $0 | 1 << UInt64($1)
        }
    }

    /// The lists that have `name`, and which of them decides; see ``lookUp(_:in:)``.
    package func match(_ name: borrowing DomainName) -> Match? { lookUp(name.view).match }

    /// What the lists say of `name`.
    ///
    /// A list has the name where it has it or a name it lies under, as its entries say, unless its own exceptions say otherwise. The allow
    /// list of its snapshot and the exemptions win over it. Of the lists that have it, the one with the lowest precedence decides, those that only
    /// observe behind all others.
    /// - Parameters:
    ///   - name: the name.
    ///   - protocols: where it was read; lists that are not for these protocols give no match.
    /// - Returns: the lists that have it, what they come to, and why they do not where it is exempt.
    /// - Complexity: per snapshot, a hash round per eight octets, three per label, and one memory access for most names that are on no list.
    package func lookUp(_ name: DomainNameView, in protocols: ListProtocols = .all) -> Lookup {
        var found = FoundLists()
        layers.search(name, into: &found)
        guard found.isEmpty == false else { return .nothing }
        return decide(found, protocols) ?? decide(found, name, protocols)
    }

    /// As ``lookUp(_:in:)`` of the name's view, for callers that may copy the name.
    package func lookUp(_ name: borrowing DomainName, in protocols: ListProtocols = .all) -> Lookup {
        lookUp(name.view, in: protocols)
    }

    /// Searches all snapshots for the names of a batch.
    func search(_ batch: inout LookupBatch) { layers.search(&batch) }

    /// What the lists that have a name come to, where that does not depend on the exemptions; nil where it does.
    func decide(_ found: FoundLists, _ protocols: ListProtocols) -> Lookup? {
        let isEncryptedDNS = (found.listed | found.excused) & encryptedDNS != 0
        let candidates = candidates(found, protocols)
        guard candidates != 0 else { return Lookup(match: nil, isEncryptedDNS: isEncryptedDNS) }
        guard candidates & found.listed != 0 else {
            let exemption = Exemption(reason: .allowed, lists: candidates)
            return Lookup(match: nil, isEncryptedDNS: isEncryptedDNS, exemption: exemption)
        }
        guard hasExemptions == false else { return nil }
        return Lookup(match: match(among: candidates & found.listed, found), isEncryptedDNS: isEncryptedDNS)
    }

    /// What the lists that have `name`, some of which do so without being excused, come to by the exemptions.
    func decide(_ found: FoundLists, _ name: DomainNameView, _ protocols: ListProtocols) -> Lookup {
        let isEncryptedDNS = (found.listed | found.excused) & encryptedDNS != 0
        let candidates = candidates(found, protocols)
        var reason: Exemption.Reason?
        if let allowed = exemptions.allowed, allowed.allows(name) {
            reason = .allowed
        } else if let passes = exemptions.passes, passes.allows(name) {
            reason = .passed
        } else if candidates & ~approved != 0, let protected = exemptions.protected, protected.allows(name) {
            let approvedHere = candidates & approved & found.listed
            guard approvedHere == 0 else {
                return Lookup(match: match(among: approvedHere, found), isEncryptedDNS: isEncryptedDNS)
            }
            reason = .protected
        }
        if let reason {
            let exemption = Exemption(reason: reason, lists: candidates)
            return Lookup(match: nil, isEncryptedDNS: isEncryptedDNS, exemption: exemption)
        }
        return Lookup(match: match(among: candidates & found.listed, found), isEncryptedDNS: isEncryptedDNS)
    }

    /// The lists that are acted upon in these protocols and have a name, excused or not.
    private func candidates(_ found: FoundLists, _ protocols: ListProtocols) -> UInt64 {
        (found.listed | found.excused) & actedUpon[Int(protocols.intersection(.all).rawValue)]
    }

    private func match(among candidates: UInt64, _ found: FoundLists) -> Match? {
        for place in precedence where candidates >> UInt64(place) & 1 != 0 {
            return Match(
                list: place,
                others: candidates,
                tests: found.tests & candidates,
                entryLength: UInt8(truncatingIfNeeded: found.entryLength)
            )
        }
        return nil
    }

    /// How much of a name is the widest entry by which a list has it: the entry with the fewest labels.
    ///
    /// - Parameters:
    ///   - name: a name that the list has.
    ///   - list: the list's index in ``lists``.
    /// - Returns: octets of the name from the root's end on; zero where the list has it not.
    /// - Complexity: a search for every suffix of the name; only needed where ``Match/entryLength`` is zero.
    package func entryLength(of name: DomainNameView, list: Int) -> Int { layers.entryLength(of: name, place: list) }

    /// FNV-1a with 64 bits over the id (draft-eastlake-fnv).
    private static func identity(of id: String) -> UInt64 {
        let hash = id.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        return hash == 0 ? 1 : hash
    }
}

/// What has been found in the snapshots looked at so far.
struct FoundLists {
    /// Bit `n` for the list at index `n`.
    var listed: UInt64 = 0
    /// The same for lists whose own snapshot allows the name.
    var excused: UInt64 = 0
    /// Those of ``listed`` that have the name as a test name.
    var tests: UInt64 = 0
    /// See ``Match/entryLength``.
    var entryLength = 0

    var isEmpty: Bool { listed | excused == 0 }
}

/// No snapshot: the end of a chain of them.
///
/// A chain of non-optional references rather than an array or optional ones: those would be retained at every lookup.
private class Layers: @unchecked Sendable {
    // Sendable: what is stored, in the subclass, is constant and Sendable itself.

    func search(_ name: DomainNameView, into found: inout FoundLists) {}

    func search(_ batch: inout LookupBatch) {}

    func entryLength(of name: DomainNameView, place: Int) -> Int { 0 }
}

/// A snapshot and the places of its lists in the blocklist, before the snapshots behind it.
private final class Layer: Layers, @unchecked Sendable {
    private let snapshot: Snapshot
    /// The place of each of the snapshot's lists; nil for one that is not used.
    private let places: [Int?]
    private let rest: Layers

    init(_ snapshot: Snapshot, places: [Int?], rest: Layers) {
        self.snapshot = snapshot
        self.places = places
        self.rest = rest
    }

    override func search(_ name: DomainNameView, into found: inout FoundLists) {
        let coverage = snapshot.coverage(of: name)
        if coverage.positions != 0 { collect(coverage, into: &found) }
        rest.search(name, into: &found)
    }

    override func search(_ batch: inout LookupBatch) {
        batch.search(snapshot) { coverage, found in collect(coverage, into: &found) }
        rest.search(&batch)
    }

    override func entryLength(of name: DomainNameView, place: Int) -> Int {
        guard let index = places.firstIndex(of: place) else { return rest.entryLength(of: name, place: place) }
        return snapshot.entryLength(of: name, list: index)
    }

    private func collect(_ coverage: Coverage, into found: inout FoundLists) {
        let positions = coverage.positions
        // Where snapshots differ it is asked for list by list, too.
        if found.isEmpty { found.entryLength = coverage.length }
        if found.entryLength != coverage.length { found.entryLength = 0 }
        let isAllowed = positions & 1 != 0
        for index in places.indices {
            guard let place = places[index] else { continue }
            guard EntryTag.lists(positions, index) else { continue }
            if isAllowed {
                found.excused |= 1 << UInt64(place)
                continue
            }
            found.listed |= 1 << UInt64(place)
            if EntryTag.tests(positions, index) { found.tests |= 1 << UInt64(place) }
        }
    }
}
