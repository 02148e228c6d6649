import Blocklists
import Testing
import Wire

/// What has happened elsewhere, played again on names that cannot be registered: with the default policy the gates refuse it.
@Suite("Incidents")
struct IncidentTests {
    private let rules: PublicSuffixRules
    private let protected: ProtectedNames

    init() throws {
        rules = try PublicSuffixRules("test\nexample\nco.example\npages.test\n*.platform.example\n")
        protected = try ProtectedNames(["search.example", "social.test", "usercontent.search-files.test"])
    }

    /// What is known of a list with these lines, read as a loader reads them.
    private func summary(
        _ lines: [String],
        id: String = "police",
        purpose: String? = nil,
        match: MatchKind = .subdomains
    ) -> ListSummary {
        var examination = EntryExamination(rules: rules, protected: protected)
        var counted = ListSummary.Lines(meant: 0, rejected: 0)
        var parser = ListFormat.domains.makeParser(match: match)
        var found: [EntryLocation] = []
        for line in lines {
            let octets = Array(line.utf8)
            do throws(ListLineError) {
                try parser.locateEntries(in: octets.span, into: &found)
                for location in found {
                    counted.meant += 1
                    var entry = ListEntry(name: DomainName(), scope: location.scope)
                    try HostName.parse(parser.name(at: location, in: octets.span), into: &entry.name)
                    examination.examine(entry)
                }
            } catch {
                counted.meant += 1
                counted.rejected += 1
            }
        }
        return ListSummary(id: id, purpose: purpose, counts: examination.counts, lines: counted)
    }

    private func names(_ count: Int, from first: Int = 0) -> [String] {
        (first..<first + count).map { "listed-\($0).test" }
    }

    private func refusals(
        _ candidate: ListSummary,
        running: ListSummary? = nil,
        policy: GatePolicy = GatePolicy()
    ) -> [Gate] {
        policy.judge(candidate, running: running).refusals.map(\.gate)
    }

    @Test func `an ordinary update passes`() {
        let running = summary(names(5_000))
        #expect(refusals(summary(names(5_100, from: 40)), running: running) == [])
        #expect(refusals(summary(names(100))) == [])
    }

    @Test func `Denmark 2012: 8,000 names from a wrong folder join a list of 5,000`() {
        let running = summary(names(5_000))
        let update = names(13_000)
        #expect(refusals(summary(update), running: running) == [.growth])
        // Two of the names were known to everybody, so the gate of protected names refuses it on the first load too.
        let asItWas = summary(update + ["search.example", "www.social.test"])
        #expect(refusals(asItWas, running: running) == [.growth, .protectedName])
        #expect(refusals(asItWas) == [.protectedName])
    }

    @Test func `Denmark 2012: the list is replaced by another of the same length`() {
        var candidate = summary(names(5_000, from: 90_000))
        candidate.changes = ListSummary.Changes(added: 5_000, removed: 5_000)
        #expect(refusals(candidate, running: summary(names(5_000))) == [.growth, .shrink])
    }

    @Test(arguments: ["drive.usercontent.search-files.test", "usercontent.search-files.test", "search-files.test"])
    func `Italy 2024: a host that nobody thought of, under a name that is protected`(name: String) {
        let running = summary(names(1_000))
        #expect(refusals(summary(names(1_000) + [name]), running: running) == [.protectedName])
    }

    @Test func `Italy 2024: an exact entry is no way around`() {
        let candidate = summary(["drive.usercontent.search-files.test"], match: .exact)
        #expect(refusals(candidate) == [.protectedName])
    }

    @Test func `.net plus reddit in a fraud list`() {
        #expect(refusals(summary(names(500) + [".example"])) == [.publicSuffix, .protectedName, .entryKind])
        #expect(refusals(summary(names(500) + [".unlisted"])) == [.publicSuffix, .entryKind])
        #expect(refusals(summary(names(500) + ["social.test"])) == [.protectedName])
    }

    @Test(arguments: ["pages.test", "*.pages.test", "co.example", "one.platform.example", "platform.example"])
    func `all of a shared platform`(name: String) {
        #expect(refusals(summary(names(500) + [name])) == [.publicSuffix])
    }

    @Test(arguments: ["someone.pages.test", "shop.co.example", "someone.one.platform.example"])
    func `one customer of a shared platform may be listed`(name: String) {
        #expect(refusals(summary(names(500) + [name])) == [])
    }

    @Test func `Sweden 2007: purpose`() {
        var policy = GatePolicy()
        policy.purpose = "child-sexual-abuse"
        #expect(refusals(summary(names(100), purpose: "child-sexual-abuse"), policy: policy) == [])
        #expect(refusals(summary(names(100), purpose: "copyright"), policy: policy) == [.purpose])
        #expect(refusals(summary(names(100)), policy: policy) == [.purpose])
    }

    @Test(arguments: [
        ["192.0.2.1"], ["192.0.2.0/24"], ["2001:db8::1"], ["2001:db8::/32"], ["192.0.2.1", "198.51.100.7"],
    ])
    func `Austria 2022 and Australia 2013: addresses are refused`(lines: [String]) {
        #expect(refusals(summary(lines)) == [.empty, .rejects])
        #expect(refusals(summary(names(500) + lines)) == [.rejects])
    }

    @Test func `an empty list replaces one in use`() {
        let running = summary(names(5_000))
        #expect(refusals(summary([]), running: running) == [.empty, .shrink])
        #expect(refusals(summary(["", "# only comments"]), running: running) == [.empty, .shrink])
        #expect(refusals(summary([])) == [.empty])
    }

    @Test func `a list is missing in the update`() {
        #expect(refusals(ListSummary(id: "police", entries: 0), running: summary(names(5_000))) == [.empty, .shrink])
    }

    @Test func `half a download`() {
        #expect(refusals(summary(names(2_500)), running: summary(names(5_000))) == [.shrink])
    }

    @Test func `a list in another format than was thought`() {
        #expect(refusals(summary(names(100).map { "0.0.0.0 \($0)" })) == [.empty, .rejects])
    }

    @Test func `no refusal spells an entry`() {
        let candidate = summary(names(3) + ["search.example", ".example", "192.0.2.1", "pages.test"])
        let text = GatePolicy().judge(candidate, running: summary(names(5_000))).results.map(\.description)
            .joined(separator: "\n")
        for entry in ["search", "listed", "example", "192", "pages", "test"] { #expect(text.contains(entry) == false) }
    }
}
