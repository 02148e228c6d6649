import Glibc
package import Logging
import Synchronization

/// Where the lines of the log go, and how they are written: one stream, whole lines, the same event not over and over.
package final class LogOutput: Sendable {
    private let format: LogFormat
    private let isForJournal: Bool
    private let state: Mutex<State>
    private let clock: @Sendable () -> (epoch: Double, steady: UInt64)
    private let sink: @Sendable (String) -> Void

    private struct State {
        var repeats: RepeatLimit
        /// Lines that wait; nil where each is written at once.
        var held: [(level: Logger.Level, line: String)]?
    }

    /// A log on standard error.
    ///
    /// - Parameters:
    ///   - format: how lines are written.
    ///   - interval: seconds that one line stands for the same event.
    package convenience init(format: LogFormat, interval: Int) {
        self.init(
            format: format,
            interval: interval,
            isForJournal: Self.isJournal(STDERR_FILENO),
            clock: { (Self.seconds(CLOCK_REALTIME), UInt64(max(0, Self.seconds(CLOCK_MONOTONIC)))) },
            sink: { Self.write($0, to: STDERR_FILENO) }
        )
    }

    /// A log that is written elsewhere.
    ///
    /// - Parameters:
    ///   - format: how lines are written.
    ///   - interval: seconds that one line stands for the same event.
    ///   - isForJournal: whether the journal reads it.
    ///   - clock: seconds since 1970-01-01 UTC, and those of a clock that never goes back.
    ///   - sink: takes each line with its line feed; one at a time, in order.
    package init(
        format: LogFormat,
        interval: Int,
        isForJournal: Bool,
        clock: @escaping @Sendable () -> (epoch: Double, steady: UInt64),
        sink: @escaping @Sendable (String) -> Void
    ) {
        self.format = format
        self.isForJournal = isForJournal
        state = Mutex(State(repeats: RepeatLimit(interval: UInt64(max(0, interval)))))
        self.clock = clock
        self.sink = sink
    }

    /// Writes a line, or leaves it out where the same event has just been told.
    func write(_ level: Logger.Level, _ event: String, _ message: String, _ metadata: Logger.Metadata) {
        let (epoch, steady) = clock()
        var line = LogLine(time: epoch, level: level, event: event, message: message)
        line.fields = metadata.compactMap { key, value in
            LogField(rawValue: key).map { (key, LogValue(value), $0.order) }
        }.sorted { $0.2 < $1.2 }.map { ($0.0, $0.1) }
        state.withLock { state in
            if let burst = OperationalEvent(rawValue: event).map(\.burst) ?? 1 {
                let key = RepeatLimit.Key(event: event, subject: Self.subject(of: line))
                guard let leftOut = state.repeats.admit(key, burst: burst, at: steady) else { return }
                if leftOut > 0 {
                    line.fields.append((LogField.leftOut.rawValue, .number(leftOut)))
                    line.message += " (\(leftOut) times more since it was told)"
                }
            }
            put(line, &state)
        }
    }

    /// Tells how many lines were left out of events that have not come again.
    ///
    /// - Parameter isLast: whether nothing will be logged after this.
    package func tellLeftOut(isLast: Bool = false) {
        let (epoch, steady) = clock()
        state.withLock { state in
            for (key, count) in state.repeats.takeLeftOut(at: steady, isLast: isLast) {
                let event = OperationalEvent.repeatsLeftOut
                let line = LogLine(
                    time: epoch,
                    level: event.level,
                    event: event.rawValue,
                    message: "\(key.event): \(count) times more since it was told",
                    fields: [(LogField.of.rawValue, .text(key.event)), (LogField.leftOut.rawValue, .number(count))]
                )
                put(line, &state)
            }
        }
    }

    /// Lets lines wait until it is known whether the program can do its work at all.
    package func hold() {
        state.withLock { $0.held = $0.held ?? [] }
    }

    /// Writes the lines that wait, and from here on each at once.
    ///
    /// - Parameter level: lines that are less grave are thrown away.
    package func release(from level: Logger.Level = .trace) {
        state.withLock { state in
            for held in state.held ?? [] where held.level >= level { sink(held.line) }
            state.held = nil
        }
    }

    private func put(_ line: LogLine, _ state: inout State) {
        let text = line.text(as: format, isForJournal: isForJournal)
        if state.held == nil { sink(text) } else { state.held?.append((line.level, text)) }
    }

    private static func subject(of line: LogLine) -> String {
        line.fields.filter { LogField(rawValue: $0.key)?.tellsApart ?? false }.map { "\($0.key)=\($0.value)" }
            .joined(separator: " ")
    }

    /// Whether what is written to a descriptor goes to the journal (`JOURNAL_STREAM` in systemd.exec(5)).
    static func isJournal(_ descriptor: CInt) -> Bool {
        // SAFETY: the environment is not changed; the value is nil or a NUL-terminated string, copied at once.
        guard let value = unsafe getenv("JOURNAL_STREAM") else { return false }
        let numbers = unsafe String(cString: value).split(separator: ":").map { UInt64($0) }
        var status = stat()
        // SAFETY: `status` outlives the call.
        guard numbers.count == 2, unsafe fstat(descriptor, &status) == 0 else { return false }
        return numbers[0] == UInt64(status.st_dev) && numbers[1] == UInt64(status.st_ino)
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        // SAFETY: `time` outlives the call.
        _ = unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Writes all of a line; a stream that takes no more loses the rest, as there is nobody to tell.
    private static func write(_ line: String, to descriptor: CInt) {
        let octets = Array(line.utf8)
        var done = 0
        while done < octets.count {
            // SAFETY: the pointer covers the octets from `done` on and is used within the call only.
            let written = unsafe octets.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return 0 }
                return unsafe Glibc.write(descriptor, start + done, bytes.count - done)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            done += written
        }
    }
}

extension LogField {
    fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension LogValue {
    fileprivate init(_ value: Logger.Metadata.Value) {
        switch value {
        case .string(let text): self = .text(text)
        case .stringConvertible(let number as Int): self = .number(number)
        case .stringConvertible(let flag as Bool): self = .flag(flag)
        default: self = .text(value.description)
        }
    }

    fileprivate var metadata: Logger.Metadata.Value {
        switch self {
        case .text(let text): .string(text)
        case .number(let number): .stringConvertible(number)
        case .flag(let flag): .stringConvertible(flag)
        }
    }
}

extension Logger {
    /// Logs an event of the sensor's.
    ///
    /// - Parameters:
    ///   - event: which one.
    ///   - message: what happened, as a sentence that says all by itself.
    ///   - fields: the same for programs.
    package func tell(
        _ event: OperationalEvent,
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> [LogField: LogValue] = [:]
    ) {
        guard logLevel <= event.level else { return }
        var metadata: Metadata = [EventLog.key: .string(event.rawValue)]
        for (field, value) in fields() { metadata[field.rawValue] = value.metadata }
        log(level: event.level, "\(message())", metadata: metadata)
    }
}
