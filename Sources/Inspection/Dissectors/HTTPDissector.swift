import Telemetry
import Wire

/// The hosts that HTTP requests name, on whatever port: HTTP/1 (RFC 9112), and HTTP/2 where the client knows that the server speaks it
/// (RFC 9113 §3.3).
///
/// A request can name a host twice, in its target and in its Host field. The target counts (RFC 9112 §3.2.2), but not with all servers, so
/// both are names that are asked for; so is each of several Host fields.
enum HTTPDissector: Dissector {
    static func mayBeMine(_ tuple: FiveTuple) -> Bool {
        tuple.transport == TransportProtocol.tcp
    }

    /// What the stream goes on with.
    private enum Mode {
        /// The connection's first request.
        static let start: DissectorMode = 0
        /// Another request.
        static let request: DissectorMode = 1
        /// Field lines of a head that is too long to be read as one.
        static let fields: DissectorMode = 2
        /// The rest of a line that is too long to be read as one, in such a head.
        static let line: DissectorMode = 3
        /// A chunk of a chunked body.
        static let chunk: DissectorMode = 4
        /// The trailer behind the last chunk.
        static let trailer: DissectorMode = 5
        /// Frames of HTTP/2.
        static let frames: DissectorMode = 6
        /// Something in which the next request line is looked for; the lower bits count how often that may still be tried.
        static let search: DissectorMode = 0x80
        /// A search that has just begun: a request that is there comes soon, and a bulk transfer is to be let go.
        static let fullSearch: DissectorMode = 0xC0
    }

    /// The longest line that is kept until its end is there, in octets, while a request line is looked for.
    private static let searchedLineLimit = 8_192

    static func dissect(
        stream: Span<UInt8>,
        isFinal: Bool,
        mode: inout DissectorMode,
        scratch: inout MessageBuffer,
        into findings: inout Findings
    ) throws(WireError) -> Dissection {
        guard stream.count > 0 else { return .needsMore(1) }
        switch mode {
        case Mode.start, Mode.request:
            return readStart(stream, isFinal: isFinal, &mode, into: &findings)
        case Mode.fields:
            return readFields(stream, &mode, into: &findings)
        case Mode.line:
            let end = stream.firstOffset(of: lineFeed)
            if end < stream.count { mode = Mode.fields }
            return .nameless(consumed: min(end &+ 1, stream.count))
        case Mode.chunk, Mode.trailer:
            do throws(WireError) {
                return mode == Mode.chunk ? try readChunk(stream, &mode) : try readTrailer(stream, &mode)
            } catch {
                return search(stream, isFinal: isFinal, Mode.fullSearch, &mode, into: &findings)
            }
        case Mode.frames:
            return readFrames(stream, isFinal: isFinal, &scratch, into: &findings)
        default:
            return search(stream, isFinal: isFinal, mode, &mode, into: &findings)
        }
    }

    // MARK: HTTP/1

    /// Reads what stands where a request is expected.
    private static func readStart(
        _ stream: Span<UInt8>,
        isFinal: Bool,
        _ mode: inout DissectorMode,
        into findings: inout Findings
    ) -> Dissection {
        let prefaceCount = HTTP2Frame.prefaceCount(stream)
        if prefaceCount == HTTP2Frame.prefaceLength {
            mode = Mode.frames
            return .nameless(consumed: prefaceCount)
        }
        if prefaceCount == stream.count { return .needsMore(stream.count &+ 1) }
        do throws(WireError) {
            return try readRequest(stream, isFinal: isFinal, &mode, into: &findings)
        } catch {
            // Only the first octets of a connection can say that it is not HTTP.
            guard mode == Mode.request else { return .notMine }
            // The protocol that a request asked to turn to (RFC 2817 §3.1).
            if stream[0] == TLSRecord.ContentType.handshake.rawValue { return .upgraded(consumed: 0) }
            return search(stream, isFinal: isFinal, Mode.fullSearch, &mode, into: &findings)
        }
    }

