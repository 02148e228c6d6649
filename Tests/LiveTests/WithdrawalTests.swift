import NetworkLab
import Testing

extension LiveTests {
    @Test func `no connection outlives a change of the lists for longer than configured`() async throws {
        try await Site.with { site in
            let (certificate, key) = try await site.lab.makeCertificate(names: ["long.test", "late.test"])
            let server = try site.start(
                Script.patientServer,
                named: "patient",
                [certificate, key] + site.lab.server.addresses,
                on: site.lab.server
            )
            try await server.waitForLine(containing: "ready")
            let configuration = try site.configure(sensor: "decision-lifetime = 2")
            let sensor = site.lab.spawn([site.binary, "run", "--config", configuration], on: site.lab.router)
            try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            try await site.applyRules()

            // Somebody else's bits of the mark are to stay.
            for program in ["iptables", "ip6tables"] {
                let rule = ["-t", "mangle", "-I", "PREROUTING", "-j", "CONNMARK", "--set-xmark", "0x100/0x100"]
                try await Command.output(site.lab.router.inside([program] + rule))
            }

            // A connection that goes on for as long as both ends want, of which the kernel lets all packets pass by now.
            func open(_ name: String, _ address: String) throws -> LabProcess {
                try site.start(
                    Script.patientClient,
                    named: "patient-\(name)",
                    [certificate, address, name],
                    on: site.lab.client
                )
            }
            let clients = try site.lab.server.addresses.map { try open("long.test", $0) }
            for client in clients { try await client.waitForLine(containing: "echoed 20") }

            try site.write(lists: [Site.listed, "long.test"])
            try await site.reload()
            for client in clients { try await client.waitForLine(containing: "cut", timeLimit: .seconds(90)) }
            try await sensor.waitForLine(containing: "decided by earlier lists")
            let marks = try await Command.output(site.lab.router.inside(["conntrack", "-L", "-p", "tcp"]))
            #expect(marks.contains("mark=\(0x4_0100)"), "\(marks)")

            // A connection decided by the lists in use goes on, past the time at which others were reset.
            let later = try open("late.test", site.lab.server.ipv4[0])
            try await later.waitForLine(containing: "echoed 400", timeLimit: .seconds(60))
            #expect(later.lines.contains { $0.contains("cut") } == false)
            #expect(sensor.isRunning)
        }
    }
}
