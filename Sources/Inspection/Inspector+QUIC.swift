import Blocklists
import QUICProtection
import Telemetry
import Wire

/// QUIC: clients' Initial packets opened, their CRYPTO data put in order and judged (RFC 9000, RFC 9001, RFC 9369).
///
/// Only what a client sends is needed. A packet is a client's Initial where it opens with a client's keys, whichever way it goes; all others
/// decide nothing, save that a client goes on to other packets only once the server has answered its hello.
extension Inspector {
    /// Initials that are opened in one datagram; a client puts one or two in one. Others are passed over at little cost, however many.
    private static let initialLimit = 16

    /// Packets from behind the hello after which a hello that is not complete is no longer waited for.
    private static let laterLimit: UInt8 = 8

    private static let port: UInt16 = 443

    /// Takes in a datagram that is no DNS message.
    mutating func inspectQUIC(_ datagram: UDPDatagram, of packet: IPPacket, at now: Instant) -> Decision {
        let payload = datagram.payload
        let number = QUICLongHeader.versionNumber(of: payload)
        if number != nil { opener.prepare() }
        let isKnown = number.map { isReadable($0) } ?? false
        guard hasQUICFlows || isKnown || isUnknownVersion(number, payload) else { return Decision(.accept) }

        let key = fiveTuple.flowKey
        let fingerprint = madeFingerprint ?? configuration.flowKey.fingerprint(of: key)
        var flow = hasQUICFlows ? flows.find(fingerprint, at: now) : 0
        if flow != 0, isKnown == false, flows[flow].state.isBlocked { return Decision(.drop, flowMark: .blocked) }
        var cause: UndecidedCause?
        if isKnown {
            let isCut = packet.isTruncated || datagram.isTruncated
            let verdict = read(
                payload,
                &flow,
                QUICArrival(
                    fingerprint: fingerprint,
                    isSecond: key.isReversed,
                    now: now,
                    fault: packet.isFragment ? .fragment : isCut ? .truncated : .malformed
                ),
                &cause
            )
            let isBlocked = flow != 0 && flows[flow].state.isBlocked
            guard verdict == .accept, isBlocked == false else {
                return findings.decision(flowMark: isBlocked ? .blocked : nil)
            }
        } else if isUnknownVersion(number, payload) {
            cause = passUnknown(&flow, fingerprint, now)
        } else if flow != 0, payload.count > 0, payload[0] & 0xC0 == 0x40 {
            cause = noteLaterPacket(flow, key.isReversed)
        }
        // Where an earlier connection between these ports was blocked, the kernel drops what the server answers until it is told otherwise.
        // Whatever it was told, it shows each packet with a long header, so that a hello whose rest is to come is still read.
        let isAccepted = flow != 0 && (flows[flow].state == .accepted || quicFlows[Int(flow)].hasBlocked)
        return Decision(.accept, flowMark: isAccepted ? .accepted : nil, undecided: cause)
    }

    /// Whether this is the first packet of a datagram of QUIC, of a version that is neither known nor Google's QUIC of before TLS.
    private func isUnknownVersion(_ number: UInt32?, _ payload: Span<UInt8>) -> Bool {
        guard let number, number != 0, number &>> 16 != 0x5130, payload[0] & 0x40 != 0,
            fiveTuple.destinationPort == Self.port || fiveTuple.sourcePort == Self.port
        else { return false }
        return isReadable(number) == false
    }

    /// Whether Initials of this version can be read; without ciphers those of none can, and are counted like those of unknown versions.
    private func isReadable(_ number: UInt32) -> Bool { opener.canOpen && QUICVersion(number: number) != nil }

    /// Counts a flow of an unknown version, once, and waits a while for the version that the server may name instead.
    private mutating func passUnknown(
        _ flow: inout UInt32,
        _ fingerprint: Fingerprint,
        _ now: Instant
    ) -> UndecidedCause? {
        if flow == 0 { flow = insertQUICFlow(fingerprint, at: now) }
        guard flows[flow].state == .undecided else { return nil }
        let isFirst = quicFlows[Int(flow)].hasCountedVersion == false
        quicFlows[Int(flow)].hasCountedVersion = true
        _ = noteLaterPacket(flow, flows[flow].isClient(true))
        return isFirst ? .unknownQUICVersion : nil
    }

