package import Blocklists

/// What is known of one direction of a TCP flow.
struct HalfFlow: ZeroValid {
    enum State: UInt8 {
        /// Nothing was seen of it that says where its data begin.
        case unseen
        /// `origin` is where its next unread message begins.
        case open
        /// Its data were seen from the middle on; a message's beginning is looked for.
        case searching
        /// Nothing more is read from it.
        case closed
    }

    private var rawState: UInt8

    /// What else is known of it.
    var traits: Traits

    /// Who reads it, and how far into its conversation. Nobody, where nothing more is to be read from it.
    var reading: StreamReading

    /// The same, at the first octet that is kept.
    var firstReading: StreamReading

    /// How often octets that came twice and differed were judged.
    var judgedReadings: UInt16

    /// Segments with data that brought nothing to read: while searching, from outside the window, or after all was read.
    var searchedSegments: UInt8

    /// The sequence number of the octet that counts as offset zero.
    var origin: UInt32

    /// The sequence number of the first octet, where a SYN said it.
    fileprivate var first: UInt32

    /// What the sender had received of the other direction when it last sent data.
    var acknowledgment: UInt32

    /// The assembly that holds its data; zero for none.
    var assembly: UInt32

    /// Facts about a direction.
    struct Traits: OptionSet, ZeroValid {
        let rawValue: UInt8

        /// Data before `origin` are still to come and need not be read.
        static let isSkipping = Traits(rawValue: 1)
        /// `acknowledgment` is known.
        static let hasAcknowledgment = Traits(rawValue: 2)
    }

    /// Whether a message was read from it, or it was found to hold none.
    var isJudged: Bool { reading.hasRead || state == .closed || (state == .open && reading.candidates.isEmpty) }

    var state: State {
        get { State(rawValue: rawState) ?? .closed }
        set { rawState = newValue.rawValue }
    }
}

/// What is known of one flow.
struct Flow: Aged {
    enum State: UInt8 {
        /// The flow's name is not known yet.
        case undecided
        /// The flow is let go for good.
        case accepted
        /// The flow is dropped for good.
        case blocked
        /// The flow is dropped for good, and whoever goes on with it gets a reset.
        case refused
        /// The flow is dropped for good, and its client has got an answer in the server's stead that it may still be reading.
        case answered

        /// Whether nothing of the flow passes any more.
        var isBlocked: Bool {
            switch self {
            case .undecided, .accepted: false
            case .blocked, .refused, .answered: true
            }
        }
    }

    private var rawState: UInt8

    private var clientIsSecond: UInt8
    private var clientIsKnown: UInt8

    // Side by side, so that a packet's direction is an index: an accessor that yields in two places is never inlined.
    private var halves: InlineArray<2, HalfFlow>

    fileprivate var fingerprint1: UInt64
    fileprivate var fingerprint2: UInt64
    fileprivate var lastSeen: UInt64
    fileprivate var nextInBucket: UInt32
    var older: UInt32
    var newer: UInt32

    /// When its state was set, in whole seconds of the inspector's clock.
    fileprivate var decidedAt: UInt32

    fileprivate(set) var state: State {
        get { State(rawValue: rawState) ?? .undecided }
        set { rawState = newValue.rawValue }
    }

    /// Whether the flow is let go for good, as nearly all are that many packets come of.
    @inline(__always)
    var isAccepted: Bool { rawState == State.accepted.rawValue }

    /// Whether a direction is the client's, as far as is known.
    func isClient(_ isSecond: Bool) -> Bool { (clientIsSecond != 0) == isSecond }

    /// Whether a SYN has said which direction is the client's.
    var hasKnownClient: Bool { clientIsKnown != 0 }

    /// Notes which direction is the client's.
    mutating func setClient(_ isSecond: Bool, isKnown: Bool) {
        clientIsSecond = isSecond ? 1 : 0
        clientIsKnown = isKnown ? 1 : 0
    }

    /// Where the data of a direction begin, as far as is known.
    func firstSequence(_ isSecond: Bool) -> UInt32 { self[isSecond].first }

    /// Begins to read a direction at this sequence number.
    mutating func open(_ isSecond: Bool, at origin: UInt32, candidates: DissectorSet) {
        self[isSecond].state = .open
        self[isSecond].origin = origin
        self[isSecond].first = origin
        self[isSecond].reading = StreamReading(candidates)
        self[isSecond].firstReading = StreamReading(candidates)
        self[isSecond].traits = []
    }

    /// Begins to look for the start of a direction in what comes after this sequence number.
    mutating func search(_ isSecond: Bool, from origin: UInt32) {
        self[isSecond].state = .searching
        self[isSecond].origin = origin
    }

    /// The direction of a packet: the second half is the one of packets whose flow key is reversed.
    subscript(isSecond: Bool) -> HalfFlow {
        @inline(__always)
        get { halves[isSecond ? 1 : 0] }
        @inline(__always)
        _modify { yield &halves[isSecond ? 1 : 0] }
    }

