import TestSupport
import Wire

/// A composed packet, read with the parsers of `Wire` and with checksums that are summed up another way.
struct Reading: Equatable {
    var source: [UInt8] = []
    var destination: [UInt8] = []
    var transport: UInt8 = 0
    var sourcePort: UInt16 = 0
    var destinationPort: UInt16 = 0
    var sequence: UInt32 = 0
    var acknowledgment: UInt32 = 0
    var flags: UInt8 = 0
    var window: UInt16 = 0
    /// The data behind the transport header.
    var data: [UInt8] = []

    /// Reads a packet; nil where it breaks a rule that all composed packets keep.
    init?(_ bytes: [UInt8]?) {
        guard let bytes, let packet = try? IPPacket(parsing: bytes.span) else { return nil }
        let isV4 = packet.source.version == .v4
        let payload = packet.payload.array
        guard packet.isTruncated == false, packet.isFragment == false, packet.payload.count == packet.payloadLength,
            packet.headerLength == (isV4 ? 20 : 40), packet.headerLength + payload.count == bytes.count,
            bytes[isV4 ? 8 : 7] == 64
        else { return nil }
        if isV4 {
            // No options, class zero; identification zero and DF.
            guard Array(bytes[0..<2]) == [0x45, 0], Array(bytes[4..<8]) == [0, 0, 0x40, 0],
                internetChecksum(Array(bytes[0..<20])) == 0
            else { return nil }
        } else {
            guard Array(bytes[0..<4]) == [0x60, 0, 0, 0] else { return nil }
        }
        source = Array(isV4 ? bytes[12..<16] : bytes[8..<24])
        destination = Array(isV4 ? bytes[16..<20] : bytes[24..<40])
        transport = packet.transport

        var pseudo: [UInt8] = []
        if transport != 1 {
            pseudo = source + destination + bigEndian(UInt32(payload.count)) + [0, 0, 0, transport]
        }
        guard internetChecksum(pseudo + payload) == 0 else { return nil }
        switch transport {
        case 17:
            guard let datagram = try? UDPDatagram(parsing: packet.payload), datagram.isTruncated == false,
                datagram.payload.count == payload.count - 8, Array(payload[6..<8]) != [0, 0]
            else { return nil }
            sourcePort = datagram.sourcePort
            destinationPort = datagram.destinationPort
            data = datagram.payload.array
        case 6:
            guard let segment = try? TCPSegment(parsing: packet.payload), segment.payload.count == payload.count - 20,
                Array(payload[18..<20]) == [0, 0]
            else { return nil }
            sourcePort = segment.sourcePort
            destinationPort = segment.destinationPort
            sequence = segment.sequenceNumber
            acknowledgment = segment.acknowledgmentNumber
            flags = segment.flags.rawValue
            window = UInt16(payload[14]) << 8 | UInt16(payload[15])
            data = segment.payload.array
        case 1, 58: data = Array(payload.dropFirst(8))
        default: return nil
        }
    }
}

/// A DNS message, read to its last octet.
struct Answer: Equatable {
    struct Record: Equatable {
        var owner: [UInt8]
        var type: UInt16
        var recordClass: UInt16
        var timeToLive: UInt32
        var data: [UInt8]
    }

    struct Option: Equatable {
        var code: UInt16
        var data: [UInt8]
    }

    var identifier: UInt16
    var flags: UInt16
    var question: [UInt8]
    var answers: [Record] = []
    var additional: [Record] = []

    /// The four bits of the header's response code.
    var responseCode: UInt16 { flags & 0x0F }

    /// The OPT record; nil where there is none or several.
    var opt: Record? { additional.count == 1 && additional[0].type == 41 ? additional[0] : nil }

    /// The options of the OPT record; nil where there is no such record or they break their format.
    var options: [Option]? {
        guard var data = opt?.data[...] else { return nil }
        var options: [Option] = []
        while data.isEmpty == false {
            guard data.count >= 4 else { return nil }
            let fields = Array(data.prefix(4)).map { UInt16($0) }
            let length = Int(fields[2] << 8 | fields[3])
            guard data.count >= 4 + length else { return nil }
            options.append(Option(code: fields[0] << 8 | fields[1], data: Array(data.dropFirst(4).prefix(length))))
            data = data.dropFirst(4 + length)
        }
        return options
    }

    /// Reads a message; nil where it breaks its format, has more than one question, records of authority, or octets left over.
    init?(_ bytes: [UInt8]?) {
        guard let bytes, let message = try? DNSMessage(parsing: bytes.span), message.questionCount <= 1,
            message.authorityCount == 0
        else { return nil }
        identifier = message.identifier
        flags = message.flags
        var offset = 12
        if message.questionCount == 1 {
            guard let end = try? message.skipQuestion(at: 12) else { return nil }
            offset = end
        }
        question = Array(bytes[12..<offset])
        for index in 0..<message.answerCount + message.additionalCount {
            guard let record = try? message.readRecord(at: offset), record.isCut == false else { return nil }
            let fixed = record.dataOffset - 10
            let seconds = bytes[fixed + 4..<fixed + 8].reduce(0) { $0 << 8 | UInt32($1) }
            let read = Record(
                owner: Array(bytes[offset..<fixed]),
                type: record.type,
                recordClass: record.recordClass,
                timeToLive: seconds,
                data: Array(bytes[record.dataOffset..<record.end])
            )
            if index < message.answerCount { answers.append(read) } else { additional.append(read) }
            offset = record.end
        }
        guard offset == bytes.count else { return nil }
    }
}
