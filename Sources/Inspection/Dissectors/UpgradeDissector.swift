import Wire

/// Finds where a connection that begins in another protocol turns to TLS, on whatever port, so that the hello behind it is read.
///
/// - Commands in lines: `STARTTLS` of SMTP (RFC 3207), IMAP and ACAP (RFC 9051 §6.2.1), NNTP (RFC 4642) and ManageSieve (RFC 5804), `STLS` of
///   POP3 (RFC 2595 §4), `AUTH TLS` of FTP (RFC 4217 §4).
/// - `<starttls/>` of XMPP (RFC 6120 §5.4.2.1).
/// - Requests to a proxy: `CONNECT` of HTTP (RFC 9110 §9.3.6), where HTTP itself is not read, and those of SOCKS 4a and 5 (RFC 1928).
/// - The request for encryption that a PostgreSQL client begins with.
///
/// A client that says anything else than what comes before these, or says that for long, is let go.
enum UpgradeDissector: Dissector {
    static func mayBeMine(_ tuple: FiveTuple) -> Bool {
        tuple.transport == TransportProtocol.tcp
    }

    /// What was read before; in the conversations of text, the lower bits count the commands.
    private enum Mode {
        static let start: DissectorMode = 0
        static let commands: DissectorMode = 0x20
        static let elements: DissectorMode = 0x40
        static let socks: DissectorMode = 0x60
        static let kind: DissectorMode = 0xE0
    }

    /// Commands before the one that turns to TLS.
    private static let commandLimit: DissectorMode = 16

    /// The longest command line in octets (RFC 5321 §4.5.3.1.4).
    private static let lineLimit = 512

    /// The longest element of XMPP in octets.
    private static let elementLimit = 2_048

    /// The longest user name and the longest domain name in a request of SOCKS 4a, in octets.
    private static let socksTextLimit = 256

    static func dissect(
        stream: Span<UInt8>,
        isFinal: Bool,
        mode: inout DissectorMode,
        scratch: inout MessageBuffer,
        into findings: inout Findings
    ) throws(WireError) -> Dissection {
        guard stream.count > 0 else { return .needsMore(1) }
        switch mode & Mode.kind {
        case Mode.commands: return readCommand(stream, &mode)
        case Mode.elements: return readElement(stream, &mode)
        case Mode.socks: return readSOCKS5Request(stream)
        default: break
        }
        switch stream[0] {
        case 0: return readPostgreSQLRequest(stream)
        case 4: return readSOCKS4Request(stream)
        case 5:
            guard stream.count >= 2 else { return .needsMore(2) }
            guard stream[1] > 0 else { return .notMine }
            // The methods of authentication that the client offers (RFC 1928 §3).
            let length = 2 &+ Int(stream[1])
            guard stream.count >= length else { return .needsMore(length) }
            mode = Mode.socks
            return .nameless(consumed: length)
        case UInt8(ascii: "<"): return readElement(stream, &mode)
        case UInt8(ascii: "C"), UInt8(ascii: "c"):
            let result = readConnect(stream)
            return result == .notMine ? readCommand(stream, &mode) : result
        default: return readCommand(stream, &mode)
        }
    }

    // MARK: Commands

    private static let upgrades = [ASCIIWord("STARTTLS"), ASCIIWord("STLS")]
    private static let securities = [ASCIIWord("TLS"), ASCIIWord("TLS-C"), ASCIIWord("SSL"), ASCIIWord("TLS-P")]
    private static let auth = ASCIIWord("AUTH")
    private static let connect = ASCIIWord("CONNECT")

    /// What clients say before they turn to TLS.
    private static let verbs = [
        ASCIIWord("EHLO"), ASCIIWord("HELO"), ASCIIWord("LHLO"), ASCIIWord("NOOP"), ASCIIWord("RSET"),
        ASCIIWord("CAPA"),
        ASCIIWord("CAPABILITY"), ASCIIWord("CAPABILITIES"), ASCIIWord("MODE"), ASCIIWord("FEAT"), ASCIIWord("SYST"),
        ASCIIWord("OPTS"), ASCIIWord("CLNT"), ASCIIWord("HOST"),
    ]

