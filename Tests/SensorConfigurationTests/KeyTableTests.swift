import Blocklists
import NetfilterRules
import SensorConfiguration
import TestSupport
import Testing

/// The one table of keys, and what is made of it.
@Suite("Table of keys")
struct KeyTableTests {
    private static let path = "/etc/grindvakt/grindvakt.toml"

    private func read(_ text: String) -> ConfigurationReading {
        ConfigurationReading([ConfigurationFileText(path: Self.path, text: text)])
    }

    /// A file that sets this key alone, and what its table needs besides.
    private func file(_ table: ConfigurationTable, _ key: String, _ value: ConfigurationValue) -> String {
        let needed = table.isArray ? table.keys.filter { $0.isNeeded && $0.name != key } : []
        return ([table.header] + needed.map { "\($0.name) = \($0.exampleValue.toml)" } + ["\(key) = \(value.toml)"])
            .joined(separator: "\n")
    }

    @Test func `every key says what it is about, on one line`() {
        for table in SensorConfiguration.tables {
            for key in table.keys {
                #expect(key.text.isEmpty == false && key.text.contains("\n") == false, "\(table.header) \(key.name)")
                #expect(key.text.last != ".", "\(table.header) \(key.name)")
                if case .words(let words, let example) = key.preset {
                    #expect(words.isEmpty == false && example != .text(""), "\(table.header) \(key.name)")
                }
            }
        }
    }

    @Test func `what is shown as an example or a default is taken, and shown again as it was written`() throws {
        for table in SensorConfiguration.tables {
            for key in table.keys where key.name != "redirect" {
                let reading = read(file(table, key.name, key.exampleValue))
                // Alone, more signatures than publishers are a contradiction.
                guard reading.faults.isEmpty else {
                    #expect(reading.faults.first?.problem.contains("publishers") == true, "\(reading.faults)")
                    continue
                }
                let setting = reading.settings(of: reading.configuration).first {
                    $0.table == table.name && $0.key.name == key.name
                }
                guard case .file(Self.path, _?) = setting?.origin else {
                    Issue.record("\(table.header) \(key.name): \(String(describing: setting?.origin))")
                    continue
                }
                let shown = try #require(setting?.value, "\(table.header) \(key.name)")
                switch key.kind {
                case .path, .paths, .secretPath, .address: break
                default: #expect(shown == key.exampleValue, "\(table.header) \(key.name)")
                }
            }
        }
    }

    @Test func `a change of a key tells of a restart where the key's table says so, and only there`() throws {
        let started = SensorConfiguration()
        var (told, silent) = (0, 0)
        for table in SensorConfiguration.tables where table.isArray == false {
            for key in table.keys {
                let reading = read(file(table, key.name, key.exampleValue))
                guard reading.faults.isEmpty else { continue }
                let keys = reading.configuration.keysForRestart(since: started)
                let setting = reading.settings(of: reading.configuration).first {
                    $0.table == table.name && $0.key.name == key.name
                }
                let before = reading.settings(of: started).first { $0.table == table.name && $0.key.name == key.name }
                let isChange = setting?.value != before?.value
                #expect(keys.contains("\(table.name).\(key.name)") == (isChange && key.effect == .restart), "\(keys)")
                if keys.isEmpty { silent += 1 } else { told += 1 }
                #expect(reading.configuration.keysForRestart(since: reading.configuration) == [])
            }
        }
        #expect(told > 10 && silent > 10)
    }

    @Test func `keys for a restart are told in the order of the table, without their values`() throws {
        let before = try read("[sensor]\nqueues = \"0:1\"\n[log]\nlevel = \"info\"\n").get()
        let after = try read(
            """
            [log]
            level = "debug"
            [sensor]
            queues = "0:2"
            queue-length = 2048
            [allow]
            path = "allow.txt"
            [[list]]
            id = "new"
            path = "new.txt"
            """
        ).get()
        #expect(after.keysForRestart(since: before) == ["sensor.queues", "sensor.queue-length", "log.level"])
        #expect(before.keysForRestart(since: after) == ["sensor.queues", "sensor.queue-length", "log.level"])
    }

