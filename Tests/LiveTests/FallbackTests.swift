import NetworkLab
import TestSupport
import Testing

extension LiveTests {
    @Test(
        .enabled(if: Aioquic.python != nil && Chromium.path != nil, "aioquic or chromium-headless-shell is missing")
    )
    func `told that nobody speaks QUIC, a browser gives it up and goes on over TCP before it would by itself`()
        async throws
    {
        let (open, silent, listed) = (Site.unlisted, "silent.\(Site.unlisted)", "told.\(Site.unlisted)")
        let told = (1...3).map { "t\($0).\(listed)" }
        try await Site.with { site in
            try site.lab.write("\(silent)\n", to: "silent.txt")
            try site.lab.write("\(listed)\n", to: "told.txt")
            // Where TCP is not listed, what turns to it is seen to arrive.
            let sensor = try await site.startSensor(
                tables: """
                    [[list]]
                    id = "silent"
                    path = "silent.txt"
                    action = "drop"
                    protocols = ["quic"]

                    [[list]]
                    id = "told"
                    path = "told.txt"
                    action = "reset"
                    protocols = ["quic"]
                    """
            )
            try await site.applyRules()
            // It names no host, or the browser would ask for one host's pages over the QUIC connection of another.
            let (certificate, key) = try await site.lab.makeCertificate(names: ["none.invalid"])
            let python = try #require(Aioquic.python)
            let file = try site.lab.write(Script.twoWayServer, to: "two-way-server.py")
            let names = ([open, silent] + told).joined(separator: ",")
            let server = site.lab.spawn(
                [python, file, certificate, key, names] + site.lab.server.addresses,
                on: site.lab.server
            )
            try await server.waitForLine(containing: "ready")
            let quic = QUICSite(site: site, python: python, certificate: certificate, server: server, tap: server)

            for (number, address) in site.lab.server.addresses.enumerated() {
                let before = try await site.samples()
                let log = site.lab.path("net-\(number).json")
                let page = try await quic.browse(
                    open,
                    at: address,
                    overQUIC: false,
                    within: 30,
                    // Its QUIC takes only certificates of public authorities, but for hosts of which it is told to speak QUIC on some port.
                    options: ["--origin-to-force-quic-on=\(open):1", "--log-net-log=\(log)"]
                )
                #expect(page.succeeded, "\(page)")
                for (name, way) in [(open, "QUIC"), (silent, "TCP")] + told.map({ ($0, "TCP") }) {
                    #expect(page.output.contains("<p>\(name)/again came over \(way)</p>"), "\(name) \(page)")
                }
                let account = try await site.run(Script.netLog, named: "net-log", [log], on: site.lab.client)
                try #require(account.succeeded, "\(account)")
                let events = account.output.split(separator: "\n").map { String($0) }
                func first(_ beginning: String) -> Int { events.firstIndex { $0.hasPrefix(beginning) } ?? events.count }
                func causes(_ name: String) -> [String] {
                    events.filter { $0.hasPrefix("\(name) quic ends: ") }
                }

                for name in [open, silent] + told { #expect(first("\(name) quic begins") < events.count, "\(events)") }
                for name in told {
                    // The error of its socket, met as it reads or at its next write (-102), ends the attempt.
                    let refusals = causes(name).filter {
                        $0.contains("net::ERR_CONNECTION_REFUSED") || $0.contains("error: -102")
                    }
                    #expect(refusals.count == 1 && causes(name).count == 1, "\(events)")
                    #expect(first("\(name) tcp begins") < events.count, "\(events)")
                }
                // TCP begins then, and not before; where the machine stood still for long, once of three.
                let prompt = told.filter { first("\($0) quic ends") < first("\($0) tcp begins") }
                #expect(prompt.isEmpty == false, "\(events)")
                // Told nothing, it begins with TCP after some time, while it still waits for QUIC.
                #expect(first("\(silent) tcp begins") < first("\(silent) quic ends"), "\(events)")
                #expect(causes(silent).contains { $0.contains("REFUSED") || $0.contains("-102") } == false, "\(events)")

                let after = try await site.samples()
                let answered = #"grindvakt_responses_total{kind="unreachable",result="sent"}"#
                #expect(after[answered] ?? 0 > before[answered] ?? 0)
            }
            #expect(sensor.isRunning)
        }
    }
}
