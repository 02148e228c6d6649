import Blocklists
import TestSupport
import Testing

@Suite("Gate policy")
struct GatePolicyTests {
    private let policy = GatePolicy()

    private func judge(
        _ policy: GatePolicy = GatePolicy(),
        from running: Int?,
        to entries: Int,
        changes: ListSummary.Changes? = nil
    ) -> GateReport {
        var candidate = ListSummary(id: "police", entries: entries)
        candidate.changes = changes
        return policy.judge(candidate, running: running.map { ListSummary(id: "police", entries: $0) })
    }

    @Test(arguments: [
        // Running entries, entries that may come or go.
        (0, 50), (1, 50), (100, 50), (250, 50), (254, 50), (255, 51), (1_000, 200), (5_000, 1_000), (249_999, 49_999),
        (250_000, 50_000), (1_000_000, 50_000), (10_000_000, 50_000), (Int.max / 2, 50_000),
    ])
    func `just under and at the limit pass, just over is refused`(running: Int, limit: Int) {
        for (change, outcome) in [(limit - 1, GateOutcome.passed), (limit, .passed), (limit + 1, .refused)] {
            #expect(judge(from: running, to: running + change)[.growth] == outcome)
            #expect(judge(from: running, to: running + change)[.shrink] == .passed)
            guard change <= running else { continue }
            #expect(judge(from: running, to: running - change)[.shrink] == outcome)
            #expect(judge(from: running, to: running - change)[.growth] == .passed)
        }
    }

    @Test func `a short list may grow by a third`() {
        #expect(judge(from: 100, to: 130).isRefused == false)
    }

    @Test func `a list that loses all is refused twice`() {
        let report = judge(from: 5_000, to: 0)
        #expect(report.refusals.map(\.gate) == [.empty, .shrink])
        #expect(judge(from: 40, to: 0).refusals.map(\.gate) == [.empty])
    }

    @Test func `an empty running list does not open the gate`() {
        #expect(judge(from: 0, to: 50)[.growth] == .passed)
        #expect(judge(from: 0, to: 8_000)[.growth] == .refused)
    }

    @Test func `as many added as removed are seen where both are known`() {
        let changes = ListSummary.Changes(added: 4_000, removed: 4_000)
        #expect(judge(from: 5_000, to: 5_000).isRefused == false)
        #expect(judge(from: 5_000, to: 5_000, changes: changes).refusals.map(\.gate) == [.growth, .shrink])
    }

    @Test func `a difference that belies the numbers of entries is not believed`() {
        let changes = ListSummary.Changes(added: 0, removed: 0)
        #expect(judge(from: 5_000, to: 13_000, changes: changes).refusals.map(\.gate) == [.growth])
        #expect(judge(from: 13_000, to: 5_000, changes: changes).refusals.map(\.gate) == [.shrink])
    }

    @Test func `the first load has nothing to grow from`() {
        let report = judge(from: nil, to: 10_000_000)
        #expect(report[.growth] == .notApplicable(.firstLoad))
        #expect(report[.shrink] == .notApplicable(.firstLoad))
        #expect(report.isRefused == false)
        #expect(judge(from: nil, to: 0).refusals.map(\.gate) == [.empty])
    }

    @Test func `numbers as large as can be neither trap nor pass`() {
        for (one, other) in [(0, Int.max), (Int.max, 0), (.min, .max), (.max, .min), (.min, .min), (.max, .max)] {
            var policy = GatePolicy()
            for percent in [nil, 0, 1, 100, .max, .min] {
                for count in [nil, 0, .max, .min] {
                    for floor in [0, .min, .max] {
                        policy.growth = GatePolicy.ChangeLimit(percent: percent, count: count, floor: floor)
                        policy.shrink = policy.growth
                        policy.rejectsPercent = percent ?? 0
                        var candidate = ListSummary(id: "police", entries: other)
                        candidate.lines = ListSummary.Lines(meant: one, rejected: other, notEnforceable: one)
                        candidate.changes = ListSummary.Changes(added: one, removed: other)
                        let report = policy.judge(candidate, running: ListSummary(id: "police", entries: one))
                        #expect(report.results.count == Gate.allCases.count)
                    }
                }
            }
        }
        #expect(judge(from: 0, to: .max)[.growth] == .refused)
        #expect(judge(from: .max, to: 0)[.shrink] == .refused)
        #expect(judge(from: .min, to: .max)[.growth] == .refused)
    }

