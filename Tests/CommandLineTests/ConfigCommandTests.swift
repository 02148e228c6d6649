import FoundationEssentials
import Testing

/// `grindvakt config`: what it says, and with which status it ends.
@Suite("Config command")
struct ConfigCommandTests {
    /// A folder with a configuration, its list and a drop-in.
    private func with(
        _ text: String = "[[list]]\nid = \"police\"\npath = \"police.txt\"\n",
        dropIn: String? = nil,
        _ body: (Folder, String) async throws -> Void
    ) async throws {
        try await Folder.with { folder in
            try await folder.write("blocked.test\n", to: "police.txt")
            let path = try await folder.write(text, to: "grindvakt.toml")
            if let dropIn {
                _ = try await Program.run("mkdir", [path + ".d"])
                try await folder.write(dropIn, to: "grindvakt.toml.d/10.toml")
            }
            try await body(folder, path)
        }
    }

    @Test func `a configuration that can be used ends with 0`() async throws {
        try await with { _, path in
            let outcome = try await Program.run(["config", "check", "--config", path])
            #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
            #expect(outcome.output == "\(path): no fault, 0 to be changed, 0 not checked\n")
        }
    }

    @Test func `every fault of every file is told, with file and line, and ends with 2`() async throws {
        try await with("[sensor]\nqueue = 1\nflows = 1\n", dropIn: "[log]\nlevel = \"loud\"\n") { _, path in
            let outcome = try await Program.run(["config", "check", "--config", path])
            #expect(outcome.status == 2, "\(outcome)")
            let places = outcome.errorLines.map { $0.split(separator: " ")[1] }
            #expect(places == ["\(path):2:", "\(path):3:", "\(path).d/10.toml:2:"], "\(outcome)")
            let json = try await Program.run(["config", "check", "--config", path, "--json"])
            #expect(json.status == 2 && json.errors.isEmpty)
            #expect(try keys(json.output, "faults").count == 3)
        }
    }

    @Test(arguments: [
        ("[[list]]\nid = \"a\"\npath = \"missing.txt\"\n", "list \"a\": "),
        ("[[list]]\nid = \"a\"\npath = \"police.txt\"\n[trust]\npublishers = [\"police.txt\"]\n", "publisher's key"),
        ("[[list]]\nid = \"a\"\npath = \"police.txt\"\n[metrics]\ngroup = \"no-such-group\"\n", "group no-such-group"),
        ("[[list]]\nid = \"a\"\npath = \"police.txt\"\n[state]\ndirectory = \"missing\"\n", "state directory: "),
        ("[[list]]\nid = \"a\"\npath = \"police.txt\"\n[gates]\napprovals = \"police.txt\"\n", "approvals: "),
        (
            "[[list]]\nid = \"a\"\npath = \"police.txt\"\n[responses]\nhttp = \"redirect\"\nredirect = \"https://stop.example/\(String(repeating: "a", count: 2_000))\"\n",
            "[responses]: "
        ),
        ("[sensor]\nqueues = \"0\"\n", "no list is configured"),
    ])
    func `what is named and cannot be used is told, and ends with 1`(text: String, told: String) async throws {
        try await with(text) { _, path in
            let outcome = try await Program.run(["config", "check", "--config", path])
            #expect(outcome.status == 1 && outcome.errors.isEmpty, "\(outcome)")
            #expect(outcome.output.hasPrefix("fault: "), "\(outcome)")
            #expect(outcome.output.contains(told), "\(outcome)")
            #expect(outcome.output.contains("blocked.test") == false)
        }
    }

