import NetworkLab
import Testing

extension LiveTests {
    /// How long a wish may take until it holds for a client, on a machine that is busy with other things, too; the figure is printed.
    private static let promptness = Duration.seconds(30)

    private static let table = """
        [[list]]
        id = "dropped"
        path = "list.txt"
        """

    /// Runs a change, which has to be done within ``promptness``.
    private static func promptly(_ what: String, _ change: () async throws -> Void) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        try await change()
        let duration = start.duration(to: clock.now)
        print("\(what): holds after \(duration / .milliseconds(1)) ms")
        #expect(duration < promptness, "\(what)")
    }

    @Test func `a rollback holds for clients at once, is not undone by a reload, and is undone by another`()
        async throws
    {
        try await Site.with { site in
            let responder = try await site.startResponder()
            let certificate = try await site.startTLSServer(names: ["news.test"])
            let sensor = try await site.startSensor(tables: Self.table)
            try await site.applyRules()
            let none = try await site.post("/rollback")
            #expect(none.status == 409 && none.body.contains("no earlier lists are kept"), "\(none)")

            try site.write(lists: [Site.listed, "news.test"])
            try await site.reload()
            #expect(try await site.isStopped("news.test"))
            let flood = try site.startFlood(least: 1_000, most: 120_000, rate: 1_000)
            try await flood.wait(answers: 100)

            try await Self.promptly("rollback") {
                try await site.change("/rollback")
                #expect(try await site.isAnswered("www.news.test"))
            }
            #expect(try await site.curl("news.test", trusting: certificate, within: 15).output == "200")
            #expect(try await site.isStopped(Site.listed))
            // The file still has the edition that was left.
            #expect(try await site.isReloadRefused("dropped", "rolled back", "grindvakt rollback"))
            #expect(try await site.isAnswered("news.test"))
            #expect(await sensor.stop() == .exited(0))
            let next = try await site.startSensor(tables: Self.table)
            #expect(try await site.isAnswered("news.test"), "after a restart")
            #expect(try await site.isStopped(Site.listed), "after a restart")
            #expect(try await site.samples()[#"grindvakt_list_fallback{list="dropped"}"#] == 1)

            try await Self.promptly("rollback undone") { try await site.change("/rollback") }
            #expect(try await site.isStopped("news.test"))
            #expect(try await site.curl("news.test", trusting: certificate, within: 1).status == .exited(28))
            try site.write(lists: [Site.listed, "further.test"])
            try await site.reload()
            #expect(try await site.isAnswered("news.test"))
            #expect(try await site.isStopped("further.test"))
            #expect(try await site.samples()[#"grindvakt_list_fallback{list="dropped"}"#] == 0)

            let (sent, answered) = try await flood.end()
            await responder.stop()
            #expect(answered == sent)
            #expect(responder.lines.last == "received=\(sent) distinct=\(sent)")
            #expect(next.isRunning)
        }
    }

    @Test func `the kill switch lets everything pass at once, counts on, and holds over a restart`()
        async throws
    {
        try await Site.with { site in
            _ = try await site.startResponder()
            let certificate = try await site.startTLSServer(names: [Site.listed])
            let sensor = try await site.startSensor(tables: Self.table)
            try await site.applyRules()
            #expect(try await site.isStopped(Site.listed))
            #expect(try await site.curl(Site.listed, trusting: certificate, within: 1).status == .exited(28))

            try await Self.promptly("kill switch on") {
                try await site.change("/kill-switch?state=on")
                #expect(try await site.isAnswered(Site.listed))
            }
            #expect(try await site.curl(Site.listed, trusting: certificate, within: 15).output == "200")
            let samples = try await site.samples()
            #expect(samples["grindvakt_kill_switch"] == 1)
            for inspected in ["dns", "tls"] {
                let sample = #"grindvakt_matches_total{list="dropped",protocol="\#(inspected)",action="observe"}"#
                #expect(samples[sample] == 1)
            }
            try await site.reload()
            #expect(try await site.isAnswered(Site.listed), "after a reload")

            #expect(await sensor.stop() == .exited(0))
            let next = try await site.startSensor(tables: Self.table)
            #expect(try await site.samples()["grindvakt_kill_switch"] == 1)
            #expect(try await site.isAnswered(Site.listed), "after a restart")
            #expect(try await site.curl(Site.listed, trusting: certificate, within: 15).output == "200")

            try await Self.promptly("kill switch off") { try await site.change("/kill-switch?state=off") }
            #expect(try await site.isStopped(Site.listed))
            #expect(try await site.curl(Site.listed, trusting: certificate, within: 1).status == .exited(28))
            #expect(try await site.samples()["grindvakt_kill_switch"] == 0)
            #expect(next.isRunning)
        }
    }

    @Test func `a pass holds at once, for its time and over a restart, and its name is told nowhere`()
        async throws
    {
        try await Site.with { site in
            let names = ["zebra-quince-first.test", "zebra-quince-second.test", "zebra-quince-brief.test"]
            try site.write(lists: [Site.listed] + names)
            _ = try await site.startResponder()
            let certificate = try await site.startTLSServer(names: names)
            let sensor = try await site.startSensor(tables: Self.table)
            try await site.applyRules()
            for name in names { #expect(try await site.isStopped("www.\(name)")) }

            try await Self.promptly("pass") {
                try await site.change("/pass", "3600\n\(names[0])\n")
                #expect(try await site.isAnswered("www.\(names[0])"))
            }
            try await site.change("/pass", "3600\n\(names[1])\n")
            #expect(try await site.curl(names[0], trusting: certificate, within: 15).output == "200")
            #expect(try await site.isStopped(Site.listed))
            #expect(try await site.isStopped(names[2]))
            let samples = try await site.samples()
            #expect(samples["grindvakt_passes"] == 2)
            #expect(samples[#"grindvakt_exempted_matches_total{list="dropped",reason="passed"}"#] == 2)
            let unknown = try await site.post("/pass?remove=1", "zebra-quince-other.test")
            #expect(unknown.status == 409, "\(unknown)")
            let broken = try await site.post("/pass", "3600\nzebra..quince\n")
            #expect(broken.status == 409, "\(broken)")

            var told = ["answers": unknown.body + broken.body]
            func listen(_ time: String) async throws {
                for path in ["/metrics", "/status"] { told["\(path) \(time)"] = try await site.get(path) }
                told["status \(time)"] = try await site.grindvakt(["status", "--socket", site.socket]).output
                #expect(try await site.stateMentions("quince") == 0, "the state directory \(time)")
            }
            try await listen("at first")
            #expect(await sensor.stop() == .exited(0))
            told["log"] = sensor.lines.joined(separator: "\n")
            let next = try await site.startSensor(tables: Self.table)
            #expect(try await site.isAnswered("www.\(names[0])"), "after a restart")
            #expect(try await site.samples()["grindvakt_passes"] == 2)

            try await Self.promptly("pass taken back") { try await site.change("/pass?remove=1", names[0]) }
            #expect(try await site.isStopped("www.\(names[0])"))
            #expect(try await site.curl(names[0], trusting: certificate, within: 1).status == .exited(28))
            #expect(try await site.isAnswered(names[1]), "the other one still passes")
            try await site.change("/pass", "3\n\(names[2])\n")
            #expect(try await site.isAnswered(names[2]))
            let hasEnded = try await Command.wait(atMost: .seconds(90)) {
                try await site.samples()["grindvakt_passes"] == 1
            }
            #expect(hasEnded)
            #expect(try await site.isStopped(names[2]))
            try await listen("later")
            #expect(await next.stop() == .exited(0))
            told["next log"] = next.lines.joined(separator: "\n")
            for (place, text) in told {
                #expect(text.isEmpty == false, "\(place)")
                for secret in ["zebra", "quince"] {
                    #expect(text.contains(secret) == false, "\(place) tells \(secret)")
                }
            }
        }
    }
}
