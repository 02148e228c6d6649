import Glibc
import NetworkLab
import Testing

@Suite("Network lab", .serialized, .enabled(if: getuid() == 0, "needs root"))
struct NetworkLabTests {
    private static func namespaces(_ part: String) async throws -> [String] {
        try await Command.output(["ip", "netns", "list"]).split(separator: "\n")
            .compactMap { $0.split(separator: " ").first.map(String.init) }
            .filter { $0.contains(part) }
    }

    private static func exists(_ path: String) async throws -> Bool {
        try await Command.run(["test", "-e", path]).succeeded
    }

    @Test func `clients reach the servers over IPv4 and IPv6, and nothing is left`() async throws {
        let names = try await Lab.withLab(watchingSignals: false) { lab in
            try await lab.startDNSServer()
            let tls = try await lab.startTLSServers(names: ["www.test", "www.shop.test"])
            for address in lab.server.addresses {
                let host = address.contains(":") ? "[\(address)]" : address
                for transport in ["+notcp", "+tcp"] {
                    let dig = try await lab.client.run(["dig", "+short", transport, "@\(address)", "www.test", "AAAA"])
                    #expect(dig.output == "2001:db8:2::2\n", "\(dig)")
                }
                for name in ["www.test", "www.shop.test"] {
                    let curl = try await lab.client.run([
                        "curl", "-sS", "--cacert", tls.certificate, "--connect-to", "\(name):443:\(host):443",
                        "-o", lab.path("page"), "-w", "%{http_code}", "https://\(name)/",
                    ])
                    #expect(curl.output == "200", "\(curl)")
                }
                let client = try await lab.client.run([
                    "openssl", "s_client", "-connect", "\(host):443", "-servername", "www.test", "-brief",
                ])
                #expect(client.succeeded && client.errors.contains("CONNECTION ESTABLISHED"), "\(client)")
            }
            try await tls.restart()
            let again = try await lab.client.run([
                "curl", "-sS", "-k", "-o", lab.path("page"), "-w", "%{http_code}", "https://198.51.100.2/",
            ])
            #expect(again.output == "200", "\(again)")
            #expect(try await Self.exists(lab.folder))
            return [lab.folder, lab.client.namespace]
        }
        #expect(try await !Self.exists(names[0]))
        let prefix = names[1].split(separator: "-").dropLast().joined(separator: "-")
        #expect(try await Self.namespaces(prefix).isEmpty)
    }

    @Test func `a command that takes too long is killed with its children`() async throws {
        let result = try await Command.run(
            ["sh", "-c", "echo begun; sleep 600 & echo $!; wait"],
            timeLimit: .milliseconds(500)
        )
        #expect(result.status == .timedOut)
        let lines = result.output.split(separator: "\n")
        #expect(lines.first == "begun")
        let child = try #require(lines.last.flatMap { pid_t($0) })
        #expect(try await Command.wait(atMost: .seconds(20)) { await Self.hasEnded(child) })
    }

    /// Whether a process is gone or waits for its parent to take note of its end.
    private static func hasEnded(_ process: pid_t) async -> Bool {
        let state = try? await Command.output(["sed", "-n", "s/^State:[[:space:]]*//p", "/proc/\(process)/status"])
        return state?.hasPrefix("Z") ?? true
    }

    @Test func `a signal tidies up and says so`() async throws {
        let names = AsyncStream.makeStream(of: String.self)
        let error = await #expect(throws: LabError.self) {
            try await Lab.withLab { lab in
                names.continuation.yield(lab.client.namespace)
                let server = try await lab.startDNSServer()
                kill(getpid(), SIGHUP)
                try await server.waitForLine(containing: "a line that never comes", timeLimit: .seconds(60))
            }
        }
        #expect(error == .interrupted(SIGHUP))
        names.continuation.finish()
        for await name in names.stream {
            #expect(try await Self.namespaces(name).isEmpty)
        }
    }

    @Test func `left-overs of a dead run are removed, those of a living one stay`() async throws {
        let dead = try await Command.output(["sh", "-c", "echo $$"]).split(separator: "\n").joined()
        let deadName = "grindvakt-\(dead)-AbCdEf-router"
        let living = "grindvakt-\(getppid())-AbCdEf-router"
        for name in [deadName, living] {
            try await Command.output(["ip", "netns", "add", name])
        }
        try await Lab.withLab(watchingSignals: false) { _ in }
        #expect(try await Self.namespaces(deadName).isEmpty)
        #expect(try await Self.namespaces(living) == [living])
        try await Command.output(["ip", "netns", "delete", living])
    }

    @Test func `a child that ends early is reported with its last words`() async throws {
        try await Lab.withLab(watchingSignals: false) { lab in
            let child = lab.spawn(["sh", "-c", "echo no such luck; exit 7"], on: lab.router)
            let error = await #expect(throws: LabError.self) { try await child.waitForLine(containing: "ready") }
            #expect(error?.description.contains("no such luck") == true)
            #expect(child.status == .exited(7))
        }
    }

    @Test func `the last line of a child that has ended is a line like any other`() async throws {
        try await Lab.withLab(watchingSignals: false) { lab in
            let child = lab.spawn(["sh", "-c", "echo first; echo last"], on: lab.router)
            #expect(try await Command.wait(atMost: .seconds(60)) { child.isRunning == false })
            try await child.waitForLine(containing: "last")
            try await child.waitForLine(containing: "first")
        }
    }

    @Test func `missing programs are named with the line that installs them`() async throws {
        let error = await #expect(throws: LabError.self) { try await Command.require(["sh", "no-such-program"]) }
        #expect(
            error?.description
                == "not installed: no-such-program; run: apt-get install --no-install-recommends no-such-program"
        )
        #expect(error?.exitStatus == 3)
    }
}
