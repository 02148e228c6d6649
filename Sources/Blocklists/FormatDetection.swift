import Wire

extension ListFormat {
    /// Octets at the start of a file, after decompression, by which its format is told.
    package static let sampleSize = 1 << 16

    /// The format of a file that begins with `sample`; nil where it fits none.
    ///
    /// In this order:
    /// 1. The first line that is neither blank nor a comment may be one that only one format begins with: `[Adblock …]`; `$ORIGIN`, `$TTL` or an
    ///    SOA record of a zone; the serial number and time, or the names of the columns, of a CNCPO table.
    /// 2. Otherwise each line that is neither blank nor a comment counts for the one format that it looks like, and more than half of all must
    ///    look like one (half, for domains and URLs: of a short list one odd line is to be told, not the whole list refused): `||…` and `@@…` are filter rules, an address before a name is a hosts line, an owner before a type is a record, a
    ///    scheme before `://` is a URL, and a single word with a dot inside is a domain. Lines of none of these count for none, so that a
    ///    page of an error, prose or binary data is not taken for a list.
    /// 3. A bare host may stand in a list of URLs, but a URL in no list of domains: a quarter of URLs makes it the former. Fewer are
    ///    odd lines in a list of domains, and are rejected there.
    /// 4. A file without such lines is an empty list of domains.
    ///
    /// A last line that the sample may have cut is left out.
    package static func detected(in sample: Span<UInt8>) -> ListFormat? {
        var tally = Tally()
        var start = sample.hasPrefix(0xEF, 0xBB, 0xBF) ? 3 : 0
        var isFirst = true
        while start < sample.count {
            let end = sample.firstOffset(of: 0x0A, from: start)
            if end == sample.count, sample.count >= sampleSize, isFirst == false { break }
            var lineEnd = end
            while lineEnd > start, sample[lineEnd - 1].isSpace { lineEnd -= 1 }
            let line = sample.extracting(start..<lineEnd)
            start = end + 1
            guard isComment(line) == false else { continue }
            if isFirst {
                isFirst = false
                if let format = begun(by: line) { return format }
            }
            tally.add(line)
        }
        return tally.format
    }

    /// Whether a line is blank or a comment in the formats that have such.
    private static func isComment(_ line: Span<UInt8>) -> Bool {
        let start = line.wordStart(from: 0)
        guard start < line.count else { return true }
        switch line[start] {
        case UInt8(ascii: "#"), UInt8(ascii: "!"), UInt8(ascii: ";"): return true
        default: return false
        }
    }

    /// The format that a first line belongs to; nil where several may begin so.
    private static func begun(by line: Span<UInt8>) -> ListFormat? {
        if line[0] == UInt8(ascii: "["), line[line.count - 1] == UInt8(ascii: "]"), line.hasWord(adblockHeading, at: 1)
        {
            return .adblock
        }
        if RPZFormat.isHeader(line) { return .rpz }
        return CNCPOFormat.isHeader(line) ? .cncpo : nil
    }

    private static let adblockHeading = ASCIIWord("adblock")

    /// How many lines look like which format.
    private struct Tally {
        private var lines = 0
        private var domains = 0
        private var urls = 0
        private var hosts = 0
        private var rules = 0
        private var records = 0

        mutating func add(_ line: Span<UInt8>) {
            lines += 1
            let start = line.wordStart(from: 0)
            let end = line.wordEnd(from: start)
            let word = line.extracting(start..<end)
            let rest = line.wordStart(from: end)
            let isAlone = rest == line.count || line[rest] == UInt8(ascii: "#")
            if word.hasPrefix(0x7C, 0x7C) || word.hasPrefix(0x40, 0x40) {
                rules += 1
            } else if isAlone, Self.isURL(word) {
                urls += 1
            } else if isAlone, Self.isDomain(word) {
                domains += 1
            } else if isAlone == false, word.looksLikeAddress {
                hosts += 1
            } else if RPZFormat.looksLikeRecord(line) {
                records += 1
            }
        }

        var format: ListFormat? {
            if (domains + urls) * 2 >= lines {
                return urls > 0 && urls * 4 >= domains + urls ? .urls : .domains
            }
            if hosts * 2 > lines { return .hosts }
            if rules * 2 > lines { return .adblock }
            return records * 2 > lines ? .rpz : nil
        }

        private static func isURL(_ word: Span<UInt8>) -> Bool {
            for index in word.indices {
                switch word[index].lowercased {
                case UInt8(ascii: ":"): return index > 0 && word.hasWord(authority, at: index)
                case 0x61...0x7A, 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): continue
                default: return false
                }
            }
            return false
        }

        private static func isDomain(_ word: Span<UInt8>) -> Bool {
            var hasInnerDot = false
            for index in word.indices {
                switch word[index].lowercased {
                case UInt8(ascii: "."): hasInnerDot = hasInnerDot || index + 1 < word.count
                case 0x61...0x7A, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "_"), 0x80...0xFF: continue
                case UInt8(ascii: "*"):
                    guard index == 0 else { return false }
                default: return false
                }
            }
            return hasInnerDot && word.looksLikeAddress == false
        }

        private static let authority = ASCIIWord("://")
    }
}

extension Span where Element == UInt8 {
    fileprivate func hasPrefix(_ first: UInt8, _ second: UInt8) -> Bool {
        count >= 2 && self[0] == first && self[1] == second
    }

    fileprivate func hasPrefix(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Bool {
        count >= 3 && hasPrefix(first, second) && self[2] == third
    }
}
