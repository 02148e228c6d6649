import Blocklists

/// The flows of the packets of a batch: their fingerprints are made before the first packet is inspected, and what the table holds of them is
/// brought into the processor's caches meanwhile.
///
/// In a table that is larger than the caches each packet waits for its bucket, its flow, and once a second that flow's neighbours in age; those of
/// a batch are waited for side by side.
struct FlowBatch: ~Copyable, Sendable {
    /// The most packets of a batch.
    static var capacity: Int { LookupBatch.capacity }

    private var fingerprints: [Fingerprint]
    /// The packets whose fingerprints are there, in the order in which they came.
    private var packets = FlatArray<UInt8>(count: capacity)
    private var count = 0
    /// For each packet one more than the place of its fingerprint; zero where it has none.
    private var places = FlatArray<UInt8>(count: capacity)

    init() {
        fingerprints = Array(repeating: Fingerprint(0, 0), count: Self.capacity)
    }

    /// Forgets all packets.
    mutating func removeAll() {
        for index in 0..<count { places[Int(packets[index])] = 0 }
        count = 0
    }

    /// Takes in a packet of the batch, and has the bucket of its flow brought in.
    mutating func add(_ fingerprint: Fingerprint, packet: Int, in flows: borrowing FlowTable) {
        guard packet >= 0, packet < Self.capacity, places[packet] == 0 else { return }
        flows.prefetchBucket(of: fingerprint)
        fingerprints[count] = fingerprint
        packets[count] = UInt8(packet)
        count += 1
        places[packet] = UInt8(count)
    }

    /// Has the flows brought in, and then their neighbours.
    func prefetch(in flows: borrowing FlowTable) {
        for index in 0..<count { flows.prefetchFlow(of: fingerprints[index]) }
        for index in 0..<count { flows.prefetchNeighbours(of: fingerprints[index]) }
    }

    /// The fingerprint of a packet's flow; nil where none was made.
    @inline(__always)
    func fingerprint(ofPacket packet: Int) -> Fingerprint? {
        guard packet >= 0, packet < Self.capacity, places[packet] > 0 else { return nil }
        return fingerprints[Int(places[packet]) &- 1]
    }
}
