package import Wire

/// The ends of a connection as its client knows them, where connection tracking translates the server's address.
package struct ClientView: Equatable, Sendable {
    /// The client's address.
    package let client: IPAddress

    /// The client's port.
    package let clientPort: UInt16

    /// The address that the client sends to, which is another than the server's.
    package let server: IPAddress

    /// The port that the client sends to.
    package let serverPort: UInt16

    /// A view from its parts.
    package init(client: IPAddress, clientPort: UInt16, server: IPAddress, serverPort: UInt16) {
        self.client = client
        self.clientPort = clientPort
        self.server = server
        self.serverPort = serverPort
    }
}

/// A packet whose translation is undone: as its client has sent it, or as its client would get it.
///
/// A client takes nothing from an address that it has sent nothing to. The memory is taken for the first such packet, and kept.
package struct ClientPacket: ~Copyable, Sendable {
    private var octets: [UInt8] = []

    /// Where packets to the server have to be routed, since its address is not the one in the packet; nil before the first packet.
    package private(set) var server: IPAddress?

    /// No packet.
    package init() {}

    /// The packet, from its IP header on.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { octets.span }
    }

    /// Copies a packet and puts the address and port that its client knows in place of the server's, the checksums with them.
    ///
    /// - Parameters:
    ///   - view: the ends of the packet's connection, as its client knows them.
    ///   - bytes: the packet, from its IP header on.
    /// - Returns: whether ``span`` holds the packet. False where there is nothing to undo; for a datagram from the server, as what goes on in
    ///   its place is translated with it; for fragments; and where a header is cut.
    package mutating func restore(_ view: ClientView, in bytes: Span<UInt8>) -> Bool {
        do throws(WireError) {
            let packet = try IPPacket(parsing: bytes)
            guard let place = Place(of: view, in: packet) else { return false }
            octets.removeAll(keepingCapacity: true)
            octets.reserveCapacity(bytes.count)
            for index in bytes.indices { octets.append(bytes[index]) }
            server = place.isFromClient ? packet.destination : packet.source
            write(view, at: place)
            return true
        } catch {
            return false
        }
    }

    /// Where the server's address and port stand in a packet.
    private struct Place {
        let isFromClient: Bool
        let version: IPAddress.Version
        let address: Int
        let port: Int
        /// Where the transport header has its checksum; nil for a datagram without one.
        let checksum: Int?

        init?(of view: ClientView, in packet: IPPacket) {
            let start = packet.headerLength
            let isStream = packet.transport == TransportProtocol.tcp
            guard start > 0, packet.isFragment == false, packet.source.version == view.server.version,
                isStream || packet.transport == TransportProtocol.udp, packet.payload.count >= (isStream ? 18 : 8)
            else { return nil }
            func number(_ offset: Int) -> UInt16 {
                UInt16(packet.payload[offset]) &<< 8 | UInt16(packet.payload[offset &+ 1])
            }
            isFromClient = packet.source == view.client && number(0) == view.clientPort
            let isToClient = isStream && packet.destination == view.client && number(2) == view.clientPort
            guard isFromClient || isToClient else { return nil }
            let (known, knownPort) =
                isFromClient ? (packet.destination, number(2)) : (packet.source, number(0))
            guard known != view.server || knownPort != view.serverPort else { return nil }
            version = packet.source.version
            switch version {
            case .v4: address = isFromClient ? 16 : 12
            case .v6: address = isFromClient ? 24 : 8
            }
            port = isFromClient ? start &+ 2 : start
            checksum = isStream ? start &+ 16 : number(6) == 0 ? nil : start &+ 6
        }
    }

    private mutating func write(_ view: ClientView, at place: Place) {
        var change = ChecksumChange()
        switch place.version {
        case .v4:
            write(view.server.low, words: 2, at: place.address, &change)
            apply(change, at: 10)
        case .v6:
            write(view.server.high, words: 4, at: place.address, &change)
            write(view.server.low, words: 4, at: place.address &+ 8, &change)
        }
        write(UInt64(view.serverPort), words: 1, at: place.port, &change)
        if let checksum = place.checksum { apply(change, at: checksum) }
    }

    /// Writes the lowest 16-bit words of a number.
    private mutating func write(_ value: UInt64, words: Int, at offset: Int, _ change: inout ChecksumChange) {
        for index in 0..<words {
            let word = UInt16(truncatingIfNeeded: value &>> UInt64(16 &* (words &- 1 &- index)))
            change.replace(self[offset &+ 2 &* index], by: word)
            self[offset &+ 2 &* index] = word
        }
    }

    private mutating func apply(_ change: ChecksumChange, at offset: Int) {
        self[offset] = change.applied(to: self[offset])
    }

    private subscript(offset: Int) -> UInt16 {
        get { UInt16(octets[offset]) &<< 8 | UInt16(octets[offset &+ 1]) }
        set {
            octets[offset] = UInt8(truncatingIfNeeded: newValue &>> 8)
            octets[offset &+ 1] = UInt8(truncatingIfNeeded: newValue)
        }
    }

    /// What replaced words do to a checksum (RFC 1624 §3).
    private struct ChecksumChange {
        private var sum: UInt32 = 0

        mutating func replace(_ old: UInt16, by new: UInt16) {
            sum &+= UInt32(~old) &+ UInt32(new)
        }

        func applied(to checksum: UInt16) -> UInt16 {
            var sum = sum &+ UInt32(~checksum)
            while sum > 0xFFFF { sum = sum & 0xFFFF &+ sum &>> 16 }
            return ~UInt16(truncatingIfNeeded: sum)
        }
    }
}
