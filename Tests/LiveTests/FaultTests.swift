import NetworkLab
import Testing

extension LiveTests {
    /// The one line of standard error, without the program's name.
    private static func line(_ result: CommandResult) throws -> String {
        let lines = result.errors.split(separator: "\n")
        try #require(lines.count == 1, "\(result)")
        try #require(lines[0].hasPrefix("grindvakt: "), "\(result)")
        return String(lines[0].dropFirst(11))
    }

    @Test func `a queue or a socket that is taken is named, and the first sensor goes on`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let first = try await site.startSensor()
            try await site.applyRules()
            let list = site.lab.path("list.txt")
            let other = site.lab.path("other.sock")

            let sameQueue = try await site.grindvakt(["run", "--list", list, "--queues", "1", "--socket", other])
            #expect(sameQueue.status == .exited(3), "\(sameQueue)")
            #expect(try Self.line(sameQueue).hasPrefix("queue 1 is taken by another process"))
            #expect(try await !Command.run(["test", "-e", other]).succeeded, "the second sensor's socket is left")

            let sameSocket = try await site.grindvakt(["run", "--list", list, "--queues", "7", "--socket", site.socket])
            #expect(sameSocket.status == .exited(2), "\(sameSocket)")
            #expect(try Self.line(sameSocket).hasPrefix("\(site.socket): another process is listening there"))

            #expect(try await site.boundQueues() == ["0", "1"])
            #expect(first.isRunning)
            #expect(try await site.isStopped(Site.listed))
            #expect(try await site.get("/healthz") == "ok\n")
        }
    }

    @Test func `without CAP_NET_ADMIN it says so with status 3`() async throws {
        try await Site.with { site in
            let list = site.lab.path("list.txt")
            let result = try await site.grindvakt(
                ["run", "--list", list, "--socket", site.socket],
                through: ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", "--"]
            )
            #expect(result.status == .exited(3), "\(result)")
            #expect(try Self.line(result).contains("CAP_NET_ADMIN"))
            #expect(try await !Command.run(["test", "-e", site.socket]).succeeded, "the socket is left")
        }
    }

    @Test func `a fault in the configuration or a list ends with status 2 before any queue is bound`() async throws {
        try await Site.with { site in
            let configuration = try site.configure(sensor: "queue-lenght = 16")
            func run() async throws -> CommandResult { try await site.grindvakt(["run", "--config", configuration]) }

            let unknownKey = try await run()
            #expect(unknownKey.status == .exited(2), "\(unknownKey)")
            #expect(try Self.line(unknownKey).hasPrefix("\(configuration):3: unknown key \"queue-lenght\""))
            #expect(try Self.line(unknownKey).contains("\"queue-length\""))

            _ = try site.configure(sensor: "queue-length = \"many\"")
            let wrongType = try await run()
            #expect(wrongType.status == .exited(2), "\(wrongType)")
            #expect(try Self.line(wrongType).hasPrefix("\(configuration):3: "))

            _ = try site.configure()
            try site.write(lists: [Site.listed, "two words", "news.test"])
            let badLine = try await run()
            #expect(badLine.status == .exited(2), "\(badLine)")
            #expect(try Self.line(badLine).hasPrefix("\(site.lab.path("list.txt")):2: "))
            #expect(!badLine.errors.contains("two words"))

            try await Command.output(["rm", site.lab.path("list.txt")])
            let noList = try await run()
            #expect(noList.status == .exited(2), "\(noList)")
            #expect(try Self.line(noList).hasPrefix("\(site.lab.path("list.txt")): cannot be read"))

            #expect(try await site.boundQueues().isEmpty)
            #expect(try await !Command.run(["test", "-e", site.socket]).succeeded, "a socket is left")
        }
    }

    @Test func `a refused reload leaves the lists in use, and is counted`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let sensor = try await site.startSensor()
            try await site.applyRules()
            try site.write(
                lists: ["news.test", "two words", "more.test"],
                observed: ["three words more", "a.test", "b.test"]
            )
            let refused = try await site.grindvakt(["reload", "--socket", site.socket])
            #expect(refused.status == .exited(2), "\(refused)")
            #expect(try Self.line(refused).contains("\(site.lab.path("list.txt")):2: "))
            #expect(try await site.isStopped(Site.listed))
            #expect(try await site.isAnswered("news.test"))
            let samples = try await site.samples()
            #expect(samples[#"grindvakt_reloads_total{result="failed"}"#] == 1)
            #expect(samples[#"grindvakt_reloads_total{result="ok"}"#] == 0)
            #expect(samples["grindvakt_snapshot_generation"] == 1)
            #expect(sensor.lines.contains { $0.contains("list dropped refused") && $0.contains("list.txt:2: ") })

            try site.write(lists: ["news.test"])
            try await site.reload()
            #expect(try await site.isAnswered(Site.listed))
            #expect(try await site.isStopped("news.test"))
        }
    }

    @Test func `systemd is told of readiness once the queues are bound, and of the end`() async throws {
        try await Site.with { site in
            let path = site.lab.path("notify.sock")
            let notifications = try site.start(Script.notifications, named: "notify", [path], on: site.lab.router)
            try await notifications.waitForLine(containing: "ready")
            let sensor = try await site.startSensor(environment: ["NOTIFY_SOCKET=\(path)"])
            try await notifications.waitForLine(containing: "READY=1")
            #expect(notifications.lines.dropFirst() == ["READY=1 queues=0,1"])
            try await site.reload()
            try await notifications.waitUntilReady("the second READY=1") {
                notifications.lines.count { $0.contains("READY=1") } == 2
            }
            #expect(notifications.lines.contains { $0.hasPrefix("RELOADING=1 MONOTONIC_USEC=") })
            #expect(await sensor.stop() == .exited(0))
            try await notifications.waitForLine(containing: "STOPPING=1")
        }
    }
}
