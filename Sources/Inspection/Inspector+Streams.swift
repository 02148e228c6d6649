import Telemetry
import Wire

/// What reading a stream came to.
enum StreamProgress {
    /// Nothing more is to be read from this direction; the cause says why, where that is not because a message was read.
    case closed(UndecidedCause?, isMine: Bool)
    /// Messages of so many octets were read; the next is worth a try once so many octets of it are there.
    case waiting(consumed: Int, needed: Int)
}

/// The data of an undecided flow: put in order, shown to the dissectors, judged.
extension Inspector {
    /// Octets before the first one seen that a stream seen from the middle on may still turn out to begin at.
    private static let searchWindow: UInt32 = 4_096

    /// Segments after which the beginning of a stream is no longer looked for.
    private static let searchLimit: UInt8 = 8

    /// Segments ahead of the window after which what is waited for inside it is given up.
    private static let farLimit: UInt8 = 255

    /// Segments with data behind which a message that was read is taken to have arrived, where nothing says so.
    private static let settledLimit: UInt8 = 16

    /// Octets that a message may have without any need to read them; a longer one ends the reading.
    private static let skipLimit = 1 << 30

    /// Takes in a segment of an undecided flow.
    mutating func deliver(_ segment: TCPSegment, _ flow: UInt32, _ isSecond: Bool, isCut: Bool) -> Decision {
        let sequence = segment.payloadSequenceNumber
        switch flows[flow][isSecond].state {
        case .closed:
            return Decision(.accept)
        case .unseen:
            flows[flow].open(isSecond, at: sequence, candidates: candidates)
            if looksLikeStart(segment.payload, flow, isSecond) == false {
                flows[flow].search(isSecond, from: sequence &- Self.searchWindow)
            }
        case .open, .searching:
            break
        }
        if segment.flags.contains(.syn) { findings.anomalies.insert(.synData) }
        if segment.flags.contains(.ack) {
            flows[flow][isSecond].acknowledgment = segment.acknowledgmentNumber
            flows[flow][isSecond].traits.insert(.hasAcknowledgment)
        }

        var distance = Int(Int32(bitPattern: sequence &- flows[flow][isSecond].origin))
        if passesOverSkipped(&distance, segment.payload.count, flow, isSecond) { return Decision(.accept) }
        if flows[flow][isSecond].reading.candidates.isEmpty, flows[flow][isSecond].state == .open {
            return compare(segment.payload, distance, flow, isSecond)
        }

        // A stream that is searched is kept from its beginning on, so a segment that may be it has to fit in whole.
        let isSearching = flows[flow][isSecond].state == .searching
        let length = isSearching ? segment.payload.count : 1
        if distance + length > assembler.streamLimit { distance -= makeRoom(flow, isSecond) }
        guard distance + length <= assembler.streamLimit, distance >= -assembler.streamLimit else {
            return deliverFar(segment, flow, isSecond, isAhead: distance > 0, isCut: isCut)
        }

        // What lies before the window was read already, and has arrived, as far as is known. A listed name blocks all the same.
        if distance < 0, isSearching == false {
            let decision = judgeAlone(segment.payload, flow)
            guard decision.verdict == .accept else { return decision }
        }
        let payload = segment.payload.extracting(droppingFirst: min(max(0, -distance), segment.payload.count))
        let offset = max(distance, 0)
        guard payload.count > 0 else { return Decision(.accept) }
        if isSearching { return search(payload, at: offset, flow, isSecond) }
        if let urgent = segment.urgentOffset {
            noteUrgentData(at: distance + urgent, flow, isSecond)
        } else if offset == 0, flows[flow][isSecond].assembly == 0 {
            return readInPlace(payload, flow, isSecond, isCut: isCut)
        }
        return readStored(payload, at: offset, flow, isSecond, isCut: isCut)
    }

    /// Notes that the server may take the stream without this octet.
    private mutating func noteUrgentData(at offset: Int, _ flow: UInt32, _ isSecond: Bool) {
        findings.anomalies.insert(.urgentData)
        guard offset >= 0, offset < assembler.streamLimit, hasAssembly(flow, isSecond) else { return }
        let assembly = flows[flow][isSecond].assembly
        guard offset >= Int(assembler[assembly].base) else { return }
        if assembler.addRemoval(at: offset, in: assembly) == false { lostOverlaps += 1 }
        assembler[assembly].neededByOverlaps = 0
    }

