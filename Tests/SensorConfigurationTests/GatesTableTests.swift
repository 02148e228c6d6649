import Blocklists
import SensorConfiguration
import Testing

@Suite("Table [gates]")
struct GatesTableTests {
    private func read(_ keys: String) throws -> SensorConfiguration.Gates {
        try SensorConfiguration(text: "[gates]\n\(keys)\n", path: "/etc/grindvakt/test.toml").gates
    }

    @Test func `every key is read`() throws {
        let gates = try read(
            """
            growth-percent = 30
            growth-count = 4000
            shrink-percent = 10
            shrink-count = 0
            change-floor = 7
            rejected-percent = 2
            refused-kinds = ["exact", "subdomains-only"]
            protected = "lists/protected.txt"
            public-suffixes = "psl.dat"
            approvals = "/srv/approvals"
            """
        )
        #expect(gates.policy.gates == Set(Gate.allCases))
        #expect(gates.policy.growth == GatePolicy.ChangeLimit(percent: 30, count: 4_000, floor: 7))
        #expect(gates.policy.shrink == GatePolicy.ChangeLimit(percent: 10, count: 0, floor: 7))
        #expect(gates.policy.rejectsPercent == 2)
        #expect(gates.policy.refusedKinds == [.exact, .subdomainsOnly])
        #expect(gates.protected == "/etc/grindvakt/lists/protected.txt")
        #expect(gates.publicSuffixes == "/etc/grindvakt/psl.dat")
        #expect(gates.approvals == "/srv/approvals")
    }

    @Test func `by default every gate is on`() throws {
        for gates in [try read(""), SensorConfiguration().gates] {
            #expect(gates.policy == GatePolicy())
            #expect(gates.policy.gates.count == Gate.allCases.count)
            #expect(gates.protected == nil)
            #expect(gates.publicSuffixes == nil)
            #expect(gates.approvals == nil)
        }
    }

    @Test(arguments: Gate.allCases)
    func `each gate has its own switch`(gate: Gate) throws {
        #expect(try read("\(gate.rawValue) = false").policy.gates == Set(Gate.allCases).subtracting([gate]))
        #expect(try read("\(gate.rawValue) = true").policy == GatePolicy())
        try SectionTests.expect("[gates]\n\(gate.rawValue) = 0\n", line: 2, says: [gate.rawValue, "true or false"])
    }

    @Test(arguments: [
        ("growth-percent", 1_000_000), ("growth-count", 4_294_967_295), ("shrink-percent", 100),
        ("shrink-count", 4_294_967_295), ("change-floor", 4_294_967_295), ("rejected-percent", 100),
    ])
    func `numbers have limits`(key: String, most: Int) throws {
        for value in [0, most] { _ = try read("\(key) = \(value)") }
        for value in [-1, most + 1] {
            try SectionTests.expect("[gates]\n\(key) = \(value)\n", line: 2, says: [key, "from 0 to \(most)"])
        }
    }

    @Test(arguments: [
        ("refused-kinds = \"exact\"", "list of texts"), ("refused-kinds = [\"wildcard\"]", "\"single-label\""),
        ("refused-kinds = [\"exact\", \"exact\"]", "twice"), ("protected = \"\"", "path"),
        ("public-suffixes = true", "text"), ("approvals = [\"a\"]", "text"),
    ])
    func `a fault is told with its line`(keys: String, part: String) throws {
        try SectionTests.expect("[gates]\n\(keys)\n", line: 2, says: [String(keys.prefix { $0 != " " }), part])
    }

    @Test func `no kind need be refused`() throws {
        #expect(try read("refused-kinds = []").policy.refusedKinds == [])
        #expect(try read("").policy.refusedKinds == [.singleLabel])
    }

    @Test func `a list has its own purpose and share of rejected lines`() throws {
        let configuration = try SensorConfiguration(
            text: """
                [[list]]
                id = "plain"
                path = "1"
                [[list]]
                id = "own"
                path = "2"
                purpose = "csam"
                rejected-percent = 0
                [gates]
                rejected-percent = 5
                growth = false
                """,
            path: "test.toml"
        )
        var expected = GatePolicy()
        expected.gates.remove(.growth)
        expected.rejectsPercent = 5
        #expect(configuration.gatePolicy(for: configuration.lists[0]) == expected)
        expected.rejectsPercent = 0
        expected.purpose = "csam"
        #expect(configuration.gatePolicy(for: configuration.lists[1]) == expected)
    }
}
