import Inspection
import Telemetry
import Wire

/// A text of up to 64 octets that is written again and again: whole words, however long it is, cost less than a call that copies as many octets as
/// there are.
struct LinePiece: Sendable {
    /// The most octets.
    static let limit = 64

    /// The octets, as they lie in memory, and zeros behind them.
    let words: InlineArray<8, UInt64>
    /// How many octets there are.
    let count: Int

    /// A text of ``limit`` octets at most.
    init(_ text: String) {
        let octets = Array(text.utf8)
        precondition(octets.count <= Self.limit)
        var words = InlineArray<8, UInt64>(repeating: 0)
        for (place, octet) in octets.enumerated() { words[place / 8] |= UInt64(octet) << UInt64(place % 8 * 8) }
        for index in words.indices { words[index] = words[index].littleEndian }
        self.words = words
        count = octets.count
    }
}

/// The texts between the parts of a JSON line about a name that is on no list, which are the same in millions of lines.
///
/// A class: a structure of so many words would be copied for each line by whoever keeps it beside what the line changes.
final class LinePieces: Sendable {
    private let beforeFrame = LinePiece("{\"type\":\"name\",\"frame\":")
    /// Between the frame and the name, for each protocol and each place of names in it.
    private let places: [LinePiece]
    private let beforeSource = LinePiece("\",\"src\":\"")
    private let beforeSourcePort = LinePiece("\",\"sport\":")
    private let beforeDestination = LinePiece(",\"dst\":\"")
    private let beforeDestinationPort = LinePiece("\",\"dport\":")
    /// Behind the receiver's port, for each verdict.
    private let ends: [LinePiece]
    /// The decimal number of each octet with a dot behind it, the first digit in the lowest bits; and in the upper half how long that is.
    let octets: [UInt64]

    /// Places of names in a protocol: asked for once, as it makes an array each time.
    private let placesInEach = NameSource.allCases.count

    /// The most octets that a line touches. Computed: whether a stored one is there would be asked for each line.
    private static var room: Int {
        7 * LinePiece.limit + LineEnd.nameRoom + 3 * LineEnd.numberRoom + 2 * LineEnd.addressRoom
    }

    init() {
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
    func append(
        _ finding: borrowing Finding,
        _ name: DomainNameView,
        frame: Int,
        _ tuple: FiveTuple,
        to line: inout TextLine
    ) -> Bool {
        let table = octets
        let octets = table.span
        let place = Int(finding.inspectedProtocol.rawValue) &* placesInEach &+ Int(finding.source.rawValue)
        var end = line.end(room: Self.room)
        end.append(beforeFrame)
        end.append(decimal: frame)
        end.append(places[place])
        guard end.append(plain: name) else { return false }
        end.append(beforeSource)
        end.append(tuple.source, octets)
        end.append(beforeSourcePort)
        end.append(decimal: Int(tuple.sourcePort))
        end.append(beforeDestination)
        end.append(tuple.destination, octets)
        end.append(beforeDestinationPort)
        end.append(decimal: Int(tuple.destinationPort))
        end.append(ends[Int(finding.verdict.rawValue)])
        line.extend(to: end)
        return true
    }
}

extension LineEnd {
    /// Appends an address, an IPv4 address by a table of its octets.
    @inline(__always)
    fileprivate mutating func append(_ address: IPAddress, _ octets: Span<UInt64>) {
        switch address.version {
        case .v4: append(dotted: address.low, octets)
        case .v6: append(address)
        }
    }

    /// Appends an IPv4 address, dotted, by a table of its octets; needs ``addressRoom``.
    @inline(__always)
    mutating func append(dotted address: UInt64, _ octets: Span<UInt64>) {
        var shift: UInt64 = 32
        while shift > 0 {
            shift &-= 8
            let text = octets[Int(truncatingIfNeeded: address &>> shift & 0xFF)]
            append(text.littleEndian, Int(truncatingIfNeeded: text &>> 32))
        }
        removeLast()
    }
}
