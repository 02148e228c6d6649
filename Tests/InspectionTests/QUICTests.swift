import Telemetry
import TestSupport
import Testing

@testable import Inspection
@testable import QUICProtection

/// One client's UDP flow.
struct QUICConversation {
    var client = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(80, port: 443))
    var initial = QUICInitialBuilder()

    /// A packet with these QUIC packets in one datagram.
    func datagram(_ packets: [UInt8]...) -> [UInt8] { client.udp(packets.flatMap(\.self)) }

    func answer(_ packets: [UInt8]...) -> [UInt8] { client.reversed.udp(packets.flatMap(\.self)) }

    /// The hello in so many Initials, in their order, each in a datagram of its own.
    func hello(_ message: [UInt8], in count: Int = 1) -> [[UInt8]] {
        let cuts = (1..<max(count, 1)).map { message.count * $0 / count }
        return initial.crypto(message, cutAt: cuts).enumerated().map { index, frame in
            var numbered = initial
            numbered.packetNumber = UInt32(index)
            return datagram(numbered.packet(frame))
        }
    }

    /// An Initial that acknowledges the server's, with the server's connection ID and the client's keys.
    var acknowledgment: [UInt8] {
        var later = initial
        later.keyConnectionID = initial.keyConnectionID ?? initial.connectionID
        later.connectionID = hex("F067A5502A4262B5")
        later.packetNumber = 9
        return datagram(later.packet(QUICInitialBuilder.acknowledgment))
    }

    var handshake: [UInt8] { datagram(initial.opaque(type: 2)) }

    var short: [UInt8] { datagram(QUICInitialBuilder.short) }
}

func quicHello(_ name: String? = "www.blocked.test", length: Int = 0, last: Bool = false) -> [UInt8] {
    var builder = ClientHelloBuilder(serverName: name)
    builder.paddedLength = length
    builder.namesServerLast = last
    return builder.message
}

@Suite("QUIC")
struct QUICTests {
    static let flow = QUICConversation()

    static let v6: QUICConversation = {
        var flow = QUICConversation()
        flow.client = PacketBuilder(from: .v6(7, port: 40_000), to: .v6(80, port: 8_443))
        return flow
    }()