    /// The direction of packets whose flow key is not reversed.
    var first: HalfFlow {
        @inline(__always)
        get { halves[0] }
        @inline(__always)
        _modify { yield &halves[0] }
    }

    /// The direction of packets whose flow key is reversed.
    var second: HalfFlow {
        @inline(__always)
        get { halves[1] }
        @inline(__always)
        _modify { yield &halves[1] }
    }
}

/// A bounded table of flows, found by a keyed fingerprint of their endpoints; no address is kept.
///
/// Index zero is no flow. When the table is full, inserting evicts the flow that has been silent longest, blocked flows last of all.
package struct FlowTable: ~Copyable, Sendable {
    private var flows: FlatArray<Flow>
    private var buckets: FlatArray<UInt32>
    private let bucketMask: UInt64
    private var free: UInt32 = 0
    private var used = 0
    private let idleTimeout: UInt64

    private var passing = AgeList<Flow>()
    private var blocked = AgeList<Flow>()

    /// How many flows the table holds.
    private(set) var count = 0

    /// An empty table.
    ///
    /// - Parameters:
    ///   - capacity: the most flows there is room for.
    ///   - idleTimeout: nanoseconds of silence after which a flow is forgotten.
    package init(capacity: Int, idleTimeout: UInt64) {
        precondition(capacity > 0 && capacity < Int(UInt32.max))
        var bucketCount = 16
        while bucketCount < capacity { bucketCount *= 2 }
        flows = FlatArray(count: capacity + 1, isFilledInOrder: true)
        buckets = FlatArray(count: bucketCount)
        bucketMask = UInt64(bucketCount - 1)
        self.idleTimeout = idleTimeout
    }

    subscript(index: UInt32) -> Flow {
        @inline(__always)
        get { flows[Int(index)] }
        @inline(__always)
        _modify { yield &flows[Int(index)] }
    }

    /// The flow with this fingerprint, zero where there is none. It is noted as seen at `now`.
    @inline(__always)
    package mutating func find(_ fingerprint: Fingerprint, at now: Instant) -> UInt32 {
        var index = buckets[Int(truncatingIfNeeded: fingerprint.first & bucketMask)]
        while index != 0 {
            let position = Int(index)
            if flows[position].fingerprint1 == fingerprint.first, flows[position].fingerprint2 == fingerprint.second {
                touch(index, at: now)
                return index
            }
            index = flows[position].nextInBucket
        }
        return 0
    }

    /// Has the bucket of a flow brought into the processor's caches.
    @inline(__always)
    func prefetchBucket(of fingerprint: Fingerprint) {
        buckets.prefetch(Int(truncatingIfNeeded: fingerprint.first & bucketMask))
    }

    /// Has the first flow of a bucket brought in, which nearly always is the flow.
    @inline(__always)
    func prefetchFlow(of fingerprint: Fingerprint) {
        flows.prefetch(Int(buckets[Int(truncatingIfNeeded: fingerprint.first & bucketMask)]))
    }

    /// Has the flows brought in between which the first flow of a bucket stands in age.
    @inline(__always)
    func prefetchNeighbours(of fingerprint: Fingerprint) {
        let position = Int(buckets[Int(truncatingIfNeeded: fingerprint.first & bucketMask)])
        flows.prefetch(Int(flows[position].older))
        flows.prefetch(Int(flows[position].newer))
    }

    /// Inserts a flow that ``find(_:at:)`` did not find. There must be room: see ``candidateForEviction(at:)``.
    package mutating func insert(_ fingerprint: Fingerprint, at now: Instant) -> UInt32 {
        let index: UInt32
        if free != 0 {
            index = free
            free = flows[Int(index)].nextInBucket
        } else {
            precondition(used < flows.count - 1)
            used += 1
            index = UInt32(used)
        }
        let bucket = Int(truncatingIfNeeded: fingerprint.first & bucketMask)
        var flow = flows[0]
        flow.fingerprint1 = fingerprint.first
        flow.fingerprint2 = fingerprint.second
        flow.lastSeen = now.nanoseconds
        flow.nextInBucket = buckets[bucket]
        flows[Int(index)] = flow
        buckets[bucket] = index
        count += 1
        passing.append(index, in: &flows)
        return index
    }

    /// The flow to remove before the next insertion: the longest silent one where the table is full or where it has been silent past the
    /// timeout; zero where there is room and none is due.
    package func candidateForEviction(at now: Instant) -> (index: UInt32, isExpired: Bool) {
        let oldest = passing.oldest != 0 ? passing.oldest : blocked.oldest
        if passing.oldest != 0, isExpired(passing.oldest, at: now) { return (passing.oldest, true) }
        if blocked.oldest != 0, isExpired(blocked.oldest, at: now) { return (blocked.oldest, true) }
        return count == flows.count - 1 ? (oldest, false) : (0, false)
    }

    /// Removes a flow.
    package mutating func remove(_ index: UInt32) {
        let position = Int(index)
        unlinkAge(index)
        let bucket = Int(truncatingIfNeeded: flows[position].fingerprint1 & bucketMask)
        let next = flows[position].nextInBucket
        if buckets[bucket] == index {
            buckets[bucket] = next
        } else {
            var previous = Int(buckets[bucket])
            while flows[previous].nextInBucket != index { previous = Int(flows[previous].nextInBucket) }
            flows[previous].nextInBucket = next
        }
        flows[position] = flows[0]
        flows[position].nextInBucket = free
        free = index
        count -= 1
    }

    /// Forgets what is known of a flow: its endpoints have begun a new connection.
    mutating func restart(_ index: UInt32, client isSecond: Bool) {
        if flows[Int(index)].state != .undecided { decide(index, .undecided) }
        flows[Int(index)].setClient(isSecond, isKnown: true)
        flows[Int(index)].first = flows[0].first
        flows[Int(index)].second = flows[0].second
    }

    /// Sets what is known of a flow.
    mutating func decide(_ index: UInt32, _ state: Flow.State) {
        unlinkAge(index)
        flows[Int(index)].decidedAt = UInt32(truncatingIfNeeded: flows[Int(index)].lastSeen / 1_000_000_000)
        flows[Int(index)].state = state
        if state.isBlocked {
            blocked.append(index, in: &flows)
        } else {
            passing.append(index, in: &flows)
        }
    }

    /// The first decided flow from a place on whose decision was made before an instant, among so many places.
    ///
    /// - Parameters:
    ///   - instant: nanoseconds of the inspector's clock.
    ///   - start: where to begin; one is the first place.
    ///   - limit: how many places to look at.
    /// - Returns: the flow, zero where there is none, and where to go on, nil behind the last place.
    func decided(before instant: UInt64, from start: Int, limit: Int) -> (flow: UInt32, next: Int?) {
        let seconds = instant / 1_000_000_000
        let end = min(start + limit, used + 1)
        for index in start..<max(start, end) where flows[index].fingerprint1 | flows[index].fingerprint2 != 0 {
            guard flows[index].state != .undecided, UInt64(flows[index].decidedAt) < seconds else { continue }
            return (UInt32(index), index + 1)
        }
        return (0, end > used ? nil : end)
    }

    private func isExpired(_ index: UInt32, at now: Instant) -> Bool {
        let lastSeen = flows[Int(index)].lastSeen
        return now.nanoseconds > lastSeen && now.nanoseconds - lastSeen > idleTimeout
    }

    /// Moves a flow to the young end of its list, at most once a second, so that a busy flow costs no more writes than a quiet one.
    @inline(__always)
    private mutating func touch(_ index: UInt32, at now: Instant) {
        let position = Int(index)
        guard now.nanoseconds > flows[position].lastSeen,
            now.nanoseconds - flows[position].lastSeen >= 1_000_000_000
        else { return }
        unlinkAge(index)
        flows[position].lastSeen = now.nanoseconds
        if flows[position].state.isBlocked {
            blocked.append(index, in: &flows)
        } else {
            passing.append(index, in: &flows)
        }
    }

    private mutating func unlinkAge(_ index: UInt32) {
        if flows[Int(index)].state.isBlocked {
            blocked.remove(index, in: &flows)
        } else {
            passing.remove(index, in: &flows)
        }
    }
}

