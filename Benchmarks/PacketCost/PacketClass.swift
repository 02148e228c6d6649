/// What the packets of a run have in common.
enum PacketClass: String, CaseIterable {
    /// Queries for names on no list.
    case dns
    /// Queries for listed names.
    case listedDNS = "dns-listed"
    /// Connections that are new each time: SYN, then a hello in one segment.
    case tls
    /// The same with the hello in two segments.
    case splitTLS = "tls-split"
    /// Full segments of connections whose hello was judged.
    case bulk
    /// Full segments of connections whose beginning was not seen, ten of each.
    case midstreamBulk = "bulk-midstream"

    /// The most flows that the inspector may remember: fewer than the pool has, so that its table turns over in each pass.
    var flowCapacity: Int {
        switch self {
        case .midstreamBulk: 128
        case .dns, .listedDNS, .tls, .splitTLS, .bulk: 1_024
        }
    }

    /// The packets to push through, again and again in this order.
    func makePool() -> PacketPool {
        var pool = PacketPool()
        switch self {
        case .dns:
            for number in 0..<2_048 {
                pool.addQuery(for: "host-\(number).unlisted-\(number % 97).example", client: UInt32(number))
            }
        case .listedDNS:
            for number in 0..<2_048 { pool.addQuery(for: "www.\(BenchmarkList.name(number))", client: UInt32(number)) }
        case .tls, .splitTLS:
            for number in 0..<1_536 {
                let name = "host-\(number).unlisted-\(number % 97).example"
                pool.addHello(for: name, client: UInt32(number), splitAt: self == .splitTLS ? 300 : nil)
            }
        case .bulk:
            for number in 0..<64 { pool.addHello(for: "host-\(number).example", client: UInt32(number), splitAt: nil) }
            pool.markStart()
            for number in 0..<1_024 { pool.addUpload(client: UInt32(number % 64), segment: UInt32(number / 64)) }
        case .midstreamBulk:
            for number in 0..<1_920 { pool.addDownload(client: UInt32(number / 10), segment: UInt32(number % 10)) }
        }
        return pool
    }

    /// Whether a run saw what packets of this class hold; a figure for packets that were taken for others would say nothing.
    func isPlausible(_ cost: PacketRun.Cost, _ count: Int) -> Bool {
        switch self {
        case .dns: cost.names == count && cost.drops == 0
        case .listedDNS: cost.names == count && cost.drops == count
        case .tls: abs(cost.names * 2 - count) <= 1 && cost.drops == 0
        case .splitTLS: abs(cost.names * 3 - count) <= 2 && cost.drops == 0
        case .bulk, .midstreamBulk: cost.names == 0 && cost.drops == 0
        }
    }
}
