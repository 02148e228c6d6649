import Wire

/// A DNS response policy zone as a zone file (RFC 1035 §5; draft-vixie-dnsop-dns-rpz).
///
/// An owner is relative to the zone, whose name is told by `$ORIGIN` or the SOA record's owner; `example.org` stands for exactly itself,
/// `*.example.org` for the names under it. Every action stands for an entry, local data too, but for two: `rpz-passthru.`, or the owner's own name
/// in its place as old zones have it, exempts the name, and `rpz-tcp-only.` lets it through over TCP, so blocking it would be more than the
/// zone says. Triggers other than the name asked for are refused. The zone's own records and those of DNSSEC are no entries.
struct RPZFormat: Sendable {
    /// Lines in parentheses after which a second parenthesis is taken to be forgotten: what follows is not to be lost in it.
    private static let maximumRecordLines = 64

    /// Octets of an owner, with escapes; more are no name.
    private static let maximumOwnerLength = 1024

    /// The owner of the last record in full, without its last dot; a trigger's name is the part before the zone's.
    private(set) var owner: [UInt8] = []
    private var ownerIsAbsolute = false
    private var hasOwner = false

    /// The zone's name without its last dot, nil while it is not known.
    private var zone: [UInt8]?

    /// What relative names are relative to, without its last dot; relative to the zone itself where that is not known.
    private var origin: [UInt8] = []
    private var originIsAbsolute = false

    private var record = Record()
    private var depth = 0
    private var recordLines = 0

    /// What is read of a record so far.
    private struct Record {
        var type: RecordType?
        var hasTTL = false
        var hasClass = false
        var hasData = false
        var action = Action.block
    }

    /// What a record asks for.
    private enum Action {
        case block
        case passThrough
        case tcpOnly
        case unknown
    }

    /// What a record of a type is in such a zone.
    private enum RecordType {
        case alias
        case localData
        case startOfAuthority
        case nameServer
        case signature
        case notAllowed
    }

    mutating func locateEntry(in line: Span<UInt8>, into found: inout [EntryLocation]) throws(ListLineError) {
        do {
            try read(line, into: &found)
        } catch {
            // What is left of the record is not to be taken for data of another one.
            depth = 0
            hasOwner = false
            throw error
        }
    }

    mutating func finish() throws(ListLineError) {
        guard depth == 0 else { throw .parenthesisNotClosed }
    }

    private mutating func read(_ line: Span<UInt8>, into found: inout [EntryLocation]) throws(ListLineError) {
        var position = 0
        var isEmpty = true
        if depth == 0 {
            record = Record()
            recordLines = 0
            switch line.count > 0 ? line[0] : semicolon {
            case UInt8(ascii: "$"):
                return try readDirective(line)
            case semicolon, UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\""): break
            case let octet where octet.isSpace: break
            default:
                position = Self.wordEnd(in: line, from: 0)
                try readName(line.extracting(0..<position), into: &owner, &ownerIsAbsolute)
                hasOwner = true
                isEmpty = false
            }
        }
        recordLines += 1
        guard recordLines <= Self.maximumRecordLines else { throw .parenthesisNotClosed }

