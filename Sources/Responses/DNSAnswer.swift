import Wire

/// The DNS message that a blocked client gets (RFC 1035 §4.1).
///
/// Header: identifier, opcode, RD and CD are the query's. The answer stands in the place of the one whom the query was for. Where the client asks
/// for recursion that is a resolver: RA is one, since stub resolvers (glibc's is one) go on to the next server when an empty answer has neither AA
/// nor RA; AA is zero. Where it does not, the client iterates and asks the name's own server: AA is one, as a resolver takes any other answer for a
/// lame server's and tells its own clients of a failure, and RA is zero. Answers that say nothing of the name, such as a refusal, have no AA (RFC
/// 1035 §4.1.1). AD is zero and no record is signed, whatever DO and CD say: nothing here was validated (RFC 4035 §3.2.3, RFC 6840 §5.8). A
/// validating client that knows the zone to be signed will take the answer for bogus, which stops it as well.
///
/// Negative answers have no SOA record, so that clients do not keep them (RFC 2308 §5).
struct DNSAnswer {
    private let request: DNSRequest

    /// The response code, the upper eight of its twelve bits for OPT (RFC 6891 §6.1.3).
    private let responseCode: UInt16
    private var addressV4: IPAddress?
    private var addressV6: IPAddress?
    private let timeToLive: UInt32
    private var extendedError: UInt16?
    private var textLength = 0
    private var hasPadding = false
    private var isTruncated = false

    /// The answer to `request` as `blocked` says.
    ///
    /// A sinkhole has addresses in class IN alone; queries for other types, HTTPS and SVCB among them, get no data, so that the client goes on
    /// to the address (RFC 9460 §3). Queries of another class are refused, as resolvers do with classes they do not serve: the operator's word
    /// on a name is about the Internet.
    init(to request: DNSRequest, as blocked: borrowing BlockedAnswer) {
        self.request = request
        timeToLive = min(blocked.timeToLive, BlockedAnswer.longestTimeToLive)
        switch request.fault {
        case .malformed:
            responseCode = ResponseCode.formatError
            return
        case .unknownVersion:
            responseCode = ResponseCode.badVersion
            return
        case nil: break
        }
        if let options = request.options {
            // The path is not encrypted and padding would hide nothing, so the smallest that RFC 7830 §4 allows is enough: none.
            hasPadding = options.hasPadding
            extendedError = blocked.extendedError
            textLength = extendedError == nil ? 0 : min(blocked.textSpan.count, BlockedAnswer.longestText)
        }
        guard request.recordClass == Self.internet else {
            responseCode = ResponseCode.refused
            return
        }
        switch blocked.result {
        case .nxdomain: responseCode = ResponseCode.noSuchName
        case .nodata: responseCode = ResponseCode.noError
        case .refused: responseCode = ResponseCode.refused
        case .sinkhole:
            responseCode = ResponseCode.noError
            let isAny = request.type == RecordType.any
            if isAny || request.type == RecordType.address, blocked.sinkholeV4?.version == .v4 {
                addressV4 = blocked.sinkholeV4
            }
            if isAny || request.type == RecordType.addressV6, blocked.sinkholeV6?.version == .v6 {
                addressV6 = blocked.sinkholeV6
            }
        }
    }

    /// The octets of the message.
    var length: Int {
        var length = request.questionEnd
        if addressV4 != nil { length &+= Self.recordLength &+ 4 }
        if addressV6 != nil { length &+= Self.recordLength &+ 16 }
        if request.options != nil { length &+= Self.optLength &+ optionsLength }
        return length
    }

    private var optionsLength: Int {
        (extendedError == nil ? 0 : 6 &+ textLength) &+ (hasPadding ? 4 : 0)
    }

    /// Leaves out what the client can do without until the message has at most `limit` octets: the text, then the extended error, then
    /// the padding.
    ///
    /// - Parameters:
    ///   - limit: the most octets.
    ///   - mayTruncate: whether addresses may go last, with TC set, so that an honest client asks again over TCP.
    /// - Returns: whether it fits now.
    mutating func shorten(to limit: Int, mayTruncate: Bool) -> Bool {
        if length > limit { textLength = 0 }
        if length > limit { extendedError = nil }
        if length > limit { hasPadding = false }
        if length > limit, mayTruncate, addressV4 != nil || addressV6 != nil {
            isTruncated = true
            addressV4 = nil
            addressV6 = nil
        }
        return length <= limit
    }