    /// Reads a request's head and notes what follows it.
    private static func readRequest(
        _ stream: Span<UInt8>,
        isFinal: Bool,
        _ mode: inout DissectorMode,
        into findings: inout Findings
    ) throws(WireError) -> Dissection {
        do throws(WireError) {
            let head = try HTTPRequestHead(parsing: stream)
            let hasName = addHosts(of: head, into: &findings)
            if head.isConnect { return .upgraded(consumed: head.length) }
            var consumed = head.length
            switch head.body {
            case .length(let length):
                mode = Mode.request
                consumed &+= length
            case .chunked: mode = Mode.chunk
            case .unclear: mode = Mode.fullSearch
            }
            return hasName ? .name(consumed: consumed) : .nameless(consumed: consumed)
        } catch .truncated {
            // A host that is already complete is worth having.
            guard isFinal, let head = try? HTTPRequestHead(parsing: stream, isPartial: true),
                addHosts(of: head, into: &findings)
            else { return .needsMore(stream.count &+ 1) }
            mode = Mode.fullSearch
            return .name(consumed: stream.count)
        } catch .limitExceeded(.httpRequestLine) {
            mode = Mode.line
            return .nameless(consumed: stream.count)
        } catch .limitExceeded {
            let head = try HTTPRequestHead(parsing: stream, isPartial: true)
            mode = Mode.fields
            let hasName = addHosts(of: head, into: &findings)
            return hasName ? .name(consumed: head.length) : .nameless(consumed: head.length)
        }
    }

    /// Adds the hosts that a head names; whether there are any.
    private static func addHosts(of head: HTTPRequestHead, into findings: inout Findings) -> Bool {
        let first = findings.count
        add(head.targetHost, from: first, into: &findings)
        if head.hostCount > 1 {
            var fields = head.fields
            addHosts(&fields, from: first, into: &findings)
        } else {
            add(head.host, from: first, into: &findings)
        }
        return findings.count > first
    }

    private static func addHosts(_ fields: inout HTTPFieldLines, from first: Int, into findings: inout Findings) {
        while true {
            let host = fields.nextHost()
            guard host.count > 0 else { return }
            add(host, from: first, into: &findings)
        }
    }

    /// Adds a host, unless the request, whose findings begin at `first`, has named it before.
    private static func add(_ host: Span<UInt8>, from first: Int, into findings: inout Findings) {
        guard host.count > 0 else { return }
        let count = findings.count
        guard count &- first < hostLimit else {
            findings.fault = .overBudget
            return
        }
        // What cannot be a domain name cannot be on a list, and says nothing of the requests that follow.
        try? findings.add(.http, .host) { name throws(WireError) in try name.assign(text: host) }
        guard findings.count > count, count > first else { return }
        findings.removeRepeated(from: count, since: first)
    }

    /// Reads the fields that are there of a head too long to be read as one.
    private static func readFields(
        _ stream: Span<UInt8>,
        _ mode: inout DissectorMode,
        into findings: inout Findings
    ) -> Dissection {
        let first = findings.count
        var lines = HTTPFieldLines(stream)
        var isOver = false
        while isOver == false, let line = try? lines.next() {
            isOver = line.kind == .end || line.kind == .stray
        }
        var consumed = lines.position
        if isOver {
            // How long the body is stood in a part of the head that was not kept.
            mode = Mode.fullSearch
        } else if consumed == 0 {
            guard stream.count >= HTTPRequestHead.maximumLength else { return .needsMore(stream.count &+ 1) }
            mode = Mode.line
            consumed = stream.count
        }
        var fields = HTTPFieldLines(stream)
        addHosts(&fields, from: first, into: &findings)
        return findings.count > first ? .name(consumed: consumed) : .nameless(consumed: consumed)
    }

    /// Passes over a chunk, which may reach behind the end of what is there.
    private static func readChunk(_ stream: Span<UInt8>, _ mode: inout DissectorMode) throws(WireError) -> Dissection {
        do throws(WireError) {
            let chunk = try HTTPChunkSize(parsing: stream)
            if chunk.size == 0 { mode = Mode.trailer }
            return .nameless(consumed: chunk.length &+ chunk.size)
        } catch .truncated {
            return .needsMore(stream.count &+ 1)
        }
    }

    /// Passes over a line of the trailer (RFC 9112 §7.1.2).
    private static func readTrailer(
        _ stream: Span<UInt8>,
        _ mode: inout DissectorMode
    ) throws(WireError) -> Dissection {
        var lines = HTTPFieldLines(stream)
        guard let line = try? lines.next() else {
            guard stream.count < HTTPRequestHead.maximumLength else { throw .limitExceeded(.httpFields) }
            return .needsMore(stream.count &+ 1)
        }
        if line.kind == .stray { throw .malformed(.httpFields) }
        if line.kind == .end { mode = Mode.request }
        return .nameless(consumed: lines.position)
    }

