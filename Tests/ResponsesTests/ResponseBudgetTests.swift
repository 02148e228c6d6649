import Testing

@testable import Responses

@Suite("Response budget")
struct ResponseBudgetTests {
    private static let second: UInt64 = 1_000_000_000

    /// A macro would take the budget for a constant.
    private func expect(_ expected: Bool, _ isSent: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(isSent == expected, sourceLocation: sourceLocation)
    }

    @Test func `no more octets are sent than were received`() {
        var budget = ResponseBudget(rate: 1_000)
        expect(false, budget.spend(1, at: Self.second))
        budget.earn(100)
        expect(false, budget.spend(101, at: Self.second))
        expect(true, budget.spend(60, at: Self.second))
        expect(false, budget.spend(41, at: Self.second))
        expect(true, budget.spend(40, at: Self.second))
        #expect(budget.credit == 0)
    }

    @Test func `what was received long ago counts up to a limit`() {
        var budget = ResponseBudget(rate: 10_000)
        for _ in 0..<4 { budget.earn(1 << 20) }
        #expect(budget.credit == 1 << 20)
        budget.earn(.max - 1 << 20)
        #expect(budget.credit == 1 << 20)
    }

    @Test func `where the rate is spent there is no packet to compose, until a moment later`() {
        var budget = ResponseBudget(rate: 2)
        budget.earn(100)
        expect(true, budget.hasPackets(at: Self.second))
        expect(true, budget.spend(1, at: Self.second))
        expect(true, budget.hasPackets(at: Self.second))
        expect(true, budget.spend(1, at: Self.second))
        expect(false, budget.hasPackets(at: Self.second))
        expect(false, budget.hasPackets(at: Self.second + Self.second / 4))
        expect(true, budget.hasPackets(at: Self.second + Self.second / 2))
    }

    @Test func `packets come at a rate, and a second's worth at once`() {
        var budget = ResponseBudget(rate: 10)
        budget.earn(1 << 20)
        var now = Self.second
        #expect(Self.sent(20, by: &budget, at: now) == 10)
        now += Self.second / 2
        #expect(Self.sent(20, by: &budget, at: now) == 5)
        // Little by little it comes to the same.
        var sent = 0
        for _ in 0..<1_000 {
            now += Self.second / 1_000
            if budget.spend(1, at: now) { sent += 1 }
        }
        #expect((9...10).contains(sent))
        #expect(Self.sent(20, by: &budget, at: now + 3_600 * Self.second) == 10)
    }

    /// How many of so many packets may be sent.
    private static func sent(_ count: Int, by budget: inout ResponseBudget, at now: UInt64) -> Int {
        var sent = 0
        for _ in 0..<count where budget.spend(1, at: now) { sent += 1 }
        return sent
    }

    @Test func `a clock that goes back gives nothing`() {
        var budget = ResponseBudget(rate: 2)
        budget.earn(1 << 20)
        expect(true, budget.spend(1, at: 10 * Self.second))
        expect(true, budget.spend(1, at: 9 * Self.second))
        expect(false, budget.spend(1, at: Self.second))
        expect(true, budget.spend(1, at: .max))
    }
}
