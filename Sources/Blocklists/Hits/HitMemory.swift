/// Which entries were hit in the last 90 days, so that the number of those that were not can be told: a ``HitBits`` for each list and epoch of ten
/// days, and the secret under which they are made.
///
/// It is as secret as what it was made of: whoever has the secret and a name can ask whether an entry of that name may have been hit in ten days.
/// It stays in a file of mode 0600 on its host; the secret lies in the same file, so that whoever removes the one has removed the other.
/// Only ``HitCount`` leaves.
///
/// In octets, numbers with their lowest octet first: `GVHM` and the version 1 (5), three zeros, the secret (16), the number of lists (2), and for
/// each list, in the order of their ids: the length of its id (1), the id, the day from which on hits were noted (4, days since 1970-01-01), the
/// number of epochs (1), and for each epoch, oldest first, its number (4) and its bits (8,192). At the end the keyed hash of all that (8).
package struct HitMemory: Equatable, Sendable {
    /// Days of an epoch.
    package static let epochDays: Int64 = 10
    /// Days that are asked about.
    package static let windowDays: Int64 = 90
    /// Lists that there may be.
    package static let maximumLists = 64
    /// Epochs that are kept of a list: those that the window touches.
    static let epochLimit = Int(windowDays / epochDays) + 1

    /// The secret, for the ``HitSketch`` of each list.
    package let key: HashKey

    /// What is remembered, by the lists' ids.
    private var lists: [String: List] = [:]

    private struct List: Equatable {
        /// The first day, counted from 1970-01-01.
        var firstDay: UInt32
        /// The bits by the epochs' numbers.
        var epochs: [UInt32: HitBits] = [:]
    }

    /// An empty memory.
    package init(key: HashKey = .random()) {
        self.key = key
    }

    /// The ids of the lists that something is remembered of.
    package var ids: [String] { lists.keys.sorted() }

    /// Adds what a sketch has given, and forgets what is older than the window.
    ///
    /// - Parameters:
    ///   - bits: what it has given, empty ones as well: they say that nothing was hit.
    ///   - list: the list's id; one beyond ``maximumLists`` is not remembered.
    ///   - time: seconds since 1970-01-01 UTC. A clock that was set back adds to the epoch that it says.
    package mutating func add(_ bits: HitBits, list: String, at time: Int64) {
        guard ListDescriptor.isValid(id: list), lists[list] != nil || lists.count < Self.maximumLists else { return }
        let day = Self.day(of: time)
        var memory = lists[list] ?? List(firstDay: day)
        // Times before the first are of a clock that was set back.
        memory.firstDay = min(memory.firstDay, day)
        let epoch = Self.epoch(of: day)
        if bits.isEmpty == false { memory.epochs[epoch, default: HitBits()].formUnion(bits) }
        // So are epochs ahead of this one: nobody knows when they were.
        memory.epochs = memory.epochs.filter { $0.key <= epoch && epoch - $0.key < UInt32(Self.epochLimit) }
        lists[list] = memory
    }

    /// Forgets lists that are not among these.
    package mutating func keepOnly(_ ids: Set<String>) {
        lists = lists.filter { ids.contains($0.key) }
    }

    /// How many entries of a list were hit in the window that ends now; nil of a list that nothing is known of.
    package func count(list: String, at time: Int64) -> HitCount? {
        guard let memory = lists[list] else { return nil }
        let day = Self.day(of: time)
        let epoch = Self.epoch(of: day)
        var union = HitBits()
        for (number, bits) in memory.epochs where number <= epoch && epoch - number < UInt32(Self.epochLimit) {
            union.formUnion(bits)
        }
        return HitCount(estimate: union.estimate, observedDays: Int(day >= memory.firstDay ? day - memory.firstDay : 0))
    }

    private static func day(of time: Int64) -> UInt32 { UInt32(clamping: max(time, 0) / 86_400) }

    private static func epoch(of day: UInt32) -> UInt32 { day / UInt32(epochDays) }
}

// MARK: - Octets

/// Why octets are no ``HitMemory``.
package enum HitMemoryError: Error, Equatable, Sendable {
    /// They are of another kind, or of a version that came later.
    case unknownFormat
    /// They end too early, go on too long, or were changed.
    case damaged
}

