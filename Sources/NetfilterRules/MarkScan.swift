/// A rule of somebody else that reads or writes mark bits.
package struct MarkUse: Sendable, Hashable {
    /// The program that listed the rule: `iptables`, `ip6tables` or `nft`.
    package var origin: String
    /// The rule's table; with nft its family stands before the name.
    package var table: String
    /// The rule's chain.
    package var chain: String
    /// The rule as it was listed.
    package var rule: String
    /// The bits of the packet mark or connection mark that the rule reads or writes.
    package var bits: UInt32

    /// A use of mark bits.
    ///
    /// - Parameters:
    ///   - origin: the program that listed the rule.
    ///   - table: the rule's table.
    ///   - chain: the rule's chain.
    ///   - rule: the rule as it was listed.
    ///   - bits: the bits it reads or writes.
    package init(origin: String, table: String, chain: String, rule: String, bits: UInt32) {
        self.origin = origin
        self.table = table
        self.chain = chain
        self.rule = rule
        self.bits = bits
    }
}

/// Finds who else uses which mark bits, from the texts that list the rules of the host.
///
/// A rule without a mask uses the whole word. Our own table and chains are left out, and so are rules that read marks to
/// put flows into a flowtable: that is how a flowtable gets those flows alone that the sensor has let go.
package enum MarkScan {
    /// The first use that shares a bit with `mask`.
    package static func conflict(in uses: [MarkUse], mask: UInt32) -> MarkUse? {
        uses.first { $0.bits & mask != 0 }
    }

    /// Three neighbouring bits that nobody uses, the sensor's own first and then from high to low; nil where all are
    /// taken.
    package static func freeMask(beside uses: [MarkUse]) -> UInt32? {
        let used = uses.reduce(0) { $0 | $1.bits }
        let candidates = [FlowMark().mask] + (0...29).reversed().map { UInt32(7) << UInt32($0) }
        return candidates.first { $0 & used == 0 }
    }

    // MARK: - iptables

    /// The mark uses in the output of `iptables-save` or `ip6tables-save`.
    ///
    /// - Parameters:
    ///   - text: the output.
    ///   - origin: the program to name: `iptables` or `ip6tables`.
    /// - Returns: the rules that use mark bits, as they are listed.
    package static func uses(iptables text: String, origin: String = "iptables") -> [MarkUse] {
        var uses: [MarkUse] = []
        var table = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("*") {
                table = String(line.dropFirst())
                continue
            }
            let words = IPTablesLine.words(of: line)
            guard words.count > 2, words[0] == "-A", !words[1].hasPrefix(IPTablesRules.chainPrefix),
                !words.contains("FLOWOFFLOAD")
            else { continue }
            let bits = bits(ofIPTablesRule: words)
            if bits != 0 {
                uses.append(MarkUse(origin: origin, table: table, chain: words[1], rule: String(line), bits: bits))
            }
        }
        return uses
    }

    private static func bits(ofIPTablesRule words: [String]) -> UInt32 {
        var bits: UInt32 = 0
        for (index, word) in words.enumerated() {
            let value = index + 1 < words.count ? words[index + 1] : ""
            switch word {
            case "--mark", "--set-mark", "--set-xmark", "--tproxy-mark", "--on-mark":
                bits |= maskedBits(value)
            case "--or-mark", "--xor-mark":
                bits |= number(value) ?? .max
            case "--and-mark":
                bits |= number(value).map { ~$0 } ?? .max
            case "--save-mark", "--restore-mark":
                bits |= copiedBits(words[(index + 1)...])
            case "--map-mark", "HMARK", "--restore-skmark":
                bits = .max
            default:
                break
            }
        }
        return bits
    }

    /// The bits of `VALUE/MASK`; of the whole word where there is no mask.
    private static func maskedBits(_ text: String) -> UInt32 {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let value = number(parts[0]), let mask = number(parts[1]) else { return .max }
        return value | mask
    }

    /// The bits that `--save-mark` or `--restore-mark` carries from one word to the other.
    private static func copiedBits(_ words: ArraySlice<String>) -> UInt32 {
        var bits: UInt32?
        for (option, value) in zip(words, words.dropFirst())
        where ["--nfmask", "--ctmask", "--mask"].contains(option) {
            bits = (bits ?? 0) | (number(value) ?? .max)
        }
        return bits ?? .max
    }

    // MARK: - nft

    /// The mark uses in the output of `nft list ruleset`.
    package static func uses(nft text: String) -> [MarkUse] {
        var uses: [MarkUse] = []
        var table = ""
        var chain: String?
        var depth = 0
        var rule: [String] = []
        for line in text.split(separator: "\n") {
            let words = words(of: line, apart: "{}(),")
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            if depth == 0, first == "table" {
                table = words.dropFirst().prefix { $0 != "{" }.joined(separator: " ")
            } else if depth == 1, first == "chain", words.count > 1 {
                chain = words[1]
            } else if depth >= 2, chain != nil, words != ["}"] || depth > 2 {
                rule += words
            }
            depth += words.count { $0 == "{" } - words.count { $0 == "}" }
            // A long set is listed over several lines; the rule ends where its braces are closed.
            if depth == 2, let chain, !rule.isEmpty {
                let isOurs =
                    offloads(rule) || table.hasSuffix(" \(NFTRules.table)")
                    || chain.hasPrefix(IPTablesRules.chainPrefix)
                let bits = isOurs ? 0 : bits(ofNFTRule: rule)
                if bits != 0 {
                    let text = rule.joined(separator: " ")
                    uses.append(MarkUse(origin: "nft", table: table, chain: chain, rule: text, bits: bits))
                }
                rule = []
            }
            if depth < 2 {
                chain = nil
                rule = []
            }
        }
        return uses
    }

    /// Whether a rule puts flows into a flowtable and sets nothing.
    private static func offloads(_ words: [String]) -> Bool {
        zip(words, words.dropFirst()).contains { $0 == "flow" && $1 == "add" } && !words.contains("set")
    }

    private static func bits(ofNFTRule words: [String]) -> UInt32 {
        var bits: UInt32 = 0
        var position = 0
        while position < words.count {
            guard let (word, afterWord) = MarkExpression.markWord(in: words, at: position) else {
                position += 1
                continue
            }
            position = afterWord
            if position < words.count, words[position] == "set" {
                var expression = MarkExpression(words: words, position: position + 1, own: word)
                bits |= expression.changedBits()
                position = expression.position
            } else {
                bits |= matchedBits(words, &position)
            }
        }
        return bits
    }

    /// The bits that a match after a mark word looks at; of the whole word where there is no mask.
    private static func matchedBits(_ words: [String], _ position: inout Int) -> UInt32 {
        var mask: UInt32 = .max
        while position + 1 < words.count, ["&", "and"].contains(words[position]),
            let number = number(words[position + 1])
        {
            mask &= number
            position += 2
        }
        return mask
    }

    // MARK: - Words

    /// The words of a line of nft: parted at white space and around the characters of `apart`, quotations kept whole.
    private static func words(of line: Substring, apart: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in line {
            if character == "\"" {
                isQuoted.toggle()
                word.append(character)
            } else if isQuoted {
                word.append(character)
            } else if character == " " || character == "\t" || apart.contains(character) {
                if !word.isEmpty {
                    words.append(word)
                }
                word = ""
                if apart.contains(character) {
                    words.append(String(character))
                }
            } else {
                word.append(character)
            }
        }
        if !word.isEmpty {
            words.append(word)
        }
        return words
    }

    /// A number as these programs write it: decimal, or hexadecimal after `0x`.
    static func number(_ text: some StringProtocol) -> UInt32? {
        text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
    }
}