    @Test func `what can be looked at elsewhere only is said, and is no fault`() async throws {
        let text = """
            [[list]]
            id = "a"
            path = "fetched.txt"
            url = "https://lists.example/a"
            seal-key = "credential:seal"

            """
        try await with(text) { _, path in
            let outcome = try await Program.run(["config", "check", "--config", path])
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.output.contains("not checked: list \"a\""), "\(outcome)")
            #expect(outcome.output.contains("not checked: credential:seal"), "\(outcome)")
        }
    }

    @Test func `a former name is told and is no fault`() async throws {
        try await with(dropIn: "[responses]\nttl = 5\n") { _, path in
            let outcome = try await Program.run(["config", "check", "--config", path])
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.output.contains("to be changed: \(path).d/10.toml:2: ttl is now called sinkhole-ttl"))
            #expect(outcome.output.hasSuffix("\(path) and 1 drop-in: no fault, 1 to be changed, 0 not checked\n"))
        }
    }

    @Test func `what is shown says where it stands, and hides what may be secret`() async throws {
        let url = "url = \"https://user:secret@lists.example/p?token=secret\"\n"
        try await with("[[list]]\nid = \"police\"\npath = \"police.txt\"\n\(url)", dropIn: "[sensor]\nqueues = \"1\"\n")
        {
            folder,
            path in
            let shown = try await Program.run(["config", "show", "--config", path])
            #expect(shown.status == 0 && shown.errors.isEmpty, "\(shown)")
            for line in [
                "queues = \"1\"", "\(path).d/10.toml:2", "flows = 131072", "# default", "[[list]]",
                "path = \"\(folder.path)/police.txt\"", "url = \"https://lists.example/...\"", "\(path):4", "# proxy",
            ] {
                #expect(shown.output.contains(line), "no \(line) in \(shown.output)")
            }
            #expect(shown.output.contains("secret") == false && shown.output.contains("blocked.test") == false)

            let options = ["--queues", "4:5", "--log-level", "debug", "--set"]
            let over = try await Program.run(["config", "show", "--config", path] + options)
            #expect(over.output.contains("queues = \"4:5\"") && over.output.contains("# --queues"))
            #expect(over.output.contains("level = \"debug\"") && over.output.contains("# --log-level"))
            #expect(over.output.contains("# default") == false)

            let json = try await Program.run(["config", "show", "--config", path, "--json"])
            #expect(json.output.contains("\"key\":\"queues\",\"value\":\"1\",\"origin\":\"file\""))
            #expect(json.output.contains("secret") == false)

            // What is shown can be used as it is.
            let again = try await folder.write(shown.output.replacing("/...", with: "/p"), to: "again.toml")
            #expect(try await Program.run(["config", "show", "--config", again]).status == 0)
        }
    }

    @Test func `a configuration with a fault is not shown`() async throws {
        try await with("[sensor]\nqueue = 1\n") { _, path in
            let outcome = try await Program.run(["config", "show", "--config", path])
            #expect(outcome.status == 2 && outcome.output.isEmpty && outcome.errorLines.count == 1, "\(outcome)")
        }
    }

    @Test(arguments: ["check", "show"])
    func `a file that is not there ends with 2 and is named`(command: String) async throws {
        let outcome = try await Program.run(["config", command, "--config", "/nonexistent/grindvakt.toml"])
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
        #expect(outcome.errors.hasPrefix("grindvakt: /nonexistent/grindvakt.toml: cannot be read: "))
    }

    @Test(
        .enabled("needs python3-jsonschema") {
            try await Program.run("/usr/bin/python3", ["-c", "import jsonschema, tomllib"]).status == 0
        }
    )
    func `the schema takes what the program takes, and marks what it refuses`() async throws {
        let script = """
            import json, sys, tomllib, jsonschema
            schema = json.load(open("schema.json"))
            jsonschema.Draft7Validator.check_schema(schema)
            check = jsonschema.Draft7Validator(schema)
            example = open("example.toml").read()
            every = "\\n".join(line[2:] if line.startswith("# ") and line[2:].split(" ")[1:2] == ["="] else line for line in example.split("\\n"))
            for text in [example, every, "", "[responses]\\nttl = 5", "[[list]]\\nid = 'a'\\naction = 'observe'", "[sensor]\\nqueues = '7'"]:
                found = [error.message for error in check.iter_errors(tomllib.loads(text))]
                assert not found, (text, found)
            for text in ["[sensors]", "[sensor]\\nqueue = 1", "[sensor]\\nqueues = 1", "[sensor]\\nflows = 1", "[log]\\nlevel = 'loud'",
                         "[[list]]\\npath = 'a'", "[list]\\nid = 'a'", "[[list]]\\nid = 'Å'", "[rules]\\ndns-ports = [0]", "[metrics]\\nmode = '1777'",
                         "[[list]]\\nid = 'a'\\nurl = 'http://lists.example/'", "[[list]]\\nid = 'a'\\nprotocols = ['dns', 'dns']"]:
                assert list(check.iter_errors(tomllib.loads(text))), text
            """
        try await Folder.with { folder in
            try await folder.write(try await Program.run(["config", "schema"]).output, to: "schema.json")
            let example = Program.packageRoot() + "/systemd/grindvakt.toml"
            let outcome = try await Program.run(
                "/bin/sh",
                [
                    "-c", "cd \"$0\" && cp \"$1\" example.toml && /usr/bin/python3 -c \"$2\"", folder.path, example,
                    script,
                ]
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }

    private func keys(_ json: String, _ name: String) throws -> [String] {
        // The faults are objects with a line each.
        let rest = try #require(json.firstRange(of: "\"\(name)\":[")).upperBound
        let end = json[rest...].firstRange(of: "],\"")?.lowerBound ?? json.endIndex
        let list = json[rest..<end]
        return list.split(separator: "\"line\":").dropFirst().map { String($0.prefix { $0.isNumber }) }
    }
}
