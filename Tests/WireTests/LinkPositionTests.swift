import TestSupport
import Testing
import Wire

@Suite("Link headers")
struct LinkPositionTests {
    /// What stands before an IP packet.
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let header: LinkHeader
        let octets: [UInt8]

        init(_ description: String, _ header: LinkHeader, _ octets: String) {
            testDescription = description
            self.header = header
            self.octets = hex(octets)
        }
    }

    /// The start of an IPv4 packet.
    static let packet = hex("4500 001C 0001 0000 4011 0000 C0000201 C0000202")

    static let vectors: [Vector] = [
        Vector("IP", .internetProtocol, ""),
        // two addresses, type
        Vector("Ethernet", .ethernet, "020000000001 020000000002 0800"),
        Vector("Ethernet, length and SNAP", .ethernet, "020000000001 020000000002 0024 AAAA03 000000 0800"),
        Vector("Ethernet, length and IP's own access point", .ethernet, "020000000001 020000000002 001F 060603"),
        Vector("type, two tags", .etherType, "88A8 0064 8100 0065 86DD"),
        Vector("bridge tunnel", .logicalLink, "AAAA03 0000F8 0800"),
        // version, length, option, group; then the type
        Vector("Cisco metadata", .ethernet, "020000000001 020000000002 8909 01 01 0001 0002 0800"),
        // label 16, class 0, not the bottom; label 17, the bottom
        Vector("labels", .labelStack, "00010040 00011140"),
        Vector(
            "labels, a pseudowire with control word",
            .labelStack,
            "00011140 00000000 020000000001 020000000002 0800"
        ),
        Vector("labels, a pseudowire without", .labelStack, "00011140 020000000001 020000000002 0800"),
        // version and type 1, session data, session, length, PPP protocol
        Vector("PPPoE", .pppoeSession, "11 00 0009 005E 0021"),
        Vector("PPP, IPv6", .pointToPoint, "FF03 0057"),
        Vector("PPP, compressed", .pointToPoint, "21"),
        Vector("PPP, labels", .pointToPoint, "0281 00011140"),
        // beginning and end at once, sequence number, PPP protocol
        Vector("PPP, multilink", .pointToPoint, "FF03 003D C0000007 0021"),
        Vector("Cisco HDLC", .ciscoHDLC, "0F00 0800"),
        Vector("Cisco HDLC, multicast labels", .ciscoHDLC, "8F00 8847 00011140"),
        Vector("Cisco HDLC, PPP", .ciscoHDLC, "FF03 0021"),
        // two octets of address, control, protocol
        Vector("frame relay", .frameRelay, "1841 03 CC"),
        Vector("frame relay, four octets and padding", .frameRelay, "18403041 03 00 8E"),
        Vector("frame relay, SNAP", .frameRelay, "1841 0300 80 000000 0800"),
        Vector("frame relay, Cisco's", .frameRelay, "1841 0800"),
        // control, duration, three addresses, sequence, SNAP
        Vector("802.11", .wireless, "0801 0000 020000000001 020000000002 020000000003 1000 AAAA03 000000 0800"),
        Vector(
            "802.11, quality of service, four addresses",
            .wireless,
            "8803 0000 020000000001 020000000002 020000000003 1000 020000000004 0000 AAAA03 000000 0800"
        ),
        Vector(
            "802.11, high throughput",
            .wireless,
            "8881 0000 020000000001 020000000002 020000000003 1000 0000 00000000 AAAA03 000000 0800"
        ),
        // the aggregate bit of the quality field; then addresses and length of the first of its frames
        Vector(
            "802.11, aggregate",
            .wireless,
            "8801 0000 020000000001 020000000002 020000000003 1000 8000 020000000001 020000000002 0024 AAAA03 000000 0800"
        ),
        Vector(
            "802.11, swapped",
            .swappedWireless,
            "0108 0000 020000000001 020000000002 020000000003 1000 AAAA03 000000 0800"
        ),
    ]

    @Test(arguments: vectors)
    func `the packet starts behind the headers`(vector: Vector) {
        let frame = vector.octets + Self.packet
        #expect(LinkPosition(vector.header, at: 0).packetOffset(in: frame.span) == vector.octets.count)
        let shifted = [1, 2, 3] + frame
        #expect(LinkPosition(vector.header, at: 3).packetOffset(in: shifted.span) == vector.octets.count + 3)
    }

    @Test(arguments: vectors)
    func `a frame that ends in its headers holds no packet, and none is read past its end`(vector: Vector) {
        let frame = vector.octets + Self.packet
        for count in 0...frame.count {
            let offset = LinkPosition(vector.header, at: 0).packetOffset(in: frame.span.extracting(0..<count))
            #expect(offset == nil || offset == vector.octets.count && count >= vector.octets.count)
        }
    }

    @Test(arguments: [
        (LinkHeader.ethernet, "020000000001 020000000002 0806 0001"),  // ARP
        (.ethernet, "020000000001 020000000002 0027 424203 00"),  // spanning tree
        (.logicalLink, "AAAA03 00000C 2000"),  // an organisation's own protocol
        (.ciscoMetadata, "02 01 0001 0002 0800"),
        (.ciscoMetadata, "01 00 0800"),
        (.pppoeSession, "11 09 0000 0004 0021"),  // discovery
        (.pppoeSession, "21 00 0000 0004 0021"),
        (.pointToPoint, "FF03 C021 01"),  // link control
        (.pointToPoint, "003D 80000007 0021"),  // a multilink frame that is only a beginning
        (.pointToPoint, "FF04 0021"),
        (.ciscoHDLC, "0F00 8035"),
        (.ciscoHDLC, "1000 0800"),
        (.frameRelay, "19 03 CC"),
        (.frameRelay, "18405060 70 03 CC"),
        (.wireless, "8000 0000"),  // a beacon
        (.wireless, "4801 0000"),  // no data
        (.wireless, "0841 0000"),  // encrypted
        (.labelStack, "00010040"),
    ])
    func `what leads to no packet gives none`(header: LinkHeader, octets: String) {
        let frame = hex(octets) + [UInt8](repeating: 0, count: 60)
        #expect(LinkPosition(header, at: 0).packetOffset(in: frame.span) == nil)
    }

    @Test func `headers without end are not followed`() {
        let stack = Array(repeatElement(hex("8100 0001"), count: 100).joined()) + hex("0800") + Self.packet
        #expect(LinkPosition(.etherType, at: 0).packetOffset(in: stack.span) == nil)
        let few = Array(repeatElement(hex("8100 0001"), count: 20).joined()) + hex("0800") + Self.packet
        #expect(LinkPosition(.etherType, at: 0).packetOffset(in: few.span) == 82)
        let labels = Array(repeatElement(hex("00010040"), count: 100).joined()) + hex("00010140") + Self.packet
        #expect(LinkPosition(.labelStack, at: 0).packetOffset(in: labels.span) == nil)
    }

    @Test(arguments: vectors)
    func `damaged frames give a place inside them or none`(vector: Vector) {
        var random = SeededRandom(seed: 3)
        for _ in 0..<2_000 {
            let frame = Mutation.of(vector.octets + Self.packet, using: &random)
            guard let offset = LinkPosition(vector.header, at: 0).packetOffset(in: frame.span) else { continue }
            #expect((0...frame.count).contains(offset))
        }
    }
}
