import Blocklists
import SensorConfiguration
import Testing
import Wire

/// The table `[responses]`, and what becomes of packets that cannot be judged.
@Suite("Table of responses")
struct ResponsesTableTests {
    private func read(_ text: String) throws(ConfigurationError) -> SensorConfiguration {
        try SensorConfiguration(text: text, path: "/etc/grindvakt/grindvakt.toml")
    }

    private func refusal(_ text: String) -> ConfigurationError? {
        #expect(throws: ConfigurationError.self) { try read(text) }
    }

    @Test func `addresses are read in both versions`() throws {
        let responses = try read(
            "[responses]\nsinkhole-v4 = \"192.0.2.80\"\nsinkhole-v6 = \"2001:db8::80\"\nttl = 60\n"
        ).responses
        #expect(responses.sinkholeV4 == IPAddress(v4: 0xC000_0250))
        #expect(responses.sinkholeV6 == IPAddress(v6: 0x2001_0DB8_0000_0000, 0x80))
        #expect(responses.timeToLive == 60)
    }

    @Test(arguments: [
        ("sinkhole-v4 = \"2001:db8::1\"", "IPv4 address"), ("sinkhole-v4 = \"192.0.2\"", "IPv4 address"),
        ("sinkhole-v4 = \"192.0.2.1/24\"", "IPv4 address"), ("sinkhole-v4 = \"\"", "IPv4 address"),
        ("sinkhole-v6 = \"192.0.2.1\"", "IPv6 address"), ("sinkhole-v6 = \"2001:db8::1%eth0\"", "IPv6 address"),
        ("sinkhole-ttl = 61", "60"), ("ttl = -1", "60"), ("http = \"block\"", "\"reset\", \"page\", \"redirect\""),
        ("http = \"redirect\"", "needs a redirect"), ("redirect = \"stop.example\"", "http://"),
        ("redirect = \"https://stop.example/\\u000d\\u000aX: y\"", "ASCII"), ("reason-sv = \"a\\u000ab\"", "one line"),
        ("authority-url = \"javascript:alert(1)\"", "http://"), ("rate = 0", "rate"), ("rates = 1", "\"rate\""),
    ])
    func `a value that makes no sense is refused with its line`(line: String, words: String) {
        let error = refusal("[responses]\n\(line)\n")
        #expect(error?.line == (line == "http = \"redirect\"" ? 1 : 2))
        #expect(error?.problem.contains(words) == true, "\(String(describing: error?.problem))")
    }

    @Test(arguments: Action.allCases)
    func `every action can be configured`(action: Action) throws {
        let list = try read("[[list]]\nid = \"a\"\npath = \"a\"\naction = \"\(action.rawValue)\"\n").lists[0]
        #expect(list.descriptor().action == action)
    }

    @Test func `a list says what its clients are told`() throws {
        let text = "[[list]]\nid = \"a\"\npath = \"a\"\nextended-error = 16\nextended-error-text = \"spärrad\"\n"
        #expect(try read(text).lists[0].descriptor().notice == ListNotice(code: 16, text: "spärrad"))
        #expect(try read("[[list]]\nid = \"a\"\npath = \"a\"\n").lists[0].descriptor().notice == ListNotice())
        #expect(refusal(text + "extended-error-text2 = \"a\"\n") != nil)
        let long = String(repeating: "x", count: 65)
        #expect(refusal("[[list]]\nid = \"a\"\npath = \"a\"\nextended-error-text = \"\(long)\"\n")?.line == 4)
    }

    @Test func `the code of a list's notice suits its action`() {
        #expect(ListNotice().code(for: .sinkhole) == 4)
        #expect(ListNotice().code(for: .nxdomain) == 15)
        #expect(ListNotice(code: 16).code(for: .sinkhole) == 16)
    }

    @Test func `what cannot be judged passes unless the sensor or a list says otherwise`() throws {
        let configuration = try read("")
        #expect(configuration.unjudged == [])
        #expect(configuration.onOverload == .accept)
        let strict = try read(
            """
            [sensor]
            fail-open = false
            on-over-budget = "drop"
            [[list]]
            id = "a"
            path = "a"
            on-malformed = "drop"
            """
        )
        #expect(strict.unjudged == .dropOverBudget)
        #expect(strict.lists[0].descriptor().unjudged == .dropMalformed)
        #expect(strict.onOverload == .drop)
        #expect(try read("[sensor]\nfail-open = false\non-overload = \"accept\"\n").onOverload == .accept)
        #expect(refusal("[sensor]\non-malformed = \"reset\"\n")?.line == 2)
    }
}
