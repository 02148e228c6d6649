import Telemetry
import Wire

/// Question names of DNS queries, over UDP and over TCP (RFC 1035, RFC 7766).
enum DNSDissector: Dissector {
    static var inspectedProtocol: InspectedProtocol { .dns }

    static var hasManyMessages: Bool { true }

    static func mayBeMine(_ tuple: FiveTuple) -> Bool {
        tuple.destinationPort == port || tuple.sourcePort == port
    }

    static func dissect(datagram: Span<UInt8>, into findings: inout Findings) throws(WireError) -> Dissection {
        let message = try DNSMessage(parsing: datagram)
        guard message.isResponse == false, message.opcode == standardQuery else {
            return .nameless(consumed: datagram.count)
        }
        let first = findings.count
        var offset = DNSMessage.firstQuestion
        for _ in 0..<message.questionCount {
            try findings.add(.dns, .query) { name throws(WireError) in
                offset = try message.readQuestion(at: offset, into: &name).end
            }
        }
        return findings.count == first ? .nameless(consumed: datagram.count) : .name(consumed: datagram.count)
    }

    static func dissect(
        stream: Span<UInt8>,
        isFinal: Bool,
        scratch: inout MessageBuffer,
        into findings: inout Findings
    ) throws(WireError) -> Dissection {
        // Each message stands behind its length in two octets (RFC 1035 §4.2.2).
        guard stream.count >= 2 else { return .needsMore(2) }
        let length = Int(stream[0]) &<< 8 | Int(stream[1])
        guard length >= DNSMessage.firstQuestion else { throw .malformed(.dnsLength) }
        guard stream.count >= length &+ 2 else { return .needsMore(length &+ 2) }
        switch try dissect(datagram: stream.extracting(2..<length &+ 2), into: &findings) {
        case .name: return .name(consumed: length &+ 2)
        case .nameless: return .nameless(consumed: length &+ 2)
        case .notMine: return .notMine
        case .needsMore: throw .malformed(.dnsLength)
        }
    }

    private static let port: UInt16 = 53
    private static let standardQuery: UInt8 = 0
}
