import Inspection
import Telemetry
import Wire

/// A part of a line, in the form in which it comes.
enum LinePart {
    case word(StaticString)
    case address(IPAddress)
    case text(String)

    /// The part as a string.
    var string: String {
        var line = TextLine()
        line.append(self)
        return line.text
    }

    /// Whether there is a colon in it, as in each IPv6 address.
    var hasColon: Bool {
        switch self {
        case .word: false
        case .address(let address): address.version == .v6
        case .text(let text): text.utf8.contains(UInt8(ascii: ":"))
        }
    }
}

/// What is said of one name, in memory that is used again for the next.
struct NameLine: ~Copyable {
    /// See ``NameRecord/frame``.
    var frame = 0
    /// The protocol's label.
    var inspectedProtocol = LinePart.word("")
    /// Where in the protocol the name stood.
    var source = LinePart.word("")
    /// The name.
    var name = TextLine()
    /// Whether the name is known to hold nothing that JSON text writes otherwise.
    var isPlain = false
    /// The sender's address.
    var sourceAddress = LinePart.word("")
    /// The sender's port.
    var sourcePort = 0
    /// The receiver's address.
    var destinationAddress = LinePart.word("")
    /// The receiver's port.
    var destinationPort = 0
    /// What became of the packet for this name.
    var verdict = LinePart.word("")
    /// The id of the list that the name is on; nil where it is on none.
    var list: String?

    /// An empty line.
    init() {}

    /// The line of a record.
    init(_ record: NameRecord) {
        frame = record.frame
        inspectedProtocol = .text(record.inspectedProtocol)
        source = .text(record.source)
        name.append(record.name)
        sourceAddress = .text(record.sourceAddress)
        sourcePort = record.sourcePort
        destinationAddress = .text(record.destinationAddress)
        destinationPort = record.destinationPort
        verdict = .text(record.verdict)
        list = record.list
    }
}

/// One name that was read from a packet, as replay reports it.
package struct NameRecord: Hashable, Sendable {
    /// The frame that completed the name; the first one of a file is 1.
    package let frame: Int
    /// The protocol's label, such as `tls`.
    package let inspectedProtocol: String
    /// Where in the protocol the name stood, such as `hello`.
    package let source: String
    /// The name: lower case, ASCII, no trailing dot, other bytes as `\DDD`.
    package let name: String
    /// The sender's address.
    package let sourceAddress: String
    /// The sender's port.
    package let sourcePort: Int
    /// The receiver's address.
    package let destinationAddress: String
    /// The receiver's port.
    package let destinationPort: Int
    /// What became of the packet for this name: `accept` or `drop`.
    package let verdict: String
    /// The id of the list that the name is on; nil where it is on none.
    package let list: String?

    /// A record from its parts, in the order of the `jsonl` keys.
    package init(
        frame: Int,
        inspectedProtocol: String,
        source: String,
        name: String,
        sourceAddress: String,
        sourcePort: Int,
        destinationAddress: String,
        destinationPort: Int,
        verdict: String,
        list: String?
    ) {
        self.frame = frame
        self.inspectedProtocol = inspectedProtocol
        self.source = source
        self.name = name
        self.sourceAddress = sourceAddress
        self.sourcePort = sourcePort
        self.destinationAddress = destinationAddress
        self.destinationPort = destinationPort
        self.verdict = verdict
        self.list = list
    }

    /// The record of a line.
    init(_ line: borrowing NameLine) {
        self.init(
            frame: line.frame,
            inspectedProtocol: line.inspectedProtocol.string,
            source: line.source.string,
            name: line.name.text,
            sourceAddress: line.sourceAddress.string,
            sourcePort: line.sourcePort,
            destinationAddress: line.destinationAddress.string,
            destinationPort: line.destinationPort,
            verdict: line.verdict.string,
            list: line.list
        )
    }
}

