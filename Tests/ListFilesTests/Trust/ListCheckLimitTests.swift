import ListFiles
import TestSupport
import Testing

@Suite("Limit of list checks")
struct ListCheckLimitTests {
    private let folder: TemporaryFolder
    private static let second: Int64 = 1_000_000
    private let start: Int64 = 1_800_000_000 * second

    init() throws {
        folder = try TemporaryFolder()
    }

    private func limit(burst: Int = 5, perSecond: Double = 1) -> ListCheckLimit {
        ListCheckLimit(folder["limit"], burst: burst, perSecond: perSecond)
    }

    @Test func `a burst is allowed, then one a second`() throws {
        let limit = limit()
        for _ in 0..<5 { #expect(try limit.take(at: start) == .allowed) }
        #expect(try limit.take(at: start) == .wait(seconds: 1))
        #expect(try limit.take(at: start + Self.second - 1) == .wait(seconds: 1))
        #expect(try limit.take(at: start + Self.second) == .allowed)
        #expect(try limit.take(at: start + Self.second) == .wait(seconds: 1))
        #expect(try limit.take(3, at: start + 2 * Self.second) == .wait(seconds: 2))
        #expect(try limit.take(3, at: start + 4 * Self.second) == .allowed)
        // The bucket never holds more than a burst.
        #expect(try limit.take(5, at: start + 1000 * Self.second) == .allowed)
        #expect(try limit.take(1, at: start + 1000 * Self.second) == .wait(seconds: 1))
        #expect(try mode(of: limit.path) == 0o600)
    }

    @Test func `more than a burst is never allowed at once`() throws {
        #expect(try limit().take(6, at: start) == .tooMany(limit: 5))
        #expect(try limit().take(5, at: start) == .allowed)
    }

    @Test func `in the long run no more than the rate and one burst pass`() throws {
        var random = SeededRandom(seed: 9)
        let limit = limit(burst: 7, perSecond: 2.5)
        var now = start
        var passed = 0
        for _ in 0..<2000 {
            now += Int64.random(in: 0..<400_000, using: &random)
            let count = Int.random(in: 1...3, using: &random)
            if try limit.take(count, at: now) == .allowed { passed += count }
            #expect(passed <= 7 + Int(Double(now - start) / 400_000))
        }
        #expect(passed > 900)
    }

    @Test func `a clock that was set back gives nothing and costs one bucket at most`() throws {
        let limit = limit()
        #expect(try limit.take(5, at: start) == .allowed)
        let back = start - 1_000_000 * Self.second
        #expect(try limit.take(at: back) == .wait(seconds: 1))
        #expect(try limit.take(5, at: back + 4 * Self.second) == .wait(seconds: 1))
        #expect(try limit.take(5, at: back + 5 * Self.second) == .allowed)
    }

    @Test(arguments: [
        "garbage\n", "grindvakt check limit 1\n", "grindvakt check limit 1\n0000000000000000000x\n",
        "grindvakt check limit 1\n99999999999999999999\n", "grindvakt check limit 2\n00000000000000000000\n",
        String(repeating: "a", count: 100_000),
    ])
    func `a damaged file is an empty bucket`(text: String) throws {
        try folder.write(text, to: "limit")
        #expect(try limit().take(at: start) == .wait(seconds: 1))
        #expect(try limit().take(at: start + Self.second) == .allowed)
        #expect(folder.content("limit")?.count == 45)
    }

    @Test func `many at once share one bucket`() async throws {
        let limit = limit(burst: 2000, perSecond: 0.001)
        let start = start
        let allowed = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try (0..<500).reduce(0) { sum, _ in try limit.take(at: start) == .allowed ? sum + 1 : sum }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(allowed == 2000)
    }

    @Test func `a file that cannot be written refuses`() throws {
        #expect(throws: TrustError.self) {
            _ = try ListCheckLimit(folder["none/limit"], burst: 1, perSecond: 1).take(at: start)
        }
        #expect(try fault { _ = try ListCheckLimit("/dev/null", burst: 1, perSecond: 1).take(at: start) } == .notAFile)
    }
}
