package import Blocklists
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

    /// Streams that the last packet pushed out of the budget before their message was complete.
    package internal(set) var evictedStreams = 0

    let configuration: InspectorConfiguration
    private let source: BlocklistSource
    private var generation: UInt64
    var findings = Findings()
    var flows: FlowTable
    var assembler: StreamAssembler
    var message: MessageBuffer
    var scratch: MessageBuffer

    /// An inspector that has seen nothing.
    package init(configuration: InspectorConfiguration, blocklists: BlocklistSource) {
        self.configuration = configuration
        source = blocklists
        (blocklist, generation) = blocklists.latest
        let nowhere = IPAddress(v4: 0)
        fiveTuple = FiveTuple(source: nowhere, destination: nowhere, sourcePort: 0, destinationPort: 0, transport: 0)
        flows = FlowTable(capacity: configuration.flowCapacity, idleTimeout: configuration.flowTimeout)
        assembler = StreamAssembler(budget: configuration.streamBudget, streamLimit: configuration.streamLimit)
        message = MessageBuffer(capacity: configuration.streamLimit)
        scratch = MessageBuffer(capacity: configuration.streamLimit)
    }

    /// Takes the blocklist that was published last; to be called between batches.
    package mutating func refreshBlocklist() {
        _ = source.refresh(&blocklist, seen: &generation)
    }

    /// The generation of ``blocklist``.
    package var blocklistGeneration: UInt64 { generation }

    /// One of the names of the packet last inspected.
    package func finding(at index: Int) -> Finding { findings[index] }

    /// The protocol of one of the names of the packet last inspected, and where its match is counted, nil where it has none.
    ///
    /// Mutating although nothing changes: an inspector that is only borrowed would be copied whole for the call.
    package mutating func summary(at index: Int) -> (inspectedProtocol: InspectedProtocol, counterSlot: Int?) {
        let (inspectedProtocol, match) = findings.summary(at: index)
        guard let match else { return (inspectedProtocol, nil) }
        return (inspectedProtocol, blocklist.lists[match.list].counterSlot)
    }

    /// How many flows are remembered.
    package var flowCount: Int { flows.count }

    /// Octets of memory that hold data waiting for a message to be complete.
    package var waitingByteCount: Int { assembler.blocksInUse * StreamAssembler.blockCost }

    /// Decides about one packet.
    ///
    /// - Parameters:
    ///   - packet: an IP packet, without a link header; anything else is accepted and counted.
    ///   - now: when it was seen; a time before an earlier packet's is allowed.
    /// - Returns: the verdict, and what else follows from the packet.
    package mutating func inspect(_ packet: Span<UInt8>, at now: Instant) -> Decision {
        findings.reset()
        evictedFlows = 0
        evictedStreams = 0
        let decision = decide(packet, now)
        findingCount = findings.count
        return decision
    }

    private mutating func decide(_ packet: Span<UInt8>, _ now: Instant) -> Decision {
        do throws(WireError) {
            let packet = try IPPacket(parsing: packet)
            fiveTuple = FiveTuple(
                source: packet.source,
                destination: packet.destination,
                sourcePort: 0,
                destinationPort: 0,
                transport: packet.transport
            )
            guard packet.fragmentOffset == 0 else { return Decision(.accept, undecided: .fragment) }
            do throws(WireError) {
                switch packet.transport {
                case TransportProtocol.udp:
                    return try inspectDatagram(UDPDatagram(parsing: packet.payload), of: packet)
                case TransportProtocol.tcp:
                    return try inspectSegment(TCPSegment(parsing: packet.payload), of: packet, at: now)
                default:
                    return Decision(.accept)
                }
            } catch {
                return Decision(
                    .accept,
                    undecided: packet.isFragment ? .fragment : packet.isTruncated ? .truncated : .malformed
                )
            }
        } catch .truncated {
            return Decision(.accept, undecided: .truncated)
        } catch {
            return Decision(.accept, undecided: .malformed)
        }
    }
}

extension Inspector {
    private mutating func inspectDatagram(_ datagram: UDPDatagram, of packet: IPPacket) throws(WireError) -> Decision {
        fiveTuple = packet.fiveTuple(datagram.sourcePort, datagram.destinationPort)
        guard configuration.inspectsDNS, DNSDissector.mayBeMine(fiveTuple) else { return Decision(.accept) }
        var undecided: UndecidedCause?
        do throws(WireError) {
            _ = try DNSDissector.dissect(datagram: datagram.payload, into: &findings)
        } catch {
            undecided =
                packet.isFragment ? .fragment : packet.isTruncated || datagram.isTruncated ? .truncated : .malformed
        }
        // A question that was read before a fault is a name that was asked for.
        guard findings.count > 0 else { return Decision(.accept, undecided: undecided) }
        return Decision(findings.judge(from: 0, against: blocklist))
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
