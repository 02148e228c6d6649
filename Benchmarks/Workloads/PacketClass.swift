/// Floor 3: the whole inspector, one packet after another.
extension Workload {
    /// Each class of packets.
    static let packets = PacketClass.allCases.map { packetClass in
        Workload(packetClass.rawValue, packetClass.iteration, pass: packetClass.pass) {
            var run = PacketRun(packetClass)
            return { count in packetClass.isPlausible(run.measure(count), count) ? count : 0 }
        }
    }
}

/// What the packets of a run have in common.
enum PacketClass: String, CaseIterable {
    /// Queries for names on no list.
    case dns
    /// The same in batches of 64 that are looked at before the first is judged, as where lists are beyond the caches.
    case aheadDNS = "dns-ahead"
    /// Queries for listed names.
    case listedDNS = "dns-listed"
    /// The same, with EDNS, where the list asks for an answer: what is to be sent is composed and thrown away.
    case answeredDNS = "dns-answered"
    /// Connections that are new each time: SYN, then a hello in one segment.
    case tls
    /// The same with the hello in two segments.
    case splitTLS = "tls-split"
    /// Requests of HTTP/1.1 in connections that are new each time: SYN, then the head in one segment.
    case http
    /// The Initials of `quic`, only opened: no engine.
    case openedQUIC = "quic-open"
    /// Connections of QUIC that are new each time: the hello in one Initial, so that keys are derived for each packet.
    case quic
    /// The Initials of `quic-split`, only opened: no engine.
    case openedSplitQUIC = "quic-split-open"
    /// `quic` with the hello in two Initials: the second packet's keys are remembered.
    case splitQUIC = "quic-split"
    /// Full segments of connections whose hello was judged.
    case bulk
    /// Full segments of connections whose beginning was not seen, ten of each.
    case midstreamBulk = "bulk-midstream"

    /// The most flows that the inspector may remember: fewer than the pool has, so that its table turns over in each pass.
    var flowCapacity: Int {
        switch self {
        case .midstreamBulk: 128
        case .quic, .splitQUIC, .openedQUIC, .openedSplitQUIC: 256
        case .dns, .aheadDNS, .listedDNS, .answeredDNS, .tls, .splitTLS, .http, .bulk: 1_024
        }
    }

    /// Whether listed queries are answered.
    var isAnswered: Bool { self == .answeredDNS }

    /// Whether the inspector looks ahead.
    var looksAhead: Bool { self == .aheadDNS }

    /// Whether packets go to `InitialOpener` alone.
    var isOnlyOpened: Bool { self == .openedQUIC || self == .openedSplitQUIC }

    /// What each packet of the class is, as the cost of one is stated.
    var iteration: String {
        switch self {
        case .dns: "a query for a name on no list is judged"
        case .aheadDNS: "a query for a name on no list is looked at, with 63 others, and judged"
        case .listedDNS: "a query for a listed name is judged"
        case .answeredDNS: "a query for a listed name is judged and its answer composed, all but sent"
        case .tls: "a packet of a new connection is judged: SYN, hello of 517 octets"
        case .splitTLS: "a packet of a new connection is judged: SYN, hello in two segments"
        case .http: "a packet of a new connection is judged: SYN, request with seven fields"
        case .quic: "an Initial with a whole hello is opened and judged"
        case .splitQUIC: "an Initial with half a hello is opened and judged"
        case .openedQUIC: "an Initial of a new connection is opened: keys derived, AES twice"
        case .openedSplitQUIC: "an Initial is opened, the keys of every other one being remembered"
        case .bulk: "a segment of 1,448 octets is judged, the hello having been"
        case .midstreamBulk: "a segment of a connection whose start was not seen is judged"
        }
    }

    /// The packets of one pass: as many as the pool has behind its start.
    var pass: Int {
        switch self {
        case .dns, .aheadDNS, .listedDNS, .answeredDNS: 2_048
        case .quic, .openedQUIC: connections
        case .tls, .http, .splitQUIC, .openedSplitQUIC: 2 * connections
        case .splitTLS: 3 * connections
        case .bulk: 1_024
        case .midstreamBulk: 1_920
        }
    }

    /// New connections of one pass: half as many again as the inspector may remember.
    private var connections: Int { flowCapacity * 3 / 2 }

    /// The packets to push through, again and again in this order.
    func makePool() -> PacketPool {
        var pool = PacketPool()
        switch self {
        case .dns, .aheadDNS:
            for number in 0..<pass {
                pool.addQuery(for: BenchmarkNames.unlisted(number), client: UInt32(number))
            }
        case .listedDNS:
            for number in 0..<pass {
                pool.addQuery(for: "www.\(BenchmarkNames.listed(number))", client: UInt32(number))
            }
        case .answeredDNS:
            for number in 0..<pass {
                pool.addQuery(for: "www.\(BenchmarkNames.listed(number))", client: UInt32(number), hasOptions: true)
            }
        case .tls, .splitTLS:
            for number in 0..<connections {
                let name = BenchmarkNames.unlisted(number)
                pool.addHello(for: name, client: UInt32(number), splitAt: self == .splitTLS ? 300 : nil)
            }
        case .http:
            for number in 0..<connections {
                pool.addRequest(for: BenchmarkNames.unlisted(number), client: UInt32(number))
            }
        case .quic, .openedQUIC, .splitQUIC, .openedSplitQUIC:
            for number in 0..<connections {
                let name = BenchmarkNames.unlisted(number)
                let isSplit = self == .splitQUIC || self == .openedSplitQUIC
                pool.addInitials(for: name, client: UInt32(number), splitAt: isSplit ? 300 : nil)
            }
        case .bulk:
            for number in 0..<64 { pool.addHello(for: "host-\(number).example", client: UInt32(number), splitAt: nil) }
            pool.markStart()
            for number in 0..<pass { pool.addUpload(client: UInt32(number % 64), segment: UInt32(number / 64)) }
        case .midstreamBulk:
            for number in 0..<pass { pool.addDownload(client: UInt32(number / 10), segment: UInt32(number % 10)) }
        }
        return pool
    }

    /// Whether a run saw what packets of this class hold; a figure for packets that were taken for others would say nothing.
    func isPlausible(_ cost: PacketRun.Cost, _ count: Int) -> Bool {
        switch self {
        case .dns, .aheadDNS: cost.names == count && cost.drops == 0
        case .listedDNS: cost.names == count && cost.drops == count && cost.answers == 0
        case .answeredDNS: cost.names == count && cost.drops == count && cost.answers == count
        case .tls, .http, .splitQUIC: abs(cost.names * 2 - count) <= 1 && cost.drops == 0
        case .quic: cost.names == count && cost.drops == 0
        case .openedQUIC, .openedSplitQUIC: cost.opened == count
        case .splitTLS: abs(cost.names * 3 - count) <= 2 && cost.drops == 0
        case .bulk, .midstreamBulk: cost.names == 0 && cost.drops == 0
        }
    }
}