    /// Compares data of a direction of which nothing more is to be read with those that were: the server may take the one or the other.
    private mutating func compare(_ payload: Span<UInt8>, _ distance: Int, _ flow: UInt32, _ isSecond: Bool) -> Decision
    {
        let assembly = flows[flow][isSecond].assembly
        guard assembly != 0, flows[flow][isSecond].searchedSegments < Self.settledLimit else {
            return settle(flow, isSecond) ?? Decision(.accept)
        }
        flows[flow][isSecond].searchedSegments += 1
        let skipped = min(max(0, -distance), payload.count)
        let offset = max(distance, 0)
        let piece = payload.extracting(droppingFirst: skipped)
        // What comes behind can matter only to another reading of what was there.
        guard piece.count > 0, offset < Int(assembler[assembly].highest) || assembler[assembly].hasOverlaps else {
            return Decision(.accept)
        }
        let first = findings.count
        switch store(piece, at: offset, flow, isSecond) {
        case .differed: return judgeOverlaps(flow, isSecond, from: first, areResent: true)
        case .agreed where assembler[assembly].hasOverlaps:
            return judgeOverlaps(flow, isSecond, from: first, areResent: true)
        case .agreed: return judgeAgain(piece, at: offset, flow, isSecond)
        case .refused: return Decision(.accept)
        }
    }

    /// Keeps a segment and reads on. One that reaches past the window is taken piece by piece: what is read of it moves the window.
    private mutating func readStored(
        _ payload: Span<UInt8>,
        at offset: Int,
        _ flow: UInt32,
        _ isSecond: Bool,
        isCut: Bool
    ) -> Decision {
        let size = offset + payload.count > assembler.streamLimit ? StreamAssembler.blockSize : payload.count
        var offset = offset
        var taken = 0
        while true {
            // What lies before the window was read, or lay behind a gap that is closed, and is there already.
            if offset + min(size, payload.count - taken) > assembler.streamLimit { offset -= makeRoom(flow, isSecond) }
            taken += min(max(0, -offset), payload.count - taken)
            offset = max(offset, 0)
            let count = min(size, payload.count - taken)
            guard count > 0 else { return Decision(.accept) }
            let piece = payload.extracting(taken..<taken + count)
            taken += count

            let first = findings.count
            let start = Int(assembler[flows[flow][isSecond].assembly].start)
            let storing = store(piece, at: offset, flow, isSecond)
            guard storing != .refused else { return giveUp(flow, isSecond, .overBudget) }
            let origin = flows[flow][isSecond].origin
            let decision =
                storing == .agreed && offset + count <= start
                ? judgeAgain(piece, at: offset, flow, isSecond)
                : readAssembly(flow, isSecond, isCut: isCut && taken == payload.count)
            guard decision.verdict == .accept else { return decision }
            if assembler[flows[flow][isSecond].assembly].hasOverlaps {
                let other = judgeOverlaps(flow, isSecond, from: first, areResent: offset < start)
                guard other.verdict == .accept else { return other }
            }
            guard taken < payload.count, decision == Decision(.accept), flows[flow][isSecond].state == .open else {
                return decision
            }
            offset += count - Int(flows[flow][isSecond].origin &- origin)
        }
    }

    /// Takes in a segment from outside the window that the stream's beginning sets.
    ///
    /// It may be there to distract, and so decides nothing but to block: a listed name blocks the flow, the beginning of a message moves the
    /// window to where it stands, and anything else leaves the flow as it was, unless the stream runs on there for long.
    private mutating func deliverFar(
        _ segment: TCPSegment,
        _ flow: UInt32,
        _ isSecond: Bool,
        isAhead: Bool,
        isCut: Bool
    ) -> Decision {
        let first = findings.count
        var reading = StreamReading(candidates)
        switch Self.read(segment.payload, isFinal: false, candidates, &reading, &scratch, &findings) {
        case .closed:
            let decision = judge(flow, from: first)
            guard decision.verdict == .accept, findings.count == first else { return decision }
            return passOver(flow, isSecond, isAhead: isAhead)
        case .waiting(let consumed, _) where consumed >= segment.payload.count:
            // A whole message, as good as any: which of them the server takes is not known, so each is judged.
            return judge(flow, from: first)
        case .waiting:
            findings.truncate(to: first)
            close(flow, isSecond)
            flows[flow].open(isSecond, at: segment.payloadSequenceNumber, candidates: reading.candidates)
            return readInPlace(segment.payload, flow, isSecond, isCut: isCut)
        }
    }

