import NetworkLab
import TestSupport
import Testing

/// An HTTP/3 server and its wire, on a site.
struct QUICSite: Sendable {
    /// The site with the sensor.
    let site: Site
    /// The Python that has aioquic.
    let python: String
    /// The certificate of the server, which clients trust.
    let certificate: String
    /// The HTTP/3 server, UDP port 443; a TLS server with the same certificate stands beside it.
    let server: LabProcess
    /// Prints the packets of QUIC on the server's wire.
    let tap: LabProcess

    /// What the counter of stopped QUIC flows is called.
    static let stopped = #"grindvakt_matches_total{list="dropped",protocol="quic",action="drop"}"#
    /// What the counter of names in QUIC is called.
    static let names = #"grindvakt_names_total{protocol="quic"}"#

    /// Makes a site with a server, a sensor and rules, and runs `body`.
    static func with(
        retry: Bool = false,
        _ body: @escaping @Sendable (QUICSite) async throws -> Void
    ) async throws {
        let python = try #require(Aioquic.python)
        try await Site.with { site in
            let certificate = try await site.startTLSServer(names: [Site.unlisted, Site.listed, "www.\(Site.listed)"])
            let server = try start(
                Script.quicServer,
                named: "quic-server",
                [certificate, site.lab.path("server.key"), retry ? "retry" : "plain"] + site.lab.server.addresses,
                python: python,
                on: site.lab.server,
                of: site
            )
            let tap = try start(
                Script.quicTap,
                named: "quic-tap",
                ["uplink"],
                python: python,
                on: site.lab.server,
                of: site
            )
            for process in [server, tap] { try await process.waitForLine(containing: "ready") }
            let sensor = try await site.startSensor()
            try await site.applyRules()
            try await body(
                QUICSite(site: site, python: python, certificate: certificate, server: server, tap: tap)
            )
            #expect(sensor.isRunning, "\(sensor.lines)")
        }
    }

    private static func start(
        _ script: String,
        named name: String,
        _ arguments: [String],
        python: String,
        on host: LabHost,
        of site: Site
    ) throws -> LabProcess {
        let file = try site.lab.write(script, to: "\(name).py")
        return site.lab.spawn([python, file] + arguments, on: host)
    }

    // MARK: - Clients

    /// How a client sends its hello, see `Script.quicClient`.
    enum Form: String, CaseIterable, Sendable {
        case short
        case long
        case joined
    }

    /// What became of a request.
    struct Request: Sendable {
        /// The status of the answer; nil where none came.
        let status: String?
        /// The client's port.
        let port: String
    }

    /// Asks for a page with aioquic from a port, zero for any, and waits for the answer for some seconds.
    func ask(
        _ name: String,
        version: Int = 1,
        form: Form = .short,
        at address: String,
        from port: String = "0",
        within seconds: Int
    ) async throws -> Request {
        let file = try site.lab.write(Script.quicClient, to: "quic-client.py")
        let result = try await site.lab.client.run(
            [python, file, address, name, "\(version)", form.rawValue, certificate, "\(seconds)", port],
            timeLimit: .seconds(seconds + 40)
        )
        let lines = result.output.split(separator: "\n")
        let port = lines.first { $0.hasPrefix("port=") }?.dropFirst(5)
        let status = lines.last { $0.hasPrefix("answer=") }?.dropFirst(7)
        guard result.succeeded, let port, let status else {
            throw LabError.failed(command: "quic-client.py", detail: "\(result)")
        }
        return Request(status: status == "nothing" ? nil : String(status), port: String(port))
    }

    /// Lets the browser load `https://name/`, or the like of another scheme, with a profile of its own; names below it are at the same address.
    ///
    /// - Parameters:
    ///   - name: the host of the page.
    ///   - scheme: how the page is asked for.
    ///   - address: where it is.
    ///   - isForced: whether it begins with QUIC; else it begins with TCP, since nothing tells it of QUIC.
    ///   - seconds: after which it gives up.
    ///   - options: further ones of the browser's.
    /// - Throws: an issue where there is no browser, and what `LabHost.run` throws.
    /// - Returns: how it ended; the output is the page as it was read.
    func browse(
        _ name: String,
        scheme: String = "https",
        at address: String,
        overQUIC isForced: Bool,
        within seconds: Int,
        options: [String] = []
    ) async throws -> CommandResult {
        // What an earlier run has learnt of a host, that its QUIC is broken say, must not matter.
        let profile = try await Command.output(["mktemp", "-d", "-p", site.lab.folder]).split(separator: "\n").joined()
        let host = address.contains(":") ? "[\(address)]" : address
        let result = try await site.lab.client.run(
            [
                "env", "HOME=\(profile)", "TMPDIR=\(site.lab.folder)", try #require(Chromium.path), "--no-sandbox",
                "--disable-dev-shm-usage", "--disable-gpu", "--disable-breakpad", "--disable-background-networking",
                "--user-data-dir=\(profile)",
                "--host-resolver-rules=MAP \(name) \(host), MAP *.\(name) \(host), MAP * ~NOTFOUND",
                "--ignore-certificate-errors-spki-list=\(try await keyDigest())", "--enable-quic",
                "--timeout=\(seconds * 1000)",
            ] + options + (isForced ? ["--origin-to-force-quic-on=\(name):443"] : []) + [
                "--dump-dom", "\(scheme)://\(name)/",
            ],
            timeLimit: .seconds(seconds + 30)
        )
        // Its children follow it a moment later.
        let hasEnded = try await Command.wait(atMost: .seconds(90)) {
            try await Command.run(["pgrep", "-f", profile]).output.isEmpty
        }
        #expect(hasEnded, "the browser left processes")
        return result
    }

    /// The digest of the server's public key by which the browser lets a certificate pass that no authority has signed.
    private func keyDigest() async throws -> String {
        let commands = """
            openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary |
                openssl base64
            """
        let digest = try await Command.output(["sh", "-c", commands, "sh", certificate])
        return try #require(digest.split(separator: "\n").first.map { String($0) })
    }

    // MARK: - What the server saw

    /// The server's lines that begin with `begun` or `completed`, of one client's port or of all.
    func connections(_ beginning: String, from port: String = "") -> Int {
        server.lines.count { $0.hasPrefix("\(beginning) \(port)") }
    }

    /// Whether the server completes as many handshakes in all.
    func hasCompleted(_ count: Int) async throws -> Bool {
        try await Command.wait(atMost: .seconds(90)) { connections("completed") == count }
    }

    /// The packets of a direction, `in` or `out`, on the server's wire, of one client's port or of all, of one kind or of all.
    func packets(_ direction: String, from port: String? = nil, kind: String? = nil) -> [String] {
        tap.lines.filter { line in
            let words = line.split(separator: " ")
            return words.count > 3 && words[0] == direction && words[1] == port ?? String(words[1])
                && words[2] == kind ?? String(words[2])
        }
    }

    /// The same, after as many have come.
    func packets(
        _ direction: String,
        from port: String? = nil,
        kind: String,
        atLeast count: Int
    ) async throws -> [String] {
        let hasCome = try await Command.wait(atMost: .seconds(90)) {
            packets(direction, from: port, kind: kind).count >= count
        }
        #expect(hasCome, "fewer than \(count) of \(kind)")
        return packets(direction, from: port, kind: kind)
    }
}
