import Testing

/// What `systemd/debian/build` makes of the program under test. Whether it installs is what `make test-package` tells.
@Suite("Debian package", .enabled("needs debhelper") { try await Program.run("which", ["dh"]).status == 0 })
struct DebianPackageTests {
    /// Builds the package into a folder, with little compression.
    private func build(_ folder: Folder, _ name: String) async throws -> String {
        let output = "\(folder.path)/\(name)"
        let outcome = try await Program.run(
            "env",
            [
                "DPKG_DEB_COMPRESSOR_TYPE=gzip", "DPKG_DEB_COMPRESSOR_LEVEL=1", "SOURCE_DATE_EPOCH=1750000000",
                Program.packageRoot() + "/systemd/debian/build", "--grindvakt", try await Program.path(),
                "--output", output, "--version", "0.0.1~test",
            ]
        )
        try #require(outcome.status == 0, "\(outcome)")
        return "\(output)/grindvakt_0.0.1~test"
    }

    /// What a command says, which must not fail.
    private func said(_ command: String, _ arguments: String...) async throws -> String {
        let outcome = try await Program.run(command, arguments)
        try #require(outcome.status == 0, "\(outcome)")
        return outcome.output
    }

    @Test func `two builds of one program are the same, and hold what an operator needs`() async throws {
        try await Folder.with { folder in
            let first = try await build(folder, "first")
            let second = try await build(folder, "second")
            let architecture = try await said("dpkg", "--print-architecture").split(separator: "\n")[0]
            for end in ["_\(architecture).deb", "_\(architecture).spdx.json"] {
                let compared = try await Program.run("cmp", [first + end, second + end])
                #expect(compared.status == 0, "\(compared)")
            }

            let package = "\(first)_\(architecture).deb"
            let depends = try await said("dpkg-deb", "-f", package, "Depends")
            for name in ["curl", "libnetfilter-queue1", "libpcap0.8t64", "| libpcap0.8", "libssl3t64", "| libssl3"] {
                #expect(depends.contains(name), "\(depends)")
            }
            let conffiles = try await said("dpkg-deb", "--info", package, "conffiles")
            #expect(conffiles.contains("/etc/grindvakt/grindvakt.toml"), "\(conffiles)")

            let listing = try await said("dpkg-deb", "--contents", package)
            let files = Set(
                listing.split(separator: "\n").compactMap { line in line.split(separator: " ").last.map(String.init) }
            )
            for file in Self.files {
                #expect(files.contains("./" + file), "\(file) is missing")
            }
            let isRoots = listing.split(separator: "\n").allSatisfy { $0.contains(" root/root ") }
            #expect(isRoots)

            let unpacked = folder.path + "/unpacked"
            _ = try await said("dpkg-deb", "-x", package, unpacked)
            let units = try await said("cat", "\(unpacked)/usr/lib/systemd/system/grindvakt.service")
            #expect(units.contains("ExecStart=/usr/bin/grindvakt run"), "\(units)")
            let folders = try await said("ls", unpacked, unpacked + "/usr")
            #expect(!folders.contains("local"), "\(folders)")
        }
    }

    @Test(arguments: [
        (["--grindvakt", "/nonexistent/grindvakt"], "/nonexistent/grindvakt: not there; run: make deb"),
        (["--unknown"], "--unknown is not known"), (["--version"], "--version wants a value"),
    ])
    func `what cannot be built is refused in one line`(arguments: [String], told: String) async throws {
        let outcome = try await Program.run(Program.packageRoot() + "/systemd/debian/build", arguments)
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains(told), "\(outcome)")
    }

    /// Some of what must be in it, one of each kind.
    private static let files = [
        "etc/grindvakt/grindvakt.toml", "etc/grindvakt/doh-endpoints.txt", "usr/bin/grindvakt",
        "usr/lib/systemd/system/grindvakt.service", "usr/lib/systemd/system/grindvakt-fetch.timer",
        "usr/lib/systemd/system/grindvakt-tap@.service", "usr/lib/sysusers.d/grindvakt.conf",
        "usr/lib/tmpfiles.d/grindvakt.conf", "usr/share/bash-completion/completions/grindvakt",
        "usr/share/zsh/vendor-completions/_grindvakt", "usr/share/fish/vendor_completions.d/grindvakt.fish",
        "usr/share/grindvakt/monitoring/grindvakt.rules.yml", "usr/share/doc/grindvakt/examples/rules.nft",
        "usr/share/doc/grindvakt/examples/rules.iptables", "usr/share/man/man1/grindvakt.1.gz",
        "usr/share/man/man1/grindvakt-list-build.1.gz", "usr/share/man/man1/grindvakt-config-check.1.gz",
        "usr/share/grindvakt/grindvakt.schema.json", "usr/share/man/man5/grindvakt.toml.5.gz",
    ]
}