    /// Reads the packets of a datagram.
    ///
    /// - Returns: drop where the flow is blocked from now on, or a packet belongs to an attempt that was.
    private mutating func read(
        _ payload: Span<UInt8>,
        _ flow: inout UInt32,
        _ arrival: QUICArrival,
        _ cause: inout UndecidedCause?
    ) -> Verdict {
        var offset = 0
        var isQUIC = flow != 0 || fiveTuple.destinationPort == Self.port || fiveTuple.sourcePort == Self.port
        var initials = 0
        while offset < payload.count {
            let rest = payload.extracting(droppingFirst: offset)
            guard rest[0] & 0x80 != 0 else {
                // A short header ends a datagram.
                if rest[0] & 0x40 != 0, flow != 0 { cause = noteLaterPacket(flow, arrival.isSecond) ?? cause }
                guard let next = Self.nextDatagram(in: rest) else { break }
                offset += next
                continue
            }
            do throws(WireError) {
                let header = try QUICLongHeader(parsing: rest)
                switch header.kind {
                case .initial:
                    initials += 1
                    guard initials <= Self.initialLimit else {
                        cause = .overBudget
                        return .accept
                    }
                    guard let attempt = try open(QUICInitialPacket(header), &flow, arrival, &cause) else { break }
                    isQUIC = true
                    guard quicFlows[Int(flow)][attempt].isBlocked == false else { return .drop }
                    let version = header.version ?? .v1
                    guard try takeFrames(of: attempt, version, flow, arrival, &cause) == .accept else {
                        quicFlows[Int(flow)][attempt].noteBlocked()
                        return .drop
                    }
                case .handshake:
                    if flow != 0 { cause = noteLaterPacket(flow, arrival.isSecond) ?? cause }
                case .zeroRTT, .retry, .versionNegotiation, .unknown: break
                }
                guard header.isTruncated == false else { break }
                offset += header.length
            } catch {
                // What is not QUIC breaks its format, too.
                if isQUIC { cause = arrival.fault }
                return .accept
            }
        }
        return .accept
    }

    /// Where the next datagram begins behind zeros that fill up one; nil where none does.
    ///
    /// A sender may hand several datagrams to the kernel as one (UDP_SEGMENT, udp(7)), and so they come to the queue. Firefox does that with the two
    /// that its hello takes, of which the first is filled up behind its packet.
    private static func nextDatagram(in rest: Span<UInt8>) -> Int? {
        var index = 0
        while index < rest.count, rest[index] == 0 { index &+= 1 }
        guard index > 0, let number = QUICLongHeader.versionNumber(of: rest.extracting(droppingFirst: index)),
            QUICVersion(number: number) != nil
        else { return nil }
        return index
    }

    /// Opens an Initial into `quicFrames` and finds the attempt it belongs to, or begins one.
    ///
    /// A flow that was decided begins anew with an attempt that it does not know: another connection may be for another name.
    /// - Returns: which of the flow's attempts; nil where the packet is not a client's, or belongs to a flow that is blocked.
    private mutating func open(
        _ packet: QUICInitialPacket,
        _ flow: inout UInt32,
        _ arrival: QUICArrival,
        _ cause: inout UndecidedCause?
    ) throws(WireError) -> Bool? {
        let connectionID = packet.destinationConnectionID
        if flow != 0 {
            let known = quicFlows[Int(flow)]
            for turn in 0..<2 {
                let isSecond = known.newest == (turn == 0)
                guard known[isSecond].hasKeys(of: connectionID) else { continue }
                guard known[isSecond].isBlocked == false else { return isSecond }
                guard flows[flow].state.isBlocked == false,
                    opener.open(packet, initialConnectionID: connectionID, into: &quicFrames)
                else { return nil }
                return isSecond
            }
            // Once the server has answered, a client writes the server's connection ID and keeps its keys (RFC 9001 §5.2).
            if flows[flow].state == .undecided || known.hasBlocked, flows[flow].isClient(arrival.isSecond) {
                for turn in 0..<2 {
                    let isSecond = known.newest == (turn == 0)
                    let attempt = known[isSecond]
                    guard attempt.isUsed, flows[flow].state == .undecided || attempt.isBlocked else { continue }
                    if opener.open(packet, initialConnectionID: attempt.connectionID, into: &quicFrames) {
                        return isSecond
                    }
                }
            }
        }
        // A client that begins, begins anew, or was told to retry: its keys follow from the connection ID it writes.
        guard flow == 0 || quicFlows[Int(flow)].placeForNext != nil,
            opener.open(packet, initialConnectionID: connectionID, into: &quicFrames)
        else { return nil }
        if flow == 0 {
            flow = insertQUICFlow(arrival.fingerprint, at: arrival.now)
        } else if flows[flow].state != .undecided {
            restart(flow, arrival)
        }
        flows[flow].setClient(arrival.isSecond, isKnown: true)
        guard let place = quicFlows[Int(flow)].placeForNext else { return nil }
        if packet.token.count > 0, quicFlows[Int(flow)][place == false].isUsed { findings.anomalies.insert(.quicRetry) }
        // A hello of which the rest is still to come has no place any more, as more are under way in this flow than are followed.
        if quicFlows[Int(flow)][place].isAwaited { cause = .overBudget }
        close(flow, place)
        quicFlows[Int(flow)][place] = QUICAttempt(connectionID: connectionID)
        quicFlows[Int(flow)].newest = place
        return place
    }

