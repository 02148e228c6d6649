import FoundationEssentials
import Subprocess
import TestSupport
import Testing

/// Wireshark's reader of captures.
private enum Tshark {
    /// Where it is in the search path; nil where it is not installed.
    static let path: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/tshark" }.first { FileManager.default.isExecutableFile(atPath: $0) }
}

@Suite("Composed packets as tshark reads them", .enabled(if: Tshark.path != nil, "tshark is not installed"))
struct TsharkTests {
    /// A pcap file of packets without a link header (LINKTYPE_RAW), in microseconds.
    private func capture(_ packets: [[UInt8]]) -> [UInt8] {
        var file = hex("A1B2C3D4 0002 0004 00000000 00000000 00040000 00000065")
        for (index, packet) in packets.enumerated() {
            file += bigEndian(UInt32(index)) + bigEndian(0 as UInt32)
            file += bigEndian(UInt32(packet.count)) + bigEndian(UInt32(packet.count)) + packet
        }
        return file
    }

    /// The fields of each packet: the protocols, the worst expert severity, the checksums' states.
    private func read(_ packets: [[UInt8]]) async throws -> [String] {
        let folder = try TemporaryFolder()
        let file = try folder.write(capture(packets), to: "composed.pcap")
        let fields = [
            "frame.protocols", "_ws.expert.severity", "_ws.expert.message", "_ws.malformed", "ip.checksum.status",
            "udp.checksum.status", "tcp.checksum.status", "icmp.checksum.status", "icmpv6.checksum.status",
        ]
        let checks = ["ip.check_checksum", "udp.check_checksum", "tcp.check_checksum"]
        let result = try await run(
            .name("tshark"),
            arguments: Arguments(
                ["-n", "-r", file, "-T", "fields"] + checks.flatMap { ["-o", "\($0):TRUE"] }
                    + fields.flatMap { ["-e", $0] }
            ),
            output: .string(limit: 1 << 20),
            error: .discarded
        )
        #expect(result.terminationStatus.isSuccess)
        return result.standardOutput.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
            String($0)
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: [false, true])
    func `each kind is read without a warning and with right checksums`(v6: Bool) async throws {
        let packets = try Kind.allCases.map { try #require($0.compose($0.sample(v6: v6))) }
        let lines = try await read(packets)
        #expect(lines.count == packets.count)
        for (kind, line) in zip(Kind.allCases, lines) {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map { String($0) }
            // Expert severities from warning (0x600000) on; that a reset is one is no fault of it.
            for severity in fields[1].split(separator: ",") where fields[2] != "Connection reset (RST)" {
                #expect(Int(severity).map { $0 < 0x60_0000 } == true, "\(kind): \(line)")
            }
            #expect(fields[3].isEmpty, "\(kind): \(line)")
            // 1 is good; 2, not verified, is what a quoted datagram gets.
            for status in fields[4...].joined(separator: ",").split(separator: ",") {
                #expect(status == "1" || status == "2" && kind == .portUnreachable, "\(kind): \(line)")
            }
        }
    }
}
