import Telemetry

/// Composed packets that wait to be sent until their batch has its verdicts.
///
/// To send a packet takes the kernel as long as to give several verdicts, and whoever has a packet in the same batch would wait for it. It holds as
/// many packets as a batch commonly has; nothing is allocated after it was made.
struct Outbox: ~Copyable, Sendable {
    /// The most packets.
    private static let packetLimit = 64

    /// Room for that many answers of common length, or for many of the longest packets.
    private static let octetLimit = 16 * OctetBuffer.capacity

    private var octets = [UInt8](repeating: 0, count: Outbox.octetLimit)
    private var ends = InlineArray<64, Int>(repeating: 0)
    private var kinds = InlineArray<64, CountedResponse>(repeating: .answer)

    /// How many packets there are.
    private(set) var count = 0

    /// Adds a packet behind the others.
    ///
    /// - Parameters:
    ///   - packet: the packet, from its IP header on, no longer than an `OctetBuffer`.
    ///   - kind: what it is counted as.
    /// - Returns: whether there was room, as there always is in an empty one.
    mutating func add(_ packet: Span<UInt8>, as kind: CountedResponse) -> Bool {
        let start = count == 0 ? 0 : ends[count &- 1]
        guard count < Self.packetLimit, packet.count <= Self.octetLimit &- start else { return false }
        var target = octets.mutableSpan
        var offset = 0
        while offset < packet.count {
            target[start &+ offset] = packet[offset]
            offset &+= 1
        }
        ends[count] = start &+ packet.count
        kinds[count] = kind
        count &+= 1
        return true
    }

    /// What the packet at `index` is counted as.
    func kind(_ index: Int) -> CountedResponse { kinds[index] }

    /// The packet at `index`, below ``count``.
    subscript(index: Int) -> Span<UInt8> {
        @_lifetime(borrow self)
        get { octets.span.extracting((index == 0 ? 0 : ends[index &- 1])..<ends[index]) }
    }

    /// Takes all packets out.
    mutating func reset() { count = 0 }
}
