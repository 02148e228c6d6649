import Wire

/// Filter rules as content blockers in browsers have them, of which the ones for whole domains can be honoured.
///
/// `||example.org^` stands for `example.org` and every name under it, `@@||example.org^` exempts them. `!` begins a comment, as does `#`
/// where no rule for parts of pages does; `[Adblock Plus 2.0]` is a heading.
///
/// Of the options, those that change no request that is stopped are taken: `$all`, which names every kind of request, and `$important`, which
/// ranks rules among themselves; exceptions come first here. Every other option narrows a rule to requests that names alone do not tell
/// apart, `$document` and `$popup` included: images and scripts of the same host are to pass. All other rules are for parts of URLs or of pages.
enum AdblockFormat {
    static func locateEntry(in line: Span<UInt8>, into found: inout [EntryLocation]) throws(ListLineError) {
        var rule = line.trimmed(0..<line.count)
        guard rule.isEmpty == false, isComment(line, rule) == false else { return }

        let isException = line[rule.lowerBound] == at && rule.count > 1 && line[rule.lowerBound + 1] == at
        if isException { rule = rule.lowerBound + 2..<rule.upperBound }
        do {
            let name = try host(in: line, rule)
            found.append(EntryLocation(name: name, scope: [.itself, .subdomains], isException: isException))
        } catch {
            throw isException ? .exceptionNotEnforceable : error
        }
    }

    private static func isComment(_ line: Span<UInt8>, _ rule: Range<Int>) -> Bool {
        switch line[rule.lowerBound] {
        case UInt8(ascii: "!"): true
        case UInt8(ascii: "["): line[rule.upperBound - 1] == UInt8(ascii: "]")
        case hash: rule.count == 1 || cosmeticMark(in: line, rule) != rule.lowerBound
        default: false
        }
    }

    /// The host of a rule for a whole domain.
    private static func host(in line: Span<UInt8>, _ rule: Range<Int>) throws(ListLineError) -> Range<Int> {
        guard cosmeticMark(in: line, rule) == nil else { throw .cosmeticRuleNotEnforceable }
        guard rule.count > 2, line[rule.lowerBound] == bar, line[rule.lowerBound + 1] == bar else {
            throw .patternNotEnforceable
        }
        let start = rule.lowerBound + 2
        var end = start
        while end < rule.upperBound, line[end] != caret {
            switch line[end] {
            case UInt8(ascii: "/"), UInt8(ascii: "?"): throw .pathNotEnforceable
            case UInt8(ascii: ":"):
                throw isPort(line, end + 1..<rule.upperBound) ? .portNotEnforceable : .addressNotAllowed
            case UInt8(ascii: "*"), bar, dollar: throw .patternNotEnforceable
            default: end += 1
            }
        }
        guard end < rule.upperBound else { throw .patternNotEnforceable }
        guard end + 1 < rule.upperBound else { return start..<end }
        guard line[end + 1] == dollar else { throw .patternNotEnforceable }
        try checkOptions(line, end + 2..<rule.upperBound)
        return start..<end
    }

    private static func checkOptions(_ line: Span<UInt8>, _ options: Range<Int>) throws(ListLineError) {
        var start = options.lowerBound
        while true {
            let end = line.offset(of: UInt8(ascii: ","), in: start..<options.upperBound) ?? options.upperBound
            let option = line.extracting(line.trimmed(start..<end))
            guard option.isEqual(to: badFilter) == false else { throw .exceptionNotEnforceable }
            guard option.isOne(of: harmlessOptions) else { throw .ruleOptionNotEnforceable }
            guard end < options.upperBound else { return }
            start = end + 1
        }
    }

    private static func isPort(_ line: Span<UInt8>, _ rest: Range<Int>) -> Bool {
        guard let first = rest.first, line[first].isDigit else { return false }
        for index in rest {
            if line[index] == caret || line[index] == UInt8(ascii: "/") { return true }
            guard line[index].isDigit else { return false }
        }
        return true
    }

    /// Where a rule for parts of pages has its mark: `##`, `#@#`, `#?#`, `#$#`, `#%#` and combinations.
    private static func cosmeticMark(in line: Span<UInt8>, _ rule: Range<Int>) -> Int? {
        for start in rule where line[start] == hash {
            var end = start + 1
            while end < rule.upperBound {
                switch line[end] {
                case at, UInt8(ascii: "?"), dollar, UInt8(ascii: "%"):
                    end += 1
                    continue
                case hash:
                    // a row of these, or two before a space, underlines a comment
                    let next = end + 1
                    guard next < rule.upperBound, line[next].isSpace == false else { break }
                    guard line[next] == hash else { return start }
                    if next + 1 < rule.upperBound, line[next + 1].isSpace == false, line[next + 1] != hash {
                        return start
                    }
                default: break
                }
                break
            }
        }
        return nil
    }

    private static let at = UInt8(ascii: "@")
    private static let hash = UInt8(ascii: "#")
    private static let bar = UInt8(ascii: "|")
    private static let caret = UInt8(ascii: "^")
    private static let dollar = UInt8(ascii: "$")
    private static let badFilter = ASCIIWord("badfilter")
    private static let harmlessOptions = [ASCIIWord("important"), ASCIIWord("all")]
}
