//  0  1  2  3  4  5  6  7  8  9  0  1  2  3  4  5
// +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
// |                      ID                       |
// |QR|   Opcode  |AA|TC|RD|RA|   Z    |   RCODE   |
// |                    QDCOUNT                    |
// |                    ANCOUNT                    |
// |                    NSCOUNT                    |
// |                    ARCOUNT                    |
// +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
/// One DNS message (RFC 1035 §4), without the length prefix that TCP puts before it.
///
/// A view that exists is valid: reading it cannot trap.
package struct DNSMessage: ~Escapable {
    /// One entry of the question section (RFC 1035 §4.1.2); its name is filled in beside.
    package struct Question: Equatable, Sendable {
        /// The type asked for: 1 A, 28 AAAA, 65 HTTPS.
        package let type: UInt16

        /// The class, 1 for the Internet.
        package let recordClass: UInt16

        /// The offset behind the question.
        package let end: Int
    }

    /// The offset of the first question.
    package static let firstQuestion = 12

    /// The longest message in octets: what a TCP length prefix can state.
    package static let maximumLength = 65_535

    /// The most pointers in one name: one for each label that the longest name can have.
    private static let pointerLimit = 127

    /// The number that pairs a response with its query.
    package let identifier: UInt16

    /// The header's second 16 bits.
    package let flags: UInt16

    /// How many questions the header states.
    package let questionCount: Int

    /// How many answer records the header states.
    package let answerCount: Int

    private let bytes: Span<UInt8>

    /// Reads the header of the message that fills `bytes`.
    ///
    /// - Throws: ``WireError`` where the header is cut or the message is longer than any can be.
    @_lifetime(copy bytes)
    package init(parsing bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= Self.firstQuestion else { throw .truncated(.dnsHeader) }
        guard bytes.count <= Self.maximumLength else { throw .limitExceeded(.dnsLength) }
        identifier = bytes.bigEndianUInt16(at: 0)
        flags = bytes.bigEndianUInt16(at: 2)
        questionCount = Int(bytes.bigEndianUInt16(at: 4))
        answerCount = Int(bytes.bigEndianUInt16(at: 6))
        self.bytes = bytes
    }

    /// Whether the message is a response (QR).
    package var isResponse: Bool { flags & 0x8000 != 0 }

    /// The kind of query; zero is a standard query.
    package var opcode: UInt8 { UInt8(truncatingIfNeeded: flags &>> 11) & 0x0F }

    /// Reads the question at `offset` and fills `name` with the name it asks for.
    ///
    /// - Throws: ``WireError`` where the question is cut, a label or a pointer is not allowed, or the name is too long.
    package func readQuestion(at offset: Int, into name: inout DomainName) throws(WireError) -> Question {
        let end = try readName(at: offset, into: &name)
        guard bytes.count &- end >= 4 else { throw .truncated(.dnsQuestion) }
        return Question(
            type: bytes.bigEndianUInt16(at: end),
            recordClass: bytes.bigEndianUInt16(at: end &+ 2),
            end: end &+ 4
        )
    }

    /// Reads the name at `offset`, following compression pointers (RFC 1035 §4.1.4), and returns the offset behind it.
    ///
    /// A pointer may lead anywhere in the message: RFC 1035 wants it to lead backwards, but servers answer questions where it does not, so
    /// the name is what they read. Each pointer counts against a limit, so that a loop ends as an error.
    private func readName(at offset: Int, into name: inout DomainName) throws(WireError) -> Int {
        var labels = InlineArray<128, UInt16>(repeating: 0)
        var count = 0
        var length = 0
        var position = offset
        var pointers = 0
        var end = -1
        while true {
            guard position < bytes.count else { throw .truncated(.dnsLabel) }
            let octet = Int(bytes[position])
            if octet == 0 { break }
            if octet >= 0xC0 {
                guard bytes.count &- position >= 2 else { throw .truncated(.dnsPointer) }
                pointers &+= 1
                guard pointers <= Self.pointerLimit else { throw .limitExceeded(.dnsPointer) }
                if end < 0 { end = position &+ 2 }
                position = (octet & 0x3F) &<< 8 | Int(bytes[position &+ 1])
                continue
            }
            guard octet < 64 else { throw .malformed(.dnsLabel) }
            guard bytes.count &- position > octet else { throw .truncated(.dnsLabel) }
            length &+= octet &+ 1
            guard length <= DomainName.maximumLength else { throw .limitExceeded(.domainName) }
            // Within the length limit there are at most 127 labels of one octet.
            labels[count] = UInt16(truncatingIfNeeded: position)
            count &+= 1
            position &+= octet &+ 1
        }

        name.reset()
        guard end >= 0 else {
            // Without a pointer the labels lie one behind another and are taken as one piece.
            name.prependLabels(bytes, offset, position)
            for index in 0..<count { name.markBoundary(position &- Int(labels[index])) }
            return position &+ 1
        }
        while count > 0 {
            count &-= 1
            let start = Int(labels[count])
            name.prependLabel(bytes, start, start &+ Int(bytes[start]) &+ 1)
        }
        return end
    }
}