    /// What clients of IMAP say behind a tag before they do.
    private static let taggedVerbs = [
        ASCIIWord("CAPABILITY"), ASCIIWord("ID"), ASCIIWord("NOOP"), ASCIIWord("STARTTLS"),
    ]

    private static func readCommand(_ stream: Span<UInt8>, _ mode: inout DissectorMode) -> Dissection {
        guard isTag(stream.extracting(0..<1)) else { return .notMine }
        let lineFeedOffset = stream.extracting(0..<min(stream.count, lineLimit)).firstOffset(of: UInt8(ascii: "\n"))
        guard lineFeedOffset < min(stream.count, lineLimit) else {
            let isPossible = stream.count < lineLimit && mayBecomeCommand(stream)
            return isPossible ? .needsMore(stream.count &+ 1) : .notMine
        }
        let line = stream.extracting(0..<lineFeedOffset)
        let first = word(in: line, from: 0)
        let second = word(in: line, from: first.upperBound)
        let verb = line.extracting(first)
        let argument = line.extracting(second)
        let isUpgrade =
            upgrades.contains { verb.isEqual(to: $0) }
            || verb.isEqual(to: auth) && securities.contains { argument.isEqual(to: $0) }
            || isTag(verb) && argument.isEqual(to: upgrades[0])
        if isUpgrade { return .upgraded(consumed: lineFeedOffset &+ 1) }
        guard
            verbs.contains(where: { verb.isEqual(to: $0) })
                || isTag(verb) && taggedVerbs.contains(where: { argument.isEqual(to: $0) })
        else { return .notMine }
        return count(lineFeedOffset &+ 1, Mode.commands, &mode)
    }

    /// Passes over a message of a conversation that has not gone on for too long.
    private static func count(_ length: Int, _ kind: DissectorMode, _ mode: inout DissectorMode) -> Dissection {
        let seen = mode & ~Mode.kind
        guard seen < commandLimit else { return .notMine }
        mode = kind | seen &+ 1
        return .nameless(consumed: length)
    }

    /// Whether the beginning of a line can become a command that is looked for.
    private static func mayBecomeCommand(_ line: Span<UInt8>) -> Bool {
        for index in line.indices where line[index] < 0x20 && line[index] != UInt8(ascii: "\r") { return false }
        let first = word(in: line, from: 0)
        let verb = line.extracting(first)
        if first.upperBound == line.count {
            return isTag(verb) || verb.count == 0 || upgrades.contains { $0.begins(with: verb) }
        }
        let second = word(in: line, from: first.upperBound)
        let argument = line.extracting(second)
        if upgrades.contains(where: { verb.isEqual(to: $0) }) || verbs.contains(where: { verb.isEqual(to: $0) }) {
            return true
        }
        if verb.isEqual(to: auth) { return securities.contains { $0.begins(with: argument) } }
        return isTag(verb) && taggedVerbs.contains { $0.begins(with: argument) }
    }

    /// The next word of a line at or behind `start`.
    private static func word(in line: Span<UInt8>, from start: Int) -> Range<Int> {
        var first = start
        while first < line.count, line[first] <= 0x20 { first &+= 1 }
        var end = first
        while end < line.count, line[end] > 0x20 { end &+= 1 }
        return first..<end
    }

    /// Whether a word can be the tag of an IMAP command: what clients make of letters, digits and little else (RFC 9051 §2.2.1).
    private static func isTag(_ word: Span<UInt8>) -> Bool {
        guard word.count > 0, word.count <= 32 else { return false }
        for index in word.indices {
            switch word[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                continue
            default: return false
            }
        }
        return true
    }

    // MARK: XMPP

    private static let declaration = ASCIIWord("<?xml")
    private static let streamElement = ASCIIWord("<stream:stream")
    private static let startElement = ASCIIWord("<starttls")
    private static let startElementEnd = ASCIIWord("</starttls")

