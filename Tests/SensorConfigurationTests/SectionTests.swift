import SensorConfiguration
import Testing

/// What is said of keys and values that are not as they should be.
@Suite("Keys and values of the configuration")
struct SectionTests {
    /// Why `text` is refused; nil where it is not.
    static func refusal(_ text: String) -> ConfigurationError? {
        do throws(ConfigurationError) {
            _ = try SensorConfiguration(text: text, path: "/etc/grindvakt/test.toml")
            return nil
        } catch {
            return error
        }
    }

    private func expect(
        _ text: String,
        line: Int,
        says parts: [String],
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let error = try #require(Self.refusal(text), "nothing is refused", sourceLocation: location)
        #expect(error.line == line, "\(error)", sourceLocation: location)
        #expect(error.path == "/etc/grindvakt/test.toml", sourceLocation: location)
        #expect(error.description.hasPrefix("/etc/grindvakt/test.toml:\(line): "), sourceLocation: location)
        #expect(error.description.contains("\n") == false, sourceLocation: location)
        for part in parts { #expect(error.problem.contains(part), "\(error)", sourceLocation: location) }
    }

    @Test(arguments: [
        ("[sensors]\nqueues = \"0\"\n", 1, "sensors", "sensor"),
        ("# first\n\n[inspct]\ndns = true\n", 3, "inspct", "inspect"),
        ("[sensor]\nqueues = \"0\"\n\n[[lists]]\nid = \"a\"\n", 4, "lists", "list"),
        ("queues = \"0\"\n", 1, "queues", "rules"),
        ("[sensor]\nqueue = \"0\"\n", 2, "queue", "queues"),
        ("[sensor]\n# comment\nfail_open = true\n", 3, "fail_open", "fail-open"),
        ("[sensor]\n  mark_mask = 3\n", 2, "mark_mask", "mark-mask"),
        ("[inspect]\ndns = true\nhtps = true\n", 3, "htps", "http"),
        ("[rules]\ndns-port = [53]\n", 2, "dns-port", "dns-ports"),
        ("[[list]]\nid = \"a\"\npath = \"a\"\nactoin = \"drop\"\n", 4, "actoin", "action"),
        ("[[list]]\nid = \"a\"\npth = \"a\"\n", 3, "pth", "path"),
        ("[[list]]\nidd = \"a\"\npath = \"a\"\n", 2, "idd", "id"),
        ("[allow]\npth = \"a\"\n", 2, "pth", "path"),
        ("[metrics]\nsockt = \"a\"\n", 2, "sockt", "socket"),
        ("[sensor]\n\"queue\" = \"0\"\n", 2, "queue", "queues"),
    ])
    func `an unknown key is refused with its line and the nearest known key`(
        text: String,
        line: Int,
        unknown: String,
        nearest: String
    ) throws {
        try expect(text, line: line, says: ["unknown key \"\(unknown)\"", "\"\(nearest)\""])
        // the same with the line ends of another system
        try expect(
            text.replacing("\n", with: "\r\n"),
            line: line,
            says: ["unknown key \"\(unknown)\"", "\"\(nearest)\""]
        )
    }

    @Test func `the line is that of the table with the fault, of several with the same key`() throws {
        let list = { (id: String, extra: String) in "[[list]]\nid = \"\(id)\"\npath = \"\(id)\"\n\(extra)\n" }
        try expect(list("a", "") + list("b", "x = 1") + list("c", ""), line: 8, says: ["\"x\""])
        try expect(list("a", "") + list("b", "") + list("c", "match = \"all\""), line: 12, says: ["match"])
        try expect("[inspect]\ndns = true\n[sensor]\ndns = true\n", line: 4, says: ["\"dns\"", "[sensor]"])
    }

    @Test(arguments: [
        ("sensor = { queue = \"0\" }\n", 1, "queue"),
        ("# c\nsensor.queue = \"0\"\n", 2, "queue"),
        ("[sensor]\nfail-open = true\n[sensor.more]\nx = 1\n", 3, "more"),
        ("[ sensor ]\nqueue = \"0\"\n", 2, "queue"),
        ("[\"sensor\"]\nqueue = \"0\"\n", 2, "queue"),
        ("[[ list ]]\nid = \"a\"\npath = \"a\"\nx = 1\n", 4, "x"),
        ("[metrics]\n\n[sensor] # the first\nqueue = \"0\"\n", 4, "queue"),
        ("list = [\n  { id = \"a\", path = \"a\", x = 1 },\n]\n", 1, "x"),
    ])
    func `other ways to write a table have a line too`(text: String, line: Int, unknown: String) throws {
        try expect(text, line: line, says: ["unknown key \"\(unknown)\""])
    }

    @Test(arguments: [
        ("[sensor]\nqueues = 0\n", "queues", "text"),
        ("[sensor]\nqueues = [0, 1]\n", "queues", "text"),
        ("[sensor]\nfail-open = \"yes\"\n", "fail-open", "true or false"),
        ("[sensor]\nfail-open = 1\n", "fail-open", "true or false"),
        ("[sensor]\nqueue-length = \"many\"\n", "queue-length", "number from 16 to 1000000"),
        ("[sensor]\nqueue-length = 1024.5\n", "queue-length", "number"),
        ("[sensor]\nqueue-length = true\n", "queue-length", "number"),
        ("[sensor]\nmark-mask = \"0x3\"\n", "mark-mask", "number"),
        ("[inspect]\ndns = \"no\"\n", "dns", "true or false"),
        ("[inspect]\nquic = 1\n", "quic", "true or false"),
        ("[rules]\ndns-ports = 53\n", "dns-ports", "list of numbers from 1 to 65535"),
        ("[rules]\ndns-ports = [\"53\"]\n", "dns-ports", "list of numbers"),
        ("[rules]\ntls-ports = [443, 0]\n", "tls-ports", "list of numbers"),
        ("[allow]\npath = 7\n", "path", "text"),
        ("[allow]\npath = true\n", "path", "text"),
        ("[metrics]\nsocket = false\n", "socket", "text"),
    ])
    func `a value of the wrong type is refused with its line`(text: String, key: String, wanted: String) throws {
        try expect(text, line: 2, says: [key, wanted])
    }

    @Test(arguments: [
        ("sensor = 1\n", "sensor"), ("list = 1\n", "[[list]]"), ("list = [1]\n", "[[list]]"),
        ("[list]\nid = \"a\"\npath = \"a\"\n", "[[list]]"),
        ("[[sensor]]\nqueues = \"0\"\n", "[sensor]"), ("allow = \"a\"\n", "[allow]"),
        ("metrics = [\"a\"]\n", "[metrics]"),
    ])
    func `a value where a table belongs is refused`(text: String, wanted: String) throws {
        try expect(text, line: 1, says: [wanted])
    }

    @Test(arguments: [
        ("queue-length", 16, 1_000_000), ("copy-range", 128, 65_531), ("receive-buffer", 65_536, 1 << 30),
        ("flows", 1_024, 100_000_000), ("flow-memory", 1 << 20, 1 << 36),
    ])
    func `numbers have limits`(key: String, least: Int, most: Int) throws {
        for value in [least, most] { #expect(Self.refusal("[sensor]\n\(key) = \(value)\n") == nil) }
        for value in [least - 1, most + 1, -1, Int.max, Int.min + 1] {
            try expect("[sensor]\n\(key) = \(value)\n", line: 2, says: [key, "\(least)", "\(most)"])
        }
    }
}