    @Test func `limits of one kind alone`() {
        var policy = GatePolicy()
        policy.growth = GatePolicy.ChangeLimit(percent: 10, count: nil, floor: 0)
        #expect(judge(policy, from: 9_000_000, to: 9_900_000)[.growth] == .passed)
        #expect(judge(policy, from: 9_000_000, to: 9_900_001)[.growth] == .refused)
        #expect(judge(policy, from: 9, to: 10)[.growth] == .refused)
        policy.growth = GatePolicy.ChangeLimit(percent: nil, count: 7, floor: 0)
        #expect(judge(policy, from: 1, to: 8)[.growth] == .passed)
        #expect(judge(policy, from: 1, to: 9)[.growth] == .refused)
        policy.growth = GatePolicy.ChangeLimit(percent: nil, count: nil, floor: 0)
        #expect(judge(policy, from: 1, to: .max)[.growth] == .passed)
        policy.growth = GatePolicy.ChangeLimit(percent: 0, count: nil, floor: 0)
        #expect(judge(policy, from: 1, to: 1)[.growth] == .passed)
        #expect(judge(policy, from: 1, to: 2)[.growth] == .refused)
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `the limit agrees with wider arithmetic`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let running = Int.random(in: 0...Int.max, using: &random) >> Int.random(in: 0..<63, using: &random)
            let percent = Int.random(in: 0...300, using: &random)
            let limit = GatePolicy.ChangeLimit(percent: percent, count: nil, floor: 0).allowed(of: running)
            let exact = UInt128(running) * UInt128(percent) / 100
            #expect(UInt128(limit) == min(exact, UInt128(Int.max)))
        }
    }

    @Test func `rejects are judged by their share of the lines meant as entries`() {
        var summary = ListSummary(id: "police", entries: 100)
        func outcome(_ meant: Int, _ rejected: Int, percent: Int, notEnforceable: Int = 0) -> GateOutcome? {
            var policy = GatePolicy()
            policy.rejectsPercent = percent
            summary.lines = ListSummary.Lines(meant: meant, rejected: rejected, notEnforceable: notEnforceable)
            return policy.judge(summary, running: nil)[.rejects]
        }
        #expect(outcome(1_000, 0, percent: 0) == .passed)
        #expect(outcome(1_000, 1, percent: 0) == .refused)
        #expect(outcome(1_000, 0, percent: 0, notEnforceable: 900) == .passed)
        #expect(outcome(1_000, 9, percent: 1) == .passed)
        #expect(outcome(1_000, 10, percent: 1) == .passed)
        #expect(outcome(1_000, 11, percent: 1) == .refused)
        #expect(outcome(99, 1, percent: 1) == .refused)
        #expect(outcome(1, 1, percent: 100) == .passed)
        #expect(outcome(0, 0, percent: 0) == .passed)
        summary.lines = nil
        #expect(policy.judge(summary, running: nil)[.rejects] == .notApplicable(.notKnown))
    }

    @Test func `purpose is judged where one is configured`() {
        func outcome(configured: String?, declared: String?) -> GateOutcome? {
            var policy = GatePolicy()
            policy.purpose = configured
            return policy.judge(ListSummary(id: "police", purpose: declared, entries: 1), running: nil)[.purpose]
        }
        #expect(outcome(configured: "csam", declared: "csam") == .passed)
        #expect(outcome(configured: "csam", declared: "gambling") == .refused)
        #expect(outcome(configured: "csam", declared: "") == .refused)
        #expect(outcome(configured: "csam", declared: nil) == .refused)
        #expect(outcome(configured: nil, declared: "csam") == .notApplicable(.notConfigured))
    }

    @Test(arguments: EntryKind.allCases)
    func `a kind that is refused is refused`(kind: EntryKind) {
        var policy = GatePolicy()
        policy.refusedKinds = [kind]
        var summary = ListSummary(id: "police", entries: 10)
        #expect(policy.judge(summary, running: nil)[.entryKind] == .notApplicable(.notKnown))
        summary.kinds = [:]
        #expect(policy.judge(summary, running: nil)[.entryKind] == .passed)
        for other in EntryKind.allCases where other != kind { summary.kinds?[other] = 10 }
        #expect(policy.judge(summary, running: nil)[.entryKind] == .passed)
        summary.kinds?[kind] = 1
        #expect(policy.judge(summary, running: nil)[.entryKind] == .refused)
        policy.refusedKinds = []
        #expect(policy.judge(summary, running: nil)[.entryKind] == .notApplicable(.notConfigured))
    }

    @Test func `hits up to the tolerated number pass`() {
        var policy = GatePolicy()
        policy.publicSuffixes = 2
        policy.protectedNames = 1
        var summary = ListSummary(id: "dynamic", entries: 10)
        (summary.publicSuffixHits, summary.protectedNameHits) = (2, 1)
        #expect(policy.judge(summary, running: nil).isRefused == false)
        (summary.publicSuffixHits, summary.protectedNameHits) = (3, 2)
        #expect(policy.judge(summary, running: nil).refusals.map(\.gate) == [.publicSuffix, .protectedName])
    }

    /// A list that every gate refuses.
    private var worst: (policy: GatePolicy, candidate: ListSummary, running: ListSummary) {
        var policy = GatePolicy()
        policy.purpose = "csam"
        var candidate = ListSummary(id: "police", purpose: "other", entries: 0)
        candidate.kinds = [.singleLabel: 1]
        candidate.publicSuffixHits = 1
        candidate.protectedNameHits = 1
        candidate.lines = ListSummary.Lines(meant: 3, rejected: 1)
        candidate.changes = ListSummary.Changes(added: 8_000, removed: 5_000)
        return (policy, candidate, ListSummary(id: "police", entries: 5_000))
    }

    @Test func `every gate refuses by itself`() {
        let (policy, candidate, running) = worst
        #expect(policy.judge(candidate, running: running).refusals.map(\.gate) == Gate.allCases)
    }

    @Test(arguments: Gate.allCases)
    func `an approval opens its own gate only`(gate: Gate) {
        let (policy, candidate, running) = worst
        let report = policy.judge(candidate, running: running, approved: [gate])
        #expect(report[gate] == .approved)
        #expect(report.refusals.map(\.gate) == Gate.allCases.filter { $0 != gate })
        #expect(report.isRefused)
    }

    @Test(arguments: Gate.allCases)
    func `a switch turns its own gate off only`(gate: Gate) {
        var (policy, candidate, running) = worst
        policy.gates.remove(gate)
        let report = policy.judge(candidate, running: running, approved: [gate])
        #expect(report[gate] == .off)
        #expect(report.refusals.map(\.gate) == Gate.allCases.filter { $0 != gate })
    }

    @Test func `all gates approved let the list through`() {
        let (policy, candidate, running) = worst
        #expect(policy.judge(candidate, running: running, approved: Set(Gate.allCases)).isRefused == false)
    }

    @Test func `an approval that is not needed leaves no trace`() {
        let report = policy.judge(
            ListSummary(id: "police", entries: 1),
            running: ListSummary(id: "police", entries: 1),
            approved: [.growth]
        )
        #expect(report[.growth] == .passed)
    }

    @Test func `a refusal says list, gate, figures, limit and mend in one line`() throws {
        let (policy, candidate, running) = worst
        let report = policy.judge(candidate, running: running)
        for refusal in report.refusals {
            let text = refusal.description
            #expect(text.hasPrefix("list police: gate \(refusal.gate.rawValue): refused ("))
            #expect(text.contains("; "))
            #expect(text.contains("\n") == false)
        }
        #expect(
            report.results[1].description
                == "list police: gate growth: refused (8000 entries more than the 5000 that run, limit 1000); "
                + "ask the publisher whether the change is meant, then raise the limit or have two people approve this gate"
        )
    }

    @Test func `every outcome describes itself`() {
        var policy = GatePolicy()
        policy.gates.remove(.purpose)
        let report = policy.judge(ListSummary(id: "police", entries: 1), running: nil)
        #expect(
            report.results.map(\.description) == [
                "list police: gate empty: passed (not empty)",
                "list police: gate growth: not applicable (no such list is running yet)",
                "list police: gate shrink: not applicable (no such list is running yet)",
                "list police: gate public-suffix: not applicable (this list does not tell)",
                "list police: gate protected-name: not applicable (this list does not tell)",
                "list police: gate entry-kind: not applicable (this list does not tell)",
                "list police: gate purpose: off",
                "list police: gate rejects: not applicable (this list does not tell)",
            ]
        )
    }
}
