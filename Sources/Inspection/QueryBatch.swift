import Blocklists
import Wire

/// The plain DNS queries of a batch of packets: read before the first packet is inspected, and looked up together.
///
/// In a list that is larger than the processor's caches a lookup waits for memory again and again; those of a batch wait side by side,
/// see ``LookupBatch``. Nearly all queries are for names on no list, and of these nothing is left to be inspected. The others are inspected
/// like any packet, but for the lookup.
struct QueryBatch: ~Copyable, Sendable {
    /// The most packets of a batch. Computed: a stored one would be made at its first use, and each packet would ask whether it is.
    static var capacity: Int { LookupBatch.capacity }

    private var names = LookupBatch()
    private var name = DomainName()
    /// The five-tuple of each name's packet, and the packet.
    private var tuples: [FiveTuple]
    private var packets = FlatArray<UInt8>(count: capacity)
    /// For each packet one more than the place of its name; zero where it has none.
    private var places = FlatArray<UInt8>(count: capacity)

    init() {
        let nowhere = IPAddress(v4: 0)
        let none = FiveTuple(source: nowhere, destination: nowhere, sourcePort: 0, destinationPort: 0, transport: 0)
        tuples = Array(repeating: none, count: Self.capacity)
    }

    /// Forgets all queries.
    mutating func removeAll() {
        for index in 0..<names.count { places[Int(packets[index])] = 0 }
        names.removeAll()
    }

    /// Takes in the datagram of a packet of the batch where it is a plain query.
    mutating func add(_ datagram: Span<UInt8>, _ tuple: FiveTuple, packet: Int) {
        guard packet >= 0, packet < places.count, places[packet] == 0,
            let message = try? DNSMessage(parsing: datagram), DNSDissector.isPlainQuery(message),
            (try? message.readQuestion(at: DNSMessage.firstQuestion, into: &name)) != nil, name.length > 0
        else { return }
        let place = names.count
        tuples[place] = tuple
        packets[place] = UInt8(packet)
        places[packet] = UInt8(place + 1)
        names.add(name.view, in: .dns)
    }

    /// Looks all names up.
    mutating func lookUp(in blocklist: Blocklist) { names.lookUp(in: blocklist) }

    /// The place of a packet's query among the names; nil for all other packets.
    @inline(__always)
    func query(ofPacket packet: Int) -> Int? {
        guard packet >= 0, packet < places.count, places[packet] > 0 else { return nil }
        return Int(places[packet]) &- 1
    }

    /// Whether the name of a query is on no list.
    @inline(__always)
    func isUnlisted(_ query: Int) -> Bool { names.isUnlisted(query) }

    /// What the lists say of the name of a query.
    func lookup(_ query: Int) -> Lookup { names[query] }

    /// The five-tuple of a query.
    func fiveTuple(_ query: Int) -> FiveTuple { tuples[query] }

    /// The name of a query.
    @_lifetime(borrow self)
    func name(_ query: Int) -> DomainNameView { names.name(query) }
}