    /// Counts a segment that went by outside the window, and gives a stream up that has run on there without what is waited for: a bulk
    /// transfer would keep coming through user space else.
    private mutating func passOver(_ flow: UInt32, _ isSecond: Bool, isAhead: Bool) -> Decision {
        let isSearching = flows[flow][isSecond].state == .searching
        guard isAhead || isSearching else { return Decision(.accept) }
        guard flows[flow][isSecond].searchedSegments < (isSearching ? Self.searchLimit : Self.farLimit) else {
            return giveUp(flow, isSecond, isSearching ? .midstream : .overBudget)
        }
        flows[flow][isSecond].searchedSegments += 1
        return Decision(.accept)
    }

    /// Reads a segment that continues the stream where it stands, and keeps it until the server has it, or until more of it is there.
    private mutating func readInPlace(_ payload: Span<UInt8>, _ flow: UInt32, _ isSecond: Bool, isCut: Bool) -> Decision
    {
        let first = findings.count
        let before = flows[flow][isSecond].reading
        let progress = Self.read(
            payload,
            isFinal: isCut,
            candidates,
            &flows[flow][isSecond].reading,
            &scratch,
            &findings
        )
        let decision = judge(flow, from: first)
        guard decision.verdict == .accept else { return decision }
        let isKept = flows[flow].isClient(isSecond)
        switch progress {
        case .closed(let cause, let isMine):
            if isKept, isMine || cause == nil, isCut == false, store(payload, at: 0, flow, isSecond) != .refused {
                let assembly = flows[flow][isSecond].assembly
                flows[flow][isSecond].firstReading = before
                assembler[assembly].start = assembler[assembly].highest
            }
            return finish(flow, isSecond, from: first, before.hasRead ? nil : cause)
        case .waiting(let consumed, let needed):
            guard consumed <= Self.skipLimit, isCut == false else { return finish(flow, isSecond, from: first, nil) }
            let skipped = isKept ? 0 : min(consumed, payload.count)
            if skipped < payload.count,
                store(payload.extracting(droppingFirst: skipped), at: 0, flow, isSecond) != .refused
            {
                flows[flow][isSecond].origin &+= UInt32(skipped)
                if isKept { flows[flow][isSecond].firstReading = before }
                let assembly = flows[flow][isSecond].assembly
                assembler[assembly].start = UInt32(consumed - skipped)
                assembler[assembly].needed = UInt32(clamping: consumed - skipped + needed)
            } else if consumed < payload.count {
                return giveUp(flow, isSecond, .overBudget)
            } else {
                moveOn(flow, isSecond, by: consumed, isSkipping: consumed > payload.count)
            }
            return decision
        }
    }

    /// Goes on behind what was read.
    private mutating func moveOn(_ flow: UInt32, _ isSecond: Bool, by octets: Int, isSkipping: Bool) {
        flows[flow][isSecond].origin &+= UInt32(truncatingIfNeeded: octets)
        flows[flow][isSecond].firstReading = flows[flow][isSecond].reading
        if isSkipping { flows[flow][isSecond].traits.insert(.isSkipping) }
    }

    /// Reads what has been put together of a stream, where enough of it is there to be worth it.
    private mutating func readAssembly(_ flow: UInt32, _ isSecond: Bool, isCut: Bool) -> Decision {
        let assembly = flows[flow][isSecond].assembly
        guard assembler[assembly].contiguous >= assembler[assembly].needed || isCut,
            assembler[assembly].contiguous > assembler[assembly].start
        else { return Decision(.accept) }
        assembler.gather(assembly, into: &message)
        let first = findings.count
        let hadRead = flows[flow][isSecond].reading.hasRead
        let progress = Self.read(
            gathered: &message,
            isFinal: isCut,
            candidates,
            &flows[flow][isSecond].reading,
            &scratch,
            &findings
        )
        let decision = judge(flow, from: first)
        guard decision.verdict == .accept else { return decision }
        switch progress {
        case .closed(let cause, _):
            assembler[assembly].start = assembler[assembly].contiguous
            if isCut { close(flow, isSecond) }
            return finish(flow, isSecond, from: first, hadRead ? nil : cause)
        case .waiting(let consumed, let needed):
            guard consumed <= Self.skipLimit, isCut == false else {
                close(flow, isSecond)
                return finish(flow, isSecond, from: first, nil)
            }
            let start = assembler[assembly].start &+ UInt32(truncatingIfNeeded: consumed)
            assembler[assembly].start = start
            assembler[assembly].needed = start &+ UInt32(clamping: needed)
            if flows[flow].isClient(isSecond) == false { settleRead(flow, isSecond) }
            guard start > assembler[assembly].contiguous, assembler.hasGap(assembly) else { return decision }
            // Of what need not be read, pieces are there. Behind it the stream may go on already.
            guard assembler[assembly].highest > start else {
                settleRead(flow, isSecond)
                return decision
            }
            assembler.begin(assembly, at: Int(start))
            return readAssembly(flow, isSecond, isCut: false)
        }
    }

