import Blocklists
import Telemetry
import TestSupport
import Testing

@testable import Inspection

@Suite("TLS hello")
struct TLSTests {
    static let v4 = TCPConversation()
    static let v6 = TCPConversation(from: .v6(7, port: 40_000), to: .v6(80, port: 8_443))

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [".blocked.test", "blocked..test", "", String(repeating: "a", count: 64) + ".test"]
    )
    func `a hello whose name is none is counted, and read no further`(name: String) {
        for handshake in [[Self.v4.syn, Self.v4.synAck], []] {
            let sensor = TestSensor()
            for packet in handshake { sensor.inspect(packet) }
            let seen = sensor.inspect(Self.v4.segment(hello(name), at: 0))
            #expect(seen.verdict == .accept && seen.names.isEmpty)
            #expect(name.isEmpty || handshake.isEmpty || seen.decision.undecided == .malformed)
        }
        // Neither does a hello behind a request that asked for TLS, nor one that goes by outside the window.
        let sensor = TestSensor()
        for packet in [Self.v4.syn, Self.v4.synAck] { sensor.inspect(packet) }
        let request = Array("GET / HTTP/1.1\r\nHost: a.test\r\nUpgrade: TLS/1.2\r\n\r\n".utf8)
        #expect(sensor.inspect(Self.v4.segment(request, at: 0)).names == ["a.test"])
        #expect(sensor.inspect(Self.v4.segment(hello(name), at: request.count)).names.isEmpty)
        #expect(sensor.inspect(Self.v4.segment(hello(name), at: 1 << 20)).names.isEmpty)
    }

    @Test(arguments: [v4, v6])
    func `a whole hello decides its flow`(_ conversation: TCPConversation) {
        let sensor = TestSensor()
        sensor.inspect([conversation.syn, conversation.synAck])
        let listed = sensor.inspect(conversation.segment(hello(), at: 0))
        #expect(listed.verdict == .drop)
        #expect(listed.decision.flowMark == .blocked)
        #expect(listed.names == ["www.blocked.test"])

        let other = TestSensor()
        other.inspect([conversation.syn, conversation.synAck])
        let unlisted = other.inspect(conversation.segment(hello("other.test"), at: 0))
        #expect(unlisted.decision == Decision(.accept))
        #expect(unlisted.names == ["other.test"])
        // The server has it, and what the client sends next is no hello.
        let count = hello("other.test").count
        #expect(
            other.inspect(conversation.answer([], at: 0, acknowledging: count)).decision == Decision(.accept)
        )
        #expect(other.inspector.waitingByteCount == 0)
        let next = other.inspect(conversation.acknowledgment(of: 90, [20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 40], at: count))
        #expect(next.decision == Decision(.accept))
        #expect(
            other.inspect(conversation.answer([23, 3, 3], at: 90, acknowledging: count + 11)).decision
                == Decision(.accept, flowMark: .accepted)
        )
        #expect(other.inspector.waitingByteCount == 0)
    }

    @Test func `the client's direction alone shows that the server has a hello`() {
        let sensor = TestSensor()
        let count = hello("other.test").count
        sensor.inspect([Self.v4.syn, Self.v4.segment(hello("other.test"), at: 0)])
        #expect(sensor.inspect(Self.v4.acknowledgment(of: 0, at: count)).decision == Decision(.accept))
        #expect(sensor.inspector.waitingByteCount > 0)
        #expect(sensor.inspect(Self.v4.acknowledgment(of: 1_400, at: count)).decision == Decision(.accept))
        #expect(sensor.inspector.waitingByteCount == 0)
        let data: [UInt8] = [23, 3, 3, 0, 2, 7, 7]
        #expect(sensor.inspect(Self.v4.acknowledgment(of: 1_400, data, at: count)).decision == Decision(.accept))
        #expect(
            sensor.inspect(Self.v4.acknowledgment(of: 2_800, at: count + data.count)).decision
                == Decision(.accept, flowMark: .accepted)
        )
    }

    @Test func `a flow is let go after some segments that say nothing`() {
        let sensor = TestSensor()
        let stream = hello("other.test")
        sensor.inspect([Self.v4.syn, Self.v4.segment(stream + [23, 3, 3, 0, 200, 1], at: 0)])
        var marks: [FlowMark?] = []
        for index in 0..<20 {
            let offset = stream.count + 6 + index * 5
            marks.append(sensor.inspect(Self.v4.segment([1, 2, 3, 4, 5], at: offset)).decision.flowMark)
        }
        #expect(marks.firstIndex(of: .accepted) == 16)
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `a harmless hello that the server does not get hides nothing`() {
        // The decoy may have a bad checksum or few hops to live; that the sensor cannot know. It may be longer or shorter, and be sent often.
        for decoy in [
            hello("innocent.test"), hello("a.test"), hello("i.test", paddedLength: 1_200), Array("GET / HT".utf8),
        ] {
            for count in 1...3 {
                let sensor = TestSensor()
                sensor.inspect([Self.v4.syn, Self.v4.synAck])
                for _ in 0..<count {
                    #expect(sensor.inspect(Self.v4.segment(decoy, at: 0)).verdict == .accept)
                }
                let real = sensor.inspect(Self.v4.segment(hello(), at: 0))
                #expect(real.verdict == .drop)
                #expect(real.names.contains("www.blocked.test"))
                #expect(sensor.inspector.waitingByteCount == 0)
                #expect(sensor.inspect(Self.v4.segment(decoy, at: 0)).verdict == .drop)
            }
        }
    }

    @Test func `a decoy before an unlisted hello does no harm`() {
        let sensor = TestSensor()
        let stream = hello("other.test")
        sensor.inspect([Self.v4.syn, Self.v4.synAck])
        #expect(sensor.inspect(Self.v4.segment(hello("innocent.test"), at: 0)).names == ["innocent.test"])
        #expect(sensor.inspect(Self.v4.segment(stream, at: 0)).names == ["other.test"])
        #expect(sensor.inspector.anomalies.contains(.overlapConflict))
        #expect(sensor.inspect(Self.v4.segment(stream, at: 0)).decision == Decision(.accept))
        sensor.inspect(Self.v4.acknowledgment(of: 90, [20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 40], at: stream.count))
        #expect(
            sensor.inspect(Self.v4.acknowledgment(of: 180, at: stream.count + 11)).decision.flowMark == .accepted
        )
    }

    @Test(arguments: [[0, 1, 2, 3], [1, 0, 3, 2], [0, 2, 3, 1], [2, 0, 1, 3], [1, 3, 0, 2], [3, 2, 1, 0]])
    func `whichever copies of overlapping segments a server takes, the listed name is found`(_ order: [Int]) {
        let real = hello("www.blocked.test")
        let fake = hello("www.innocen.test")
        #expect(real.count == fake.count)
        let cut = real.firstRange(of: Array("blocked".utf8))?.lowerBound ?? 0
        let segments = [
            Self.v4.segment(Array(real[..<(cut + 3)]), at: 0), Self.v4.segment(Array(fake[..<(cut + 3)]), at: 0),
            Self.v4.segment(Array(real[(cut + 3)...]), at: cut + 3),
            Self.v4.segment(Array(fake[(cut + 3)...]), at: cut + 3),
        ]
        let sensor = TestSensor()
        sensor.inspect([Self.v4.syn, Self.v4.synAck])
        #expect(sensor.dropped(order.map { segments[$0] }).isEmpty == false, "order \(order)")
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test(arguments: [true, false])
    func `segments of one octet that each come twice are read both ways`(_ isFakeFirst: Bool) {
        let real = hello("www.blocked.test")
        let fake = hello("www.innocen.test")
        let sensor = TestSensor()
        sensor.inspect([Self.v4.syn, Self.v4.synAck])
        var verdicts: [Verdict] = []
        for offset in real.indices {
            for stream in isFakeFirst ? [fake, real] : [real, fake] {
                verdicts.append(sensor.inspect(Self.v4.segment([stream[offset]], at: offset)).verdict)
            }
        }
        #expect(verdicts.contains(.drop))
    }

    @Test func `a SYN amid a hello does not make its beginning forgotten`() {
        for flags in [.syn, [.syn, .ack]] as [PacketBuilder.Flags] {
            let sensor = TestSensor()
            let segments = Self.v4.segments(of: hello(), cutAt: [60])
            sensor.inspect([Self.v4.syn, Self.v4.synAck, segments[0]])
            sensor.inspect(Self.v4.client.tcp([], flags: flags, sequence: 77_000_000))
            #expect(sensor.inspect(segments[1]).verdict == .drop)
        }
    }

    @Test func `an acknowledgment that is there to distract does not hide a whole hello`() {
        let sensor = TestSensor()
        let decoy = hello("innocent.test")
        sensor.inspect([Self.v4.syn, Self.v4.synAck, Self.v4.segment(decoy, at: 0)])
        sensor.inspect(Self.v4.acknowledgment(of: 4_000, at: decoy.count))
        #expect(sensor.inspector.waitingByteCount == 0)
        #expect(sensor.inspect(Self.v4.segment(hello("other.test"), at: 0)).names.isEmpty)
        #expect(sensor.inspect(Self.v4.segment(hello(), at: 0)).verdict == .drop)
    }

    @Test func `a hello that comes again is judged again`() {
        let source = BlocklistSource(lists())
        var inspector = Inspector(configuration: .init(), blocklists: source)
        let now = Instant(nanoseconds: 1)
        _ = inspector.inspect(Self.v4.syn.span, at: now)
        #expect(inspector.inspect(Self.v4.segment(hello(), at: 0).span, at: now) == Decision(.accept))
        source.publish(lists(drop: ["blocked.test"]))
        inspector.refreshBlocklist()
        #expect(
            inspector.inspect(Self.v4.segment(hello(), at: 0).span, at: now) == Decision(.drop, flowMark: .blocked)
        )
    }

    @Test(arguments: [[], [20, 3, 3, 0, 1, 1]] as [[UInt8]])
    func `the second hello after a HelloRetryRequest is judged`(_ between: [UInt8]) {
        let first = hello("innocent.test")
        for isServerSeen in [true, false] {
            let sensor = TestSensor()
            sensor.inspect([Self.v4.syn, Self.v4.synAck, Self.v4.segment(first, at: 0)])
            if isServerSeen { sensor.inspect(Self.v4.answer([22, 3, 3, 0, 80], at: 0, acknowledging: first.count)) }
            sensor.inspect(Self.v4.acknowledgment(of: 99, at: first.count))
            let second = sensor.inspect(Self.v4.acknowledgment(of: 99, between + hello(), at: first.count))
            #expect(second.verdict == .drop)
            #expect(second.names == ["www.blocked.test"])
            #expect(sensor.inspector.anomalies.contains(.secondHello))
        }
    }

    @Test func `a hello may be cut anywhere, in either order`() {
        let stream = hello()
        for cut in 1..<stream.count {
            for order in [[0, 1], [1, 0]] {
                let sensor = TestSensor()
                sensor.inspect(Self.v4.syn)
                let segments = Self.v4.segments(of: stream, cutAt: [cut], order: order)
                #expect(sensor.dropped(segments) == [1], "cut at \(cut), order \(order)")
                #expect(sensor.inspector.waitingByteCount == 0)
            }
        }
    }

    @Test func `segments of one octet are put together in any order`() {
        let stream = hello()
        let segments = Self.v4.segments(of: stream, size: 1)
        var orders = [segments, Array(segments.reversed())]
        for seed in 1...8 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            orders.append(segments.shuffled(using: &random))
        }
        for (index, order) in orders.enumerated() {
            let sensor = TestSensor()
            sensor.inspect(Self.v4.syn)
            #expect(sensor.dropped(order) == [segments.count - 1], "order \(index)")
            #expect(sensor.inspector.waitingByteCount == 0)
        }
    }

    @Test func `repeated and overlapping segments change nothing`() {
        let stream = hello(paddedLength: 3_000)
        var random = SeededRandom(seed: 5)
        for _ in 0..<30 {
            let sensor = TestSensor()
            sensor.inspect(Self.v4.syn)
            var missing = Set(stream.indices)
            while missing.isEmpty == false {
                let start = Int.random(in: 0..<stream.count, using: &random)
                let end = min(stream.count, start + Int.random(in: 1...700, using: &random))
                let seen = sensor.inspect(Self.v4.segment(Array(stream[start..<end]), at: start))
                missing.subtract(start..<end)
                #expect((seen.verdict == .drop) == missing.isEmpty)
            }
            #expect(sensor.inspector.waitingByteCount == 0)
        }
    }

    @Test(arguments: [1, 2, 5, 40, 100, 16_384], [1, 7, 1_460, 65_000])
    func `a hello may lie in several records`(_ recordLength: Int, _ size: Int) {
        let stream = hello(recordLength: recordLength)
        let sensor = TestSensor()
        sensor.inspect(Self.v4.syn)
        let segments = Self.v4.segments(of: stream, size: size)
        #expect(sensor.dropped(segments) == [segments.count - 1])
    }

    @Test func `empty records before and inside a hello are passed over`() {
        let empty: [UInt8] = [22, 3, 1, 0, 0]
        let records = hello(recordLength: 100)
        let stream = empty + records[..<105] + empty + empty + records[105...]
        for size in [1, 7, 1_460] {
            let sensor = TestSensor()
            sensor.inspect(Self.v4.syn)
            let segments = Self.v4.segments(of: stream, size: size)
            #expect(sensor.dropped(segments) == [segments.count - 1])
        }
    }

    @Test(arguments: [517, 1_700, 16_000, 60_000])
    func `a long hello is read wherever its server name stands`(_ length: Int) {
        for last in [false, true] {
            var builder = ClientHelloBuilder(serverName: "blocked.test")
            builder.paddedLength = length
            builder.namesServerLast = last
            #expect(builder.message.count == length)
            let sensor = TestSensor()
            sensor.inspect(Self.v4.syn)
            let segments = Self.v4.segments(of: builder.bytes, size: 1_460)
            #expect(sensor.dropped(segments) == [segments.count - 1])
        }
    }

    @Test func `a hello without a server name lets its flow go`() {
        let sensor = TestSensor()
        sensor.inspect(Self.v4.syn)
        let seen = sensor.inspect(Self.v4.segment(hello(nil), at: 0))
        #expect(seen.decision == Decision(.accept))
        #expect(seen.names.isEmpty)
        let next = Self.v4.acknowledgment(of: 99, [23, 3, 3, 0, 40], at: hello(nil).count)
        sensor.inspect(next)
        #expect(
            sensor.inspect(Self.v4.acknowledgment(of: 199, at: hello(nil).count + 5)).decision
                == Decision(.accept, flowMark: .accepted)
        )
    }

    @Test func `other traffic is let go once the server has its first segment`() {
        for text in ["RTSP/1.0 200 OK\r\n", "SSH-2.0-example\r\n", "\0", "\u{17}"] {
            let sensor = TestSensor()
            sensor.inspect([Self.v4.syn, Self.v4.synAck])
            let seen = sensor.inspect(Self.v4.segment(Array(text.utf8) + [1, 2, 3, 4, 5], at: 0))
            #expect(seen.decision == Decision(.accept), "\(text.debugDescription)")
            let answer = Self.v4.answer([0], at: 0, acknowledging: text.utf8.count + 5)
            #expect(
                sensor.inspect(answer).decision == Decision(.accept, flowMark: .accepted),
                "\(text.debugDescription)"
            )
            #expect(sensor.inspector.waitingByteCount == 0)
        }
    }

    @Test func `a server that speaks first does not decide`() {
        let sensor = TestSensor()
        sensor.inspect([Self.v4.syn, Self.v4.synAck])
        #expect(sensor.inspect(Self.v4.answer(Array("220 example.test\r\n".utf8), at: 0)).decision.flowMark == nil)
        #expect(sensor.inspect(Self.v4.segment(hello(), at: 0)).verdict == .drop)
    }

    @Test func `one direction is enough`() {
        let onlyClient = TestSensor()
        onlyClient.inspect(Self.v4.syn)
        #expect(onlyClient.inspect(Self.v4.segment(hello(), at: 0)).verdict == .drop)

        let onlyServer = TestSensor()
        onlyServer.inspect(Self.v4.synAck)
        for index in 0..<40 {
            let seen = onlyServer.inspect(Self.v4.answer([UInt8](repeating: 9, count: 1_000), at: index * 1_000))
            #expect(seen.verdict == .accept)
            #expect(seen.names.isEmpty)
        }
        #expect(onlyServer.inspector.waitingByteCount == 0)
    }

    @Test func `data in the SYN are read`() {
        let sensor = TestSensor()
        let syn = Self.v4.client.tcp(hello(), flags: .syn, sequence: Self.v4.clientSequence)
        #expect(sensor.inspect(syn).verdict == .drop)
        #expect(sensor.inspect(syn).verdict == .drop)

        let half = TestSensor()
        let stream = hello()
        half.inspect(Self.v4.client.tcp(Array(stream[..<50]), flags: .syn, sequence: Self.v4.clientSequence))
        #expect(half.inspect(Self.v4.segment(Array(stream[50...]), at: 50)).verdict == .drop)
    }

    @Test(arguments: [0xFFFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFEB, 0xFFFF_FF37, 0x7FFF_FFF0, 0x8000_0000 as UInt32])
    func `sequence numbers wrap around inside a hello`(_ sequence: UInt32) {
        let conversation = TCPConversation(clientSequence: sequence)
        for segments in [
            conversation.segments(of: hello(), size: 10), conversation.segments(of: hello(), size: 10).reversed(),
        ] {
            let sensor = TestSensor()
            sensor.inspect(conversation.syn)
            #expect(sensor.dropped(segments) == [segments.count - 1])
        }
    }

    @Test func `a blocked flow stays blocked`() {
        let sensor = TestSensor()
        let stream = hello()
        let segments = Self.v4.segments(of: stream, size: 100)
        sensor.inspect([Self.v4.syn, Self.v4.synAck] + segments)
        let later = [
            Self.v4.segment(stream, at: 0), segments[0], Self.v4.segment([1, 2, 3], at: stream.count),
            Self.v4.answer([1, 2, 3], at: 0), Self.v4.synAck, Self.v4.client.tcp([], flags: .ack, sequence: 5_000),
            Self.v4.syn,
        ]
        for packet in later { #expect(sensor.inspect(packet).decision == Decision(.drop, flowMark: .blocked)) }
        sensor.seconds += 200
        #expect(sensor.inspect(Self.v4.segment(stream, at: 0)).verdict == .drop)
    }

    @Test func `a bare SYN does not lift a block`() {
        let sensor = TestSensor()
        sensor.inspect([Self.v4.syn, Self.v4.segment(hello(), at: 0)])
        var fake = Self.v4
        fake.clientSequence = 77_777
        sensor.inspect(fake.syn)
        #expect(sensor.inspect(Self.v4.segment(hello(), at: 0)).verdict == .drop)
        #expect(sensor.inspect(Self.v4.segment([1, 2, 3], at: 400)).verdict == .drop)
        #expect(sensor.inspect(Self.v4.answer([1, 2, 3], at: 0)).verdict == .drop)
    }

    @Test func `a new connection on the same ports is judged anew`() {
        let sensor = TestSensor()
        var next = Self.v4
        for (index, isListed) in [true, false, true, true, false, false].enumerated() {
            next.clientSequence = 10_000 + UInt32(index) * 100_000
            next.serverSequence = 50_000 + UInt32(index) * 100_000
            let name = isListed ? "blocked.test" : "other.test"
            #expect(sensor.inspect(next.syn).verdict == .accept)
            #expect(sensor.inspect(next.synAck).verdict == .accept)
            let verdicts = next.segments(of: hello(name), size: 90).map { sensor.inspect($0).verdict }
            #expect(verdicts.dropLast().allSatisfy { $0 == .accept })
            #expect(verdicts.last == (isListed ? .drop : .accept), "connection \(index)")
            sensor.inspect(next.answer([], at: 0, acknowledging: hello(name).count))
            #expect(sensor.inspector.waitingByteCount == 0)
        }
        #expect(sensor.inspector.flowCount == 1)
    }

    @Test func `later packets of an accepted flow are not read`() {
        let sensor = TestSensor()
        let stream = hello("other.test") + [23, 3, 3, 0, 40]
        sensor.inspect([Self.v4.syn, Self.v4.synAck, Self.v4.segment(stream, at: 0)])
        sensor.inspect(Self.v4.answer([22], at: 0, acknowledging: stream.count))
        for packet in [
            Self.v4.segment(hello(), at: 400), Self.v4.answer(hello(), at: 0), Self.v4.segment(hello(), at: 0),
        ] {
            let seen = sensor.inspect(packet)
            #expect(seen.decision == Decision(.accept, flowMark: .accepted))
            #expect(seen.names.isEmpty)
        }
    }

    @Test func `alerts before a hello are passed over`() {
        let sensor = TestSensor()
        sensor.inspect(Self.v4.syn)
        #expect(sensor.inspect(Self.v4.segment([21, 3, 1, 0, 2, 1, 0] + hello(), at: 0)).verdict == .drop)
    }

    @Test func `a hello on port 53 is read`() {
        let conversation = TCPConversation(to: .v4(80, port: 53))
        let sensor = TestSensor()
        sensor.inspect(conversation.syn)
        #expect(sensor.dropped(conversation.segments(of: hello(), size: 100)).count == 1)
    }

    @Test func `a hello of which the copy range holds only the name is judged`() {
        let sensor = TestSensor()
        sensor.inspect(Self.v4.syn)
        let packet = Self.v4.segment(hello(paddedLength: 900), at: 0)
        #expect(sensor.inspect(Array(packet[..<300])).verdict == .drop)
    }

    @Test func `a hello cut before its name is accepted and counted`() {
        let sensor = TestSensor()
        sensor.inspect(Self.v4.syn)
        let seen = sensor.inspect(Array(Self.v4.segment(hello(paddedLength: 900), at: 0)[..<80]))
        #expect(seen.verdict == .accept)
        #expect(seen.decision.undecided == .truncated)
    }
}