/// What replay found in one file.
package struct SummaryRecord: Hashable, Sendable {
    /// The file's path as it was given, or `-`.
    package var file: String
    /// Frames read, whatever they carried.
    package var packets = 0
    /// Names read, whether reported or not.
    package var names = 0
    /// Names that are on a list.
    package var matches = 0
    /// Packets with a name that is on a list, test names aside.
    package var events = 0
    /// Attempts: the events of one entry within the window are one, and a name on two lists is one.
    package var attempts = 0
    /// Packets with the verdict `drop`.
    package var dropped = 0
    /// Packets accepted without being judged, by the label of the cause; causes that never occurred are absent.
    package var undecided: [String: Int] = [:]

    /// Packets that showed an odd form, by the label of its kind; kinds that never occurred are absent.
    package var anomalies: [String: Int] = [:]

    /// Flows of encrypted DNS, by the label of its kind; kinds that never occurred are absent.
    package var encryptedDNSFlows: [String: Int] = [:]

    /// The summary of a file of which nothing has been read yet.
    package init(file: String) {
        self.file = file
    }

    /// Counts a packet with a name that is on a list, and the attempt that it began; nothing where its names are test names alone.
    mutating func count(_ claim: AttemptTable.Claim?) {
        guard let claim else { return }
        events += 1
        if claim != .continued { attempts += 1 }
    }

    /// Counts packets that were not judged for this cause.
    @inline(__always)
    mutating func count(_ cause: UndecidedCause, _ packets: Int) {
        if packets > 0 { undecided[cause.label, default: 0] += packets }
    }

    /// Counts the odd forms of a packet.
    @inline(__always)
    mutating func count(_ set: AnomalySet) {
        if set.isEmpty == false { countEach(of: set) }
    }

    private mutating func countEach(of set: AnomalySet) {
        for anomaly in Anomaly.allCases where set.contains(anomaly) { anomalies[anomaly.label, default: 0] += 1 }
    }

    /// Counts a flow of encrypted DNS.
    mutating func count(_ kind: EncryptedDNS) {
        encryptedDNSFlows[kind.label, default: 0] += 1
    }

    /// The causes in the order of ``UndecidedCause``.
    var orderedUndecided: [(label: String, count: Int)] {
        Self.ordered(undecided, like: UndecidedCause.allCases.map(\.label))
    }

    /// The kinds in the order of ``Anomaly``.
    var orderedAnomalies: [(label: String, count: Int)] { Self.ordered(anomalies, like: Anomaly.allCases.map(\.label)) }

    /// The kinds in the order of ``EncryptedDNS``.
    var orderedEncryptedDNSFlows: [(label: String, count: Int)] {
        Self.ordered(encryptedDNSFlows, like: EncryptedDNS.allCases.map(\.label))
    }

    /// The counts in this order of labels, then any that another release knew, by name.
    private static func ordered(_ counts: [String: Int], like order: [String]) -> [(label: String, count: Int)] {
        let rest = counts.keys.filter { !order.contains($0) }.sorted()
        return (order + rest).compactMap { label in counts[label].map { (label, $0) } }
    }
}

/// The form of replay output.
package enum ReplayFormat: String, CaseIterable, Sendable {
    /// Aligned columns for people.
    case text
    /// One JSON object per line.
    case jsonl
}

