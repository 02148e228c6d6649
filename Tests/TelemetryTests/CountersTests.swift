import Glibc
import Synchronization
import Testing

@testable import Telemetry

/// Tells the reading task that the writing one has ended.
private final class End: Sendable {
    let isReached = Atomic(false)
}

@Suite("Counters")
struct CountersTests {
    @Test func `each count lands in its own cell`() {
        let counters = Counters(queue: 7)
        counters.countPacket(.accept)
        counters.countPacket(.accept)
        counters.countPacket(.drop)
        for (times, inspected) in InspectedProtocol.allCases.enumerated() {
            for _ in 0...times { counters.countName(inspected) }
        }
        for (times, cause) in UndecidedCause.allCases.enumerated() {
            for _ in 0...times { counters.countUndecided(cause) }
        }
        for anomaly in Anomaly.allCases {
            // Together with the first one, which is so counted once more with each.
            var set = AnomalySet()
            set.insert(.recordSplit)
            set.insert(anomaly)
            for _ in 0...anomaly.rawValue { counters.countAnomalies(set) }
        }
        counters.countAnomalies(AnomalySet())
        for (times, kind) in EncryptedDNS.allCases.enumerated() {
            for _ in 0...times { counters.countEncryptedDNSFlow(kind) }
        }
        counters.countReceiveOverrun()
        counters.countUnseen(7)
        counters.countUnfinishedChecksum()
        counters.countUnfinishedChecksum()
        counters.setFlows(5)
        counters.setFlows(3)
        counters.setFlowMemory(bytes: 4096)
        counters.setFragmentMemory(bytes: 512)
        counters.setFlowEvictions(6)
        counters.setLimits(flows: 10, flowMemory: 11, fragmentMemory: 12)
        counters.setReceiveBuffer(bytes: -1)

        let reading = counters.read()
        #expect(reading.queue == 7)
        #expect(reading.packets(.accept) == 2)
        #expect(reading.packets(.drop) == 1)
        #expect(InspectedProtocol.allCases.map(reading.names) == [1, 2, 3, 4])
        #expect(
            UndecidedCause.allCases.map(reading.undecided) == (1...UInt64(UndecidedCause.allCases.count)).map { $0 }
        )
        let rising = (1...UInt64(Anomaly.allCases.count)).map { $0 }
        #expect(Anomaly.allCases.map(reading.anomalies) == [rising.reduce(0, +)] + rising.dropFirst())
        #expect(EncryptedDNS.allCases.map(reading.encryptedDNSFlows) == [1, 2, 3])
        #expect(reading.receiveOverruns == 1)
        #expect(reading.unseen == 7)
        #expect(reading.unfinishedChecksums == 2)
        #expect(reading.flows == 3)
        #expect(reading.flowMemoryBytes == 4096)
        #expect(reading.fragmentMemoryBytes == 512)
        #expect(reading.flowEvictions == 6)
        #expect(reading.flowCapacity == 10)
        #expect(reading.flowMemoryLimitBytes == 11)
        #expect(reading.fragmentMemoryLimitBytes == 12)
        #expect(reading.receiveBufferBytes == 0)
    }

    @Test func `every slot and protocol has a cell of its own`() {
        let counters = Counters(queue: 0)
        for slot in 0..<Counters.slotCapacity {
            for inspected in InspectedProtocol.allCases {
                for _ in 0...(slot + Int(inspected.rawValue)) { counters.countMatch(slot: slot, inspected) }
                for _ in 0..<(slot + Int(inspected.rawValue)) { counters.countTestMatch(slot: slot, inspected) }
            }
            for reason in ExemptionReason.allCases {
                for _ in 0..<(slot + 2 * Int(reason.rawValue)) { counters.countExemption(slot: slot, reason) }
            }
        }
        let reading = counters.read()
        for slot in 0..<Counters.slotCapacity {
            for inspected in InspectedProtocol.allCases {
                #expect(reading.matches(slot: slot, inspected) == UInt64(slot) + UInt64(inspected.rawValue) + 1)
                #expect(reading.testMatches(slot: slot, inspected) == UInt64(slot) + UInt64(inspected.rawValue))
            }
            for reason in ExemptionReason.allCases {
                #expect(reading.exemptions(slot: slot, reason) == UInt64(slot) + 2 * UInt64(reason.rawValue))
            }
        }
    }

    @Test func `every slot, mechanism and action has a cell of its own`() {
        let counters = Counters(queue: 0)
        for slot in 0..<Counters.slotCapacity {
            for mechanism in Mechanism.allCases {
                let number = slot + Int(mechanism.rawValue)
                for count in 0..<2 * number {
                    counters.countEvent(slot: slot, mechanism, beginsAttempt: count < number)
                }
                for _ in 0..<number + 3 { counters.countTestEvent(slot: slot, mechanism) }
            }
        }
        for action in CountedAction.allCases {
            for mechanism in Mechanism.allCases {
                let number = 10 * Int(action.rawValue) + Int(mechanism.rawValue)
                for count in 0..<2 * number {
                    counters.countAnyEvent(mechanism, action, beginsAttempt: count < number)
                }
            }
        }
        for _ in 0..<5 { counters.countDisplacedAttempt() }
        let reading = counters.read()
        for slot in 0..<Counters.slotCapacity {
            for mechanism in Mechanism.allCases {
                let number = UInt64(slot) + UInt64(mechanism.rawValue)
                #expect(reading.events(slot: slot, mechanism) == 2 * number)
                #expect(reading.attempts(slot: slot, mechanism) == number)
                #expect(reading.testEvents(slot: slot, mechanism) == number + 3)
            }
        }
        for action in CountedAction.allCases {
            for mechanism in Mechanism.allCases {
                let number = 10 * UInt64(action.rawValue) + UInt64(mechanism.rawValue)
                #expect(reading.anyEvents(mechanism, action) == 2 * number)
                #expect(reading.anyAttempts(mechanism, action) == number)
            }
        }
        #expect(reading.displacedAttempts == 5)
        #expect(reading.anyEvents == 2 * reading.anyAttempts && reading.anyAttempts == 6 * 210 + 7 * 15)
        #expect(InspectedProtocol.allCases.allSatisfy { reading.matches(slot: 63, $0) == 0 })
    }

    @Test func `sums over slots leave the others out`() {
        let counters = Counters(queue: 0)
        let slots = ListSlots()
        for action in ["drop", "observe"] { _ = slots.slot(id: "police", action: action) }
        _ = slots.slot(id: "watch", action: "nxdomain")
        for slot in 0..<3 {
            for _ in 0...slot { counters.countEvent(slot: slot, .quicV2, beginsAttempt: true) }
            counters.countEvent(slot: slot, .dnsTCP, beginsAttempt: false)
            counters.countTestEvent(slot: slot, .dnsTCP)
        }
        let own = slots.all.filter { $0.id == "police" }
        let reading = counters.read(slots: 3)
        #expect(reading.events(own) == 5 && reading.attempts(own) == 3)
        #expect(reading.testEvents(own, .dnsTCP) == 2 && reading.testEvents(own, .dnsUDP) == 0)
        #expect(own.actions == [.observe, .drop] && slots.all.actions == [.observe, .drop, .nxdomain])
    }

    @Test(arguments: [-1, Counters.slotCapacity, Int.max, Int.min])
    func `a slot outside the registry counts nothing and traps nothing`(slot: Int) {
        let counters = Counters(queue: 0)
        counters.countMatch(slot: slot, .http)
        counters.countTestMatch(slot: slot, .http)
        counters.countExemption(slot: slot, .protected)
        counters.countEvent(slot: slot, .httpHost, beginsAttempt: true)
        counters.countTestEvent(slot: slot, .httpHost)
        #expect(counters.read() == Counters(queue: 0).read())
        #expect(counters.read().events(slot: slot, .httpHost) == 0)
        #expect(counters.read().attempts(slot: slot, .httpHost) == 0)
        #expect(counters.read().testEvents(slot: slot, .httpHost) == 0)
        #expect(counters.read().matches(slot: slot, .http) == 0)
        #expect(counters.read().testMatches(slot: slot, .http) == 0)
        #expect(counters.read().exemptions(slot: slot, .protected) == 0)
    }

    @Test func `every label's value has room in its block`() {
        #expect(InspectedProtocol.allCases.count <= Counters.protocolCapacity)
        #expect(Mechanism.allCases.count <= Counters.mechanismCapacity)
        #expect(CountedAction.allCases.count <= Counters.actionCapacity)
        #expect(UndecidedCause.allCases.count <= Counters.causeCapacity)
        #expect(Anomaly.allCases.count <= Counters.anomalyCapacity)
        #expect(EncryptedDNS.allCases.count <= Counters.encryptedDNSCapacity)
        #expect(ExemptionReason.allCases.count <= Counters.exemptionCapacity)
        #expect(CountedResponse.allCases.count <= Counters.responseCapacity)
        #expect(ResponseResult.allCases.count <= Counters.responseResultCapacity)
    }

    @Test func `groups of cells follow each other without a gap, so that one pass upwards reads each line once`() {
        typealias Cell = Counters.Cell
        let groups = [
            (Cell.packets, CountedVerdict.allCases.count), (Cell.receiveOverruns, 1), (Cell.unseen, 1),
            (Cell.unfinishedChecksums, 1), (Cell.flows, 1), (Cell.flowMemory, 1), (Cell.fragmentMemory, 1),
            (Cell.flowEvictions, 1), (Cell.responseBytes, 1), (Cell.receiveBuffer, 1), (Cell.flowCapacity, 1),
            (Cell.flowMemoryLimit, 1), (Cell.fragmentMemoryLimit, 1), (Cell.verdictNanoseconds, 1),
            (Cell.verdictBuckets, VerdictBuckets.count), (Cell.names, Counters.protocolCapacity),
            (Cell.undecided, Counters.causeCapacity), (Cell.anomalies, Counters.anomalyCapacity),
            (Cell.encryptedDNSFlows, Counters.encryptedDNSCapacity),
            (Cell.responses, Counters.responseCapacity * Counters.responseResultCapacity),
            (Cell.displacedAttempts, 1), (Cell.anyEvents, Counters.mechanismCapacity * Counters.actionCapacity),
            (Cell.anyAttempts, Counters.mechanismCapacity * Counters.actionCapacity),
            (Cell.slots, Counters.slotCapacity * Cell.slotStride),
        ]
        let groupsOfSlot = [
            (Cell.matches, Counters.protocolCapacity), (Cell.testMatches, Counters.protocolCapacity),
            (Cell.exemptions, Counters.exemptionCapacity), (Cell.events, Counters.mechanismCapacity),
            (Cell.attempts, Counters.mechanismCapacity), (Cell.testEvents, Counters.mechanismCapacity),
        ]
        var end = 0
        for (start, count) in groups {
            #expect(start == end)
            end = start + count
        }
        #expect(end == Cell.count)
        end = 0
        for (start, count) in groupsOfSlot {
            #expect(start == end)
            end = start + count
        }
        #expect(end == Cell.slotStride)
    }

    @Test func `only the slots that were given out are read`() {
        let counters = Counters(queue: 0)
        for slot in 0..<3 {
            counters.countMatch(slot: slot, .http)
            counters.countExemption(slot: slot, .protected)
            counters.countTestEvent(slot: slot, .httpHost)
        }
        counters.countResponse(.unreachable, .unanswerable, bytes: 0)
        for (slots, seen) in [(0, 0), (2, 2), (3, 3), (64, 3), (-1, 0), (1_000, 3)] {
            let reading = counters.read(slots: slots)
            #expect((0..<64).reduce(0) { $0 + reading.matches(slot: $1, .http) } == UInt64(seen), "\(slots)")
            #expect((0..<64).reduce(0) { $0 + reading.exemptions(slot: $1, .protected) } == UInt64(seen), "\(slots)")
            #expect((0..<64).reduce(0) { $0 + reading.testEvents(slot: $1, .httpHost) } == UInt64(seen), "\(slots)")
            #expect(reading.responses(.unreachable, .unanswerable) == 1)
        }
    }

    /// A packet in fragments.
    private static var fragments: AnomalySet {
        var set = AnomalySet()
        set.insert(.fragmented)
        return set
    }

    @Test func `readings add up per queue and in total`() {
        let blocks = [Counters(queue: 2), Counters(queue: 1), Counters(queue: 2)]
        for (index, block) in blocks.enumerated() {
            for _ in 0...index { block.countPacket(.drop) }
            for _ in 0...index { block.countAnomalies(Self.fragments) }
            for _ in 0...index { block.countEncryptedDNSFlow(.doh) }
            for _ in 0...index { block.countTestMatch(slot: 63, .http) }
            for _ in 0...index { block.countExemption(slot: 63, .protected) }
            for _ in 0...index { block.countEvent(slot: 63, .httpHost, beginsAttempt: true) }
            for _ in 0...index { block.countAnyEvent(.httpHost, .sinkhole, beginsAttempt: true) }
        }
        let readings = CounterReading.perQueue(blocks)
        #expect(readings.map(\.queue) == [1, 2])
        #expect(readings.map { $0.packets(.drop) } == [2, 4])
        #expect(CounterReading.total(readings).packets(.drop) == 6)
        #expect(CounterReading.total(readings).anomalies(.fragmented) == 6)
        #expect(CounterReading.total(readings).encryptedDNSFlows(.doh) == 6)
        #expect(CounterReading.total(readings).testMatches(slot: 63, .http) == 6)
        #expect(CounterReading.total(readings).exemptions(slot: 63, .protected) == 6)
        #expect(CounterReading.total(readings).attempts(slot: 63, .httpHost) == 6)
        #expect(CounterReading.total(readings).anyAttempts(.httpHost, .sinkhole) == 6)
    }

    @Test func `a reader beside the writer sees numbers that only rise and misses none`() async {
        let counters = Counters(queue: 0)
        let end = End()
        let rounds: UInt64 = 200_000
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                for _ in 0..<rounds {
                    counters.countPacket(.accept)
                    counters.countMatch(slot: 63, .quic)
                    counters.observeVerdict(nanoseconds: 1500, packets: 2)
                }
                end.isReached.store(true, ordering: .releasing)
            }
            tasks.addTask {
                var before: UInt64 = 0
                var hasRisen = true
                while !end.isReached.load(ordering: .acquiring) {
                    let now = counters.read().packets(.accept)
                    hasRisen = hasRisen && now >= before && now <= rounds
                    before = now
                    await Task.yield()
                }
                #expect(hasRisen)
            }
        }
        let reading = counters.read()
        #expect(reading.packets(.accept) == rounds)
        #expect(reading.matches(slot: 63, .quic) == rounds)
        #expect(reading.verdictCount == 2 * rounds)
        #expect(reading.verdictNanoseconds == 2 * 1500 * rounds)
    }

    private struct NoSuchFunction: Error {}

    /// The octets of a block, word by word.
    private static func words(of counters: Counters) throws -> [UInt64] {
        let address = unsafe Unmanaged.passUnretained(counters).toOpaque()
        guard let symbol = unsafe dlsym(nil, "malloc_usable_size") else { throw NoSuchFunction() }
        typealias Measure = @convention(c) (OpaquePointer) -> Int
        // SAFETY: the C library's function of that name takes what the allocator gave and returns its size, all of which may be read.
        let size = unsafe unsafeBitCast(symbol, to: Measure.self)(OpaquePointer(address))
        return unsafe Array(UnsafeRawBufferPointer(start: address, count: size).bindMemory(to: UInt64.self))
    }

    private static func set(of anomaly: Anomaly) -> AnomalySet {
        var set = AnomalySet()
        set.insert(anomaly)
        return set
    }

    @Test func `what a worker writes shares no cache line with anything outside its block`() throws {
        let counters = Counters(queue: 7)
        let before = try Self.words(of: counters)
        for verdict in CountedVerdict.allCases { counters.countPacket(verdict) }
        for inspected in InspectedProtocol.allCases {
            counters.countName(inspected)
            for slot in [0, Counters.slotCapacity - 1] {
                counters.countMatch(slot: slot, inspected)
                counters.countTestMatch(slot: slot, inspected)
            }
        }
        for mechanism in Mechanism.allCases {
            for slot in [0, Counters.slotCapacity - 1] {
                counters.countEvent(slot: slot, mechanism, beginsAttempt: true)
                counters.countTestEvent(slot: slot, mechanism)
            }
            for action in CountedAction.allCases { counters.countAnyEvent(mechanism, action, beginsAttempt: true) }
        }
        counters.countDisplacedAttempt()
        for reason in ExemptionReason.allCases {
            for slot in [0, Counters.slotCapacity - 1] { counters.countExemption(slot: slot, reason) }
        }
        for cause in UndecidedCause.allCases { counters.countUndecided(cause) }
        for anomaly in Anomaly.allCases { counters.countAnomalies(Self.set(of: anomaly)) }
        for kind in EncryptedDNS.allCases { counters.countEncryptedDNSFlow(kind) }
        for kind in CountedResponse.allCases {
            for result in ResponseResult.allCases { counters.countResponse(kind, result, bytes: 100) }
        }
        for shift in 0..<40 { counters.observeVerdict(nanoseconds: 1 << UInt64(shift), packets: 1) }
        counters.countReceiveOverrun()
        counters.countUnseen(1)
        counters.countUnfinishedChecksum()
        counters.setFlows(1)
        counters.setFlowMemory(bytes: 1)
        counters.setReceiveBuffer(bytes: 1)

        let after = try Self.words(of: counters)
        let written = after.indices.filter { after[$0] != before[$0] }
        #expect(written.count > 100)
        // Two lines of 64 octets: processors fetch them in pairs.
        #expect((written.first ?? 0) * 8 >= 128)
        #expect((after.count - 1 - (written.last ?? after.count)) * 8 >= 128)
    }
}