// What a table leaves to that of another process.
extension FlowTable {
    /// Writes the flows down.
    func save(to record: inout InspectorRecord.Writer) {
        for number in [used, count, Int(free)] { record.write(UInt64(number)) }
        passing.save(to: &record)
        blocked.save(to: &record)
        record.write(flows, first: used + 1)
    }

    /// Takes up flows that ``save(to:)`` wrote; the table must be as new.
    mutating func restore(from record: inout InspectorRecord.Reader) throws(InspectorRecord.Fault) {
        used = try record.readIndex(of: flows)
        count = try record.readIndex(of: flows)
        free = UInt32(try record.readIndex(of: flows))
        passing = try AgeList(from: &record, of: flows)
        blocked = try AgeList(from: &record, of: flows)
        try record.read(into: &flows, first: used + 1)
        // Those that are free are linked through the same field, and have no fingerprint.
        for index in 1..<(used + 1) where flows[index].fingerprint1 | flows[index].fingerprint2 != 0 {
            let bucket = Int(truncatingIfNeeded: flows[index].fingerprint1 & bucketMask)
            flows[index].nextInBucket = buckets[bucket]
            buckets[bucket] = UInt32(index)
        }
    }

    /// The highest place that was ever in use.
    var highestIndex: Int { used }
}
