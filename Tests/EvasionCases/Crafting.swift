import TestSupport

/// Where the parts of a packet without IPv6 extension headers lie.
private struct Layout {
    let isIPv4: Bool
    let transport: UInt8
    let transportStart: Int

    init(_ packet: [UInt8]) {
        isIPv4 = packet[0] >> 4 == 4
        transport = isIPv4 ? packet[9] : packet[6]
        transportStart = isIPv4 ? Int(packet[0] & 0xF) * 4 : 40
    }
}

private func withHeaderChecksum(_ packet: [UInt8]) -> [UInt8] {
    var packet = packet
    let length = Int(packet[0] & 0xF) * 4
    packet.replaceSubrange(10..<12, with: [0, 0])
    packet.replaceSubrange(10..<12, with: bigEndian(internetChecksum(Array(packet[..<length]))))
    return packet
}

private func withTCPChecksum(_ packet: [UInt8]) -> [UInt8] {
    let layout = Layout(packet)
    var segment = Array(packet[layout.transportStart...])
    segment.replaceSubrange(16..<18, with: [0, 0])
    let addresses = layout.isIPv4 ? Array(packet[12..<20]) : Array(packet[8..<40])
    let pseudo = addresses + bigEndian(UInt32(segment.count)) + [0, 0, 0, 6]
    segment.replaceSubrange(16..<18, with: bigEndian(internetChecksum(pseudo + segment)))
    return Array(packet[..<layout.transportStart]) + segment
}

/// The packet with this time to live or hop limit.
func withTimeToLive(_ hops: UInt8, _ packet: [UInt8]) -> [UInt8] {
    var packet = packet
    if Layout(packet).isIPv4 {
        packet[8] = hops
        return withHeaderChecksum(packet)
    }
    packet[7] = hops
    return packet
}

/// The TCP packet with a checksum that no host accepts.
func withBadChecksum(_ packet: [UInt8]) -> [UInt8] {
    var packet = packet
    packet[Layout(packet).transportStart + 16] ^= 0xBE
    return packet
}

/// The TCP packet with this window.
func withWindow(_ window: UInt16, _ packet: [UInt8]) -> [UInt8] {
    var packet = packet
    let start = Layout(packet).transportStart
    packet.replaceSubrange(start + 14..<start + 16, with: bigEndian(window))
    return withTCPChecksum(packet)
}

/// The TCP packet as urgent, its urgent data ending behind so many octets of the payload (RFC 6093).
func withUrgent(_ pointer: UInt16, _ packet: [UInt8]) -> [UInt8] {
    var packet = packet
    let start = Layout(packet).transportStart
    packet[start + 13] |= 0x20
    packet.replaceSubrange(start + 18..<start + 20, with: bigEndian(pointer))
    return withTCPChecksum(packet)
}

/// The IPv4 UDP packet with this checksum; zero says that there is none.
func withUDPChecksum(_ checksum: UInt16, _ packet: [UInt8]) -> [UInt8] {
    var packet = packet
    let start = Layout(packet).transportStart
    packet.replaceSubrange(start + 6..<start + 8, with: bigEndian(checksum))
    return packet
}

/// One fragment of a packet: octets of its transport payload (RFC 791 §3.2, RFC 8200 §4.5).
///
/// - Parameters:
///   - packet: a packet without IPv6 extension headers.
///   - range: which octets behind the IP header; the first a multiple of eight.
///   - more: whether further fragments follow.
/// - Returns: the fragment as a packet of its own.
func fragment(_ packet: [UInt8], _ range: Range<Int>, more: Bool) -> [UInt8] {
    let layout = Layout(packet)
    precondition(range.lowerBound % 8 == 0)
    let body = Array(packet[layout.transportStart + range.lowerBound..<layout.transportStart + range.upperBound])
    let offset = UInt16(range.lowerBound)
    if layout.isIPv4 {
        var header = Array(packet[..<layout.transportStart])
        header.replaceSubrange(2..<4, with: bigEndian(UInt16(header.count + body.count)))
        header.replaceSubrange(4..<8, with: [0x12, 0x34] + bigEndian(offset >> 3 | (more ? 0x2000 : 0)))
        return withHeaderChecksum(header) + body
    }
    var header = Array(packet[..<40])
    header.replaceSubrange(4..<6, with: bigEndian(UInt16(8 + body.count)))
    header[6] = 44
    return header + [layout.transport, 0] + bigEndian(offset | (more ? 1 : 0)) + [0, 0, 0x12, 0x34] + body
}

/// The packet in fragments that end at `cuts`, in their order; `cuts` are multiples of eight and count behind the IP header.
func fragments(_ packet: [UInt8], cutAt cuts: [Int]) -> [[UInt8]] {
    let bounds = [0] + cuts + [packet.count - Layout(packet).transportStart]
    return (0...cuts.count).map { fragment(packet, bounds[$0]..<bounds[$0 + 1], more: $0 < cuts.count) }
}

/// Where `text` first stands in `bytes`; a case that looks for what it did not put there is a mistake of this module.
func position(of text: String, in bytes: [UInt8]) -> Int {
    let wanted = Array(text.utf8)
    for start in 0...max(bytes.count - wanted.count, 0) where Array(bytes[start...].prefix(wanted.count)) == wanted {
        return start
    }
    preconditionFailure("\(text) is not there")
}