    /// Keeps a segment of a stream whose beginning is not known, and looks whether it is the beginning.
    private mutating func search(_ payload: Span<UInt8>, at offset: Int, _ flow: UInt32, _ isSecond: Bool) -> Decision {
        guard flows[flow][isSecond].searchedSegments < Self.searchLimit else {
            return giveUp(flow, isSecond, .midstream)
        }
        flows[flow][isSecond].searchedSegments += 1
        guard store(payload, at: offset, flow, isSecond) != .refused else { return giveUp(flow, isSecond, .midstream) }
        guard looksLikeStart(payload, flow, isSecond) else { return Decision(.accept) }
        let assembly = flows[flow][isSecond].assembly
        guard assembly != 0 else { return Decision(.accept) }
        flows[flow][isSecond].state = .open
        assembler.begin(assembly, at: offset)
        return readAssembly(flow, isSecond, isCut: false)
    }

    /// What became of data that were to be kept.
    private enum Storing {
        /// They are kept, and agree with what came before.
        case agreed
        /// They are kept beside others of the same place.
        case differed
        /// There is no room for them, or for the message they belong to.
        case refused
    }

    /// Makes sure that a direction has an assembly, making room by giving up the stream that has waited longest.
    private mutating func hasAssembly(_ flow: UInt32, _ isSecond: Bool) -> Bool {
        guard flows[flow][isSecond].assembly == 0 else { return true }
        guard let assembly = openAssembly(flow, isSecond) else { return false }
        flows[flow][isSecond].assembly = assembly
        flows[flow][isSecond].firstReading = flows[flow][isSecond].reading
        return true
    }

    /// Stores data of a stream, making room by giving up the streams that have waited longest.
    private mutating func store(_ payload: Span<UInt8>, at offset: Int, _ flow: UInt32, _ isSecond: Bool) -> Storing {
        // What lies past the limit cannot belong to the message that is waited for.
        let end = min(offset + payload.count, assembler.streamLimit)
        guard offset < end else { return .agreed }
        guard hasAssembly(flow, isSecond) else { return .refused }
        let assembly = flows[flow][isSecond].assembly
        guard reserve(assembly, end: end, flow) else { return .refused }
        if offset > Int(assembler[assembly].contiguous) { findings.anomalies.insert(.outOfOrder) }
        let result = assembler.store(payload.extracting(0..<end - offset), at: offset, in: assembly)
        switch result {
        case .agreed:
            // A message that fills the limit and is still not complete never will be.
            let contiguous = assembler[assembly].contiguous
            return Int(contiguous) < assembler.streamLimit || assembler[assembly].needed <= contiguous
                ? .agreed : .refused
        case .differed:
            findings.anomalies.insert(.overlapConflict)
            assembler[assembly].neededByOverlaps = 0
            return .differed
        case .lost:
            findings.anomalies.insert(.overlapConflict)
            lostOverlaps += 1
            return .differed
        }
    }

    /// Whether a dissector would read on from the start of `payload`.
    mutating func looksLikeStart(_ payload: Span<UInt8>, _ flow: UInt32, _ isSecond: Bool) -> Bool {
        let first = findings.count
        var reading = StreamReading(candidates)
        let fault = findings.fault
        findings.fault = nil
        defer {
            findings.truncate(to: first)
            findings.fault = fault
        }
        switch Self.read(payload, isFinal: false, candidates, &reading, &scratch, &findings) {
        case .closed(let cause, let isMine): return isMine && cause == nil && findings.fault == nil
        case .waiting: return findings.fault == nil
        }
    }

