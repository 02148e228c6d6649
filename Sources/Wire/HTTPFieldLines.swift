/// One line of an HTTP/1 head behind its request line.
package struct HTTPFieldLine: Equatable, Sendable {
    /// What a line says, as far as it matters here.
    package enum Kind: UInt8, Equatable, Sendable {
        /// A value of Host.
        case host
        /// A value of Content-Length.
        case contentLength
        /// A value of Transfer-Encoding.
        case transferEncoding
        /// Another field.
        case other
        /// A line without a colon, which is no field.
        case stray
        /// The empty line that ends the head.
        case end
    }

    /// What the line says.
    package let kind: Kind

    /// The offset of its value, without white space around.
    package let start: Int

    /// The offset behind its value.
    package let end: Int
}

/// The field lines of an HTTP/1 head, one after another (RFC 9112 §5).
///
/// A line that begins with white space continues the field before it (§5.2) and is given as another value of the same kind.
package struct HTTPFieldLines: ~Escapable {
    private let bytes: Span<UInt8>
    private var previous: HTTPFieldLine.Kind?

    /// The offset behind the line read last.
    package private(set) var position: Int

    /// The lines from the offset `start` of `bytes` on.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, from start: Int = 0) {
        precondition(start >= 0 && start <= bytes.count)
        self.bytes = bytes
        position = start
    }

    /// Reads the next line.
    ///
    /// - Throws: ``WireError/truncated(_:)`` where its end is not there.
    @_lifetime(self: copy self)
    package mutating func next() throws(WireError) -> HTTPFieldLine {
        let start = position
        let lineFeedOffset = bytes.firstOffset(of: lineFeed, from: start)
        guard lineFeedOffset < bytes.count else { throw .truncated(.httpFields) }
        position = lineFeedOffset &+ 1
        var end = lineFeedOffset
        while end > start, bytes[end &- 1] == carriageReturn { end &-= 1 }
        guard end > start else { return HTTPFieldLine(kind: .end, start: end, end: end) }

        var valueStart = start
        let kind: HTTPFieldLine.Kind
        if bytes[start] == space || bytes[start] == tab, let previous {
            kind = previous
        } else {
            while valueStart < end, bytes[valueStart] <= space { valueStart &+= 1 }
            let colon = Self.colon(in: bytes, valueStart, end)
            kind = colon < end ? Self.kind(bytes, valueStart, colon) : .stray
            valueStart = min(colon &+ 1, end)
        }
        while valueStart < end, bytes[valueStart] == space || bytes[valueStart] == tab { valueStart &+= 1 }
        while end > valueStart, bytes[end &- 1] == space || bytes[end &- 1] == tab { end &-= 1 }
        // What is folded behind a host is not part of it.
        previous = kind == .host && valueStart < end ? .other : kind
        // A blank first line of a folded value says nothing yet.
        if kind == .contentLength || kind == .transferEncoding, valueStart == end {
            return HTTPFieldLine(kind: .other, start: valueStart, end: end)
        }
        return HTTPFieldLine(kind: kind, start: valueStart, end: end)
    }

    /// The next value of Host that names one; empty where there is no other.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    package mutating func nextHost() -> Span<UInt8> {
        while let line = try? next(), line.kind != .end {
            guard line.kind == .host else { continue }
            let host = HTTPAuthority.host(of: bytes.extracting(line.start..<line.end))
            if host.count > 0 { return host }
        }
        return bytes.extracting(0..<0)
    }

    private static func colon(in bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var position = start
        while position < end, bytes[position] != UInt8(ascii: ":") { position &+= 1 }
        return position
    }

    @inline(__always)
    private static func kind(_ bytes: Span<UInt8>, _ start: Int, _ colon: Int) -> HTTPFieldLine.Kind {
        guard start < colon else { return .other }
        switch bytes[start] | 0x20 {
        case UInt8(ascii: "h"), UInt8(ascii: "c"), UInt8(ascii: "t"): break
        default: return .other
        }
        // No server should take a name with white space behind it (RFC 9112 §5.1), and some do.
        var end = colon
        while end > start, bytes[end &- 1] <= space { end &-= 1 }
        let name = bytes.extracting(start..<end)
        if name.isEqual(to: Word.host) { return .host }
        if name.isEqual(to: Word.contentLength) { return .contentLength }
        return name.isEqual(to: Word.transferEncoding) ? .transferEncoding : .other
    }
}

/// The names of fields that matter here.
private enum Word {
    static let host = ASCIIWord("Host")
    static let contentLength = ASCIIWord("Content-Length")
    static let transferEncoding = ASCIIWord("Transfer-Encoding")
}

private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
private let space = UInt8(ascii: " ")
private let tab = UInt8(ascii: "\t")
