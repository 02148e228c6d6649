import Testing

@Suite("list diff", .timeLimit(.minutes(10)))
struct ListDiffCommandTests {
    @Test func `two list files are compared, with names only where they are asked for`() async throws {
        try await ListFixture.with { lists in
            let old = try await lists.folder.write("a.secret.test\nb.secret.test\n*.c.secret.test\n", to: "old.txt")
            let new = try await lists.folder.write("B.secret.test\nd.secret.test\nc.secret.test\n", to: "new.txt")
            let same = try await lists.list("diff", old, old)
            #expect(same.status == 0 && same.output.contains("no difference"), "\(same)")
            let diff = try await lists.list("diff", old, new)
            #expect(diff.status == 1 && diff.output.contains("3 -> 3 entries; 2 added, 2 removed"), "\(diff)")
            #expect(diff.output.contains("secret") == false)
            let shown = try await lists.list("diff", old, new, "--show-names")
            for line in ["+ c.secret.test", "+ d.secret.test", "- *.c.secret.test", "- a.secret.test"] {
                #expect(shown.output.split(separator: "\n").contains(Substring(line)), "\(line) in \(shown.output)")
            }
        }
    }

    @Test func `a snapshot is compared with text under its key, and under another by numbers alone`() async throws {
        try await ListFixture.with { lists in
            try await lists.makeSeal("police")
            let old = try await lists.writeNames(0..<100, to: "police.txt")
            let new = try await lists.writeNames(90..<110, to: "new.txt")
            let seal = lists["police.seal"]
            #expect(try await lists.list("build", "-o", lists["s"], "--seal", seal, old).status == 0)
            #expect(try await lists.list("build", "-o", lists["u"], old).status == 0)
            let same = try await lists.list("diff", lists["s"], old, "--seal", seal)
            #expect(same.status == 0, "\(same)")
            let diff = try await lists.list("diff", lists["s"], new, "--seal", seal, "--show-names")
            #expect(diff.status == 1 && diff.output.contains("10 added, 90 removed"), "\(diff)")
            #expect(diff.output.contains("gate shrink: refused"), "\(diff)")
            #expect(diff.output.contains("a snapshot has none") && diff.output.contains("secret") == false, "\(diff)")
            let apart = try await lists.list("diff", lists["s"], lists["u"], "--seal", seal)
            #expect(apart.status == 1 && apart.output.contains("different keys"), "\(apart)")
            #expect(try await lists.list("diff", lists["s"], old).isRefusal(2, lists["s"], "key"))
        }
    }

    @Test func `recorded traffic tells which flows would change`() async throws {
        try await ListFixture.with { lists in
            let capture = try await lists.folder.write(hexadecimal: Captures.query, to: "query.pcap")
            let old = try await lists.folder.write("other.test\n", to: "old.txt")
            let new = try await lists.folder.write("other.test\nlisted.test\n", to: "new.txt")
            let stopped = try await lists.list("diff", old, new, "--capture", capture)
            #expect(stopped.status == 1, "\(stopped)")
            #expect(
                stopped.output.contains("captures: 1 flows with names, 1 newly blocked, 0 newly freed"),
                "\(stopped)"
            )
            #expect(stopped.output.contains("listed.test") == false)
            let freed = try await lists.list("diff", new, old, "--show-names", "--capture", capture)
            #expect(freed.output.contains("0 newly blocked, 1 newly freed"), "\(freed)")
            #expect(freed.output.contains("  freed www.listed.test\n"), "\(freed)")
            let same = try await lists.list("diff", new, new, "--capture", capture)
            #expect(same.status == 0 && same.output.contains("0 newly blocked, 0 newly freed"), "\(same)")
            let bad = try await lists.list("diff", old, new, "--capture", old)
            #expect(bad.isRefusal(2, old), "\(bad)")
        }
    }
}
