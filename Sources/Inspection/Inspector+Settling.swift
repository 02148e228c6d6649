import Telemetry
import Wire

/// Data that were read and that the server need not have yet: they may come again and differ, and the server may take the one or the other.
/// Tools that hide names rely on it: they send a harmless hello that the sensor sees and the server does not, by its checksum or its hops.
extension Inspector {
    /// The most readings of one direction that are judged; whoever needs more is not told apart from noise.
    static let readingLimit: UInt16 = 4_096

    /// Notes what a packet of an undecided flow says that its sender, or by it the other side, has received.
    ///
    /// - Returns: what becomes of the packet where that decides the flow.
    mutating func noteAcknowledgment(_ segment: TCPSegment, _ flow: UInt32, _ isSecond: Bool) -> Decision? {
        guard segment.flags.contains(.ack) else { return nil }
        let acknowledged = segment.acknowledgmentNumber
        let other = flows[flow][isSecond == false].assembly
        if other != 0, flows[flow][isSecond == false].state == .open {
            let offset = Int(Int32(bitPattern: acknowledged &- flows[flow][isSecond == false].origin))
            if offset >= Int(min(assembler[other].start, assembler[other].highest)) {
                return settle(flow, isSecond == false)
            }
        }
        // The client has received something since it sent its data, so the server had them before it answered.
        let half = flows[flow][isSecond]
        guard half.assembly != 0, half.state == .open, half.traits.contains(.hasAcknowledgment),
            Int32(bitPattern: acknowledged &- half.acknowledgment) > 0
        else { return nil }
        return settle(flow, isSecond)
    }

    /// The server has what was read of a direction: it need not be kept on.
    ///
    /// - Returns: what becomes of the packet where that decides the flow.
    mutating func settle(_ flow: UInt32, _ isSecond: Bool) -> Decision? {
        if flows[flow][isSecond].assembly != 0 { settleRead(flow, isSecond) }
        guard flows[flow][isSecond].reading.candidates.isEmpty, flows[flow][isSecond].state == .open else { return nil }
        close(flow, isSecond)
        acceptIfClientIsClosed(flow, isSecond)
        return flows[flow].state == .accepted ? Decision(.accept, flowMark: .accepted) : nil
    }

    /// Forgets what was read of a direction, so that its window moves on.
    ///
    /// - Returns: by how many octets.
    @discardableResult
    mutating func settleRead(_ flow: UInt32, _ isSecond: Bool) -> Int {
        let assembly = flows[flow][isSecond].assembly
        let start = assembler[assembly].start
        flows[flow][isSecond].firstReading = flows[flow][isSecond].reading
        let moved: UInt32
        if start >= assembler[assembly].highest {
            if start > assembler[assembly].highest { flows[flow][isSecond].traits.insert(.isSkipping) }
            assembler.close(assembly)
            flows[flow][isSecond].assembly = 0
            moved = start
        } else {
            moved = assembler.compact(assembly)
        }
        flows[flow][isSecond].origin &+= moved
        return Int(moved)
    }

    /// Moves the window of a direction on although it is not known that the server has what was read.
    ///
    /// - Returns: by how many octets.
    mutating func makeRoom(_ flow: UInt32, _ isSecond: Bool) -> Int {
        let assembly = flows[flow][isSecond].assembly
        guard assembly != 0, assembler[assembly].start > assembler[assembly].base else { return 0 }
        return settleRead(flow, isSecond)
    }

    /// Whether a segment brings only octets that need not be read: the rest of a message that is longer than its names. `distance` says how
    /// far behind the window's beginning the segment begins; where the window moves on, it is set anew.
    mutating func passesOverSkipped(_ distance: inout Int, _ count: Int, _ flow: UInt32, _ isSecond: Bool) -> Bool {
        if flows[flow][isSecond].traits.contains(.isSkipping) {
            guard distance + count > 0 else { return true }
            if distance <= 0 { flows[flow][isSecond].traits.remove(.isSkipping) }
            return false
        }
        let assembly = flows[flow][isSecond].assembly
        guard assembly != 0, assembler[assembly].start > assembler[assembly].highest,
            distance >= Int(assembler[assembly].highest)
        else { return false }
        if distance + count <= Int(assembler[assembly].start) { return true }
        distance -= settleRead(flow, isSecond)
        if distance <= 0 { flows[flow][isSecond].traits.remove(.isSkipping) }
        return false
    }

