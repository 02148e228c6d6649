import Synchronization

/// One worker's counters: a fixed block of 64-bit cells that its worker writes and anybody may read.
///
/// Guarantees: a block has one writer, so an increment is a plain load and a plain store, without a locked instruction;
/// nothing is allocated after `init`; no reader ever makes the writer wait. A reader goes through the cells once, upwards:
/// it takes each cache line from the worker once. It sees each cell whole, but cells of one moment only roughly together.
/// 128 unused bytes on either side keep other objects off the block's cache lines and out of reach of the prefetcher that
/// fetches lines in pairs.
package final class Counters: Sendable {
    /// The most (list, action) pairs that a block has cells for; see ``ListSlots``.
    package static let slotCapacity = 64
    /// The most cases that ``InspectedProtocol`` may have before its cells below must grow.
    static let protocolCapacity = 8
    /// The most cases that ``Mechanism`` may have before its cells below must grow.
    static let mechanismCapacity = 8
    /// The most cases that ``CountedAction`` may have before its cells below must grow.
    static let actionCapacity = 8
    /// The most cases that ``UndecidedCause`` may have before its cells below must grow.
    static let causeCapacity = 16
    /// The most cases that ``Anomaly`` may have before its cells below must grow.
    static let anomalyCapacity = 32
    /// The most cases that ``EncryptedDNS`` may have before its cells below must grow.
    static let encryptedDNSCapacity = 4
    /// The most cases that ``ExemptionReason`` may have before its cells below must grow.
    static let exemptionCapacity = 4
    /// The most cases that ``CountedResponse`` may have before its cells below must grow.
    static let responseCapacity = 8
    /// The cells for each case of ``CountedResponse``: the most cases that ``ResponseResult`` may have.
    static let responseResultCapacity = 4

    /// Where the cells lie: those that tell how the worker does side by side, those of the lists behind all others.
    enum Cell {
        static let packets = 0
        static let receiveOverruns = 2
        static let unseen = 3
        static let unfinishedChecksums = 4
        static let flows = 5
        static let flowMemory = 6
        static let fragmentMemory = 7
        static let flowEvictions = 8
        static let responseBytes = 9
        static let receiveBuffer = 10
        static let flowCapacity = 11
        static let flowMemoryLimit = 12
        static let fragmentMemoryLimit = 13
        static let verdictNanoseconds = 14
        static let verdictBuckets = 15
        static let names = 37
        static let undecided = 45
        static let anomalies = 61
        static let encryptedDNSFlows = 93
        static let responses = 97
        static let displacedAttempts = 129
        static let anyEvents = 130
        static let anyAttempts = 194
        /// The first slot's cells: ``slotStride`` for each slot.
        static let slots = 258
        /// Within a slot.
        static let matches = 0
        static let testMatches = 8
        static let exemptions = 16
        static let events = 20
        static let attempts = 28
        static let testEvents = 36
        static let slotStride = 44
        /// All cells of a block.
        static let count = 3074

        /// The cell of a slot's matches of a protocol.
        @inline(__always)
        static func matches(_ slot: Int, _ inspected: InspectedProtocol) -> Int {
            slots &+ slot &* slotStride &+ matches &+ Int(inspected.rawValue)
        }

        /// The cell of a slot's matches of test names of a protocol.
        @inline(__always)
        static func testMatches(_ slot: Int, _ inspected: InspectedProtocol) -> Int {
            slots &+ slot &* slotStride &+ testMatches &+ Int(inspected.rawValue)
        }

        /// The cell of a slot's names that were left alone for a reason.
        @inline(__always)
        static func exemptions(_ slot: Int, _ reason: ExemptionReason) -> Int {
            slots &+ slot &* slotStride &+ exemptions &+ Int(reason.rawValue)
        }

        /// The cell of a mechanism in one of a slot's groups: ``events``, ``attempts`` or ``testEvents``.
        @inline(__always)
        static func slot(_ slot: Int, _ group: Int, _ mechanism: Mechanism) -> Int {
            slots &+ slot &* slotStride &+ group &+ Int(mechanism.rawValue)
        }

        /// The cell of a mechanism and an action in ``anyEvents`` or ``anyAttempts``.
        @inline(__always)
        static func any(_ group: Int, _ mechanism: Mechanism, _ action: CountedAction) -> Int {
            group &+ Int(action.rawValue) &* mechanismCapacity &+ Int(mechanism.rawValue)
        }

        /// The cell of a response and a result.
        @inline(__always)
        static func responses(_ kind: CountedResponse, _ result: ResponseResult) -> Int {
            responses &+ Int(kind.rawValue) &* responseResultCapacity &+ Int(result.rawValue)
        }
    }

    /// The netfilter queue, 0 to 65535, whose worker writes this block.
    package let queue: UInt16

    private let paddingBefore: InlineArray<16, UInt64>
    private let cells: InlineArray<3074, Atomic<UInt64>>
    private let paddingAfter: InlineArray<16, UInt64>

    /// Makes a block with every cell at zero.
    ///
    /// - Parameter queue: the netfilter queue of the worker that will write it.
    package init(queue: UInt16) {
        self.queue = queue
        paddingBefore = .init(repeating: 0)
        cells = .init { _ in Atomic(0) }
        paddingAfter = .init(repeating: 0)
    }

    // MARK: - Written by the block's own worker

    /// Counts one packet by the verdict that the kernel was given for it.
    package func countPacket(_ verdict: CountedVerdict) {
        add(1, to: Cell.packets &+ Int(verdict.rawValue))
    }

    /// Counts one name that was read, whether or not a list holds it.
    package func countName(_ inspected: InspectedProtocol) {
        add(1, to: Cell.names &+ Int(inspected.rawValue))
    }

    /// Counts one name that a list matched.
    ///
    /// - Parameters:
    ///   - slot: what ``ListSlots/slot(id:action:)`` gave for the list and its action; any other number is ignored.
    ///   - inspected: where the name was read.
    package func countMatch(slot: Int, _ inspected: InspectedProtocol) {
        guard slot >= 0, slot < Self.slotCapacity else { return }
        add(1, to: Cell.matches(slot, inspected))
    }

    /// Counts one name that a list holds to try the blocking with.
    ///
    /// - Parameters:
    ///   - slot: as for ``countMatch(slot:_:)``.
    ///   - inspected: where the name was read.
    package func countTestMatch(slot: Int, _ inspected: InspectedProtocol) {
        guard slot >= 0, slot < Self.slotCapacity else { return }
        add(1, to: Cell.testMatches(slot, inspected))
    }

    /// Counts one name that a list holds and that was left alone all the same.
    ///
    /// - Parameters:
    ///   - slot: as for ``countMatch(slot:_:)``.
    ///   - reason: why it was left alone.
    package func countExemption(slot: Int, _ reason: ExemptionReason) {
        guard slot >= 0, slot < Self.slotCapacity else { return }
        add(1, to: Cell.exemptions(slot, reason))
    }

    /// Counts one packet in which a list matched a name, and the attempt that it began, if it did.
    ///
    /// - Parameters:
    ///   - slot: as for ``countMatch(slot:_:)``.
    ///   - mechanism: how the packet carried the name.
    ///   - beginsAttempt: whether no earlier packet had the same entry of the list within the window.
    package func countEvent(slot: Int, _ mechanism: Mechanism, beginsAttempt: Bool) {
        guard slot >= 0, slot < Self.slotCapacity else { return }
        add(1, to: Cell.slot(slot, Cell.events, mechanism))
        if beginsAttempt { add(1, to: Cell.slot(slot, Cell.attempts, mechanism)) }
    }

    /// Counts one packet in which any list matched a name, and the attempt that it began, if it did.
    ///
    /// - Parameters:
    ///   - mechanism: how the packet carried the name.
    ///   - action: what the deciding list asks for.
    ///   - beginsAttempt: whether no earlier packet had the same entry of any list within the window.
    package func countAnyEvent(_ mechanism: Mechanism, _ action: CountedAction, beginsAttempt: Bool) {
        add(1, to: Cell.any(Cell.anyEvents, mechanism, action))
        if beginsAttempt { add(1, to: Cell.any(Cell.anyAttempts, mechanism, action)) }
    }

    /// Counts one packet that carried a name which a list holds to try the blocking with.
    ///
    /// - Parameters:
    ///   - slot: as for ``countMatch(slot:_:)``.
    ///   - mechanism: how the packet carried the name.
    package func countTestEvent(slot: Int, _ mechanism: Mechanism) {
        guard slot >= 0, slot < Self.slotCapacity else { return }
        add(1, to: Cell.slot(slot, Cell.testEvents, mechanism))
    }

    /// Counts one attempt that was forgotten within its window because there was no room for another one.
    package func countDisplacedAttempt() {
        add(1, to: Cell.displacedAttempts)
    }

    /// Counts one packet or message that was accepted without being judged.
    package func countUndecided(_ cause: UndecidedCause) {
        add(1, to: Cell.undecided &+ Int(cause.rawValue))
    }

    /// Counts the odd forms that one packet showed, each once.
    package func countAnomalies(_ set: AnomalySet) {
        var bits = set.bits
        while bits != 0 {
            add(1, to: Cell.anomalies &+ bits.trailingZeroBitCount)
            bits &= bits &- 1
        }
    }

    /// Counts one flow of encrypted DNS, at the packet that showed it.
    package func countEncryptedDNSFlow(_ kind: EncryptedDNS) {
        add(1, to: Cell.encryptedDNSFlows &+ Int(kind.rawValue))
    }

    /// Counts one packet that was sent in place of a dropped one, or could not be.
    ///
    /// - Parameters:
    ///   - kind: what it was to say.
    ///   - result: what became of it.
    ///   - bytes: the octets that were sent.
    package func countResponse(_ kind: CountedResponse, _ result: ResponseResult, bytes: Int) {
        add(1, to: Cell.responses(kind, result))
        add(UInt64(max(bytes, 0)), to: Cell.responseBytes)
    }

    /// Counts the time from the receipt of a batch to the answer for it, once for each of its packets.
    ///
    /// - Parameters:
    ///   - nanoseconds: how long each packet of the batch waited in the worker.
    ///   - packets: how many packets were answered together; none are counted when it is not positive.
    package func observeVerdict(nanoseconds: UInt64, packets: Int) {
        let count = UInt64(max(packets, 0))
        add(count, to: Cell.verdictBuckets &+ VerdictBuckets.index(nanoseconds: nanoseconds))
        add(nanoseconds &* count, to: Cell.verdictNanoseconds)
    }

    /// Counts one receive that the kernel refused with ENOBUFS because the socket's buffer had overrun.
    package func countReceiveOverrun() {
        add(1, to: Cell.receiveOverruns)
    }

    /// Counts packets of the queue that never reached the worker: there was no room, and the kernel let them pass or dropped them.
    package func countUnseen(_ packets: UInt64) {
        add(packets, to: Cell.unseen)
    }

    /// Counts one packet whose checksum the kernel had left for the network card to finish.
    package func countUnfinishedChecksum() {
        add(1, to: Cell.unfinishedChecksums)
    }

    /// Says how many flows the worker remembers at present; a negative number counts as none, as in all that follow.
    package func setFlows(_ count: Int) {
        set(Cell.flows, count)
    }

    /// Says how many bytes of unfinished messages the worker's flows hold.
    package func setFlowMemory(bytes: Int) {
        set(Cell.flowMemory, bytes)
    }

    /// Says how many bytes of fragments of unfinished packets the worker holds.
    package func setFragmentMemory(bytes: Int) {
        set(Cell.fragmentMemory, bytes)
    }

    /// Says how many flows the worker has forgotten since its start because there was no room for another one.
    package func setFlowEvictions(_ count: Int) {
        set(Cell.flowEvictions, count)
    }

    /// Says how much the worker has room for: flows, bytes of unfinished messages, and bytes of fragments.
    package func setLimits(flows: Int, flowMemory: Int, fragmentMemory: Int) {
        set(Cell.flowCapacity, flows)
        set(Cell.flowMemoryLimit, flowMemory)
        set(Cell.fragmentMemoryLimit, fragmentMemory)
    }

    /// Says how large a receive buffer the kernel granted the queue's socket.
    package func setReceiveBuffer(bytes: Int) {
        set(Cell.receiveBuffer, bytes)
    }

    /// Adds without a locked instruction, which is correct because a cell has one writer.
    @inline(__always)
    private func add(_ amount: UInt64, to cell: Int) {
        cells[cell].store(cells[cell].load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    @inline(__always)
    private func set(_ cell: Int, _ value: Int) {
        cells[cell].store(UInt64(max(value, 0)), ordering: .relaxed)
    }

    // MARK: - Read by anybody

    /// The present values of the cells, for the exposition and for the status report.
    ///
    /// - Parameter slots: how many slots the registry has given out; the cells of the others are not touched, and read as zero.
    /// - Returns: the values, each whole.
    package func read(slots: Int = slotCapacity) -> CounterReading {
        let end = Cell.slots + min(max(slots, 0), Self.slotCapacity) * Cell.slotStride
        var reading = CounterReading(queue: queue)
        // Upwards and once: what has been left is not asked of the worker again.
        for cell in 0..<end { reading.cells[cell] = cells[cell].load(ordering: .relaxed) }
        return reading
    }

    /// The few numbers that tell whether the worker keeps up, without a look at all the others.
    package var vitalSigns: VitalSigns {
        var signs = VitalSigns(queue: queue)
        for verdict in CountedVerdict.allCases {
            signs.judged &+= cells[Cell.packets &+ Int(verdict.rawValue)].load(ordering: .relaxed)
        }
        signs.unseen = cells[Cell.unseen].load(ordering: .relaxed)
        for kind in CountedResponse.allCases {
            signs.failedResponses &+= cells[Cell.responses(kind, .failed)].load(ordering: .relaxed)
        }
        return signs
    }
}

/// What one or more blocks of counters held when they were read; all numbers since the start of the process.
package struct CounterReading: Sendable, Equatable {
    /// The queue that the numbers belong to.
    package let queue: UInt16

    /// As in the block; see ``Counters/Cell``.
    fileprivate var cells = [UInt64](repeating: 0, count: Counters.Cell.count)

    init(queue: UInt16) {
        self.queue = queue
    }

    /// Packets that were given this verdict.
    package func packets(_ verdict: CountedVerdict) -> UInt64 {
        cells[Counters.Cell.packets + Int(verdict.rawValue)]
    }

    /// Names read from this protocol.
    package func names(_ inspected: InspectedProtocol) -> UInt64 {
        cells[Counters.Cell.names + Int(inspected.rawValue)]
    }

    /// Packets or messages accepted unjudged for this cause.
    package func undecided(_ cause: UndecidedCause) -> UInt64 {
        cells[Counters.Cell.undecided + Int(cause.rawValue)]
    }

    /// Packets that showed this odd form.
    package func anomalies(_ anomaly: Anomaly) -> UInt64 {
        cells[Counters.Cell.anomalies + Int(anomaly.rawValue)]
    }

    /// Flows of this form of encrypted DNS.
    package func encryptedDNSFlows(_ kind: EncryptedDNS) -> UInt64 {
        cells[Counters.Cell.encryptedDNSFlows + Int(kind.rawValue)]
    }

    /// Names of this protocol that the slot's list matched; zero for a slot outside the registry's range.
    package func matches(slot: Int, _ inspected: InspectedProtocol) -> UInt64 {
        guard slot >= 0, slot < Counters.slotCapacity else { return 0 }
        return cells[Counters.Cell.matches(slot, inspected)]
    }

    /// Test names of this protocol that the slot's list matched; zero for a slot outside the registry's range.
    package func testMatches(slot: Int, _ inspected: InspectedProtocol) -> UInt64 {
        guard slot >= 0, slot < Counters.slotCapacity else { return 0 }
        return cells[Counters.Cell.testMatches(slot, inspected)]
    }

    /// Names that the slot's list holds and that were left alone for this reason; zero for a slot outside the registry's range.
    package func exemptions(slot: Int, _ reason: ExemptionReason) -> UInt64 {
        guard slot >= 0, slot < Counters.slotCapacity else { return 0 }
        return cells[Counters.Cell.exemptions(slot, reason)]
    }

    /// Packets in which the slot's list matched a name that they carried so; zero for a slot outside the registry's range.
    package func events(slot: Int, _ mechanism: Mechanism) -> UInt64 {
        value(slot, Counters.Cell.events, mechanism)
    }

    /// Attempts that began with such a packet: those of one entry within the window are one.
    package func attempts(slot: Int, _ mechanism: Mechanism) -> UInt64 {
        value(slot, Counters.Cell.attempts, mechanism)
    }

    /// Packets with a test name of the slot's list that they carried so; no part of ``events(slot:_:)``.
    package func testEvents(slot: Int, _ mechanism: Mechanism) -> UInt64 {
        value(slot, Counters.Cell.testEvents, mechanism)
    }

    private func value(_ slot: Int, _ group: Int, _ mechanism: Mechanism) -> UInt64 {
        guard slot >= 0, slot < Counters.slotCapacity else { return 0 }
        return cells[Counters.Cell.slot(slot, group, mechanism)]
    }

    /// Packets in which any list matched a name that they carried so, each once, by what the deciding list asks for.
    package func anyEvents(_ mechanism: Mechanism, _ action: CountedAction) -> UInt64 {
        cells[Counters.Cell.any(Counters.Cell.anyEvents, mechanism, action)]
    }

    /// Attempts on any list that began with such a packet: a name on two lists is one.
    package func anyAttempts(_ mechanism: Mechanism, _ action: CountedAction) -> UInt64 {
        cells[Counters.Cell.any(Counters.Cell.anyAttempts, mechanism, action)]
    }

    /// Attempts that were forgotten within their window because there was no room for another one.
    package var displacedAttempts: UInt64 { cells[Counters.Cell.displacedAttempts] }

    /// Packets of this kind that were to be sent and of which this became.
    package func responses(_ kind: CountedResponse, _ result: ResponseResult) -> UInt64 {
        cells[Counters.Cell.responses(kind, result)]
    }

    /// Octets of packets that were sent in place of dropped ones.
    package var responseBytes: UInt64 { cells[Counters.Cell.responseBytes] }

    /// Observations per bucket, not summed up over the smaller buckets; the last has no upper bound.
    package var verdictBuckets: ArraySlice<UInt64> {
        cells[Counters.Cell.verdictBuckets...].prefix(VerdictBuckets.count)
    }

    /// The sum of all observed verdict times, in nanoseconds.
    package var verdictNanoseconds: UInt64 { cells[Counters.Cell.verdictNanoseconds] }

    /// How many verdict times were observed.
    package var verdictCount: UInt64 { verdictBuckets.reduce(0, &+) }

    /// Receives refused with ENOBUFS.
    package var receiveOverruns: UInt64 { cells[Counters.Cell.receiveOverruns] }

    /// Packets of the queue that never reached the worker.
    package var unseen: UInt64 { cells[Counters.Cell.unseen] }

    /// Packets whose checksum was left for the network card.
    package var unfinishedChecksums: UInt64 { cells[Counters.Cell.unfinishedChecksums] }

    /// Flows remembered at present.
    package var flows: UInt64 { cells[Counters.Cell.flows] }

    /// Flows that there is room for.
    package var flowCapacity: UInt64 { cells[Counters.Cell.flowCapacity] }

    /// Flows forgotten because there was no room for another one.
    package var flowEvictions: UInt64 { cells[Counters.Cell.flowEvictions] }

    /// Bytes of unfinished messages held at present.
    package var flowMemoryBytes: UInt64 { cells[Counters.Cell.flowMemory] }

    /// Bytes of unfinished messages that there is room for.
    package var flowMemoryLimitBytes: UInt64 { cells[Counters.Cell.flowMemoryLimit] }

    /// Bytes of fragments of unfinished packets held at present.
    package var fragmentMemoryBytes: UInt64 { cells[Counters.Cell.fragmentMemory] }

    /// Bytes of fragments that there is room for.
    package var fragmentMemoryLimitBytes: UInt64 { cells[Counters.Cell.fragmentMemoryLimit] }

    /// The size of the socket's receive buffer, in bytes.
    package var receiveBufferBytes: UInt64 { cells[Counters.Cell.receiveBuffer] }

    /// Adds another reading's numbers to these; the queue stays.
    package mutating func add(_ other: CounterReading) {
        for cell in cells.indices { cells[cell] &+= other.cells[cell] }
    }

    /// Reads the blocks and gives one reading per queue, by rising queue number.
    ///
    /// - Parameters:
    ///   - blocks: the workers' counters.
    ///   - slots: as for ``Counters/read(slots:)``.
    /// - Returns: one reading for each queue.
    package static func perQueue(_ blocks: [Counters], slots: Int = Counters.slotCapacity) -> [CounterReading] {
        var readings: [UInt16: CounterReading] = [:]
        for block in blocks {
            readings[block.queue, default: CounterReading(queue: block.queue)].add(block.read(slots: slots))
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