    static func read(
        gathered message: inout MessageBuffer,
        isFinal: Bool,
        _ all: DissectorSet,
        _ reading: inout StreamReading,
        _ scratch: inout MessageBuffer,
        _ findings: inout Findings
    ) -> StreamProgress {
        read(message.bytes, isFinal: isFinal, all, &reading, &scratch, &findings)
    }

    /// Reads messages off the start of a stream until one is not complete or the stream is done with.
    static func read(
        _ stream: Span<UInt8>,
        isFinal: Bool,
        _ all: DissectorSet,
        _ reading: inout StreamReading,
        _ scratch: inout MessageBuffer,
        _ findings: inout Findings
    ) -> StreamProgress {
        var consumed = 0
        var cause: UndecidedCause?
        var isMine = false
        next: while consumed < stream.count {
            var needed = Int.max
            for index in Dissectors.all.indices where reading.candidates.contains(Dissectors.all[index]) {
                let dissector = Dissectors.all[index]
                // All candidates share the mode, so one that has nothing to say must leave it as it was.
                let mode = reading.mode
                do throws(WireError) {
                    let rest = stream.extracting(droppingFirst: consumed)
                    let result = try dissector.dissect(
                        stream: rest,
                        isFinal: isFinal,
                        mode: &reading.mode,
                        scratch: &scratch,
                        into: &findings
                    )
                    // Whoever passes nothing over is not asked again, since it would say the same, for ever.
                    switch result {
                    case .notMine:
                        reading.mode = mode
                        reading.candidates.remove(dissector)
                    case .needsMore(let count):
                        needed = min(needed, count)
                    case .finished:
                        reading.candidates = DissectorSet(rawValue: 0)
                        return .closed(nil, isMine: true)
                    case .nameless(let count), .name(let count):
                        isMine = true
                        reading.hasRead = true
                        reading.candidates = DissectorSet(dissector)
                        if count <= 0 { reading.candidates.remove(dissector) }
                        consumed += count
                        continue next
                    case .upgraded(let count):
                        findings.anomalies.insert(.upgraded)
                        isMine = true
                        reading = StreamReading(all)
                        if count <= 0 { reading.candidates.remove(dissector) }
                        consumed += count
                        continue next
                    }
                } catch {
                    reading.mode = mode
                    reading.candidates.remove(dissector)
                    cause = isFinal ? .truncated : .malformed
                }
            }
            if reading.candidates.isEmpty { return .closed(cause, isMine: isMine) }
            if isFinal {
                reading.candidates = DissectorSet(rawValue: 0)
                return .closed(.truncated, isMine: true)
            }
            return .waiting(consumed: consumed, needed: needed)
        }
        return .waiting(consumed: consumed, needed: 0)
    }

    /// Ends the reading of a direction. What was read is kept on until the server has it, where it waits in an assembly.
    private mutating func finish(
        _ flow: UInt32,
        _ isSecond: Bool,
        from first: Int,
        _ cause: UndecidedCause?
    ) -> Decision {
        flows[flow][isSecond].reading.candidates = DissectorSet(rawValue: 0)
        flows[flow][isSecond].searchedSegments = 0
        if flows[flow][isSecond].assembly == 0 || flows[flow].isClient(isSecond) == false {
            close(flow, isSecond)
            acceptIfClientIsClosed(flow, isSecond)
        }
        return Decision(
            .accept,
            flowMark: flows[flow].state == .accepted ? .accepted : nil,
            undecided: findings.count > first ? nil : cause
        )
    }

    /// Gives a direction up without a name.
    private mutating func giveUp(_ flow: UInt32, _ isSecond: Bool, _ cause: UndecidedCause) -> Decision {
        let assembly = flows[flow][isSecond].assembly
        let hadRead = flows[flow][isSecond].reading.hasRead
        let first = findings.count
        if assembly != 0, flows[flow][isSecond].state == .open {
            // The name may be there although the message is not complete.
            assembler.gather(assembly, into: &message)
            _ = Self.read(
                gathered: &message,
                isFinal: true,
                candidates,
                &flows[flow][isSecond].reading,
                &scratch,
                &findings
            )
            let decision = judge(flow, from: first)
            guard decision.verdict == .accept else { return decision }
        }
        close(flow, isSecond)
        return finish(flow, isSecond, from: first, hadRead ? nil : cause)
    }
}
