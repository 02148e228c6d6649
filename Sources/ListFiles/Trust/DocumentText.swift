/// The common form of small signed texts: a line that says what they are, lines `field: value` in a fixed order, signatures at the end.
///
/// Every value has one spelling, every line ends with a line feed and nothing is skipped, so that a document that was read and written
/// again is the same, octet for octet.
struct DocumentReader {
    /// Octets of a document.
    static let limit = 8192

    private static let lineLimit = 256

    private let octets: [UInt8]
    private var position = 0

    /// The number of the line that was read last, from 1 on.
    private(set) var line = 0

    /// Begins to read, with the line that says what the document is.
    init(_ octets: [UInt8], title: String) throws(TrustFault) {
        guard octets.count <= Self.limit else { throw .tooLong(limit: Self.limit) }
        self.octets = octets
        guard let first = try peek(), first.elementsEqual(title.utf8) else { throw .line(1, .unknownFormat) }
        take(first)
    }

    /// Whether nothing is left.
    var isAtEnd: Bool { position == octets.count }

    /// The octets of all lines that have been read.
    var octetsSoFar: [UInt8] { Array(octets[..<position]) }

    /// The value of the field that must be next.
    mutating func field(_ field: LineFault.Field) throws(TrustFault) -> String {
        guard let value = try optionalField(field) else {
            throw isAtEnd ? .cutDocument : .line(line + 1, .missing(field))
        }
        return value
    }

    /// The value of a field that may be next.
    mutating func optionalField(_ field: LineFault.Field) throws(TrustFault) -> String? {
        let key = Array("\(field.rawValue): ".utf8)
        guard let next = try peek(), next.starts(with: key) else { return nil }
        take(next)
        guard let value = String(validating: next.dropFirst(key.count), as: UTF8.self) else {
            throw .line(line, .malformed(field))
        }
        return value
    }

    /// The value of the field that must be next, as what it stands for.
    mutating func value<Value>(
        _ field: LineFault.Field,
        as make: (String) -> Value?
    ) throws(TrustFault) -> Value {
        guard let value = make(try self.field(field)) else { throw .line(line, .malformed(field)) }
        return value
    }

    /// The times from which and, where there is one, until when something holds.
    mutating func times() throws(TrustFault) -> (issued: Timestamp, expires: Timestamp?) {
        let issued = try value(.issued) { Timestamp($0) }
        guard let text = try optionalField(.expires) else { return (issued, nil) }
        guard let expires = Timestamp(text) else { throw .line(line, .malformed(.expires)) }
        guard expires > issued else { throw .line(line, .endsBeforeItBegins) }
        return (issued, expires)
    }

    /// All signatures up to the end, of which there must be one.
    mutating func signatures(limit: Int) throws(TrustFault) -> [Signature] {
        var signatures: [Signature] = []
        repeat {
            signatures.append(try value(.signature) { Signature(line: $0) })
            guard signatures.count <= limit else { throw .tooManySignatures(limit: limit) }
            if isAtEnd == false, try peek()?.starts(with: Array("signature: ".utf8)) != true {
                throw .line(line + 1, .unexpected)
            }
        } while isAtEnd == false
        return signatures
    }

    /// A number without sign and leading zeros.
    static func number(_ text: String) -> UInt64? {
        guard let number = UInt64(text), String(number) == text else { return nil }
        return number
    }

    /// The next line, without its end; nil at the end.
    private func peek() throws(TrustFault) -> ArraySlice<UInt8>? {
        guard isAtEnd == false else { return nil }
        let window = octets[position..<min(position + Self.lineLimit, octets.count)]
        guard let end = window.firstIndex(of: 0x0A) else {
            throw .line(line + 1, window.endIndex == octets.count ? .unterminated : .tooLong)
        }
        return octets[position..<end]
    }

    private mutating func take(_ taken: ArraySlice<UInt8>) {
        position = taken.endIndex + 1
        line += 1
    }
}

/// Writes what ``DocumentReader`` reads.
struct DocumentWriter {
    private(set) var octets: [UInt8]

    /// Begins with the line that says what the document is.
    init(title: String) {
        octets = Array(title.utf8) + [0x0A]
    }

    /// Appends a line.
    mutating func append(_ field: LineFault.Field, _ value: some CustomStringConvertible) {
        octets += Array("\(field.rawValue): \(value)\n".utf8)
    }

    /// Appends the lines of both times.
    mutating func append(issued: Timestamp, expires: Timestamp?) {
        append(.issued, issued)
        if let expires { append(.expires, expires) }
    }
}
