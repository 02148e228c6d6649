package import Blocklists
import QUICProtection
package import Telemetry
package import Wire

/// The whole pipeline: a packet and a time go in, a decision comes out.
///
/// A value without descriptors, threads or a clock; each worker owns one. After its buffers have grown to what the traffic needs it
/// allocates nothing, locks nothing and counts no references per packet.
package struct Inspector: ~Copyable, Sendable {
    /// The five-tuple of the packet last inspected; ports are zero where the packet has none.
    package internal(set) var fiveTuple: FiveTuple

    /// The blocklist that names are looked up in.
    package private(set) var blocklist: Blocklist

    /// Flows that the last packet pushed out of the full table before they were decided.
    package internal(set) var evictedFlows = 0

    /// How many names the packet last inspected completed. Stored, since a call from another target would copy the whole inspector.
    package private(set) var findingCount = 0

    /// Whether a list has one of those names; stored for the same reason.
    package private(set) var isMatched = false

    /// The odd forms that the packet last inspected showed.
    package private(set) var anomalies = AnomalySet()

    /// The form of encrypted DNS of which the packet last inspected showed a flow, once for each flow; nil where it showed none.
    package internal(set) var encryptedDNS: EncryptedDNS?

    /// Streams and fragmented packets that the last packet pushed out of their budget before they were complete.
    package internal(set) var evictedStreams = 0

    /// Data of the last packet that differed from what came before and for which there was no room beside it.
    package internal(set) var lostOverlaps = 0

    /// Fragmented packets whose time had run out before they were complete, as the last packet showed.
    package internal(set) var unfinishedDatagrams = 0

    /// The most packets that can be looked at before the first is inspected.
    package static var lookAheadLimit: Int { LookupBatch.capacity }

    let configuration: InspectorConfiguration
    private let source: BlocklistSource
    private var generation: UInt64
    var findings = Findings()
    /// The dissectors that the stream of the present segment is shown to.
    var candidates = DissectorSet(rawValue: 0)
    var flows: FlowTable
    /// The flow of the packet last inspected; zero where it has none, or its flow is inside a tunnel.
    var presentFlow: UInt32 = 0
    /// What is still to be forgotten of earlier decisions.
    var withdrawal = Withdrawal()
    var assembler: StreamAssembler
    var message: MessageBuffer
    var scratch: MessageBuffer
    var opener: InitialOpener
    var quicFlows: FlatArray<QUICFlow>
    /// The frames of the Initial that was opened last.
    var quicFrames: [UInt8] = []
    /// The version of the Initial whose frames were taken in last.
    var quicVersion = QUICVersion.v1
    /// Whether the flow table may hold flows of QUIC: no UDP packet is looked up there before it does.
    var hasQUICFlows = false
    /// Flows of any kind that were forgotten for want of room since the start.
    var allEvictedFlows = 0
    var fragments: FragmentAssembler
    var datagrams = DatagramBuffers()
    var queries = QueryBatch()
    var flowBatch = FlowBatch()
    /// The fingerprint of the present packet's flow, where it was made before.
    var madeFingerprint: Fingerprint?
    /// The query in the present packet, where it was looked up before.
    var lookedUp: Int?
    /// The query in the packet last inspected, where its name is on no list. It is a finding once somebody asks for it: nearly always its count is all
    /// that anybody wants to know.
    private(set) var unlistedQuery: Int?

    /// An inspector that has seen nothing.
    ///
    /// - Parameters:
    ///   - configuration: its limits and mechanisms.
    ///   - blocklists: where the lists come from.
    ///   - isPrepared: whether the ciphers of QUIC are there from the beginning. Where they are not, the first Initial waits for them, more than a
    ///     millisecond; a process that may end without one then never does.
    package init(configuration: InspectorConfiguration, blocklists: BlocklistSource, isPrepared: Bool = true) {
        opener = InitialOpener(isPrepared: isPrepared)
        self.configuration = configuration
        source = blocklists
        (blocklist, generation) = blocklists.latest
        looksUpAhead = blocklist.byteCount >= configuration.lookAheadSize
        let nowhere = IPAddress(v4: 0)
        fiveTuple = FiveTuple(source: nowhere, destination: nowhere, sourcePort: 0, destinationPort: 0, transport: 0)
        flows = FlowTable(capacity: configuration.flowCapacity, idleTimeout: configuration.flowTimeout)
        quicFlows = FlatArray(count: configuration.flowCapacity + 1, isFilledInOrder: true)
        assembler = StreamAssembler(budget: configuration.streamBudget, streamLimit: configuration.streamLimit)
        message = MessageBuffer(capacity: configuration.streamLimit)
        scratch = MessageBuffer(capacity: configuration.streamLimit)
        fragments = FragmentAssembler(budget: configuration.fragmentBudget)
    }

    /// Takes the blocklist that was published last; to be called between batches.
    package mutating func refreshBlocklist() {
        guard source.refresh(&blocklist, seen: &generation) else { return }
        looksUpAhead = blocklist.byteCount >= configuration.lookAheadSize
    }

    /// The generation of ``blocklist``.
    package var blocklistGeneration: UInt64 { generation }

    /// One of the names of the packet last inspected.
    package func finding(at index: Int) -> Finding {
        guard index == 0, let unlistedQuery else { return findings[index] }
        return Finding(unlistedQuery: queries.name(unlistedQuery))
    }

    /// Whether a list has one of the names of the packet last inspected.
    ///
    /// Mutating although nothing changes, as is ``withFinding(at:_:)``: an inspector that is only borrowed would be copied whole for the call.
    package mutating func isListed(at index: Int) -> Bool { isMatched && findings.all[index].match != nil }

    /// Calls `body` with one of the names of the packet last inspected, and the name itself where it lies: nothing is copied.
    package mutating func withFinding<Result>(
        at index: Int,
        _ body: (borrowing Finding, DomainNameView) -> Result
    ) -> Result {
        if let query = unlistedQuery {
            findings.addUnlistedQuery(queries.name(query))
            unlistedQuery = nil
        }
        return body(findings.all[index], findings.all[index].name.view)
    }

    /// The DNS message whose name decided about the packet last inspected, for ``Response/answer`` and ``Response/rewrite``; empty where it
    /// is too long to be answered. It may have come in several segments or fragments.
    package var decidingMessage: Span<UInt8> {
        @_lifetime(borrow self)
        get { findings.decidingMessage }
    }

    /// How many flows are remembered.
    package var flowCount: Int { flows.count }

    /// Octets of memory that hold data waiting for a message to be complete.
    package var waitingByteCount: Int { assembler.blocksInUse * StreamAssembler.blockCost }

    /// How many fragmented packets wait for the rest of them.
    package var waitingDatagrams: Int { fragments.waitingCount }

    /// Whether the lists are so long that a lookup waits for memory.
    private var looksUpAhead: Bool

    /// Whether there are so many flows that finding one waits for memory; as it was when the batch began.
    private var findsAhead = false

    /// Whether the packets of the present batch are looked at first.
    private var isLookedAt = false

    /// Decides about one packet.
    ///
    /// - Parameters:
    ///   - packet: an IP packet, without a link header; anything else is accepted and counted.
    ///   - now: when it was seen; a time before an earlier packet's is allowed.
    /// - Returns: the verdict, and what else follows from the packet.
    package mutating func inspect(_ packet: Span<UInt8>, at now: Instant) -> Decision {
        forgetLast()
        var decision = decide(packet, at: now, depth: 0)
        if let fault = findings.fault { decision = decision.noting(fault) }
        if let cause = decision.undecided, decision.verdict == .accept { decision = settleUnjudged(decision, cause) }
        findingCount = findings.count
        isMatched = findingCount > 0 && findings.areMatched
        anomalies = findings.anomalies
        encryptedDNS = findings.encryptedDNS
        if encryptedDNS != nil { dropDoubleCount() }
        return decision
    }

    /// Begins a batch of packets; the names of the packet last inspected are forgotten.
    ///
    /// - Returns: whether it pays to look at them with ``lookAhead(_:as:)`` before the first is inspected: whether the lists are so long or the flows so
    ///   many that each packet would wait for memory alone.
    package mutating func beginBatch() -> Bool {
        unlistedQuery = nil
        findingCount = 0
        isMatched = false
        queries.removeAll()
        flowBatch.removeAll()
        findsAhead = flows.count >= configuration.lookAheadFlows
        isLookedAt = looksUpAhead || findsAhead
        return isLookedAt
    }

    /// Looks at a packet of the batch; nothing of it is counted or noted.
    ///
    /// - Parameters:
    ///   - packet: as for ``inspect(_:at:)``.
    ///   - index: its place in the batch, of ``lookAheadLimit`` at most.
    package mutating func lookAhead(_ packet: Span<UInt8>, as index: Int) {
        guard let packet = try? IPPacket(parsing: packet), packet.isFragment == false else { return }
        switch packet.transport {
        case TransportProtocol.udp:
            guard let datagram = try? UDPDatagram(parsing: packet.payload),
                findsAhead || DNSDissector.isForServer(datagram.destinationPort), Self.mayBeTunnel(datagram) == false
            else { return }
            let tuple = packet.fiveTuple(datagram.sourcePort, datagram.destinationPort)
            if configuration.mayBeDNS(tuple) {
                if looksUpAhead, DNSDissector.isForServer(tuple.destinationPort) {
                    queries.add(datagram.payload, tuple, packet: index)
                }
            } else if findsAhead, hasQUICFlows {
                flowBatch.add(configuration.flowKey.fingerprint(of: tuple.flowKey), packet: index, in: flows)
            }
        case TransportProtocol.tcp where findsAhead:
            guard let segment = try? TCPSegment(parsing: packet.payload) else { return }
            let tuple = packet.fiveTuple(segment.sourcePort, segment.destinationPort)
            flowBatch.add(configuration.flowKey.fingerprint(of: tuple.flowKey), packet: index, in: flows)
        default: return
        }
    }

    /// Looks up what the packets of the batch ask for, and has their flows brought in; the blocklist must not be refreshed from here on until they are
    /// inspected.
    package mutating func endLookAhead() {
        if findsAhead { flowBatch.prefetch(in: flows) }
        if looksUpAhead { queries.lookUp(in: blocklist) }
    }

    /// Decides about a packet that was looked at, as ``inspect(_:at:)`` would.
    ///
    /// - Parameters:
    ///   - packet: the packet.
    ///   - index: its place in the batch.
    ///   - now: when it was seen.
    /// - Returns: the verdict, and what else follows from the packet.
    package mutating func inspect(_ packet: Span<UInt8>, as index: Int, at now: Instant) -> Decision {
        guard isLookedAt else { return inspect(packet, at: now) }
        guard let query = queries.query(ofPacket: index) else {
            madeFingerprint = flowBatch.fingerprint(ofPacket: index)
            defer { madeFingerprint = nil }
            return inspect(packet, at: now)
        }
        guard queries.isUnlisted(query) else {
            lookedUp = query
            defer { lookedUp = nil }
            return inspect(packet, at: now)
        }
        forgetLast()
        fiveTuple = queries.fiveTuple(query)
        unlistedQuery = query
        findingCount = 1
        isMatched = false
        anomalies = AnomalySet()
        encryptedDNS = nil
        return Decision(.accept)
    }

    private mutating func forgetLast() {
        findings.reset()
        unlistedQuery = nil
        evictedFlows = 0
        evictedStreams = 0
        lostOverlaps = 0
        unfinishedDatagrams = 0
        presentFlow = 0
    }

    /// Decides about the IP packet that `packet` starts with, inside so many others.
    mutating func decide(_ packet: Span<UInt8>, at now: Instant, depth: Int) -> Decision {
        do throws(WireError) {
            let packet = try IPPacket(parsing: packet)
            return decide(packet, at: now, depth: depth)
        } catch .truncated {
            return Decision(.accept, undecided: .truncated)
        } catch {
            return Decision(.accept, undecided: .malformed)
        }
    }

    /// Decides about a packet by what it carries.
    mutating func decide(_ packet: IPPacket, at now: Instant, depth: Int) -> Decision {
        guard packet.isFragment == false else {
            fiveTuple = packet.fiveTuple(0, 0)
            return inspectFragment(packet, at: now, depth: depth)
        }
        do throws(WireError) {
            switch packet.transport {
            case TransportProtocol.udp:
                let datagram = try UDPDatagram(parsing: packet.payload)
                if Self.mayBeTunnel(datagram),
                    let decision = inspectTunnel(datagram, at: now, depth: depth)
                {
                    return decision
                }
                return try inspectDatagram(datagram, of: packet, at: now)
            case TransportProtocol.tcp:
                return try inspectSegment(TCPSegment(parsing: packet.payload), of: packet, at: now)
            default:
                fiveTuple = packet.fiveTuple(0, 0)
                return try inspectTunnel(packet, at: now, depth: depth)
            }
        } catch {
            fiveTuple = packet.fiveTuple(0, 0)
            return Decision(.accept, undecided: packet.isTruncated ? .truncated : .malformed)
        }
    }
}

extension IPPacket {
    func fiveTuple(_ sourcePort: UInt16, _ destinationPort: UInt16) -> FiveTuple {
        FiveTuple(
            source: source,
            destination: destination,
            sourcePort: sourcePort,
            destinationPort: destinationPort,
            transport: transport
        )
    }
}
