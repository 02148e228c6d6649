import Wire

/// A small set of names with a few marks each, made once and asked for every entry of a list.
///
/// Open addressing over keyed hashes, at most a quarter full. 63 bits have to agree: with 10,000 names in the table and 10 million
/// looked up, one of them is taken for a name of the table with a probability of 10^11 / 2^63, that is 10^-8. A name that is in the table
/// is never missed.
struct NameTable: Sendable {
    /// The key of every table of the process, so that one hash of a name serves them all.
    let key: HashKey

    /// Zero where nothing is.
    private let hashes: [UInt64]
    private let marks: [UInt8]
    private let shift: UInt64

    private static let key = HashKey.random()

    /// A table of the names that were marked.
    init(_ marked: Marks) {
        var bits: UInt64 = 3
        while marked.byHash.count > 1 << (bits - 2) { bits += 1 }
        var hashes = [UInt64](repeating: 0, count: 1 << Int(bits))
        var marks = [UInt8](repeating: 0, count: 1 << Int(bits))
        for (hash, mark) in marked.byHash {
            var slot = Int(truncatingIfNeeded: hash >> (64 - bits))
            while hashes[slot] != 0 { slot = (slot + 1) & (hashes.count - 1) }
            hashes[slot] = hash
            marks[slot] = mark
        }
        key = Self.key
        self.hashes = hashes
        self.marks = marks
        shift = 64 - bits
    }

    /// The marks of the name with this hash; zero where it is not in the table.
    @inline(__always)
    func marks(of hash: UInt64) -> UInt8 {
        let hashes = hashes.span
        var slot = Int(truncatingIfNeeded: hash &>> shift)
        while true {
            let found = hashes[slot]
            if found == hash { return marks[slot] }
            if found == 0 { return 0 }
            slot = (slot &+ 1) & (hashes.count &- 1)
        }
    }
}

extension NameTable {
    /// What a table is made of.
    struct Marks {
        fileprivate(set) var byHash: [UInt64: UInt8] = [:]
        private let key = NameTable.key

        /// Adds `mark` to a name and `above` to every name that it lies under.
        mutating func add(_ mark: UInt8, to name: borrowing DomainName, above: UInt8 = 0) {
            let depth = name.labelCount
            name.forEachSuffix(atDepths: .max, key) { suffixDepth, hash in
                let added = suffixDepth == depth ? mark : above
                if added != 0 { byHash[hash, default: 0] |= added }
            }
        }

        /// All the marks of a name and of those that it lies under, taken together.
        func marksOnPath(of name: borrowing DomainName) -> UInt8 {
            var found: UInt8 = 0
            name.forEachSuffix(atDepths: .max, key) { _, hash in found |= byHash[hash] ?? 0 }
            return found
        }
    }
}

/// A set of numbers of labels; all from 63 on share a bit.
typealias Depths = UInt64

extension Depths {
    /// The set of one number.
    @inline(__always)
    init(depth: Int) {
        self = 1 &<< UInt64(truncatingIfNeeded: Swift.min(depth, 63))
    }
}

extension DomainName {
    /// Calls `body` for the name and the names it lies under; see ``forEachSuffix(_:_:atDepths:_:_:)``.
    @inline(__always)
    func forEachSuffix(atDepths depths: Depths, _ key: HashKey, _ body: (_ depth: Int, _ hash: UInt64) -> Void) {
        Blocklists.forEachSuffix(words.span, boundaries.span, atDepths: depths, key, body)
    }
}

/// The number of labels of the name with these boundaries.
@inline(__always)
func labelCount(_ boundaries: Span<UInt64>) -> Int {
    var count = 0
    for index in 0..<4 { count &+= boundaries[index].nonzeroBitCount }
    return count
}

/// Calls `body` for a name and the names it lies under, shortest first, that have one of the wanted numbers of labels.
///
/// It takes the parts of a name, because a name that is part of an entry would be copied as a whole.
/// - Parameters:
///   - words: the name's ``DomainName/words``.
///   - boundaries: the name's ``DomainName/boundaries``.
///   - depths: the numbers of labels for which a hash is wanted.
///   - key: the key of the hash.
///   - body: called with the number of labels and with the hash, which is never zero.
@inline(__always)
func forEachSuffix(
    _ words: Span<UInt64>,
    _ boundaries: Span<UInt64>,
    atDepths depths: Depths,
    _ key: HashKey,
    _ body: (_ depth: Int, _ hash: UInt64) -> Void
) {
    var hash = KeyedHash(key)
    var hashedWords = 0
    var depth = 0
    for index in 0..<4 {
        var pending = boundaries[index]
        while pending != 0 {
            let length = index &<< 6 | pending.trailingZeroBitCount
            pending &= pending &- 1
            depth &+= 1
            let rest = depths &>> UInt64(truncatingIfNeeded: Swift.min(depth, 63))
            if rest & 1 == 0 {
                if rest == 0 { return }
                continue
            }
            while hashedWords < length &>> 3 {
                hash.combine(words[hashedWords])
                hashedWords &+= 1
            }
            let count = UInt64(truncatingIfNeeded: length & 7)
            let tail = count == 0 ? 0 : words[length &>> 3] & ((1 &<< (count &* 8)) &- 1)
            body(depth, hash.first(tail: tail, length: length).bits | 1)
        }
    }
}

/// Names as text, one behind another: a ``DomainName`` of its own for each would take 300 octets.
struct FlatNames: Sendable {
    private var octets: [UInt8] = []
    private var ends: [Int] = []

    /// How many names there are.
    var count: Int { ends.count }

    /// Adds the host name that `text` spells, without a trailing dot.
    mutating func append(_ text: borrowing Span<UInt8>) {
        for index in text.indices { octets.append(text[index]) }
        ends.append(octets.count)
    }

    /// Fills `name` with the name at `index`, or with the one below it whose first label is `*`.
    ///
    /// No entry of a list can have that label, so whatever is said of such a name is said of all that lies below.
    /// - Returns: false where the name below would be too long.
    func read(_ index: Int, isBelow: Bool = false, into name: inout DomainName) -> Bool {
        let start = index == 0 ? 0 : ends[index - 1]
        do {
            if isBelow {
                let below: [UInt8] = [UInt8(ascii: "*"), UInt8(ascii: ".")] + octets[start..<ends[index]]
                try name.assign(text: below.span)
            } else {
                try name.assign(text: octets.span.extracting(start..<ends[index]))
            }
            return true
        } catch {
            return false
        }
    }
}
