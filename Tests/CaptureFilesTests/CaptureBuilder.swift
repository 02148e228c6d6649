/// Packets and frames, built field by field.
enum Packets {
    /// An IPv4 packet with a DNS query for the addresses of a name, from 192.0.2.7:40000 to 198.51.100.53:53.
    static func query(_ name: String) -> [UInt8] {
        // RFC 1035 section 4.1.1: id, RD, one question
        var message: [UInt8] = [0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]
        for label in name.split(separator: ".") { message += [UInt8(label.utf8.count)] + Array(label.utf8) }
        message += [0, 0, 1, 0, 1]
        let datagram = big16(40_000) + big16(53) + big16(8 + message.count) + [0, 0] + message
        var header: [UInt8] = [0x45, 0] + big16(20 + datagram.count)
        header += [0, 0, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 7, 198, 51, 100, 53]
        let sum = stride(from: 0, to: 20, by: 2).reduce(0) { $0 + Int(header[$1]) << 8 + Int(header[$1 + 1]) }
        header.replaceSubrange(10..<12, with: big16(0xFFFF - (sum & 0xFFFF) - (sum >> 16)))
        return header + datagram
    }

    /// An Ethernet II frame around a payload, with these tags in front of its type.
    static func ethernet(_ payload: [UInt8], type: Int = 0x0800, tags: [Int] = []) -> [UInt8] {
        let addresses: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
        return addresses + tags.flatMap { big16($0) + big16(100) } + big16(type) + payload
    }

    /// An Ethernet frame with an ARP request.
    static let arp = ethernet([0, 1, 8, 0, 6, 4, 0, 1] + [UInt8](repeating: 0, count: 20), type: 0x0806)

    /// A number as two bytes in network order.
    static func big16(_ value: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }
}

/// Writes pcap and pcapng files as the IETF drafts `draft-ietf-opsawg-pcap` and `draft-ietf-opsawg-pcapng` describe them.
struct CaptureBuilder {
    var linkType = 1
    var isBigEndian = false
    var hasNanoseconds = false
    /// The seconds of the first frame; each frame comes one second after the one before.
    var firstSecond = 1_700_000_000

    /// A pcap file.
    func pcap(_ frames: [[UInt8]], originalLength: Int? = nil) -> [UInt8] {
        var file = number(hasNanoseconds ? 0xA1B2_3C4D : 0xA1B2_C3D4, 4) + number(2, 2) + number(4, 2)
        file += number(0, 4) + number(0, 4) + number(262_144, 4) + number(linkType, 4)
        for (index, frame) in frames.enumerated() {
            file += number(firstSecond + index, 4) + number(123, 4)
            file += number(frame.count, 4) + number(originalLength ?? frame.count, 4) + frame
        }
        return file
    }

    /// A pcapng file with one section; each further interface has a link type of its own and no packets.
    func pcapng(_ frames: [[UInt8]], furtherInterfaces: [Int] = []) -> [UInt8] {
        var file = block(0x0A0D_0D0A, number(0x1A2B_3C4D, 4) + number(1, 2) + number(0, 2) + number(-1, 8))
        file += interface(linkType)
        for (index, frame) in frames.enumerated() {
            let ticks = (firstSecond + index) * 1_000_000 + 123
            let padding = [UInt8](repeating: 0, count: (4 - frame.count % 4) % 4)
            file += block(
                6,
                number(0, 4) + number(ticks >> 32, 4) + number(ticks & 0xFFFF_FFFF, 4)
                    + number(frame.count, 4) + number(frame.count, 4) + frame + padding
            )
        }
        return file + furtherInterfaces.flatMap { interface($0) }
    }

    private func interface(_ linkType: Int) -> [UInt8] {
        block(1, number(linkType, 2) + number(0, 2) + number(262_144, 4))
    }

    private func block(_ type: Int, _ body: [UInt8]) -> [UInt8] {
        number(type, 4) + number(body.count + 12, 4) + body + number(body.count + 12, 4)
    }

    private func number(_ value: Int, _ width: Int) -> [UInt8] {
        let little = (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return isBigEndian ? little.reversed() : little
    }
}

/// Writes pcapng files block by block.
struct PcapNGBuilder {
    var isBigEndian = false
    private(set) var bytes: [UInt8] = []

    /// A file that begins with a section.
    init(isBigEndian: Bool = false) {
        section(isBigEndian: isBigEndian)
    }

    /// Begins a section.
    mutating func section(isBigEndian: Bool) {
        self.isBigEndian = isBigEndian
        block(0x0A0D_0D0A, number(0x1A2B_3C4D, 4) + number(1, 2) + number(0, 2) + number(-1, 8))
    }

    /// Describes an interface; options are a code and a value each.
    mutating func interface(_ linkType: Int, snapLength: Int, options: [(Int, [UInt8])] = []) {
        var body = number(linkType, 2) + number(0, 2) + number(snapLength, 4)
        for (code, value) in options { body += number(code, 2) + number(value.count, 2) + padded(value) }
        if options.isEmpty == false { body += number(0, 4) }
        block(1, body)
    }

    /// An enhanced packet.
    mutating func frame(_ frame: [UInt8], interface: Int, ticks: UInt64 = 1_700_000_000_000_000) {
        let time = number(Int(ticks >> 32), 4) + number(Int(ticks & 0xFFFF_FFFF), 4)
        let lengths = number(frame.count, 4) + number(frame.count, 4)
        block(6, number(interface, 4) + time + lengths + padded(frame))
    }

    /// A block of any type.
    mutating func block(_ type: Int, _ body: [UInt8]) {
        bytes += number(type, 4) + number(body.count + 12, 4) + body + number(body.count + 12, 4)
    }

    /// Puts other octets into what was written.
    mutating func replace(at offset: Int, _ octets: [UInt8]) {
        bytes.replaceSubrange(offset..<offset + octets.count, with: octets)
    }

    /// Octets of a number in the section's order.
    func number(_ value: Int, _ width: Int) -> [UInt8] {
        let little = (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return isBigEndian ? little.reversed() : little
    }

    /// Octets filled up to a multiple of four.
    func padded(_ octets: [UInt8]) -> [UInt8] {
        octets + [UInt8](repeating: 0, count: (4 - octets.count % 4) % 4)
    }
}
