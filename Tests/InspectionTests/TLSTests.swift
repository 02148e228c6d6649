import Telemetry
import TestSupport
import Testing

@testable import Inspection

@Suite("TLS hello")
struct TLSTests {
    static let v4 = TCPConversation()
    static let v6 = TCPConversation(from: .v6(7, port: 40_000), to: .v6(80, port: 8_443))

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
        #expect(unlisted.verdict == .accept)
        #expect(unlisted.decision.flowMark == .accepted)
        #expect(unlisted.names == ["other.test"])
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
        #expect(seen.decision.flowMark == .accepted)
        #expect(seen.names.isEmpty)
        #expect(seen.decision.undecided == nil)
    }

    @Test func `other traffic is let go at its first segment`() {
        for text in ["GET / HTTP/1.1\r\n", "SSH-2.0-example\r\n", "\0", "\u{17}"] {
            let sensor = TestSensor()
            sensor.inspect([Self.v4.syn, Self.v4.synAck])
            let seen = sensor.inspect(Self.v4.segment(Array(text.utf8) + [1, 2, 3, 4, 5], at: 0))
            #expect(seen.decision.flowMark == .accepted, "\(text.debugDescription)")
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
            #expect(sensor.inspector.waitingByteCount == 0)
        }
        #expect(sensor.inspector.flowCount == 1)
    }

    @Test func `later packets of an accepted flow are not read`() {
        let sensor = TestSensor()
        sensor.inspect([Self.v4.syn, Self.v4.synAck, Self.v4.segment(hello("other.test"), at: 0)])
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
