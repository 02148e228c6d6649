/// How an interface is tapped.
package struct TapConfiguration: Equatable, Sendable {
    /// The interface that stands for all of them.
    package static let anyInterface = "any"

    /// The interface's name, or ``anyInterface``.
    package var interface: String

    /// Octets of each frame that are captured. The default holds the largest IP packet, merged by the kernel or not, with its link header.
    package var snapshotLength = 65_600

    /// Octets of memory in which the kernel keeps frames until they are read.
    package var buffer = 32 << 20

    /// Whether frames for other stations are asked for, as a mirror port brings them. Without effect on ``anyInterface``.
    package var isPromiscuous = true

    /// Which frames are wanted, in the language of pcap-filter(7); nil for all.
    package var filter: String?

    /// A tap of this interface with the defaults.
    package init(interface: String) {
        self.interface = interface
    }
}

/// Why an interface cannot be tapped. Each says what is wrong and what mends it, in one line.
package enum TapError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no interface of this name; those there are.
    case noInterface(String, available: [String])
    /// The process lacks CAP_NET_RAW.
    case notPermitted(interface: String)
    /// The interface is down, which mends itself when it is set up.
    case down(interface: String)
    /// The interface has gone since it was opened.
    case gone(interface: String)
    /// The filter is none, or none for this interface; the reason is libpcap's.
    case filter(interface: String, reason: String)
    /// The frames are of a link type that IP packets cannot be taken out of.
    case unsupportedLinkType(interface: String, name: String)
    /// Anything else that libpcap or the kernel refused.
    case refused(interface: String, reason: String)

    package var description: String {
        switch self {
        case .noInterface(let name, let available):
            "interface \(name): there is none of this name; give one of \(available.joined(separator: ", "))"
        case .notPermitted(let interface):
            "interface \(interface): missing CAP_NET_RAW: run as root, or with AmbientCapabilities=CAP_NET_RAW in the systemd unit"
        case .down(let interface):
            "interface \(interface): is down; ip link set \(interface) up"
        case .gone(let interface):
            "interface \(interface): has disappeared"
        case .filter(let interface, let reason):
            "interface \(interface): the filter cannot be used: \(reason); see pcap-filter(7)"
        case .unsupportedLinkType(let interface, let name):
            "interface \(interface): link type \(name) is not read; tap an Ethernet, raw IP or loopback interface, or any"
        case .refused(let interface, let reason):
            "interface \(interface): cannot be tapped: \(reason)"
        }
    }
}

/// What happened to a tap, for the log.
package enum TapEvent: Equatable, Sendable, CustomStringConvertible {
    /// The interface is read, be it for the first time or again; its link type in the words of the tcpdump project.
    case reading(interface: String, linkType: String)
    /// The interface is not read at present; it is tried again every second until it is.
    case lost(TapError)

    package var description: String {
        switch self {
        case .reading(let interface, let linkType): "interface \(interface): read, link type \(linkType)"
        // libpcap may repeat what the filter says, and a log must hold neither names nor addresses.
        case .lost(.filter(let interface, _)):
            "interface \(interface): the filter cannot be used; tried again every second"
        case .lost(let error): "\(error.description); tried again every second"
        }
    }
}