    /// Judges a message that was read and has come once more, unchanged, before the server had it: the lists may be others by now.
    mutating func judgeAgain(_ payload: Span<UInt8>, at offset: Int, _ flow: UInt32, _ isSecond: Bool) -> Decision {
        let assembly = flows[flow][isSecond].assembly
        guard offset <= Int(assembler[assembly].base),
            offset + payload.count >= Int(min(assembler[assembly].start, assembler[assembly].highest))
        else { return Decision(.accept) }
        let first = findings.count
        var reading = flows[flow][isSecond].firstReading
        let message = payload.extracting(droppingFirst: Int(assembler[assembly].base) - offset)
        _ = Self.read(message, isFinal: false, candidates, &reading, &scratch, &findings)
        return judge(flow, from: first)
    }

    /// Judges a segment by itself: what it says counts only where it is listed.
    mutating func judgeAlone(_ payload: Span<UInt8>, _ flow: UInt32) -> Decision {
        let first = findings.count
        var reading = StreamReading(candidates)
        _ = Self.read(payload, isFinal: false, candidates, &reading, &scratch, &findings)
        guard findings.isMatched(from: first, against: blocklist) else {
            findings.truncate(to: first)
            return Decision(.accept)
        }
        return judge(flow, from: first)
    }

    /// Judges what a stream says where octets that came twice and differed are chosen in each way.
    /// `first` says where the names of this packet begin, and `areResent` whether the octets belong to a message that was read before: what
    /// they say now is then news.
    mutating func judgeOverlaps(_ flow: UInt32, _ isSecond: Bool, from first: Int, areResent: Bool) -> Decision {
        let assembly = flows[flow][isSecond].assembly
        guard assembler[assembly].contiguous >= assembler[assembly].neededByOverlaps else { return Decision(.accept) }
        let choices = UInt32(1) << UInt32(assembler.overlapCount(assembly))
        var needed = Int.max
        for choice in 1..<max(choices, 2) {
            guard takeReading(flow) else { break }
            let before = findings.count
            assembler.gather(assembly, choosing: choice, into: &message)
            var reading = flows[flow][isSecond].firstReading
            let progress = Self.read(gathered: &message, isFinal: false, candidates, &reading, &scratch, &findings)
            if case .waiting(let consumed, let more) = progress {
                needed = min(needed, Int(assembler[assembly].base) + consumed + max(more, 1))
            }
            let decision = keepOrForget(from: before, since: first, isNews: areResent && choice == choices - 1, flow)
            guard decision.verdict == .accept else { return decision }
        }
        assembler[assembly].neededByOverlaps = UInt32(clamping: needed)
        return Decision(.accept)
    }

    /// Counts one more reading of a flow; false where it has had as many as it may.
    mutating func takeReading(_ flow: UInt32) -> Bool {
        guard flows[flow].first.judgedReadings < Self.readingLimit else {
            lostOverlaps += 1
            return false
        }
        flows[flow].first.judgedReadings += 1
        return true
    }

    /// Judges the names of one reading. A name made of pieces that no sender may have put together so is worth a word only where it is
    /// listed, or where it is news.
    mutating func keepOrForget(from before: Int, since first: Int, isNews: Bool, _ flow: UInt32) -> Decision {
        findings.removeRepeated(from: before, since: first)
        guard isNews || findings.isMatched(from: before, against: blocklist) else {
            findings.truncate(to: before)
            return Decision(.accept)
        }
        return judge(flow, from: before)
    }
}
