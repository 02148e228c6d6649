/// Lets the same event be told a few times in an interval, and counts what it left out.
///
/// Its memory is bounded: where there are too many different things to tell apart, those of one event count as the same.
package struct RepeatLimit: Sendable {
    /// What lines have to have in common to be the same event.
    package struct Key: Hashable, Sendable {
        /// The event's name.
        package var event: String
        /// What it is about; empty where there is nothing to tell apart.
        package var subject: String

        /// A key of these.
        package init(event: String, subject: String = "") {
            self.event = event
            self.subject = subject
        }
    }

    private struct Window {
        var begin: UInt64
        var told: Int
        var leftOut: Int
    }

    private let interval: UInt64
    private let capacity: Int
    private var windows: [Key: Window] = [:]

    /// A limit without a memory of anything.
    ///
    /// - Parameters:
    ///   - interval: seconds that one line stands for the same event; zero leaves nothing out.
    ///   - capacity: how many different things are told apart.
    package init(interval: UInt64, capacity: Int = 256) {
        self.interval = interval
        self.capacity = capacity
    }

    /// Decides about a line.
    ///
    /// - Parameters:
    ///   - key: what it is about.
    ///   - burst: how many lines an interval may hold.
    ///   - now: seconds of a clock that never goes back.
    /// - Returns: how many lines before this one were left out and have not been told of; nil where this one is left out, too.
    package mutating func admit(_ key: Key, burst: Int, at now: UInt64) -> Int? {
        guard interval > 0 else { return 0 }
        var key = key
        if windows[key] == nil, windows.count >= capacity {
            windows = windows.filter { $0.value.leftOut > 0 || hasEnded($0.value, now) == false }
            if windows.count >= capacity { key.subject = "" }
        }
        guard var window = windows[key], hasEnded(window, now) == false else {
            let leftOut = windows[key]?.leftOut ?? 0
            windows[key] = Window(begin: now, told: 1, leftOut: 0)
            return leftOut
        }
        defer { windows[key] = window }
        if window.told < burst {
            window.told += 1
            return 0
        }
        window.leftOut += 1
        return nil
    }

    /// Takes out what was left out and has no line to be told with, as none came after its interval.
    ///
    /// - Parameters:
    ///   - now: seconds of a clock that never goes back.
    ///   - isLast: whether intervals that have not ended count, too.
    /// - Returns: the events and how many lines were left out, in the order of their names.
    package mutating func takeLeftOut(at now: UInt64, isLast: Bool = false) -> [(key: Key, count: Int)] {
        let ended = windows.filter { isLast || hasEnded($0.value, now) }
        for key in ended.keys { windows[key] = nil }
        return ended.filter { $0.value.leftOut > 0 }.map { ($0.key, $0.value.leftOut) }
            .sorted { ($0.0.event, $0.0.subject) < ($1.0.event, $1.0.subject) }
    }

    private func hasEnded(_ window: Window, _ now: UInt64) -> Bool {
        now >= window.begin && now - window.begin >= interval
    }
}
