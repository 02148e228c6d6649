import SensorConfiguration
import Testing

/// Keys by names that they had before.
@Suite("Former names of keys")
struct FormerNameTests {
    private func read(_ text: String) -> ConfigurationReading {
        ConfigurationReading([ConfigurationFileText(path: "/etc/grindvakt/test.toml", text: text)])
    }

    /// Every former name, with the table and the key that has it now.
    private static let all = SensorConfiguration.tables.flatMap { table in
        table.keys.flatMap { key in key.formerNames.map { (table.header, key, $0) } }
    }

    @Test func `a former name is read as the present one, and what to write is said once`() throws {
        #expect(Self.all.isEmpty == false)
        for (header, key, former) in Self.all {
            let present = read("\n\(header)\n\(key.name) = \(key.exampleValue.toml)\n")
            let past = read("\n\(header)\n\(former.name) = \(key.exampleValue.toml)\n")
            #expect(present.remarks.isEmpty)
            #expect(past.faults == present.faults)
            let remark = try #require(past.remarks.first)
            #expect(past.remarks.count == 1 && past.configuration.remarks == past.remarks)
            #expect(remark.line == 3)
            #expect(remark.problem.contains("\(former.name) is now called \(key.name)"))
            var configuration = past.configuration
            configuration = try read("\(header)\n\(key.name) = \(key.exampleValue.toml)\n").get()
            #expect(configuration.remarks.isEmpty)
        }
    }

    @Test func `the value by the former name holds`() throws {
        #expect(try read("[responses]\nttl = 7\n").get().responses.timeToLive == 7)
        #expect(try read("[responses]\nsinkhole-ttl = 7\n").get().responses.timeToLive == 7)
    }

    @Test func `both names together are a fault`() {
        let faults = read("[responses]\nsinkhole-ttl = 7\nttl = 8\n").faults
        #expect(faults.map(\.line) == [3])
        #expect(faults.first?.problem.contains("leave ttl out") == true)
    }

    @Test func `a fault in the value is told by the name that was written`() {
        let faults = read("[responses]\nttl = 61\n").faults
        #expect(faults.map(\.problem) == ["ttl must be a number from 0 to 60"])
    }

    @Test func `no name is in use twice in a table`() {
        for table in SensorConfiguration.tables {
            let names = table.keys.flatMap { [$0.name] + $0.formerNames.map(\.name) }
            #expect(Set(names).count == names.count, "\(table.header)")
        }
    }
}