    /// Looks for the next request line, as the mode `current`.
    private static func search(
        _ stream: Span<UInt8>,
        isFinal: Bool,
        _ current: DissectorMode,
        _ mode: inout DissectorMode,
        into findings: inout Findings
    ) -> Dissection {
        guard current > Mode.search else { return .notMine }
        var start = 0
        while true {
            let end = stream.firstOffset(of: lineFeed, from: start)
            guard end < stream.count else { break }
            if let request = HTTPRequestHead.requestLine(in: stream, endingAt: start..<end) {
                guard request == 0 else {
                    mode = Mode.request
                    return .nameless(consumed: request)
                }
                do throws(WireError) {
                    return try readRequest(stream, isFinal: isFinal, &mode, into: &findings)
                } catch {
                    // Not one after all: the search goes on behind it.
                }
            }
            start = end &+ 1
        }
        // The last line may become one.
        let rest = stream.extracting(start..<stream.count)
        let isKept = isFinal == false && rest.count < searchedLineLimit && isText(rest)
        if start == 0, isKept { return .needsMore(stream.count &+ 1) }
        mode = current &- 1
        return .nameless(consumed: isKept ? start : stream.count)
    }

    /// Whether the octets could be in a line of text.
    private static func isText(_ octets: Span<UInt8>) -> Bool {
        for index in octets.indices {
            switch octets[index] {
            case 0x20..., UInt8(ascii: "\t"), UInt8(ascii: "\r"): continue
            default: return false
            }
        }
        return true
    }

    // MARK: HTTP/2

    /// Reads a header block, in one frame or more, or passes over a frame of another type.
    private static func readFrames(
        _ stream: Span<UInt8>,
        isFinal: Bool,
        _ scratch: inout MessageBuffer,
        into findings: inout Findings
    ) -> Dissection {
        let limit = HTTPRequestHead.maximumLength
        do throws(WireError) {
            let frame = try HTTP2Frame(parsing: stream)
            var end = HTTP2Frame.headerLength &+ frame.length
            guard frame.type == HTTP2Frame.headersType else { return .nameless(consumed: end) }
            let wanted = min(frame.length, limit)
            guard frame.payload.count >= wanted || isFinal else {
                return .needsMore(HTTP2Frame.headerLength &+ wanted)
            }
            if frame.endsHeaders || frame.payload.count < frame.length {
                return addAuthorities(try frame.headerFragment, end, into: &findings)
            }
            scratch.reset()
            var isOver = scratch.append(try frame.headerFragment) == false
            while isOver == false, scratch.count < limit, end < limit &* 2 {
                guard let next = try? HTTP2Frame(parsing: stream.extracting(min(end, stream.count)..<stream.count))
                else {
                    guard isFinal else { return .needsMore(end &+ HTTP2Frame.headerLength) }
                    break
                }
                guard next.type == HTTP2Frame.continuationType else { break }
                let nextEnd = end &+ HTTP2Frame.headerLength &+ next.length
                guard next.payload.count >= min(next.length, limit) || isFinal else { return .needsMore(nextEnd) }
                isOver = scratch.append(next.payload) == false || next.endsHeaders
                end = nextEnd
            }
            return addAuthorities(scratch.bytes, end, into: &findings)
        } catch .truncated(.http2FrameHeader) {
            return .needsMore(HTTP2Frame.headerLength)
        } catch {
            // Padding that leaves no room for the block: the server closes the connection.
            return .nameless(consumed: stream.count)
        }
    }

    /// Adds the authorities of a header block, as far as it can be read.
    private static func addAuthorities(_ block: Span<UInt8>, _ consumed: Int, into findings: inout Findings)
        -> Dissection
    {
        let first = findings.count
        var fields = HPACKFields(block)
        var text = HPACKText()
        while (try? fields.nextAuthority(into: &text)) == true {
            add(HTTPAuthority.host(in: text.bytes), from: first, into: &findings)
        }
        return findings.count > first ? .name(consumed: consumed) : .nameless(consumed: consumed)
    }

    private static let lineFeed = UInt8(ascii: "\n")

    /// The hosts of one request that are read. It has one, and servers refuse more (RFC 9112 §3.2); without a limit, four octets of a header block would
    /// buy a look-up and a comparison with all names before it, thousands of times in a request.
    private static let hostLimit = 32
}
