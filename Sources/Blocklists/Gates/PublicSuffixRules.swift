package import Wire

/// The names under which everybody can register one (publicsuffix.org), and with them the shared platforms: their owners, too, hand
/// out the names below, so that an entry for one of them hits everybody's.
///
/// Both sections of the data are used, registries' and private ones.
package struct PublicSuffixRules: Sendable {
    /// What a line of the data says of a name.
    package enum Kind: Sendable {
        /// The name is a public suffix.
        case exact
        /// Every name one label below is (`*.name`).
        case wildcard
    }

    /// How many lines of the data hold, exceptions not counted.
    package var count: Int { names.count }

    let table: NameTable

    /// The numbers of labels of the names in the table.
    let depths: Depths

    /// The numbers of labels of the names whose children are all public suffixes.
    let wildcardDepths: Depths

    private let names: FlatNames
    private let kinds: [Kind]

    /// No rules, for where there is no data: only single labels are public suffixes then.
    package init() {
        table = NameTable(NameTable.Marks())
        depths = 0
        wildcardDepths = 0
        names = FlatNames()
        kinds = []
    }

    /// Reads the data.
    ///
    /// - Parameters:
    ///   - text: the content of `public_suffix_list.dat`.
    ///   - toASCII: the A-labels of a name outside ASCII, nil where IDNA does not allow it.
    /// - Throws: ``PublicSuffixError`` at the first line that is none of the format's, and for data that is cut or holds no rule at
    ///   all: fewer rules would let more entries pass.
    package init(parsing text: Span<UInt8>, toASCII: (Span<UInt8>) -> [UInt8]?) throws(PublicSuffixError) {
        var parser = Parser()
        var start = 0
        var line = 0
        while start < text.count {
            var end = start
            while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
            line += 1
            try parser.read(text.extracting(start..<end), line, toASCII)
            start = end + 1
        }
        if let opened = parser.openSection { throw .sectionNotClosed(line: opened) }

        var names = FlatNames()
        var kinds: [Kind] = []
        var marks = NameTable.Marks()
        var exceptions = NameTable.Marks()
        var depths: Depths = 0
        var wildcardDepths: Depths = 0
        var name = DomainName()
        for index in 0..<parser.exceptions.count where parser.exceptions.read(index, into: &name) {
            exceptions.add(Mark.exception, to: name)
            marks.add(Mark.exception, to: name)
            depths |= Depths(depth: name.labelCount)
        }
        for (index, kind) in parser.kinds.enumerated() where parser.names.read(index, into: &name) {
            // An exception prevails over every other rule that a name meets, so none at or below one ever holds.
            guard exceptions.marksOnPath(of: name) == 0 else { continue }
            names.append(Array(name.presentation().utf8).span)
            kinds.append(kind)
            switch kind {
            case .exact:
                marks.add(Mark.exact, to: name, above: Mark.above)
            case .wildcard:
                marks.add(Mark.wildcard | Mark.above, to: name, above: Mark.above)
                wildcardDepths |= Depths(depth: name.labelCount)
            }
            for depth in 1...name.labelCount { depths |= Depths(depth: depth) }
        }
        guard names.count > 0 else { throw .noRules }
        table = NameTable(marks)
        self.depths = depths
        self.wildcardDepths = wildcardDepths
        self.names = names
        self.kinds = kinds
    }

    /// Whether `name` is a public suffix: whether the rule that prevails for it has as many labels.
    ///
    /// A single label that no rule knows is one as well, by the rule `*` that holds where no other does. So is the root, which all else
    /// lies under.
    /// - Complexity: at most two hashes and two memory accesses, none for a name with more labels than any rule has.
    package func isPublicSuffix(_ name: borrowing DomainName) -> Bool {
        let boundaries = name.boundaries.span
        let depth = labelCount(boundaries)
        guard depth > 1 else { return true }
        var own: UInt8 = 0
        var parent: UInt8 = 0
        forEachSuffix(name.words.span, boundaries, atDepths: wantedDepths(of: depth), table.key) { suffixDepth, hash in
            if suffixDepth == depth {
                own = table.marks(of: hash)
            } else if suffixDepth == depth &- 1 {
                parent = table.marks(of: hash)
            }
        }
        return Self.isPublicSuffix(depth: depth, own: own, parent: parent)
    }

    /// Calls `body` for every rule: with the name and with what is said of it. Exceptions are left out, and what they make void.
    package func forEach(_ body: (borrowing DomainName, Kind) -> Void) {
        var name = DomainName()
        for index in kinds.indices where names.read(index, into: &name) { body(name, kinds[index]) }
    }

    /// Calls `body` for every rule: with the name, unless its children are meant, and with one below it that stands for all.
    func forEachProbe(_ body: (_ rule: Int, borrowing DomainName) -> Void) {
        var name = DomainName()
        for index in kinds.indices {
            if kinds[index] == .exact, names.read(index, into: &name) { body(index, name) }
            if names.read(index, isBelow: true, into: &name) { body(index, name) }
        }
    }

    /// The numbers of labels for which a hash is wanted of a name with `depth` labels.
    @inline(__always)
    func wantedDepths(of depth: Int) -> Depths {
        Depths(depth: depth) & depths | Depths(depth: depth &- 1) & wildcardDepths
    }

    /// Whether a name with these marks, and these of its parent, is a public suffix.
    @inline(__always)
    static func isPublicSuffix(depth: Int, own: UInt8, parent: UInt8) -> Bool {
        own & Mark.exact != 0 || depth < 2 || parent & Mark.wildcard != 0 && own & Mark.exception == 0
    }

    /// Whether a public suffix lies below a name with these marks.
    @inline(__always)
    static func isAbovePublicSuffix(own: UInt8) -> Bool { own & Mark.above != 0 }

    private enum Mark {
        static let exact: UInt8 = 1
        static let wildcard: UInt8 = 2
        static let exception: UInt8 = 4
        static let above: UInt8 = 8
    }
}

