import Testing

@Suite("list, as a group", .timeLimit(.minutes(10)))
struct ListCommandTests {
    private static let contract: [(command: String, words: [String])] = [
        ("list", ["build", "check", "info", "diff", "sign", "verify", "keygen", "fetch", "approve"]),
        (
            "list build",
            [
                "--output", "--config", "--id", "--format", "--match", "--action", "--protocols", "--precedence",
                "--publisher", "--purpose", "--legal-basis", "--test-names", "--sequence", "--expires", "--issued",
                "--seal", "--sign", "--allow", "--protected", "--approve", "--approvers", "--lenient", "--skip-gate",
                "--previous", "--rejects",
            ]
        ),
        ("list check", ["--snapshot", "--config", "--list", "--explain", "--seal"]),
        ("list info", ["--json"]),
        ("list diff", ["--capture", "--show-names", "--seal", "--config", "--id"]),
        ("list sign", ["--key", "--id", "--purpose", "--sequence", "--issued", "--expires"]),
        ("list verify", ["--key", "--threshold", "--operator", "--state"]),
        ("list keygen", ["--output", "--seal"]),
        ("list approve", ["--digest", "--list", "--gate", "--key", "--output", "--expires"]),
        ("list fetch", ["--config", "--mark"]),
        ("rollback", ["--socket"]), ("kill-switch", ["--socket", "on", "off"]),
        ("pass", ["--socket", "--for", "--remove"]),
        ("replay", ["--snapshot", "--seal"]),
    ]

    @Test(arguments: contract)
    func `help names every option and shows an example`(command: String, words: [String]) async throws {
        let help = try await Program.run(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(help.status == 0 && help.errors.isEmpty)
        for word in words { #expect(help.output.contains(word), "\(command) --help does not tell of \(word)") }
        if command.hasPrefix("list") { #expect(help.output.contains("  grindvakt list ")) }
    }

    @Test(arguments: [
        ["list", "bogus"], ["list", "build", "l.txt"], ["list", "build", "-o", "x"],
        ["list", "build", "-o", "x", "--config", "c.toml", "l.txt"],
        ["list", "build", "-o", "x", "--config", "c.toml", "--id", "police"],
        ["list", "build", "-o", "x", "--id", "Bad Id", "l.txt"],
        ["list", "build", "-o", "x", "--format", "csv", "l.txt"],
        ["list", "build", "-o", "x", "--protocols", "dns,smtp", "l.txt"],
        ["list", "build", "-o", "x", "--skip-gate", "front", "l.txt"],
        ["list", "build", "-o", "x", "--expires", "tomorrow", "l.txt"],
        ["list", "check", "name.test"], ["list", "check", "--list", "l.txt"], ["list", "info"],
        ["list", "diff", "one"], ["list", "sign", "l.txt"], ["list", "verify", "l.txt"], ["list", "keygen"],
        ["list", "fetch"],
        ["list", "approve", "--digest", "12", "--list", "police", "--gate", "growth", "--key", "k"],
        ["list", "approve", "--digest", "12", "--list", "police", "--gate", "front", "--key", "k"],
        ["kill-switch"], ["kill-switch", "maybe"], ["pass"], ["pass", "a.test", "--for", "3x"],
        ["pass", "a.test", "--for", "0h"], ["pass", "a.test", "--for", "366d"],
        ["pass", "a.test", "--for", "1h", "--remove"],
    ])
    func `bad usage ends with status 2 and one line`(arguments: [String]) async throws {
        let outcome = try await Program.run(arguments)
        #expect(outcome.status == 2 && outcome.output.isEmpty && outcome.errorLines.count == 1, "\(outcome)")
        #expect(outcome.errors.hasPrefix("grindvakt: "), "\(outcome)")
    }

    @Test(arguments: [
        ["list", "build", "-o", "/nowhere/x", "/nowhere/list.txt"],
        ["list", "build", "-o", "/nowhere/x", "--config", "/nowhere/grindvakt.toml"],
        ["list", "check", "--list", "/nowhere/list.txt", "a.test"],
        ["list", "check", "--snapshot", "/nowhere/snapshot", "a.test"],
        ["list", "check", "--config", "/nowhere/grindvakt.toml", "a.test"],
        ["list", "info", "/nowhere/list.txt"], ["list", "diff", "/nowhere/list.txt", "/nowhere/list.txt"],
        ["list", "sign", "/nowhere/list.txt", "--key", "/nowhere/key"],
        ["list", "verify", "/nowhere/list.txt", "--key", "/nowhere/key"], ["list", "keygen", "-o", "/nowhere/key"],
        ["list", "fetch", "--config", "/nowhere/grindvakt.toml"],
        ["rollback", "--socket", "/nowhere/s"], ["kill-switch", "on", "--socket", "/nowhere/s"],
        ["pass", "a.test", "--socket", "/nowhere/s"], ["replay", "-", "--snapshot", "/nowhere/snapshot"],
    ])
    func `a missing file ends with status 2 and one line that names it`(arguments: [String]) async throws {
        let outcome = try await Program.run(arguments)
        #expect(outcome.output.isEmpty && outcome.isRefusal(2, "/nowhere"), "\(outcome)")
    }

    @Test func `the name of a pass is in no error`() async throws {
        let outcome = try await Program.run(["pass", "secret.test", "--socket", "/nowhere/s"])
        #expect(outcome.errors.contains("secret") == false)
        let bad = try await Program.run(["pass", "secret..test", "--socket", "/nowhere/s"])
        #expect(bad.isRefusal(2, "empty label") && bad.errors.contains("secret") == false, "\(bad)")
    }
}
