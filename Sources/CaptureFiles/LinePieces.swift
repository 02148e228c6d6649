import Inspection
import Telemetry
import Wire

/// A text of up to 64 octets that is written again and again: whole words, however long it is, cost less than a call that copies as many octets as
/// there are.
struct LinePiece: Sendable {
    /// The most octets.
    static let limit = 64

    /// The octets, eight to a word, the first in the lowest bits, and zeros behind them.
    let words: InlineArray<8, UInt64>
    /// How many octets there are.
    let count: Int

    /// A text of ``limit`` octets at most.
    init(_ text: String) {
        let octets = Array(text.utf8)
        precondition(octets.count <= Self.limit)
        var words = InlineArray<8, UInt64>(repeating: 0)
        for (place, octet) in octets.enumerated() { words[place / 8] |= UInt64(octet) << UInt64(place % 8 * 8) }
        self.words = words
        count = octets.count
    }
}

/// The texts between the parts of a JSON line about a name that is on no list, which are the same in millions of lines.
struct LinePieces: Sendable {
    /// Before the frame, the sender's address, its port, the receiver's address and its port.
    private let keys: [LinePiece]
    /// Between the frame and the name, for each protocol and each place of names in it.
    private let places: [LinePiece]
    /// Behind the receiver's port, for each verdict.
    private let ends: [LinePiece]
    /// The decimal number of each octet with a dot behind it, the first digit in the lowest bits; and in the upper half how long that is.
    let octets: [UInt64]

    init() {
        keys = ["{\"type\":\"name\",\"frame\":", "\",\"src\":\"", "\",\"sport\":", ",\"dst\":\"", "\",\"dport\":"].map {
            LinePiece($0)
        }
        places = InspectedProtocol.allCases.flatMap { inspectedProtocol in
            NameSource.allCases.map { source in
                LinePiece(",\"protocol\":\"\(inspectedProtocol.word)\",\"source\":\"\(source.label)\",\"name\":\"")
            }
        }
        ends = Verdict.allCases.map { LinePiece(",\"verdict\":\"\($0.label)\",\"list\":null}\n") }
        octets = (0...255).map { number in
            var (text, count, left) = (UInt64(UInt8(ascii: ".")), UInt64(1), UInt64(number))
            repeat {
                text = text << 8 | (0x30 + left % 10)
                count += 1
                left /= 10
            } while left > 0
            return text | count << 32
        }
    }

    /// Appends the line of a name that is on no list, with its line feed, as ``ReplayReport/write(_:to:)`` writes it.
    ///
    /// - Returns: false, and nothing has been appended, where the name holds what is not written as it is.
    func append(_ finding: borrowing Finding, frame: Int, _ tuple: FiveTuple, to line: inout TextLine) -> Bool {
        let start = line.count
        let (keys, octets) = (keys.span, octets.span)
        line.append(keys[0])
        line.append(decimal: frame)
        let place = Int(finding.inspectedProtocol.rawValue) &* NameSource.allCases.count &+ Int(finding.source.rawValue)
        line.append(places[place])
        guard line.appendPlain(finding.name) else {
            line.truncate(to: start)
            return false
        }
        line.append(keys[1])
        line.append(tuple.source, octets)
        line.append(keys[2])
        line.append(decimal: Int(tuple.sourcePort))
        line.append(keys[3])
        line.append(tuple.destination, octets)
        line.append(keys[4])
        line.append(decimal: Int(tuple.destinationPort))
        line.append(ends[Int(finding.verdict.rawValue)])
        return true
    }
}

extension TextLine {
    @inline(__always)
    fileprivate mutating func append(_ address: IPAddress, _ octets: Span<UInt64>) {
        switch address.version {
        case .v4: append(dotted: address.low, octets)
        case .v6: append(address)
        }
    }
}