    @Test func `what is shown is a configuration that says the same`() throws {
        let text = SensorConfiguration.example
        let reading = read(text)
        #expect(reading.faults == [] && reading.remarks == [])
        let settings = reading.settings(of: reading.configuration)
        var shown = ""
        var table = ""
        for setting in settings {
            if setting.table != table {
                shown += setting.list == nil ? "[\(setting.table)]\n" : "[[\(setting.table)]]\n"
            }
            table = setting.table
            if let value = setting.value { shown += "\(setting.key.name) = \(value.toml)\n" }
        }
        let again = try read(shown).get()
        #expect(again.lists.map { $0.descriptor() } == reading.configuration.lists.map { $0.descriptor() })
        #expect(again.rules == reading.configuration.rules && again.gates.policy == reading.configuration.gates.policy)
        #expect(again.queues == reading.configuration.queues && again.responses == reading.configuration.responses)
    }

    @Test(arguments: [
        (
            "[[list]]\nid = \"a\"\npath = \"a\"\nurl = \"https://user:secret@lists.example/police?token=secret\"\n",
            "url", "https://lists.example/..."
        ),
        ("[fetch]\nproxy = \"http://user:secret@proxy.example:3128\"\n", "proxy", "http://proxy.example:3128/..."),
        ("[fetch]\nproxy = \"http://proxy.example:3128\"\n", "proxy", "http://proxy.example:3128"),
        ("[[list]]\nid = \"a\"\npath = \"a\"\nurl = \"/srv/lists/police.txt\"\n", "url", "/srv/lists/police.txt"),
    ])
    func `what may hold a password is cut`(text: String, key: String, shown: String) throws {
        let reading = read(text)
        let setting = reading.settings(of: try reading.get()).first { $0.key.name == key }
        #expect(setting?.value == .text(shown))
    }

    @Test func `no fault repeats a password`() {
        for text in [
            "[fetch]\nproxy = \"ftp://user:secret@proxy.example\"\n", "[fetch]\nproxy = \"user:secret@proxy\"\n",
            "[[list]]\nid = \"a\"\npath = \"a\"\nurl = \"http://user:secret@lists.example/\"\n",
            "[[list]]\nid = \"a\"\npath = \"a\"\nurl = \"https://user:secret@:1/\"\n",
        ] {
            let faults = read(text).faults
            #expect(faults.count == 1)
            for fault in faults { #expect(fault.description.contains("secret") == false, "\(fault)") }
        }
    }

    @Test func `what the command line sets says so`() throws {
        let reading = read("[sensor]\nqueues = \"0\"\n")
        var configuration = try reading.get()
        configuration.queues = 4...7
        let settings = reading.settings(of: configuration, options: ["sensor.queues": "--queues"])
        let queues = settings.first { $0.key.name == "queues" }
        #expect(queues?.value == .text("4:7") && queues?.origin == .commandLine(option: "--queues"))
    }

    @Test(arguments: [
        (ConfigurationValue.text("a\"b\\c\u{1}\n"), "\"a\\\"b\\\\c\\u0001\\n\""), (.mask(0x70000), "0x00070000"),
        (.numbers([]), "[]"), (.texts(["a", "b"]), "[\"a\", \"b\"]"), (.flag(false), "false"), (.number(-1), "-1"),
    ])
    func `values are written as TOML has them`(value: ConfigurationValue, text: String) {
        #expect(value.toml == text)
    }

    @Test func `every prefix and every mutation of the example, over two files, is read or refused`() {
        let text = Array(SensorConfiguration.example.utf8)
        var random = SeededRandom(seed: 11)
        for round in 0..<300 {
            var bytes = Array(text.prefix(Int.random(in: 0...text.count, using: &random)))
            for _ in 0..<(round % 4) where bytes.isEmpty == false {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(Array("[]\"'=\n.#{}".utf8).randomElement(using: &random) ?? 0x0A, at: index)
                // A key that is left out is set.
                default: bytes[index] = bytes[index] == 0x23 ? 0x20 : bytes[index]
                }
            }
            let half = Int.random(in: 0...bytes.count, using: &random)
            let reading = ConfigurationReading([
                ConfigurationFileText(path: Self.path, text: String(decoding: bytes[..<half], as: UTF8.self)),
                ConfigurationFileText(
                    path: "\(Self.path).d/a.toml",
                    text: String(decoding: bytes[half...], as: UTF8.self)
                ),
            ])
            for fault in reading.faults {
                #expect(fault.description.contains("\n") == false)
                #expect(fault.path == Self.path || fault.path == "\(Self.path).d/a.toml")
            }
            if reading.faults.isEmpty { _ = reading.settings(of: reading.configuration) }
        }
    }
}

extension ConfigurationKey {
    /// Whether the table is wrong without it.
    fileprivate var isNeeded: Bool {
        if case .required = preset { true } else { false }
    }
}