    private static func readElement(_ stream: Span<UInt8>, _ mode: inout DissectorMode) -> Dissection {
        var start = 0
        while start < stream.count, stream[start] <= 0x20 { start &+= 1 }
        var nameEnd = start
        while nameEnd < stream.count, stream[nameEnd] > 0x20, stream[nameEnd] != UInt8(ascii: ">"),
            nameEnd == start || stream[nameEnd] != UInt8(ascii: "/") || stream[nameEnd &- 1] == UInt8(ascii: "<")
        {
            nameEnd &+= 1
        }
        let name = stream.extracting(start..<nameEnd)
        if nameEnd == stream.count {
            let isPossible =
                declaration.begins(with: name) || streamElement.begins(with: name) || startElement.begins(with: name)
                || startElementEnd.begins(with: name)
            return isPossible && stream.count < elementLimit ? .needsMore(stream.count &+ 1) : .notMine
        }
        let isStart = name.isEqual(to: startElement)
        let isEnd = name.isEqual(to: startElementEnd)
        guard isStart || isEnd || name.isEqual(to: declaration) || name.isEqual(to: streamElement) else {
            return .notMine
        }
        let end = stream.firstOffset(of: UInt8(ascii: ">"), from: nameEnd)
        guard end < stream.count else {
            return stream.count < elementLimit ? .needsMore(stream.count &+ 1) : .notMine
        }
        if isEnd || isStart && stream[end &- 1] == UInt8(ascii: "/") { return .upgraded(consumed: end &+ 1) }
        return count(end &+ 1, Mode.elements, &mode)
    }

    // MARK: Proxies and others

    /// A CONNECT whose host nobody asks about, since HTTP is not read.
    private static func readConnect(_ stream: Span<UInt8>) -> Dissection {
        guard connect.begins(with: stream.extracting(0..<min(stream.count, connect.count))) else { return .notMine }
        do throws(WireError) {
            let head = try HTTPRequestHead(parsing: stream)
            return head.isConnect ? .upgraded(consumed: head.length) : .notMine
        } catch .truncated {
            return .needsMore(stream.count &+ 1)
        } catch {
            return .notMine
        }
    }

    /// The request behind the greeting of SOCKS 5 (RFC 1928 §4), or the password that comes before it (RFC 1929 §2).
    private static func readSOCKS5Request(_ stream: Span<UInt8>) -> Dissection {
        guard stream.count >= 2 else { return .needsMore(2) }
        if stream[0] == 1 {
            let userEnd = 2 &+ Int(stream[1])
            guard stream.count > userEnd else { return .needsMore(userEnd &+ 1) }
            let end = userEnd &+ 1 &+ Int(stream[userEnd])
            return .nameless(consumed: end)
        }
        guard stream[0] == 5, stream[1] == 1 else { return .notMine }
        guard stream.count >= 5 else { return .needsMore(5) }
        let addressLength: Int
        switch stream[3] {
        case 1: addressLength = 4
        case 3: addressLength = 1 &+ Int(stream[4])
        case 4: addressLength = 16
        default: return .notMine
        }
        return .upgraded(consumed: 4 &+ addressLength &+ 2)
    }

    /// Version, command, port, address, user name; and a domain name where the address is 0.0.0.x.
    private static func readSOCKS4Request(_ stream: Span<UInt8>) -> Dissection {
        guard stream.count >= 2 else { return .needsMore(2) }
        guard stream[1] == 1 else { return .notMine }
        guard stream.count >= 9 else { return .needsMore(9) }
        let hasName = stream[4] == 0 && stream[5] == 0 && stream[6] == 0 && stream[7] != 0
        var end = 8
        for _ in 0..<(hasName ? 2 : 1) {
            let start = end
            end = stream.firstOffset(of: 0, from: start)
            guard end &- start < socksTextLimit else { return .notMine }
            guard end < stream.count else { return .needsMore(stream.count &+ 1) }
            end &+= 1
        }
        return .upgraded(consumed: end)
    }

    /// SSLRequest: a length of eight octets and the number 80877103.
    private static func readPostgreSQLRequest(_ stream: Span<UInt8>) -> Dissection {
        for index in 0..<min(stream.count, sslRequest.count) where stream[index] != sslRequest[index] {
            return .notMine
        }
        return stream.count < sslRequest.count ? .needsMore(sslRequest.count) : .upgraded(consumed: sslRequest.count)
    }

    private static let sslRequest: InlineArray<8, UInt8> = [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F]
}