    /// Reads an attempt of a flow that was let go from the beginning: a client that was answered does not send its hello again, so that one with the
    /// same connection ID may be another's.
    private mutating func beginAnew(_ attempt: Bool, of flow: UInt32, _ arrival: QUICArrival) {
        var again = quicFlows[Int(flow)][attempt]
        again.beginAnew()
        restart(flow, arrival)
        quicFlows[Int(flow)][attempt] = again
    }

    /// Makes a flow that was decided one of which nothing is known but what was blocked.
    private mutating func restart(_ flow: UInt32, _ arrival: QUICArrival) {
        release(flow)
        flows.restart(flow, client: arrival.isSecond)
        quicFlows[Int(flow)].restart(from: quicFlows[0])
    }

    private mutating func insertQUICFlow(_ fingerprint: Fingerprint, at now: Instant) -> UInt32 {
        let flow = insertFlow(fingerprint, at: now)
        quicFlows[Int(flow)] = quicFlows[0]
        hasQUICFlows = true
        return flow
    }

    /// Takes in the frames of an Initial that was opened.
    ///
    /// - Throws: ``WireError`` where one of them is broken or does not belong into an Initial: a server takes nothing from such a packet.
    private mutating func takeFrames(
        of attempt: Bool,
        _ version: QUICVersion,
        _ flow: UInt32,
        _ arrival: QUICArrival,
        _ cause: inout UndecidedCause?
    ) throws(WireError) -> Verdict {
        quicVersion = version
        // Taken out of the inspector, so that what is read may be stored; no octet is copied.
        var frames: [UInt8] = []
        swap(&frames, &quicFrames)
        defer { swap(&frames, &quicFrames) }
        var dataEnd = 0
        var hasBeginning = false
        var hasAcknowledgment = false
        var offset = 0
        while offset < frames.count {
            let frame = try QUICFrame(parsing: frames.span.extracting(droppingFirst: offset), version: version)
            offset += frame.length
            if frame.kind == .crypto, frame.data.count > 0 {
                dataEnd = offset
                if frame.offset == 0 { hasBeginning = true }
            }
            if frame.kind == .acknowledgment { hasAcknowledgment = true }
        }
        if flows[flow].state == .accepted {
            // The rest of a hello that was given up is worth no room.
            guard dataEnd > 0, hasBeginning || quicFlows[Int(flow)][attempt].isRead else { return .accept }
            beginAnew(attempt, of: flow, arrival)
        }
        if dataEnd > 0 {
            let before = reach(of: attempt, flow)
            offset = 0
            // The padding behind the last of the data is not gone through again.
            while offset < dataEnd {
                let frame = try QUICFrame(parsing: frames.span.extracting(droppingFirst: offset), version: version)
                offset += frame.length
                guard frame.kind == .crypto, frame.data.count > 0 else { continue }
                if keep(frame.data, at: frame.offset, of: attempt, flow) == false { cause = .overBudget }
            }
            quicFlows[Int(flow)].newest = attempt
            if before != reach(of: attempt, flow) { quicFlows[Int(flow)][attempt].noteInitial() }
            guard judge(attempt, of: flow, &cause) == .accept else { return .drop }
        }
        if hasAcknowledgment { cause = noteLaterPacket(flow, arrival.isSecond) ?? cause }
        return .accept
    }

