import Testing

@Suite("top")
struct TopCommandTests {
    @Test(
        arguments: [
            (["--interval", "0"], "--interval must lie between"),
            (["--interval", "4000"], "--interval must lie between"),
            (["--interval", "nan"], "--interval must lie between"), (["--sort", "names"], "--sort"),
        ]
    )
    func `what makes no sense is refused in one line`(options: [String], told: String) async throws {
        let outcome = try await Program.run(["top", "--socket", "/nonexistent/metrics.sock"] + options)
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains(told), "\(outcome)")
    }

    @Test(arguments: [[], ["--once"], ["--once", "--json"], ["--json"]])
    func `without a sensor to begin with it says so and ends`(options: [String]) async throws {
        try await Folder.with { folder in
            let socket = folder.path + "/metrics.sock"
            let outcome = try await Program.run(["top", "--socket", socket] + options)
            #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
            #expect(outcome.errorLines.count == 1 && outcome.errors.contains("\(socket): no such socket"), "\(outcome)")
        }
    }

    @Test func `its help names the keys, and completion the columns`() async throws {
        let help = try await Program.run(["top", "--help"])
        #expect(help.status == 0 && help.output.contains("q quit, p or space pause"), "\(help)")
        let script = try await Program.run(["--generate-completion-script", "fish"])
        let columns = "queue packets waiting lost load latency list matches entries age expiry"
        let isOffered = script.output.contains("'\(columns)'")
        #expect(isOffered)
    }
}
