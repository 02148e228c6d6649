import Testing

/// Who did what to lists and keys, as commands note it.
@Suite("audit log of list commands", .timeLimit(.minutes(10)))
struct ListAuditCommandTests {
    /// The records, of which none may name an entry or hold a key.
    private static func records(_ lists: ListFixture, in name: String = "audit.log") async throws -> [String] {
        let text = try await Program.run("cat", [lists[name]]).output
        #expect(text.contains("secret") == false)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        let records = text.split(separator: "\n").map(String.init)
        for record in records { #expect(record.contains(#""caller":{"uid":"#) && record.contains(#""time":""#)) }
        return records
    }

    /// The id of the key in `NAME.pub`.
    private static func id(_ name: String, _ lists: ListFixture) async throws -> String {
        let line = "openssl pkey -pubin -in \"$0\" -outform DER | sha256sum | cut -c1-16"
        let id = try await Program.run("/bin/sh", ["-c", line, lists[name + ".pub"]])
        try #require(id.status == 0, "\(id)")
        return String(id.output.prefix(16))
    }

    @Test func `keys, signatures, checks of them and approvals are noted`() async throws {
        try await ListFixture.with { lists in
            let log = ["--audit-log", lists["audit.log"]]
            func run(_ arguments: String...) async throws -> Program.Outcome {
                try await Program.run(["list"] + arguments + log)
            }
            #expect(try await run("keygen", "-o", lists["one"]).status == 0)
            #expect(try await run("keygen", "--seal", "-o", lists["police"]).status == 0)
            let id = try await Self.id("one", lists)
            var records = try await Self.records(lists)
            #expect(records.count == 2)
            #expect(records[0].contains(#""event":"keygen","keys":["\#(id)"]"#), "\(records)")
            #expect(records[1].contains(#""event":"keygen""#) && records[1].contains("keys") == false, "\(records)")

            let list = try await lists.writeNames(0..<3, to: "police.txt")
            let digest = try #require(try await lists.digest("police.txt"))
            let edition = #""lists":[{"id":"police","sequence":7,"sha256":"\#(digest)"}]"#
            let key = ["--key", lists["one.key"]]
            #expect(
                try await Program.run(["list", "sign", list, "--id", "police", "--sequence", "7"] + key + log).status
                    == 0
            )
            #expect(try await run("verify", list, "--key", lists["one.pub"]).status == 0)
            records = try await Self.records(lists)
            #expect(records.count == 4)
            for (record, event) in zip(records.suffix(2), ["sign", "verify"]) {
                #expect(record.contains(#""event":"\#(event)","keys":["\#(id)"],\#(edition)"#), "\(record)")
            }

            // What is not as it has to be is noted as refused; what cannot be used is no answer.
            try await lists.writeNames(0..<4, to: "police.txt")
            let changed = try #require(try await lists.digest("police.txt"))
            #expect(try await run("verify", list, "--key", lists["one.pub"]).status == 1)
            #expect(try await run("verify", list, "--key", lists["none.pub"]).status == 2)
            records = try await Self.records(lists)
            #expect(records.count == 5)
            #expect(records[4].contains(#""event":"refuse","file":"\#(changed)","gates":["signature"]"#), "\(records)")

            let approval = ["--digest", digest, "--list", "police", "--gate", "growth", "-o", lists["approval"]]
            #expect(try await Program.run(["list", "approve"] + approval + key + log).status == 0)
            records = try await Self.records(lists)
            #expect(records.count == 6)
            for words in [
                #""event":"approve""#, #""gates":["growth"]"#, #""keys":["\#(id)"]"#, #""expires":""#,
                #""lists":[{"id":"police","sha256":"\#(digest)"}]"#,
            ] {
                #expect(records[5].contains(words), "\(words) in \(records[5])")
            }
        }
    }

    @Test func `a snapshot is noted when it is built, signed and verified`() async throws {
        try await ListFixture.with { lists in
            for name in ["one", "two"] { try await lists.makeKey(name) }
            let log = ["--audit-log", lists["audit.log"]]
            let list = try await lists.writeNames(0..<300, to: "police.txt")
            let text = try #require(try await lists.digest("police.txt"))
            let build = ["list", "build", "-o", lists["s"], "--sequence", "1", "--sign", lists["one.key"], list] + log
            let built = try await Program.run(build)
            #expect(built.status == 0, "\(built)")
            #expect(try await Program.run(["list", "sign", lists["s"], "--key", lists["two.key"]] + log).status == 0)
            let verify = [
                "list", "verify", lists["s"], "--threshold", "2", "--key", lists["one.pub"], lists["two.pub"],
            ]
            #expect(try await Program.run(verify + log).status == 0)
            let check = try await Program.run(["list", "check", "--snapshot", lists["s"], "secret7.example"] + log)
            #expect(check.status == 0, "\(check)")

            let (one, two) = (try await Self.id("one", lists), try await Self.id("two", lists))
            let digest = try #require(built.output.split(separator: "\n").last { $0.hasPrefix("sha256 ") }).dropFirst(7)
            let records = try await Self.records(lists)
            try #require(records.count == 4, "\(records)")
            for words in [
                #""event":"build""#, #""keys":["\#(one)"]"#, #""sha256":"\#(text)""#, #""snapshot":"\#(digest)""#,
                #""entries":300"#,
            ] {
                #expect(records[0].contains(words), "\(words) in \(records[0])")
            }
            let edition = #""lists":[{"id":"police","sequence":1,"sha256":"\#(digest)"}]"#
            #expect(records[1].contains(#""event":"sign","keys":["\#(two)"],\#(edition)"#), "\(records[1])")
            #expect(records[2].contains(#""event":"verify","keys":["\#(one)","\#(two)"],\#(edition)"#), "\(records[2])")
            #expect(records[3].contains(#""counts":{"blocked":1,"names":1},"event":"check""#), "\(records[3])")
        }
    }

