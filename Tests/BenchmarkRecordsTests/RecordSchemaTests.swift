import Subprocess
import Testing

@testable import BenchmarkRecords

/// Debian's validator of JSON Schema.
private enum Validator {
    private static func run(_ script: String, _ input: String) async throws -> String? {
        let result = try await Subprocess.run(
            .name("env"),
            arguments: Arguments(["/usr/bin/python3", "-W", "ignore", "-c", script]),
            input: .inputWriter,
            output: .string(limit: 1 << 20),
            error: .discarded
        ) { execution in
            _ = try? await execution.standardInputWriter.write(input)
        }
        return result.terminationStatus.isSuccess ? result.standardOutput : nil
    }

    /// Whether it is installed.
    static func isInstalled() async -> Bool {
        (try? await run("from jsonschema import Draft202012Validator", "")) != nil
    }

    /// For each of the texts, whether it fulfils the schema; the schema itself is checked first.
    static func verdicts(_ texts: [String]) async throws -> [Bool] {
        let script = """
            import json, sys
            from jsonschema import Draft202012Validator
            schema, *texts = sys.stdin.read().split("\\x1e")
            schema = json.loads(schema)
            Draft202012Validator.check_schema(schema)
            validator = Draft202012Validator(schema)
            for text in texts:
                print(validator.is_valid(json.loads(text)))
            """
        let input = ([RecordSchema.text] + texts).joined(separator: "\u{1E}")
        let output = try #require(await run(script, input), "the schema is none")
        return output.split(separator: "\n").map { $0 == "True" }
    }

    /// The text as Python writes what it reads.
    static func rewritten(_ text: String) async throws -> String? {
        try await run("import json, sys; print(json.dumps(json.load(sys.stdin), indent=2))", text)
    }
}

@Suite("Schema of records", .timeLimit(.minutes(10)))
struct RecordSchemaTests {
    @Test(.enabled("needs python3-jsonschema") { await Validator.isInstalled() })
    func `records fulfil the schema, and what is no record does not`() async throws {
        let records = try Sample.records().map { String(decoding: $0.encoded, as: UTF8.self) }
        #expect(try await Validator.verdicts(records) == records.map { _ in true })

        let changes = [
            ("\"schema_version\": 1", "\"schema_version\": 2"), ("\"sensors\": 1", "\"sensors\": 0"),
            ("\"sensors\": 1", "\"sensors\": 1, \"client\": \"192.0.2.1\""), ("\"sensors\": 1,", ""),
            ("\"incomplete\": \"<10\"", "\"incomplete\": 7"), ("\"incomplete\": \"<10\"", "\"incomplete\": 12"),
            ("\"incomplete\": \"<10\"", "\"incomplete\": \"withheld\""),
            ("\"mode\": \"entry\"", "\"mode\": \"client\""),
            ("\"list\": \"interpol\"", "\"list\": \"planted.secret.test\""),
            ("\"day\": \"2026-11-20\"", "\"day\": \"2026-11-20T12:00:00Z\""),
            ("\"subscribers\": 1235000", "\"subscribers\": 1234567"),
            ("\"mechanism\": \"quic_v1\"", "\"mechanism\": \"smtp\""),
        ]
        let spoilt = try changes.map { old, new in
            let parts = records[0].split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
            try #require(parts.count == 2, "\(old) is not in the record")
            return "\(parts[0])\(new)\(parts[1])"
        }
        let verdicts = try await Validator.verdicts(spoilt)
        #expect(verdicts.count == spoilt.count)
        for (change, isValid) in zip(changes, verdicts) { #expect(isValid == false, "\(change)") }
        // Whatever the schema refuses, the reader refuses as well.
        for text in spoilt {
            #expect(throws: RecordFault.self) { try BenchmarkRecord(parsing: Array(text.utf8)) }
        }
    }

    @Test(.enabled("needs python3-jsonschema") { await Validator.isInstalled() })
    func `other programs write records and comparisons in the same spelling`() async throws {
        let record = String(decoding: try Sample.records()[0].encoded, as: UTF8.self)
        #expect(try await Validator.rewritten(record) == record)
        let file = RecordFile(name: "a", octets: Array(record.utf8))
        let comparison = try Comparison([file]).json
        #expect(try await Validator.rewritten(comparison) == comparison)
    }
}
