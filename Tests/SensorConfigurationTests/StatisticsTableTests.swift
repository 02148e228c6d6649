import Figures
import SensorConfiguration
import Testing

@Suite("Statistics in the configuration")
struct StatisticsTableTests {
    private func read(_ text: String) throws -> SensorConfiguration.Statistics {
        try SensorConfiguration(text: "[statistics]\n\(text)\n", path: "/etc/grindvakt/test.toml").statistics
    }

    @Test func `nothing is kept unless a market is named`() throws {
        #expect(try SensorConfiguration(text: "", path: "/x").statistics.market == nil)
        #expect(try read("subscribers = 10").market == nil)
        let statistics = try read("market = \"se\"")
        #expect(statistics.market == Market(id: "se"))
        #expect(statistics.path == nil && statistics.member == nil && statistics.attemptWindow == 2)
        #expect(statistics.hourRetention == 35 && statistics.dayRetention == 762)
    }

    @Test func `every key is read`() throws {
        let statistics = try read(
            """
            path = "figures.db"
            market = "no-1"
            subscribers = 120000
            access = "mobile"
            attempt-window = 5
            retention-hours = 40
            retention-days = 400
            coverage = "found/coverage.jsonl"
            member = "example-telecom"
            """
        )
        #expect(statistics.path == "/etc/grindvakt/figures.db")
        #expect(statistics.market == Market(id: "no-1", access: .mobile, subscribers: 120_000))
        #expect(statistics.attemptWindow == 5 && statistics.hourRetention == 40 && statistics.dayRetention == 400)
        #expect(statistics.member == "example-telecom")
        #expect(statistics.coverage == "/etc/grindvakt/found/coverage.jsonl")
    }

    @Test(arguments: [
        ("market = \"\"", "market must be"), ("market = \"SE\"", "market must be"),
        ("market = \"abcdefghijklmnopq\"", "market must be"), ("market = 46", "market must be"),
        ("subscribers = 0", "subscribers must be a number from 1"), ("access = \"cable\"", "none of \"fixed\""),
        ("attempt-window = 0", "from 1 to 60"), ("attempt-window = 61", "from 1 to 60"),
        ("retention-hours = 0", "from 1 to 762"), ("retention-days = 31", "from 32 to 36600"),
        ("retention-hours = 50\nretention-days = 40", "longer than retention-days"),
        ("member = \"Example Telecom\"", "member must be"), ("path = \"\"", "path must be"),
        ("markets = \"se\"", "did you mean \"market\"?"),
    ])
    func `anything else is refused with its line and the mend`(text: String, problem: String) throws {
        try SectionTests.expect("[statistics]\n\(text)\n", line: 2, says: [problem])
    }
}
