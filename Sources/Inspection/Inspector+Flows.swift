import Blocklists
import Telemetry
import Wire

/// TCP flows: found, begun, decided, and forgotten.
extension Inspector {
    mutating func inspectSegment(
        _ segment: TCPSegment,
        of packet: IPPacket,
        at now: Instant
    ) throws(WireError) -> Decision {
        fiveTuple = packet.fiveTuple(segment.sourcePort, segment.destinationPort)
        guard packet.isFragment == false else { return Decision(.accept, undecided: .fragment) }
        let key = fiveTuple.flowKey
        let isSecond = key.isReversed
        let fingerprint = configuration.flowKey.fingerprint(of: key)

        var flow = flows.find(fingerprint, at: now)
        let isStart = segment.flags.contains(.syn)
        if flow == 0 {
            guard isStart || segment.payload.count > 0, candidates(for: fiveTuple).isEmpty == false else {
                return Decision(.accept)
            }
            flow = insertFlow(fingerprint, at: now)
        }
        if isStart { start(flow, isSecond, segment) }

        switch flows[flow].state {
        case .accepted: return Decision(.accept, flowMark: .accepted)
        case .blocked:
            guard let decision = reopen(flow, isSecond, segment) else { break }
            return decision
        case .undecided: break
        }
        guard segment.payload.count > 0 else { return Decision(.accept) }
        return deliver(segment, flow, isSecond, isCut: packet.isTruncated)
    }

    private mutating func insertFlow(_ fingerprint: Fingerprint, at now: Instant) -> UInt32 {
        // Two at most, so that expiry keeps ahead of insertion and no packet pays for many.
        for _ in 0..<2 {
            let (oldest, isExpired) = flows.candidateForEviction(at: now)
            guard oldest != 0 else { break }
            if isExpired == false, flows[oldest].state == .undecided { evictedFlows += 1 }
            removeFlow(oldest)
        }
        return flows.insert(fingerprint, at: now)
    }

    private mutating func removeFlow(_ flow: UInt32) {
        release(flow)
        flows.remove(flow)
    }

    /// Gives back the data that wait in both directions of a flow.
    mutating func release(_ flow: UInt32) {
        close(flow, false)
        close(flow, true)
    }

    /// Ends reading one direction of a flow.
    mutating func close(_ flow: UInt32, _ isSecond: Bool) {
        let assembly = flows[flow][isSecond].assembly
        if assembly != 0 {
            assembler.close(assembly)
            flows[flow][isSecond].assembly = 0
        }
        flows[flow][isSecond].state = .closed
    }

    /// Notes where a direction's data begin, which its SYN says (RFC 9293 §3.4).
    private mutating func start(_ flow: UInt32, _ isSecond: Bool, _ segment: TCPSegment) {
        let origin = segment.sequenceNumber &+ 1
        let isRepeated = flows[flow][isSecond].state != .unseen && flows[flow].firstSequence(isSecond) == origin
        guard isRepeated == false else { return }
        if segment.flags.contains(.ack) == false {
            // A new connection between the same endpoints: what was known of the one before says nothing of it. A blocked flow
            // waits for the new connection's hello, since a SYN alone may be there only to lift the block.
            release(flow)
            if flows[flow].state != .blocked { flows.restart(flow, client: isSecond) }
        } else if flows[flow].client == 0 {
            flows[flow].client = isSecond ? 1 : 2
        }
        guard flows[flow].state == .undecided || segment.flags.contains(.ack) == false else { return }
        close(flow, isSecond)
        flows[flow].open(isSecond, at: origin, candidates: candidates(for: fiveTuple))
    }

    /// What becomes of a packet of a blocked flow; nil where it begins a new connection's stream and the flow is undecided again.
    private mutating func reopen(_ flow: UInt32, _ isSecond: Bool, _ segment: TCPSegment) -> Decision? {
        let blocked = Decision(.drop, flowMark: .blocked)
        // Only a SYN seen since the flow was blocked opens a direction again.
        guard flows[flow].first.state == .open || flows[flow].second.state == .open else { return blocked }
        guard segment.payload.count > 0 else { return Decision(.accept) }
        guard flows[flow][isSecond].state == .open,
            segment.payloadSequenceNumber == flows[flow][isSecond].origin,
            looksLikeStart(segment.payload, flow, isSecond)
        else { return blocked }
        flows.decide(flow, .undecided)
        return nil
    }

    /// The dissectors that streams of this five-tuple are shown to.
    func candidates(for tuple: FiveTuple) -> DissectorSet {
        var set = DissectorSet(rawValue: 0)
        if configuration.inspectsDNS, Dissectors.dns.mayBeMine(tuple) { set.insert(.dns) }
        if configuration.inspectsTLS, Dissectors.tls.mayBeMine(tuple) { set.insert(.tls) }
        return set
    }

    mutating func evictOldestStream(sparing spared: UInt32) -> Bool {
        let oldest = assembler.oldest
        guard oldest != 0, assembler[oldest].flow != spared else { return false }
        evictedStreams += 1
        let flow = assembler[oldest].flow
        release(flow)
        flows.decide(flow, .accepted)
        return true
    }

    /// Judges what was found of a flow that goes on; a listed name blocks it for good.
    mutating func judge(_ flow: UInt32, from first: Int) -> Decision {
        guard findings.judge(from: first, against: blocklist) == .drop else { return Decision(.accept) }
        release(flow)
        flows.decide(flow, .blocked)
        return Decision(.drop, flowMark: .blocked)
    }

    /// Lets a flow go once its client's direction has nothing more to say.
    mutating func acceptIfClientIsClosed(_ flow: UInt32, _ isSecond: Bool) {
        let isClient =
            flows[flow].client == 0
            ? fiveTuple.destinationPort <= fiveTuple.sourcePort : flows[flow].client == (isSecond ? 2 : 1)
        let isOtherClosed = flows[flow][isSecond == false].state == .closed
        guard isClient || isOtherClosed, flows[flow].state == .undecided else { return }
        release(flow)
        flows.decide(flow, .accepted)
    }
}

extension HashKey {
    fileprivate func fingerprint(of key: FlowKey) -> Fingerprint {
        let ends = key.endpoints
        let ports = UInt64(ends.sourcePort) &<< 32 | UInt64(ends.destinationPort) &<< 16 | UInt64(ends.transport)
        return fingerprint(ends.source.high, ends.source.low, ends.destination.high, ends.destination.low, ports)
    }
}
