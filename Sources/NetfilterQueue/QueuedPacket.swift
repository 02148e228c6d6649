import CNetfilterQueue

/// One packet as the kernel hands it over (linux/netfilter/nfnetlink_queue.h, NFQNL_MSG_PACKET).
struct QueuedPacket: ~Escapable {
    /// The number by which the verdict names the packet; numbers of a queue ascend.
    let id: UInt32

    /// The packet's mark word.
    let mark: UInt32

    /// The packet, as much of it as the copy range lets through.
    let payload: Span<UInt8>

    /// Whether the kernel has not computed the transport checksum yet: the packet comes from this host or was merged from several.
    let hasUnfinishedChecksum: Bool

    /// What connection tracking says of the packet's connection, where the queue asks for it; else empty.
    let connection: Span<UInt8>

    /// Reads the message of a queued packet; nil where it carries no packet number, so that no verdict could name it.
    @_lifetime(copy message)
    init?(_ message: NetlinkMessage) {
        guard message.type == Self.messageType else { return nil }
        let bytes = message.payload
        var id: UInt32?
        var mark: UInt32 = 0
        var payload = 0..<0
        var connection = 0..<0
        var information: UInt32 = 0
        var attributes = NetlinkAttributes(bytes, from: Self.headerLength)
        while let (type, value) = attributes.next() {
            switch type {
            case Int(NFQA_PACKET_HDR.rawValue) where value.count >= 4: id = bytes.networkUInt32(at: value.lowerBound)
            case Int(NFQA_MARK.rawValue) where value.count >= 4: mark = bytes.networkUInt32(at: value.lowerBound)
            case Int(NFQA_SKB_INFO.rawValue) where value.count >= 4:
                information = bytes.networkUInt32(at: value.lowerBound)
            case Int(NFQA_PAYLOAD.rawValue): payload = value
            case Int(NFQA_CT.rawValue): connection = value
            default: break
            }
        }
        guard let id else { return nil }
        self.id = id
        self.mark = mark
        self.payload = bytes.extracting(payload)
        self.connection = bytes.extracting(connection)
        hasUnfinishedChecksum = information & UInt32(NFQA_SKB_CSUMNOTREADY) != 0
    }

    /// Octets of `struct nfgenmsg` before the attributes.
    private static let headerLength = 4

    private static let messageType = UInt16(NFNL_SUBSYS_QUEUE) << 8 | UInt16(NFQNL_MSG_PACKET.rawValue)
}