extension PublicSuffixRules {
    /// The lines read so far.
    private struct Parser {
        private(set) var names = FlatNames()
        private(set) var kinds: [Kind] = []
        private(set) var exceptions = FlatNames()

        /// The line that began the section in which the reader is.
        private(set) var openSection: Int?

        private var scratch = DomainName()

        mutating func read(_ line: Span<UInt8>, _ number: Int, _ toASCII: (Span<UInt8>) -> [UInt8]?)
            throws(PublicSuffixError)
        {
            var end = 0
            while end < line.count, line[end] > 0x20 { end += 1 }
            guard end > 0 else { return }
            if end >= 2, line[0] == slash, line[1] == slash {
                readComment(line, number)
                return
            }
            if line[0] == bang {
                let name = try hostName(line.extracting(1..<end), number, toASCII)
                guard scratch.labelCount > 1 else { throw .exceptionOfTopLevel(line: number) }
                exceptions.append(name.span)
            } else if line[0] == star {
                // The rule `*` alone holds whether it is written or not.
                guard end > 1 else { return }
                guard end > 2, line[1] == dot else { throw .badRule(line: number, cause: .wildcardNotLeading) }
                let name = try hostName(line.extracting(2..<end), number, toASCII)
                names.append(name.span)
                kinds.append(.wildcard)
            } else {
                let name = try hostName(line.extracting(0..<end), number, toASCII)
                names.append(name.span)
                kinds.append(.exact)
            }
        }

        /// Sections are told by comments; one that does not end means that the end of the data is missing.
        private mutating func readComment(_ line: Span<UInt8>, _ number: Int) {
            if contains(line, "===BEGIN ") { openSection = number }
            if contains(line, "===END ") { openSection = nil }
        }

        private func contains(_ line: Span<UInt8>, _ word: StaticString) -> Bool {
            let word = Array(word.description.utf8)
            var start = 2
            while start < line.count, line[start] == 0x20 { start += 1 }
            guard line.count - start >= word.count else { return false }
            for index in word.indices where line[start + index] != word[index] { return false }
            return true
        }

        private mutating func hostName(_ text: Span<UInt8>, _ number: Int, _ toASCII: (Span<UInt8>) -> [UInt8]?)
            throws(PublicSuffixError) -> [UInt8]
        {
            do throws(ListLineError) {
                var isASCII = true
                for index in text.indices where text[index] >= 0x80 { isASCII = false }
                if isASCII {
                    try HostName.parse(text, into: &scratch)
                } else {
                    guard let labels = toASCII(text) else { throw .notAnInternationalName }
                    try HostName.parse(labels.span, into: &scratch)
                }
            } catch {
                throw .badRule(line: number, cause: error)
            }
            return Array(scratch.presentation().utf8)
        }
    }
}

/// Why public suffix data cannot be used.
package enum PublicSuffixError: Error, Equatable, Sendable {
    /// A line that is neither a rule nor a comment.
    case badRule(line: Int, cause: ListLineError)
    /// An exception has to take a name out of a wildcard, so it has two labels at least.
    case exceptionOfTopLevel(line: Int)
    /// The section that begins on this line has no end.
    case sectionNotClosed(line: Int)
    /// Nothing but comments.
    case noRules

    /// The cause and the mend for people, in one line, to be put behind the file's name.
    package var description: String {
        let mend = "install the data again (Debian: publicsuffix)"
        return switch self {
        case .badRule(let line, let cause): "line \(line): \(cause.description); \(mend)"
        case .exceptionOfTopLevel(let line): "line \(line): exception for a top-level domain; \(mend)"
        case .sectionNotClosed(let line): "the section that begins on line \(line) has no end: the file is cut; \(mend)"
        case .noRules: "no public suffix in it; \(mend)"
        }
    }
}

private let bang = UInt8(ascii: "!")
private let dot = UInt8(ascii: ".")
private let slash = UInt8(ascii: "/")
private let star = UInt8(ascii: "*")
