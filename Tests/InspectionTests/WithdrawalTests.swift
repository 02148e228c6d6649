import Blocklists
import TestSupport
import Testing

@testable import Inspection

/// Decisions that are withdrawn some time after the lists have changed.
@Suite("Withdrawal of decisions")
struct WithdrawalTests {
    private static let second: UInt64 = 1_000_000_000

    private static func conversation(_ number: Int) -> TCPConversation {
        TCPConversation(from: .v4(UInt8(number % 200 + 1), port: UInt16(10_000 + number)))
    }

    /// Opens a connection and sends a hello in it.
    private static func open(_ number: Int, _ name: String, in sensor: TestSensor) -> Decision {
        let conversation = conversation(number)
        sensor.inspect([conversation.syn, conversation.synAck])
        return sensor.inspect(conversation.segment(hello(name), at: 0)).decision
    }

    @Test func `what was decided before an instant is forgotten, and nothing else`() {
        let sensor = TestSensor(lists(drop: ["blocked.test"], action: .reset))
        sensor.seconds = 10
        #expect(Self.open(1, "blocked.test", in: sensor).verdict == .drop)
        #expect(Self.open(2, "other.test", in: sensor).verdict == .accept)
        sensor.seconds = 20
        #expect(Self.open(3, "blocked.test", in: sensor).verdict == .drop)
        #expect(sensor.inspector.flowCount == 3)

        sensor.inspector.forgetDecisions(asOf: 0)
        #expect(sensor.inspector.flowCount == 3)
        sensor.inspector.forgetDecisions(asOf: 15 * Self.second)
        // The second one was not decided yet: the server has not said that it has the hello.
        #expect(sensor.inspector.flowCount == 2)
        let late = sensor.inspect(Self.conversation(1).segment([1, 2, 3], at: 600)).decision
        #expect(late == Decision(.accept))
        #expect(sensor.inspect(Self.conversation(3).segment([1, 2, 3], at: 600)).verdict == .drop)
        // Whoever asks again is judged again.
        #expect(Self.open(1, "blocked.test", in: sensor).verdict == .drop)
    }

    @Test func `an instant is done once, some flows at a time`() {
        let sensor = TestSensor(lists(drop: ["blocked.test"]))
        sensor.seconds = 10
        for number in 0..<3_000 { #expect(Self.open(number, "blocked.test", in: sensor).verdict == .drop) }
        var counts = [sensor.inspector.flowCount]
        for _ in 0..<4 {
            sensor.inspector.forgetDecisions(asOf: 30 * Self.second)
            counts.append(sensor.inspector.flowCount)
        }
        #expect(counts == [3_000, 1_976, 952, 0, 0])
        #expect(Self.open(1, "blocked.test", in: sensor).verdict == .drop)
        sensor.inspector.forgetDecisions(asOf: 30 * Self.second)
        #expect(sensor.inspector.flowCount == 1)
        for _ in 0..<3 { sensor.inspector.forgetDecisions(asOf: 31 * Self.second) }
        #expect(sensor.inspector.flowCount == 0)
        #expect(sensor.inspector.waitingByteCount == 0)
    }
}
