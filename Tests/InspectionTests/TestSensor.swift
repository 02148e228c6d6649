import Blocklists
import TestSupport
import Wire

@testable import Inspection

/// What came of one packet.
struct Seen: Equatable {
    let decision: Decision
    let names: [String]
    let lists: [Int?]
    let evictedFlows: Int
    let evictedStreams: Int

    var verdict: Verdict { decision.verdict }
}

/// An inspector with lists, and a clock that a test moves.
final class TestSensor {
    var inspector: Inspector
    var seconds = 1.0

    init(_ blocklist: Blocklist = lists(drop: ["blocked.test"]), _ configuration: InspectorConfiguration = .init()) {
        inspector = Inspector(configuration: configuration, blocklists: BlocklistSource(blocklist))
    }

    @discardableResult
    func inspect(_ packet: [UInt8]) -> Seen {
        let decision = inspector.inspect(packet.span, at: Instant(nanoseconds: UInt64(seconds * 1e9)))
        let findings = (0..<inspector.findingCount).map { inspector.finding(at: $0) }
        return Seen(
            decision: decision,
            names: findings.map { $0.name.presentation() },
            lists: findings.map { $0.match?.list },
            evictedFlows: inspector.evictedFlows,
            evictedStreams: inspector.evictedStreams
        )
    }

    /// The DNS message that decided about the last packet.
    var message: [UInt8] { Self.message(inspector) }

    private static func message(_ inspector: borrowing Inspector) -> [UInt8] {
        let message = inspector.decidingMessage
        var bytes: [UInt8] = []
        for index in message.indices { bytes.append(message[index]) }
        return bytes
    }

    /// What came of the last of these packets.
    @discardableResult
    func inspect(_ packets: [[UInt8]]) -> Seen? {
        packets.map { inspect($0) }.last
    }

    /// The packets that were dropped, by their place in `packets`.
    func dropped(_ packets: [[UInt8]]) -> [Int] {
        packets.indices.filter { inspect(packets[$0]).verdict == .drop }
    }
}

/// Lists of names with their subdomains: the first drops, the second observes; and the allow list.
func lists(
    drop: [String] = [],
    observe: [String] = [],
    allow: [String] = [],
    action: Action = .drop,
    unjudged: UnjudgedPackets = []
) -> Blocklist {
    var builder = BlocklistBuilder(
        lists: [
            ListDescriptor(id: "police", action: action, unjudged: unjudged),
            ListDescriptor(id: "watch", action: .observe),
        ],
        key: HashKey(1, 2)
    )
    for (names, list) in [(drop, 0 as Int?), (observe, 1), (allow, nil)] {
        for name in names {
            var parsed = DomainName()
            do throws(ListLineError) {
                try HostName.parse(Array(name.utf8).span, into: &parsed)
            } catch {
                preconditionFailure("a test's list holds no name")
            }
            builder.add(ListEntry(name: parsed, scope: [.itself, .subdomains]), list: list)
        }
    }
    return builder.build()
}

/// A hello for this server.
func hello(_ serverName: String? = "www.blocked.test", paddedLength: Int = 0, recordLength: Int = 16_384) -> [UInt8] {
    var builder = ClientHelloBuilder(serverName: serverName)
    builder.paddedLength = paddedLength
    builder.recordLength = recordLength
    return builder.bytes
}
