import TestSupport

/// The protocol family that a case belongs to; one source file each.
package enum EvasionGroup: String, CaseIterable, Sendable {
    case tcp
    case tls
    case quic
    case dns
    case http
    case ip
}

/// One packet of a case.
package struct EvasionPacket: Equatable, Sendable {
    /// Who sends it.
    package enum Direction: Sendable {
        case toServer
        case toClient
    }

    /// What must become of it, where it is the listed name that is asked for.
    package enum Demand: Sendable {
        /// Any verdict is right.
        case any
        /// It gives the name away whole: with it at the latest the name must be seen and a packet dropped.
        case completes
        /// It belongs to what is blocked and must be dropped, as a retransmission.
        case drop
        /// It belongs to something else and must be accepted.
        case accept
    }

    /// The IP packet.
    package var bytes: [UInt8]

    /// Who sends it.
    package var direction: Direction

    /// Microseconds since the case's start.
    package var time: UInt64

    /// What must become of it.
    package var demand: Demand = .any

    /// What stands before the packet on the link; empty where it is captured as raw IP.
    package var linkHeader: [UInt8] = []

    /// The frame that a capture holds.
    package var frame: [UInt8] { linkHeader + bytes }
}

/// Who talks to whom, and for which name.
///
/// A case is built anew for each scene, so its addresses, and the checksums that depend on them, are the scene's; those that a case wants
/// wrong stay wrong.
package struct EvasionScene: Equatable, Sendable {
    /// The name that is asked for.
    package var name: String

    /// The client's IPv4 address, four octets.
    package var client4: [UInt8] = [192, 0, 2, 7]

    /// The server's IPv4 address, four octets.
    package var server4: [UInt8] = [198, 51, 100, 80]

    /// The client's IPv6 address, sixteen octets.
    package var client6 = Endpoint.v6(7, port: 0).address

    /// The server's IPv6 address, sixteen octets.
    package var server6 = Endpoint.v6(0x80, port: 0).address

    /// The client's port.
    package var clientPort: UInt16 = 40_000

    /// The server's port; nil for the one that the case is about.
    package var serverPort: UInt16?

    /// The name that the list of ``EvasionCard`` holds.
    package static let listedName = "www.blocked.test"

    /// A name on no list, as long as the listed one, so that both give packets of the same form.
    package static let innocentName = "www.allowed.test"

    /// What decoys ask for: on no list, and as long as the listed name.
    package static let decoyName = "www.kitchen.test"

    /// A scene between documentation addresses (RFC 5737, RFC 3849).
    package init(name: String) {
        self.name = name
    }

    func client(_ version: IPVersion) -> Endpoint {
        Endpoint(version == .v4 ? client4 : client6, port: clientPort)
    }

    func server(_ version: IPVersion, port: UInt16) -> Endpoint {
        Endpoint(version == .v4 ? server4 : server6, port: serverPort ?? port)
    }
}

enum IPVersion: Sendable {
    case v4
    case v6
}

/// What an inspection must make of a case.
package enum EvasionExpectation: Equatable, Sendable {
    /// The name is on the wire, in clear or under public keys: it must be seen and blocked, and the form counted as all of these.
    case blocked(countedAs: [String])
    /// The name is not on the wire, or none is: every packet must pass, this name be seen, and the form counted as all of these.
    case passed(seen: String?, countedAs: [String])
}

/// One way to hide a name from an inspection, as packets.
///
/// Guarantee: the same scene gives the same packets, to the octet.
package struct EvasionCase: Sendable {
    /// The case's short name, `[a-z0-9-]`, which stays the same between releases.
    package let id: String

    /// The family.
    package let group: EvasionGroup

    /// What is odd about its packets.
    package let title: String

    /// The tool, client or document that makes such packets.
    package let origin: String

    /// What kind of inspection it gets past.
    package let defeats: String

    /// The protocol that the name is read from, as counters and replay call it.
    package let inspectedProtocol: String

    /// What must come of it.
    package let expectation: EvasionExpectation

    private let script: @Sendable (EvasionScene) -> Script

    init(
        _ id: String,
        _ group: EvasionGroup,
        _ title: String,
        origin: String,
        defeats: String,
        reads inspectedProtocol: String,
        expect expectation: EvasionExpectation = .blocked(countedAs: []),
        _ script: @escaping @Sendable (EvasionScene) -> Script
    ) {
        self.id = id
        self.group = group
        self.title = title
        self.origin = origin
        self.defeats = defeats
        self.inspectedProtocol = inspectedProtocol
        self.expectation = expectation
        self.script = script
    }

    /// The case's packets in the order in which they are sent.
    package func packets(in scene: EvasionScene) -> [EvasionPacket] {
        var packets = script(scene).packets
        if case .passed = expectation {
            for index in packets.indices { packets[index].demand = .accept }
        }
        return packets
    }

    /// The same form with an unlisted name: no packet of it may be dropped.
    package func innocentTwin(in scene: EvasionScene = EvasionScene(name: EvasionScene.innocentName))
        -> [EvasionPacket]
    {
        packets(in: scene)
    }

    /// The packets with the listed name.
    package var packets: [EvasionPacket] { packets(in: EvasionScene(name: EvasionScene.listedName)) }

    /// libpcap's number for the link type of its frames: raw IP, or Ethernet where a case is about the link header.
    package var dataLinkType: Int32 { packets.contains { $0.linkHeader.isEmpty == false } ? 1 : 12 }

    /// Every case, in the order of the card.
    package static let all: [EvasionCase] =
        tcpCases + tlsCases + quicCases + dnsCases + httpCases + ipCases
}

/// Packets on their way into a case.
struct Script: Sendable {
    private(set) var packets: [EvasionPacket] = []
    private var clock: UInt64 = 0

    /// Adds a packet one millisecond after the last.
    mutating func add(
        _ bytes: [UInt8],
        _ direction: EvasionPacket.Direction = .toServer,
        _ demand: EvasionPacket.Demand = .any,
        linkHeader: [UInt8] = []
    ) {
        packets.append(
            EvasionPacket(bytes: bytes, direction: direction, time: clock, demand: demand, linkHeader: linkHeader)
        )
        clock += 1_000
    }

    /// Adds packets of the client, the last of which completes the name.
    mutating func add(_ packets: [[UInt8]]) {
        for (index, packet) in packets.enumerated() {
            add(packet, .toServer, index == packets.count - 1 ? .completes : .any)
        }
    }

    /// Lets time pass.
    mutating func wait(milliseconds: UInt64) {
        clock += milliseconds * 1_000
    }

    /// Sends the packet that completes the name once more, as TCP does when nothing answers.
    mutating func retransmit() {
        guard let last = packets.last(where: { $0.demand == .completes }) else { return }
        wait(milliseconds: 300)
        add(last.bytes, last.direction, .drop)
    }

    /// Adds another script behind this one.
    mutating func append(_ other: Script) {
        let start = clock
        for var packet in other.packets {
            packet.time += start
            packets.append(packet)
        }
        clock += other.clock
    }

    /// The same packets, each turned into others.
    func map(_ change: ([UInt8], EvasionPacket.Direction) -> [UInt8]) -> Script {
        var other = self
        for index in packets.indices {
            other.packets[index].bytes = change(packets[index].bytes, packets[index].direction)
        }
        return other
    }

    /// The same packets, each behind the link header that `header` gives for it.
    func behind(linkHeader header: ([UInt8]) -> [UInt8]) -> Script {
        var other = self
        for index in packets.indices { other.packets[index].linkHeader = header(packets[index].bytes) }
        return other
    }
}
