package import Blocklists
import Wire

/// Which entries of lists have been asked for within the last moments, so that the packets of one attempt are counted as one.
///
/// An attempt begins with the first event of an entry, and the events of that entry within the window from there on belong to it, whichever
/// queue, mechanism or record type they came by. Later events do not make the window longer. Nothing of a client is known here, and of an entry
/// nothing but keyed bits, in memory alone.
///
/// One table serves all workers of a sensor. It is looked at where a packet matched, and nowhere else. Guarantees: it is made once and allocates
/// nothing afterwards; nobody waits for anybody; packets of one entry that several workers have at the same time begin one attempt. Where the eight
/// places that an entry may have are all taken by attempts whose windows are open, the oldest of them is forgotten, and that is said.
package final class AttemptTable: Sendable {
    /// What became of an event.
    package enum Claim: Equatable, Sendable {
        /// It belongs to an attempt that had begun.
        case continued
        /// It begins an attempt.
        case began
        /// It begins an attempt, for which another one was forgotten before its window had closed.
        case displaced
    }

    /// How many attempts there is room for.
    package static let capacity = 65_536

    /// The places that one entry may have: 64 octets side by side.
    static let setSize = 8

    /// The window that is counted with where nothing else is asked for, in nanoseconds: two seconds.
    package static let defaultWindow: UInt64 = 2_000_000_000

    /// How long an attempt takes in the events of its entry, in milliseconds.
    package let window: Int32

    /// Where it is noted which entries were hit, for their publishers to know how many were not; without room for any list where nobody asks.
    let hits: HitSketches

    /// The secret that the entries' bits are made with.
    private let key: HashKey

    /// Zero where nothing has been; else the upper half of what stands for the entry, and when its attempt began, in milliseconds.
    private let cells = AtomicWords(count: capacity)

    /// A table in which no attempt has begun.
    ///
    /// - Parameters:
    ///   - window: how long an attempt takes in events, in nanoseconds; counted in whole milliseconds, from one to a day.
    ///   - key: the secret that entries are told apart by; a live sensor takes a random one.
    ///   - hits: takes note of every entry that is hit; nil where that is not asked for.
    package init(window: UInt64 = AttemptTable.defaultWindow, key: HashKey, hits: HitSketches? = nil) {
        self.window = Int32(min(max(window / 1_000_000, 1), 86_400_000))
        // Never nil, since to look into an optional object would count a reference for each packet that matches.
        self.hits = hits ?? HitSketches(key: key, slots: 0)
        self.key = key
    }

    /// The table that goes with inspectors of this configuration.
    package convenience init(_ configuration: InspectorConfiguration, hits: HitSketches? = nil) {
        self.init(window: configuration.attemptWindow, key: configuration.flowKey, hits: hits)
    }

    /// The bits that stand for an entry, whichever list has it.
    ///
    /// - Parameters:
    ///   - name: a name that the entry covers.
    ///   - length: how much of it is the entry, see ``Match/entryLength``.
    /// - Returns: the same bits for whatever name the entry covers, and as long as this table is used.
    func entry(_ name: DomainNameView, length: Int) -> UInt64 { key.bits(ofLast: length, of: name) }

    /// Takes in an event.
    ///
    /// - Parameters:
    ///   - entry: what ``entry(_:length:)`` gave.
    ///   - list: the list's identity, see ``Blocklist/identities``; zero for any list.
    ///   - now: when the packet was seen. Workers may be some milliseconds apart: an event that seems to come before its attempt began belongs to it.
    /// - Returns: whether it begins an attempt.
    func claim(_ entry: UInt64, list: UInt64, at now: Instant) -> Claim {
        // The entry's bits are keyed, so nobody can choose which sums meet.
        let bits = entry ^ list
        let tag = max(bits >> 32, 1) << 32
        let time = UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000)
        let claimed = tag | UInt64(time)
        let home = Int(truncatingIfNeeded: bits) & (Self.capacity &- 1)
        let set = home & ~(Self.setSize &- 1)
        while true {
            // The home comes first: an attempt leaves it only for a place where it stands already.
            let resident = cells.load(home)
            if resident & ~0xFFFF_FFFF == tag, isOpen(resident, at: time) { return .continued }
            var oldest = home
            var oldestCell = resident
            for step in 1..<Self.setSize {
                let place = set | (home &+ step) & (Self.setSize &- 1)
                let cell = cells.load(place)
                if cell & ~0xFFFF_FFFF == tag, isOpen(cell, at: time) { return .continued }
                if isOpen(oldestCell, at: time), isOlder(cell, than: oldestCell, at: time) {
                    oldest = place
                    oldestCell = cell
                }
            }
            let displaces = isOpen(oldestCell, at: time)
            if oldest != home {
                // Who lives here moves before the place is taken, so that it is always found. A copy that stays behind when another worker was
                // faster does no harm: it says when that attempt began, and nothing else.
                guard cells.replace(oldest, oldestCell, by: resident) else { continue }
            }
            // Every worker that begins an attempt of this entry does it here, so only one of them can.
            if cells.replace(home, resident, by: claimed) { return displaces ? .displaced : .began }
        }
    }

    /// Whether an attempt takes in events at a time; the milliseconds of both go round after 49 days.
    @inline(__always)
    private func isOpen(_ cell: UInt64, at time: UInt32) -> Bool {
        guard cell != 0 else { return false }
        let age = age(cell, at: time)
        return age < window && age > -window
    }

    /// Whether an attempt makes room before another one, whose window is open: one whose window has closed, or that began earlier.
    @inline(__always)
    private func isOlder(_ cell: UInt64, than other: UInt64, at time: UInt32) -> Bool {
        isOpen(cell, at: time) == false || age(cell, at: time) > age(other, at: time)
    }

    /// Milliseconds since an attempt began.
    @inline(__always)
    private func age(_ cell: UInt64, at time: UInt32) -> Int32 {
        Int32(bitPattern: time &- UInt32(truncatingIfNeeded: cell))
    }
}
