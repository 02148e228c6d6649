import Synchronization

/// One worker's counters: a fixed block of 64-bit cells that its worker writes and anybody may read.
///
/// Guarantees: a block has one writer, so an increment is a plain load and a plain store, without a locked instruction;
/// nothing is allocated after `init`; no reader ever makes the writer wait. A reader sees each cell whole, but cells of
/// one moment only roughly together. 128 unused bytes on either side keep other objects off the block's cache lines and
/// out of reach of the prefetcher that fetches lines in pairs.
package final class Counters: Sendable {
    /// The most (list, action) pairs that a block has cells for; see ``ListSlots``.
    package static let slotCapacity = 64
    /// The most cases that ``InspectedProtocol`` may have before the blocks below must grow.
    static let protocolCapacity = 8
    /// The most cases that ``UndecidedCause`` may have before its block below must grow.
    static let causeCapacity = 16
    /// The most cases that ``Anomaly`` may have before its block below must grow.
    static let anomalyCapacity = 32

    /// The most cases that ``EncryptedDNS`` may have before its block below must grow.
    static let encryptedDNSCapacity = 4

    /// The most cases that ``ExemptionReason`` may have before its block below must grow.
    static let exemptionCapacity = 4

    /// The cells for each case of ``CountedResponse``: the most cases that ``ResponseResult`` may have.
    static let responseResultCapacity = 4

    /// The netfilter queue, 0 to 65535, whose worker writes this block.
    package let queue: UInt16

    private let paddingBefore: InlineArray<16, UInt64>
    private let packets: InlineArray<2, Atomic<UInt64>>
    private let names: InlineArray<8, Atomic<UInt64>>
    private let undecided: InlineArray<16, Atomic<UInt64>>
    private let anomalies: InlineArray<32, Atomic<UInt64>>
    private let encryptedDNSFlows: InlineArray<4, Atomic<UInt64>>
    private let responses: InlineArray<32, Atomic<UInt64>>
    private let responseBytes = Atomic<UInt64>(0)
    private let receiveOverruns = Atomic<UInt64>(0)
    private let unseen = Atomic<UInt64>(0)
    private let unfinishedChecksums = Atomic<UInt64>(0)
    private let flows = Atomic<UInt64>(0)
    private let flowMemory = Atomic<UInt64>(0)
    private let receiveBuffer = Atomic<UInt64>(0)
    private let verdictNanoseconds = Atomic<UInt64>(0)
    private let verdictBuckets: InlineArray<22, Atomic<UInt64>>
    private let matches: InlineArray<512, Atomic<UInt64>>
    private let testMatches: InlineArray<512, Atomic<UInt64>>
    private let exemptions: InlineArray<256, Atomic<UInt64>>
    private let paddingAfter: InlineArray<16, UInt64>

    /// Makes a block with every cell at zero.
    ///
    /// - Parameter queue: the netfilter queue of the worker that will write it.
    package init(queue: UInt16) {
        self.queue = queue
        paddingBefore = .init(repeating: 0)
        packets = .init { _ in Atomic(0) }
        names = .init { _ in Atomic(0) }
        undecided = .init { _ in Atomic(0) }
        anomalies = .init { _ in Atomic(0) }
        encryptedDNSFlows = .init { _ in Atomic(0) }
        responses = .init { _ in Atomic(0) }
        verdictBuckets = .init { _ in Atomic(0) }
        matches = .init { _ in Atomic(0) }
        testMatches = .init { _ in Atomic(0) }
        exemptions = .init { _ in Atomic(0) }
        paddingAfter = .init(repeating: 0)
    }

    // MARK: - Written by the block's own worker

    /// Counts one packet by the verdict that the kernel was given for it.
    package func countPacket(_ verdict: CountedVerdict) {
        Self.add(1, to: packets[Int(verdict.rawValue)])
    }

    /// Counts one name that was read, whether or not a list holds it.
    package func countName(_ inspected: InspectedProtocol) {
        Self.add(1, to: names[Int(inspected.rawValue)])
    }

    /// Counts one name that a list matched.
    ///
    /// - Parameters:
    ///   - slot: what ``ListSlots/slot(id:action:)`` gave for the list and its action; any other number is ignored.
    ///   - inspected: where the name was read.
    package func countMatch(slot: Int, _ inspected: InspectedProtocol) {
        guard slot >= 0, slot < Self.slotCapacity else { return }
        Self.add(1, to: matches[Self.cell(slot, inspected)])
    }

    /// Counts one name that a list holds to try the blocking with.
    ///
    /// - Parameters:
    ///   - slot: as for ``countMatch(slot:_:)``.
    ///   - inspected: where the name was read.
    package func countTestMatch(slot: Int, _ inspected: InspectedProtocol) {
        guard slot >= 0, slot < Self.slotCapacity else { return }
        Self.add(1, to: testMatches[Self.cell(slot, inspected)])
    }

    /// Counts one name that a list holds and that was left alone all the same.
    ///
    /// - Parameters:
    ///   - slot: as for ``countMatch(slot:_:)``.
    ///   - reason: why it was left alone.
    package func countExemption(slot: Int, _ reason: ExemptionReason) {
        guard slot >= 0, slot < Self.slotCapacity else { return }
        Self.add(1, to: exemptions[Self.cell(slot, reason)])
    }

    /// Counts one packet or message that was accepted without being judged.
    package func countUndecided(_ cause: UndecidedCause) {
        Self.add(1, to: undecided[Int(cause.rawValue)])
    }

    /// Counts the odd forms that one packet showed, each once.
    package func countAnomalies(_ set: AnomalySet) {
        var bits = set.bits
        while bits != 0 {
            Self.add(1, to: anomalies[bits.trailingZeroBitCount])
            bits &= bits &- 1
        }
    }

    /// Counts one flow of encrypted DNS, at the packet that showed it.
    package func countEncryptedDNSFlow(_ kind: EncryptedDNS) {
        Self.add(1, to: encryptedDNSFlows[Int(kind.rawValue)])
    }

    /// Counts one packet that was sent in place of a dropped one, or could not be.
    ///
    /// - Parameters:
    ///   - kind: what it was to say.
    ///   - result: what became of it.
    ///   - bytes: the octets that were sent.
    package func countResponse(_ kind: CountedResponse, _ result: ResponseResult, bytes: Int) {
        Self.add(1, to: responses[Self.cell(kind, result)])
        Self.add(UInt64(max(bytes, 0)), to: responseBytes)
    }

    /// Counts the time from the receipt of a batch to the answer for it, once for each of its packets.
    ///
    /// - Parameters:
    ///   - nanoseconds: how long each packet of the batch waited in the worker.
    ///   - packets: how many packets were answered together; none are counted when it is not positive.
    package func observeVerdict(nanoseconds: UInt64, packets: Int) {
        let count = UInt64(max(packets, 0))
        Self.add(count, to: verdictBuckets[VerdictBuckets.index(nanoseconds: nanoseconds)])
        Self.add(nanoseconds &* count, to: verdictNanoseconds)
    }

    /// Counts one receive that the kernel refused with ENOBUFS because the socket's buffer had overrun.
    package func countReceiveOverrun() {
        Self.add(1, to: receiveOverruns)
    }

    /// Counts packets of the queue that never reached the worker: there was no room, and the kernel let them pass or dropped them.
    package func countUnseen(_ packets: UInt64) {
        Self.add(packets, to: unseen)
    }

    /// Counts one packet whose checksum the kernel had left for the network card to finish.
    package func countUnfinishedChecksum() {
        Self.add(1, to: unfinishedChecksums)
    }

    /// Says how many flows the worker remembers at present; a negative number counts as none.
    package func setFlows(_ count: Int) {
        flows.store(UInt64(max(count, 0)), ordering: .relaxed)
    }

    /// Says how many bytes of unfinished messages the worker's flows hold; a negative number counts as none.
    package func setFlowMemory(bytes: Int) {
        flowMemory.store(UInt64(max(bytes, 0)), ordering: .relaxed)
    }

    /// Says how large a receive buffer the kernel granted the queue's socket; a negative number counts as none.
    package func setReceiveBuffer(bytes: Int) {
        receiveBuffer.store(UInt64(max(bytes, 0)), ordering: .relaxed)
    }

    // MARK: - Read by anybody

    /// The present values of all cells, for the exposition and for the status report.
    package func read() -> CounterReading {
        var reading = CounterReading(queue: queue)
        for verdict in CountedVerdict.allCases {
            reading.packets[Int(verdict.rawValue)] = packets[Int(verdict.rawValue)].load(ordering: .relaxed)
        }
        for inspected in InspectedProtocol.allCases {
            reading.names[Int(inspected.rawValue)] = names[Int(inspected.rawValue)].load(ordering: .relaxed)
        }
        for cause in UndecidedCause.allCases {
            reading.undecided[Int(cause.rawValue)] = undecided[Int(cause.rawValue)].load(ordering: .relaxed)
        }
        for anomaly in Anomaly.allCases {
            reading.anomalies[Int(anomaly.rawValue)] = anomalies[Int(anomaly.rawValue)].load(ordering: .relaxed)
        }
        for kind in EncryptedDNS.allCases {
            reading.encryptedDNSFlows[Int(kind.rawValue)] = encryptedDNSFlows[Int(kind.rawValue)].load(
                ordering: .relaxed
            )
        }
        for index in reading.responses.indices {
            reading.responses[index] = responses[index].load(ordering: .relaxed)
        }
        reading.responseBytes = responseBytes.load(ordering: .relaxed)
        for index in reading.matches.indices {
            reading.matches[index] = matches[index].load(ordering: .relaxed)
        }
        for index in reading.testMatches.indices {
            reading.testMatches[index] = testMatches[index].load(ordering: .relaxed)
        }
        for index in reading.exemptions.indices {
            reading.exemptions[index] = exemptions[index].load(ordering: .relaxed)
        }
        for index in reading.verdictBuckets.indices {
            reading.verdictBuckets[index] = verdictBuckets[index].load(ordering: .relaxed)
        }
        reading.verdictNanoseconds = verdictNanoseconds.load(ordering: .relaxed)
        reading.receiveOverruns = receiveOverruns.load(ordering: .relaxed)
        reading.unseen = unseen.load(ordering: .relaxed)
        reading.unfinishedChecksums = unfinishedChecksums.load(ordering: .relaxed)
        reading.flows = flows.load(ordering: .relaxed)
        reading.flowMemoryBytes = flowMemory.load(ordering: .relaxed)
        reading.receiveBufferBytes = receiveBuffer.load(ordering: .relaxed)
        return reading
    }

    /// The few numbers that tell whether the worker keeps up, without a look at all the others.
    package var vitalSigns: VitalSigns {
        let judged = CountedVerdict.allCases.reduce(UInt64(0)) {
            $0 &+ packets[Int($1.rawValue)].load(ordering: .relaxed)
        }
        let failed = CountedResponse.allCases.reduce(UInt64(0)) {
            $0 &+ responses[Self.cell($1, .failed)].load(ordering: .relaxed)
        }
        return VitalSigns(
            queue: queue,
            judged: judged,
            unseen: unseen.load(ordering: .relaxed),
            failedResponses: failed
        )
    }

    /// The cell of a slot and a protocol in ``matches`` and in ``CounterReading/matches``.
    @inline(__always)
    static func cell(_ slot: Int, _ inspected: InspectedProtocol) -> Int {
        slot &* protocolCapacity &+ Int(inspected.rawValue)
    }

    /// The cell of a slot and a reason in ``exemptions`` and in ``CounterReading/exemptions``.
    @inline(__always)
    static func cell(_ slot: Int, _ reason: ExemptionReason) -> Int {
        slot &* exemptionCapacity &+ Int(reason.rawValue)
    }

    /// The cell of a response and a result in ``responses`` and in ``CounterReading/responses``.
    @inline(__always)
    static func cell(_ kind: CountedResponse, _ result: ResponseResult) -> Int {
        Int(kind.rawValue) &* responseResultCapacity &+ Int(result.rawValue)
    }

    /// Adds without a locked instruction, which is correct because a cell has one writer.
    @inline(__always)
    private static func add(_ amount: UInt64, to cell: borrowing Atomic<UInt64>) {
        cell.store(cell.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }
}

/// What one or more blocks of counters held when they were read; all numbers since the start of the process.
package struct CounterReading: Sendable, Equatable {
    /// The queue that the numbers belong to.
    package let queue: UInt16
    var packets = [UInt64](repeating: 0, count: CountedVerdict.allCases.count)
    var names = [UInt64](repeating: 0, count: InspectedProtocol.allCases.count)
    var undecided = [UInt64](repeating: 0, count: UndecidedCause.allCases.count)
    var anomalies = [UInt64](repeating: 0, count: Anomaly.allCases.count)
    var encryptedDNSFlows = [UInt64](repeating: 0, count: EncryptedDNS.allCases.count)
    var matches = [UInt64](repeating: 0, count: Counters.slotCapacity * Counters.protocolCapacity)
    var testMatches = [UInt64](repeating: 0, count: Counters.slotCapacity * Counters.protocolCapacity)
    var exemptions = [UInt64](repeating: 0, count: Counters.slotCapacity * Counters.exemptionCapacity)
    var responses = [UInt64](repeating: 0, count: CountedResponse.allCases.count * Counters.responseResultCapacity)
    /// Octets of packets that were sent in place of dropped ones.
    package fileprivate(set) var responseBytes: UInt64 = 0
    /// Observations per bucket, not summed up over the smaller buckets; the last has no upper bound.
    package fileprivate(set) var verdictBuckets = [UInt64](repeating: 0, count: VerdictBuckets.count)
    /// The sum of all observed verdict times, in nanoseconds.
    package fileprivate(set) var verdictNanoseconds: UInt64 = 0
    /// Receives refused with ENOBUFS.
    package fileprivate(set) var receiveOverruns: UInt64 = 0
    /// Packets of the queue that never reached the worker.
    package fileprivate(set) var unseen: UInt64 = 0
    /// Packets whose checksum was left for the network card.
    package fileprivate(set) var unfinishedChecksums: UInt64 = 0
    /// Flows remembered at present.
    package fileprivate(set) var flows: UInt64 = 0
    /// Bytes of unfinished messages held at present.
    package fileprivate(set) var flowMemoryBytes: UInt64 = 0
    /// The size of the socket's receive buffer, in bytes.
    package fileprivate(set) var receiveBufferBytes: UInt64 = 0

    init(queue: UInt16) {
        self.queue = queue
    }

    /// Packets that were given this verdict.
    package func packets(_ verdict: CountedVerdict) -> UInt64 { packets[Int(verdict.rawValue)] }

    /// Names read from this protocol.
    package func names(_ inspected: InspectedProtocol) -> UInt64 { names[Int(inspected.rawValue)] }

    /// Packets or messages accepted unjudged for this cause.
    package func undecided(_ cause: UndecidedCause) -> UInt64 { undecided[Int(cause.rawValue)] }

    /// Packets that showed this odd form.
    package func anomalies(_ anomaly: Anomaly) -> UInt64 { anomalies[Int(anomaly.rawValue)] }

    /// Flows of this form of encrypted DNS.
    package func encryptedDNSFlows(_ kind: EncryptedDNS) -> UInt64 { encryptedDNSFlows[Int(kind.rawValue)] }

    /// Names of this protocol that the slot's list matched; zero for a slot outside the registry's range.
    package func matches(slot: Int, _ inspected: InspectedProtocol) -> UInt64 {
        guard slot >= 0, slot < Counters.slotCapacity else { return 0 }
        return matches[Counters.cell(slot, inspected)]
    }

    /// Test names of this protocol that the slot's list matched; zero for a slot outside the registry's range.
    package func testMatches(slot: Int, _ inspected: InspectedProtocol) -> UInt64 {
        guard slot >= 0, slot < Counters.slotCapacity else { return 0 }
        return testMatches[Counters.cell(slot, inspected)]
    }

    /// Names that the slot's list holds and that were left alone for this reason; zero for a slot outside the registry's range.
    package func exemptions(slot: Int, _ reason: ExemptionReason) -> UInt64 {
        guard slot >= 0, slot < Counters.slotCapacity else { return 0 }
        return exemptions[Counters.cell(slot, reason)]
    }

    /// Packets of this kind that were to be sent and of which this became.
    package func responses(_ kind: CountedResponse, _ result: ResponseResult) -> UInt64 {
        responses[Counters.cell(kind, result)]
    }

    /// How many verdict times were observed.
    package var verdictCount: UInt64 { verdictBuckets.reduce(0, &+) }

    /// Adds another reading's numbers to these; the queue stays.
    package mutating func add(_ other: CounterReading) {
        for index in packets.indices { packets[index] &+= other.packets[index] }
        for index in names.indices { names[index] &+= other.names[index] }
        for index in undecided.indices { undecided[index] &+= other.undecided[index] }
        for index in anomalies.indices { anomalies[index] &+= other.anomalies[index] }
        for index in encryptedDNSFlows.indices { encryptedDNSFlows[index] &+= other.encryptedDNSFlows[index] }
        for index in matches.indices { matches[index] &+= other.matches[index] }
        for index in testMatches.indices { testMatches[index] &+= other.testMatches[index] }
        for index in exemptions.indices { exemptions[index] &+= other.exemptions[index] }
        for index in verdictBuckets.indices { verdictBuckets[index] &+= other.verdictBuckets[index] }
        for index in responses.indices { responses[index] &+= other.responses[index] }
        responseBytes &+= other.responseBytes
        verdictNanoseconds &+= other.verdictNanoseconds
        receiveOverruns &+= other.receiveOverruns
        unseen &+= other.unseen
        unfinishedChecksums &+= other.unfinishedChecksums
        flows &+= other.flows
        flowMemoryBytes &+= other.flowMemoryBytes
        receiveBufferBytes &+= other.receiveBufferBytes
    }

    /// Reads the blocks and gives one reading per queue, by rising queue number.
    package static func perQueue(_ blocks: [Counters]) -> [CounterReading] {
        var readings: [UInt16: CounterReading] = [:]
        for block in blocks {
            readings[block.queue, default: CounterReading(queue: block.queue)].add(block.read())
        }
        return readings.values.sorted { $0.queue < $1.queue }
    }

    /// The sum over all queues.
    package static func total(_ readings: [CounterReading]) -> CounterReading {
        readings.reduce(into: CounterReading(queue: 0)) { $0.add($1) }
    }
}

/// The buckets of the verdict time histogram: 1 us, 2 us, 4 us and so on to 1.048576 s, and one without an upper bound.
package enum VerdictBuckets {
    /// How many buckets there are, the unbounded one among them.
    package static let count = 22

    /// The largest time that a bucket takes, in nanoseconds; nil for the last bucket, which takes all longer ones.
    package static func upperBound(_ index: Int) -> UInt64? {
        index < count - 1 ? 1000 << UInt64(index) : nil
    }

    /// The bucket that takes a time: the first whose upper bound is not below it.
    @inline(__always)
    package static func index(nanoseconds: UInt64) -> Int {
        let wholeMicrosecondsBelow = (max(nanoseconds, 1) &- 1) / 1000
        return min(64 &- wholeMicrosecondsBelow.leadingZeroBitCount, count - 1)
    }
}
