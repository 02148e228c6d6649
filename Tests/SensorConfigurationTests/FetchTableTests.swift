import SensorConfiguration
import Testing

@Suite("Tables [fetch] and [state]")
struct FetchTableTests {
    private func read(_ text: String) throws -> SensorConfiguration {
        try SensorConfiguration(text: text, path: "/etc/grindvakt/test.toml")
    }

    @Test func `every key of the fetch is read`() throws {
        let fetch = try read(
            """
            [fetch]
            proxy = "socks5h://user:word@proxy.example:1080"
            certificate-authority = "keys/ca.pem"
            maximum-size = 1000
            connect-timeout = 3
            timeout = 7200
            """
        ).fetch
        #expect(fetch.proxy == "socks5h://user:word@proxy.example:1080")
        #expect(fetch.certificateAuthority == "/etc/grindvakt/keys/ca.pem")
        #expect(fetch.maximumSize == 1_000)
        #expect(fetch.connectTimeout == .seconds(3))
        #expect(fetch.timeout == .seconds(7_200))
    }

    @Test func `the fetch has limits by default`() throws {
        for fetch in [try read("[fetch]").fetch, SensorConfiguration().fetch] {
            #expect(fetch.proxy == nil)
            #expect(fetch.certificateAuthority == nil)
            #expect(fetch.maximumSize == 1_073_741_824)
            #expect(fetch.connectTimeout == .seconds(20))
            #expect(fetch.timeout == .seconds(600))
        }
    }

    @Test(arguments: [("maximum-size", 17_179_869_184), ("connect-timeout", 600), ("timeout", 86_400)])
    func `numbers have limits`(key: String, most: Int) throws {
        for value in [1, most] { _ = try read("[fetch]\n\(key) = \(value)\n") }
        for value in [0, -1, most + 1] {
            try SectionTests.expect("[fetch]\n\(key) = \(value)\n", line: 2, says: [key, "from 1 to \(most)"])
        }
        try SectionTests.expect("[fetch]\n\(key) = \"10s\"\n", line: 2, says: [key, "number"])
    }

    @Test(arguments: [
        "http://proxy.example:3128", "https://proxy.example", "socks5h://192.0.2.1:1080", "http://[2001:db8::1]:1",
    ])
    func `a proxy is an address`(proxy: String) throws {
        #expect(try read("[fetch]\nproxy = \"\(proxy)\"\n").fetch.proxy == proxy)
    }

    @Test(arguments: [
        ("", "begin with"), ("proxy.example:3128", "begin with"), ("socks4://secret:word@proxy.example", "begin with"),
        ("http://", "host"), ("http://secret:word@", "host"), ("http://:3128", "host"),
        ("http://secret:wörd@proxy.example", "ASCII"), ("http://secret word@proxy.example", "ASCII"),
    ])
    func `another proxy is refused and not repeated`(proxy: String, part: String) throws {
        let text = "[fetch]\nproxy = \"\(proxy)\"\n"
        try SectionTests.expect(text, line: 2, says: ["proxy", part])
        #expect(SectionTests.refusal(text)?.problem.contains("secret") == false)
    }

    @Test func `the state has a folder and a log`() throws {
        let state = try read("[state]\ndirectory = \"state\"\naudit-log = \"/var/log/audit.log\"\n").state
        #expect(state.directory == "/etc/grindvakt/state")
        #expect(state.auditLog == "/var/log/audit.log")
        #expect(state.auditLog(in: "/var/lib/grindvakt") == "/var/log/audit.log")
        #expect(try read("[state]\naudit-log = \"a\"\n").state.auditLog == "/etc/grindvakt/a")
    }

    @Test func `the state is where the environment says by default`() throws {
        for state in [try read("[state]").state, SensorConfiguration().state] {
            #expect(state.directory == nil)
            #expect(state.auditLog == nil)
            #expect(state.auditLog(in: "/var/lib/grindvakt") == "/var/lib/grindvakt/audit.log")
            #expect(state.auditLog(in: "/var/lib/grindvakt/") == "/var/lib/grindvakt/audit.log")
        }
    }

    @Test(arguments: [
        ("directory = \"\"", "path"), ("directory = 1", "text"), ("audit-log = true", "text"),
        ("audit-log = \"\"", "path"),
    ])
    func `a fault of the state is told with its line`(keys: String, part: String) throws {
        try SectionTests.expect("[state]\n\(keys)\n", line: 2, says: [String(keys.prefix { $0 != " " }), part])
    }
}
