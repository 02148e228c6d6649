import Blocklists
import FoundationEssentials
import NetfilterRules
import SensorConfiguration
import Testing

/// The configurations that the project shows its users.
@Suite("Example configurations")
struct ExampleConfigurationTests {
    /// What stands before a key that is left out.
    private static let mark = "# "

    private static func text(of path: String) throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return String(decoding: try Data(contentsOf: URL(filePath: "/\(root)/\(path)")), as: UTF8.self)
    }

    /// The lines of the example that is installed.
    private static func lines() throws -> [String] {
        try text(of: "systemd/grindvakt.toml").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The key that a line is to set once its mark is gone; nil for prose and for a line without the mark.
    private static func key(leftOutIn line: String) -> Substring? {
        guard line.hasPrefix(mark) else { return nil }
        let words = line.dropFirst(mark.count).split(separator: " ", maxSplits: 2)
        guard words.count == 3, words[1] == "=" else { return nil }
        return words[0]
    }

    /// The line as it is when its key is set.
    private static func setting(_ line: String) -> String {
        key(leftOutIn: line) == nil ? line : String(line.dropFirst(mark.count))
    }

    private func read(_ lines: [String]) throws -> SensorConfiguration {
        try SensorConfiguration(text: lines.joined(separator: "\n"), path: "/etc/grindvakt/grindvakt.toml")
    }

    @Test func `the example that is installed is read`() throws {
        let configuration = try read(try Self.lines())
        #expect(configuration.queues == 0...1)
        #expect(configuration.lists.map(\.path) == ["/etc/grindvakt/lists/police.txt"])
        #expect(configuration.lists.map { $0.descriptor() } == [ListDescriptor(id: "police", action: .drop)])
        #expect(configuration.allow == "/etc/grindvakt/lists/allow.txt")
        #expect(configuration.socket == SensorConfiguration.defaultSocket)
        #expect(configuration.trust == SensorConfiguration.Trust())
        #expect(configuration.gates == SensorConfiguration.Gates())
        #expect(configuration.state == SensorConfiguration.State())
        #expect(configuration.fetch == SensorConfiguration.Fetch())
    }

    @Test func `every key that is left out can be set, alone`() throws {
        let lines = try Self.lines()
        var keys = 0
        for index in lines.indices where Self.key(leftOutIn: lines[index]) != nil {
            var changed = lines
            changed[index] = Self.setting(lines[index])
            #expect(throws: Never.self, "line \(index + 1)") { try read(changed) }
            keys += 1
        }
        #expect(keys > 40)
    }

    @Test func `all keys that are left out can be set`() throws {
        let configuration = try read(try Self.lines().map(Self.setting))
        #expect(configuration.lists.first?.url != nil)
        #expect(configuration.trust.approvers.count == 2)
        #expect(configuration.trust.sealKey == "credential:seal-key")
        #expect(configuration.fetch.proxy != nil)
    }

    @Test func `what is left out is there with its default`() throws {
        let configuration = try read(try Self.lines().map(Self.setting))
        let defaults = SensorConfiguration()
        #expect(configuration.queueLength == defaults.queueLength)
        #expect(configuration.copyRange == defaults.copyRange)
        #expect(configuration.receiveBuffer == defaults.receiveBuffer)
        #expect(configuration.isRealTime == defaults.isRealTime)
        #expect(configuration.flows == defaults.flows)
        #expect(configuration.flowMemory == defaults.flowMemory)
        var rules = configuration.rules
        rules.queues = defaults.rules.queues
        #expect(rules == RuleSet())
        #expect(configuration.gates.policy == defaults.gates.policy)
        #expect(configuration.gates.publicSuffixes == SensorConfiguration.Gates.debianPublicSuffixes)
        #expect(configuration.trust.threshold == defaults.trust.threshold)
        #expect(configuration.trust.expired == defaults.trust.expired)
        #expect(configuration.fetch.maximumSize == defaults.fetch.maximumSize)
        #expect(configuration.fetch.connectTimeout == defaults.fetch.connectTimeout)
        #expect(configuration.fetch.timeout == defaults.fetch.timeout)
        let list = try #require(configuration.lists.first)
        #expect(list.protocols == .all)
        #expect(list.precedence == ListDescriptor.defaultPrecedence)
        #expect(list.threshold == defaults.trust.threshold)
        #expect(list.rejectedPercent == defaults.gates.policy.rejectsPercent)
    }

    @Test(arguments: KnownKeys.all.map { ($0.header, $0.keys) })
    func `the example has every key once`(header: String, keys: [String]) throws {
        let lines = try Self.lines().map(Self.setting)
        let start = try #require(lines.firstIndex { $0.hasPrefix(header) })
        let table = lines[(start + 1)...].prefix { $0.hasPrefix("[") == false }
        let shown = table.compactMap { line in
            line.hasPrefix("#") || line.isEmpty ? nil : line.split(separator: " ").first.map(String.init)
        }
        #expect(Set(shown) == Set(keys))
        #expect(shown.count == keys.count)
    }

    @Test func `the keys that the read-me shows are read`() throws {
        let lines = try Self.text(of: "README.md").split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: "```toml"))
        let block = lines[(start + 1)...].prefix { $0 != "```" }.map(String.init)
        let configuration = try read(block)
        #expect(configuration.lists.map(\.id) == ["police"])
        #expect(configuration.allow == "/etc/grindvakt/lists/allow.txt")
    }
}
