import Testing

@Suite("list build", .timeLimit(.minutes(10)))
struct ListBuildCommandTests {
    @Test func `a snapshot is built, named in its report, and found again by check`() async throws {
        try await ListFixture.with { lists in
            let list = try await lists.folder.write("secret.test\n*.only.test\n", to: "police.txt")
            let built = try await lists.list("build", "-o", lists["police.snapshot"], list)
            #expect(built.status == 0 && built.errors.isEmpty, "\(built)")
            for words in ["list police", "format domains", "entries: 2", "gate empty: passed", "UNSEALED", "per entry"]
            {
                #expect(built.output.contains(words), "\(words) in \(built.output)")
            }
            #expect(built.output.contains("secret") == false && built.output.contains("only.test") == false)
            let check = try await lists.list(
                "check",
                "--snapshot",
                lists["police.snapshot"],
                "WWW.secret.test.",
                "only.test",
                "a.only.test"
            )
            #expect(check.status == 0, "\(check)")
            #expect(
                check.output == """
                    WWW.secret.test.\tblocked\tpolice
                    only.test\tunlisted\t-
                    a.only.test\tblocked\tpolice

                    """
            )
        }
    }

    @Test func `several files become one list, with allow list and test names`() async throws {
        try await ListFixture.with { lists in
            let one = try await lists.folder.write("one.test\n", to: "one.txt")
            let two = try await lists.folder.write("0.0.0.0 two.test\n0.0.0.0 free.test\n", to: "two.txt")
            let allow = try await lists.folder.write("free.test\n", to: "allow.txt")
            let tests = try await lists.folder.write("try.test\n", to: "tests.txt")
            let built = try await lists.list(
                "build",
                "-o",
                lists["s"],
                "--id",
                "police",
                "--allow",
                allow,
                "--test-names",
                tests,
                "--action",
                "drop",
                "--protocols",
                "dns,tls",
                "--precedence",
                "7",
                "--publisher",
                "Some Police",
                "--purpose",
                "csam",
                "--legal-basis",
                "Act 1",
                one,
                two
            )
            #expect(built.status == 0, "\(built)")
            #expect(built.output.contains("format domains") && built.output.contains("format hosts"), "\(built)")
            let info = try await lists.list("info", lists["s"])
            for words in [
                "list police", "4, 1 of them test names", "precedence 7 in dns,tls", "Some Police", "csam", "Act 1",
                "allow list  1",
            ] {
                #expect(info.output.contains(words), "\(words) in \(info.output)")
            }
            let check = try await lists.list(
                "check",
                "--snapshot",
                lists["s"],
                "--explain",
                "one.test",
                "two.test",
                "a.free.test",
                "try.test"
            )
            #expect(check.output.contains("one.test\tblocked\tpolice\n"), "\(check)")
            #expect(check.output.contains("two.test\tblocked\tpolice\n"), "\(check)")
            #expect(check.output.contains("a.free.test\tallowed\tpolice\n"), "\(check)")
            #expect(check.output.contains("allow list: entry, of its last 2 labels"), "\(check)")
            #expect(check.output.contains("a test name of list police"), "\(check)")
        }
    }

    @Test func `bad lines refuse the list, and are named in full in the file of rejects, without their text`()
        async throws
    {
        try await ListFixture.with { lists in
            let lines = (1...30).map { "secret\($0)..test\n" }.joined() + "good.test\n"
            let list = try await lists.folder.write(lines, to: "police.txt")
            let refused = try await lists.list("build", "-o", lists["s"], "--rejects", lists["rejects"], list)
            #expect(refused.isRefusal(2, lists["s"], "gate rejects"), "\(refused)")
            #expect(refused.output.contains("and 10 more"), "\(refused)")
            #expect((refused.output + refused.errors).contains("secret") == false)
            let rejects = try await Program.run("cat", [lists["rejects"]]).output
            #expect(rejects.split(separator: "\n").count == 30)
            #expect(rejects.hasPrefix("\(list)\t1\trejected\tempty label"), "\(rejects)")
            #expect(rejects.contains("secret") == false)
            #expect(try await lists.digest("s") == nil)

            let lenient = try await lists.list("build", "-o", lists["s"], "--lenient", list)
            #expect(lenient.status == 0 && lenient.output.contains("entries: 1"), "\(lenient)")
        }
    }

    @Test(arguments: [
        ("growth", 0..<300, 0..<600), ("shrink", 0..<300, 0..<100),
    ])
    func `a change that is too large leaves the snapshot alone, until two people approve it`(
        gate: String,
        before: Range<Int>,
        after: Range<Int>
    ) async throws {
        try await ListFixture.with { lists in
            try await lists.makeKey("first")
            try await lists.makeKey("second")
            let old = try await lists.writeNames(before, to: "old.txt")
            let new = try await lists.writeNames(after, to: "new.txt")
            let options = ["list", "build", "-o", lists["s"], "--id", "police"]
            #expect(try await Program.run(options + [old]).status == 0)
            let digest = try await lists.digest("s")
            let refused = try await Program.run(options + [new])
            #expect(refused.isRefusal(2, "gate \(gate): refused"), "\(refused)")
            #expect(refused.output.contains("grindvakt list approve --digest"), "\(refused)")
            #expect(try await lists.digest("s") == digest)

            let approvers = ["--approvers", lists["first.pub"], "--approvers", lists["second.pub"]]
            let file = try #require(try await lists.digest("new.txt"))
            for name in ["first", "second"] {
                let approved = try await lists.list(
                    "approve",
                    "--digest",
                    file,
                    "--list",
                    "police",
                    "--gate",
                    gate,
                    "--key",
                    lists["\(name).key"],
                    "-o",
                    lists["\(name).approval"]
                )
                #expect(approved.status == 0, "\(approved)")
            }
            let one = ["--approve", lists["first.approval"]]
            let alone = try await Program.run(options + approvers + one + one + [new])
            #expect(alone.isRefusal(2, "gate \(gate): refused"), "\(alone)")
            let both = try await Program.run(options + approvers + one + ["--approve", lists["second.approval"], new])
            #expect(both.status == 0 && both.output.contains("gate \(gate): approved"), "\(both)")
            #expect(try await lists.digest("s") != digest)
        }
    }

    @Test func `an unsealed snapshot hands its key on, and a gate can be skipped`() async throws {
        try await ListFixture.with { lists in
            let old = try await lists.writeNames(0..<300, to: "old.txt")
            let new = try await lists.writeNames(150..<450, to: "new.txt")
            #expect(try await lists.list("build", "-o", lists["s"], "--id", "police", old).status == 0)
            // As many come as go: only a comparison of the names themselves sees it.
            let refused = try await lists.list("build", "-o", lists["s"], "--id", "police", new)
            #expect(refused.isRefusal(2, "gate growth: refused (150", "gate shrink: refused (150"), "\(refused)")
            let skipped = try await lists.list(
                "build",
                "-o",
                lists["t"],
                "--previous",
                lists["s"],
                "--id",
                "police",
                "--skip-gate",
                "growth",
                "--skip-gate",
                "shrink",
                new
            )
            #expect(skipped.status == 0 && skipped.output.contains("gate growth: off"), "\(skipped)")
            let diff = try await lists.list("diff", lists["s"], lists["t"])
            #expect(diff.status == 1 && diff.output.contains("150 added, 150 removed"), "\(diff)")
        }
    }

    @Test func `a list that touches a protected name or a public suffix is refused`() async throws {
        try await ListFixture.with { lists in
            let list = try await lists.folder.write("www.bank.test\ncom\n", to: "police.txt")
            let protected = try await lists.folder.write("bank.test\n", to: "protected.txt")
            let refused = try await lists.list(
                "build",
                "-o",
                lists["s"],
                "--format",
                "domains",
                "--protected",
                protected,
                list
            )
            #expect(
                refused.isRefusal(2, "gate protected-name: refused (1", "gate entry-kind: refused (1"),
                "\(refused)"
            )
            #expect(try await lists.digest("s") == nil)
        }
    }

    @Test func `a sequence must rise, and an end must lie after the issue`() async throws {
        try await ListFixture.with { lists in
            let list = try await lists.writeNames(0..<10, to: "police.txt")
            let first = try await lists.list("build", "-o", lists["s"], "--sequence", "5", "--expires", "+1d", list)
            #expect(first.status == 0, "\(first)")
            let again = try await lists.list("build", "-o", lists["s"], "--sequence", "5", list)
            #expect(again.isRefusal(2, "sequence 5 is not above 5"), "\(again)")
            let ended = try await lists.list(
                "build",
                "-o",
                lists["s"],
                "--sequence",
                "6",
                "--expires",
                "2020-01-01",
                list
            )
            #expect(ended.isRefusal(2, "--expires"), "\(ended)")
        }
    }

    @Test func `what is no snapshot is never overwritten`() async throws {
        try await ListFixture.with { lists in
            let list = try await lists.writeNames(0..<10, to: "police.txt")
            let digest = try await lists.digest("police.txt")
            let refused = try await lists.list("build", "-o", list, list)
            #expect(refused.isRefusal(2, list, "no snapshot"), "\(refused)")
            #expect(try await lists.digest("police.txt") == digest)
            #expect(try await lists.files() == ["police.txt"])
        }
    }

    @Test func `all lists of a configuration come into one sealed snapshot`() async throws {
        try await ListFixture.with { lists in
            try await lists.makeSeal("all")
            try await lists.folder.write("one.test\nfree.test\n", to: "one.txt")
            try await lists.folder.write("two.test\n", to: "two.txt")
            try await lists.folder.write("free.test\n", to: "allow.txt")
            let config = try await lists.folder.write(
                """
                [[list]]
                id = "one"
                path = "one.txt"

                [[list]]
                id = "two"
                path = "two.txt"
                action = "observe"

                [allow]
                path = "allow.txt"

                """,
                to: "g.toml"
            )
            let built = try await lists.list("build", "-o", lists["s"], "--config", config, "--seal", lists["all.seal"])
            #expect(built.status == 0 && built.output.contains("sealed"), "\(built)")
            let closed = try await lists.list("check", "--snapshot", lists["s"], "one.test")
            #expect(closed.isRefusal(2, "key"), "\(closed)")
            let check = try await lists.list(
                "check",
                "--snapshot",
                lists["s"],
                "--seal",
                lists["all.seal"],
                "one.test",
                "two.test",
                "free.test"
            )
            #expect(
                check.output == "one.test\tblocked\tone\ntwo.test\tallowed\ttwo\nfree.test\tallowed\tone\n",
                "\(check)"
            )
            // The same through replay's own options.
            let capture = try await lists.folder.write(hexadecimal: Captures.query, to: "query.pcap")
            let replay = try await Program.run([
                "replay", capture, "--snapshot", lists["s"], "--seal", lists["all.seal"], "--output", "jsonl",
                "--names",
            ])
            #expect(replay.status == 0 && replay.output.contains(#""list":null"#), "\(replay)")
            let wrong = try await Program.run(["replay", capture, "--snapshot", lists["s"]])
            #expect(wrong.isRefusal(2, lists["s"], "key"), "\(wrong)")
        }
    }

    @Test func `a folder that cannot be written leaves nothing behind`() async throws {
        try await ListFixture.with { lists in
            let list = try await lists.writeNames(0..<10, to: "police.txt")
            let refused = try await lists.list("build", "-o", lists["missing/s"], list)
            #expect(refused.isRefusal(2, lists["missing/s"], "cannot be written"), "\(refused)")
            #expect(try await lists.files() == ["police.txt"])
        }
    }
}
