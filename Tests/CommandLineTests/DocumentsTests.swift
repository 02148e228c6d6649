import ArgumentParser
import FoundationEssentials
import Testing

@testable import grindvakt

/// What documents show their readers to type. A command that nothing here knows how to try fails the test.
@Suite("Documents")
struct DocumentsTests {
    private static let root = Program.packageRoot()

    @Test(arguments: Documents.paths)
    func `every block says what language it is in, or is read as commands`(path: String) {
        #expect(Documents.text(path).isEmpty == false, "\(path) is missing")
        #expect(Documents.unknownBlocks(in: path) == [], "write ```sh, ```console or another language behind the fence")
    }

    @Test(arguments: Documents.paths)
    func `every command that is shown is known, and takes the options shown`(path: String) async throws {
        for command in Documents.commands(in: path) {
            for simple in ShellLine(command.text).commands {
                guard let name = simple.program.first else { continue }
                let words = Array(simple.program.dropFirst())
                switch name {
                case "grindvakt": check(command, words)
                case "make": try await checkMake(command, words)
                case "systemctl", "journalctl": checkUnits(command, words)
                case "swift": checkSwift(command, words)
                case _ where name.contains("/") && Self.exists(name): try checkScript(command, name, words)
                default:
                    #expect(
                        ForeignProgram.known.contains(name),
                        "\(command): \"\(name)\" is not known; say in CommandProof.swift how it is tried"
                    )
                }
                checkPaths(command, words)
            }
        }
    }

    @Test func `what is tried elsewhere is tried there`() {
        for case (let words, .elsewhere(let file, let text)) in CommandProof.all {
            #expect(Documents.text(file).contains(text), "\(words): \(file) has no \(text)")
        }
        for line in CommandProof.lines {
            #expect(Documents.text(line.file).contains(line.proof), "\(line.file) has no \(line.proof)")
        }
    }

    @Test(arguments: Documents.paths)
    func `every command that can be run here is run, as it is printed`(path: String) async throws {
        let lines = Documents.commands(in: path).filter { $0.isInline == false && Self.statuses(of: $0) != nil }
        guard lines.isEmpty == false else { return }
        try await DocumentFolder.with { folder in
            for line in lines {
                guard let statuses = Self.statuses(of: line), try await folder.hasPrograms(for: line) else { continue }
                let outcome = try await folder.run(line.text)
                #expect(outcome.status.map(statuses.contains) ?? false, "\(line)\n\(outcome)")
            }
        }
    }

    /// The statuses that a line may end with, where all of it can be run here; nil where it cannot.
    private static func statuses(of line: ShownCommand) -> Set<Int32>? {
        var all: Set<Int32>?
        if CommandProof.lines.contains(where: { line.text.contains($0.text) }) { return nil }
        for simple in ShellLine(line.text).commands {
            guard let name = simple.program.first else { continue }
            guard name == "grindvakt" else {
                guard DocumentFolder.harmless.contains(name) else { return nil }
                all = all ?? [0]
                continue
            }
            guard case .run(let statuses)? = CommandProof.of(Array(simple.program.dropFirst())) else { return nil }
            all = (all ?? []).union(statuses)
        }
        return all
    }

    /// A command of the program: the parser of the program reads it.
    private func check(_ command: ShownCommand, _ words: [String]) {
        // In a line of text a command may be named without its arguments, or with a bar between alternatives.
        if command.isInline {
            guard CommandProof.phrases.contains(command.text) == false else { return }
            let path = words.prefix { $0.first?.isLowercase ?? false }
            #expect(words.isEmpty || isCommand(path) || isParsed(words), "\(command)")
            return
        }
        #expect(isParsed(words), "\(command): the program does not take this")
        #expect(CommandProof.of(words) != nil, "\(command): say in CommandProof.swift where it is tried")
    }

    private func isParsed(_ words: [String]) -> Bool {
        do {
            _ = try Grindvakt.parseAsRoot(words)
            return true
        } catch {
            // Help and version end the parsing, too.
            return Grindvakt.exitCode(for: error) == .success
        }
    }

    /// Whether words begin with a command and its subcommands, and go on with arguments at most.
    private func isCommand(_ words: ArraySlice<String>) -> Bool {
        var command: any ParsableCommand.Type = Grindvakt.self
        for word in words {
            let subcommands = command.configuration.subcommands
            guard subcommands.isEmpty == false else { return true }
            // "on|off" and "show|apply|remove": all of them.
            for name in word.split(separator: "|") {
                guard let next = subcommands.first(where: { $0._commandName == name }) else { return false }
                command = next
            }
        }
        return words.isEmpty == false
    }

    private func checkMake(_ command: ShownCommand, _ words: [String]) async throws {
        let known = ["DESTDIR", "PREFIX", "T", "BENCH", "SURICATA", "DEBIAN_MIRROR", "N", "M"]
        let targets = words.filter { $0.contains("=") == false && $0.hasPrefix("-") == false }
        for word in words where word.contains("=") {
            let name = word.prefix { $0 != "=" }
            #expect(known.contains(String(name)), "\(command): the Makefile has no \(name)")
        }
        let makefile = Documents.text("Makefile")
        for target in targets {
            let isThere = makefile.split(separator: "\n").contains { $0.hasPrefix("\(target):") }
            #expect(isThere, "\(command): the Makefile has no target \(target)")
        }
    }

    private func checkUnits(_ command: ShownCommand, _ words: [String]) {
        for word in words where word.hasPrefix("grindvakt") {
            let unit = word.split(separator: ".", maxSplits: 1)
            let name = String(unit[0].split(separator: "@")[0]) + (word.contains("@") ? "@" : "")
            let file = "systemd/\(name).\(unit.count > 1 ? unit[1] : "service")"
            #expect(Self.exists(file), "\(command): there is no \(file)")
        }
    }

    private func checkSwift(_ command: ShownCommand, _ words: [String]) {
        let manifest = Documents.text("Package.swift")
        for (option, value) in zip(words, words.dropFirst()) where option == "--target" || option == "--product" {
            #expect(manifest.contains("name: \"\(value)\""), "\(command): the manifest has no \(value)")
        }
        for (option, value) in zip(words, words.dropFirst()) where option == "--filter" {
            #expect(Self.exists("Tests/\(value.prefix { $0 != "/" && $0 != "." })"), "\(command): no such tests")
        }
    }

    /// A script of the project: the options that are shown stand in it.
    private func checkScript(_ command: ShownCommand, _ name: String, _ words: [String]) throws {
        let text = Documents.text(name)
        for word in words where word.hasPrefix("--") {
            let option = word.prefix { $0 != "=" }
            #expect(text.contains(option) || text.contains("add_argument"), "\(command): \(name) has no \(option)")
        }
    }

    private func checkPaths(_ command: ShownCommand, _ words: [String]) {
        for word in words {
            guard let start = ["/etc/", "/run/", "/var/lib/", "/usr/share/"].first(where: word.hasPrefix),
                word.dropFirst(start.count).contains("grindvakt")
            else { continue }
            #expect(
                ForeignProgram.paths.contains(where: word.hasPrefix),
                "\(command): the package puts nothing at \(word)"
            )
        }
    }

    private static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(root)/\(path)")
    }
}

