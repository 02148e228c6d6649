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

    /// Whether `text` is refused at this line with these words.
    static func expect(
        _ text: String,
        line: Int,
        says parts: [String],
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let error = try #require(refusal(text), "nothing is refused", sourceLocation: location)
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
        ("[[list]]\nid = \"a\"\npath = \"a\"\nlegal_basis = \"x\"\n", 4, "legal_basis", "legal-basis"),
        ("[[list]]\nid = \"a\"\npath = \"a\"\nprotocol = [\"dns\"]\n", 4, "protocol", "protocols"),
        ("[trust]\npublisher = [\"a\"]\n", 2, "publisher", "publishers"),
        ("[trust]\n\ntreshold = 1\n", 3, "treshold", "threshold"),
        ("[gates]\nprotected-names = true\n", 2, "protected-names", "protected-name"),
        ("[gates]\ngrowth_percent = 1\n", 2, "growth_percent", "growth-percent"),
        ("[state]\ndirectroy = \"a\"\n", 2, "directroy", "directory"),
        ("[fetch]\nmax-size = 1\n", 2, "max-size", "maximum-size"),
        ("[trusts]\nthreshold = 1\n", 1, "trusts", "trust"),
        ("[sensor]\n\"queue\" = \"0\"\n", 2, "queue", "queues"),
    ])
    func `an unknown key is refused with its line and the nearest known key`(
        text: String,
        line: Int,
        unknown: String,
        nearest: String
    ) throws {
        try Self.expect(text, line: line, says: ["unknown key \"\(unknown)\"", "\"\(nearest)\""])
        // the same with the line ends of another system
        try Self.expect(
            text.replacing("\n", with: "\r\n"),
            line: line,
            says: ["unknown key \"\(unknown)\"", "\"\(nearest)\""]
        )
    }

    @Test func `the line is that of the table with the fault, of several with the same key`() throws {
        let list = { (id: String, extra: String) in "[[list]]\nid = \"\(id)\"\npath = \"\(id)\"\n\(extra)\n" }
        try Self.expect(list("a", "") + list("b", "x = 1") + list("c", ""), line: 8, says: ["\"x\""])
        try Self.expect(list("a", "") + list("b", "") + list("c", "match = \"all\""), line: 12, says: ["match"])
        try Self.expect("[inspect]\ndns = true\n[sensor]\ndns = true\n", line: 4, says: ["\"dns\"", "[sensor]"])
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
        try Self.expect(text, line: line, says: ["unknown key \"\(unknown)\""])
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
        ("[allow]\npath = \"\"\n", "path", "path"),
    ])
    func `a value of the wrong type is refused with its line`(text: String, key: String, wanted: String) throws {
        try Self.expect(text, line: 2, says: [key, wanted])
    }

    @Test(arguments: [
        ("sensor = 1\n", "sensor"), ("list = 1\n", "[[list]]"), ("list = [1]\n", "[[list]]"),
        ("[list]\nid = \"a\"\npath = \"a\"\n", "[[list]]"),
        ("[[sensor]]\nqueues = \"0\"\n", "[sensor]"), ("allow = \"a\"\n", "[allow]"),
        ("metrics = [\"a\"]\n", "[metrics]"),
    ])
    func `a value where a table belongs is refused`(text: String, wanted: String) throws {
        try Self.expect(text, line: 1, says: [wanted])
    }

    @Test(arguments: [
        ("queue-length", 16, 1_000_000), ("copy-range", 128, 65_531), ("receive-buffer", 65_536, 1 << 30),
        ("flows", 1_024, 100_000_000), ("flow-memory", 1 << 20, 1 << 36),
    ])
    func `numbers have limits`(key: String, least: Int, most: Int) throws {
        for value in [least, most] { #expect(Self.refusal("[sensor]\n\(key) = \(value)\n") == nil) }
        for value in [least - 1, most + 1, -1, Int.max, Int.min + 1] {
            try Self.expect("[sensor]\n\(key) = \(value)\n", line: 2, says: [key, "\(least)", "\(most)"])
        }
    }

    @Test(arguments: KnownKeys.all.flatMap { table in table.keys.map { (table.header, $0) } })
    func `no key takes a value of another type`(header: String, key: String) throws {
        let needed = header == "[[list]]" ? ["id", "path"].filter { $0 != key } : []
        let others = needed.map { "\($0) = \"a\"\n" }.joined()
        // No key is a table, a date or a fraction.
        for value in ["{ a = 1 }", "1979-05-27", "1.5"] {
            try Self.expect("\n\(header)\n\(key) = \(value)\n\(others)", line: 3, says: ["\(key) must be"])
        }
    }

    @Test(arguments: [
        ("[trust]\nthreshold = 0\nexpired = \"no\"\n", 2), ("[trust]\nexpired = \"no\"\nthreshold = 0\n", 2),
        ("[metrics]\nsocket = 1\n[sensor]\nqueues = 1\n", 2),
        ("[fetch]\ntimeout = 0\nx = 1\n[sensor]\nqueues = 1\n", 2),
        ("[fetch]\nx = 1\ntimeout = 0\n[sensors]\n", 2), ("[sensors]\nx = 1\n[fetch]\nx = 1\n", 1),
        ("[[list]]\nid = \"a\"\npath = \"a\"\naction = \"x\"\nmatch = \"x\"\nid = \"b\"\n", 6),
        ("[[list]]\nid = \"a\"\npath = \"a\"\naction = \"x\"\nmatch = \"x\"\n", 4),
        ("[[list]]\nid = \"a\"\n[[list]]\nid = \"A\"\npath = \"a\"\n", 1),
        ("[[list]]\nid = \"a\"\npath = 1\n[[list]]\nid = \"A\"\npath = \"a\"\n", 3),
        ("[[list]]\nid = 1\npath = \"a\"\n", 2), ("[[list]]\npath = 1\nid = 1\n", 2), ("\n[allow]\npath = 1\n", 3),
        // what contradicts another table waits until that can be read
        (
            "[[list]]\nid = \"a\"\npath = \"a\"\nthreshold = 2\n[trust]\npublishers = [\"a\", 2]\n",
            6
        ),
        ("[trust]\nthreshold = 2\npublishers = [\"a\", 2]\n", 3),
    ])
    func `of several faults the first in the file is told`(text: String, line: Int) throws {
        try Self.expect(text, line: line, says: [])
    }
}

/// Every key that there is.
enum KnownKeys {
    static let all: [(header: String, keys: [String])] = SensorConfiguration.tables.map { table in
        (table.header, table.keys.map(\.name))
    }
}
