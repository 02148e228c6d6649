import Telemetry
import Wire

/// DNS over UDP and over TCP (RFC 1035, RFC 7766): the names that queries ask for, and the names that answers lead on to.
///
/// Of a response only the targets of aliases and of service records are read. Its question is the query's, and the query was judged: to
/// judge it again would count every name twice.
enum DNSDissector: Dissector {
    static func mayBeMine(_ tuple: FiveTuple) -> Bool {
        tuple.destinationPort == port || tuple.sourcePort == port
    }

    /// Whether a packet to this port goes to a server, and does not only come from one.
    static func isForServer(_ destinationPort: UInt16) -> Bool { destinationPort == port }

    /// Whether all there is to be read of a message is one question.
    static func isPlainQuery(_ message: borrowing DNSMessage) -> Bool {
        message.isResponse == false && message.opcode == standardQuery && message.questionCount == 1
    }

    /// Reads the message that fills a datagram.
    ///
    /// - Throws: ``WireError`` where it breaks the format; names read before are kept.
    static func dissect(datagram: Span<UInt8>, into findings: inout Findings) throws(WireError) -> Dissection {
        let message = try DNSMessage(parsing: datagram)
        guard message.opcode == standardQuery else { return .nameless(consumed: datagram.count) }
        let first = findings.count
        guard message.isResponse == false else {
            try readAnswers(message, into: &findings)
            return findings.count == first ? .nameless(consumed: datagram.count) : .name(consumed: datagram.count)
        }
        var offset = DNSMessage.firstQuestion
        for _ in 0..<min(message.questionCount, questionLimit) {
            try findings.add(.dns, .query) { name throws(WireError) in
                offset = try message.readQuestion(at: offset, into: &name).end
            }
        }
        guard message.questionCount <= questionLimit else { throw .limitExceeded(.dnsQuestionCount) }
        return findings.count == first ? .nameless(consumed: datagram.count) : .name(consumed: datagram.count)
    }

    /// Adds the names that the records of the answer section lead on to. A record that breaks its format does not hide those behind it.
    private static func readAnswers(_ message: borrowing DNSMessage, into findings: inout Findings) throws(WireError) {
        var left = targetLimit
        var fault: WireError?
        do throws(WireError) {
            var offset = DNSMessage.firstQuestion
            for _ in 0..<message.questionCount { offset = try message.skipQuestion(at: offset) }
            for _ in 0..<message.answerCount {
                let record = try message.readRecord(at: offset)
                do throws(WireError) {
                    try readTarget(of: record, message, &left, into: &findings)
                } catch .limitExceeded(.dnsTargetCount) {
                    throw .limitExceeded(.dnsTargetCount)
                } catch {
                    fault = fault ?? error
                }
                guard record.isCut == false else { throw .truncated(.dnsRecord) }
                offset = record.end
            }
        } catch {
            // A response that says that it is cut (TC) may end anywhere.
            if case .truncated = error, message.isTruncated { return }
            throw error
        }
        if let fault { throw fault }
    }

    private static func readTarget(
        of record: DNSMessage.Record,
        _ message: borrowing DNSMessage,
        _ left: inout Int,
        into findings: inout Findings
    ) throws(WireError) {
        let isService: Bool
        switch record.type {
        case DNSMessage.RecordType.canonicalName, DNSMessage.RecordType.subtreeName: isService = false
        case DNSMessage.RecordType.serviceBinding, DNSMessage.RecordType.https: isService = true
        default: return
        }
        guard left > 0 else { throw .limitExceeded(.dnsTargetCount) }
        left &-= 1
        var end = 0
        try findings.add(.dns, .answer) { name throws(WireError) in
            end = try message.readTarget(of: record, into: &name)
        }
        guard end <= record.end else { throw .malformed(.dnsRecord) }
        guard isService, record.isCut == false else { return }
        if try message.hasEncryptedClientHelloKeys(record, from: end) {
            findings.anomalies.insert(.encryptedClientHelloKeys)
        }
    }

    static func dissect(
        stream: Span<UInt8>,
        isFinal: Bool,
        mode: inout DissectorMode,
        scratch: inout MessageBuffer,
        into findings: inout Findings
    ) throws(WireError) -> Dissection {
        // Each message stands behind its length in two octets (RFC 1035 §4.2.2).
        guard stream.count >= 2 else { return .needsMore(2) }
        let length = Int(stream[0]) &<< 8 | Int(stream[1])
        guard length >= DNSMessage.firstQuestion else { throw .malformed(.dnsLength) }
        guard stream.count >= length &+ 2 else { return .needsMore(length &+ 2) }
        let message = stream.extracting(2..<length &+ 2)
        let first = findings.count
        // Should one of its names be listed, the query is answered, and later ones of the stream may have been read by then.
        defer { if findings.count > first { findings.keep(message, from: first) } }
        do throws(WireError) {
            let result = try dissect(datagram: message, into: &findings)
            if case .name = result { mode = 0 }
        } catch {
            // A server answers such a message with an error and reads on, so the next one may hold a name.
            mode &+= 1
            guard mode < faultLimit else { throw error }
            findings.fault = UndecidedCause(error)
        }
        return .nameless(consumed: length &+ 2)
    }

    private static let port: UInt16 = 53
    private static let standardQuery: UInt8 = 0

    /// The questions of a query that are read. A standard query has one (RFC 9619), and servers refuse to answer more; without a limit, two
    /// octets of a pointer would buy the work of the longest name, ten thousand times in a message.
    private static let questionLimit = 16

    /// The names that are read of a response. Resolvers follow an alias from one name to the next eleven to sixteen times before they give
    /// up, so no honest answer holds more, the few service records beside them included.
    private static let targetLimit = 32

    /// Faulty messages, one behind another, after which a connection is not taken for DNS any longer.
    private static let faultLimit: DissectorMode = 16
}
