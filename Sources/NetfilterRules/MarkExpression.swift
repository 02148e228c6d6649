/// The right-hand side of nft's `mark set`, read only for what it does to each bit of the mark.
struct MarkExpression {
    /// Which of the two mark words.
    enum Word {
        case packet
        case connection
    }

    /// What is known of a value: the bits that still are the own word's, those that are zero, and those that are one.
    private struct Value {
        var kept: UInt32 = 0
        var zero: UInt32 = 0
        var one: UInt32 = 0
    }

    private let words: [String]
    private let own: Word
    /// The index of the next word that was not read.
    private(set) var position: Int

    /// An expression that is assigned to the mark word `own` and begins at `position`.
    init(words: [String], position: Int, own: Word) {
        self.words = words
        self.position = position
        self.own = own
    }

    /// The mark word that is spelled at `position`, and the index behind it.
    ///
    /// `mark` alone is the older spelling of `meta mark`; behind other words it is something else (`socket mark`).
    static func markWord(in words: [String], at position: Int) -> (Word, Int)? {
        let next = position + 1 < words.count ? words[position + 1] : ""
        switch (words[position], next) {
        case ("meta", "mark"): return (.packet, position + 2)
        case ("ct", "mark"): return (.connection, position + 2)
        case ("mark", "set"): return (.packet, position + 1)
        case ("mark", _) where position == 0: return (.packet, 1)
        default: return nil
        }
    }

    /// The bits that do not keep their value; reads the expression.
    mutating func changedBits() -> UInt32 {
        ~alternatives().kept
    }

    private mutating func alternatives() -> Value {
        var left = differences()
        while take("|", "or") {
            let right = differences()
            left = Value(
                kept: (left.kept & right.zero) | (right.kept & left.zero) | (left.kept & right.kept),
                zero: left.zero & right.zero,
                one: left.one | right.one
            )
        }
        return left
    }

    private mutating func differences() -> Value {
        var left = conjunctions()
        while take("^", "xor") {
            let right = conjunctions()
            left = Value(
                kept: (left.kept & right.zero) | (right.kept & left.zero),
                zero: (left.zero & right.zero) | (left.one & right.one),
                one: (left.zero & right.one) | (left.one & right.zero)
            )
        }
        return left
    }

    private mutating func conjunctions() -> Value {
        var left = operand()
        while take("&", "and") {
            let right = operand()
            left = Value(
                kept: (left.kept & right.one) | (right.kept & left.one) | (left.kept & right.kept),
                zero: left.zero | right.zero,
                one: left.one & right.one
            )
        }
        return left
    }

    private mutating func operand() -> Value {
        var value = Value()
        if take("(", "(") {
            value = alternatives()
            _ = take(")", ")")
        } else if position < words.count, let number = MarkScan.number(words[position]) {
            position += 1
            value = Value(kept: 0, zero: ~number, one: number)
        } else if position < words.count, let (word, next) = Self.markWord(in: words, at: position) {
            position = next
            value.kept = word == own ? .max : 0
        } else if position < words.count, words[position] == "mark" {
            position += 1
            value.kept = own == .packet ? .max : 0
        } else {
            position += 1
        }
        if take("<<", ">>") {
            position += 1
            value = Value()
        }
        return value
    }

    private mutating func take(_ first: String, _ second: String) -> Bool {
        guard position < words.count, words[position] == first || words[position] == second else { return false }
        position += 1
        return true
    }
}
