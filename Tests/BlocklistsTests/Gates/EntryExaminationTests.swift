import Blocklists
import Testing
import Wire

@Suite("Entry examination")
struct EntryExaminationTests {
    private static let whole: ListEntry.Scope = [.itself, .subdomains]

    private func examine(
        _ name: String,
        _ scope: ListEntry.Scope = whole,
        rules: String = "test\nexample\nco.example\n*.cloud.test",
        protected: [String] = []
    ) throws -> EntryCounts {
        try EntryCounts(
            of: [(name, scope)],
            rules: try PublicSuffixRules(rules),
            protected: try ProtectedNames(protected)
        )
    }

    @Test func `entries are counted by kind`() throws {
        let rules = try PublicSuffixRules("test")
        var examination = EntryExamination(rules: rules, protected: try ProtectedNames(["protected.example"]))
        examination.examine(try ListEntry("a.test", .itself))
        examination.examine(try ListEntry("b.test", Self.whole))
        examination.examine(try ListEntry("c.test", Self.whole))
        examination.examine(try ListEntry("d.test", .subdomains))
        examination.examine(try ListEntry("test", .subdomains))
        examination.examine(try ListEntry("nothing.test", []))
        examination.examine(try ListEntry("protected.example"), isException: true)
        let counts = examination.counts
        #expect(EntryKind.allCases.map { counts[$0] } == [1, 2, 2, 1])
        #expect(counts.exceptions == 1)
        #expect(counts.entries == 5)
        #expect(counts.protectedNameHits == 0)
        #expect(counts.publicSuffixHits == 1)
    }

    @Test(arguments: [
        ("co.example", 1, 0), ("example", 1, 0), ("unlisted", 1, 0),
        ("cloud.test", 0, 1), ("a.cloud.test", 1, 0), ("b.a.cloud.test", 0, 0),
        ("a.co.example", 0, 0), ("other.example", 0, 0),
    ])
    func `public suffixes and what covers one`(name: String, isOne: Int, covers: Int) throws {
        for scope in [Self.whole, .subdomains] {
            let counts = try examine(name, scope)
            #expect(counts.publicSuffixes == isOne)
            #expect(counts.abovePublicSuffixes == covers)
        }
    }

    @Test func `an exact entry covers nothing below it`() throws {
        #expect(try examine("cloud.test", .itself).publicSuffixHits == 0)
        #expect(try examine("co.example", .itself).publicSuffixHits == 1)
        #expect(try examine("google.test", .itself, protected: ["www.google.test"]).protectedNameHits == 0)
        #expect(try examine("google.test", .itself, protected: ["google.test"]).protectedNameHits == 1)
    }

    @Test(arguments: [
        ("big.example", [1, 0, 0]), ("www.big.example", [0, 0, 1]), ("a.b.c.big.example", [0, 0, 1]),
        ("notbig.example", [0, 0, 0]), ("big.example.test", [0, 0, 0]), ("example", [0, 1, 0]),
        ("deep.example", [0, 1, 0]), ("under.deep.example", [1, 0, 0]), ("beside.deep.example", [0, 0, 0]),
        // One under a protected name that covers another counts once.
        ("a.big.example", [0, 1, 0]),
    ])
    func `protected names in both directions`(name: String, expected: [Int]) throws {
        let counts = try examine(name, protected: ["big.example", "under.deep.example", "own.a.big.example"])
        #expect(
            [counts.protectedNames, counts.aboveProtectedNames, counts.underProtectedNames] == expected
        )
        #expect(counts.protectedNameHits == expected.reduce(0, +))
    }

    @Test func `the root lies above everything`() throws {
        var examination = EntryExamination(
            rules: try PublicSuffixRules("test"),
            protected: try ProtectedNames(["protected.test"])
        )
        examination.examine(ListEntry(name: DomainName(), scope: Self.whole))
        #expect(examination.counts.singleLabel == 1)
        #expect(examination.counts.publicSuffixHits == 1)
        #expect(examination.counts.protectedNameHits == 1)
    }

    @Test func `protected names are gone through, and found with all under them`() throws {
        let protected = try ProtectedNames(["Big.Example.", "under.deep.example"])
        var found: [String] = []
        protected.forEach { found.append($0.presentation()) }
        #expect(found == ["big.example", "under.deep.example"])
        #expect(protected.count == 2)
        #expect(protected.contains(try DomainName("a.b.big.example")))
        #expect(protected.contains(try DomainName("big.example")))
        #expect(protected.contains(try DomainName("deep.example")) == false)
        #expect(protected.contains(DomainName()) == false)
        #expect(try ProtectedNames([] as [String]).contains(try DomainName("big.example")) == false)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `counts agree with a comparison of every name with every other`(seed: UInt64) throws {
        var names = DenseNames(seed: seed)
        let naive = NaiveSuffixRules(rules: names.rules() + ["c.c.c"])
        let rules = try PublicSuffixRules(naive.rules.joined(separator: "\n"))
        let protectedNames = (0..<3).map { _ in names.name(upTo: 4) }
        let protected = try ProtectedNames(protectedNames)
        let suffixes = DenseNames.all(upTo: 5).filter { naive.isPublicSuffix($0) }
        var wrong: [String] = []
        for name in DenseNames.all(upTo: 4) {
            for scope in [.itself, .subdomains, Self.whole] {
                var expected = EntryCounts()
                switch scope {
                case .itself: expected.exact = 1
                case .subdomains: expected.subdomainsOnly = 1
                default: expected.withSubdomains = 1
                }
                let covers = scope != .itself
                if name.contains(".") == false { expected.singleLabel = 1 }
                if naive.isPublicSuffix(name) {
                    expected.publicSuffixes = 1
                } else if covers, suffixes.contains(where: { $0.hasSuffix(".\(name)") }) {
                    expected.abovePublicSuffixes = 1
                }
                if protectedNames.contains(name) {
                    expected.protectedNames = 1
                } else if covers, protectedNames.contains(where: { $0.hasSuffix(".\(name)") }) {
                    expected.aboveProtectedNames = 1
                } else if protectedNames.contains(where: { name.hasSuffix(".\($0)") }) {
                    expected.underProtectedNames = 1
                }
                let counts = try EntryCounts(of: [(name, scope)], rules: rules, protected: protected)
                if counts != expected { wrong.append("\(name) \(scope.rawValue)") }
            }
        }
        #expect(wrong == [], "rules: \(naive.rules), protected: \(protectedNames)")
    }
}