@Suite("Streams seen from the middle on")
struct MidstreamTests {
    static let conversation = TCPConversation()

    @Test func `a hello without its SYN is read, in order and reversed`() {
        let segments = Self.conversation.segments(of: hello(paddedLength: 2_900), size: 1_000)
        for order in [segments, segments.reversed()] {
            let sensor = TestSensor()
            #expect(sensor.dropped(order) == [segments.count - 1])
            #expect(sensor.inspector.waitingByteCount == 0)
        }
    }

    @Test func `a flow whose beginning does not come is let go and counted`() {
        let sensor = TestSensor()
        let seen = (0..<20).map {
            sensor.inspect(Self.conversation.segment([UInt8](repeating: 9, count: 1_000), at: $0 * 1_000))
        }
        #expect(seen.filter { $0.decision.undecided == .midstream }.count == 1)
        #expect(seen.last?.decision.flowMark == .accepted)
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test(arguments: [1_460, 20_000, 65_000])
    func `segments of any size end the search`(_ size: Int) {
        let sensor = TestSensor()
        let data = [UInt8](repeating: 9, count: size)
        let seen = (0..<20).map { sensor.inspect(Self.conversation.segment(data, at: $0 * size)) }
        #expect(seen.filter { $0.decision.undecided == .midstream }.count == 1)
        #expect(seen.last?.decision.flowMark == .accepted)
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `a hello that begins at the window's edge harms no other flow`() {
        let limit = InspectorConfiguration().streamLimit
        let stream = hello()
        for distance in (limit - 600)...(limit + 20) {
            let sensor = TestSensor()
            // The window of a stream seen from the middle on begins 4096 octets before what was seen first.
            sensor.inspect(Self.conversation.segment([9, 9, 9], at: 4_096))
            #expect(sensor.inspect(Self.conversation.segment(stream, at: distance)).verdict == .drop, "at \(distance)")
            let other = TCPConversation(from: .v4(8, port: 40_001))
            sensor.inspect(other.syn)
            #expect(sensor.dropped(other.segments(of: stream, size: 100)).count == 1, "after a hello at \(distance)")
        }
    }

    @Test func `a SYN that was not the connection's does not hide the hello`() {
        let sensor = TestSensor()
        var fake = Self.conversation
        fake.clientSequence = 0x7000_0000
        sensor.inspect(fake.syn)
        #expect(sensor.dropped(Self.conversation.segments(of: hello(), size: 100)).count == 1)
    }

    @Test func `a stream that runs on without its hello is let go and counted`() {
        let sensor = TestSensor()
        sensor.inspect([Self.conversation.syn, Self.conversation.segment(Array(hello().prefix(100)), at: 0)])
        let data = [UInt8](repeating: 9, count: 1_000)
        let seen = (1..<500).map { sensor.inspect(Self.conversation.segment(data, at: $0 * 1_000)) }
        #expect(seen.last?.decision.flowMark == .accepted)
        #expect(seen.filter { $0.decision.undecided == .overBudget }.count == 1)
        #expect(sensor.inspector.waitingByteCount == 0)
    }
}
