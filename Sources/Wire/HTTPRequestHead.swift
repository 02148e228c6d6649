// request-line CRLF                    RFC 9112 §3     method SP request-target SP HTTP-version
// *( field-line CRLF )                 RFC 9112 §5     field-name ":" OWS field-value OWS
// CRLF                                 RFC 9112 §2.1
// [ message-body ]                     RFC 9112 §6
//
// request-target = origin-form         RFC 9112 §3.2.1   /path?query
//                / absolute-form       RFC 9112 §3.2.2   http://host:port/path?query
//                / authority-form      RFC 9112 §3.2.3   host:port, of CONNECT
//                / asterisk-form       RFC 9112 §3.2.4   *
/// The head of an HTTP/1 request (RFC 9112 §2.1), read for the hosts it names and for where the next request begins.
///
/// A view that exists is valid: reading it cannot trap. It is read as leniently as the most lenient server: a line may end in LF alone, empty
/// lines may stand before the request line (§2.2), white space before a colon and folded lines (§5.1, §5.2) are passed over.
package struct HTTPRequestHead: ~Escapable {
    /// The longest head in octets that is read as one: what IIS and Node.js take, and twice what Apache and nginx take of one line. Of a
    /// longer one the fields can be read on with ``HTTPFieldLines``.
    package static let maximumLength = 16_384

    /// The longest method in octets; the longest that is registered has 17.
    private static let methodLimit = 24

    /// Octets of empty lines that may stand before the request line.
    private static let emptyLineLimit = 32

    /// What the body's length follows from (RFC 9112 §6.3).
    package enum Body: Equatable, Sendable {
        /// The next request follows the head, or this many octets behind it.
        case length(Int)
        /// The body comes in chunks (RFC 9112 §7.1).
        case chunked
        /// The head says it in more than one way, or in one that servers read differently (RFC 9112 §6.3, §11.2).
        case unclear
    }

    /// The method, as it is written.
    package let method: Span<UInt8>

    /// The request target, as it is written.
    package let target: Span<UInt8>

    /// Octets of the head, the empty line at its end included.
    package let length: Int

    /// Whether the empty line that ends the head is there.
    package let isComplete: Bool

    /// The length of the body.
    package let body: Body

    /// The first value of Host that names one; empty where there is none.
    package let host: Span<UInt8>

    /// How many values of Host name one.
    package let hostCount: Int

    /// The field lines, to be read from the first.
    package let fields: HTTPFieldLines

    /// Reads the head that starts `bytes`.
    ///
    /// - Parameters:
    ///   - bytes: a stream from the start of a request on.
    ///   - isPartial: whether a head will do that has its request line and not all of its fields.
    /// - Throws: ``WireError/malformed(_:)`` where there is no request line, at the first octet that says so; ``WireError/truncated(_:)``
    ///   where the head goes on behind `bytes`, ``WireError/limitExceeded(_:)`` where it goes on behind ``maximumLength``.
    @_lifetime(copy bytes)
    package init(parsing bytes: Span<UInt8>, isPartial: Bool = false) throws(WireError) {
        var start = 0
        while start < bytes.count, bytes[start] == carriageReturn || bytes[start] == lineFeed {
            start &+= 1
            guard start <= Self.emptyLineLimit else { throw .malformed(.httpRequestLine) }
        }
        let line = try RequestLine(bytes, start)
        method = bytes.extracting(line.start..<line.methodEnd)
        target = bytes.extracting(line.targetStart..<line.targetEnd)

        let window = bytes.extracting(0..<min(bytes.count, Self.maximumLength))
        let first = HTTPFieldLines(window, from: min(line.end, window.count))
        fields = first
        var lines = first
        var framing = Framing()
        var host = window.extracting(0..<0)
        var hostCount = 0
        var isComplete = false
        do throws(WireError) {
            while isComplete == false {
                let field = try lines.next()
                switch field.kind {
                case .end: isComplete = true
                case .contentLength: framing.addLength(window, field.start, field.end)
                case .transferEncoding: framing.addEncoding(window, field.start, field.end)
                case .host:
                    let name = HTTPAuthority.host(of: window.extracting(field.start..<field.end))
                    guard name.count > 0 else { continue }
                    if hostCount == 0 { host = name }
                    hostCount &+= 1
                case .other, .stray: continue
                }
            }
        } catch {
            guard isPartial else {
                throw bytes.count >= Self.maximumLength ? .limitExceeded(.httpFields) : .truncated(.httpFields)
            }
        }
        self.host = host
        self.hostCount = hostCount
        length = max(lines.position, line.end)
        self.isComplete = isComplete
        body = isComplete ? framing.body(isHTTP10: line.isHTTP10, method: method) : .unclear
    }

    /// Whether the method is CONNECT (RFC 9110 §9.3.6).
    package var isConnect: Bool { method.isEqual(to: Word.connect) }

    /// The host of the request target in absolute form, or in authority form where the method is CONNECT; empty for others.
    package var targetHost: Span<UInt8> {
        @_lifetime(copy self)
        get {
            let start = HTTPAuthority.start(in: target)
            if start > 0 { return HTTPAuthority.host(in: target.extracting(start..<target.count)) }
            return isConnect ? HTTPAuthority.host(in: target) : target.extracting(0..<0)
        }
    }

    /// The offset in `bytes` of a request line that ends at the end of `line`, whatever stands before it; nil where there is none.
    ///
    /// For a stream in which the beginning of a request has been lost.
    package static func requestLine(in bytes: Span<UInt8>, endingAt line: Range<Int>) -> Int? {
        var end = line.upperBound
        while end > line.lowerBound, bytes[end &- 1] <= space { end &-= 1 }
        guard let target = RequestLine.endOfTarget(bytes, line.lowerBound, end) else { return nil }
        var start = target
        while start > line.lowerBound, bytes[start &- 1] > space { start &-= 1 }
        while start > line.lowerBound, bytes[start &- 1] == space || bytes[start &- 1] == tab { start &-= 1 }
        guard start > line.lowerBound, bytes[start] == space || bytes[start] == tab else { return nil }
        let methodEnd = start
        while start > line.lowerBound, methodEnd &- start < methodLimit, bytes[start &- 1].isTokenOctet { start &-= 1 }
        return start < methodEnd ? start : nil
    }

    /// The offsets of a request line.
    private struct RequestLine {
        let start: Int
        let methodEnd: Int
        let targetStart: Int
        let targetEnd: Int
        let end: Int
        let isHTTP10: Bool

        init(_ bytes: Span<UInt8>, _ start: Int) throws(WireError) {
            self.start = start
            var position = start
            while position < bytes.count, bytes[position].isTokenOctet { position &+= 1 }
            guard position &- start <= HTTPRequestHead.methodLimit else { throw .malformed(.httpRequestLine) }
            guard position < bytes.count else { throw .truncated(.httpRequestLine) }
            guard position > start, bytes[position] == space || bytes[position] == tab else {
                throw .malformed(.httpRequestLine)
            }
            methodEnd = position
            while position < bytes.count, bytes[position] == space || bytes[position] == tab { position &+= 1 }
            targetStart = position
            let lineEnd = bytes.firstOffset(of: lineFeed, from: position)
            guard lineEnd < bytes.count else {
                try Self.checkTarget(
                    bytes,
                    position,
                    isConnect: bytes.extracting(start..<methodEnd).isEqual(to: Word.connect)
                )
                guard bytes.count < HTTPRequestHead.maximumLength else { throw .limitExceeded(.httpRequestLine) }
                throw .truncated(.httpRequestLine)
            }
            end = lineEnd &+ 1
            var last = lineEnd
            while last > position, bytes[last &- 1] <= space { last &-= 1 }
            guard let targetEnd = Self.endOfTarget(bytes, methodEnd, last) else { throw .malformed(.httpRequestLine) }
            self.targetEnd = max(targetEnd, targetStart)
            isHTTP10 = bytes[last &- 1] == UInt8(ascii: "0")
        }

        /// The end of what stands before white space and an HTTP version that end at `end`; nil where there is no such version.
        static func endOfTarget(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
            // "HTTP/1.1", its name in capitals by the book (RFC 9112 §2.3).
            guard end &- start > 8 else { return nil }
            let version = bytes.extracting(end &- 8..<end)
            guard version.extracting(0..<5).isEqual(to: Word.version), version[5].isDigit,
                version[6] == UInt8(ascii: "."),
                version[7].isDigit
            else { return nil }
            var position = end &- 8
            guard bytes[position &- 1] == space || bytes[position &- 1] == tab else { return nil }
            while position > start, bytes[position &- 1] == space || bytes[position &- 1] == tab { position &-= 1 }
            return position
        }

        /// Says as early as can be that the beginning of a line is not that of a request: no server takes a target of another form.
        private static func checkTarget(_ bytes: Span<UInt8>, _ start: Int, isConnect: Bool) throws(WireError) {
            guard start < bytes.count else { return }
            for index in start..<bytes.count {
                guard bytes[index] >= space || bytes[index] == tab || bytes[index] == carriageReturn else {
                    throw .malformed(.httpRequestLine)
                }
            }
            guard isConnect == false, bytes[start] != slash, bytes[start] != UInt8(ascii: "*") else { return }
            var position = start
            while position < bytes.count, bytes[position].isSchemeOctet { position &+= 1 }
            guard position &- start <= HTTPAuthority.schemeLimit else { throw .malformed(.httpRequestLine) }
            let rest = bytes.extracting(position..<min(position &+ 3, bytes.count))
            guard Word.authorityStart.begins(with: rest) else { throw .malformed(.httpRequestLine) }
        }
    }

    /// What the fields say of the body's length.
    private struct Framing {
        var length = -1
        var isChunked = false
        var isUnclear = false

        /// The longest body that is passed over, in octets; one that is longer ends the connection's use for requests.
        static let limit = 1 << 30

        /// Takes in a Content-Length (RFC 9110 §8.6): digits, or the same digits several times.
        mutating func addLength(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
            var value = -1
            for index in start..<end {
                switch bytes[index] {
                case UInt8(ascii: "0")...UInt8(ascii: "9"):
                    value = min(max(value, 0) &* 10 &+ Int(bytes[index] &- UInt8(ascii: "0")), Self.limit &+ 1)
                case UInt8(ascii: ","):
                    note(value)
                    value = -1
                case space, tab:
                    continue
                default:
                    isUnclear = true
                }
            }
            note(value)
        }

        private mutating func note(_ value: Int) {
            if value < 0 || value > Self.limit || length >= 0 && length != value { isUnclear = true }
            length = value
        }

        /// Takes in a Transfer-Encoding (RFC 9112 §6.1); any other than chunked alone is read differently by some server.
        mutating func addEncoding(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
            let value = bytes.extracting(start..<end)
            if value.isEqual(to: Word.chunked), isChunked == false {
                isChunked = true
            } else if value.isEqual(to: Word.identity) == false {
                isUnclear = true
            }
        }

        func body(isHTTP10: Bool, method: borrowing Span<UInt8>) -> Body {
            if isUnclear || isChunked && (length >= 0 || isHTTP10) { return .unclear }
            guard isChunked || length > 0 else { return .length(0) }
            // Some servers do not expect a body here, and read the next request in it.
            if method.isEqual(to: Word.get) || method.isEqual(to: Word.head) { return .unclear }
            return isChunked ? .chunked : .length(length)
        }
    }
}

/// The words of HTTP/1 that matter here.
private enum Word {
    static let get = ASCIIWord("GET")
    static let head = ASCIIWord("HEAD")
    static let connect = ASCIIWord("CONNECT")
    static let authorityStart = ASCIIWord("://")
    static let version = ASCIIWord("HTTP/")
    static let chunked = ASCIIWord("chunked")
    static let identity = ASCIIWord("identity")
}

extension UInt8 {
    @inline(__always)
    var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }

    /// Whether the octet can be in a token (RFC 9110 §5.6.2).
    @inline(__always)
    fileprivate var isTokenOctet: Bool {
        let letter = self | 0x20
        if letter >= UInt8(ascii: "a"), letter <= UInt8(ascii: "z") { return true }
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "^"), UInt8(ascii: "`"),
            UInt8(ascii: "|"), UInt8(ascii: "~"):
            return true
        default: return false
        }
    }
}

private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
private let space = UInt8(ascii: " ")
private let tab = UInt8(ascii: "\t")
private let slash = UInt8(ascii: "/")