    /// How far an attempt's data reach, without a gap and in all.
    private func reach(of attempt: Bool, _ flow: UInt32) -> UInt64 {
        let assembly = flows[flow][attempt].assembly
        return UInt64(assembler[assembly].contiguous) << 32 | UInt64(assembler[assembly].highest)
    }

    /// Keeps data of an attempt's hello; what differs from data that came before is kept beside it.
    ///
    /// - Returns: false where there is no room for them.
    private mutating func keep(_ data: Span<UInt8>, at offset: Int, of attempt: Bool, _ flow: UInt32) -> Bool {
        guard offset <= assembler.streamLimit - data.count else { return false }
        if flows[flow][attempt].assembly == 0 {
            guard let assembly = openAssembly(flow, attempt) else { return false }
            flows[flow][attempt].assembly = assembly
        }
        let assembly = flows[flow][attempt].assembly
        if offset > Int(assembler[assembly].contiguous) { quicFlows[Int(flow)][attempt].noteOutOfOrder() }
        guard reserve(assembly, end: offset + data.count, flow) else { return false }
        switch assembler.store(data, at: offset, in: assembly) {
        case .agreed: break
        case .differed:
            findings.anomalies.insert(.overlapConflict)
            assembler[assembly].neededByOverlaps = 0
        case .lost:
            findings.anomalies.insert(.overlapConflict)
            lostOverlaps += 1
        }
        return true
    }

    /// An assembly for a direction or an attempt of a flow, for which the streams that have waited longest make room; nil where none is to be had.
    mutating func openAssembly(_ flow: UInt32, _ isSecond: Bool) -> UInt32? {
        var assembly = assembler.open(flow: flow, isSecond: isSecond)
        while assembly == 0 {
            guard evictOldestStream(sparing: flow) else { return nil }
            assembly = assembler.open(flow: flow, isSecond: isSecond)
        }
        return assembly
    }

    /// Whether an assembly has room for the octets up to `end`, for which the streams that have waited longest make room.
    mutating func reserve(_ assembly: UInt32, end: Int, _ flow: UInt32) -> Bool {
        while assembler.reserve(assembly, end: end) == false {
            guard evictOldestStream(sparing: flow) else { return false }
        }
        return true
    }

    /// Judges what was gathered of an attempt's handshake, where enough of it is there to be worth it: in each way to choose among data that
    /// came twice and differed.
    private mutating func judge(_ attempt: Bool, of flow: UInt32, _ cause: inout UndecidedCause?) -> Verdict {
        let assembly = flows[flow][attempt].assembly
        let first = findings.count
        let wasRead = assembler[assembly].start > 0
        if assembly != 0, assembler[assembly].contiguous >= assembler[assembly].needed,
            assembler[assembly].contiguous > assembler[assembly].start
        {
            assembler.gather(assembly, into: &message)
            let result = Self.readHellos(&message, limit: assembler.streamLimit, &findings)
            cause = result.cause ?? cause
            assembler[assembly].start += UInt32(clamping: result.consumed)
            assembler[assembly].needed = result.needed.map { assembler[assembly].start + UInt32(clamping: $0) } ?? .max
            note(result, attempt, of: flow, isFirst: wasRead == false)
            let decision = judge(flow, from: first)
            guard decision.verdict == .accept else { return decision.verdict }
        }
        guard assembler[assembly].hasOverlaps else { return .accept }
        return judgeOverlaps(of: assembly, flow, from: first, areResent: wasRead)
    }

