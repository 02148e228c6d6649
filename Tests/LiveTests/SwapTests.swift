import Glibc
import NetworkLab
import Testing

extension LiveTests {
    @Test func `a thousand swaps under load lose and misjudge nothing, and leave the process no larger`() async throws {
        try await Site.with { site in
            let (always, inTurns, swaps) = (17_000, 3_000, 1_000)
            let files = try Self.writeEditions(site, always: always, inTurns: inTurns)
            try await Command.output(["cp", files[0], site.lab.path("list.txt")])
            let responder = try await site.startResponder()
            let sensor = try await site.startSensor(
                tables: """
                    [[list]]
                    id = "dropped"
                    path = "list.txt"
                    """
            )
            try await site.applyRules()
            let arguments = ["3000", "20", "\(always)", "\(inTurns)"] + site.lab.server.addresses
            let load = try site.start(Script.turns, named: "turns", arguments, on: site.lab.client)
            try await load.waitForLine(containing: "so far 3000")

            let run = try await site.run(
                Script.swaps,
                named: "swaps",
                [site.socket, site.lab.path("list.txt"), "\(swaps)", "0.02"] + files,
                on: site.lab.router,
                timeLimit: .seconds(240 * slowdown)
            )
            try #require(run.succeeded, "\(run)")
            load.send(SIGUSR1)
            #expect(try await Command.wait(atMost: .seconds(60)) { load.isRunning == false })
            #expect(sensor.isRunning)
            let account = try #require(SwapAccount(swaps: run.output, load: load.lines), "\(load.lines.suffix(3))")
            #expect(account.swaps.count == swaps)

            let turns = account.judgeTurns()
            print(
                "\(swaps) swaps in \(run.duration), \(account.queries) queries, resident \(account.resident) KiB after the tenth and the last, names in turns: \(turns)"
            )

            // Every name is on the list, on none, or was judged by an edition that was in force while it was asked for.
            #expect(account.always.sent > 10_000 && account.always.answered == 0)
            #expect(account.never.sent > 10_000 && account.never.answered == account.never.sent)
            #expect(turns.misjudged == 0, "\(turns)")
            #expect(turns.stopped > 1_000 && turns.answered > 1_000, "\(turns)")
            #expect(turns.hadOneChoice > 1_000, "\(turns)")

            // Every packet is accounted for: what went without an answer was stopped.
            let stopped = account.always.sent + turns.stopped
            let answered = account.never.sent + turns.answered
            let samples = try await site.samples()
            #expect(samples.sum("grindvakt_matches_total", #"action="drop""#) == Double(stopped))
            #expect(samples.sum("grindvakt_packets_total", #"verdict="drop""#) == Double(stopped))
            #expect(samples.sum("grindvakt_packets_total", #"verdict="accept""#) == Double(2 * answered))
            for metric in [
                "grindvakt_queue_kernel_dropped_total", "grindvakt_queue_user_dropped_total",
                "grindvakt_queue_unseen_total", "grindvakt_receive_overruns_total",
            ] {
                #expect(samples.sum(metric) == 0, "\(metric)")
            }
            #expect(samples[#"grindvakt_reloads_total{result="ok"}"#] == Double(swaps))
            await responder.stop()
            #expect(responder.lines.last == "received=\(answered) distinct=\(answered)")

            let (early, late) = (try #require(account.resident.first), try #require(account.resident.last))
            #expect(
                account.resident.count == 2 && Double(late) < Double(early) * 1.05,
                "\(early) KiB, then \(late) KiB"
            )
        }
    }

    /// Two editions of a list, of which each has names that the other has not, as text and as snapshots.
    ///
    /// - Returns: their files, in an order in which even and odd editions take turns and each kind of file follows on each; in it the tenth
    ///   swap and the thousandth bring the same.
    private static func writeEditions(_ site: Site, always: Int, inTurns: Int) throws -> [String] {
        let shared = (0..<always).map { "always-\($0).swap.test" }
        var files: [String] = []
        for kind in ["even", "odd"] {
            let names = shared + (0..<inTurns).map { "\(kind)-\($0).swap.test" }
            files.append(try site.lab.write(names.map { $0 + "\n" }.joined(), to: "\(kind).txt"))
            files.append(site.lab.path("\(kind).snapshot"))
            try Edition(names: names).write(to: site.lab.path("\(kind).snapshot"))
        }
        return [files[1], files[3], files[0], files[2], files[1], files[2]]
    }
}

/// What the programs of the test of many swaps have told.
private struct SwapAccount {
    /// When each swap was asked for and when it was answered, in seconds.
    var swaps: [(asked: Double, answered: Double)] = []
    /// The sensor's resident size, in KiB.
    var resident: [Int] = []
    var always = (sent: 0, answered: 0)
    var never = (sent: 0, answered: 0)
    /// The queries for names that are in every other edition, the last first.
    var turns: [Turn] = []

    /// How many names were asked for.
    var queries: Int { always.sent + never.sent + turns.count }

    struct Turn {
        /// When it was sent.
        var sent: Double
        /// When it had been judged at the latest.
        var judged: Double
        /// The editions that have the name: those with an even number or those with an odd one.
        var parity: Int
        var isAnswered: Bool
    }

    /// How the queries for names in every other edition went.
    struct Judgement {
        var stopped = 0
        var answered = 0
        /// Those for which only one edition can have been in force.
        var hadOneChoice = 0
        /// Those that no edition that was in force explains.
        var misjudged = 0
    }

    init?(swaps output: String, load: [String]) {
        for line in output.split(separator: "\n") + load.map({ $0[...] }) {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst().compactMap { Double($0) }
            switch (words.first, numbers.count) {
            case ("swap", 2): swaps.append((numbers[0], numbers[1]))
            case ("resident", 1): resident.append(Int(numbers[0]))
            case ("always", 2): always = (Int(numbers[0]), Int(numbers[1]))
            case ("never", 2): never = (Int(numbers[0]), Int(numbers[1]))
            case ("turn", 4):
                turns.append(
                    Turn(sent: numbers[0], judged: numbers[1], parity: Int(numbers[2]), isAnswered: numbers[3] == 1)
                )
            case ("so", _), (nil, _): continue
            default: return nil
            }
        }
    }

    /// Holds each query against the editions that may have been in force between its sending and its judgement.
    ///
    /// An edition is in force from some moment between the swap's request and the answer on, until the next one is.
    func judgeTurns() -> Judgement {
        var judgement = Judgement()
        for turn in turns {
            if turn.isAnswered { judgement.answered += 1 } else { judgement.stopped += 1 }
            // Edition 0 is the one of the start.
            let earliest = count { $0.answered <= turn.sent }
            let latest = count { $0.asked <= turn.judged }
            if earliest == latest { judgement.hadOneChoice += 1 }
            let isExplained = (earliest...max(earliest, latest)).contains { edition in
                (edition % 2 == turn.parity) != turn.isAnswered
            }
            if isExplained == false { judgement.misjudged += 1 }
        }
        return judgement
    }

    /// How many swaps, from the first on, the condition holds for.
    private func count(while condition: ((asked: Double, answered: Double)) -> Bool) -> Int {
        var (low, high) = (0, swaps.count)
        while low < high {
            let middle = (low + high) / 2
            if condition(swaps[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