@Suite("Verdict time buckets")
struct VerdictBucketsTests {
    @Test func `the buckets run from one microsecond to one second in rising order`() throws {
        let bounds = (0..<VerdictBuckets.count).map { VerdictBuckets.upperBound($0) }
        #expect(bounds.first == 1000)
        #expect(bounds.last == .some(nil))
        let finite = bounds.compactMap { $0 }
        #expect(finite.count == VerdictBuckets.count - 1)
        #expect(zip(finite, finite.dropFirst()).allSatisfy { $0 < $1 })
        #expect(try #require(finite.last) >= 1_000_000_000)
    }

    @Test func `a time falls into the first bucket whose bound is not below it`() {
        var times: [UInt64] = [0, 1, 999, 1_000_000_000, 60_000_000_000, .max]
        for index in 0..<VerdictBuckets.count {
            guard let bound = VerdictBuckets.upperBound(index) else { continue }
            times += [bound - 1, bound, bound + 1]
        }
        var random = SystemRandomNumberGenerator()
        times += (0..<10_000).map { _ in .random(in: 0...2_000_000_000, using: &random) }
        for time in times {
            let expected = (0..<VerdictBuckets.count).first { VerdictBuckets.upperBound($0).map { time <= $0 } ?? true }
            #expect(VerdictBuckets.index(nanoseconds: time) == expected, "\(time) ns")
        }
    }

