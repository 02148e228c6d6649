import Testing

@Suite("list fetch", .timeLimit(.minutes(10)))
struct ListFetchCommandTests {
    /// A configuration with one list, fetched from a path.
    private static func configure(_ lists: ListFixture, _ more: String = "", trust: String = "") async throws -> String
    {
        _ = try await Program.run("mkdir", ["-p", lists["remote"]])
        return try await lists.folder.write(
            """
            [[list]]
            id = "police"
            path = "police.txt"
            url = "\(lists["remote/police.txt"])"
            \(more)

            [[list]]
            id = "own"
            path = "own.txt"

            \(trust)

            """,
            to: "g.toml"
        )
    }

    @Test func `a list is put into place, once, and the mark is made`() async throws {
        try await ListFixture.with { lists in
            let config = try await Self.configure(lists)
            _ = try await lists.writeNames(0..<10, to: "remote/police.txt")
            let mark = lists["changed"]
            let first = try await lists.list("fetch", "--config", config, "--mark", mark)
            #expect(first.status == 0 && first.output.hasPrefix("police: replaced, "), "\(first)")
            #expect(try await lists.digest("police.txt") == lists.digest("remote/police.txt"))
            #expect(try await lists.files().contains("changed"))
            _ = try await Program.run("rm", [mark])
            let second = try await lists.list("fetch", "--config", config, "--mark", mark, "police")
            #expect(second.status == 0 && second.output == "police: unchanged\n", "\(second)")
            #expect(try await lists.files().contains("changed") == false)
        }
    }

    @Test(arguments: [
        ("empty", ""), ("rejects", "secret..test\n"), ("shrink", "secret1.example\n"),
        ("no known format", "<html><body>not found</body></html>\n"),
    ])
    func `a list that a gate refuses does not take its place`(words: String, content: String) async throws {
        try await ListFixture.with { lists in
            let config = try await Self.configure(lists)
            _ = try await lists.writeNames(0..<300, to: "remote/police.txt")
            #expect(try await lists.list("fetch", "--config", config).status == 0)
            let digest = try await lists.digest("police.txt")
            try await lists.folder.write(content, to: "remote/police.txt")
            let refused = try await lists.list("fetch", "--config", config, "--mark", lists["changed"])
            #expect(refused.isRefusal(2, "list police"), "\(refused)")
            #expect(refused.errors.contains("secret") == false && refused.output.isEmpty, "\(refused)")
            #expect(try await lists.digest("police.txt") == digest)
            #expect(try await lists.files().contains("changed") == false)
        }
    }

