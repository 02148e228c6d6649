import Blocklists
import TestSupport
import Testing

@testable import Inspection

/// Packets of which the last ones can be judged only by who knows of the first.
private struct Conversation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let packets: [[UInt8]]

    static let all: [Conversation] = {
        let tcp = TCPConversation()
        let open = [tcp.syn, tcp.synAck]
        let stream = hello(paddedLength: 1_800)
        let overlapping = [
            tcp.segment(Array(stream[..<90]), at: 0), tcp.segment(Array(stream[300...]), at: 300),
            tcp.segment([UInt8](repeating: 0x61, count: 40), at: 60), tcp.segment(Array(stream[60..<300]), at: 60),
        ]
        let fragmented = FragmentTests.clients[1].fragments(
            of: FragmentTests.datagram("www.blocked.test", FragmentTests.clients[1]),
            transport: 17,
            cutAt: [8, 24, 40]
        )
        let quic = QUICConversation()
        return [
            Conversation(
                testDescription: "a hello in many segments, and what follows",
                packets: open + tcp.segments(of: stream, size: 150) + [tcp.segment([1, 2, 3], at: stream.count)]
            ),
            Conversation(
                testDescription: "a hello in segments that come in another order",
                packets: open + tcp.segments(of: stream, cutAt: [100, 400, 900], order: [3, 1, 0, 2])
            ),
            Conversation(testDescription: "segments that overlap and differ", packets: open + overlapping),
            Conversation(testDescription: "a query in fragments", packets: fragmented + [fragmented[1]]),
            Conversation(
                testDescription: "a hello of QUIC in many Initials",
                packets: quic.hello(ClientHelloBuilder(serverName: "www.blocked.test").message, in: 4)
                    + [quic.handshake, quic.short]
            ),
        ]
    }()
}

extension TestSensor {
    /// A sensor that goes on with what this one knows.
    func successor() throws -> TestSensor {
        let record = inspector.makeRecord()
        let next = TestSensor()
        next.seconds = seconds
        try next.inspector.takeUp(record.span)
        return next
    }
}

@Suite("Inspector record")
struct InspectorRecordTests {
    @Test(arguments: Conversation.all)
    private func `a successor judges as if it had seen everything`(conversation: Conversation) throws {
        let expected = conversation.packets.map(TestSensor().inspect)
        #expect(expected.contains { $0.verdict == .drop }, "the conversation shows nothing")
        for cut in conversation.packets.indices {
            let before = TestSensor()
            for packet in conversation.packets[..<cut] { before.inspect(packet) }
            let after = try before.successor()
            let seen = conversation.packets[cut...].map(after.inspect)
            #expect(seen == Array(expected[cut...]), "cut before packet \(cut)")
        }
    }

    @Test(arguments: Conversation.all)
    private func `each packet may have a process of its own`(conversation: Conversation) throws {
        let expected = conversation.packets.map(TestSensor().inspect)
        var sensor = TestSensor()
        for (packet, seen) in zip(conversation.packets, expected) {
            #expect(sensor.inspect(packet) == seen)
            sensor = try sensor.successor()
        }
    }

    @Test func `many flows are found again, and forgotten when they are due`() throws {
        let sensor = TestSensor()
        let conversations = (0..<500).map { TCPConversation(from: .v4(7, port: UInt16(20_000 + $0))) }
        for (index, conversation) in conversations.enumerated() {
            let name = index % 2 == 0 ? "www.blocked.test" : "www.other.test"
            sensor.inspect([conversation.syn, conversation.segment(hello(name), at: 0)])
        }
        let next = try sensor.successor()
        #expect(next.inspector.flowCount == sensor.inspector.flowCount)
        for (index, conversation) in conversations.enumerated() {
            let seen = next.inspect(conversation.segment([1, 2, 3], at: 2_000))
            #expect(seen.verdict == (index % 2 == 0 ? .drop : .accept), "flow \(index)")
        }
        next.seconds += 400
        for number in 0..<600 { next.inspect(TCPConversation(from: .v4(9, port: UInt16(20_000 + number))).syn) }
        #expect(next.inspector.flowCount == 600)
    }

    @Test func `a record that is cut, or has more, is not taken up`() throws {
        let sensor = TestSensor()
        let tcp = TCPConversation()
        sensor.inspect([tcp.syn, tcp.segment(Array(hello()[..<50]), at: 0)])
        let record = sensor.inspector.makeRecord()
        for count in stride(from: 0, to: record.count, by: 7) {
            let cut = Array(record[..<count])
            let next = TestSensor()
            #expect(throws: InspectorRecord.Fault.self) { try next.inspector.takeUp(cut.span) }
        }
        let longer = record + [0]
        #expect(throws: InspectorRecord.Fault.cut) { try TestSensor().inspector.takeUp(longer.span) }
    }

    @Test func `tables that are laid out otherwise, and flows under another key, are not taken up`() {
        let record = TestSensor().inspector.makeRecord()
        var smaller = InspectorConfiguration()
        smaller.flowCapacity /= 2
        var other = InspectorConfiguration()
        other.flowKey = HashKey(7, 8)
        for configuration in [smaller, other] {
            let next = TestSensor(lists(), configuration)
            #expect(throws: InspectorRecord.Fault.laidOutOtherwise) { try next.inspector.takeUp(record.span) }
        }
    }
}
