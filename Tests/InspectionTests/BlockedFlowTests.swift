import Blocklists
import TestSupport
import Testing

@testable import Inspection

/// A connection whose name was listed, whatever its ends go on to send.
@Suite("Blocked connections")
struct BlockedFlowTests {
    /// What a listed name can stand in.
    enum Carrier: CaseIterable {
        case hello, query, request, page

        var port: UInt16 {
            switch self {
            case .hello: 443
            case .query: 53
            case .request, .page: 80
            }
        }

        func stream(_ name: String) -> [UInt8] {
            switch self {
            case .hello: InspectionTests.hello("www.\(name)")
            case .query: DNSBuilder.prefixed(DNSBuilder.query("www.\(name)"))
            case .request, .page: Array("GET / HTTP/1.1\r\nHost: www.\(name)\r\n\r\n".utf8)
            }
        }
    }

    private static let runs: UInt64 = 25

    private func sensor(_ carrier: Carrier, _ action: Action) -> TestSensor {
        var configuration = InspectorConfiguration()
        configuration.answersHTTP = carrier == .page
        return TestSensor(lists(drop: ["blocked.test"], action: action), configuration)
    }

    private func conversation(_ carrier: Carrier, v6: Bool, _ sequence: UInt32) -> TCPConversation {
        TCPConversation(
            from: v6 ? .v6(7, port: 40_000) : .v4(7, port: 40_000),
            to: v6 ? .v6(8, port: carrier.port) : .v4(8, port: carrier.port),
            clientSequence: sequence,
            serverSequence: sequence &* 3 &+ 7
        )
    }

    /// A packet of either end that does not begin a connection: old or new data, with any flags but a SYN alone.
    private func arbitrary(
        _ conversation: TCPConversation,
        _ stream: [UInt8],
        _ random: inout SeededRandom
    ) -> (packet: [UInt8], isReset: Bool) {
        let isFromClient = Bool.random(using: &random)
        let flagSets: [PacketBuilder.Flags] = [
            .ack, [.ack, .push], [.ack, .fin], [.fin, .push, .ack], .rst, [.rst, .ack], [.syn, .ack], .push, [],
        ]
        let flags = flagSets[Int.random(in: 0..<flagSets.count, using: &random)]
        let begin = Int.random(in: 0..<stream.count, using: &random)
        let payloads: [[UInt8]] = [
            [], [], stream, Array(stream[begin...]), [0], [UInt8](repeating: 0x5A, count: 1_000),
        ]
        let offset = [0, begin, -1, stream.count, stream.count + 1_448, 70_000, -5_000]
        let shift = UInt32(truncatingIfNeeded: offset[Int.random(in: 0..<offset.count, using: &random)])
        let acknowledged = UInt32(truncatingIfNeeded: Int.random(in: -10...5_000, using: &random))
        let (own, other) =
            isFromClient
            ? (conversation.clientSequence, conversation.serverSequence)
            : (conversation.serverSequence, conversation.clientSequence)
        let packet = (isFromClient ? conversation.client : conversation.server).tcp(
            payloads[Int.random(in: 0..<payloads.count, using: &random)],
            flags: flags,
            sequence: own &+ 1 &+ shift,
            acknowledgment: flags.contains(.ack) ? other &+ 1 &+ acknowledged : 0
        )
        return (packet, flags.contains(.rst))
    }

    /// Opens a connection and sends a stream in up to three segments, in any order and some of them twice.
    ///
    /// - Returns: what came of the segment that completed it.
    @discardableResult
    private func send(
        _ stream: [UInt8],
        in conversation: TCPConversation,
        to sensor: TestSensor,
        _ random: inout SeededRandom
    ) -> [Decision] {
        let cuts = Set(
            (0..<Int.random(in: 0...2, using: &random)).map { _ in Int.random(in: 1..<stream.count, using: &random) }
        )
        var order = Array(0...cuts.count).shuffled(using: &random)
        if Bool.random(using: &random) { order.append(order[0]) }
        sensor.inspect([conversation.syn, conversation.synAck, conversation.acknowledgment(of: 0, at: 0)])
        return conversation.segments(of: stream, cutAt: cuts.sorted(), order: order).map { sensor.inspect($0).decision }
    }

    @Test(arguments: Carrier.allCases, Action.allCases.filter { $0 != .observe })
    func `nothing of it passes, in either direction, until a connection begins`(_ carrier: Carrier, _ action: Action) {
        for seed in 0..<Self.runs {
            var random = SeededRandom(seed: seed)
            let sensor = sensor(carrier, action)
            let conversation = conversation(carrier, v6: seed % 2 == 1, UInt32.random(in: 0 ... .max, using: &random))
            let stream = carrier.stream("blocked.test")
            let decisions = send(stream, in: conversation, to: sensor, &random)
            #expect(decisions.contains { $0.verdict == .drop }, "seed \(seed)")
            for _ in 0..<40 {
                let (packet, isReset) = arbitrary(conversation, stream, &random)
                let decision = sensor.inspect(packet).decision
                #expect(decision.verdict == .drop, "seed \(seed): \(packet)")
                // A reset that is answered with a reset may be answered in turn, for ever.
                if isReset { #expect(decision.response == nil, "seed \(seed): \(packet)") }
                if action == .drop { #expect(decision.response == nil) }
                #expect(decision.flowMark != .accepted)
                sensor.seconds += 0.01
            }

            // The next connection between the same ports is judged for itself, from the SYN on.
            let next = self.conversation(carrier, v6: seed % 2 == 1, conversation.clientSequence &+ 1_000_000)
            let isListed = Bool.random(using: &random)
            #expect(sensor.inspect(next.syn).verdict == .accept, "seed \(seed)")
            #expect(sensor.inspect(next.synAck).verdict == .accept, "seed \(seed)")
            let last = next.segment(carrier.stream(isListed ? "blocked.test" : "allowed.test"), at: 0)
            #expect(sensor.inspect(last).verdict == (isListed ? .drop : .accept), "seed \(seed)")
        }
    }

    @Test(arguments: Carrier.allCases, Action.allCases.filter { $0 != .observe })
    func `a SYN in the middle of it lets nothing through that holds the name`(_ carrier: Carrier, _ action: Action) {
        for seed in 0..<Self.runs {
            var random = SeededRandom(seed: seed)
            let sensor = sensor(carrier, action)
            let conversation = conversation(carrier, v6: seed % 2 == 0, UInt32.random(in: 0 ... .max, using: &random))
            let stream = carrier.stream("blocked.test")
            send(stream, in: conversation, to: sensor, &random)
            let syn = conversation.client.tcp([], flags: .syn, sequence: .random(in: 0 ... .max, using: &random))
            sensor.inspect(syn)
            for packet in conversation.segments(of: stream, cutAt: [stream.count / 2]) + [
                conversation.segment(stream, at: 0)
            ] {
                #expect(sensor.inspect(packet).verdict == .drop, "seed \(seed)")
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func `a reset that brings the name is not answered with a reset`(_ carrier: Carrier) {
        let sensor = sensor(carrier, .reset)
        let conversation = conversation(carrier, v6: false, 1_000)
        sensor.inspect([conversation.syn, conversation.synAck])
        let decision = sensor.inspect(
            conversation.client.tcp(
                carrier.stream("blocked.test"),
                flags: [.rst, .ack],
                sequence: conversation.clientSequence &+ 1,
                acknowledgment: conversation.serverSequence &+ 1
            )
        ).decision
        #expect(decision.verdict == .drop)
        #expect(decision.response == nil)
    }
}