    @Test func `a list has to be signed as configured, and no older than the one in place`() async throws {
        try await ListFixture.with { lists in
            for name in ["one", "two"] { try await lists.makeKey(name) }
            let config = try await Self.configure(lists, trust: "[trust]\npublishers = [\"one.pub\"]\n")
            let remote = try await lists.writeNames(0..<10, to: "remote/police.txt")
            let bare = try await lists.list("fetch", "--config", config)
            #expect(bare.isRefusal(2, "police.txt.sig"), "\(bare)")
            #expect(try await lists.digest("police.txt") == nil)

            let sign = ["list", "sign", remote, "--id", "police"]
            #expect(try await Program.run(sign + ["--sequence", "3", "--key", lists["two.key"]]).status == 0)
            let foreign = try await lists.list("fetch", "--config", config)
            #expect(foreign.isRefusal(2, "signed by 0 of the 1"), "\(foreign)")
            #expect(try await Program.run(sign + ["--sequence", "4", "--key", lists["one.key"]]).status == 0)
            let good = try await lists.list("fetch", "--config", config)
            #expect(good.status == 0, "\(good)")

            _ = try await Program.run("rm", [lists["remote/police.txt.sig"]])
            #expect(try await Program.run(sign + ["--sequence", "2", "--key", lists["one.key"]]).status == 0)
            let older = try await lists.list("fetch", "--config", config)
            #expect(older.isRefusal(2, "has the sequence 2, 4 was accepted"), "\(older)")
            #expect(
                try await lists.list("verify", lists["police.txt"], "--key", lists["one.pub"]).output.contains(
                    "sequence 4"
                )
            )
        }
    }

    @Test func `a sealed snapshot is judged without its key`() async throws {
        try await ListFixture.with { lists in
            try await lists.makeKey("one")
            try await lists.makeSeal("police")
            let config = try await Self.configure(
                lists,
                "format = \"snapshot\"\nseal-key = \"away.seal\"",
                trust: "[trust]\npublishers = [\"one.pub\"]\n"
            )
            let build = [
                "list", "build", "-o", lists["remote/police.txt"], "--id", "police", "--seal", lists["police.seal"],
            ]
            let text = try await lists.writeNames(0..<300, to: "names.txt")
            #expect(try await Program.run(build + ["--sequence", "1", text]).status == 0)
            let unsigned = try await lists.list("fetch", "--config", config)
            #expect(unsigned.isRefusal(2, "signed by 0 of the 1"), "\(unsigned)")
            #expect(try await lists.list("sign", lists["remote/police.txt"], "--key", lists["one.key"]).status == 0)
            let good = try await lists.list("fetch", "--config", config)
            #expect(good.status == 0, "\(good)")

            let more = try await lists.writeNames(0..<900, to: "names.txt")
            let grown = build + ["--sequence", "2", "--skip-gate", "growth", "--sign", lists["one.key"], more]
            #expect(try await Program.run(grown).status == 0)
            let refused = try await lists.list("fetch", "--config", config)
            #expect(refused.isRefusal(2, "gate growth: refused"), "\(refused)")
        }
    }

    @Test func `one that fails does not hinder the others, and only lists with an address can be asked for`()
        async throws
    {
        try await ListFixture.with { lists in
            let config = try await Self.configure(
                lists,
                "\n[[list]]\nid = \"gone\"\npath = \"gone.txt\"\nurl = \"/nowhere/gone.txt\""
            )
            _ = try await lists.writeNames(0..<10, to: "remote/police.txt")
            let outcome = try await lists.list("fetch", "--config", config)
            #expect(outcome.isRefusal(2, "list gone", "/nowhere/gone.txt"), "\(outcome)")
            #expect(outcome.output.hasPrefix("police: replaced"), "\(outcome)")
            #expect(try await lists.list("fetch", "--config", config, "own").isRefusal(2, "\"own\" has no url"))
            #expect(try await lists.list("fetch", "--config", config, "nobody").isRefusal(2, "has no list \"nobody\""))
        }
    }

    @Test func `over https a list comes from a server whose certificate is trusted, and from no other`() async throws {
        try await ListFixture.with { lists in
            try await lists.makeKey("one")
            _ = try await Program.run("mkdir", [lists["www"]])
            let served = try await lists.writeNames(0..<10, to: "www/police.txt")
            let sign = ["list", "sign", served, "--id", "police", "--key", lists["one.key"]]
            #expect(try await Program.run(sign + ["--sequence", "1"]).status == 0)
            try await ListServer.with(lists, serving: "www") { port in
                func configure(_ fetch: String) async throws -> String {
                    try await lists.folder.write(
                        """
                        [[list]]
                        id = "police"
                        path = "police.txt"
                        url = "https://127.0.0.1:\(port)/police.txt"

                        [trust]
                        publishers = ["one.pub"]

                        [fetch]
                        \(fetch)

                        """,
                        to: "g.toml"
                    )
                }
                let strange = try await lists.list("fetch", "--config", try await configure("connect-timeout = 5"))
                #expect(strange.isRefusal(2, "list police", "certificate"), "\(strange)")
                #expect(try await lists.digest("police.txt") == nil)

                let config = try await configure("certificate-authority = \"authority.pem\"")
                let first = try await lists.list("fetch", "--config", config, "--mark", lists["changed"])
                #expect(first.status == 0 && first.output.hasPrefix("police: replaced, "), "\(first)")
                for name in ["police.txt", "police.txt.sig"] {
                    #expect(try await lists.digest(name) == lists.digest("www/" + name))
                }
                #expect(try await lists.files().contains("changed"))
                let second = try await lists.list("fetch", "--config", config)
                #expect(second.status == 0 && second.output == "police: unchanged\n", "\(second)")

                // Signed by nobody, it does not take the place of one that was.
                let digest = try await lists.digest("police.txt")
                try await lists.writeNames(0..<12, to: "www/police.txt")
                let unsigned = try await lists.list("fetch", "--config", config)
                #expect(unsigned.isRefusal(2, "list police", "signed"), "\(unsigned)")
                #expect(try await lists.digest("police.txt") == digest)
                _ = try await Program.run("rm", [lists["www/police.txt"]])
                let gone = try await lists.list("fetch", "--config", config)
                #expect(gone.isRefusal(2, "list police", "404"), "\(gone)")
                #expect(try await lists.digest("police.txt") == digest)
            }
            let alone = try await lists.list("fetch", "--config", lists["g.toml"])
            #expect(alone.isRefusal(2, "list police"), "\(alone)")
        }
    }
}
