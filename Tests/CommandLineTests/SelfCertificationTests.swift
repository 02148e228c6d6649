import Testing

@Suite("Self-certification and receipts")
struct SelfCertificationTests {
    private static let record = #"""
        {"at":"2026-10-01T08:00:00Z","list":"police","mechanism":"dns_udp","ip":4,"blocked":3,"passed":0,"unclear":0,"ms":[1,2,3]}
        {"at":"2026-10-02T08:00:00Z","list":"police","mechanism":"quic_v1","ip":6,"blocked":1,"passed":2,"unclear":1,"ms":[9]}
        """# + "\n"

    @Test func `a certificate verifies with the key, and not with another or once it was changed`() async throws {
        try await ListFixture.with { fixture in
            try await fixture.makeKey("member")
            try await fixture.makeKey("other")
            try await fixture.folder.write(Self.record, to: "coverage.jsonl")
            let certify = [
                "selftest", "certify", "--quarter", "2026Q4", "--member", "example-net", "--record",
                fixture["coverage.jsonl"], "--key", fixture["member.key"], "-o", fixture["q4.json"],
            ]
            let signed = try await Program.run(certify)
            #expect(signed.status == 0, "\(signed)")
            let verify = ["selftest", "verify", fixture["q4.json"], "--key"]
            let intact = try await Program.run(verify + [fixture["member.pub"]])
            #expect(intact.status == 0 && intact.output.contains("q4.json: intact, signed by "), "\(intact)")
            #expect(intact.output.contains("certificate of example-net"))
            #expect(intact.output.contains("police dns_udp: 3 of 3 blocked"))
            #expect(intact.output.contains("police quic_v1: 1 of 3 blocked"))
            #expect(intact.output.contains("police tls_sni: not probed"))
            #expect(try await Program.run(verify + [fixture["other.pub"]]).isRefusal(1, "q4.json"))

            let text = try await Program.run("cat", [fixture["q4.json"]]).output
            #expect(text.contains("ms_of_days") && text.contains("\"operation\":null"))
            try await fixture.folder.write(
                text.split(separator: "\"blocked\":1").joined(separator: "\"blocked\":3"),
                to: "q4.json"
            )
            #expect(try await Program.run(verify + [fixture["member.pub"]]).isRefusal(1, "q4.json"))
            try await fixture.folder.write(text + " ", to: "q4.json")
            #expect(try await Program.run(verify + [fixture["member.pub"]]).isRefusal(1, "no certificate"))
        }
    }

    @Test func `openssl and jq verify a certificate as its page says`() async throws {
        try await ListFixture.with { fixture in
            try await fixture.makeKey("member")
            try await fixture.folder.write(Self.record, to: "coverage.jsonl")
            _ = try await Program.run([
                "selftest", "certify", "--quarter", "2026Q4", "--member", "example-net", "--record",
                fixture["coverage.jsonl"], "--key", fixture["member.key"], "-o", fixture["q4.json"],
            ])
            // Without jq: the object without its last member, which python keeps in its order.
            let script = """
                cd "$0" && { printf 'grindvakt signed certificate\\n'; python3 -c '
                import json, sys
                value = json.load(open("q4.json")); value.pop("signatures")
                sys.stdout.write(json.dumps(value, separators=(",", ":"), ensure_ascii=False))'; } > message &&
                python3 -c '
                import base64, json, sys
                sys.stdout.buffer.write(base64.b64decode(json.load(open("q4.json"))["signatures"][0]["ed25519"]))' > signature &&
                openssl pkeyutl -verify -rawin -pubin -inkey member.pub -in message -sigfile signature
                """
            let result = try await Program.run("/bin/sh", ["-c", script, fixture.folder.path])
            #expect(result.status == 0 && result.output.contains("Verified Successfully"), "\(result)")
        }
    }

    @Test func `a receipt is signed for a configured list, and verifies`() async throws {
        try await ListFixture.with { fixture in
            try await fixture.makeKey("member")
            try await fixture.writeNames(0..<20, to: "police.txt")
            try await fixture.folder.write(
                "[[list]]\nid = \"police\"\npath = \"police.txt\"\n",
                to: "grindvakt.toml"
            )
            let made = try await fixture.list(
                "receipt",
                "police",
                "--config",
                fixture["grindvakt.toml"],
                "--member",
                "example-net",
                "--key",
                fixture["member.key"],
                "-o",
                fixture["police.receipt"]
            )
            #expect(made.status == 0, "\(made)")
            let text = try await Program.run("cat", [fixture["police.receipt"]]).output
            #expect(text.contains("\"entries\":20") && text.contains("secret") == false, "\(text)")
            #expect(text.contains("\"unknown\":20}"))
            let verified = try await Program.run([
                "selftest", "verify", fixture["police.receipt"], "--key", fixture["member.pub"],
            ])
            #expect(verified.status == 0 && verified.output.contains("receipt of example-net"), "\(verified)")
            let unknown = try await fixture.list(
                "receipt",
                "interpol",
                "--config",
                fixture["grindvakt.toml"],
                "--key",
                fixture["member.key"],
                "-o",
                fixture["x"]
            )
            #expect(unknown.isRefusal(2, "interpol", "no list of the configuration"), "\(unknown)")
        }
    }

    @Test func `coverage asks nobody it is not told to, and for no name that is not for tests`() async throws {
        try await ListFixture.with { fixture in
            try await fixture.folder.write("try.test\n", to: "police.txt")
            try await fixture.folder.write("# ours\ntry.test\nwww.real.se # no\n", to: "real.txt")
            let coverage = ["selftest", "coverage"]
            let noServer = try await Program.run(coverage + ["--names", fixture["police.txt"]])
            #expect(noServer.isRefusal(2, "--resolver", "--target"), "\(noServer)")
            let noName = try await Program.run(coverage + ["--resolver", "127.0.0.1"])
            #expect(noName.isRefusal(2, "--names"), "\(noName)")
            let real = try await Program.run(coverage + ["--names", fixture["real.txt"], "--resolver", "127.0.0.1"])
            #expect(real.isRefusal(2, "real.txt:3", "no test name"), "\(real)")
            #expect(real.errors.contains("www.real.se") == false)
            let noTarget = try await Program.run(
                coverage + [
                    "--names", fixture["police.txt"], "--resolver", "127.0.0.1", "--mechanism", "tls_sni",
                ]
            )
            #expect(noTarget.isRefusal(2, "tls_sni", "--target"), "\(noTarget)")
            for address in ["resolver.test", "127.0.0.1:53"] {
                #expect(
                    try await Program.run(
                        coverage + ["--names", fixture["police.txt"], "--resolver", address]
                    ).isRefusal(2, address)
                )
            }
        }
    }
}
