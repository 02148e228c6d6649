import Telemetry
import Wire

/// What reading a stream came to.
private enum StreamProgress {
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

    /// Takes in a segment of an undecided flow.
    mutating func deliver(_ segment: TCPSegment, _ flow: UInt32, _ isSecond: Bool, isCut: Bool) -> Decision {
        let sequence = segment.payloadSequenceNumber
        switch flows[flow][isSecond].state {
        case .closed:
            return Decision(.accept)
        case .unseen:
            flows[flow].open(isSecond, at: sequence, candidates: candidates(for: fiveTuple))
            if looksLikeStart(segment.payload, flow, isSecond) == false {
                flows[flow].search(isSecond, from: sequence &- Self.searchWindow)
            }
        case .open, .searching:
            break
        }

        let distance = Int(Int32(bitPattern: sequence &- flows[flow][isSecond].origin))
        // A stream that is searched is kept from its beginning on, so a segment that may be it has to fit in whole.
        let end = flows[flow][isSecond].state == .searching ? distance + segment.payload.count : distance + 1
        guard end <= assembler.streamLimit, distance >= -assembler.streamLimit else {
            return deliverFar(segment, flow, isSecond, isAhead: distance > 0, isCut: isCut)
        }

        // What lies before the offset was read already.
        let payload = segment.payload.extracting(droppingFirst: min(max(0, -distance), segment.payload.count))
        let offset = max(distance, 0)
        guard payload.count > 0 else { return Decision(.accept) }
        if flows[flow][isSecond].state == .searching { return search(payload, at: offset, flow, isSecond) }
        if offset == 0, flows[flow][isSecond].assembly == 0 {
            return readInPlace(payload, flow, isSecond, isCut: isCut)
        }
        return readStored(payload, at: offset, flow, isSecond, isCut: isCut)
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
            let count = min(size, payload.count - taken)
            let piece = payload.extracting(taken..<taken + count)
            guard store(piece, at: offset, flow, isSecond) else { return giveUp(flow, isSecond, .overBudget) }
            let origin = flows[flow][isSecond].origin
            taken += count
            let decision = readAssembly(flow, isSecond, isCut: isCut && taken == payload.count)
            guard taken < payload.count, decision == Decision(.accept), flows[flow][isSecond].state == .open else {
                return decision
            }
            offset += count - Int(flows[flow][isSecond].origin &- origin)
            // What lay behind a gap that this piece has closed may have been read already.
            guard -offset < payload.count - taken else { return decision }
            taken += max(-offset, 0)
            offset = max(offset, 0)
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
        var candidates = candidates(for: fiveTuple)
        switch Self.read(segment.payload, isFinal: false, &candidates, &scratch, &findings) {
        case .closed:
            let decision = judge(flow, from: first)
            guard decision.verdict == .accept, findings.count == first else { return decision }
            return passOver(flow, isSecond, isAhead: isAhead)
        case .waiting:
            findings.truncate(to: first)
            close(flow, isSecond)
            flows[flow].open(isSecond, at: segment.payloadSequenceNumber, candidates: candidates)
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

    /// Reads a segment that continues the stream where it stands; what is left of it waits for more.
    private mutating func readInPlace(_ payload: Span<UInt8>, _ flow: UInt32, _ isSecond: Bool, isCut: Bool) -> Decision
    {
        let first = findings.count
        let progress = Self.read(
            payload,
            isFinal: isCut,
            &flows[flow][isSecond].candidates,
            &scratch,
            &findings
        )
        switch progress {
        case .closed(let cause, let isMine):
            return finish(flow, isSecond, from: first, cause, isMine: isMine)
        case .waiting(let consumed, let needed):
            let decision = judge(flow, from: first)
            guard decision.verdict == .accept else { return decision }
            flows[flow][isSecond].origin &+= UInt32(truncatingIfNeeded: consumed)
            guard consumed < payload.count else { return decision }
            guard store(payload.extracting(droppingFirst: consumed), at: 0, flow, isSecond) else {
                return giveUp(flow, isSecond, .overBudget)
            }
            assembler[flows[flow][isSecond].assembly].needed = UInt32(clamping: needed)
            return decision
        }
    }

    /// Reads what has been put together of a stream, where enough of it is there to be worth it.
    private mutating func readAssembly(_ flow: UInt32, _ isSecond: Bool, isCut: Bool) -> Decision {
        let assembly = flows[flow][isSecond].assembly
        guard assembler[assembly].contiguous >= assembler[assembly].needed || isCut,
            assembler[assembly].contiguous > assembler[assembly].start
        else { return Decision(.accept) }
        assembler.gather(assembly, into: &message)
        let first = findings.count
        let progress = Self.read(
            gathered: &message,
            isFinal: isCut,
            &flows[flow][isSecond].candidates,
            &scratch,
            &findings
        )
        switch progress {
        case .closed(let cause, let isMine):
            return finish(flow, isSecond, from: first, cause, isMine: isMine)
        case .waiting(let consumed, let needed):
            let decision = judge(flow, from: first)
            guard decision.verdict == .accept else { return decision }
            let start = assembler[assembly].start &+ UInt32(truncatingIfNeeded: consumed)
            assembler[assembly].start = start
            assembler[assembly].needed = start &+ UInt32(clamping: needed)
            if start == assembler[assembly].contiguous, assembler.hasGap(assembly) == false {
                assembler.close(assembly)
                flows[flow][isSecond].assembly = 0
                flows[flow][isSecond].origin &+= start
            } else {
                flows[flow][isSecond].origin &+= assembler.compact(assembly)
            }
            return decision
        }
    }

    /// Keeps a segment of a stream whose beginning is not known, and looks whether it is the beginning.
    private mutating func search(_ payload: Span<UInt8>, at offset: Int, _ flow: UInt32, _ isSecond: Bool) -> Decision {
        guard flows[flow][isSecond].searchedSegments < Self.searchLimit else {
            return giveUp(flow, isSecond, .midstream)
        }
        flows[flow][isSecond].searchedSegments += 1
        guard store(payload, at: offset, flow, isSecond) else { return giveUp(flow, isSecond, .midstream) }
        guard looksLikeStart(payload, flow, isSecond) else { return Decision(.accept) }
        let assembly = flows[flow][isSecond].assembly
        guard assembly != 0 else { return Decision(.accept) }
        flows[flow][isSecond].state = .open
        assembler.begin(assembly, at: offset)
        return readAssembly(flow, isSecond, isCut: false)
    }

    /// Stores data of a stream, making room by giving up the streams that have waited longest.
    private mutating func store(_ payload: Span<UInt8>, at offset: Int, _ flow: UInt32, _ isSecond: Bool) -> Bool {
        // What lies past the limit cannot belong to the message that is waited for.
        let end = min(offset + payload.count, assembler.streamLimit)
        guard offset < end else { return true }
        if flows[flow][isSecond].assembly == 0 {
            var assembly = assembler.open(flow: flow, isSecond: isSecond)
            while assembly == 0 {
                guard evictOldestStream(sparing: flow) else { return false }
                assembly = assembler.open(flow: flow, isSecond: isSecond)
            }
            flows[flow][isSecond].assembly = assembly
        }
        let assembly = flows[flow][isSecond].assembly
        while assembler.reserve(assembly, end: end) == false {
            guard evictOldestStream(sparing: flow) else { return false }
        }
        assembler.store(payload.extracting(0..<end - offset), at: offset, in: assembly)
        // A message that fills the limit and is still not complete never will be.
        return Int(assembler[assembly].contiguous) < assembler.streamLimit
            || assembler[assembly].needed <= assembler[assembly].contiguous
    }

    /// Whether a dissector would read on from the start of `payload`.
    mutating func looksLikeStart(_ payload: Span<UInt8>, _ flow: UInt32, _ isSecond: Bool) -> Bool {
        let first = findings.count
        var candidates = candidates(for: fiveTuple)
        defer { findings.truncate(to: first) }
        switch Self.read(payload, isFinal: false, &candidates, &scratch, &findings) {
        case .closed(let cause, let isMine): return isMine && cause == nil
        case .waiting: return true
        }
    }

    private static func read(
        gathered message: inout MessageBuffer,
        isFinal: Bool,
        _ candidates: inout DissectorSet,
        _ scratch: inout MessageBuffer,
        _ findings: inout Findings
    ) -> StreamProgress {
        read(message.bytes, isFinal: isFinal, &candidates, &scratch, &findings)
    }

    /// Reads messages off the start of a stream until one is not complete or the stream is done with.
    private static func read(
        _ stream: Span<UInt8>,
        isFinal: Bool,
        _ candidates: inout DissectorSet,
        _ scratch: inout MessageBuffer,
        _ findings: inout Findings
    ) -> StreamProgress {
        var consumed = 0
        var cause: UndecidedCause?
        var isMine = false
        next: while consumed < stream.count {
            var needed = Int.max
            for index in Dissectors.all.indices where candidates.contains(Dissectors.all[index]) {
                let dissector = Dissectors.all[index]
                do throws(WireError) {
                    let rest = stream.extracting(droppingFirst: consumed)
                    let result = try dissector.dissect(
                        stream: rest,
                        isFinal: isFinal,
                        scratch: &scratch,
                        into: &findings
                    )
                    switch result {
                    case .notMine:
                        candidates.remove(dissector)
                    case .needsMore(let count):
                        needed = min(needed, count)
                    case .nameless(let count), .name(let count):
                        guard dissector.hasManyMessages else { return .closed(nil, isMine: true) }
                        isMine = true
                        candidates = DissectorSet(dissector)
                        consumed += count
                        continue next
                    }
                } catch {
                    candidates.remove(dissector)
                    cause = isFinal ? .truncated : .malformed
                }
            }
            if candidates.isEmpty { return .closed(cause, isMine: isMine) }
            if isFinal { return .closed(.truncated, isMine: true) }
            return .waiting(consumed: consumed, needed: needed)
        }
        return .waiting(consumed: consumed, needed: 0)
    }

    /// Ends a direction that was read as far as it will be.
    private mutating func finish(
        _ flow: UInt32,
        _ isSecond: Bool,
        from first: Int,
        _ cause: UndecidedCause?,
        isMine: Bool
    ) -> Decision {
        let decision = judge(flow, from: first)
        guard decision.verdict == .accept else { return decision }
        close(flow, isSecond)
        if findings.count > first {
            release(flow)
            flows.decide(flow, .accepted)
        } else {
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
        if assembly != 0, flows[flow][isSecond].state == .open {
            // The name may be there although the message is not complete.
            assembler.gather(assembly, into: &message)
            let first = findings.count
            _ = Self.read(gathered: &message, isFinal: true, &flows[flow][isSecond].candidates, &scratch, &findings)
            return finish(flow, isSecond, from: first, cause, isMine: true)
        }
        close(flow, isSecond)
        acceptIfClientIsClosed(flow, isSecond)
        return Decision(.accept, flowMark: flows[flow].state == .accepted ? .accepted : nil, undecided: cause)
    }
}
