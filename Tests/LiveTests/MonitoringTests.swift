import Glibc
import NetworkLab
import TestSupport
import Testing

extension LiveTests {
    @Test(.enabled(if: Monitoring.prometheus != nil, "prometheus is neither in PATH nor beside GRINDVAKT_PROMTOOL"))
    func `Prometheus scrapes the listener and gets the rates of the traffic that was sent`() async throws {
        let prometheus = try #require(Monitoring.prometheus)
        try await Site.with { site in
            _ = try await site.startResponder()
            _ = try await site.startSensor(listen: Monitoring.listener)
            try await site.applyRules()
            let server = try await site.startPrometheus(prometheus, jobs: ["listener": Monitoring.listener])
            let flood = try site.startFlood(least: 2_000, rate: 200, patience: 2, domain: Site.listed)
            try await site.wait("a rate") {
                try await site.values(of: #"rate(grindvakt_packets_total{verdict="drop"}[6s])"#).reduce(0, +) > 160
            }
            let rate = try await site.values(of: #"rate(grindvakt_packets_total{verdict="drop"}[6s])"#).reduce(0, +)
            #expect((160...240).contains(rate), "\(rate) a second of 200")
            let (sent, answered) = try await flood.end()
            #expect(sent == 2_000 && answered == 0)
            try await site.wait("the last packet") {
                try await site.values(of: #"sum(grindvakt_packets_total{verdict="drop"})"#) == [2_000]
            }
            #expect(try await site.values(of: "sum(grindvakt_matches_total)") == [2_000])
            #expect(try await site.values(of: "sum(grindvakt_verdict_seconds_count)") == [2_000])
            #expect(try await site.values(of: "min_over_time(up[1m])").allSatisfy { $0 == 1 })
            let quantile = "histogram_quantile(1, sum by (le) (grindvakt_verdict_seconds_bucket))"
            let slowest = try await site.values(of: quantile)
            #expect(slowest.allSatisfy { $0 > 0 && $0 <= 1.048576 })
            #expect(try await site.values(of: "sum(grindvakt_health_finding)") == [0])
            #expect(try await site.values(of: "sum(grindvakt_worker_cpu_seconds_total)").allSatisfy { $0 > 0 })
            #expect(try await site.values(of: "min(grindvakt_worker_realtime)") == [1])
            #expect(server.lines.contains { $0.contains("level=error") || $0.contains("level=warn") } == false)
        }
    }

    @Test(
        .enabled(
            if: Monitoring.prometheus != nil && Monitoring.haproxy != nil && Monitoring.nodeExporter != nil,
            "prometheus, haproxy or prometheus-node-exporter is missing; make test has them in .build-tools"
        )
    )
    func `haproxy and the node exporter pass on the numbers of the socket, and no change`() async throws {
        let (prometheus, haproxy) = (try #require(Monitoring.prometheus), try #require(Monitoring.haproxy))
        let nodeExporter = try #require(Monitoring.nodeExporter)
        try await Site.with { site in
            _ = try await site.startResponder()
            _ = try await site.startSensor()
            try await site.applyRules()
            let configuration = try site.lab.write(Monitoring.haproxyConfiguration(site.socket), to: "haproxy.cfg")
            _ = site.lab.spawn(haproxy + ["-db", "-f", configuration], on: site.lab.router)
            let folder = site.lab.path("textfiles")
            try await Command.output(["mkdir", folder])
            _ = site.lab.spawn(
                [
                    nodeExporter, "--collector.disable-defaults", "--collector.textfile",
                    "--collector.textfile.directory=\(folder)", "--web.listen-address=\(Monitoring.exporter)",
                ],
                on: site.lab.router
            )
            let jobs = ["haproxy": Monitoring.proxy, "textfile": Monitoring.exporter]
            _ = try await site.startPrometheus(prometheus, jobs: jobs)
            let flood = try site.startFlood(least: 100, rate: 200, patience: 1, domain: Site.listed)
            #expect(try await flood.end().sent == 100)
            let file = folder + "/grindvakt.prom"
            let written = try await site.grindvakt(["metrics", "--socket", site.socket, "--textfile", file])
            #expect(written.succeeded && written.output.isEmpty, "\(written)")
            #expect(try await Command.output(["stat", "-c", "%a %F", file]) == "644 regular file\n")
            #expect(try await Command.output(["ls", folder]) == "grindvakt.prom\n")
            for job in jobs.keys {
                try await site.wait("the packets by \(job)") {
                    try await site.values(of: #"sum(grindvakt_packets_total{verdict="drop",job="\#(job)"})"#) == [100]
                }
                #expect(try await site.values(of: #"up{job="\#(job)"}"#) == [1])
            }
            let error = #"node_textfile_scrape_error{job="textfile"}"#
            #expect(try await site.values(of: error) == [0])
            // Both ways carry every family, but for those that the node exporter has of itself.
            let families = #"count(count by (__name__) ({__name__=~"grindvakt_.*",job="%"}))"#
            let counts = try await ["haproxy", "textfile"].asyncMap { job in
                try await site.values(of: families.replacing("%", with: job))
            }
            #expect(counts[0] == counts[1] && (counts[0].first ?? 0) > 40, "\(counts)")

            let change = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST"]
            let refused = try await site.lab.router.run(change + ["http://\(Monitoring.proxy)/reload"])
            #expect(refused.output == "403")
            let read = try await site.lab.router.run(["curl", "-sS", "http://\(Monitoring.proxy)/healthz"])
            #expect(read.output == "ok\n")
        }
    }

    @Test
    func `clients that abuse the counters keep nobody from an answer, neither scrapers nor clients of the network`()
        async throws
    {
        try await Site.with { site in
            _ = try await site.startResponder()
            _ = try await site.startSensor(listen: Monitoring.listener)
            try await site.applyRules()
            let listener = Monitoring.listener.split(separator: ":").map(String.init)
            let arguments = [site.socket] + listener
            let loiterers = try site.start(Script.loiterers, named: "loiterers", arguments, on: site.lab.router)
            try await loiterers.waitForLine(containing: "loitering")
            let flood = try site.startFlood(least: 4_000, rate: 1_000)
            let scrape = ["curl", "-sS", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}"]
            while flood.isAsking {
                let listened = try await site.lab.router.run(scrape + ["http://\(Monitoring.listener)/metrics"])
                #expect(listened.output == "200", "\(listened)")
                let asked = try await site.lab.router.run(scrape + ["--unix-socket", site.socket, "http://x/metrics"])
                #expect(asked.output == "200", "\(asked)")
            }
            let (sent, answered) = try await flood.end()
            #expect(sent == 4_000 && answered == 4_000)
            #expect(loiterers.isRunning)
            _ = await loiterers.stop()
            let samples = try await site.samples()
            #expect(samples.sum("grindvakt_queue_unseen_total") == 0)
            #expect(samples.sum("grindvakt_packets_total", #"verdict="accept""#) == 8_000)
            // Debug and release builds alike: what 128 connections may hold, and not what 700 asked for.
            #expect((samples["process_resident_memory_bytes"] ?? 0) < 200 * 1_048_576)
            #expect((samples["process_open_fds"] ?? 0) < 200)
        }
    }

    @Test func `a listener whose address is taken ends the sensor before it has a queue`() async throws {
        try await Site.with { site in
            let first = try await site.startSensor(listen: Monitoring.listener)
            let configuration = try site.configure(socket: site.lab.path("other.sock"), queues: "7")
            let second = try await site.grindvakt(["run", "--config", configuration, "--listen", Monitoring.listener])
            #expect(second.status == .exited(2))
            #expect(second.errors.contains("\(Monitoring.listener): another process is listening there"))
            #expect(try await site.boundQueues() == ["0", "1"])
            #expect(try await Command.run(["test", "-e", site.lab.path("other.sock")]).succeeded == false)
            #expect(await first.stop() == .exited(0))
        }
    }
}

/// The programs of others that read the counters, and where they do.
enum Monitoring {
    /// Where the sensor, haproxy, the node exporter and Prometheus listen, in the router's own namespace.
    static let listener = "127.0.0.1:9469"
    static let proxy = "127.0.0.1:9470"
    static let exporter = "127.0.0.1:9471"
    static let server = "127.0.0.1:9472"

    /// Prometheus: beside promtool, else in PATH.
    static let prometheus =
        Promtool.path.flatMap { path in
            existing(path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/prometheus")
        } ?? existing("/usr/bin/prometheus")

    /// The node exporter: below the folder that GRINDVAKT_MONITORING names, else in its usual place.
    static let nodeExporter =
        folder.flatMap { existing($0 + "/usr/bin/prometheus-node-exporter") }
        ?? existing("/usr/bin/prometheus-node-exporter")

    /// The command that starts haproxy, with the libraries that were unpacked beside it.
    static let haproxy: [String]? =
        folder.flatMap { folder in
            existing(folder + "/usr/sbin/haproxy").map { ["env", "LD_LIBRARY_PATH=\(folder)/libraries", $0] }
        } ?? existing("/usr/sbin/haproxy").map { [$0] }

    /// What the README recommends.
    static func haproxyConfiguration(_ socket: String) -> String {
        """
        defaults
            mode http
            timeout connect 5s
            timeout client 30s
            timeout server 30s

        frontend metrics
            bind \(proxy)
            http-request deny unless METH_GET
            default_backend grindvakt

        backend grindvakt
            server sensor unix@\(socket)

        """
    }

    private static let folder: String? = {
        // SAFETY: the environment is not changed; what is returned is nil or a NUL-terminated string, copied at once.
        guard let value = unsafe getenv("GRINDVAKT_MONITORING") else { return nil }
        return unsafe String(cString: value)
    }()

    private static func existing(_ path: String) -> String? {
        // SAFETY: the string outlives the call.
        unsafe access(path, X_OK) == 0 ? path : nil
    }
}

extension Site {
    /// Starts Prometheus on the router, which scrapes each job's address once a second.
    fileprivate func startPrometheus(_ program: String, jobs: [String: String]) async throws -> LabProcess {
        let scrapes = jobs.map { job, address in
            "  - job_name: \(job)\n    static_configs:\n      - targets: [\"\(address)\"]\n"
        }
        return try await startPrometheus(program, scraping: scrapes.joined())
    }

    /// Starts Prometheus on the router, with these entries of `scrape_configs`, once a second.
    func startPrometheus(_ program: String, scraping jobs: String) async throws -> LabProcess {
        let text = "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n" + jobs
        let server = lab.spawn(
            [
                program, "--config.file=\(try lab.write(text, to: "prometheus.yml"))",
                "--storage.tsdb.path=\(lab.path("prometheus"))", "--web.listen-address=\(Monitoring.server)",
                "--log.level=warn",
            ],
            on: lab.router
        )
        try await server.waitUntilReady("Prometheus", timeLimit: .seconds(60)) {
            try await lab.router.run(["curl", "-sf", "http://\(Monitoring.server)/-/ready"]).succeeded
        }
        return server
    }

    /// The values of a query.
    func values(of query: String) async throws -> [Double] {
        let result = try await lab.router.run([
            "curl", "-sS", "--max-time", "30", "--data-urlencode", "query=\(query)",
            "http://\(Monitoring.server)/api/v1/query",
        ])
        try #require(result.output.hasPrefix(#"{"status":"success""#), "\(query): \(result)")
        // Each value is a pair of a time and a text: "value":[1763776900.5,"42"].
        return result.output.split(separator: #""value":["#).dropFirst().compactMap { rest in
            Double(rest.split(separator: "\"").dropFirst().first ?? "")
        }
    }

    fileprivate func wait(_ what: String, until condition: @escaping @Sendable () async throws -> Bool) async throws {
        let isSo = try await Command.wait(atMost: .seconds(60), until: condition)
        try #require(isSo, "\(what) did not come")
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
