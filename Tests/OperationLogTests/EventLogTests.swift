import FoundationEssentials
import Logging
import OperationLog
import Synchronization
import Testing

/// A log whose lines are kept, at a time that the test sets.
private final class KeptLog: Sendable {
    let lines = Mutex<[String]>([])
    let second = Mutex<UInt64>(0)

    func output(_ format: LogFormat = .logfmt, interval: Int = 60, isForJournal: Bool = false) -> LogOutput {
        LogOutput(
            format: format,
            interval: interval,
            isForJournal: isForJournal,
            clock: { (1_763_776_900 + Double(self.second.withLock { $0 }), self.second.withLock { $0 }) },
            sink: { line in self.lines.withLock { $0.append(line) } }
        )
    }

    func logger(_ output: LogOutput, _ level: Logger.Level = .info) -> Logger {
        Logger(label: "test") { _ in EventLog(output, level: level) }
    }

    var all: [String] { lines.withLock { $0 } }
}

@Suite("Log of events")
struct EventLogTests {
    @Test func `an event is a line with its keys in one order`() {
        let kept = KeptLog()
        kept.logger(kept.output()).tell(
            .queueBound,
            "queue 1: bound",
            [.mergedPackets: .flag(true), .queue: .number(1), .receiveBuffer: .count(.max), .copyRange: .number(128)]
        )
        #expect(
            kept.all == [
                "time=2025-11-22T02:01:40.000Z level=info event=queue-bound queue=1 copy_range=128 "
                    + "receive_buffer=9223372036854775807 merged_packets=true msg=\"queue 1: bound\"\n"
            ]
        )
    }

    @Test func `what is less grave than the level is not told`() {
        let kept = KeptLog()
        let logger = kept.logger(kept.output(), .warning)
        logger.tell(.ready, "ready")
        logger.tell(.queueBound, "bound")
        logger.tell(.listExpired, "expired")
        #expect(kept.all.count == 1 && kept.all.first?.contains("event=list-expired") == true)
    }

    @Test func `the same event is told once in an interval, with the count of what was left out`() {
        let kept = KeptLog()
        let output = kept.output()
        let logger = kept.logger(output)
        for list in ["police", "police", "local", "police"] {
            logger.tell(.listRefused, "list \(list) refused", [.list: .text(list)])
        }
        #expect(kept.all.count == 2)
        kept.second.withLock { $0 = 61 }
        logger.tell(.listRefused, "list police refused", [.list: .text("police")])
        #expect(kept.all.last?.contains("list=police left_out=2") == true, "\(kept.all)")
        logger.tell(.listRefused, "list police refused", [.list: .text("police")])
        output.tellLeftOut()
        #expect(kept.all.count == 3)
        output.tellLeftOut(isLast: true)
        #expect(kept.all.last?.contains("event=repeats-left-out of=list-refused left_out=1 ") == true, "\(kept.all)")
    }

    @Test func `lines that wait are written in their order, or only the grave ones`() {
        for (level, expected) in [
            (Logger.Level.trace, ["starting", "list-refused", "ready"]), (.warning, ["list-refused"]),
        ] {
            let kept = KeptLog()
            let output = kept.output()
            let logger = kept.logger(output)
            output.hold()
            logger.tell(.starting, "starting")
            logger.tell(.listRefused, "refused")
            logger.tell(.ready, "ready")
            #expect(kept.all.isEmpty)
            output.release(from: level)
            #expect(kept.all.map { $0.split(separator: " ")[2] } == expected.map { "event=\($0)" })
            logger.tell(.stopped, "stopped")
            #expect(kept.all.count == expected.count + 1)
        }
    }

    @Test func `what tells of a state is told each time`() {
        let kept = KeptLog()
        let logger = kept.logger(kept.output())
        for _ in 0..<3 {
            logger.tell(.killSwitchOn, "on")
            logger.tell(.killSwitchOff, "off")
        }
        #expect(kept.all.count == 6)
    }

    @Test func `only known keys are told, whoever logs`() {
        let kept = KeptLog()
        kept.logger(kept.output()).error("it broke", metadata: ["peer": "192.0.2.7", "reason": "why"])
        #expect(kept.all.first?.hasSuffix(" event=other reason=why msg=\"it broke\"\n") == true, "\(kept.all)")
    }

    @Test func `names of events and keys are words that no reader of logs stumbles over`() {
        let events = OperationalEvent.allCases.map(\.rawValue)
        let allowed = Set("abcdefghijklmnopqrstuvwxyz-_")
        for word in events + LogField.allCases.map(\.rawValue) { #expect(allowed.isSuperset(of: word), "\(word)") }
        #expect(Set(["time", "level", "event", "msg"]).isDisjoint(with: LogField.allCases.map(\.rawValue)))
    }

    @Test func `every event and key is in the documentation, with its level, and nothing else is`() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = "/\(root)/Sources/grindvakt/Grindvakt.docc/Logs.md"
        let rows = String(decoding: try Data(contentsOf: URL(filePath: page)), as: UTF8.self)
            .split(separator: "\n").filter { $0.hasPrefix("| `") }
            .map { $0.split(separator: "|").map { $0.filter { $0 != "`" && $0 != " " } } }
        let levels = Set(Logger.Level.allCases.map(\.rawValue))
        let events = rows.filter { $0.count > 1 && levels.contains($0[1]) }
        #expect(
            events.map { [$0[0], $0[1]] }
                == OperationalEvent.allCases.map { [$0.rawValue, $0.level.rawValue] }
        )
        let keys = rows.filter { $0.count > 1 && levels.contains($0[1]) == false }.map { $0[0] }
        #expect(keys.sorted() == (LogField.allCases.map(\.rawValue) + ["time", "level", "event", "msg"]).sorted())
        for event in events where event.count > 2 && event[2] != "-" {
            for key in event[2].split(separator: ",") {
                #expect(LogField(rawValue: String(key)) != nil, "\(event[0]): \(key)")
            }
        }
    }
}
