import Synchronization

/// Where the current blocklist is published, and from where each worker takes it.
///
/// A worker keeps a reference of its own and asks ``refresh(_:seen:)`` between batches: one atomic load while nothing has changed, and a
/// lock that it never waits for when something has. The old blocklist is freed when its last worker lets go.
package final class BlocklistSource: Sendable {
    private let published: Atomic<UInt64>
    private let current: Mutex<Blocklist>

    /// A source with this blocklist.
    ///
    /// - Parameters:
    ///   - blocklist: what is current until another one is published.
    ///   - generation: its number; 0 for one that only stands in until the first is published.
    package init(_ blocklist: Blocklist, generation: UInt64 = 1) {
        published = Atomic(generation)
        current = Mutex(blocklist)
    }

    /// How many blocklists have been published.
    package var generation: UInt64 { published.load(ordering: .acquiring) }

    /// The latest blocklist and its generation; waits for a publication that is under way.
    package var latest: (blocklist: Blocklist, generation: UInt64) {
        current.withLock { ($0, published.load(ordering: .acquiring)) }
    }

    /// Makes `blocklist` the current one for every worker, each between two of its batches.
    ///
    /// - Returns: its generation.
    @discardableResult
    package func publish(_ blocklist: Blocklist) -> UInt64 {
        current.withLock { current in
            current = blocklist
            return published.add(1, ordering: .releasing).newValue
        }
    }

    /// Replaces `blocklist` where a newer one than generation `seen` is published.
    ///
    /// - Returns: whether it was replaced. While another thread holds the lock nothing is replaced; the next call will do it.
    package func refresh(_ blocklist: inout Blocklist, seen: inout UInt64) -> Bool {
        guard published.load(ordering: .acquiring) != seen else { return false }
        return current.withLockIfAvailable { current in
            blocklist = current
            seen = published.load(ordering: .acquiring)
            return true
        } ?? false
    }
}
