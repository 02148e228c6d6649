import Foundation
import NetworkLab
import Testing

extension LiveTests {
    @Test func `a sensor at work is confined, in each of its threads`() async throws {
        try await Site.with { site in
            let sensor = try await site.startSensor()
            let log = sensor.lines.joined(separator: "\n")
            #expect(log.contains("confined: system calls are filtered"), "\(log)")
            try await site.applyRules()
            _ = try await site.startResponder()
            #expect(try await site.isAnswered(Site.unlisted))
            #expect(try await site.isStopped(Site.listed))
            try await site.reload()
            #expect(try await site.isStopped(Site.listed))

            let states = try await Self.states(of: site)
            #expect(states.count > 3, "its threads")
            // CAP_DAC_OVERRIDE and CAP_NET_ADMIN, as it runs as root here; CAP_IPC_LOCK and CAP_SYS_NICE where root cannot raise limits.
            let own = try #require(try Self.ownCapabilities())
            let expected = own >> 24 & 1 == 1 ? "0000000000001002" : "0000000000805002"
            for state in states {
                #expect(state["NoNewPrivs"] == "1")
                #expect(state["Seccomp"] == "2")
                #expect(state["CapEff"] == expected)
                #expect(state["CapPrm"] == expected)
            }
        }
    }

    @Test func `without the sandbox nothing is taken from the sensor`() async throws {
        try await Site.with { site in
            _ = try await site.startSensor("sandbox = false")
            let states = try await Self.states(of: site)
            #expect(states.isEmpty == false)
            #expect(states.allSatisfy { $0["Seccomp"] == "0" })
        }
    }

    @Test func `what a confined process must not do is refused`() async throws {
        try await Site.with { site in
            for options in [[], ["--tap"]] {
                let result = try await site.grindvakt(["selftest", "confinement"] + options)
                #expect(result.succeeded, "\(result)")
                #expect(result.output.contains("ALLOWED") == false, "\(result)")
                #expect(result.output.contains("refused   start a program"), "\(result)")
            }
        }
    }

    /// The capabilities of this process, CAP_SYS_RESOURCE being number 24.
    private static func ownCapabilities() throws -> UInt64? {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        return line.flatMap { UInt64($0.dropFirst(8), radix: 16) }
    }

    /// The lines of `/proc/PID/task/TID/status` of each thread of the site's sensor; the process that starts its successor is younger.
    private static func states(of site: Site) async throws -> [[String: String]] {
        let script = """
            for process in $(pgrep -o -f '^[^ ]*grindvakt run --config \(site.lab.folder)/'); do
                for task in /proc/$process/task/*/status; do cat $task; echo; done
            done
            """
        let text = try await Command.output(["sh", "-c", script])
        return text.split(separator: "\n\n").map { block in
            let lines = block.split(separator: "\n").map { $0.split(separator: ":", maxSplits: 1) }
            return Dictionary(
                lines.filter { $0.count == 2 }.map { (String($0[0]), $0[1].filter { $0 != "\t" && $0 != " " }) },
                uniquingKeysWith: { first, _ in first }
            )
        }
    }
}