    /// Writes the message; `message` is the one that the request was read from, and `text` the blocked answer's.
    func write(echoing message: Span<UInt8>, text: Span<UInt8>, into buffer: inout OctetBuffer) {
        var flags: UInt16 = Flags.response | responseCode & 0x0F
        flags |= request.flags & (Flags.recursionDesired | Flags.checkingDisabled)
        if request.flags & Flags.recursionDesired != 0 {
            flags |= Flags.recursionAvailable
        } else if responseCode == ResponseCode.noError || responseCode == ResponseCode.noSuchName {
            flags |= Flags.authoritative
        }
        if isTruncated { flags |= Flags.truncated }
        buffer.append(request.identifier)
        buffer.append(flags)
        buffer.append((request.questionEnd > DNSMessage.firstQuestion ? 1 : 0) as UInt16)
        buffer.append((addressV4 == nil ? 0 : 1) &+ (addressV6 == nil ? 0 : 1) as UInt16)
        buffer.append(0 as UInt16)
        buffer.append((request.options == nil ? 0 : 1) as UInt16)
        buffer.append(message.extracting(DNSMessage.firstQuestion..<request.questionEnd))
        if let addressV4 { write(addressV4, type: RecordType.address, length: 4, into: &buffer) }
        if let addressV6 { write(addressV6, type: RecordType.addressV6, length: 16, into: &buffer) }
        if let options = request.options { write(options, text: text, into: &buffer) }
    }

    private func write(_ address: IPAddress, type: UInt16, length: UInt16, into buffer: inout OctetBuffer) {
        buffer.append(Self.questionPointer)
        buffer.append(type)
        buffer.append(Self.internet)
        buffer.append(timeToLive)
        buffer.append(length)
        buffer.append(address)
    }

    private func write(_ options: DNSRequest.Options, text: Span<UInt8>, into buffer: inout OctetBuffer) {
        buffer.append(0 as UInt8)
        buffer.append(RecordType.options)
        buffer.append(Self.payloadSize)
        buffer.append(UInt8(truncatingIfNeeded: responseCode &>> 4))
        // Version 0.
        buffer.append(0 as UInt8)
        buffer.append((options.isSecurityAware ? 0x8000 : 0) as UInt16)
        buffer.append(UInt16(truncatingIfNeeded: optionsLength))
        if let extendedError {
            buffer.append(Self.extendedErrorOption)
            buffer.append(UInt16(truncatingIfNeeded: 2 &+ textLength))
            buffer.append(extendedError)
            buffer.append(text.extracting(first: textLength))
        }
        if hasPadding {
            buffer.append(Self.paddingOption)
            buffer.append(0 as UInt16)
        }
    }

    private enum Flags {
        static let response: UInt16 = 0x8000
        static let authoritative: UInt16 = 0x0400
        static let truncated: UInt16 = 0x0200
        static let recursionDesired: UInt16 = 0x0100
        static let recursionAvailable: UInt16 = 0x0080
        static let checkingDisabled: UInt16 = 0x0010
    }

    private enum ResponseCode {
        static let noError: UInt16 = 0
        static let formatError: UInt16 = 1
        static let noSuchName: UInt16 = 3
        static let refused: UInt16 = 5
        static let badVersion: UInt16 = 16
    }

    private enum RecordType {
        static let address: UInt16 = 1
        static let addressV6: UInt16 = 28
        static let options: UInt16 = 41
        static let any: UInt16 = 255
    }

    private static let internet: UInt16 = 1

    /// A compression pointer to the question's name (RFC 1035 §4.1.4).
    private static let questionPointer: UInt16 = 0xC00C

    /// Octets of a record before its data, its owner being a pointer.
    private static let recordLength = 12

    /// Octets of an OPT record before its options.
    private static let optLength = 11

    /// The payload that we say to take: what is not fragmented anywhere (the DNS flag day of 2020).
    private static let payloadSize: UInt16 = 1_232
    private static let paddingOption: UInt16 = 12
    private static let extendedErrorOption: UInt16 = 15
}