    @Test func `whose approvals let a list through a gate is noted at the build`() async throws {
        try await ListFixture.with { lists in
            for name in ["first", "second"] { try await lists.makeKey(name) }
            let list = try await lists.writeNames(0..<300, to: "police.txt")
            let build = ["list", "build", "-o", lists["s"], list]
            #expect(try await Program.run(build).status == 0)
            try await lists.writeNames(0..<900, to: "police.txt")
            let digest = try #require(try await lists.digest("police.txt"))
            var approved: [String] = []
            for name in ["first", "second"] {
                let approval = ["list", "approve", "--digest", digest, "--list", "police", "--gate", "growth"]
                let made = try await Program.run(approval + ["--key", lists[name + ".key"], "-o", lists[name]])
                #expect(made.status == 0, "\(made)")
                approved += ["--approve", lists[name], "--approvers", lists[name + ".pub"]]
            }
            let log = ["--audit-log", lists["audit.log"]]
            #expect(try await Program.run(build + log).status == 2)
            #expect(try await Program.run(build + approved + log).status == 0)
            let records = try await Self.records(lists)
            try #require(records.count == 2, "\(records)")
            #expect(records[0].contains(#""gates":["growth"]"#) && records[0].contains("approved") == false)
            let ids = [try await Self.id("first", lists), try await Self.id("second", lists)]
            let gates = #""lists":[{"approved":{"growth":["\#(ids[0])","\#(ids[1])"]},"id":"police""#
            #expect(records[1].contains(gates), "\(records[1])")
        }
    }

    @Test func `what was fetched and what was refused is noted where the configuration says`() async throws {
        try await ListFixture.with { lists in
            try await lists.makeKey("one")
            _ = try await Program.run("mkdir", [lists["remote"]])
            let config = try await lists.folder.write(
                """
                [[list]]
                id = "police"
                path = "police.txt"
                url = "\(lists["remote/police.txt"])"

                [trust]
                publishers = ["one.pub"]

                [state]
                audit-log = "audit.log"

                """,
                to: "g.toml"
            )
            let remote = try await lists.writeNames(0..<10, to: "remote/police.txt")
            let digest = try #require(try await lists.digest("remote/police.txt"))
            let sign = ["list", "sign", remote, "--id", "police", "--key", lists["one.key"]]
            #expect(try await Program.run(sign + ["--sequence", "3"]).status == 0)
            for _ in 0..<2 { #expect(try await lists.list("fetch", "--config", config).status == 0) }
            try await lists.writeNames(0..<12, to: "remote/police.txt")
            let other = try #require(try await lists.digest("remote/police.txt"))
            #expect(try await lists.list("fetch", "--config", config).status == 2)
            try await lists.writeNames(0..<300, to: "remote/police.txt")
            #expect(try await Program.run(sign + ["--sequence", "4"]).status == 0)
            #expect(try await lists.list("fetch", "--config", config, "--audit-log", lists["own.log"]).status == 2)

            let records = try await Self.records(lists)
            // What is there already is no event.
            try #require(records.count == 2, "\(records)")
            let id = try await Self.id("one", lists)
            let edition = #""lists":[{"id":"police","sequence":3,"sha256":"\#(digest)"}]"#
            #expect(records[0].contains(#""event":"fetch","keys":["\#(id)"],\#(edition)"#), "\(records)")
            #expect(records[0].contains(#""counts":{"octets":"#), "\(records)")
            let refused = #""gates":["signature"],"lists":[{"id":"police","sha256":"\#(other)"}]"#
            #expect(records[1].contains(#""event":"refuse","#) && records[1].contains(refused), "\(records)")
            let own = try await Self.records(lists, in: "own.log")
            #expect(own.count == 1 && own[0].contains(#""gates":["growth"]"#), "\(own)")
        }
    }

    @Test func `a log that cannot be written is told of and hinders nothing`() async throws {
        try await ListFixture.with { lists in
            let made = try await lists.list("keygen", "-o", lists["one"], "--audit-log", lists["none/audit.log"])
            #expect(made.status == 0 && made.errorLines.count == 1, "\(made)")
            #expect(made.errors.contains("the audit log could not be written"), "\(made)")
            #expect(try await lists.files() == ["one.key", "one.pub"])
        }
    }
}