/// A folder that stands for a host: what the documents' commands find there, the program, and a `sudo` that asks for nothing.
struct DocumentFolder {
    /// Programs that only read and write files of the folder.
    static let harmless: Set<String> = [
        "echo", "tee", "cat", "printf", "chmod", "openssl", "jq", "base64", "mkdir", "cp", "head", "ls", "cd", "gzip",
    ]

    private let folder: Folder

    /// Makes the folder, and runs `body`.
    static func with(_ body: (DocumentFolder) async throws -> Void) async throws {
        try await Folder.with { folder in
            let made = DocumentFolder(folder: folder)
            try await made.fill()
            try await body(made)
        }
    }

    /// Runs a line by a shell, in the folder; the host's own folders of the sensor stand in it.
    func run(_ line: String) async throws -> Program.Outcome {
        var text = line
        for path in ["/etc/grindvakt", "/usr/share/grindvakt"] {
            text = text.replacing(path, with: folder.path + path)
        }
        return try await Program.run(
            "/bin/bash",
            ["-c", "cd \"$0\" && PATH=\"$0/bin:$PATH\" && \(text)", folder.path]
        )
    }

    /// Whether the programs of a line are there.
    func hasPrograms(for line: ShownCommand) async throws -> Bool {
        for simple in ShellLine(line.text).commands {
            guard let name = simple.program.first, name != "grindvakt", name != "cd" else { continue }
            guard try await Program.run("which", [name]).status == 0 else { return false }
        }
        return true
    }

