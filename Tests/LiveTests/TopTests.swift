import Glibc
import NetworkLab
import Testing

/// A real terminal of tmux with a shell in it, on the site's router.
private struct Pane: Sendable {
    let site: Site
    private let socket: String

    /// Opens a terminal of this size, runs `body` and closes it.
    static func with(
        _ site: Site,
        columns: Int,
        rows: Int,
        _ body: @Sendable (Pane) async throws -> Void
    ) async throws {
        let pane = Pane(site: site, socket: site.lab.path("tmux.sock"))
        try await pane.tmux(["new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "PS1='$ ' /bin/sh"])
        do {
            try await pane.tmux(["set-option", "-g", "remain-on-exit", "on"])
            // A process that is made to fail leaves no core behind.
            try await pane.type("ulimit -c 0")
            try await body(pane)
        } catch {
            try await pane.tmux(["kill-server"])
            throw error
        }
        try await pane.tmux(["kill-server"])
    }

    @discardableResult
    private func tmux(_ arguments: [String]) async throws -> String {
        let command = ["env", "LC_ALL=C.UTF-8", "TERM=xterm-256color", "tmux", "-u", "-f", "/dev/null", "-S", socket]
        let result = try await site.lab.router.run(command + arguments, timeLimit: .seconds(90))
        try #require(result.succeeded, "\(result)")
        return result.output
    }

    /// Types a line and presses the enter key.
    func type(_ line: String) async throws {
        try await tmux(["send-keys", "-l", line])
        try await tmux(["send-keys", "Enter"])
    }

    /// Starts `grindvakt top`; its exit status is told when it ends.
    func startTop(_ options: String = "", environment: String = "env -u NO_COLOR LC_ALL=C.UTF-8") async throws {
        try await type(
            "clear; \(environment) \(site.binary) top --interval 0.3 --socket \(site.socket) \(options); echo ended=$?"
        )
    }

    /// Presses keys, by the names that tmux has for them.
    func press(_ keys: String...) async throws {
        try await tmux(["send-keys"] + keys)
    }

    /// Runs the program in a terminal of its own, with no shell that could continue it when it is stopped.
    func openTop() async throws {
        let command = "exec env LC_ALL=C.UTF-8 \(site.binary) top --interval 0.3 --socket \(site.socket)"
        try await tmux(["new-window", command])
    }

    func resize(columns: Int, rows: Int) async throws {
        try await tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
    }

    /// The lines of the screen, with the sequences that colour them where asked for.
    func screen(coloured: Bool = false) async throws -> [String] {
        try await tmux(["capture-pane", "-p"] + (coloured ? ["-e"] : []))
            .split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { String($0) }
    }

    /// Waits until the screen is as wanted, and returns it.
    @discardableResult
    func wait(
        _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        until isWanted: @escaping @Sendable ([String]) -> Bool
    ) async throws -> [String] {
        let isThere = try await Command.wait(atMost: .seconds(90)) { isWanted(try await screen()) }
        let shown = try await screen()
        try #require(isThere, "\(what):\n\(shown.joined(separator: "\n"))", sourceLocation: sourceLocation)
        return shown
    }

    /// Whether the terminal is as a shell wants it: its own screen, a cursor, wrapped lines, and keys that are shown.
    func isGivenBack() async throws -> Bool {
        let facts = try await tmux(["display-message", "-p", "#{alternate_on} #{cursor_flag} #{wrap_flag} #{pane_tty}"])
            .split(whereSeparator: \.isWhitespace)
        let tty = try #require(facts.last)
        let modes = try await Command.output(["stty", "-a", "-F", String(tty)])
            .split { $0.isWhitespace || $0 == ";" }
        return facts.dropLast() == ["0", "1", "1"] && modes.contains("icanon") && modes.contains("echo")
    }

    /// The process that runs in the shell.
    func child() async throws -> String {
        let shell = try await tmux(["display-message", "-p", "#{pane_pid}"]).split(separator: "\n")
        let children = try await Command.output(["pgrep", "-P", String(try #require(shell.first))])
        return String(try #require(children.split(separator: "\n").first))
    }
}

// SAFETY: access takes a path and keeps nothing of it.
private let hasTmux = unsafe access("/usr/bin/tmux", X_OK) == 0

extension LiveTests {
    @Test(.enabled(if: hasTmux, "needs tmux"))
    func `top fits its terminal, obeys its keys and tells neither names nor addresses`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            _ = try await site.startSensor()
            try await site.applyRules()
            let flood = try site.startFlood(least: 1000, most: 60_000, rate: 400)
            try await flood.wait(answers: 50)
            #expect(try await site.isStopped(Site.listed))
            try await Pane.with(site, columns: 80, rows: 24) { pane in
                #expect(try await pane.isGivenBack())
                try await pane.startTop()
                var shown = try await pane.wait("rates") { lines in
                    lines.contains { $0.hasPrefix(" packets/s") && $0.contains("accept") && !$0.contains("accept -") }
                }
                #expect(shown.count == 24 && shown.allSatisfy { $0.count <= 80 } && shown[0].hasPrefix(" OK "))
                for title in ["─ 1 traffic ─", "─ 2 queues ─", "─ 3 lists ─", "─ 4 not judged", "─ 5 answers"] {
                    #expect(shown.contains { $0.hasPrefix(title) }, "\(title)")
                }
                #expect(shown.contains { $0.hasPrefix(" dropped ") } && shown.contains { $0.hasPrefix(" observed ") })
                #expect(try await pane.isGivenBack() == false)
                #expect(try await pane.screen(coloured: true).joined().contains("\u{1B}["))
                var all = shown

                try await pane.resize(columns: 200, rows: 50)
                shown = try await pane.wait("the large screen") { lines in
                    lines.count == 50 && lines.contains { $0.contains("LAST 2m") }
                        && lines.contains { $0.contains("logarithmic") }
                }
                #expect(shown.contains { $0.count > 190 } && shown.last?.contains("q quit") == true)
                all += shown
                try await pane.resize(columns: 20, rows: 5)
                shown = try await pane.wait("the small screen") { $0.count == 5 && $0[4].hasPrefix(" verdict p99") }
                #expect(shown.allSatisfy { $0.count <= 20 } && shown[0] == " OK  nothing wrong")
                try await pane.resize(columns: 80, rows: 24)

                try await pane.press("s", "s")
                try await pane.wait("a sort column") { $0.last?.hasSuffix("by packets ▾") == true }
                try await pane.press("r")
                try await pane.wait("its reverse") { $0.last?.hasSuffix("by packets ▴") == true }
                for (key, title) in [("3", "─ 3 lists ─"), ("4", "─ 4 not judged"), ("2", "─ 2 queues ─")] {
                    try await pane.press(key)
                    shown = try await pane.wait(title) { lines in
                        lines.filter { $0.hasPrefix("─") }.count == 1 && lines.contains { $0.hasPrefix(title) }
                    }
                    all += shown
                }
                try await pane.press("?")
                shown = try await pane.wait("the help") { $0.contains(" Keys") }
                #expect(shown.last?.contains("line 1 to ") == true)
                try await pane.press("Down")
                try await pane.wait("the help's second line") { $0.last?.contains("line 2 to ") == true }
                try await pane.press("Escape", "0")

                try await pane.press("p")
                let paused = try await pane.wait("the pause") { $0[0].contains(" PAUSED ") }
                let before = Samples(try await site.get("/metrics")).sum("grindvakt_packets_total")
                _ = try await site.samples { $0.sum("grindvakt_packets_total") > before + 400 }
                #expect(try await pane.screen() == paused)
                try await pane.press("Space")
                try await pane.wait("the end of the pause") {
                    $0[0].contains(" PAUSED ") == false && $0[0] != paused[0]
                }

                try await pane.press("q")
                shown = try await pane.wait("the end") { $0.contains("ended=0") }
                #expect(try await pane.isGivenBack())
                #expect(shown.contains { $0.contains("traffic") } == false, "the shell's screen is back")
                let hosts = [site.lab.client, site.lab.router, site.lab.server]
                for secret in [".test", "flood"] + hosts.flatMap({ $0.ipv4 + $0.ipv6 }) {
                    #expect(all.contains { $0.contains(secret) } == false, "\(secret)")
                }
            }
            // What it tells of two seconds lies within what was counted around them.
            let before = try await site.samples().sum("grindvakt_names_total")
            let measured = try await site.lab.router.run([
                "sh", "-c",
                """
                \(site.binary) top --once --json --interval 2 --socket \(site.socket) | python3 -c '
                import json, sys
                told = json.load(sys.stdin)
                print(told["names_per_second"]["dns"] * told["interval_seconds"])'
                """,
            ])
            let counted = try await site.samples().sum("grindvakt_names_total") - before
            let told = try #require(Double(measured.output.dropLast()), "\(measured)")
            #expect(flood.isAsking && told > 0 && told <= counted + 0.5 && told > counted / 3, "\(told) of \(counted)")
            flood.process.send(SIGTERM)
        }
    }

    @Test(.enabled(if: hasTmux, "needs tmux"))
    func `top gives the terminal back however it ends`() async throws {
        try await Site.with { site in
            _ = try await site.startSensor()
            try await Pane.with(site, columns: 80, rows: 24) { pane in
                @Sendable func isShown(_ lines: [String]) -> Bool { lines.last?.contains("q quit") == true }
                for (signal, status) in [
                    ("INT", 0), ("TERM", 0), ("HUP", 0), ("SEGV", 128 + 11), ("ILL", 128 + 4), ("ABRT", 128 + 6),
                    ("QUIT", 128 + 3),
                ] {
                    try await pane.startTop()
                    try await pane.wait("the view before SIG\(signal)") { isShown($0) }
                    try await Command.output(["kill", "-s", signal, try await pane.child()])
                    try await pane.wait("the end by SIG\(signal)") { $0.contains("ended=\(status)") }
                    #expect(try await pane.isGivenBack(), "SIG\(signal)")
                }
                try await pane.startTop()
                try await pane.wait("the view before Ctrl-Z") { isShown($0) }
                try await pane.press("C-z")
                try await pane.wait("the shell") { $0.contains { $0.contains("Stopped") } }
                #expect(try await pane.isGivenBack())
                try await pane.type("fg")
                try await pane.wait("the view after fg") { isShown($0) && $0[0].hasPrefix(" OK ") }
                #expect(try await pane.isGivenBack() == false)
                try await pane.press("C-c")
                try await pane.wait("the prompt") { $0.last { $0.isEmpty == false } == "$" }
                try await pane.type("echo after=$?")
                try await pane.wait("the end by Ctrl-C") { $0.contains("after=0") }
                #expect(try await pane.isGivenBack())

                try await pane.openTop()
                try await pane.wait("the view without a shell") { isShown($0) }
                try await pane.press("C-z")
                try await pane.press("p")
                try await pane.wait("the view after Ctrl-Z") { isShown($0) && $0[0].contains(" PAUSED ") }
                #expect(try await pane.isGivenBack() == false)
            }
        }
    }

    @Test(.enabled(if: hasTmux, "needs tmux"))
    func `top waits for a sensor that has gone, and shows no rates against the one before`() async throws {
        try await Site.with { site in
            let first = try await site.startSensor()
            try await Pane.with(site, columns: 100, rows: 30) { pane in
                try await pane.startTop()
                try await pane.wait("the view") { $0[0].hasPrefix(" OK ") }
                #expect(await first.stop() == .exited(0))
                let away = try await pane.wait("the absence") { $0[0].hasPrefix(" AWAY ") }
                #expect(away[1].contains(site.socket), "\(away)")
                _ = try await site.startSensor()
                let back = try await pane.wait("the return") {
                    $0[0].hasPrefix(" OK ") && $0[0].contains("anew") == false
                }
                #expect(back.contains { $0.hasPrefix(" packets/s          0") }, "\(back)")
                try await pane.press("q")
                try await pane.wait("the end") { $0.contains("ended=0") }
            }
        }
    }

    @Test(.enabled(if: hasTmux, "needs tmux"))
    func `top respects the locale, NO_COLOR and a dumb terminal`() async throws {
        try await Site.with { site in
            _ = try await site.startSensor()
            try await Pane.with(site, columns: 80, rows: 24) { pane in
                try await pane.startTop(environment: "NO_COLOR=1 LC_ALL=C")
                let shown = try await pane.wait("the view") { $0.last?.contains("q quit") == true }
                #expect(shown.joined().utf8.allSatisfy { (0x20...0x7E).contains($0) }, "\(shown)")
                #expect(try await pane.screen(coloured: true).joined().contains("\u{1B}") == false)
                try await pane.press("q")
                try await pane.wait("the end") { $0.contains("ended=0") }

                try await pane.startTop(environment: "TERM=dumb LC_ALL=C.UTF-8")
                try await pane.wait("a page") { $0.contains("answers to blocked clients") }
                #expect(try await pane.isGivenBack())
                try await pane.press("C-c")
                try await pane.wait("the prompt") { $0.last { $0.isEmpty == false } == "$" }
                try await pane.type("echo after=$?")
                try await pane.wait("the end") { $0.contains("after=130") }
            }
            // To a pipe whose reader goes away after a line.
            let top = "\(site.binary) top --interval 0.1 --socket \(site.socket)"
            let piped = try await site.lab.router.run(["sh", "-c", "{ \(top); echo ended=$? >&2; } | head -n 1"])
            #expect(piped.output.hasPrefix(" OK ") && piped.errors == "ended=0\n", "\(piped)")
            let once = try await site.grindvakt(["top", "--once", "--interval", "0.2", "--socket", site.socket])
            #expect(
                once.succeeded && once.output.contains("\nlists\n") && once.output.contains("\u{1B}") == false,
                "\(once)"
            )
            let json = try await site.lab.router.run([
                "sh", "-c",
                "\(top) --once --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"healthy\"])'",
            ])
            #expect(json.output == "True\n", "\(json)")
        }
    }
}
