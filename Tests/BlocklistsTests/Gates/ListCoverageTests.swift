import Blocklists
import Testing
import Wire

@Suite("List coverage")
struct ListCoverageTests {
    private static let whole: ListEntry.Scope = [.itself, .subdomains]

    /// What lists with these entries cover; every list is looked up by itself, so that none hides another.
    private func coverage(
        _ lists: [[(String, ListEntry.Scope)]],
        rules: String = "test\nexample\nco.example\n*.cloud.test\n!www.cloud.test",
        protected: [String] = ["big.test", "under.deep.example"]
    ) throws -> [ListCoverage] {
        let blocklists = try lists.map { entries in
            var builder = BlocklistBuilder(lists: BlocklistTests.descriptors(1))
            for (name, scope) in entries { builder.add(try ListEntry(name, scope), list: 0) }
            return builder.build()
        }
        return ListCoverage.measure(
            listCount: lists.count,
            rules: try PublicSuffixRules(rules),
            protected: try ProtectedNames(protected)
        ) { name in
            var bits: UInt64 = 0
            for (index, blocklist) in blocklists.enumerated() where blocklist.match(name) != nil {
                bits |= 1 << UInt64(index)
            }
            return bits
        }
    }

    @Test(arguments: [
        ("co.example", whole, 1, 0), ("co.example", .itself, 1, 0), ("co.example", .subdomains, 1, 0),
        // Above `example` lie the rules `example` and `co.example`; above `test`, `test` and `*.cloud.test`.
        ("example", whole, 2, 1), ("example", .itself, 1, 0), ("test", .subdomains, 2, 1),
        ("cloud.test", whole, 1, 0), ("cloud.test", .itself, 0, 0), ("big.test", whole, 0, 1),
        ("big.test", .itself, 0, 1),
        ("big.test", .subdomains, 0, 1), ("deep.example", whole, 0, 1), ("deep.example", .itself, 0, 0),
        ("listed.test", whole, 0, 0), ("a.co.example", whole, 0, 0), ("www.cloud.test", whole, 0, 0),
        // Not to be seen from outside: an entry under a protected name, and one for a child of a wildcard.
        ("www.big.test", whole, 0, 0), ("a.cloud.test", whole, 0, 0),
    ])
    func `what must not be blocked is looked up`(
        name: String,
        scope: ListEntry.Scope,
        publicSuffixes: Int,
        protectedNames: Int
    ) throws {
        let result = try #require(try coverage([[(name, scope)]]).first)
        #expect(result.publicSuffixes == publicSuffixes)
        #expect(result.protectedNames == protectedNames)
    }

    @Test func `each list is counted by itself`() throws {
        let result = try coverage([
            [("listed.test", Self.whole)],
            [("example", Self.whole), ("big.test", .itself)],
            [("co.example", .itself), ("co.example", .subdomains)],
            [],
        ])
        #expect(result.map(\.publicSuffixes) == [0, 2, 1, 0])
        #expect(result.map(\.protectedNames) == [0, 2, 0, 0])
    }

    @Test func `bits beyond the lists are ignored`() throws {
        let result = ListCoverage.measure(
            listCount: 1,
            rules: try PublicSuffixRules("test"),
            protected: try ProtectedNames(["a.test", "b.test"])
        ) { _ in .max }
        #expect(result.map(\.publicSuffixes) == [1])
        #expect(result.map(\.protectedNames) == [2])
    }

    @Test func `a snapshot is judged by what it covers`() throws {
        let coverage = try #require(try coverage([[("example", Self.whole)]]).first)
        let report = GatePolicy().judge(ListSummary(id: "police", entries: 1, coverage: coverage), running: nil)
        #expect(report.refusals.map(\.gate) == [.publicSuffix, .protectedName])
        #expect(report[.rejects] == .notApplicable(.notKnown))
    }
}
