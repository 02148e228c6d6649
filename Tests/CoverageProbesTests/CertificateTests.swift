import Figures
import ListFiles
import Telemetry
import TestSupport
import Testing

@testable import CoverageProbes

@Suite("Certificates")
struct CertificateTests {
    private static let key = SigningKey.generate()

    private static func quarter() throws -> Quarter { try #require(Quarter("2026Q4")) }

    private static func day(_ index: Int64, probes: UInt64 = 12, blocked: UInt64 = 12) throws -> PeriodFigures {
        let start = try quarter().start + index * 86_400
        return PeriodFigures(
            period: Period(.day, containing: start),
            market: Market(id: "se"),
            operation: OperationFigures(uptimeSeconds: 86_399.5, failOpenSeconds: 0.25, packets: 1_000, unseen: 1),
            lists: [
                ListFigures(
                    list: "police",
                    activations: [
                        ActivationFigures(
                            sequence: UInt64(40 + index),
                            issuedAt: start,
                            receivedAt: start + 60,
                            activatedAt: start + 100
                        )
                    ],
                    entries: 1_234,
                    staleSeconds: 1.5
                )
            ],
            coverage: [
                CoverageFigures(
                    list: "police",
                    mechanism: .dnsUDP,
                    probes: probes,
                    blocked: blocked,
                    medianMilliseconds: 4,
                    longestMilliseconds: 11.2
                )
            ]
        )
    }

    private static func certificate(knowsOperation: Bool = true) throws -> Certificate {
        Certificate(
            member: try #require(Identifier("example-net")),
            market: "se",
            quarter: try quarter(),
            effectiveAt: try quarter().start + 4 * 86_400 + 7,
            software: "0.1.0",
            days: [try day(0), try day(1, probes: 10, blocked: 9), try day(3), try day(100)],
            knowsOperation: knowsOperation
        )
    }

    @Test func `a certificate says what the figures of its days come to`() throws {
        let document = try Self.certificate().document(signedBy: [Self.key])
        let body = document.body
        #expect(body["document"] == .text("certificate"))
        #expect(body["effective_at"] == .text("2026-10-05T00:00:07Z"))
        #expect(body["quarter_is_over"] == .truth(false))
        let list = try #require(body["lists"]?.elements.first)
        #expect(list["sequences"] == .array([.text("40-41"), .text("43")]))
        #expect(list["issued_to_active_seconds"]?["p95"] == .number(100))
        #expect(list["received_to_active_seconds"]?["longest"] == .number(40))
        #expect(list["stale_seconds"] == .number(5))
        let cells = try #require(body["coverage"]?.elements)
        #expect(cells.count == Mechanism.allCases.count)
        #expect(cells[0]["probes"] == .number(34) && cells[0]["blocked"] == .number(33))
        #expect(cells[0]["longest_ms"] == .number(12))
        #expect(cells[1]["probes"] == .number(0) && cells[1]["median_ms_of_days"] == .null)
        #expect(body["operation"]?["fail_open_seconds"] == .number(1))
        let gaps = try #require(body["gaps"])
        #expect(gaps["days"] == .number(5))
        #expect(gaps["days_without_probes"] == .array([.text("2026-10-03"), .text("2026-10-05")]))
        #expect(gaps["days_without_uptime"] == .array([.text("2026-10-03"), .text("2026-10-05")]))
        #expect(gaps["not_all_blocked"] == .array([.text("police dns_udp")]))
        #expect(gaps["not_probed"]?.elements.count == 5)
    }

    @Test func `what is not known is said to be unknown`() throws {
        let body = try Self.certificate(knowsOperation: false).document(signedBy: [Self.key]).body
        #expect(body["operation"] == .null && body["lists"] == .null)
        #expect(body["gaps"]?["days_without_uptime"] == .null)
        #expect(body["coverage"]?.elements.isEmpty == false)
    }

    @Test func `numbers that are too high are said as the largest there is`() throws {
        var day = try Self.day(0, probes: .max, blocked: .max)
        day.lists[0].refusals = .max
        day.lists[0].activations = [ActivationFigures(issuedAt: .min, receivedAt: .min, activatedAt: .max)]
        day.operation.packets = .max
        var certificate = try Self.certificate()
        certificate.days.append(day)
        certificate.days.append(day)
        let body = try certificate.document(signedBy: [Self.key]).body
        let largest = DocumentValue.number(DocumentValue.largestNumber)
        let list = try #require(body["lists"]?.elements.first)
        #expect(list["refusals"] == largest)
        #expect(list["issued_to_active_seconds"]?["longest"] == largest)
        #expect(list["received_to_active_seconds"]?["longest"] == largest)
        #expect(body["coverage"]?.elements.first?["probes"] == largest)
        #expect(body["operation"]?["packets"] == largest)
    }

    @Test func `a certificate verifies, and does not once any octet is another`() throws {
        let document = try Self.certificate().document(signedBy: [Self.key])
        let octets = document.encoded
        let keys = [Self.key.verificationKey]
        #expect(try SignedDocument(parsing: octets) == document)
        #expect(try document.verify(keys) == [Self.key.verificationKey.id])
        var random = SeededRandom(seed: 5)
        for position in octets.indices {
            var changed = octets
            changed[position] ^= UInt8.random(in: 1...255, using: &random)
            #expect(throws: TrustFault.self, "octet \(position)") {
                _ = try SignedDocument(parsing: changed).verify(keys)
            }
        }
        for length in stride(from: 0, to: octets.count, by: 7) {
            #expect(throws: TrustFault.self) { _ = try SignedDocument(parsing: Array(octets[..<length])) }
        }
        #expect(throws: TrustFault.self) {
            _ = try document.verify([SigningKey.generate().verificationKey])
        }
    }

    @Test func `quarters are read`() throws {
        let quarter = try Self.quarter()
        #expect(quarter.start == 1_790_812_800 && quarter.end == 1_798_761_600)
        #expect(quarter.days(until: quarter.end).count == 92)
        #expect(try #require(Quarter("2027Q1")).start == quarter.end)
        #expect(try #require(Quarter("2028Q1")).days(until: .max).count == 91)
        for text in ["", "2026Q0", "2026Q5", "2026q4", "26Q4", "2026Q44", "+026Q1", "1969Q4"] {
            #expect(Quarter(text) == nil)
        }
    }

    @Test func `more ranges of sequences than there is room for have a word`() {
        #expect(Certificate.ranges([]) == .array([]))
        #expect(Certificate.ranges([.max, 3, 2, 3, 1]) == .array([.text("1-3"), .text("\(UInt64.max)")]))
        #expect(Certificate.ranges((0..<600).map { $0 * 2 }) == .null)
    }
}
