import Testing

@Suite("report compare", .timeLimit(.minutes(10)))
struct ReportCompareTests {
    private static let golden = Program.packageRoot() + "/Tests/BenchmarkRecordsTests/Golden/"
    private static let alpha = golden + "grindvakt-alpha-se-2026-11-20.json"
    private static let beta = golden + "grindvakt-beta-no-2026-11-20.json"

    private func compare(_ arguments: String...) async throws -> Program.Outcome {
        try await Program.run(["report", "compare"] + arguments)
    }

    @Test(arguments: [("text", "Coverage: "), ("csv", "member,market,"), ("json", "{\n"), ("svg", "<svg ")])
    func `members are set side by side in each form`(format: String, word: String) async throws {
        let outcome = try await compare(Self.alpha, Self.beta, "--output", format)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        #expect(outcome.output.contains(word))
        // The cells under the threshold are in none of them.
        #expect(outcome.output.contains("<10") == false)
    }

    @Test func `a file appears whole or not at all`() async throws {
        try await Folder.with { folder in
            let path = folder.path + "/picture.svg"
            let good = try await compare(Self.alpha, "--output", "svg", "-o", path)
            #expect(good.status == 0 && good.output.isEmpty, "\(good)")
            let written = try await Program.run("/bin/cat", [path]).output
            #expect(written.hasPrefix("<svg ") && written.hasSuffix("</svg>\n"))
            let bad = try await folder.write("{}", to: "bad.json")
            #expect(try await compare(Self.alpha, bad, "-o", path).status == 2)
            #expect(try await Program.run("/bin/cat", [path]).output == written)
        }
    }

    @Test func `what is no record is refused with its file's name and the mend`() async throws {
        try await Folder.with { folder in
            let text = try await Program.run("/bin/cat", [Self.alpha]).output
            func spoilt(_ old: String, _ new: String) async throws -> String {
                let parts = text.split(separator: old, omittingEmptySubsequences: false)
                try #require(parts.count > 1)
                return try await folder.write(parts.joined(separator: new), to: "spoilt.json")
            }
            var path = try await spoilt("\"schema_version\": 1", "\"schema_version\": 2")
            #expect(try await compare(Self.beta, path).isRefusal(2, path, "version"))
            path = try await spoilt("\"window_seconds\": 2", "\"window_seconds\": 5")
            #expect(try await compare(Self.beta, path).isRefusal(2, path, "5 s"))
            path = try await spoilt("\"incomplete\": \"<10\"", "\"incomplete\": 4")
            #expect(try await compare(Self.beta, path).isRefusal(2, path, "delete"))
            path = try await spoilt("\"day\": \"2026-11-20\"", "\"day\": \"2026-11-19\"")
            #expect(try await compare(Self.beta, path).isRefusal(2, "alpha/se", "beta/no"))
            #expect(try await compare(Self.alpha, Self.alpha).isRefusal(2, Self.alpha, "alpha/se on 2026-11-20"))
            let missing = folder.path + "/missing.json"
            #expect(try await compare(missing).isRefusal(2, missing))
            #expect(try await compare(folder.path).isRefusal(2, folder.path))
        }
    }
}
