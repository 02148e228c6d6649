import Wire

/// As much of a DNS response (RFC 1035 §4.1) as shows whether a name was blocked.
struct DNSReply: Equatable, Sendable {
    /// The low four bits of the response code.
    let code: UInt8
    /// Whether it was cut to fit a datagram.
    let isTruncated: Bool
    /// Records of the answer.
    let answers: Int
    /// The octets of each address in the answer.
    let addresses: [[UInt8]]
    /// The codes of extended errors (RFC 8914 §2).
    let extendedErrors: [UInt16]

    /// The codes by which a server says that it blocks: forged, blocked, censored, filtered, prohibited.
    static let blockingErrors: Set<UInt16> = [4, 15, 16, 17, 18]

    /// Records that are looked at.
    private static let maximumRecords = 256

    /// Reads a message; nil where it answers another question than the one with this number and type, or is malformed.
    init?(parsing octets: [UInt8], identifier: UInt16, type: Probe.RecordType) {
        guard let reply = try? Self.read(octets, identifier, type) else { return nil }
        self = reply
    }

    private init(
        code: UInt8,
        isTruncated: Bool,
        answers: Int,
        addresses: [[UInt8]],
        extendedErrors: [UInt16]
    ) {
        self.code = code
        self.isTruncated = isTruncated
        self.answers = answers
        self.addresses = addresses
        self.extendedErrors = extendedErrors
    }

    private static func read(
        _ octets: [UInt8],
        _ identifier: UInt16,
        _ type: Probe.RecordType
    ) throws(WireError) -> DNSReply? {
        var reader = ByteReader(octets.span)
        guard try reader.readUInt16(.dnsHeader) == identifier else { return nil }
        let flags = try reader.readUInt16(.dnsHeader)
        guard flags & 0x8000 != 0 else { return nil }
        let questions = try reader.readUInt16(.dnsHeader)
        let answers = Int(try reader.readUInt16(.dnsHeader))
        let authorities = Int(try reader.readUInt16(.dnsHeader))
        let additions = Int(try reader.readUInt16(.dnsHeader))
        // A server that refuses may leave the question out.
        guard questions <= 1 else { return nil }
        if questions == 1 {
            try skipName(&reader)
            guard try reader.readUInt16(.dnsQuestion) == type.rawValue else { return nil }
            try reader.skip(2, .dnsQuestion)
        }
        var addresses: [[UInt8]] = []
        var errors: [UInt16] = []
        let records = answers + authorities + additions
        for index in 0..<min(records, maximumRecords) {
            try skipName(&reader)
            let type = try reader.readUInt16(.dnsRecord)
            try reader.skip(6, .dnsRecord)
            let length = Int(try reader.readUInt16(.dnsRecord))
            let data = try reader.read(length, .dnsRecord)
            if index < answers, (type == 1 && length == 4) || (type == 28 && length == 16) {
                addresses.append(data.indices.map { data[$0] })
            }
            if type == 41, index >= answers + authorities { errors += try extendedErrors(in: data) }
        }
        return DNSReply(
            code: UInt8(truncatingIfNeeded: flags & 0xF),
            isTruncated: flags & 0x0200 != 0,
            answers: answers,
            addresses: addresses,
            extendedErrors: errors
        )
    }

    private static func skipName(_ reader: inout ByteReader) throws(WireError) {
        while true {
            let length = Int(try reader.readUInt8(.dnsLabel))
            guard length > 0 else { return }
            if length >= 0xC0 { return try reader.skip(1, .dnsLabel) }
            try reader.skip(length, .dnsLabel)
        }
    }

    private static func extendedErrors(in data: Span<UInt8>) throws(WireError) -> [UInt16] {
        var reader = ByteReader(data)
        var codes: [UInt16] = []
        while reader.remaining > 0 {
            let option = try reader.readUInt16(.dnsRecord)
            let length = Int(try reader.readUInt16(.dnsRecord))
            if option == 15, length >= 2 {
                codes.append(try reader.readUInt16(.dnsRecord))
                try reader.skip(length - 2, .dnsRecord)
            } else {
                try reader.skip(length, .dnsRecord)
            }
        }
        return codes
    }

    /// What it says.
    ///
    /// - Parameter sinkholes: the octets of addresses that lead to who blocks.
    /// - Returns: the answer, and whether it says of itself that it blocks.
    func answer(sinkholes: Set<[UInt8]>) -> (answer: ProbeAnswer, isMarked: Bool) {
        let isMarked = extendedErrors.contains(where: Self.blockingErrors.contains)
        if isTruncated, isMarked == false { return (.truncated, false) }
        switch code {
        case 0 where answers == 0: return (.nodata, isMarked)
        case 0: return (addresses.contains(where: sinkholes.contains) ? .sinkhole : .served, isMarked)
        case 3: return (.nxdomain, isMarked)
        case 5: return (.refused, isMarked)
        default: return (.failure, isMarked)
        }
    }
}