    private func fill() async throws {
        let program = try await Program.path()
        let example = Documents.text("systemd/grindvakt.toml")
        let setup = #"""
            set -e; cd "$0"; mkdir -p bin etc/grindvakt/lists lists approvals usr/share/grindvakt
            cat > bin/grindvakt <<END
            #!/bin/sh
            # Where the configuration lies by default, there is none on the host of the test.
            case "\$1 \$2 \$*" in
            "config schema "* | *" --config"*) ;;
            "config "*) set -- "\$@" --config "$0/etc/grindvakt/grindvakt.toml" ;;
            esac
            exec "$1" "\$@"
            END
            chmod 755 bin/grindvakt
            printf '#!/bin/sh\nexec "$@"\n' > bin/sudo; chmod 755 bin/sudo
            printf 'blocked.test\nwww.listed.test\n' | tee police.txt lists/police.txt etc/grindvakt/lists/police.txt > /dev/null
            printf 'help.blocked.test\n' | tee lists/allow.txt etc/grindvakt/lists/allow.txt > /dev/null
            gzip -k police.txt
            cat > etc/grindvakt/grindvakt.toml; cp etc/grindvakt/grindvakt.toml grindvakt.toml
            cp etc/grindvakt/grindvakt.toml etc/grindvakt/grindvakt.toml.example; cp grindvakt.toml new.toml
            bin/grindvakt list build -o old.snapshot --id police --purpose csam --sequence 41 police.txt > /dev/null
            bin/grindvakt selftest evasion --only 'tcp-split-name$' --write cases > /dev/null
            cp "$(find cases -name '*.pcap*' | head -n 1)" day.pcap
            """#
        let outcome = try await Program.run("/bin/sh", ["-c", setup, folder.path, program], input: example)
        try #require(outcome.status == 0, "\(outcome)")
    }
}

/// What documents say of the program's parts, and the links between pages.
@Suite("Documents' names and links")
struct DocumentNameTests {
    @Test func `the catalog can be made, and no link in it leads nowhere`() async throws {
        guard try await Program.run("which", ["docc"]).status == 0 else { return }
        try await Folder.with { folder in
            let outcome = try await Program.run(
                "docc",
                [
                    "convert", Program.packageRoot() + "/Sources/grindvakt/Grindvakt.docc", "--warnings-as-errors",
                    "--fallback-display-name", "Grindvakt", "--fallback-bundle-identifier", "grindvakt",
                    "--output-path", folder.path + "/archive",
                ]
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }

    @Test func `every page is on the landing page`() {
        let landing = Documents.text("Sources/grindvakt/Grindvakt.docc/Grindvakt.md")
        for path in Documents.paths where path.hasPrefix("Sources/") && path.hasSuffix("/Grindvakt.md") == false {
            let name = path.split(separator: "/").last.map { $0.dropLast(3) } ?? ""
            #expect(landing.contains("- <doc:\(name)>"), "Grindvakt.md does not list \(name)")
        }
    }

    @Test(arguments: Documents.paths)
    func `every metric that is named exists`(path: String) {
        let known = Documents.text("Sources/grindvakt/Grindvakt.docc/Metrics.md")
        // A colon behind it is in the names of what Prometheus records by itself.
        for match in Documents.text(path).matches(of: /(grindvakt_[a-z_]+)([^a-z_])/) where match.2 != ":" {
            #expect(known.contains(match.1), "\(path): \(match.1)")
        }
    }

    @Test(arguments: Documents.paths)
    func `every file of the repository that is named exists`(path: String) {
        let parts = Documents.text(path).split(separator: "`", omittingEmptySubsequences: false)
        for part in parts where part.hasPrefix("Sources/") || part.hasPrefix("Tests/") || part.hasPrefix("systemd/") {
            let name = part.prefix { $0 != " " && $0 != ":" }
            guard name.contains("<") == false, name.contains("*") == false, part.contains("\n") == false else {
                continue
            }
            #expect(
                FileManager.default.fileExists(atPath: "\(Program.packageRoot())/\(name)"),
                "\(path): there is no \(name)"
            )
        }
    }
}
