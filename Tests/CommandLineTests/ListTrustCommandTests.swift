import Testing

@Suite("list keygen, sign, verify, approve, info", .timeLimit(.minutes(10)))
struct ListTrustCommandTests {
    @Test func `keys are made with the right permissions and never overwritten`() async throws {
        try await ListFixture.with { lists in
            try await lists.makeKey("one")
            try await lists.makeSeal("one")
            #expect(try await lists.mode("one.key") == "600")
            #expect(try await lists.mode("one.pub") == "644")
            #expect(try await lists.mode("one.seal") == "600")
            let digest = try await lists.digest("one.key")
            #expect(try await lists.list("keygen", "-o", lists["one"]).isRefusal(2, "one.key", "never overwritten"))
            #expect(try await lists.list("keygen", "--seal", "-o", lists["one"]).isRefusal(2, "one.seal"))
            #expect(try await lists.digest("one.key") == digest)
            // Half a pair is none: where the public key cannot be written, no private one is left.
            try await lists.folder.write("", to: "two.pub")
            #expect(try await lists.list("keygen", "-o", lists["two"]).isRefusal(2, "two.pub"))
            #expect(try await lists.files() == ["one.key", "one.pub", "one.seal", "two.pub"])
        }
    }

    @Test func `openssl reads the keys, and its own are taken`() async throws {
        try await ListFixture.with { lists in
            try await lists.makeKey("one")
            let made = try await lists.list("keygen", "-o", lists["three"])
            let id = try await Program.run(
                "/bin/sh",
                ["-c", "openssl pkey -pubin -in \"$0\" -outform DER | sha256sum | cut -c1-16", lists["three.pub"]]
            )
            #expect(made.output.contains("key id \(id.output)"), "\(made) \(id)")
            let own = try await Program.run(
                "/bin/sh",
                [
                    "-c",
                    "umask 077; openssl genpkey -algorithm ed25519 -out \"$0.key\" && openssl pkey -in \"$0.key\" -pubout -out \"$0.pub\"",
                    lists["own"],
                ]
            )
            try #require(own.status == 0, "\(own)")
            let list = try await lists.writeNames(0..<3, to: "police.txt")
            let signed = try await lists.list(
                "sign",
                list,
                "--key",
                lists["own.key"],
                "--id",
                "police",
                "--sequence",
                "1"
            )
            #expect(signed.status == 0, "\(signed)")
            #expect(try await lists.list("verify", list, "--key", lists["own.pub"]).status == 0)
            #expect(
                try await lists.list("verify", list, "--key", lists["one.pub"]).isRefusal(1, "signed by 0 of the 1")
            )
        }
    }

    @Test func `a list file is signed by two, and verified until it changes`() async throws {
        try await ListFixture.with { lists in
            for name in ["one", "two", "operator"] { try await lists.makeKey(name) }
            let list = try await lists.writeNames(0..<3, to: "police.txt")
            let unsigned = try await lists.list("verify", list, "--key", lists["one.pub"])
            #expect(unsigned.isRefusal(1, "signed by 0 of the 1"), "\(unsigned)")
            let early = try await lists.list("sign", list, "--key", lists["one.key"])
            #expect(early.isRefusal(2, "not signed yet"), "\(early)")
            let first = try await lists.list(
                "sign",
                list,
                "--key",
                lists["one.key"],
                "--id",
                "police",
                "--sequence",
                "4",
                "--purpose",
                "csam",
                "--expires",
                "+30d"
            )
            #expect(first.status == 0 && first.output.contains("police.txt.sig"), "\(first)")
            let half = try await lists.list(
                "verify",
                list,
                "--key",
                lists["one.pub"],
                lists["two.pub"],
                "--threshold",
                "2"
            )
            #expect(half.isRefusal(1, "signed by 1 of the 2"), "\(half)")
            for key in ["two.key", "operator.key"] {
                #expect(try await lists.list("sign", list, "--key", lists[key]).status == 0)
            }
            let whole = try await lists.list(
                "verify",
                list,
                "--key",
                lists["one.pub"],
                lists["two.pub"],
                "--threshold",
                "2",
                "--operator",
                lists["operator.pub"]
            )
            #expect(whole.status == 0 && whole.output.contains("list police: purpose csam, sequence 4"), "\(whole)")
            let repeated = try await lists.list(
                "sign",
                list,
                "--key",
                lists["one.key"],
                "--id",
                "police",
                "--sequence",
                "4"
            )
            #expect(repeated.isRefusal(2, "sequence 4 already"), "\(repeated)")

            let info = try await lists.list("info", list)
            #expect(info.output.contains("list police") && info.output.contains("sequence    4"), "\(info)")

            try await lists.writeNames(0..<4, to: "police.txt")
            let changed = try await lists.list("verify", list, "--key", lists["one.pub"])
            #expect(changed.isRefusal(1, "were signed"), "\(changed)")
            let extended = try await lists.list("sign", list, "--key", lists["one.key"])
            #expect(extended.isRefusal(2, "changed since it was signed"), "\(extended)")
            let next = try await lists.list(
                "sign",
                list,
                "--key",
                lists["one.key"],
                "--id",
                "police",
                "--sequence",
                "5"
            )
            #expect(next.status == 0, "\(next)")
            #expect(try await lists.list("verify", list, "--key", lists["one.pub"]).status == 0)
        }
    }

    @Test func `a sealed snapshot is signed without its key, and any change to it is seen`() async throws {
        try await ListFixture.with { lists in
            for name in ["one", "operator"] { try await lists.makeKey(name) }
            try await lists.makeSeal("police")
            let list = try await lists.writeNames(0..<300, to: "police.txt")
            let built = try await lists.list(
                "build",
                "-o",
                lists["s"],
                "--seal",
                lists["police.seal"],
                "--sequence",
                "1",
                "--expires",
                "+1h",
                "--sign",
                lists["one.key"],
                list
            )
            #expect(built.status == 0 && built.output.contains("signed by"), "\(built)")
            let early = try await lists.list(
                "verify",
                lists["s"],
                "--key",
                lists["one.pub"],
                "--operator",
                lists["operator.pub"]
            )
            #expect(early.isRefusal(1, "has no signature of the operator's key"), "\(early)")
            #expect(try await lists.list("sign", lists["s"], "--key", lists["operator.key"]).status == 0)
            #expect(try await lists.list("sign", lists["s"], "--key", lists["operator.key"], "--id", "x").status == 2)
            let both = try await lists.list(
                "verify",
                lists["s"],
                "--key",
                lists["one.pub"],
                "--operator",
                lists["operator.pub"]
            )
            #expect(both.status == 0 && both.output.contains("sequence 1"), "\(both)")
            let check = try await lists.list(
                "check",
                "--snapshot",
                lists["s"],
                "--seal",
                lists["police.seal"],
                "secret7.example"
            )
            #expect(check.output == "secret7.example\tblocked\tpolice\n", "\(check)")

            // One octet of the body, where no signature lies.
            let flip = "printf '\\377' | dd of=\"$0\" bs=1 seek=6000 conv=notrunc 2>/dev/null"
            _ = try await Program.run("/bin/sh", ["-c", flip, lists["s"]])
            let changed = try await lists.list("verify", lists["s"], "--key", lists["one.pub"])
            #expect(changed.isRefusal(1, "not the ones that were signed"), "\(changed)")
            let digest = try await lists.digest("s")
            #expect(try await lists.list("sign", lists["s"], "--key", lists["one.key"]).isRefusal(2, "damaged"))
            #expect(try await lists.digest("s") == digest)
        }
    }

    @Test func `info tells of a sealed snapshot without its key, as text and as JSON`() async throws {
        try await ListFixture.with { lists in
            try await lists.makeSeal("police")
            let list = try await lists.writeNames(0..<300, to: "police.txt")
            let built = try await lists.list(
                "build",
                "-o",
                lists["s"],
                "--seal",
                lists["police.seal"],
                "--sequence",
                "9",
                "--issued",
                "2020-01-01",
                "--expires",
                "2020-02-01",
                list
            )
            #expect(built.status == 0, "\(built)")
            let info = try await lists.list("info", lists["s"])
            for words in [
                "sealed", "entries     300", "sequence    9", "2020-02-01T00:00:00Z (EXPIRED)", "signed by   nobody",
            ] {
                #expect(info.output.contains(words), "\(words) in \(info.output)")
            }
            let json = try await lists.list("info", lists["s"], "--json")
            for words in [
                #""sealed":true"#, #""entries":300"#, #""sequence":9"#, #""expired":true"#, #""format_version":2"#,
                #""kind":"snapshot""#,
            ] {
                #expect(json.output.contains(words), "\(words) in \(json.output)")
            }
            #expect((info.output + json.output).contains("secret") == false)
            let none = try await lists.list("info", lists["police.seal"])
            #expect(none.status == 2 || none.output.contains("kind") == false, "\(none)")
        }
    }

    @Test func `an approval without a place goes to standard output, and must lie ahead`() async throws {
        try await ListFixture.with { lists in
            try await lists.makeKey("one")
            let digest = String(repeating: "ab", count: 32)
            let arguments = [
                "list", "approve", "--digest", digest, "--list", "police", "--gate", "growth", "--key",
                lists["one.key"],
            ]
            let approved = try await Program.run(arguments)
            #expect(approved.status == 0 && approved.output.hasPrefix("grindvakt approval 1\n"), "\(approved)")
            #expect(approved.output.contains("gate: growth\n"))
            #expect(try await Program.run(arguments + ["--expires", "2020-01-01"]).isRefusal(2, "--expires"))
            #expect(try await Program.run(arguments + ["--expires", "+60d"]).isRefusal(2, "--expires", "31 days"))
            let exposed = try await Program.run("chmod", ["644", lists["one.key"]])
            #expect(exposed.status == 0)
            #expect(try await Program.run(arguments).isRefusal(2, "one.key", "chmod 600"))
        }
    }

    @Test func `with a state directory a list must be no older than what its sensor has accepted`() async throws {
        try await ListFixture.with { lists in
            try await lists.makeKey("one")
            let list = try await lists.writeNames(0..<3, to: "police.txt")
            let sign = ["list", "sign", list, "--id", "police", "--key", lists["one.key"], "--sequence"]
            #expect(try await Program.run(sign + ["5"]).status == 0)
            let digest = try #require(try await lists.digest("police.txt"))
            let verify = ["list", "verify", list, "--key", lists["one.pub"]]
            let state = verify + ["--state", lists["state"]]
            // A folder that is not the one would let everything pass.
            #expect(try await Program.run(state).isRefusal(2, "state", "no state directory"))
            _ = try await Program.run("mkdir", [lists["state"]])
            #expect(try await Program.run(state).isRefusal(2, "state", "no state directory"))
            try await lists.folder.write(String(repeating: "0", count: 64) + "\n", to: "state/state.key")
            #expect(try await Program.run(state).status == 0)

            func accept(_ sequence: Int, _ digest: String) async throws {
                let mark = "grindvakt sequences 1\npolice \(sequence) 2026-01-01T00:00:00Z \(digest)\n"
                try await lists.folder.write(mark, to: "state/sequences")
            }
            for (sequence, accepted) in [(4, String(repeating: "a", count: 64)), (5, digest)] {
                try await accept(sequence, accepted)
                let good = try await Program.run(state)
                #expect(good.status == 0 && good.output.contains("sequence 5"), "\(good)")
            }
            try await accept(5, String(repeating: "a", count: 64))
            let other = try await Program.run(state)
            #expect(other.isRefusal(1, "state/sequences", "the sequence 5 of another release"), "\(other)")
            try await accept(6, digest)
            let older = try await Program.run(state + ["--audit-log", lists["audit.log"]])
            #expect(older.isRefusal(1, "state/sequences", "has the sequence 5, 6 was accepted"), "\(older)")
            #expect(try await Program.run("cat", [lists["audit.log"]]).output.contains(#""gates":["replay"]"#))
            // It asks, and changes nothing.
            #expect(try await Program.run("cat", [lists["state/sequences"]]).output.contains("police 6 "))
            #expect(try await Program.run(verify).status == 0)
        }
    }

    @Test func `what a configuration builds from has to be signed as it says`() async throws {
        try await ListFixture.with { lists in
            for name in ["one", "two"] { try await lists.makeKey(name) }
            let list = try await lists.writeNames(0..<300, to: "police.txt")
            let config = try await lists.folder.write(
                """
                [[list]]
                id = "police"
                path = "police.txt"

                [trust]
                publishers = ["one.pub"]

                """,
                to: "g.toml"
            )
            let build = ["list", "build", "-o", lists["s"], "--config", config]
            let bare = try await Program.run(build)
            #expect(bare.isRefusal(2, "not written", "police.txt.sig"), "\(bare)")
            let sign = ["list", "sign", list, "--id", "police"]
            #expect(try await Program.run(sign + ["--sequence", "3", "--key", lists["two.key"]]).status == 0)
            let foreign = try await Program.run(build)
            #expect(foreign.isRefusal(2, "not written", "signed by 0 of the 1"), "\(foreign)")
            #expect(try await lists.digest("s") == nil)

            // The snapshot says what the statement says.
            let release = ["--sequence", "4", "--issued", "2026-01-01", "--expires", "2099-02-01", "--purpose", "csam"]
            #expect(try await Program.run(sign + release + ["--key", lists["one.key"]]).status == 0)
            let built = try await Program.run(build)
            #expect(built.status == 0, "\(built)")
            let info = try await lists.list("info", lists["s"])
            for words in ["sequence    4", "2026-01-01T00:00:00Z", "2099-02-01T00:00:00Z", "csam", "entries     300"] {
                #expect(info.output.contains(words), "\(words) in \(info.output)")
            }
            let digest = try await lists.digest("s")
            // Changed since it was signed, it is not built from.
            try await lists.writeNames(0..<301, to: "police.txt")
            let changed = try await Program.run(build)
            #expect(changed.isRefusal(2, "not written", "were signed"), "\(changed)")
            #expect(try await lists.digest("s") == digest)
            #expect(changed.output.contains("secret") == false)
        }
    }
}