        loop: while true {
            position = line.wordStart(from: position)
            guard position < line.count else { break }
            isEmpty = false
            switch line[position] {
            case semicolon:
                isEmpty = record.type == nil && position == line.wordStart(from: 0)
                break loop
            case UInt8(ascii: "("):
                depth += 1
                position += 1
            case UInt8(ascii: ")"):
                guard depth > 0 else { throw .notARecord }
                depth -= 1
                position += 1
            case UInt8(ascii: "\""):
                guard record.type != nil else { throw .notARecord }
                record.hasData = true
                position = try Self.closingQuote(in: line, from: position + 1) + 1
            default:
                let end = Self.wordEnd(in: line, from: position)
                try take(line.extracting(position..<end))
                position = end
            }
        }
        guard depth == 0, isEmpty == false || recordLines > 1 else { return }
        try finishRecord(into: &found)
    }

    /// Takes the next word of a record: TTL and class in either order, the type, then its data.
    private mutating func take(_ word: Span<UInt8>) throws(ListLineError) {
        guard let type = record.type else {
            if record.hasTTL == false, Self.isTTL(word) {
                record.hasTTL = true
            } else if record.hasClass == false, word.isOne(of: Words.classes) {
                record.hasClass = true
            } else {
                guard let type = Self.recordType(word) else { throw .notARecord }
                record.type = type
            }
            return
        }
        if case .alias = type, record.hasData == false { record.action = action(of: word) }
        record.hasData = true
    }

    private mutating func finishRecord(into found: inout [EntryLocation]) throws(ListLineError) {
        guard hasOwner, let type = record.type, record.hasData else { throw .notARecord }
        if case .startOfAuthority = type {
            if ownerIsAbsolute {
                zone = owner
                if originIsAbsolute == false, origin.isEmpty {
                    origin = owner
                    originIsAbsolute = true
                }
            } else if owner.isEmpty == false {
                throw .recordTypeNotAllowed
            }
            return
        }
        if case .signature = type { return }

        let trigger = try trigger()
        switch type {
        case .startOfAuthority, .signature: return
        case .notAllowed: throw .recordTypeNotAllowed
        case .nameServer:
            guard trigger.isEmpty else { throw .recordTypeNotAllowed }
        case .alias, .localData:
            // other data at the zone's own name, an address or a note say, is about the zone
            guard trigger.isEmpty == false else {
                if case .alias = type { throw .recordTypeNotAllowed }
                return
            }
            try checkTrigger(owner.span.extracting(trigger))
            switch record.action {
            case .unknown: throw .actionUnknown
            case .tcpOnly: throw .tcpOnlyNotEnforceable
            case .block, .passThrough: break
            }
            let isException = if case .passThrough = record.action { true } else { false }
            let isWildcard = owner[0] == star && (trigger.count == 1 || owner[1] == dot)
            guard isWildcard == false || trigger.count > 2 else { throw .notAName }
            found.append(
                EntryLocation(
                    name: isWildcard ? 2..<trigger.upperBound : trigger,
                    scope: isWildcard ? .subdomains : .itself,
                    isException: isException
                )
            )
        }
    }

    /// The part of the owner that lies in front of the zone's name; empty for the zone itself.
    private func trigger() throws(ListLineError) -> Range<Int> {
        guard ownerIsAbsolute else { return 0..<owner.count }
        guard let zone else { throw .ownerOutsideZone }
        guard zone.isEmpty == false else { return 0..<owner.count }
        let start = owner.count - zone.count
        guard start == 0 || (start > 1 && owner[start - 1] == dot) else { throw .ownerOutsideZone }
        for index in zone.indices where owner[start + index].lowercased != zone[index].lowercased {
            throw .ownerOutsideZone
        }
        return 0..<max(start - 1, 0)
    }

    /// Refuses the triggers that are for other than the name asked for: their last label says so.
    private func checkTrigger(_ trigger: Span<UInt8>) throws(ListLineError) {
        var start = trigger.count
        while start > 0, trigger[start - 1] != dot { start -= 1 }
        guard trigger.hasWord(Words.reserved, at: start) else { return }
        let label = trigger.extracting(start..<trigger.count)
        if label.isEqual(to: Words.answerAddress) { throw .answerAddressTrigger }
        if label.isEqual(to: Words.serverAddress) { throw .serverAddressTrigger }
        if label.isEqual(to: Words.serverName) { throw .serverNameTrigger }
        if label.isEqual(to: Words.clientAddress) { throw .clientAddressTrigger }
    }

    /// What an alias to `target` asks for.
    private func action(of target: Span<UInt8>) -> Action {
        if target.hasWord(Words.reserved, at: 0) {
            if target.isEqual(to: Words.passThrough) { return .passThrough }
            if target.isEqual(to: Words.tcpOnly) { return .tcpOnly }
            return target.isEqual(to: Words.drop) ? .block : .unknown
        }
        guard let trigger = try? trigger(), target.count == trigger.count + 1, target[trigger.count] == dot else {
            return .block
        }
        for index in trigger where owner[index].lowercased != target[index].lowercased { return .block }
        return .passThrough
    }

    private mutating func readDirective(_ line: Span<UInt8>) throws(ListLineError) {
        let nameEnd = Self.wordEnd(in: line, from: 0)
        let name = line.extracting(0..<nameEnd)
        let start = line.wordStart(from: nameEnd)
        let end = Self.wordEnd(in: line, from: start)
        let rest = line.wordStart(from: end)
        guard name.isEqual(to: Words.origin) || name.isEqual(to: Words.timeToLive) else { throw .directiveNotSupported }
        guard end > start, rest == line.count || line[rest] == semicolon else { throw .notARecord }
        guard name.isEqual(to: Words.origin) else { return }
        var new: [UInt8] = []
        var isAbsolute = false
        try readName(line.extracting(start..<end), into: &new, &isAbsolute)
        origin = new
        originIsAbsolute = isAbsolute
        if zone == nil, isAbsolute { zone = new }
    }

    /// Spells a name in full, as far as the origin is known.
    private func readName(
        _ word: Span<UInt8>,
        into name: inout [UInt8],
        _ isAbsolute: inout Bool
    ) throws(ListLineError) {
        guard word.count + origin.count < Self.maximumOwnerLength else { throw .nameTooLong }
        name.removeAll(keepingCapacity: true)
        if word.count == 1, word[0] == UInt8(ascii: "@") {
            name.append(contentsOf: origin)
            isAbsolute = originIsAbsolute
            return
        }
        for index in word.indices { name.append(word[index]) }
        if let last = name.last, last == dot, name.count < 2 || name[name.count - 2] != backslash {
            name.removeLast()
            isAbsolute = true
            return
        }
        if origin.isEmpty == false {
            name.append(dot)
            name.append(contentsOf: origin)
        }
        isAbsolute = originIsAbsolute
    }

    /// Whether a word is a TTL: seconds, or numbers with units as in `1h30m`.
    private static func isTTL(_ word: Span<UInt8>) -> Bool {
        guard word[0].isDigit else { return false }
        for index in word.indices where word[index].isDigit == false {
            switch word[index].lowercased {
            case UInt8(ascii: "s"), UInt8(ascii: "m"), UInt8(ascii: "h"), UInt8(ascii: "d"), UInt8(ascii: "w"):
                guard word[index - 1].isDigit else { return false }
            default: return false
            }
        }
        return true
    }

    private static func recordType(_ word: Span<UInt8>) -> RecordType? {
        if word.isEqual(to: Words.alias) { return .alias }
        if word.isOne(of: Words.localDataTypes) { return .localData }
        if word.isEqual(to: Words.startOfAuthority) { return .startOfAuthority }
        if word.isEqual(to: Words.nameServer) { return .nameServer }
        if word.isOne(of: Words.signatureTypes) { return .signature }
        if word.isEqual(to: Words.delegationAlias) { return .notAllowed }
        // types without a name of their own (RFC 3597 §5)
        guard word.count > 4, word.hasWord(Words.unnamedType, at: 0) else { return nil }
        for index in 4..<word.count where word[index].isDigit == false { return nil }
        return .localData
    }

    /// The offset behind the word that begins at `start`; a backslash takes what follows into it.
    private static func wordEnd(in line: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < line.count {
            switch line[end] {
            case backslash: end += 2
            case semicolon, UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\""): return end
            case let octet where octet.isSpace: return end
            default: end += 1
            }
        }
        return min(end, line.count)
    }

    private static func closingQuote(in line: Span<UInt8>, from start: Int) throws(ListLineError) -> Int {
        var index = start
        while index < line.count {
            if line[index] == UInt8(ascii: "\"") { return index }
            index += line[index] == backslash ? 2 : 1
        }
        throw .quoteNotClosed
    }

    /// Whether a line is how only a zone file can begin: a directive, or the zone's first record.
    static func isHeader(_ line: Span<UInt8>) -> Bool {
        let directiveEnd = wordEnd(in: line, from: 0)
        if line.extracting(0..<directiveEnd).isOne(of: [Words.origin, Words.timeToLive]) { return true }
        return types(in: line) { $0.isEqual(to: Words.startOfAuthority) }
    }

    /// Whether a line looks like a record of such a zone.
    static func looksLikeRecord(_ line: Span<UInt8>) -> Bool {
        types(in: line) { word in
            switch recordType(word) {
            case .alias, .localData, .nameServer: true
            case nil, .startOfAuthority, .signature, .notAllowed: false
            }
        }
    }

    /// Whether the word in the place of the type is as wanted, and has data behind it.
    private static func types(in line: Span<UInt8>, isWanted: (Span<UInt8>) -> Bool) -> Bool {
        var position = line.count > 0 && line[0].isSpace ? 0 : wordEnd(in: line, from: 0)
        for _ in 0..<3 {
            position = line.wordStart(from: position)
            let end = wordEnd(in: line, from: position)
            guard end > position else { return false }
            let word = line.extracting(position..<end)
            position = end
            if isTTL(word) || word.isOne(of: Words.classes) { continue }
            return line.wordStart(from: end) < line.count && isWanted(word)
        }
        return false
    }

    /// The words of zone files.
    private enum Words {
        static let origin = ASCIIWord("$origin")
        static let timeToLive = ASCIIWord("$ttl")
        static let classes = ["in", "ch", "hs"].map(ASCIIWord.init)
        static let alias = ASCIIWord("cname")
        static let localDataTypes = [
            "a", "aaaa", "txt", "mx", "ptr", "srv", "https", "svcb", "caa", "naptr", "hinfo", "spf", "tlsa", "sshfp",
            "loc",
            "uri", "rp",
        ].map(ASCIIWord.init)
        static let startOfAuthority = ASCIIWord("soa")
        static let nameServer = ASCIIWord("ns")
        static let signatureTypes = [
            "rrsig", "nsec", "nsec3", "nsec3param", "dnskey", "cds", "cdnskey", "zonemd",
        ].map(ASCIIWord.init)
        static let delegationAlias = ASCIIWord("dname")
        static let unnamedType = ASCIIWord("type")

        static let reserved = ASCIIWord("rpz-")
        static let passThrough = ASCIIWord("rpz-passthru.")
        static let drop = ASCIIWord("rpz-drop.")
        static let tcpOnly = ASCIIWord("rpz-tcp-only.")
        static let answerAddress = ASCIIWord("rpz-ip")
        static let serverAddress = ASCIIWord("rpz-nsip")
        static let serverName = ASCIIWord("rpz-nsdname")
        static let clientAddress = ASCIIWord("rpz-client-ip")
    }
}

private let dot = UInt8(ascii: ".")
private let star = UInt8(ascii: "*")
private let semicolon = UInt8(ascii: ";")
private let backslash = UInt8(ascii: "\\")
