import Synchronization
package import Wire

/// Which entries of one list were hit since it was last drained, as one bit for each in an array that many entries share: enough to say how
/// many there were, too little to say which, and nothing of when or how often.
///
/// The workers of all queues write to one sketch. To mark an entry is one hash and one relaxed atomic operation, and only the load of it
/// where the bit is set already: no lock, no allocation, no wait. What one thread marks while another drains is in this draining or in the
/// next one, and never lost.
package final class HitSketch: Sendable {
    /// Bits, and a power of two: 8 KiB for each list. Up to 450,000 entries that were hit can be told apart from more.
    package static let bitCount = 1 << 16

    private let key: HashKey
    private let words: InlineArray<1024, Atomic<UInt64>>

    /// An empty sketch.
    ///
    /// - Parameter key: the secret of a ``HitMemory``, without which nobody can tell whose a bit is.
    package init(key: HashKey) {
        self.key = key
        words = .init { _ in Atomic(0) }
    }

    /// Notes that an entry was hit.
    ///
    /// The place of its bit follows from the secret and the entry's own name, so that it is the same whatever name under the entry was asked for, and
    /// over reloads, restarts and new editions of the list.
    /// - Parameters:
    ///   - name: a name that the entry covers.
    ///   - length: how many octets of it, from the root's end on, are the entry.
    /// - Complexity: three rounds of the hash for each eight octets, and six.
    package func mark(_ name: DomainNameView, length: Int) {
        set(key.bits(ofLast: length, of: name))
    }

    /// Sets the bit of an entry whose name has this hash.
    func set(_ hash: UInt64) {
        let bit = Int(truncatingIfNeeded: hash) & (Self.bitCount - 1)
        let mask: UInt64 = 1 << UInt64(bit & 63)
        // A look first: a word that is only read stays in the caches of all workers.
        guard words[bit >> 6].load(ordering: .relaxed) & mask == 0 else { return }
        words[bit >> 6].bitwiseOr(mask, ordering: .relaxed)
    }

    /// The bits that were set since the last time, which are taken away.
    package func drain() -> HitBits {
        var bits: [UInt64] = []
        bits.reserveCapacity(HitBits.wordCount)
        for index in 0..<HitBits.wordCount { bits.append(words[index].exchange(0, ordering: .relaxed)) }
        return HitBits(words: bits) ?? HitBits()
    }
}

/// The sketches of all lists of a sensor, which all of its workers write to.
package final class HitSketches: Sendable {
    private let sketches: [HitSketch]

    /// Empty sketches.
    ///
    /// - Parameters:
    ///   - key: the secret of the ``HitMemory`` that takes what they gather.
    ///   - slots: lists that are counted, see ``ListDescriptor/counterSlot``.
    package init(key: HashKey, slots: Int) {
        sketches = (0..<max(slots, 0)).map { _ in HitSketch(key: key) }
    }

    /// Notes that an entry of the list with this slot was hit, see ``HitSketch/mark(_:length:)``; a slot beyond those there are is passed over.
    package func mark(slot: Int, _ name: DomainNameView, length: Int) {
        guard sketches.indices.contains(slot) else { return }
        sketches[slot].mark(name, length: length)
    }

    /// Moves what was gathered into a memory.
    ///
    /// - Parameters:
    ///   - memory: whose secret these sketches have.
    ///   - lists: the lists that are in use, and their slots; other lists are forgotten.
    ///   - time: seconds since 1970-01-01 UTC.
    package func drain(into memory: inout HitMemory, of lists: [(id: String, slot: Int)], at time: Int64) {
        for (id, slot) in lists where sketches.indices.contains(slot) {
            memory.add(sketches[slot].drain(), list: id, at: time)
        }
        memory.keepOnly(Set(lists.map(\.id)))
    }
}