    /// Notes of an attempt what its hellos show.
    private mutating func note(_ result: Hellos, _ attempt: Bool, of flow: UInt32, isFirst: Bool) {
        guard result.hellos > 0 || result.needed == nil else { return }
        if isFirst, result.hellos > 0 {
            if quicFlows[Int(flow)][attempt].initials > 1 { findings.anomalies.insert(.multiInitial) }
            if quicFlows[Int(flow)][attempt].isOutOfOrder { findings.anomalies.insert(.outOfOrder) }
        }
        if result.hellos > (isFirst ? 1 : 0) { findings.anomalies.insert(.secondHello) }
        quicFlows[Int(flow)][attempt].noteRead()
        flows[flow][attempt].reading.hasRead = true
    }

    /// Judges the hellos of an attempt where data that came twice and differed are chosen in each way, as
    /// ``judgeOverlaps(_:_:from:areResent:)`` does for TCP.
    private mutating func judgeOverlaps(
        of assembly: UInt32,
        _ flow: UInt32,
        from first: Int,
        areResent: Bool
    ) -> Verdict {
        guard assembler[assembly].contiguous >= assembler[assembly].neededByOverlaps else { return .accept }
        let choices = UInt32(1) << UInt32(assembler.overlapCount(assembly))
        var needed = Int.max
        for choice in 1..<choices {
            guard takeReading(flow) else { break }
            let before = findings.count
            assembler.gather(assembly, choosing: choice, into: &message)
            let result = Self.readHellos(&message, limit: assembler.streamLimit, &findings)
            needed = min(needed, result.needed.map { result.consumed + $0 } ?? Int.max)
            let decision = keepOrForget(from: before, since: first, isNews: areResent && choice == choices - 1, flow)
            guard decision.verdict == .accept else { return decision.verdict }
        }
        assembler[assembly].neededByOverlaps = UInt32(clamping: needed)
        return .accept
    }

    /// What a gathered stream of handshake messages holds.
    private struct Hellos {
        var hellos = 0
        var consumed = 0
        /// Octets from the end of what was consumed that are needed for the next message; nil where none is waited for.
        var needed: Int? = TLSClientHello.handshakeHeaderLength
        var cause: UndecidedCause?
    }

    /// Reads the hellos that start a gathered stream.
    private static func readHellos(
        _ message: inout MessageBuffer,
        limit: Int,
        _ findings: inout Findings
    ) -> Hellos {
        var result = Hellos()
        while message.count &- result.consumed >= TLSClientHello.handshakeHeaderLength {
            let bytes = message.bytes.extracting(droppingFirst: result.consumed)
            let length = TLSClientHello.handshakeLength(bytes) ?? Int.max
            guard bytes[0] == TLSClientHello.handshakeType, length <= limit else {
                result.needed = nil
                result.cause = bytes[0] == TLSClientHello.handshakeType ? .overBudget : .malformed
                return result
            }
            guard bytes.count >= length else {
                result.needed = length
                return result
            }
            do throws(WireError) {
                try findings.add(
                    TLSClientHello(parsing: bytes.extracting(TLSClientHello.handshakeHeaderLength..<length)),
                    of: .quic
                )
            } catch {
                result.cause = .malformed
            }
            result.hellos += 1
            result.consumed += length
        }
        return result
    }

    /// Notes a packet that a client sends only once the server has answered; where the hello was read by then, the flow is let go.
    ///
    /// Before it was, such packets are nothing to go by: one may be there to distract. Only a flow that goes on with them for a while
    /// has a hello that will not be seen.
    private mutating func noteLaterPacket(_ flow: UInt32, _ isSecond: Bool) -> UndecidedCause? {
        guard flows[flow].state == .undecided, flows[flow].hasKnownClient == false || flows[flow].isClient(isSecond)
        else { return nil }
        let isRead = quicFlows[Int(flow)].isRead
        quicFlows[Int(flow)].noteLaterPacket()
        guard isRead || quicFlows[Int(flow)].laterPackets >= Self.laterLimit else { return nil }
        release(flow)
        flows.decide(flow, .accepted)
        return isRead || quicFlows[Int(flow)].hasCountedVersion ? nil : .midstream
    }
}

/// What the packets of one datagram have in common.
private struct QUICArrival {
    var fingerprint: Fingerprint
    /// Whether the datagram goes from the flow's upper endpoint to the lower one.
    var isSecond: Bool
    var now: Instant
    /// What a packet that cannot be read is counted as.
    var fault: UndecidedCause
}
