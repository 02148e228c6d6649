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
            #expect(sameQueue.status == .exited(1), "\(sameQueue)")
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

    @Test
    func `while a queue is taken a start under systemd ends slowly, and works once it is free`() async throws {
        try await Site.with { site in
            let (list, path) = (site.lab.path("list.txt"), site.lab.path("notify.sock"))
            let owner = site.lab.spawn(
                [site.binary, "run", "--list", list, "--queues", "3", "--socket", site.lab.path("owner.sock")],
                on: site.lab.router
            )
            try await owner.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            let notifications = try site.start(Script.notifications, named: "notify", [path], on: site.lab.router)
            try await notifications.waitForLine(containing: "ready")
            let run = ["run", "--list", list, "--queues", "2:3", "--socket", site.socket]
            let taken = try await site.grindvakt(run, through: ["env", "NOTIFY_SOCKET=\(path)"])
            #expect(taken.status == .exited(1), "\(taken)")
            #expect(try Self.line(taken).hasPrefix("queue 3 is taken by another process"))
            // Five starts in ten seconds are what systemd stands.
            #expect(taken.duration > .milliseconds(2_500), "\(taken)")
            let told = "STATUS=Tried again in 3 s: queue 3 is taken by another process"
            try await notifications.waitForLine(containing: told)
            #expect(notifications.lines.contains { $0.contains("READY=1") } == false)
            #expect(try await site.boundQueues() == ["3"])

            #expect(await owner.stop() == .exited(0))
            let sensor = site.lab.spawn(["env", "NOTIFY_SOCKET=\(path)", site.binary] + run, on: site.lab.router)
            try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            #expect(try await site.boundQueues() == ["2", "3"])
        }
    }

    @Test func `damaged state ends no start: it is set aside, told of once, and lists block as before`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let state = site.lab.path("state")
            let environment = ["STATE_DIRECTORY=\(state)"]
            let first = try await site.startSensor(environment: environment)
            try await site.applyRules()
            #expect(try await site.isStopped(Site.listed))
            #expect(await first.stop() == .exited(0))
            for name in ["state.key", "sequences"] {
                try await Command.output(["sh", "-c", "umask 077; echo damaged > \(state)/\(name)"])
            }

            let second = try await site.startSensor(environment: environment)
            for name in ["state.key", "sequences"] {
                let told = second.lines.count { $0.contains("\(state)/\(name): damaged, moved to ") }
                #expect(told == 1, "\(second.lines)")
                #expect(try await Command.run(["test", "-s", "\(state)/\(name).damaged-1"]).succeeded)
            }
            #expect(try await site.isStopped(Site.listed))
            #expect(await second.stop() == .exited(0))

            let third = try await site.startSensor(environment: environment)
            #expect(third.lines.contains { $0.contains("damaged") } == false, "\(third.lines)")
            #expect(try await site.isStopped(Site.listed))
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

    @Test func `a reload names the keys that wait for a restart, once in the log, and in each answer`() async throws {
        try await Site.with { site in
            let sensor = try await site.startSensor()
            let reload = ["reload", "--socket", site.socket]
            let plain = try await site.grindvakt(reload)
            #expect(plain.succeeded && plain.errors.isEmpty, "\(plain)")
            _ = try site.configure(sensor: "queue-length = 2048")
            for _ in 0..<2 {
                let answer = try await site.grindvakt(reload)
                #expect(answer.succeeded, "\(answer)")
                #expect(
                    try Self.line(answer) == "changed, but acted upon at the next start alone: sensor.queue-length"
                )
            }
            #expect(sensor.lines.count { $0.contains("at the next start alone: sensor.queue-length") } == 1)
            let status = try await site.grindvakt(["status", "--socket", site.socket])
            #expect(status.output.contains("! restart-needed: ") && status.output.contains("sensor.queue-length"))
            let json = try await site.get("/status")
            #expect(json.contains(#""restart_needed":["sensor.queue-length"]"#))
            // Taken back, there is nothing to wait for.
            _ = try site.configure()
            let back = try await site.grindvakt(reload)
            #expect(back.succeeded && back.errors.isEmpty, "\(back)")
            #expect(try await site.get("/status").contains(#""restart_needed":[]"#))
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