extension HitMemory {
    private static let magic: [UInt8] = [0x47, 0x56, 0x48, 0x4D, 1, 0, 0, 0]

    /// Octets of the longest memory.
    package static let maximumLength =
        magic.count + 18 + maximumLists * (1 + 64 + 5 + epochLimit * (4 + HitSketch.bitCount / 8)) + 8

    /// The memory's octets.
    package var encoded: [UInt8] {
        var octets = Self.magic
        octets.append(key.first, octets: 8)
        octets.append(key.second, octets: 8)
        octets.append(UInt64(lists.count), octets: 2)
        for (id, list) in lists.sorted(by: { $0.key < $1.key }) {
            octets.append(UInt8(truncatingIfNeeded: id.utf8.count))
            octets += Array(id.utf8)
            octets.append(UInt64(list.firstDay), octets: 4)
            octets.append(UInt8(truncatingIfNeeded: list.epochs.count))
            for (epoch, bits) in list.epochs.sorted(by: { $0.key < $1.key }) {
                octets.append(UInt64(epoch), octets: 4)
                for word in bits.words { octets.append(word, octets: 8) }
            }
        }
        octets.append(Self.check(octets[...], key), octets: 8)
        return octets
    }

    /// Reads a memory, which must fill the octets exactly.
    package init(parsing octets: [UInt8]) throws(HitMemoryError) {
        guard octets.starts(with: Self.magic) else { throw .unknownFormat }
        var rest = octets[Self.magic.count...]
        key = HashKey(try Self.take(8, &rest), try Self.take(8, &rest))
        guard octets.count >= 8 + rest.startIndex, octets.count <= Self.maximumLength else { throw .damaged }
        var end = octets[(octets.count - 8)...]
        guard try Self.take(8, &end) == Self.check(octets[..<(octets.count - 8)], key) else { throw .damaged }
        rest = octets[rest.startIndex..<(octets.count - 8)]

        let count = try Self.take(2, &rest)
        guard count <= UInt64(Self.maximumLists) else { throw .damaged }
        var last = ""
        for _ in 0..<count {
            let length = Int(try Self.take(1, &rest))
            guard rest.count >= length, let id = String(validating: rest.prefix(length), as: UTF8.self),
                ListDescriptor.isValid(id: id), id > last
            else { throw .damaged }
            rest = rest.dropFirst(length)
            last = id
            var list = List(firstDay: UInt32(truncatingIfNeeded: try Self.take(4, &rest)))
            let epochs = try Self.take(1, &rest)
            guard epochs <= UInt64(Self.epochLimit) else { throw .damaged }
            var lastEpoch: UInt32?
            for _ in 0..<epochs {
                let epoch = UInt32(truncatingIfNeeded: try Self.take(4, &rest))
                guard lastEpoch.map({ $0 < epoch }) ?? true else { throw .damaged }
                lastEpoch = epoch
                var words: [UInt64] = []
                words.reserveCapacity(HitBits.wordCount)
                for _ in 0..<HitBits.wordCount { words.append(try Self.take(8, &rest)) }
                list.epochs[epoch] = HitBits(words: words)
            }
            lists[id] = list
        }
        guard rest.isEmpty else { throw .damaged }
    }

    private static func take(_ count: Int, _ rest: inout ArraySlice<UInt8>) throws(HitMemoryError) -> UInt64 {
        guard let number = rest.takeNumber(octets: count) else { throw .damaged }
        return number
    }

    static func check(_ octets: ArraySlice<UInt8>, _ key: HashKey) -> UInt64 {
        var hash = KeyedHash(key)
        var word: UInt64 = 0
        var filled: UInt64 = 0
        for octet in octets {
            word |= UInt64(octet) << (8 * filled)
            filled += 1
            guard filled == 8 else { continue }
            hash.combine(word)
            (word, filled) = (0, 0)
        }
        return hash.first(tail: word, length: octets.count).bits
    }
}

extension HitMemory: CustomStringConvertible, CustomReflectable {
    /// Nothing of what it holds.
    package var description: String { "HitMemory" }

    /// Nothing of what it holds.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
