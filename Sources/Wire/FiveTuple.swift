/// Addresses, ports and transport protocol of one packet, in the packet's direction.
@usableFromInline
package struct FiveTuple: Hashable, Sendable {
    /// The sender's address.
    @usableFromInline
    package let source: IPAddress

    /// The receiver's address.
    @usableFromInline
    package let destination: IPAddress

    /// The sender's port; zero where the transport protocol has none.
    @usableFromInline
    package let sourcePort: UInt16

    /// The receiver's port; zero where the transport protocol has none.
    @usableFromInline
    package let destinationPort: UInt16

    /// The transport protocol's IANA number: 6 TCP, 17 UDP.
    @usableFromInline
    package let transport: UInt8

    /// A five-tuple from its parts.
    @inlinable
    @inline(__always)
    package init(
        source: IPAddress,
        destination: IPAddress,
        sourcePort: UInt16,
        destinationPort: UInt16,
        transport: UInt8
    ) {
        self.source = source
        self.destination = destination
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.transport = transport
    }

    /// The order-free key of the flow this packet belongs to.
    @inlinable
    @inline(__always)
    package var flowKey: FlowKey { FlowKey(self) }
}

/// The key of a flow: the same for packets of both directions.
@usableFromInline
package struct FlowKey: Sendable {
    /// The five-tuple from the lower endpoint to the upper one.
    @usableFromInline
    package let endpoints: FiveTuple

    /// Whether the packet that made the key went from the upper endpoint to the lower one.
    @usableFromInline
    package let isReversed: Bool

    /// The key of the flow that a packet with this five-tuple belongs to.
    @inlinable
    @inline(__always)
    package init(_ tuple: FiveTuple) {
        isReversed = Self.isAscending(tuple) == false
        endpoints =
            isReversed
            ? FiveTuple(
                source: tuple.destination,
                destination: tuple.source,
                sourcePort: tuple.destinationPort,
                destinationPort: tuple.sourcePort,
                transport: tuple.transport
            ) : tuple
    }

    @inlinable
    static func isAscending(_ tuple: FiveTuple) -> Bool {
        if tuple.source.high != tuple.destination.high { return tuple.source.high < tuple.destination.high }
        if tuple.source.low != tuple.destination.low { return tuple.source.low < tuple.destination.low }
        return tuple.sourcePort <= tuple.destinationPort
    }
}

extension FlowKey: Hashable {
    /// Whether both keys are of the same flow, whichever way their packets went.
    @inlinable
    package static func == (one: FlowKey, other: FlowKey) -> Bool { one.endpoints == other.endpoints }

    /// Feeds the endpoints, and not the direction.
    @inlinable
    package func hash(into hasher: inout Hasher) { hasher.combine(endpoints) }
}
