import Telemetry
import TestSupport
import Testing

@testable import Inspection

@Suite("Bounds")
struct BoundsTests {
    /// A conversation of one of many clients.
    static func conversation(_ number: Int, port: UInt16 = 443) -> TCPConversation {
        let address: [UInt8] = [10, UInt8(number >> 16 & 0xFF), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)]
        return TCPConversation(from: Endpoint(address, port: 40_000), to: .v4(80, port: port))
    }

    @Test func `a full table forgets the oldest flow, counts it, and never grows`() {
        var configuration = InspectorConfiguration()
        configuration.flowCapacity = 100
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        var evicted = 0
        for number in 0..<1_000 {
            sensor.seconds += 0.01
            evicted += sensor.inspect(Self.conversation(number).syn).evictedFlows
            #expect(sensor.inspector.flowCount == min(number + 1, 100))
        }
        #expect(evicted == 900)
        // The youngest hundred are there still: their second halves complete a hello.
        let stream = hello()
        for number in 900..<1_000 {
            let segments = Self.conversation(number).segments(of: stream, cutAt: [100])
            #expect(sensor.dropped(segments) == [1])
        }
    }

    @Test func `decided flows that are forgotten are not counted`() {
        var configuration = InspectorConfiguration()
        configuration.flowCapacity = 10
        let sensor = TestSensor(lists(), configuration)
        for number in 0..<100 {
            let conversation = Self.conversation(number)
            #expect(sensor.inspect(conversation.syn).evictedFlows == 0)
            sensor.inspect(conversation.segment(hello("other.test"), at: 0))
        }
    }

    @Test func `blocked flows are forgotten last`() {
        var configuration = InspectorConfiguration()
        configuration.flowCapacity = 10
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        let blocked = (0..<9).map { Self.conversation($0) }
        for conversation in blocked { sensor.inspect([conversation.syn, conversation.segment(hello(), at: 0)]) }
        for number in 100..<1_000 { sensor.inspect(Self.conversation(number).syn) }
        for conversation in blocked {
            #expect(sensor.inspect(conversation.segment(hello(), at: 0)).decision.flowMark == .blocked)
        }
        // A table full of blocked flows makes room all the same.
        for number in 2_000..<2_020 {
            let conversation = Self.conversation(number)
            sensor.inspect([conversation.syn, conversation.segment(hello(), at: 0)])
            #expect(sensor.inspector.flowCount == 10)
        }
    }

    @Test func `a silent flow is forgotten after its time, and not before`() {
        var configuration = InspectorConfiguration()
        configuration.flowTimeout = 10_000_000_000
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        for number in 0..<50 {
            sensor.inspect([Self.conversation(number).syn, Self.conversation(number).segment([22, 3], at: 0)])
        }
        sensor.seconds += 9.9
        sensor.inspect(Self.conversation(1_000).syn)
        #expect(sensor.inspector.flowCount == 51)
        sensor.seconds += 0.2
        for number in 2_000..<2_030 {
            #expect(sensor.inspect(Self.conversation(number).syn).evictedFlows == 0)
        }
        #expect(sensor.inspector.flowCount == 31)
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `time that goes backwards harms nothing`() {
        let sensor = TestSensor()
        for number in 0..<200 {
            sensor.seconds = number.isMultiple(of: 2) ? 1_000_000 : 0
            sensor.inspect([Self.conversation(number).syn, Self.conversation(number / 2).segment([22], at: 0)])
        }
        #expect(sensor.dropped(Self.conversation(500).segments(of: hello(), cutAt: [50])) == [1])
    }

    @Test func `half-open hellos never take more than the budget, and the oldest go first`() {
        var configuration = InspectorConfiguration()
        configuration.flowCapacity = 200_000
        configuration.streamBudget = 1 << 20
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        let stream = hello(paddedLength: 1_900)
        let half = Array(stream[..<1_000])
        let room = configuration.streamBudget / StreamAssembler.blockCost
        var evicted = 0
        var highest = 0
        for number in 0..<100_000 {
            let conversation = Self.conversation(number)
            evicted += sensor.inspect(conversation.segment(half, at: 0)).evictedStreams
            highest = max(highest, sensor.inspector.waitingByteCount)
        }
        #expect(highest <= configuration.streamBudget)
        #expect(highest > configuration.streamBudget - StreamAssembler.blockCost)
        #expect(evicted == 100_000 - room)
        let rest = Array(stream[1_000...])
        #expect(
            sensor.inspect(Self.conversation(99_999 - room).segment(rest, at: 1_000)).decision.flowMark == .accepted
        )
        for number in (100_000 - room)..<100_000 {
            #expect(sensor.inspect(Self.conversation(number).segment(rest, at: 1_000)).verdict == .drop)
        }
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `a message that outgrows its limit is given up and counted`() {
        var configuration = InspectorConfiguration()
        configuration.streamLimit = 4_096
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        let conversation = Self.conversation(1)
        sensor.inspect(conversation.syn)
        var builder = ClientHelloBuilder(serverName: "blocked.test")
        builder.namesServerLast = true
        builder.paddedLength = 9_000
        let seen = conversation.segments(of: builder.bytes, size: 1_000).map { sensor.inspect($0) }
        #expect(seen.filter { $0.decision.undecided == .overBudget }.count == 1)
        #expect(seen.last?.decision.flowMark == .accepted)
        #expect(sensor.inspector.waitingByteCount == 0)

        // A name that is there when the stream is given up is judged.
        builder.namesServerLast = false
        let early = Self.conversation(2)
        sensor.inspect(early.syn)
        #expect(sensor.dropped(early.segments(of: builder.bytes, size: 1_000)).isEmpty == false)
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `random streams, evictions and restarts leak nothing`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var configuration = InspectorConfiguration()
        configuration.flowCapacity = 24
        configuration.streamLimit = [8_192, 20_000, 70_656].randomElement(using: &random) ?? 8_192
        configuration.streamBudget = configuration.streamLimit + 30_000
        configuration.flowTimeout = 20_000_000_000
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        var conversations = (0..<40).map { Self.conversation($0, port: $0.isMultiple(of: 3) ? 53 : 443) }
        let streams = [
            hello(paddedLength: 6_000, recordLength: 700), hello("other.test"), hello(paddedLength: 30_000),
            [UInt8](repeating: 9, count: 50_000),
            (0..<900).flatMap { DNSBuilder.prefixed(DNSBuilder.query("n\($0).example")) },
            (0..<9).flatMap { DNSBuilder.prefixed(DNSBuilder.query("n\($0).example", padding: 7_000)) },
        ]
        for _ in 0..<3_000 {
            sensor.seconds += Double.random(in: 0...0.3, using: &random)
            let index = Int.random(in: 0..<conversations.count, using: &random)
            let stream = streams[(index + Int.random(in: 0...1, using: &random)) % streams.count]
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                conversations[index].clientSequence &+= UInt32.random(in: 0...200_000, using: &random)
                sensor.inspect(conversations[index].syn)
            case 1:
                sensor.inspect(conversations[index].synAck)
            case 2:
                sensor.inspect(
                    conversations[index].answer(
                        Array(stream.prefix(500)),
                        at: Int.random(in: 0...90_000, using: &random)
                    )
                )
            default:
                let start = Int.random(in: 0..<min(stream.count, 20_000), using: &random)
                let size = Bool.random(using: &random) ? 1_460 : Int.random(in: 1...60_000, using: &random)
                sensor.inspect(conversations[index].segment(Array(stream[start...].prefix(size)), at: start))
            }
            #expect(sensor.inspector.flowCount <= 24)
            #expect(sensor.inspector.waitingByteCount <= configuration.streamBudget)
        }
        // New connections of all that the table can hold push out what was there.
        sensor.seconds += 100
        for number in 5_000..<5_100 { sensor.inspect(Self.conversation(number).syn) }
        #expect(sensor.inspector.waitingByteCount == 0)
    }
}
