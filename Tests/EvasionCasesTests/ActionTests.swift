import Blocklists
import EvasionCases
import Inspection
import Testing

/// What is said in place of a packet must not change which packets pass.
@Suite("Evasion cases and actions")
struct ActionTests {
    @Test(arguments: Action.allCases.filter { $0 != .observe && $0 != .drop })
    func `every case gets the verdicts that it gets where a list only drops`(_ action: Action) {
        let silent = EvasionCard()
        for hasPage in action == .reset ? [false, true] : [false] {
            var configuration = InspectorConfiguration()
            configuration.answersHTTP = hasPage
            let answering = EvasionCard(configuration: configuration, action: action)
            #expect(answering.isPassed)
            #expect(answering.outcomes.count == silent.outcomes.count)
            for (answered, dropped) in zip(answering.outcomes, silent.outcomes) {
                let id = dropped.evasionCase.id
                #expect(answered.verdicts == dropped.verdicts, "\(id)")
                #expect(answered.seen == dropped.seen && answered.blocked == dropped.blocked, "\(id)")
                #expect(answered.counted == dropped.counted, "\(id)")
            }
        }
        #expect(silent.outcomes.contains { $0.verdicts.contains(.drop) })
    }
}
