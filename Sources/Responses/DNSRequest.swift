import Wire

/// What an answer takes over from the DNS message that it answers, or whose place it takes.
struct DNSRequest {
    /// What is wrong with a query, so that it gets an answer that says so.
    enum Fault: Equatable {
        /// It breaks its format (RCODE 1).
        case malformed
        /// Its version of EDNS is not ours (RFC 6891 §6.1.3).
        case unknownVersion
    }

    /// Of the query's OPT record (RFC 6891 §6.1).
    struct Options: Equatable {
        /// Whether it understands DNSSEC records (DO, RFC 3225).
        var isSecurityAware: Bool

        /// Whether it holds the option Padding (RFC 7830).
        var hasPadding = false
    }

    /// The number that pairs an answer with its query.
    let identifier: UInt16

    /// The header's second 16 bits.
    let flags: UInt16

    /// The type asked for.
    private(set) var type: UInt16 = 0

    /// The class asked for.
    private(set) var recordClass: UInt16 = 0

    /// The offset behind the question; that of the first question where none can be echoed.
    private(set) var questionEnd = DNSMessage.firstQuestion

    /// What the OPT record says; nil where there is none.
    private(set) var options: Options?

    /// What is wrong with the query, first things first.
    private(set) var fault: Fault?

    private var isSigned = false

    /// Reads a query; nil where it cannot be answered truthfully.
    ///
    /// That is: a response; another opcode than QUERY, of which no name is judged; no question, or one that is cut; a query signed with TSIG
    /// or SIG(0), whose client throws an unsigned answer away and waits for the true one (RFC 8945 §5.3), and we have no key.
    ///
    /// More than one question is a malformed message (RFC 9619 §4); as an answer with several would be one too, it then has none. Nor has it
    /// one where the question's name has a pointer, since there is nothing before the question that it could lead to. Octets behind the last
    /// record are passed over.
    /// - Parameters:
    ///   - bytes: the query.
    ///   - isCut: whether not all of it was copied to us, so that a record that is cut is no fault of the client's.
    init?(query bytes: Span<UInt8>, isCut: Bool) {
        guard let message = try? DNSMessage(parsing: bytes), message.isResponse == false, message.opcode == 0,
            message.questionCount > 0
        else { return nil }
        self.init(message)
        var offset = DNSMessage.firstQuestion
        for _ in 0..<message.questionCount {
            guard let end = try? message.skipQuestion(at: offset) else { return nil }
            offset = end
        }
        if message.questionCount > 1 || echo(bytes, to: offset) == false { fault = .malformed }
        do throws(WireError) {
            try readRecords(of: message, bytes, from: offset)
        } catch {
            if isCut == false { fault = .malformed }
        }
        guard isSigned == false else { return nil }
    }

    /// Reads a response; nil where another cannot take its place: a query; another opcode than QUERY; not one question, or one that cannot be
    /// echoed; a signature, which would not cover the other.
    ///
    /// Records behind the first that is cut are not there.
    init?(response bytes: Span<UInt8>) {
        guard let message = try? DNSMessage(parsing: bytes), message.isResponse, message.opcode == 0,
            message.questionCount == 1
        else { return nil }
        self.init(message)
        guard let end = try? message.skipQuestion(at: DNSMessage.firstQuestion), echo(bytes, to: end) else {
            return nil
        }
        try? readRecords(of: message, bytes, from: end)
        guard isSigned == false else { return nil }
        fault = nil
    }

    private init(_ message: borrowing DNSMessage) {
        identifier = message.identifier
        flags = message.flags
    }

    /// Takes the question that ends at `end` over, where it is one whose octets mean the same in another message.
    private mutating func echo(_ bytes: Span<UInt8>, to end: Int) -> Bool {
        // The name's root, the type and the class are the last five octets of it.
        guard end &- 4 &- DNSMessage.firstQuestion <= Self.longestName else { return false }
        var position = DNSMessage.firstQuestion
        while bytes[position] != 0 {
            guard bytes[position] < 64 else { return false }
            position &+= Int(bytes[position]) &+ 1
        }
        type = UInt16(bytes[end &- 4]) &<< 8 | UInt16(bytes[end &- 3])
        recordClass = UInt16(bytes[end &- 2]) &<< 8 | UInt16(bytes[end &- 1])
        questionEnd = end
        return true
    }

    /// Looks for OPT and for signatures among the additional records.
    private mutating func readRecords(
        of message: borrowing DNSMessage,
        _ bytes: Span<UInt8>,
        from start: Int
    ) throws(WireError) {
        var offset = start
        for _ in 0..<message.answerCount &+ message.authorityCount {
            let record = try message.readRecord(at: offset)
            guard record.isCut == false else { throw .truncated(.dnsRecord) }
            offset = record.end
        }
        for _ in 0..<message.additionalCount {
            let record = try message.readRecord(at: offset)
            switch record.type {
            case Self.optType: readOptions(record, bytes, at: offset)
            case Self.transactionSignatureType: isSigned = true
            case Self.signatureType:
                // A signature of a whole message covers no type (RFC 2931 §3).
                let dataCount = record.end &- record.dataOffset
                if dataCount < 2 || (bytes[record.dataOffset] | bytes[record.dataOffset &+ 1]) == 0 { isSigned = true }
            default: break
            }
            guard record.isCut == false else { throw .truncated(.dnsRecord) }
            offset = record.end
        }
    }

    private mutating func readOptions(_ record: DNSMessage.Record, _ bytes: Span<UInt8>, at offset: Int) {
        // The second OPT record, or one of another owner than the root, is an error (RFC 6891 §6.1.1, §6.1.2).
        if options != nil || record.dataOffset != offset &+ 11 || bytes[offset] != 0 { fault = .malformed }
        // Extended response code, version and flags stand where other records have their time to live.
        let version = bytes[record.dataOffset &- 5]
        var options = Options(isSecurityAware: bytes[record.dataOffset &- 4] & 0x80 != 0)
        if version != 0, fault == nil { fault = .unknownVersion }

        var position = record.dataOffset
        while record.end &- position >= 4 {
            if bytes[position] == 0, bytes[position &+ 1] == Self.paddingOption { options.hasPadding = true }
            let length = Int(bytes[position &+ 2]) &<< 8 | Int(bytes[position &+ 3])
            position &+= 4 &+ length
        }
        if position != record.end, record.isCut == false { fault = .malformed }
        self.options = self.options ?? options
    }

    /// The octets of the longest name, root included (RFC 1035 §2.3.4).
    private static let longestName = 255
    private static let optType: UInt16 = 41
    private static let signatureType: UInt16 = 24
    private static let transactionSignatureType: UInt16 = 250
    private static let paddingOption: UInt8 = 12
}
