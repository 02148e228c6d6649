import Blocklists
import Testing

@Suite("Cause why a line is no entry")
struct ListLineErrorTests {
    @Test func `every cause is told in its own words, on one line`() {
        let causes = ListLineError.allCases
        #expect(Set(causes.map(\.description)).count == causes.count)
        #expect(causes.allSatisfy { $0.description.contains("\n") == false && $0.description.isEmpty == false })
    }

    @Test func `what is for less than a host is told apart from what is wrong`() {
        for cause in ListLineError.allCases {
            let isNotEnforceable = "\(cause)".hasSuffix("NotEnforceable")
            #expect((cause.kind == .notEnforceable) == isNotEnforceable, "\(cause)")
        }
    }
}
