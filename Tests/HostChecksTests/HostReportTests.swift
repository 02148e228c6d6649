import FoundationEssentials
import Testing

@testable import HostChecks

@Suite("Host report")
struct HostReportTests {
    private struct Document: Decodable {
        struct Finding: Decodable {
            var check: String
            var severity: String
            var problem: String
            var reason: String
            var command: String?
            var advice: String?
        }
        struct Check: Decodable {
            var check: String
            var title: String
            var outcome: String
            var reason: String?
            var privilege: String?
        }
        var status: Int
        var passed: Int
        var faults: Int
        var warnings: Int
        var notes: Int
        var missing_privileges: [String]
        var findings: [Finding]
        var checks: [Check]
    }

    private static func document(_ facts: HostFacts) throws -> Document {
        try JSONDecoder().decode(Document.self, from: Data(HostReport(facts).json.utf8))
    }

    @Test func `the document has every check and every finding`() throws {
        let document = try Self.document(
            HealthyHost.facts { facts in
                facts.settings["net.ipv4.ip_forward"] = 0
                facts.settings["net.ipv6.conf.all.forwarding"] = 0
                facts.markUses = .denied(privilege: "CAP_NET_ADMIN")
                facts.bridges = .known(["br0"])
            }
        )
        #expect(document.status == 3)
        #expect(document.missing_privileges == ["CAP_NET_ADMIN"])
        #expect((document.faults, document.warnings, document.notes) == (0, 2, 1))
        #expect(document.findings.map(\.check) == ["forwarding", "forwarding", "bridges"])
        #expect(document.findings.first?.severity == "warning")
        #expect(document.findings.first?.command == "sysctl -w net.ipv4.ip_forward=1")
        #expect(document.checks.count == HostCheck.all.count)
        #expect(document.checks.first { $0.check == "mark-bits" }?.privilege == "CAP_NET_ADMIN")
        #expect(document.checks.first { $0.check == "list-expiry" }?.reason != nil)
        #expect(document.checks.count { $0.outcome == "passed" } == document.passed)
    }

    @Test func `notes alone leave the status at 0`() throws {
        let report = HostReport(try HealthyHost.facts { $0.bridges = .known(["br0"]) })
        #expect(report.exitStatus == 0)
        #expect(report.text(isVerbose: false).hasSuffix("29 checks passed; found: 1 note\n"))
    }

    @Test func `faults come first, and what passed is listed when asked for`() throws {
        let report = HostReport(
            try HealthyHost.facts { facts in
                facts.settings["net.netfilter.nf_conntrack_checksum"] = 0
                facts.queues = .known([])
            }
        )
        let text = report.text(isVerbose: false)
        let fault = try #require(text.firstRange(of: "FAULT queue-listeners: queues 0, 1: nobody listens\n    why:  "))
        let warning = try #require(text.firstRange(of: "WARNING conntrack-checksum: "))
        #expect(fault.lowerBound < warning.lowerBound)
        #expect(text.contains("passed  ") == false)
        let verbose = report.text(isVerbose: true)
        #expect(verbose.contains("passed  clock: the clock is synchronised\n"))
        #expect(verbose.contains("-       queue-owners: nobody listens on a queue\n"))
        #expect(report.exitStatus == 1)
    }
}
