package import CaptureFiles
package import Inspection
package import Telemetry

/// One inspector on the frames of a tap, and what is counted of them.
///
/// Nothing is given back to the network: whatever the inspector decides, a packet is counted as accepted, which is what became of it.
/// What would have been stopped shows in the matches, under the list's own action.
package struct TapInspection: ~Copyable, Sendable {
    /// What the frames start with.
    package var linkLayer: LinkLayer

    /// When the frames at hand were taken.
    package var now = Instant(nanoseconds: 0)

    /// How many packets were inspected since the last ``finishBatch(at:)``.
    package private(set) var packets = 0

    private var inspector: Inspector
    private let counters: Counters
    private let attempts: AttemptTable

    /// An inspection that has seen nothing.
    ///
    /// - Parameters:
    ///   - linkLayer: what the frames start with.
    ///   - inspector: what they are shown to.
    ///   - counters: where they are counted.
    ///   - attempts: those of all taps of the sensor.
    package init(
        linkLayer: LinkLayer,
        inspector: consuming Inspector,
        counters: Counters,
        attempts: AttemptTable
    ) {
        self.linkLayer = linkLayer
        self.inspector = inspector
        self.inspector.gaugeLimits(in: counters)
        self.counters = counters
        self.attempts = attempts
    }

    /// Takes the blocklist that was published last; to be called between batches.
    package mutating func refreshBlocklist() {
        inspector.refreshBlocklist()
    }

    /// Inspects the packet of a frame; a frame without an IP packet is passed over.
    package mutating func inspect(_ frame: Span<UInt8>) {
        guard let range = linkLayer.packetRange(in: frame) else { return }
        packets &+= 1
        let decision = inspector.inspect(frame.extracting(range), at: now)
        counters.countPacket(.accept)
        inspector.count(decision, in: counters, attempts: attempts, at: now)
    }

    /// Counts what is counted once for a batch of frames.
    package mutating func finishBatch(at end: Instant) {
        counters.observeVerdict(nanoseconds: end.nanoseconds &- now.nanoseconds, packets: packets)
        inspector.gauge(in: counters)
        packets = 0
    }
}
