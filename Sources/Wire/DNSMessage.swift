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
@usableFromInline
package struct DNSMessage: ~Escapable {
    /// One entry of the question section (RFC 1035 §4.1.2); its name is filled in beside.
    @usableFromInline
    package struct Question: Equatable, Sendable {
        /// The type asked for: 1 A, 28 AAAA, 65 HTTPS.
        @usableFromInline
        package let type: UInt16

        /// The class, 1 for the Internet.
        @usableFromInline
        package let recordClass: UInt16

        /// The offset behind the question.
        @usableFromInline
        package let end: Int

        @inlinable
        init(type: UInt16, recordClass: UInt16, end: Int) {
            self.type = type
            self.recordClass = recordClass
            self.end = end
        }
    }

    /// One record of the answer section (RFC 1035 §4.1.3), without its owner's name.
    @usableFromInline
    package struct Record: Equatable, Sendable {
        /// What its data are: see ``RecordType``.
        @usableFromInline
        package let type: UInt16

        /// The class, 1 for the Internet.
        @usableFromInline
        package let recordClass: UInt16

        /// The offset of its data.
        @usableFromInline
        package let dataOffset: Int

        /// The offset behind its data, or the message's end where that comes first.
        @usableFromInline
        package let end: Int

        /// Whether the message ends inside its data.
        @usableFromInline
        package let isCut: Bool

        @inlinable
        init(type: UInt16, recordClass: UInt16, dataOffset: Int, end: Int, isCut: Bool) {
            self.type = type
            self.recordClass = recordClass
            self.dataOffset = dataOffset
            self.end = end
            self.isCut = isCut
        }
    }

    /// The record types whose data name a host to go on with.
    @usableFromInline
    package enum RecordType {
        /// The canonical name of an alias (RFC 1035 §3.3.1).
        @inlinable
        package static var canonicalName: UInt16 { 5 }
        /// The name that a subtree is an alias of (RFC 6672).
        @inlinable
        package static var subtreeName: UInt16 { 39 }
        /// A service's endpoint (RFC 9460).
        @inlinable
        package static var serviceBinding: UInt16 { 64 }
        /// An HTTPS endpoint (RFC 9460 §9).
        @inlinable
        package static var https: UInt16 { 65 }
    }

    /// The offset of the first question.
    @inlinable
    package static var firstQuestion: Int { 12 }

    /// The longest message in octets: what a TCP length prefix can state.
    @inlinable
    package static var maximumLength: Int { 65_535 }

    /// The most pointers in one name: one for each label that the longest name can have.
    private static let pointerLimit = 127

    /// The number that pairs a response with its query.
    @usableFromInline
    package let identifier: UInt16

    /// The header's second 16 bits.
    @usableFromInline
    package let flags: UInt16

    /// How many questions the header states.
    @usableFromInline
    package let questionCount: Int

    /// How many answer records the header states.
    @usableFromInline
    package let answerCount: Int

    @usableFromInline
    let bytes: Span<UInt8>

    /// Reads the header of the message that fills `bytes`.
    ///
    /// - Throws: ``WireError`` where the header is cut or the message is longer than any can be.
    @_lifetime(copy bytes)
    @inlinable
    @inline(__always)
    package init(parsing bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= Self.firstQuestion else { throw .truncated(.dnsHeader) }
        guard bytes.count <= Self.maximumLength else { throw .limitExceeded(.dnsLength) }
        identifier = bytes.bigEndianUInt16(at: 0)
        flags = bytes.bigEndianUInt16(at: 2)
        questionCount = Int(bytes.bigEndianUInt16(at: 4))
        answerCount = Int(bytes.bigEndianUInt16(at: 6))
        self.bytes = bytes
    }

    /// How many records of the authority section the header states.
    package var authorityCount: Int { Int(bytes.bigEndianUInt16(at: 8)) }

    /// How many records of the additional section the header states.
    package var additionalCount: Int { Int(bytes.bigEndianUInt16(at: 10)) }

    /// Whether the response is longer than its transport could carry, and so holds only a part (TC).
    @inlinable
    package var isTruncated: Bool { flags & 0x0200 != 0 }

    /// Whether the message is a response (QR).
    @inlinable
    package var isResponse: Bool { flags & 0x8000 != 0 }

    /// The kind of query; zero is a standard query.
    @inlinable
    package var opcode: UInt8 { UInt8(truncatingIfNeeded: flags &>> 11) & 0x0F }

    /// Reads the question at `offset` and fills `name` with the name it asks for.
    ///
    /// - Throws: ``WireError`` where the question is cut, a label or a pointer is not allowed, or the name is too long.
    @inlinable
    package func readQuestion(at offset: Int, into name: inout DomainName) throws(WireError) -> Question {
        let end = try readName(at: offset, into: &name)
        guard bytes.count &- end >= 4 else { throw .truncated(.dnsQuestion) }
        return Question(
            type: bytes.bigEndianUInt16(at: end),
            recordClass: bytes.bigEndianUInt16(at: end &+ 2),
            end: end &+ 4
        )
    }

    /// Passes over the question at `offset` and returns the offset behind it.
    ///
    /// - Throws: ``WireError`` where the question is cut or a label is not allowed; where a pointer leads is not looked at.
    @inlinable
    package func skipQuestion(at offset: Int) throws(WireError) -> Int {
        let end = try skipName(at: offset)
        guard bytes.count &- end >= 4 else { throw .truncated(.dnsQuestion) }
        return end &+ 4
    }

    /// Reads the record at `offset`, all but its owner's name and its data.
    ///
    /// - Throws: ``WireError`` where the record is cut before its data or a label of its owner's name is not allowed.
    @inlinable
    package func readRecord(at offset: Int) throws(WireError) -> Record {
        let fields = try skipName(at: offset)
        guard bytes.count &- fields >= 10 else { throw .truncated(.dnsRecord) }
        let dataOffset = fields &+ 10
        let length = Int(bytes.bigEndianUInt16(at: fields &+ 8))
        return Record(
            type: bytes.bigEndianUInt16(at: fields),
            recordClass: bytes.bigEndianUInt16(at: fields &+ 2),
            dataOffset: dataOffset,
            end: min(dataOffset &+ length, bytes.count),
            isCut: bytes.count &- dataOffset < length
        )
    }

    /// Fills `name` with the name that an alias stands for, where the record's type is `canonicalName` or `subtreeName`, or with the
    /// TargetName of a `serviceBinding` or `https` record: the root where that is the owner itself (RFC 9460 §2.5).
    ///
    /// - Returns: the offset behind the name, which is past the record's end where its data break their format.
    /// - Throws: ``WireError`` where the name is cut, a label or a pointer is not allowed, or the name is too long.
    package func readTarget(of record: Record, into name: inout DomainName) throws(WireError) -> Int {
        let isService = record.type == RecordType.serviceBinding || record.type == RecordType.https
        // A service's target stands behind its priority.
        let offset = isService ? record.dataOffset &+ 2 : record.dataOffset
        guard offset < record.end else { throw record.isCut ? .truncated(.dnsRecord) : .malformed(.dnsRecord) }
        return try readName(at: offset, into: &name)
    }

    /// Whether a `serviceBinding` or `https` record has the parameter `ech` (RFC 9848), `offset` being behind its TargetName.
    ///
    /// - Throws: ``WireError`` where a parameter is cut.
    package func hasEncryptedClientHelloKeys(_ record: Record, from offset: Int) throws(WireError) -> Bool {
        var position = offset
        while position < record.end {
            guard record.end &- position >= 4 else { throw .truncated(.dnsServiceParameter) }
            if bytes.bigEndianUInt16(at: position) == Self.echParameter { return true }
            position &+= 4 &+ Int(bytes.bigEndianUInt16(at: position &+ 2))
        }
        guard position == record.end else { throw .truncated(.dnsServiceParameter) }
        return false
    }

    /// The number of the service parameter `ech` (RFC 9848).
    private static let echParameter: UInt16 = 5

    /// The offset behind the name at `offset`: its root or its first pointer ends it.
    @inlinable
    func skipName(at offset: Int) throws(WireError) -> Int {
        var position = offset
        while position < bytes.count {
            let octet = Int(bytes[position])
            if octet == 0 { return position &+ 1 }
            if octet >= 0xC0 {
                guard bytes.count &- position >= 2 else { throw .truncated(.dnsPointer) }
                return position &+ 2
            }
            guard octet < 64 else { throw .malformed(.dnsLabel) }
            position &+= octet &+ 1
        }
        throw .truncated(.dnsLabel)
    }

    /// Reads the name at `offset`, following compression pointers (RFC 1035 §4.1.4), and returns the offset behind it.
    ///
    /// A pointer may lead anywhere in the message: RFC 1035 wants it to lead backwards, but servers answer questions where it does not, so
    /// the name is what they read. Each pointer counts against a limit, so that a loop ends as an error.
    @usableFromInline
    func readName(at offset: Int, into name: inout DomainName) throws(WireError) -> Int {
        // Nearly all questions are short names without a pointer: their labels lie one behind another and are taken as one piece.
        var position = offset
        var boundaries: UInt64 = 0
        while position < bytes.count {
            let octet = Int(bytes[position])
            guard octet > 0 else {
                guard name.assign(labels: bytes, offset, position, boundaries) else { break }
                return position &+ 1
            }
            guard octet < 64 else { break }
            // Each label that is put behind the others lengthens the names that end with it.
            boundaries = (boundaries | 1) &<< UInt64(octet &+ 1)
            position &+= octet &+ 1
        }
        return try readLabels(at: offset, into: &name)
    }

    /// Reads a name with pointers, or says what is wrong with one.
    private func readLabels(at offset: Int, into name: inout DomainName) throws(WireError) -> Int {
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
        while count > 0 {
            count &-= 1
            let start = Int(labels[count])
            name.prependLabel(bytes, start, start &+ Int(bytes[start]) &+ 1)
        }
        return end < 0 ? position &+ 1 : end
    }
}