    @Test func `a batch counts once per packet and an empty one not at all`() {
        let counters = Counters(queue: 0)
        counters.observeVerdict(nanoseconds: 3000, packets: 4)
        counters.observeVerdict(nanoseconds: 3000, packets: 0)
        counters.observeVerdict(nanoseconds: 3000, packets: -1)
        let reading = counters.read()
        #expect(reading.verdictBuckets.dropFirst(2).first == 4)
        #expect(reading.verdictCount == 4)
        #expect(reading.verdictNanoseconds == 12_000)
    }
}

@Suite("List slots")
struct ListSlotsTests {
    @Test func `a pair keeps its number and different pairs differ`() {
        let slots = ListSlots()
        #expect(slots.slot(id: "police", action: "drop") == 0)
        #expect(slots.slot(id: "police", action: "reset") == 1)
        #expect(slots.slot(id: "interpol", action: "drop") == 2)
        #expect(slots.slot(id: "police", action: "drop") == 0)
        #expect(slots.all.map(\.id) == ["police", "police", "interpol"])
        #expect(slots.all.map(\.action) == ["drop", "reset", "drop"])
        #expect(slots.all.map(\.index) == [0, 1, 2])
    }

    @Test func `a full registry refuses new pairs and still knows the old ones`() {
        let slots = ListSlots()
        for number in 0..<Counters.slotCapacity { #expect(slots.slot(id: "list-\(number)", action: "drop") == number) }
        #expect(slots.slot(id: "one-more", action: "drop") == nil)
        #expect(slots.slot(id: "list-63", action: "drop") == 63)
        #expect(slots.all.count == Counters.slotCapacity)
    }
}

@Suite("Refused updates")
struct RefusalCountsTests {
    @Test func `an update counts once, and once for each of its causes`() {
        var counts = RefusalCounts(list: "police")
        #expect(counts.updates == 0 && counts.seen.isEmpty)
        for number in 1...ListRefusal.allCases.count {
            counts.countUpdate(Set(ListRefusal.allCases.prefix(number)))
        }
        #expect(counts.updates == 12)
        #expect(counts.seen.map(\.cause) == ListRefusal.allCases)
        #expect(counts.seen.map(\.updates) == (1...12).reversed())
    }

    @Test func `the values of the label are these`() {
        let labels = [
            "empty", "growth", "shrink", "public-suffix", "protected-name", "entry-kind", "purpose", "rejects",
            "signature", "replay", "unreadable", "damaged",
        ]
        #expect(ListRefusal.allCases.map(\.label) == labels)
    }
}
