import Glibc

extension Lab {
    /// Starts a DNS server on the server host, UDP and TCP port 53, on its IPv4 and IPv6 address.
    ///
    /// Every name under `.test` is answered with the server host's addresses, and an alias with its target and the target's addresses.
    /// - Throws: `LabError` where dnsmasq is missing or does not start.
    @discardableResult
    package func startDNSServer(aliases: [(name: String, target: String)] = []) async throws -> LabProcess {
        try await Command.require(["dnsmasq"])
        let addresses = server.addresses
        let process = spawn(
            [
                "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--pid-file=",
                "--user=root", "--group=root", "--no-resolv", "--no-hosts", "--cache-size=0", "--local=/test/",
                "--bind-interfaces", "--except-interface=lo",
            ] + addresses.flatMap { ["--listen-address=\($0)", "--address=/test/\($0)"] }
                + aliases.flatMap { alias in
                    [
                        "--host-record=\(alias.target),\(addresses.joined(separator: ","))",
                        "--cname=\(alias.name),\(alias.target)",
                    ]
                },
            on: server
        )
        try await process.waitUntilReady("dnsmasq") { [server] in
            let isTCPReady = try await server.isListening(on: 53, transport: .tcp, addresses: addresses)
            return isTCPReady ? try await server.isListening(on: 53, transport: .udp, addresses: addresses) : false
        }
        return process
    }

    /// Starts HTTP servers on the server host, TCP port 80, on its IPv4 and IPv6 address. They answer `GET /` with a page.
    ///
    /// - Throws: `LabError` where Python is missing or a server does not start.
    package func startHTTPServers() async throws {
        try await Command.require(["python3"])
        let folder = path("www")
        try await Command.output(["mkdir", folder])
        try write("<!doctype html><title>page</title>\n", to: "www/index.html")
        for address in server.addresses {
            let process = spawn(
                ["python3", "-m", "http.server", "80", "--bind", address, "--directory", folder],
                on: server
            )
            try await process.waitUntilReady("HTTP server") { [server] in
                try await server.isListening(on: 80, transport: .tcp, addresses: [address])
            }
        }
    }

    /// Starts TLS servers on the server host, TCP port 443, on its IPv4 and IPv6 address.
    ///
    /// They answer `GET /` with a page. Their certificate is made now, signed by itself, for `names`.
    /// - Throws: `LabError` where openssl is missing or does not start.
    package func startTLSServers(names: [String]) async throws -> LabTLSServers {
        let (certificate, key) = try await makeCertificate(names: names)
        let servers = LabTLSServers(lab: self, certificate: certificate, key: key)
        try await servers.start()
        return servers
    }

    /// Makes a key and a certificate for `names`, signed by itself and valid for two days, in the lab's folder.
    ///
    /// - Returns: the paths of both.
    /// - Throws: `LabError` where openssl is missing or fails.
    package func makeCertificate(names: [String]) async throws -> (certificate: String, key: String) {
        try await Command.require(["openssl"])
        let certificate = path("server.pem")
        let key = path("server.key")
        try await Command.output([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=grindvakt lab", "-keyout", key, "-out", certificate,
            "-addext", "subjectAltName=" + names.map { "DNS:\($0)" }.joined(separator: ","),
        ])
        return (certificate, key)
    }
}

/// The TLS servers of a lab.
///
/// openssl's server serves one connection after the other. A connection that the sensor blocks after the handshake of
/// TCP keeps it waiting for ever: `restart` frees it.
package actor LabTLSServers {
    /// The path of the certificate that the servers show; clients trust it as their authority.
    package nonisolated let certificate: String

    private let lab: Lab
    private let key: String
    private var processes: [LabProcess] = []

    init(lab: Lab, certificate: String, key: String) {
        self.lab = lab
        self.certificate = certificate
        self.key = key
    }

    /// Ends the servers with all their connections and starts them anew.
    ///
    /// - Throws: `LabError.notReady` where they do not come back.
    package func restart() async throws {
        for process in processes {
            process.send(SIGKILL)
        }
        for process in processes {
            await process.stop()
        }
        processes = []
        try await start()
    }

    func start() async throws {
        for address in lab.server.addresses {
            let host = address.contains(":") ? "[\(address)]" : address
            processes.append(
                lab.spawn(
                    ["openssl", "s_server", "-accept", "\(host):443", "-cert", certificate, "-key", key, "-www"],
                    on: lab.server
                )
            )
        }
        for (process, address) in zip(processes, lab.server.addresses) {
            try await process.waitUntilReady("openssl s_server") { [server = lab.server] in
                try await server.isListening(on: 443, transport: .tcp, addresses: [address])
            }
        }
    }
}
