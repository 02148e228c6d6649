import Testing

@Suite("list check", .timeLimit(.minutes(10)))
struct ListCheckCommandTests {
    @Test func `a line per name, and status 1 where none is blocked`() async throws {
        try await ListFixture.with { lists in
            let list = try await lists.folder.write("listed.test\n*.below.test\nåäö.test\n", to: "police.txt")
            let other = try await lists.folder.write("listed.test\n", to: "second.txt")
            let names = ["Listed.Test", "www.listed.test", "below.test", "x.below.test", "ÅÄÖ.test", "xn--4cab6c.test"]
            let check = try await Program.run(["list", "check", "--list", list, "--list", other] + names)
            #expect(check.status == 0 && check.errors.isEmpty, "\(check)")
            #expect(
                check.output == """
                    Listed.Test\tblocked\tpolice,second
                    www.listed.test\tblocked\tpolice,second
                    below.test\tunlisted\t-
                    x.below.test\tblocked\tpolice
                    ÅÄÖ.test\tblocked\tpolice
                    xn--4cab6c.test\tblocked\tpolice

                    """
            )
            let none = try await lists.list("check", "--list", list, "below.test")
            #expect(none.status == 1 && none.output == "below.test\tunlisted\t-\n", "\(none)")
        }
    }

    @Test(arguments: ["bad..name", "", "192.0.2.1", "https://a.test/", "*.a.test"])
    func `what is no name ends with status 2, and no other name is answered`(name: String) async throws {
        try await ListFixture.with { lists in
            let list = try await lists.folder.write("listed.test\n", to: "police.txt")
            let check = try await lists.list("check", "--list", list, "--", "listed.test", name)
            #expect(check.output.isEmpty && check.isRefusal(2, "name 2 of 2"), "\(check)")
        }
    }

    @Test func `explain tells the kind of entry, overrides and gates, and no name`() async throws {
        try await ListFixture.with { lists in
            try await lists.folder.write("exact.test\nbank.test\n", to: "exact.txt")
            try await lists.folder.write("*.below.test\n", to: "wide.txt")
            try await lists.folder.write("free.below.test\n", to: "allow.txt")
            try await lists.folder.write("bank.test\n", to: "protected.txt")
            let config = try await lists.folder.write(
                """
                [[list]]
                id = "exact"
                path = "exact.txt"
                match = "exact"

                [[list]]
                id = "wide"
                path = "wide.txt"

                [allow]
                path = "allow.txt"

                [gates]
                protected = "protected.txt"

                """,
                to: "g.toml"
            )
            let check = try await lists.list(
                "check",
                "--config",
                config,
                "--explain",
                "exact.test",
                "a.b.below.test",
                "free.below.test",
                "bank.test"
            )
            #expect(check.status == 0, "\(check)")
            for words in [
                "list exact: entry exact, of the name itself",
                "list wide: entry for subdomains only, of its last 2 labels",
                "passes: the allow list has it", "gate protected-name",
            ] {
                #expect(check.output.contains(words), "\(words) in \(check.output)")
            }
            for line in check.output.split(separator: "\n") where line.hasPrefix("  ") {
                #expect(line.contains(".test") == false, "\(line)")
            }
        }
    }

    @Test func `questions to a sensor's lists are limited, and noted without the names`() async throws {
        try await ListFixture.with { lists in
            try await lists.folder.write("listed.test\n", to: "police.txt")
            let config = try await lists.folder.write(
                "[[list]]\nid = \"police\"\npath = \"police.txt\"\n\n[state]\ndirectory = \"state\"\n",
                to: "g.toml"
            )
            let first = try await lists.list("check", "--config", config, "listed.test")
            #expect(first.status == 0, "\(first)")
            // The directory is the sensor's to make.
            #expect(try await lists.files() == ["g.toml", "police.txt"])

            let state = "mkdir \"$0\"; umask 077; openssl rand -hex 32 > \"$0/state.key\""
            _ = try await Program.run("/bin/sh", ["-c", state, lists["state"]])
            let names = (0..<60).map { "secret\($0).test" } + ["listed.test"]
            let second = try await Program.run(["list", "check", "--config", config] + names)
            #expect(second.status == 0, "\(second)")
            let third = try await Program.run(["list", "check", "--config", config] + names)
            #expect(third.isRefusal(2, "ask again in"), "\(third)")
            let many = try await Program.run(["list", "check", "--config", config] + names + names)
            #expect(many.isRefusal(2, "100 at most"), "\(many)")
            let log = try await Program.run("cat", [lists["state/audit.log"]]).output
            #expect(log.split(separator: "\n").count == 1, "\(log)")
            #expect(log.contains(#""event":"check""#) && log.contains(#""blocked":1"#), "\(log)")
            #expect(log.contains("secret") == false && log.contains("listed.test") == false)

            // What the sensor was told holds here, too.
            _ = try await Program.run("rm", [lists["state/check-limit"]])
            let switched = #"{"version":1,"killSwitch":true,"passes":[],"held":[]}"#
            try await lists.folder.write(switched, to: "state/switches.json")
            let off = try await lists.list("check", "--config", config, "listed.test")
            #expect(off.status == 1 && off.output == "listed.test\tallowed\tpolice\n", "\(off)")
            #expect(off.errors.contains("kill switch is on"), "\(off)")
        }
    }

    @Test func `questions to a snapshot are let through at a pace`() async throws {
        try await ListFixture.with { lists in
            let list = try await lists.folder.write("listed.test\n", to: "police.txt")
            #expect(try await lists.list("build", "-o", lists["s"], list).status == 0)
            let names = (0..<101).map { "n\($0).listed.test" }
            let start = ContinuousClock.now
            let check = try await Program.run(["list", "check", "--snapshot", lists["s"]] + names)
            #expect(check.status == 0 && check.output.split(separator: "\n").count == 101)
            #expect(ContinuousClock.now - start >= .seconds(1))
        }
    }
}
