import Blocklists
import Telemetry
import Wire

/// Room for datagrams that were put together: a fragment may lie in a tunnel whose packets are fragments themselves.
struct DatagramBuffers: ~Copyable, Sendable {
    private var one: DatagramBuffer? = DatagramBuffer()
    private var other: DatagramBuffer? = DatagramBuffer()

    /// A buffer that is not in use; nil where both are.
    mutating func take() -> DatagramBuffer? {
        one.take() ?? other.take()
    }

    /// Gives back a buffer that was taken.
    mutating func giveBack(_ buffer: consuming DatagramBuffer) {
        if one == nil { one = consume buffer } else { other = consume buffer }
    }
}

/// IP fragments: kept until the packet is whole, and judged with the fragment that completes it.
extension Inspector {
    mutating func inspectFragment(_ packet: IPPacket, at now: Instant, depth: Int) -> Decision {
        guard packet.isTruncated == false else { return inspectCutFragment(packet, at: now, depth: depth) }
        let fingerprint = configuration.flowKey.fingerprint(ofFragment: packet)
        var hasConflict = false
        let outcome = fragments.add(
            fingerprint,
            offset: packet.fragmentOffset,
            packet.payload,
            isLast: packet.hasMoreFragments == false,
            transport: packet.transport,
            at: now,
            hasConflict: &hasConflict
        )
        unfinishedDatagrams += fragments.expired
        evictedStreams += fragments.evicted
        fragments.expired = 0
        fragments.evicted = 0
        if hasConflict { findings.anomalies.insert(.overlapConflict) }

        switch outcome {
        case .waiting: return Decision(.accept)
        case .givenUp: return Decision(.accept, undecided: .fragment)
        case .blocked: return Decision(.drop)
        case .complete(let shortest, let longest, let isSettled):
            // The buffer leaves the inspector for as long as what lies in it is inspected.
            guard var buffer = datagrams.take() else { return Decision(.accept, undecided: .fragment) }
            let first = findings.count
            let decision = judge(packet, fingerprint, shortest...longest, &buffer, at: now, depth: depth)
            datagrams.giveBack(buffer)
            if findings.count > first { findings.anomalies.insert(.fragmented) }
            if decision.verdict == .drop {
                fragments.block(fingerprint, at: now)
            } else if isSettled {
                fragments.noteJudged(fingerprint, at: now)
            }
            return decision
        }
    }

    /// Judges every reading of a datagram that is whole; the first that is to be dropped decides.
    private mutating func judge(
        _ packet: IPPacket,
        _ fingerprint: Fingerprint,
        _ ends: ClosedRange<Int>,
        _ buffer: inout DatagramBuffer,
        at now: Instant,
        depth: Int
    ) -> Decision {
        let first = findings.count
        var result = Decision(.accept, undecided: .fragment)
        for step in 0..<2 * OverlapReading.count {
            // What is inspected may hold fragments of its own, which may push this datagram out.
            let index = fragments.find(fingerprint)
            guard index != 0, let reading = OverlapReading(rawValue: UInt8(step / 2)),
                reading == .first || fragments.hasConflict(index)
            else { return result }
            let end = step % 2 == 0 ? ends.lowerBound : ends.upperBound
            guard step % 2 == 0 || ends.count > 1 else { continue }
            fragments.gather(index, reading, count: end, into: &buffer)
            let known = findings.count
            let transport = fragments.transport(index, reading)
            let decision = decide(reassembled: buffer.bytes, transport, of: packet, at: now, depth: depth)
            if decision.verdict == .drop { return decision }
            if step == 0 { result = decision }
            findings.removeRepeats(of: first..<known)
        }
        return result
    }

    private mutating func decide(
        reassembled datagram: Span<UInt8>,
        _ transport: UInt8,
        of fragment: IPPacket,
        isCut: Bool = false,
        at now: Instant,
        depth: Int
    ) -> Decision {
        do throws(WireError) {
            let packet = try IPPacket(
                payload: datagram,
                transport: transport,
                source: fragment.source,
                destination: fragment.destination,
                isTruncated: isCut
            )
            return decide(packet, at: now, depth: depth)
        } catch {
            return Decision(.accept, undecided: isCut ? .truncated : .malformed)
        }
    }

    /// A fragment that was cut by a copy range or a snap length completes nothing; of a first one, what is there is read.
    private mutating func inspectCutFragment(_ packet: IPPacket, at now: Instant, depth: Int) -> Decision {
        guard packet.fragmentOffset == 0 else { return Decision(.accept, undecided: .truncated) }
        return decide(
            reassembled: packet.payload,
            packet.transport,
            of: packet,
            isCut: true,
            at: now,
            depth: depth
        )
    }
}

extension HashKey {
    /// The fingerprint of what the fragments of one packet have in common (RFC 791 §3.2, RFC 8200 §4.5: there without the protocol).
    fileprivate func fingerprint(ofFragment packet: IPPacket) -> Fingerprint {
        let source = packet.source
        let destination = packet.destination
        let transport = source.version == .v4 ? packet.transport : 0
        let rest = UInt64(packet.identification) &<< 16 | UInt64(transport) &<< 8 | UInt64(source.version.rawValue)
        return fingerprint(source.high, source.low, destination.high, destination.low, rest)
    }
}