    @Test(arguments: [flow, v6])
    func `a listed name blocks its flow for good`(_ flow: QUICConversation) {
        let sensor = TestSensor()
        let seen = sensor.inspect(flow.hello(quicHello())[0])
        #expect(seen.decision == Decision(.drop, flowMark: .blocked))
        #expect(seen.names == ["www.blocked.test"])
        #expect(sensor.inspector.finding(at: 0).inspectedProtocol == .quic)
        #expect(sensor.inspector.finding(at: 0).source == .hello)
        #expect(sensor.inspector.waitingByteCount == 0)
        let later = [
            flow.hello(quicHello())[0], flow.handshake, flow.short, flow.answer(QUICInitialBuilder.short),
            flow.datagram([1, 2, 3]), flow.hello(quicHello("other.test"))[0], flow.datagram([]),
        ]
        for packet in later { #expect(sensor.inspect(packet).decision == Decision(.drop, flowMark: .blocked)) }
    }

    @Test func `an unlisted name lets the flow go once the server has answered`() {
        for later in [Self.flow.handshake, Self.flow.short, Self.flow.acknowledgment] {
            let sensor = TestSensor()
            let seen = sensor.inspect(Self.flow.hello(quicHello("other.test"))[0])
            #expect(seen.decision == Decision(.accept))
            #expect(seen.names == ["other.test"])
            // The server's own packets prove nothing.
            #expect(sensor.inspect(Self.flow.answer(QUICInitialBuilder.short)).decision == Decision(.accept))
            #expect(sensor.inspect(Self.flow.answer(Self.flow.initial.opaque(type: 2))).decision == Decision(.accept))
            #expect(sensor.inspect(Self.flow.datagram(Self.flow.initial.opaque(type: 1))).decision == Decision(.accept))
            #expect(sensor.inspect(later).decision == Decision(.accept, flowMark: .accepted))
            #expect(sensor.inspect(Self.flow.short).decision == Decision(.accept, flowMark: .accepted))
            #expect(sensor.inspector.waitingByteCount == 0)
        }
    }

    @Test(arguments: QUICVersionUnderTest.all)
    func `hellos of every version are read`(version: QUICVersionUnderTest) {
        var flow = Self.flow
        flow.initial.version = version
        for count in 1...3 {
            let sensor = TestSensor()
            #expect(sensor.dropped(flow.hello(quicHello(length: 1_800), in: count)) == [count - 1])
        }
    }

    @Test(arguments: [[0, 1], [1, 0], [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
    func `a hello in several datagrams is put together in any order`(order: [Int]) {
        for last in [false, true] {
            let sensor = TestSensor()
            let packets = Self.flow.hello(quicHello(length: 2_900, last: last), in: order.count)
            #expect(sensor.dropped(order.map { packets[$0] }) == [order.count - 1])
            #expect(sensor.inspector.anomalies.contains(.multiInitial))
            #expect(sensor.inspector.anomalies.contains(.outOfOrder) == (order != order.sorted()))
            #expect(sensor.inspector.anomalies.contains(.overlapConflict) == false)
            #expect(sensor.inspector.waitingByteCount == 0)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `scrambled and overlapping frames among others are put together`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let message = quicHello(length: Int.random(in: 0...2_500, using: &random))
        var packets: [[UInt8]] = []
        var missing = Set(message.indices)
        var frames: [[UInt8]] = []
        while missing.isEmpty == false {
            let start = Int.random(in: 0..<message.count, using: &random)
            let end = min(message.count, start + Int.random(in: 1...300, using: &random))
            missing.subtract(start..<end)
            frames.append(Self.flow.initial.crypto(Array(message[start..<end]), at: start))
            switch Int.random(in: 0...5, using: &random) {
            case 0: frames.append([1])
            case 1: frames.append([0, 0, 0])
            case 2: frames.append(Self.flow.initial.crypto([], at: 5))
            default: break
            }
            if missing.isEmpty || frames.joined().count > 900 {
                packets.append(Self.flow.datagram(Self.flow.initial.packet(Array(frames.joined()))))
                if Bool.random(using: &random) { packets.append(packets[packets.count - 1]) }
                frames = []
            }
        }
        let sensor = TestSensor()
        let dropped = sensor.dropped(packets)
        let first = dropped.first ?? 0
        #expect(dropped == Array(first..<packets.count))
        #expect(first >= packets.count - 2)
    }

    @Test func `a hello in one Initial with scrambled frames is no anomaly but their order`() {
        let sensor = TestSensor()
        let frames = Self.flow.initial.crypto(quicHello(), cutAt: [50, 60])
        let packet = Self.flow.initial.packet([1] + frames[2] + [0, 0] + frames[0] + frames[1])
        #expect(sensor.inspect(Self.flow.datagram(packet)).verdict == .drop)
        #expect(sensor.inspector.anomalies.contains(.outOfOrder))
        #expect(sensor.inspector.anomalies.contains(.multiInitial) == false)
    }

    @Test func `Initials behind others in a datagram are read`() {
        let message = quicHello()
        var second = Self.flow.initial
        second.paddedLength = 0
        second.packetNumber = 1
        var first = second
        first.packetNumber = 0
        let frames = first.crypto(message, cutAt: [100])
        let both = Self.flow.datagram(
            first.packet(frames[0]),
            first.opaque(type: 1),
            second.packet(frames[1]),
            QUICInitialBuilder.short
        )
        #expect(TestSensor().inspect(both).verdict == .drop)
        // However many others there are.
        let others = [[UInt8]](repeating: first.opaque(type: 1, length: 1), count: 500)
        let crowd = Self.flow.datagram(Array(others.joined()) + first.packet(first.crypto(message, at: 0)))
        #expect(TestSensor().inspect(crowd).verdict == .drop)
        let sham = [[UInt8]](repeating: first.opaque(type: 0, length: 30), count: 500)
        #expect(TestSensor().inspect(Self.flow.datagram(Array(sham.joined()))).decision.undecided == .overBudget)
    }

    @Test func `datagrams that the kernel hands over as one are read, each filled up with zeros behind its packet`() {
        var first = Self.flow.initial
        first.paddedLength = 900
        let frames = first.crypto(quicHello(), cutAt: [100])
        let begin = first.packet(frames[0])
        first.packetNumber = 1
        let end = first.packet(frames[1])
        let filling = [UInt8](repeating: 0, count: 1_252 - begin.count)
        for parts in [[begin, filling, end], [end, filling, begin], [begin, filling, end, filling]] {
            let sensor = TestSensor()
            let seen = sensor.inspect(Self.flow.datagram(Array(parts.joined())))
            #expect(seen.verdict == .drop && seen.names == ["www.blocked.test"])
        }
        // Behind the zeros nothing but a packet of a known version is looked for.
        for rest in [[], [1, 2, 3], [UInt8](repeating: 0xFF, count: 40), QUICInitialBuilder.short] as [[UInt8]] {
            let sensor = TestSensor()
            #expect(sensor.inspect(Self.flow.datagram(begin + filling + rest)).decision == Decision(.accept))
            #expect(sensor.inspect(Self.flow.datagram(end)).verdict == .drop)
        }
    }

    @Test func `repeated Initials change nothing`() {
        let sensor = TestSensor()
        let packets = Self.flow.hello(quicHello(length: 2_000), in: 2)
        #expect(sensor.dropped([packets[0], packets[0], packets[0], packets[1]]) == [3])
        let other = TestSensor()
        let unlisted = Self.flow.hello(quicHello("other.test"))
        #expect(other.inspect(unlisted[0]).names == ["other.test"])
        for _ in 0..<5 {
            #expect(other.inspect(unlisted[0]).names == [])
            #expect(other.inspector.anomalies.isEmpty)
        }
    }

    @Test func `a client that was told to retry is followed, though the Retry was not seen`() {
        for listed in [false, true] {
            let sensor = TestSensor()
            let name = listed ? "www.blocked.test" : "other.test"
            let packets = Self.flow.hello(quicHello(name, length: 2_000), in: 2)
            #expect(sensor.inspect(packets[0]).decision == Decision(.accept))
            var again = Self.flow
            again.initial.connectionID = hex("F067A5502A4262B5")
            again.initial.token = [7, 7, 7, 7]
            again.initial.packetNumber = 1
            let retried = again.hello(quicHello(name, length: 2_000), in: 2)
            #expect(sensor.inspect(retried[0]).verdict == .accept)
            #expect(sensor.inspector.anomalies.contains(.quicRetry))
            let seen = sensor.inspect(retried[1])
            #expect((seen.verdict == .drop) == listed)
            #expect(seen.names == [name])
            #expect(sensor.inspector.anomalies.contains(.quicRetry) == false)
        }
    }

    @Test func `a token of an earlier connection is no Retry`() {
        var flow = Self.flow
        flow.initial.token = [1, 2, 3]
        let sensor = TestSensor()
        #expect(sensor.inspect(flow.hello(quicHello())[0]).verdict == .drop)
        #expect(sensor.inspector.anomalies.isEmpty)
    }

    @Test func `part of a hello with the server's connection ID is the same hello's`() {
        let message = quicHello(length: 2_000)
        let sensor = TestSensor()
        let packets = Self.flow.hello(message, in: 2)
        sensor.inspect(packets[1])
        var resent = Self.flow
        resent.initial.keyConnectionID = resent.initial.connectionID
        resent.initial.connectionID = hex("F067A5502A4262B5")
        #expect(sensor.inspect(resent.hello(message, in: 2)[0]).verdict == .drop)
    }

    @Test func `a client that takes another version is followed`() {
        // Named by a Version Negotiation packet: a new connection.
        let sensor = TestSensor()
        var greased = Self.flow
        greased.initial.version.number = 0x1A2A_3A4A
        #expect(sensor.inspect(greased.hello(quicHello())[0]).decision.undecided == .unknownQUICVersion)
        #expect(sensor.inspect(Self.flow.answer(hex("80 00000000 00 00 00000001"))).decision == Decision(.accept))
        #expect(sensor.inspect(Self.flow.hello(quicHello())[0]).verdict == .drop)

        // Compatible negotiation (RFC 9368): the connection goes on in version 2, with keys of the same connection ID.
        let message = quicHello(length: 2_000)
        let other = TestSensor()
        other.inspect(Self.flow.hello(message, in: 2)[0])
        var later = Self.flow
        later.initial.version = .v2
        later.initial.keyConnectionID = Self.flow.initial.connectionID
        later.initial.connectionID = hex("F067A5502A4262B5")
        #expect(other.inspect(later.hello(message, in: 2)[1]).verdict == .drop)
    }

    @Test func `a server's Initials are never taken for a client's`() {
        var server = QUICConversation()
        server.initial.isServer = true
        server.initial.connectionID = [0xC1, 0xC2, 0xC3, 0xC4]
        server.initial.keyConnectionID = Self.flow.initial.connectionID
        let answer = server.client.reversed.udp(server.initial.packet(server.initial.crypto(quicHello(), at: 0)))
        let before = TestSensor()
        #expect(before.inspect(answer) == before.inspect(answer))
        #expect(before.inspector.flowCount == 0)
        #expect(before.inspect(Self.flow.hello(quicHello())[0]).verdict == .drop)

        let after = TestSensor()
        let packets = Self.flow.hello(quicHello(length: 2_000), in: 2)
        after.inspect(packets[0])
        #expect(after.inspect(answer).decision == Decision(.accept))
        #expect(after.inspect(packets[1]).verdict == .drop)
    }

    @Test func `a flow whose first packets were not seen is read from its next client Initial`() {
        let sensor = TestSensor()
        for packet in [Self.flow.answer(QUICInitialBuilder.short), Self.flow.short, Self.flow.handshake] {
            #expect(sensor.inspect(packet).decision == Decision(.accept))
        }
        #expect(sensor.inspector.flowCount == 0)
        #expect(sensor.inspect(Self.flow.hello(quicHello())[0]).verdict == .drop)
        // Whichever end has the lower address.
        var turned = Self.flow
        turned.client = turned.client.reversed
        #expect(TestSensor().inspect(turned.hello(quicHello())[0]).verdict == .drop)
    }

    @Test func `conflicting data are judged in the reading of the first copy and of the last`() {
        // Names of one length: the hellos differ only there.
        let decoy = quicHello("www.harmless.test", length: 600)
        let real = quicHello("www1.blocked.test", length: 600)
        #expect(decoy.count == real.count)
        for (first, second) in [(decoy, real), (real, decoy)] {
            let sensor = TestSensor()
            let packets = [Self.flow.hello(first)[0], Self.flow.hello(second)[0]]
            #expect(sensor.dropped(packets).first == (first == real ? 0 : 1))
        }
        // Only parts differ, and the hello is complete with the last of them.
        let cuts = [40, 200]
        let (bad, good) = (
            Self.flow.initial.crypto(real, cutAt: cuts), Self.flow.initial.crypto(decoy, cutAt: cuts)
        )
        for order in [
            [good[1], bad[1], good[0], good[2]], [bad[1], good[1], good[0], good[2]],
            [bad[2], good[2], bad[1], good[1], bad[0]],
            [good[0], good[2], good[1], bad[1]],
        ] {
            let sensor = TestSensor()
            let packets = order.map { Self.flow.datagram(Self.flow.initial.packet($0)) }
            #expect(sensor.dropped(packets).isEmpty == false)
            #expect(sensor.inspector.waitingByteCount == 0)
        }
        let counted = TestSensor()
        counted.inspect(Self.flow.hello(decoy)[0])
        counted.inspect(Self.flow.hello(quicHello("www2.harmless.tst", length: 600))[0])
        #expect(counted.inspector.anomalies.contains(.overlapConflict))
    }

    @Test func `a decoy with another connection ID hides nothing`() {
        var decoy = Self.flow
        decoy.initial.connectionID = hex("0102030405060708")
        let sham = decoy.hello(quicHello("other.test", length: 2_000), in: 2)
        let real = Self.flow.hello(quicHello(length: 2_000), in: 2)
        for order in [
            [sham[0], sham[1], real[0], real[1]], [sham[0], real[0], sham[1], real[1]],
            [real[0], sham[0], sham[1], real[1]], [real[1], sham[1], real[0]],
        ] {
            let sensor = TestSensor()
            #expect(sensor.dropped(order) == [order.count - 1])
            #expect(sensor.inspector.waitingByteCount == 0)
        }
    }

    @Test func `decoys are forgotten before a hello that is still waited for, and one that is, is counted`() {
        let real = Self.flow.hello(quicHello(length: 2_000), in: 2)
        let shams = (1...6).map { Self.conversation($0).hello(quicHello("other.test", length: 2_000), in: 2) }
        let whole = TestSensor()
        #expect(whole.dropped([real[0]] + shams.flatMap(\.self) + [real[1]]) == [13])
        #expect(whole.inspector.waitingByteCount == 0)
        let halves = TestSensor()
        let causes = ([real[0]] + shams.map { $0[0] }).map { halves.inspect($0).decision.undecided }
        #expect(causes == [nil, nil, .overBudget, .overBudget, .overBudget, .overBudget, .overBudget])
    }

    @Test func `packets from behind the hello do not end the wait for one that has begun`() {
        let packets = Self.flow.hello(quicHello(length: 2_000), in: 2)
        for decoy in [Self.flow.handshake, Self.flow.short, Self.flow.acknowledgment] {
            let sensor = TestSensor()
            #expect(sensor.dropped([packets[0], decoy, decoy, decoy, packets[1]]) == [4])
        }
        let sensor = TestSensor()
        sensor.inspect(packets[0])
        let later = (0..<8).map { _ in sensor.inspect(Self.flow.short).decision }
        #expect(later.dropLast().allSatisfy { $0 == Decision(.accept) })
        #expect(later.last == Decision(.accept, flowMark: .accepted, undecided: .midstream))
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `a new connection of an accepted flow's endpoints is read`() {
        let sensor = TestSensor()
        sensor.inspect(Self.flow.hello(quicHello("other.test"))[0])
        #expect(sensor.inspect(Self.flow.handshake).decision.flowMark == .accepted)
        // The old one's packets stay what they were.
        #expect(sensor.inspect(Self.flow.acknowledgment).decision.flowMark == .accepted)
        var next = Self.flow
        next.initial.connectionID = hex("0102030405060708")
        #expect(sensor.inspect(next.hello(quicHello())[0]).decision == Decision(.drop, flowMark: .blocked))
    }

    @Test func `a hello with the connection ID of a connection that was let go is read, whole or in parts`() {
        for parts in 1...2 {
            let sensor = TestSensor()
            sensor.inspect(Self.flow.hello(quicHello("other.test", length: 2_000), in: 2)[0])
            sensor.inspect(Self.flow.hello(quicHello("other.test", length: 2_000), in: 2)[1])
            #expect(sensor.inspect(Self.flow.handshake).decision.flowMark == .accepted)
            let pings = Self.flow.datagram(Self.flow.initial.packet([1, 1, 1]))
            #expect(sensor.inspect(pings).decision == Decision(.accept, flowMark: .accepted))
            #expect(sensor.dropped(Self.flow.hello(quicHello(length: 2_000), in: parts)) == [parts - 1])
            #expect(sensor.inspector.waitingByteCount == 0)
        }
        let sensor = TestSensor()
        sensor.inspect(Self.flow.hello(quicHello("other.test"))[0])
        sensor.inspect(Self.flow.handshake)
        #expect(sensor.inspect(Self.flow.hello(quicHello("third.test"))[0]).names == ["third.test"])
        #expect(sensor.inspect(Self.flow.handshake).decision.flowMark == .accepted)
    }

    /// The flow's conversation with this octet as its connection ID, eight times.
    private static func conversation(_ octet: UInt8) -> QUICConversation {
        var conversation = flow
        conversation.initial.connectionID = Array(repeating: octet, count: 8)
        return conversation
    }

    @Test func `a new connection of a blocked flow's endpoints is read, and the kernel told to let it go`() {
        let sensor = TestSensor()
        let blocked = Self.flow.hello(quicHello())[0]
        #expect(sensor.inspect(blocked).decision == Decision(.drop, flowMark: .blocked))
        let next = Self.conversation(1)
        let seen = sensor.inspect(next.hello(quicHello("other.test"))[0])
        #expect(seen.names == ["other.test"])
        #expect(seen.decision == Decision(.accept, flowMark: .accepted))
        // What the first one sends again is dropped, and the second one goes on.
        #expect(sensor.inspect(blocked).decision == Decision(.drop))
        for packet in [next.handshake, next.acknowledgment, next.hello(quicHello("other.test"))[0], next.short] {
            #expect(sensor.inspect(packet).decision == Decision(.accept, flowMark: .accepted))
            #expect(sensor.inspect(blocked).decision == Decision(.drop))
        }
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `a datagram with a packet of what was blocked passes with no other in it`() {
        let sensor = TestSensor()
        let message = quicHello(length: 2_000)
        let halves = Self.flow.hello(message, in: 2)
        #expect(sensor.dropped(halves) == [1])
        let decoy = Self.conversation(1).initial.packet(Self.flow.initial.crypto(quicHello("other.test"), cutAt: [])[0])
        var rest = Self.flow.initial
        rest.packetNumber = 1
        let second = rest.packet(rest.crypto(message, cutAt: [1_000])[1])
        #expect(sensor.inspect(Self.flow.datagram(decoy, second)).decision.verdict == .drop)
        #expect(sensor.inspect(Self.flow.datagram(second, decoy)).decision.verdict == .drop)
        // The rest under the server's connection ID, as of a server that has acknowledged the first half, has the keys of the first.
        #expect(sensor.inspect(Self.flow.datagram(decoy)).decision == Decision(.accept, flowMark: .accepted))
        rest.keyConnectionID = Self.flow.initial.connectionID
        rest.connectionID = hex("F067A5502A4262B5")
        let renamed = rest.packet(rest.crypto(message, cutAt: [1_000])[1])
        #expect(sensor.inspect(Self.flow.datagram(renamed)).decision.verdict == .drop)
        #expect(sensor.inspect(halves[1]).decision.verdict == .drop)
    }

    @Test func `the rest of a hello that begins on a flow of a blocked one is judged with it`() {
        let sensor = TestSensor()
        sensor.inspect(Self.flow.hello(quicHello())[0])
        let halves = Self.conversation(1).hello(quicHello(length: 2_000), in: 2)
        #expect(sensor.inspect(halves[0]).decision == Decision(.accept, flowMark: .accepted))
        #expect(sensor.inspect(halves[1]).decision == Decision(.drop, flowMark: .blocked))
        // Two are remembered: a third has no place beside them.
        let third = Self.conversation(2).hello(quicHello("other.test"))[0]
        #expect(sensor.inspect(third).decision == Decision(.drop, flowMark: .blocked))
        for half in halves { #expect(sensor.inspect(half).decision == Decision(.drop, flowMark: .blocked)) }
    }

    @Test func `without ciphers every version is counted like an unknown one`() {
        let sensor = TestSensor()
        sensor.inspector.opener = InitialOpener(InitialCiphers(header: "none", payload: "none"))
        for version in QUICVersionUnderTest.all {
            var flow = Self.flow
            flow.client.source.port = UInt16(truncatingIfNeeded: 20_000 + version.number % 7_919)
            flow.initial.version = version
            let hello = flow.hello(quicHello())[0]
            #expect(sensor.inspect(hello).decision == Decision(.accept, undecided: .unknownQUICVersion), "\(version)")
            #expect(sensor.inspect(hello).decision == Decision(.accept), "\(version)")
        }
    }

    @Test func `an unknown version is counted once for its flow, on port 443`() {
        var flow = Self.flow
        flow.initial.version.number = 0xFF00_0099
        let packet = flow.datagram(flow.initial.packet([1]))
        let sensor = TestSensor()
        #expect(sensor.inspect(packet).decision == Decision(.accept, undecided: .unknownQUICVersion))
        for _ in 0..<6 { #expect(sensor.inspect(packet).decision == Decision(.accept)) }
        #expect(sensor.inspect(packet).decision == Decision(.accept, flowMark: .accepted))

        let other = TestSensor()
        flow.client.destination.port = 8_443
        #expect(other.inspect(flow.datagram(flow.initial.packet([1]))).decision == Decision(.accept))
        // Google's QUIC of before TLS is another protocol; RTP looks like a long header and is none.
        for version in [0x5130_3436, 0x5130_3530] as [UInt32] {
            var google = Self.flow
            google.initial.version.number = version
            #expect(other.inspect(google.datagram(google.initial.packet([1]))).decision == Decision(.accept))
        }
        #expect(
            other.inspect(Self.flow.datagram(hex("80 E0 0001 00000002 00000003 AABBCC"))).decision == Decision(.accept)
        )
        #expect(other.inspector.flowCount == 0)
    }

    @Test func `other datagrams leave nothing`() {
        let sensor = TestSensor()
        for payload in [[], [0x80], [0xC0, 0, 0, 0, 1], [0x40] + [UInt8](repeating: 1, count: 40), [22, 3, 1, 0, 5]] {
            #expect(sensor.inspect(Self.flow.datagram(payload)).decision == Decision(.accept))
        }
        #expect(sensor.inspect(Self.flow.datagram(Self.flow.initial.opaque(type: 0))).decision == Decision(.accept))
        #expect(sensor.inspector.flowCount == 0)
        // Port 53 is the resolvers'.
        var dns = Self.flow
        dns.client.destination.port = 53
        #expect(sensor.inspect(dns.hello(quicHello())[0]).names == [])
    }

    @Test func `the switch turns it off`() {
        var configuration = InspectorConfiguration()
        configuration.inspectsQUIC = false
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        #expect(sensor.inspect(Self.flow.hello(quicHello())[0]).decision == Decision(.accept))
        #expect(sensor.inspector.flowCount == 0)
    }

    @Test func `a datagram that is cut is counted as truncated`() {
        let packet = Self.flow.hello(quicHello())[0]
        let sensor = TestSensor()
        #expect(sensor.inspect(Array(packet[..<600])).decision == Decision(.accept, undecided: .truncated))
        #expect(sensor.inspect(packet).verdict == .drop)
    }

    @Test func `a packet with a frame that does not belong into it is malformed as a whole`() {
        let sensor = TestSensor()
        let frames = Self.flow.initial.crypto(quicHello(), at: 0)
        // A STREAM, a HANDSHAKE_DONE, a CRYPTO that goes past the packet's end.
        for wrong in [[0x08, 0, 0], [0x1E], [0x06, 0, 0x7F, 0xFF]] as [[UInt8]] {
            let packet = Self.flow.datagram(Self.flow.initial.packet(frames + wrong))
            #expect(sensor.inspect(packet).decision == Decision(.accept, undecided: .malformed))
        }
        #expect(sensor.inspect(Self.flow.hello(quicHello())[0]).verdict == .drop)
    }

    @Test func `what is no hello is malformed and not waited for`() {
        let sensor = TestSensor()
        let packet = Self.flow.initial.packet(Self.flow.initial.crypto([2, 0, 0, 4, 1, 2, 3, 4], at: 0))
        #expect(sensor.inspect(Self.flow.datagram(packet)).decision.undecided == .malformed)
        #expect(sensor.inspect(Self.flow.handshake).decision.flowMark == .accepted)
    }

    @Test func `a second hello of a stream is read`() {
        let sensor = TestSensor()
        let message = quicHello("other.test")
        sensor.inspect(Self.flow.hello(message)[0])
        let second = Self.flow.initial.packet(Self.flow.initial.crypto(quicHello(), at: message.count))
        #expect(sensor.inspect(Self.flow.datagram(second)).verdict == .drop)
        #expect(sensor.inspector.anomalies.contains(.secondHello))
    }

    @Test func `a hello without a name and one with an encrypted one are counted`() {
        let sensor = TestSensor()
        let seen = sensor.inspect(Self.flow.hello(quicHello(nil))[0])
        #expect(seen.decision == Decision(.accept))
        #expect(sensor.inspector.anomalies.contains(.noServerName))
        #expect(sensor.inspect(Self.flow.short).decision.flowMark == .accepted)

        var message = quicHello()
        // An empty encrypted_client_hello behind the last extension: three lengths grow by four.
        message += [0xFE, 0x0D, 0, 0]
        let lengths = 4 + 2 + 32 + 1 + 32 + 2 + 4 + 2
        for offset in [2, lengths] {
            let value = (UInt16(message[offset]) << 8 | UInt16(message[offset + 1])) + 4
            message.replaceSubrange(offset..<offset + 2, with: bigEndian(value))
        }
        #expect(sensor.inspect(QUICConversation(client: Self.v6.client).hello(message)[0]).verdict == .drop)
        #expect(sensor.inspector.anomalies.contains(.encryptedClientHello))
        #expect(sensor.inspector.anomalies.contains(.noServerName) == false)
    }

    @Test func `data past the limit are counted and not kept`() {
        var configuration = InspectorConfiguration()
        configuration.streamLimit = 4_096
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        for offset in [4_000, 1 << 61] {
            let packet = Self.flow.initial.packet(
                Self.flow.initial.crypto([UInt8](repeating: 1, count: 200), at: offset)
            )
            #expect(sensor.inspect(Self.flow.datagram(packet)).decision.undecided == .overBudget)
        }
        let long = Self.flow.initial.packet(Self.flow.initial.crypto([1, 0, 0x20, 0] + [3, 3], at: 0))
        #expect(sensor.inspect(Self.flow.datagram(long)).decision.undecided == .overBudget)
        #expect(sensor.inspector.waitingByteCount <= configuration.streamBudget)
    }

    @Test func `half-open hellos never take more than the budget, and the oldest go first`() {
        var configuration = InspectorConfiguration()
        configuration.flowCapacity = 200_000
        configuration.streamBudget = 1 << 20
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        // The same Initial from many clients.
        let packets = Self.flow.hello(quicHello(length: 2_000), in: 2)
        let payloads = packets.map { Array($0[28...]) }
        let room = configuration.streamBudget / StreamAssembler.blockCost
        let count = 100_000
        func client(_ number: Int) -> PacketBuilder {
            let address: [UInt8] = [10, UInt8(number >> 16 & 0xFF), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)]
            return PacketBuilder(from: Endpoint(address, port: 40_000), to: .v4(80, port: 443))
        }
        var evicted = 0
        for number in 0..<count {
            evicted += sensor.inspect(client(number).udp(payloads[0])).evictedStreams
            #expect(sensor.inspector.waitingByteCount <= configuration.streamBudget)
        }
        #expect(evicted == count - room)
        #expect(sensor.inspect(client(count - 1 - room).udp(payloads[1])).decision.flowMark == .accepted)
        for number in (count - room)..<count {
            #expect(sensor.inspect(client(number).udp(payloads[1])).verdict == .drop)
        }
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `random packets of few clients leak nothing and never trap`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var configuration = InspectorConfiguration()
            configuration.flowCapacity = 12
            configuration.streamLimit = 8_192
            configuration.streamBudget = 30_000
            configuration.flowTimeout = 20_000_000_000
            let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
            let messages = [
                quicHello(length: 3_000), quicHello("other.test", length: 3_000), [UInt8](repeating: 2, count: 3_000),
            ]
            for _ in 0..<1_500 {
                sensor.seconds += Double.random(in: 0...0.3, using: &random)
                var flow = Self.flow
                flow.client.source.port = UInt16.random(in: 40_000...40_020, using: &random)
                flow.initial.connectionID[0] = UInt8.random(in: 0...3, using: &random)
                if Bool.random(using: &random) { flow.initial.version = .v2 }
                let message = messages[Int.random(in: 0..<3, using: &random)]
                let start = Int.random(in: 0..<2_500, using: &random)
                let part = Array(message[start..<start + Int.random(in: 1...400, using: &random)])
                let offset = Int.random(in: 0...9, using: &random) == 0 ? start + 6_000 : start
                var packet = flow.initial.packet(flow.initial.crypto(part, at: offset))
                switch Int.random(in: 0...9, using: &random) {
                case 0: packet = Array(packet[..<Int.random(in: 0...packet.count, using: &random)])
                case 1: packet[Int.random(in: 0..<packet.count, using: &random)] ^= 0x11
                case 2: packet = QUICInitialBuilder.short
                case 3: packet = flow.initial.opaque(type: 2)
                default: break
                }
                let datagram = Bool.random(using: &random) ? flow.datagram(packet) : flow.answer(packet)
                sensor.inspect(datagram)
                #expect(sensor.inspector.flowCount <= 12)
                #expect(sensor.inspector.waitingByteCount <= configuration.streamBudget)
            }
            sensor.seconds += 100
            for number in 0..<60 {
                var flow = Self.flow
                flow.client.source.port = UInt16(50_000 + number)
                flow.initial.version.number = 0xFF00_0099
                sensor.inspect(flow.datagram(flow.initial.packet([1])))
            }
            #expect(sensor.inspector.waitingByteCount == 0)
        }
    }

    @Test func `every prefix of a datagram, and damaged ones, are survived`() {
        let sensor = TestSensor()
        let packet = Self.flow.hello(quicHello("other.test"))[0]
        for count in 0..<packet.count { #expect(sensor.inspect(Array(packet[..<count])).verdict == .accept) }
        var random = SeededRandom(seed: 3)
        for _ in 0..<2_000 {
            var damaged = packet
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                damaged[Int.random(in: 20..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            #expect(sensor.inspect(damaged).verdict == .accept)
        }
    }
}
