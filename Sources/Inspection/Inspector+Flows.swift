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
        let key = fiveTuple.flowKey
        let isSecond = key.isReversed
        let fingerprint = madeFingerprint ?? configuration.flowKey.fingerprint(of: key)

        var flow = flows.find(fingerprint, at: now)
        let isStart = segment.flags.contains(.syn)
        if flow != 0, isStart == false, flows[flow].isAccepted { return Decision(.accept, flowMark: .accepted) }
        noteCandidates()
        if flow == 0 {
            guard isStart || segment.payload.count > 0,
                candidates.isEmpty == false || isForEncryptedDNS
            else {
                return Decision(.accept)
            }
            flow = insertFlow(fingerprint, at: now)
            // Until a SYN says it: who has the lower port is the server.
            let isClient = fiveTuple.destinationPort <= fiveTuple.sourcePort
            flows[flow].setClient(isClient ? isSecond : isSecond == false, isKnown: false)
        }
        presentFlow = flow
        if isStart { start(flow, isSecond, segment) }

        switch flows[flow].state {
        case .accepted: return Decision(.accept, flowMark: .accepted)
        case .blocked, .refused, .answered:
            guard let decision = reopen(flow, isSecond, segment) else { break }
            return decision
        case .undecided: break
        }
        if isStart == false, let decision = noteAcknowledgment(segment, flow, isSecond) { return decision }
        guard segment.payload.count > 0 else { return Decision(.accept) }
        let decision = deliver(segment, flow, isSecond, isCut: packet.isTruncated)
        // A reset is not answered, whatever it holds: the answer could be answered in turn.
        return segment.flags.contains(.rst) ? decision.unanswered : decision
    }

    mutating func insertFlow(_ fingerprint: Fingerprint, at now: Instant) -> UInt32 {
        // Two at most, so that expiry keeps ahead of insertion and no packet pays for many.
        for _ in 0..<2 {
            let (oldest, isExpired) = flows.candidateForEviction(at: now)
            guard oldest != 0 else { break }
            if isExpired == false {
                allEvictedFlows &+= 1
                if isOwed(oldest) { evictedFlows += 1 }
            }
            removeFlow(oldest)
        }
        noteNewFlow()
        return flows.insert(fingerprint, at: now)
    }

    /// Whether a flow is waited for that has not shown a message yet.
    private func isOwed(_ flow: UInt32) -> Bool {
        flows[flow].state == .undecided && flows[flow].first.isJudged == false && flows[flow].second.isJudged == false
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

    /// Whether the beginning of a message waits for its rest. A SYN may then be there to make it forgotten; where it is another connection's,
    /// that connection's hello shows by itself, from outside the window.
    private mutating func hasUnreadData(_ flow: UInt32, _ isSecond: Bool) -> Bool {
        let assembly = flows[flow][isSecond].assembly
        return assembly != 0 && assembler[assembly].start < assembler[assembly].highest
            && flows[flow].state == .undecided
    }

    /// Notes where a direction's data begin, which its SYN says (RFC 9293 §3.4).
    private mutating func start(_ flow: UInt32, _ isSecond: Bool, _ segment: TCPSegment) {
        let origin = segment.sequenceNumber &+ 1
        let isRepeated = flows[flow][isSecond].state != .unseen && flows[flow].firstSequence(isSecond) == origin
        guard isRepeated == false, hasUnreadData(flow, isSecond) == false else { return }
        if segment.flags.contains(.ack) == false {
            // A new connection between the same endpoints: what was known of the one before says nothing of it. A blocked flow
            // waits for the new connection's hello, since a SYN alone may be there only to lift the block.
            release(flow)
            noteNewFlow()
            if flows[flow].state.isBlocked == false { flows.restart(flow, client: isSecond) }
        } else if flows[flow].hasKnownClient == false {
            flows[flow].setClient(isSecond == false, isKnown: true)
        }
        guard flows[flow].state == .undecided || segment.flags.contains(.ack) == false else { return }
        close(flow, isSecond)
        flows[flow].open(isSecond, at: origin, candidates: candidates)
    }

    /// What becomes of a packet of a blocked flow; nil where it begins a new connection's stream and the flow is undecided again.
    private mutating func reopen(_ flow: UInt32, _ isSecond: Bool, _ segment: TCPSegment) -> Decision? {
        let blocked = decisionOfBlocked(flow, segment)
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

    /// Notes the dissectors that the stream of the present segment is shown to.
    private mutating func noteCandidates() {
        candidates = Self.candidates(configuration, fiveTuple)
    }

    /// The dissectors that streams of a five-tuple are shown to. Static, since a call that only borrows the inspector would copy it whole.
    private static func candidates(_ configuration: InspectorConfiguration, _ tuple: FiveTuple) -> DissectorSet {
        var set = DissectorSet(rawValue: 0)
        if configuration.mayBeDNS(tuple) { set.insert(.dns) }
        if configuration.inspectsTLS, Dissectors.tls.mayBeMine(tuple) { set.insert(.tls) }
        if configuration.inspectsHTTP, Dissectors.http.mayBeMine(tuple) { set.insert(.http) }
        if configuration.inspectsTLS, Dissectors.upgrade.mayBeMine(tuple) { set.insert(.upgrade) }
        return set
    }

    mutating func evictOldestStream(sparing spared: UInt32) -> Bool {
        let oldest = assembler.oldest
        guard oldest != 0, assembler[oldest].flow != spared else { return false }
        let flow = assembler[oldest].flow
        let isSecond = assembler[oldest].isSecond
        if assembler[oldest].start >= assembler[oldest].highest {
            // It was read; only whether it comes again and differs is not known.
            settleRead(flow, isSecond)
            guard flows[flow][isSecond].reading.candidates.isEmpty else { return true }
            release(flow)
            flows.decide(flow, .accepted)
            return true
        }
        evictedStreams += 1
        release(flow)
        flows.decide(flow, .accepted)
        return true
    }

    /// Judges what was found of a flow that goes on; a listed name blocks it for good.
    mutating func judge(_ flow: UInt32, from first: Int) -> Decision {
        guard findings.judge(from: first, against: blocklist) == .drop else { return Decision(.accept) }
        release(flow)
        var decision = findings.decision(flowMark: .blocked)
        guard fiveTuple.transport == TransportProtocol.tcp, let response = decision.response else {
            flows.decide(flow, .blocked)
            return decision
        }
        switch response {
        case .page where configuration.answersHTTP == false: decision = decision.answered(.reset, flowMark: .refused)
        // The kernel would reset the connection while the client still reads.
        case .answer, .rewrite, .page: decision = decision.answered(response, flowMark: nil)
        case .reset, .unreachable: decision = decision.answered(response, flowMark: .refused)
        }
        flows.decide(flow, decision.flowMark == nil ? .answered : .refused)
        return decision
    }

    /// What becomes of a packet of a blocked flow: a client that has its answer acknowledges it and closes, and only then is reset.
    private func decisionOfBlocked(_ flow: UInt32, _ segment: TCPSegment) -> Decision {
        if flows[flow].state == .blocked { return Decision(.drop, flowMark: .blocked) }
        let isAcknowledgment = segment.payload.count == 0 && segment.flags.contains(.fin) == false
        if flows[flow].state == .answered, isAcknowledgment { return Decision(.drop) }
        return Decision(.drop, flowMark: .refused, response: segment.flags.contains(.rst) ? nil : .reset)
    }

    /// Lets a flow go once its client's direction has nothing more to say.
    mutating func acceptIfClientIsClosed(_ flow: UInt32, _ isSecond: Bool) {
        let isOtherClosed = flows[flow][isSecond == false].state == .closed
        guard flows[flow].isClient(isSecond) || isOtherClosed, flows[flow].state == .undecided else { return }
        release(flow)
        flows.decide(flow, .accepted)
    }
}

extension HashKey {
    func fingerprint(of key: FlowKey) -> Fingerprint {
        let ends = key.endpoints
        let ports = UInt64(ends.sourcePort) &<< 32 | UInt64(ends.destinationPort) &<< 16 | UInt64(ends.transport)
        // Both are of one version, and of IPv4 only 32 bits of each address are in use.
        if ends.source.version == .v4 { return fingerprint(ends.source.low &<< 32 | ends.destination.low, ports) }
        return fingerprint(ends.source.high, ends.source.low, ends.destination.high, ends.destination.low, ports)
    }
}
