import OperationLog
import Testing

@Suite("Repeated lines")
struct RepeatLimitTests {
    private let police = RepeatLimit.Key(event: "list-refused", subject: "list=police")

    @Test func `one line stands for an interval, and the next one tells what was left out`() {
        var limit = RepeatLimit(interval: 60)
        #expect(limit.admit(police, burst: 1, at: 100) == 0)
        for second in 100..<160 { #expect(limit.admit(police, burst: 1, at: UInt64(second)) == nil) }
        #expect(limit.admit(police, burst: 1, at: 160) == 60)
        #expect(limit.admit(police, burst: 1, at: 219) == nil)
        #expect(limit.admit(police, burst: 1, at: 221) == 1)
    }

    @Test func `what is about something else is told`() {
        var limit = RepeatLimit(interval: 60)
        #expect(limit.admit(police, burst: 1, at: 0) == 0)
        #expect(limit.admit(RepeatLimit.Key(event: "list-refused", subject: "list=local"), burst: 1, at: 0) == 0)
        #expect(limit.admit(RepeatLimit.Key(event: "reload-refused"), burst: 1, at: 0) == 0)
        #expect(limit.admit(police, burst: 1, at: 1) == nil)
    }

    @Test func `a burst is told before anything is left out`() {
        var limit = RepeatLimit(interval: 60)
        for _ in 0..<3 { #expect(limit.admit(police, burst: 3, at: 5) == 0) }
        #expect(limit.admit(police, burst: 3, at: 64) == nil)
        #expect(limit.admit(police, burst: 3, at: 65) == 1)
    }

    @Test func `what has no line to be told with is handed out once`() {
        var limit = RepeatLimit(interval: 60)
        for second in 0..<5 { _ = limit.admit(police, burst: 1, at: UInt64(second)) }
        #expect(limit.takeLeftOut(at: 59).isEmpty)
        let told = limit.takeLeftOut(at: 60)
        #expect(told.map(\.key) == [police] && told.map(\.count) == [4])
        #expect(limit.takeLeftOut(at: 200).isEmpty)
        #expect(limit.admit(police, burst: 1, at: 200) == 0)
    }

    @Test func `at the end intervals that go on are handed out, too`() {
        var limit = RepeatLimit(interval: 60)
        for _ in 0..<2 { _ = limit.admit(police, burst: 1, at: 9) }
        #expect(limit.takeLeftOut(at: 10, isLast: true).map(\.count) == [1])
    }

    @Test func `without an interval nothing is left out`() {
        var limit = RepeatLimit(interval: 0)
        for _ in 0..<5 { #expect(limit.admit(police, burst: 1, at: 9) == 0) }
    }

    @Test func `too many different things count as one`() {
        var limit = RepeatLimit(interval: 60, capacity: 8)
        let told = (0..<1_000).count { number in
            limit.admit(RepeatLimit.Key(event: "line", subject: "\(number)"), burst: 1, at: 3) != nil
        }
        #expect(told == 9)
        #expect(limit.takeLeftOut(at: 63).map(\.count) == [991])
        #expect(limit.admit(RepeatLimit.Key(event: "line", subject: "x"), burst: 1, at: 64) == 0)
    }
}

@Suite("Episodes")
struct EpisodeTests {
    @Test func `a rise begins it, and quiet ends it with what it came to`() {
        var episode = Episode(quiet: 10)
        #expect(episode.note(total: 0, at: 1) == nil)
        #expect(episode.note(total: 5, at: 2) == .began)
        #expect(episode.note(total: 9, at: 3) == nil)
        #expect(episode.note(total: 9, at: 8) == nil)
        #expect(episode.note(total: 10, at: 9) == nil)
        #expect(episode.note(total: 10, at: 18) == nil)
        #expect(episode.note(total: 10, at: 19) == .ended(count: 10, seconds: 8))
        #expect(episode.note(total: 10, at: 40) == nil)
        #expect(episode.note(total: 11, at: 41) == .began)
        #expect(episode.finish() == .ended(count: 1, seconds: 1))
        #expect(episode.finish() == nil)
    }

    @Test func `a count that begins anew ends in no huge number`() {
        var episode = Episode(quiet: 2)
        #expect(episode.note(total: 50, at: 1) == .began)
        #expect(episode.note(total: 3, at: 2) == nil)
        #expect(episode.note(total: 7, at: 3) == nil)
        #expect(episode.note(total: 7, at: 5) == .ended(count: 7, seconds: 3))
    }

    @Test func `a clock that goes back stops nothing`() {
        var episode = Episode(quiet: 2)
        #expect(episode.note(total: 1, at: 100) == .began)
        #expect(episode.note(total: 1, at: 50) == nil)
        #expect(episode.note(total: 1, at: 102) == .ended(count: 1, seconds: 1))
    }
}