/// Writes records in one of the forms.
package struct ReplayReport: Sendable {
    private let format: ReplayFormat
    private let listWidth: Int
    /// What lines of `jsonl` are made of.
    let pieces = LinePieces()
    /// Whether names that are on no list can be written with ``pieces``.
    var usesPieces: Bool { format == .jsonl }

    /// A report in this form.
    ///
    /// - Parameters:
    ///   - format: the form.
    ///   - lists: the ids of all lists that can match; the text form gives their column the width of the longest.
    package init(format: ReplayFormat, lists: [String]) {
        self.format = format
        listWidth = lists.map(\.utf8.count).max() ?? 0
    }

    /// Appends the line of a name, with its line feed.
    package func append(_ record: NameRecord, to output: inout [UInt8]) {
        var text = TextLine()
        write(NameLine(record), to: &text)
        output.append(text)
    }

    /// Writes the line of a name, with its line feed.
    func write(_ line: borrowing NameLine, to text: inout TextLine) {
        switch format {
        case .text: writeText(line, to: &text)
        case .jsonl: writeJSON(line, to: &text)
        }
        text.append(UInt8(ascii: "\n"))
    }

    /// Appends the line of a file's summary, with its line feed.
    package func append(_ record: SummaryRecord, to output: inout [UInt8]) {
        switch format {
        case .text: appendText(record, to: &output)
        case .jsonl: appendJSON(record, to: &output)
        }
        output.append(UInt8(ascii: "\n"))
    }

    private func writeJSON(_ line: borrowing NameLine, to text: inout TextLine) {
        text.append("{\"type\":\"name\",\"frame\":" as StaticString)
        text.append(decimal: line.frame)
        text.append(",\"protocol\":\"" as StaticString)
        text.append(line.inspectedProtocol)
        text.append("\",\"source\":\"" as StaticString)
        text.append(line.source)
        if line.isPlain {
            text.append("\",\"name\":\"" as StaticString)
            text.append(line.name)
            text.append("\",\"src\":\"" as StaticString)
        } else {
            text.append("\",\"name\":" as StaticString)
            text.append(json: line.name)
            text.append(",\"src\":\"" as StaticString)
        }
        text.append(line.sourceAddress)
        text.append("\",\"sport\":" as StaticString)
        text.append(decimal: line.sourcePort)
        text.append(",\"dst\":\"" as StaticString)
        text.append(line.destinationAddress)
        text.append("\",\"dport\":" as StaticString)
        text.append(decimal: line.destinationPort)
        text.append(",\"verdict\":\"" as StaticString)
        text.append(line.verdict)
        text.append("\",\"list\":" as StaticString)
        if let list = line.list { text.append(json: list) } else { text.append("null" as StaticString) }
        text.append(UInt8(ascii: "}"))
    }

    private func appendJSON(_ record: SummaryRecord, to output: inout [UInt8]) {
        output.append(contentsOf: "{\"type\":\"summary\",\"file\":".utf8)
        output.appendJSON(record.file)
        output.append(contentsOf: ",\"packets\":\(record.packets),\"names\":\(record.names)".utf8)
        output.append(contentsOf: ",\"matches\":\(record.matches),\"dropped\":\(record.dropped)".utf8)
        appendJSON("undecided", record.orderedUndecided, to: &output)
        appendJSON("anomalies", record.orderedAnomalies, to: &output)
        appendJSON("encrypted_dns_flows", record.orderedEncryptedDNSFlows, to: &output)
        output.append(contentsOf: ",\"events\":\(record.events),\"attempts\":\(record.attempts)".utf8)
        output.append(UInt8(ascii: "}"))
    }

    private func appendJSON(_ key: String, _ counts: [(label: String, count: Int)], to output: inout [UInt8]) {
        output.append(contentsOf: ",\"\(key)\":{".utf8)
        for (index, entry) in counts.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.appendJSON(entry.label)
            output.append(contentsOf: ":\(entry.count)".utf8)
        }
        output.append(UInt8(ascii: "}"))
    }

    private func writeText(_ line: borrowing NameLine, to text: inout TextLine) {
        var digits = 1
        var left = line.frame / 10
        while left > 0 {
            digits += 1
            left /= 10
        }
        while digits < 7 {
            text.append(UInt8(ascii: " "))
            digits += 1
        }
        text.append(decimal: line.frame)
        writeColumn(line.inspectedProtocol, 4, to: &text)
        writeColumn(line.verdict, 6, to: &text)
        writeColumn(line.list.map { .text($0) } ?? .word("-"), max(listWidth, 1), to: &text)
        text.append("  " as StaticString)
        let start = text.count
        text.append(line.name.octets)
        text.pad(from: start, to: 32)
        text.append("  " as StaticString)
        writeEndpoint(line.sourceAddress, line.sourcePort, to: &text)
        text.append(" → " as StaticString)
        writeEndpoint(line.destinationAddress, line.destinationPort, to: &text)
    }

    /// Writes a column of text, with the space before it.
    private func writeColumn(_ content: LinePart, _ width: Int, to text: inout TextLine) {
        text.append("  " as StaticString)
        let start = text.count
        text.append(content)
        text.pad(from: start, to: width)
    }

    /// Writes an address and a port, an IPv6 address in brackets (RFC 3986 §3.2.2).
    private func writeEndpoint(_ address: LinePart, _ port: Int, to text: inout TextLine) {
        if address.hasColon { text.append(UInt8(ascii: "[")) }
        text.append(address)
        if address.hasColon { text.append(UInt8(ascii: "]")) }
        text.append(UInt8(ascii: ":"))
        text.append(decimal: port)
    }

    private func appendText(_ record: SummaryRecord, to output: inout [UInt8]) {
        output.append(contentsOf: printable(record.file).utf8)
        output.append(contentsOf: ": \(counted(record.packets, "packet")), \(counted(record.names, "name")), ".utf8)
        output.append(contentsOf: "\(counted(record.matches, "match", "matches")), \(record.dropped) dropped".utf8)
        appendText("undecided", record.orderedUndecided, to: &output)
        appendText("odd", record.orderedAnomalies, to: &output)
        appendText("encrypted DNS", record.orderedEncryptedDNSFlows, to: &output)
    }

    private func appendText(_ title: String, _ counts: [(label: String, count: Int)], to output: inout [UInt8]) {
        for (index, entry) in counts.enumerated() {
            output.append(contentsOf: "\(index == 0 ? "; \(title):" : ",") \(entry.count) \(entry.label)".utf8)
        }
    }

    private func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        "\(count) \(count == 1 ? one : many ?? one + "s")"
    }
}

/// Text as a terminal can show it: control characters, which could steer the terminal, are replaced by U+FFFD.
func printable(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        result.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
    }
    return String(result)
}
