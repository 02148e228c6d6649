import Telemetry
import TestSupport

/// What a probe sends, and by what its answer is known.
struct ProbeMessage: Sendable {
    /// The octets.
    let octets: [UInt8]
    /// The number that a DNS answer repeats.
    let identifier: UInt16
    /// The connection ID that a QUIC answer is addressed to.
    let connectionID: [UInt8]

    /// The message of a probe, with numbers of its own.
    init(_ probe: Probe) {
        identifier = UInt16.random(in: .min ... .max)
        connectionID = (0..<8).map { _ in UInt8.random(in: .min ... .max) }
        let name = probe.name.description
        switch probe.route.mechanism {
        case .dnsUDP: octets = Self.query(name, probe.route.type ?? .a, identifier)
        case .dnsTCP: octets = DNSBuilder.prefixed(Self.query(name, probe.route.type ?? .a, identifier))
        case .tlsSNI: octets = ClientHelloBuilder(serverName: name).bytes
        case .quicV1: octets = Self.initial(name, .v1, connectionID)
        case .quicV2: octets = Self.initial(name, .v2, connectionID)
        case .httpHost:
            octets = Array(
                "GET / HTTP/1.1\r\nHost: \(name)\r\nUser-Agent: grindvakt-coverage\r\nConnection: close\r\n\r\n".utf8
            )
        }
    }

    /// A query that asks for recursion, with an OPT record (RFC 6891): an extended error (RFC 8914) is told only to who has sent one.
    ///
    /// It is padded (RFC 7830), because a sensor never answers with more octets than it has received.
    private static func query(_ name: String, _ type: Probe.RecordType, _ identifier: UInt16) -> [UInt8] {
        var octets = bigEndian(identifier) + bigEndian(UInt16(0x0100)) + [0, 1, 0, 0, 0, 0, 0, 1]
        octets += DNSBuilder.name(name) + bigEndian(type.rawValue) + [0, 1]
        let padding: UInt16 = 256
        octets += [0, 0, 41] + bigEndian(UInt16(1_232)) + [0, 0, 0, 0] + bigEndian(padding + 4)
        return octets + [0, 12] + bigEndian(padding) + [UInt8](repeating: 0, count: Int(padding))
    }

    private static func initial(_ name: String, _ version: QUICVersionUnderTest, _ source: [UInt8]) -> [UInt8] {
        var builder = QUICInitialBuilder(connectionID: (0..<8).map { _ in UInt8.random(in: .min ... .max) })
        builder.version = version
        builder.sourceConnectionID = source
        return builder.packet(builder.crypto(ClientHelloBuilder(serverName: name).message, at: 0))
    }
}
