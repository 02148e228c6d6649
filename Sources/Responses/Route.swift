import Wire

/// Where a composed packet comes from and goes to.
struct Route {
    /// The address it seems to come from.
    let source: IPAddress

    /// The address it goes to, of the same version.
    let destination: IPAddress

    /// The octets of the IP header: no options, no extension headers.
    var headerLength: Int { source.version == .v4 ? 20 : 40 }

    /// The way back to who sent `packet`, from where it was going to or from another address.
    ///
    /// Nil where the packet is a fragment, since its transport header may be elsewhere; where an address is not that of one host, as an answer
    /// could then reach many (RFC 1122 §3.2.2, RFC 4443 §2.4); and where versions differ.
    init?(answering packet: IPPacket, from source: IPAddress? = nil) {
        let source = source ?? packet.destination
        guard packet.isFragment == false, packet.destination.isOneHost, source.isOneHost, packet.source.isOneHost,
            source.version == packet.source.version
        else { return nil }
        self.source = source
        destination = packet.source
    }

    /// The way that `packet` is going; nil as in ``init(answering:from:)``.
    init?(following packet: IPPacket) {
        guard packet.isFragment == false, packet.destination.isOneHost, packet.source.isOneHost,
            packet.source.version == packet.destination.version
        else { return nil }
        source = packet.source
        destination = packet.destination
    }
}

extension IPAddress {
    /// Whether the address may be that of one host: it is not unspecified, of a group, of all hosts, or reserved (RFC 1122 §3.2.1.3, RFC 4291
    /// §2.4).
    fileprivate var isOneHost: Bool {
        switch version {
        case .v4: low >= 0x0100_0000 && low < 0xE000_0000
        case .v6: high &>> 56 != 0xFF && (high | low) != 0
        }
    }
}
