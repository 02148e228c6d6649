import Blocklists
import FoundationEssentials
import NetfilterRules
import SensorConfiguration
import Testing

/// What several files say together.
@Suite("Drop-ins of the configuration")
struct DropInTests {
    private static let base = "/etc/grindvakt/grindvakt.toml"

    private func read(_ texts: String...) -> ConfigurationReading {
        ConfigurationReading(
            texts.enumerated().map { index, text in
                ConfigurationFileText(
                    path: index == 0 ? Self.base : "\(Self.base).d/\(index)0.toml",
                    text: text
                )
            }
        )
    }

    private func origin(_ key: String, _ reading: ConfigurationReading, list: String? = nil) -> String? {
        reading.settings(of: reading.configuration).first {
            "\($0.table).\($0.key.name)" == key && $0.list == list
        }?.origin.description
    }

    @Test func `a later file wins key by key`() throws {
        let reading = read(
            "[sensor]\nqueues = \"0:1\"\nflows = 4096\n",
            "[sensor]\nflows = 8192\n[inspect]\nhttp = false\n",
            "\n[sensor]\n\nflows = 16384\n"
        )
        let configuration = try reading.get()
        #expect(configuration.queues == 0...1)
        #expect(configuration.flows == 16_384)
        #expect(configuration.inspectsHTTP == false && configuration.rules.http == false)
        #expect(origin("sensor.queues", reading) == "\(Self.base):2")
        #expect(origin("sensor.flows", reading) == "\(Self.base).d/20.toml:4")
        #expect(origin("inspect.http", reading) == "\(Self.base).d/10.toml:4")
        #expect(origin("inspect.dns", reading) == "default")
    }

    @Test func `a list with the id of an earlier one changes it, another is added behind`() throws {
        let list = { (id: String, more: String) in "[[list]]\nid = \"\(id)\"\n\(more)\n" }
        let reading = read(
            list("police", "path = \"police.txt\"\naction = \"drop\"\nprecedence = 7")
                + list("interpol", "path = \"interpol.txt\""),
            list("own", "path = \"own.txt\"") + list("police", "action = \"observe\"")
        )
        let lists = try reading.get().lists
        #expect(lists.map(\.id) == ["police", "interpol", "own"])
        #expect(lists.map(\.path) == ["police", "interpol", "own"].map { "/etc/grindvakt/\($0).txt" })
        #expect(lists[0].action == .observe && lists[0].precedence == 7)
        #expect(origin("list.action", reading, list: "police") == "\(Self.base).d/10.toml:6")
        #expect(origin("list.precedence", reading, list: "police") == "\(Self.base):5")
    }

    @Test func `a list of values is replaced as a whole`() throws {
        let configuration = try read("[rules]\ndns-ports = [53, 5353]\n", "[rules]\ndns-ports = [5300]\n").get()
        #expect(configuration.rules.dnsPorts == [5_300])
    }

    @Test(
        arguments: [
            // faults stand where they are
            ("[sensor]\nflows = 1\n", "[sensor]\nqueue = \"0\"\n", [(0, 2), (1, 2)]),
            // what a later file sets right is wrong all the same
            ("[sensor]\nflows = \"many\"\n", "[sensor]\nflows = 4096\n", [(0, 2)]),
            // a syntax error hides no other file's faults
            ("[sensor\n", "[log]\nlevel = \"loud\"\n", [(0, 1), (1, 2)]),
            // twice in one file is a mistake, in two files a change
            ("", "[[list]]\nid = \"a\"\npath = \"a\"\n[[list]]\nid = \"a\"\npath = \"b\"\n", [(1, 5)]),
            ("[[list]]\nid = \"a\"\npath = \"a\"\n", "[[list]]\nid = \"b\"\naction = \"drop\"\n", [(1, 1)]),
            ("[allow]\n", "[allow]\n", [(0, 1)]),
            ("[statistics]\nretention-hours = 100\n", "\n[statistics]\nretention-days = 40\n", [(0, 2)]),
            ("[[list]]\nid = \"a\"\npath = \"x\"\n", "[[list]]\nid = \"b\"\npath = \"x\"\n", [(1, 3)]),
            ("[trust]\npublishers = [\"a\"]\n", "[trust]\nthreshold = 2\n", [(1, 2)]),
        ] as [(String, String, [(Int, Int)])]
    )
    func `faults of every file are told where they are`(first: String, second: String, places: [(Int, Int)]) {
        let faults = read(first, second).faults
        #expect(faults.map(\.path) == places.map { $0.0 == 0 ? Self.base : "\(Self.base).d/10.toml" }, "\(faults)")
        #expect(faults.map(\.line) == places.map(\.1), "\(faults)")
    }

    @Test func `a drop-in completes what the file leaves open`() throws {
        #expect(try read("[allow]\n", "[allow]\npath = \"a\"\n").get().allow == "/etc/grindvakt/a")
        #expect(read("[responses]\nhttp = \"redirect\"\n").faults.count == 1)
        let redirect = "[responses]\nredirect = \"https://stop.example/\"\n"
        #expect(read("[responses]\nhttp = \"redirect\"\n", redirect).faults.isEmpty)
    }

    @Test func `cutting one file into two changes nothing, wherever it is cut`() throws {
        let lines = [
            "[sensor]", "queues = \"2:3\"", "flows = 4096", "[inspect]", "quic = false", "[log]", "level = \"debug\"",
            "[allow]", "path = \"lists/allow.txt\"",
        ]
        let whole = try read(lines.joined(separator: "\n")).get()
        let headers = lines.indices.filter { lines[$0].hasPrefix("[") }
        for index in lines.indices {
            let header = lines[headers.last { $0 <= index } ?? 0]
            let rest = [header] + lines[index...].drop { $0 == header }
            let cut = read(lines[..<index].joined(separator: "\n"), rest.joined(separator: "\n"))
            // The head of a table that needs a key may be all that the first file has of it.
            #expect(try cut.get() == whole, "\(index)")
        }
    }

    @Test func `the files of a folder are read in the order of their names`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "drop-ins-\(UUID())").path
        let files = [
            "grindvakt.toml": "[sensor]\nflows = 1024\n", "grindvakt.toml.d/20-b.toml": "[sensor]\nflows = 2048\n",
            "grindvakt.toml.d/10-a.toml": "[sensor]\nflows = 3072\n", "grindvakt.toml.d/.30-hidden.toml": "x",
            "grindvakt.toml.d/30-old.toml.bak": "x",
        ]
        try FileManager.default.createDirectory(
            atPath: folder + "/grindvakt.toml.d",
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, text) in files {
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }
        let path = "\(folder)/grindvakt.toml"
        let loaded = try ConfigurationFileText.load(path)
        #expect(loaded.map(\.path) == [path, "\(path).d/10-a.toml", "\(path).d/20-b.toml"])
        #expect(try ConfigurationReading(loaded).get().flows == 2_048)

        try FileManager.default.removeItem(atPath: path + ".d")
        #expect(try ConfigurationFileText.load(path).count == 1)
        try Data().write(to: URL(filePath: path + ".d"))
        let fault = try #require(throws: ConfigurationError.self) { try ConfigurationFileText.load(path) }
        #expect(fault.description == "\(path).d: is no folder; drop-ins lie in one")
    }

    @Test(arguments: ["/nonexistent/grindvakt.toml", "/dev/zero", "/"])
    func `what cannot be read is told with its name`(path: String) throws {
        let fault = try #require(throws: ConfigurationError.self) { try ConfigurationFileText.load(path) }
        #expect(fault.path == path && fault.line == nil)
    }
}
