import Testing

@testable import Figures

@Suite("Sums")
struct SumsTests {
    @Test func `a sum that is too high is the highest number`() {
        #expect(UInt64(3).adding(4) == 7)
        #expect(UInt64.max.adding(1) == .max)
        let numbers: [UInt64] = [.max - 1, 1, 1]
        #expect(numbers.total == .max)
        #expect(numbers.dropFirst().total == 2)
    }

    @Test func `a clock's fault counts as no time`() {
        let update = ActivationFigures(issuedAt: .min, receivedAt: 200, activatedAt: 100)
        #expect(update.lag(from: nil) == nil)
        #expect(update.lag(from: 40) == 60)
        #expect(update.lag(from: update.receivedAt) == 0)
        #expect(update.lag(from: update.issuedAt) == 0x1p63)
    }
}
