import FoundationEssentials
import Testing

@testable import BenchmarkRecords
@testable import Figures
@testable import Telemetry

/// Two made-up members, and what is made of their figures.
enum Sample {
    /// 2026-11-20, counted from 1970-01-01.
    static let day: Int64 = 20_777

    /// The noon of the day after the last one of a sample.
    static let now = (day + 3) * 86_400 + 43_200

    /// A member with two lists that overlap, some of whose cells are under the threshold.
    static func alpha(_ offset: Int64 = 0) -> PeriodFigures {
        let start = (day + offset) * 86_400
        var figures = PeriodFigures(
            period: Period(.day, containing: start),
            market: Market(id: "se", access: .fixed, subscribers: 1_234_567),
            operation: OperationFigures(uptimeSeconds: 86_390.4, failOpenSeconds: 1.2, packets: 99, queueDrops: 17),
            visibility: VisibilityFigures(
                dnsNames: 81_234_567,
                tlsNames: 40_123_456,
                quicNames: 20_654_321,
                httpNames: 123_456,
                withoutServerName: 44_321,
                encryptedClientHello: 12_345_678,
                incomplete: 7,
                dotFlows: 12_003,
                doqFlows: 3
            ),
            unblockSeconds: [0.412, 0.051, 0.0731]
        )
        figures.lists = [
            ListFigures(
                list: "police",
                activations: [
                    ActivationFigures(
                        sequence: 411,
                        issuedAt: start + 3_601,
                        receivedAt: start + 3_877,
                        activatedAt: start + 3_889
                    ),
                    ActivationFigures(
                        sequence: 412,
                        issuedAt: start + 46_811,
                        receivedAt: start + 46_970,
                        activatedAt: start + 46_977
                    ),
                ],
                entries: 5_123,
                rejected: [
                    RejectedFigures(reason: "not_enforceable", entries: 12),
                    RejectedFigures(reason: "malformed", entries: 2),
                ],
                refusals: 0,
                staleSeconds: 0
            ),
            ListFigures(
                list: "interpol",
                activations: [],
                entries: 2_021,
                rejected: [],
                refusals: 1,
                staleSeconds: 60.5
            ),
        ]
        figures.matches = [
            MatchFigures(list: "police", mechanism: .dnsUDP, action: "nxdomain", events: 41_877, attempts: 14_003),
            MatchFigures(list: "police", mechanism: .tlsSNI, action: "nxdomain", events: 1_204, attempts: 612),
            MatchFigures(list: "police", mechanism: .quicV1, action: "nxdomain", events: 318, attempts: 101),
            MatchFigures(list: "police", mechanism: .dnsTCP, action: "nxdomain", events: 12, attempts: 4),
            MatchFigures(list: "interpol", mechanism: .dnsUDP, action: "observe", events: 3_012, attempts: 1_177),
            MatchFigures(list: "interpol", mechanism: .tlsSNI, action: "observe", events: 23, attempts: 8),
        ]
        figures.anyAttempts = [
            AnyAttemptFigures(mechanism: .dnsUDP, action: "nxdomain", attempts: 14_003),
            AnyAttemptFigures(mechanism: .dnsUDP, action: "observe", attempts: 311),
            AnyAttemptFigures(mechanism: .tlsSNI, action: "nxdomain", attempts: 612),
            AnyAttemptFigures(mechanism: .tlsSNI, action: "observe", attempts: 5),
            AnyAttemptFigures(mechanism: .quicV1, action: "nxdomain", attempts: 101),
            AnyAttemptFigures(mechanism: .dnsTCP, action: "nxdomain", attempts: 4),
        ]
        figures.coverage = [
            CoverageFigures(
                list: "police",
                mechanism: .dnsUDP,
                probes: 96,
                blocked: 96,
                medianMilliseconds: 1.2,
                longestMilliseconds: 9.8
            ),
            CoverageFigures(
                list: "police",
                mechanism: .quicV1,
                probes: 96,
                blocked: 95,
                medianMilliseconds: 3.4,
                longestMilliseconds: 1_003
            ),
        ]
        return figures
    }

    /// A small member with one list, which says neither its base nor its access.
    static func beta(_ offset: Int64 = 0) -> PeriodFigures {
        var figures = PeriodFigures(
            period: Period(.day, containing: (day + offset) * 86_400),
            market: Market(id: "no"),
            operation: OperationFigures(uptimeSeconds: 86_400)
        )
        figures.lists = [
            ListFigures(list: "police", activations: [], entries: 5_123, rejected: [], refusals: 0, staleSeconds: 0)
        ]
        figures.matches = [
            MatchFigures(list: "police", mechanism: .dnsUDP, action: "drop", events: 31, attempts: 9),
            MatchFigures(list: "police", mechanism: .httpHost, action: "drop", events: 1, attempts: 0),
        ]
        figures.anyAttempts = [AnyAttemptFigures(mechanism: .dnsUDP, action: "drop", attempts: 9)]
        figures.coverage = [
            CoverageFigures(list: "police", mechanism: .tlsSNI, probes: 3, blocked: 0)
        ]
        return figures
    }

    /// Their records.
    static func records() throws -> [BenchmarkRecord] {
        [
            try BenchmarkRecord(alpha(), member: "alpha", sensors: 1, now: now),
            try BenchmarkRecord(beta(), member: "beta", sensors: 1, now: now),
        ]
    }
}

/// The files that are kept beside the tests; with GRINDVAKT_GOLDEN they are written anew.
enum Golden {
    /// Whether a text is what a file has.
    static func expect(_ text: String, _ name: String, _ location: SourceLocation = #_sourceLocation) throws {
        let path = folder + name
        if ProcessInfo.processInfo.environment["GRINDVAKT_GOLDEN"] != nil {
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        let kept = try #require(
            FileManager.default.contents(atPath: path),
            "\(name) is missing",
            sourceLocation: location
        )
        #expect(text == String(decoding: kept, as: UTF8.self), "\(name)", sourceLocation: location)
    }

    /// Where they are.
    static let folder = #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/Golden/"
}
