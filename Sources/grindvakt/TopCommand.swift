import ArgumentParser
import ControlSocket
import Glibc
import LiveView
import SystemPackage

/// `grindvakt top`: a running sensor at a glance, again and again.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        _superCommandName: Grindvakt.name,
        abstract: "Watch a running sensor: rates, queues, latency, lists and what it cannot see.",
        discussion: """
            Asks the sensor's socket each second and shows what happened in between; the sensor's own verdict on itself comes first. Nothing has to \
            be installed on the host, and any terminal does.

              grindvakt top
              grindvakt top --sort lost
              grindvakt top --interval 10 --once
              grindvakt top --once --json | jq .lost_per_second
              ssh -t edge7 grindvakt top

            Keys: q quit, p or space pause, s next sort column, r reverse, 1 to 5 one part alone (traffic, queues, lists, not judged, answers), 0 all \
            parts, arrows scroll, ? explains the figures.

            --once measures over one interval, prints all parts and ends. So does each interval where standard output is no terminal, or a dumb \
            one (TERM=dumb), until the sensor or the reader goes away. --json prints an object a measurement: rates per second, times in seconds, \
            null where nothing is known. NO_COLOR leaves the colours out; a locale that is not UTF-8 has curves of ASCII, as --ascii has.

            A counter that went back, as when the sensor was started anew, has no rate until it has been read twice. A sensor that goes away is \
            shown as away, and asked on. Names and addresses are never shown: the sensor does not tell them.

            Exit status: 0 ended by a key or a signal, or measured; 2 no sensor there to begin with; 3 the socket may not be used.
            """
    )

    @OptionGroup var socket: SocketOption

    @Option(help: ArgumentHelp("Seconds between two readings, 0.1 to 3600.", valueName: "seconds"))
    var interval = 1.0

    @Option(
        help: ArgumentHelp(
            "Sort by a column of the queues, the first six, or of the lists; without it they stand as the sensor has them.",
            valueName: "column"
        ),
        completion: .list(SortColumn.allCases.map(\.rawValue))
    )
    var sort: SortColumn?

    @Flag(help: "Turn the order round.")
    var reverse = false

    @Flag(help: "Measure over one interval, print it and end.")
    var once = false

    @Flag(help: "Print JSON, one object a measurement and line.")
    var json = false

    @Flag(help: "Draw with ASCII alone, whatever the locale says.")
    var ascii = false

    func validate() throws {
        guard (0.1...3600).contains(interval) else {
            throw ValidationError("--interval must lie between 0.1 and 3600 seconds")
        }
    }

    func run() async throws {
        // Whoever reads the output may go away first; that is a write that fails.
        _ = signal(SIGPIPE, SIG_IGN)
        let environment = TerminalEnvironment.current
        if once || json || environment.isDumb || Terminal.isTerminal(STDOUT_FILENO) == false {
            try await printMeasurements(environment)
        } else {
            try await watch(environment)
        }
    }

    private func screen(_ model: LiveModel, _ environment: TerminalEnvironment) -> Screen {
        Screen(
            model: model,
            state: ViewState(sort: sort, isReversed: reverse),
            signs: ascii || environment.isUTF8 == false ? .ascii : .unicode,
            socket: socket.socket
        )
    }

    // MARK: - For paper, pipes and programs

    private func printMeasurements(_ environment: TerminalEnvironment) async throws {
        var model = LiveModel(interval: interval)
        model.note(try await SensorPoll.ask(socket))
        let clock = ContinuousClock()
        var next = clock.now
        repeat {
            next = max(next + .seconds(interval), clock.now)
            try await clock.sleep(until: next)
            var absence: String?
            do {
                model.note(try await SensorPoll.ask(socket))
            } catch let error as any CommandFailure where once == false {
                model.noteAbsence(error.description, seconds: SensorPoll.now)
                absence = error.description
            }
            do {
                try print(model, absence, environment)
            } catch Errno.brokenPipe {
                return
            }
        } while once == false
    }

    private func print(_ model: LiveModel, _ absence: String?, _ environment: TerminalEnvironment) throws {
        var text = ""
        if let absence {
            // A program reads objects; what it cannot have is told beside them.
            if json { return Grindvakt.warn(absence) }
            text = "away: \(absence)\n"
        } else if json {
            guard let measurement = model.measurement else { return }
            text = MeasurementReport.render(measurement) + "\n"
        } else {
            let size = Terminal.size(of: STDOUT_FILENO)
            let lines = screen(model, environment).page(columns: size?.columns ?? environment.columns ?? 132)
            let hasColour = size != nil && environment.hasColour
            text = lines.map { $0.text(hasColour: hasColour) + "\n" }.joined()
        }
        try FileDescriptor.standardOutput.writeAll((once || json ? text : text + "\n").utf8)
    }

    // MARK: - On a terminal

    fileprivate enum Event: Sendable {
        case terminal(Terminal.Event)
        case answer(SensorPoll.Answer)
    }

    private func watch(_ environment: TerminalEnvironment) async throws {
        // A wrong path or a missing right is told at once; a sensor that goes away later is waited for.
        let first = try await SensorPoll.ask(socket)
        let terminal = try Terminal()
        var screen = screen(LiveModel(interval: interval), environment)
        screen.model.note(first)
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let (socket, interval) = (socket, interval)
        let polling = Task {
            await SensorPoll.repeatedly(socket, interval: interval) { continuation.yield(.answer($0)) }
        }
        let terminalEvents = terminal.events
        let listening = Task {
            for await event in terminalEvents { continuation.yield(.terminal(event)) }
        }
        defer {
            polling.cancel()
            listening.cancel()
            terminal.leave()
        }
        try terminal.enter()
        try await show(screen, of: events, on: terminal, hasColour: environment.hasColour)
    }

    private func show(
        _ start: Screen,
        of events: AsyncStream<Event>,
        on terminal: Terminal,
        hasColour: Bool
    ) async throws {
        var screen = start
        // While the view stands still, answers go on into the model beside it.
        var model = start.model
        var frame = Frame()
        func draw() throws(TerminalError) {
            let size = terminal.size
            frame = screen.frame(columns: size.columns, rows: size.rows)
            screen.state.scroll = min(screen.state.scroll, frame.scrollLimit)
            try terminal.write(frame.text(columns: size.columns, rows: size.rows, hasColour: hasColour))
        }
        try draw()
        for await event in events {
            switch event {
            case .answer(.reading(let reading)): model.note(reading)
            case .answer(.absence(let reason)): model.noteAbsence(reason, seconds: SensorPoll.now)
            case .terminal(.input(let bytes)):
                var outcome = ViewState.Outcome.nothing
                for key in Key.keys(in: bytes) {
                    switch screen.state.apply(key, page: frame.page, limit: frame.scrollLimit) {
                    case .nothing: break
                    case .redraw: outcome = .redraw
                    case .quit: return
                    }
                }
                guard outcome == .redraw else { continue }
            case .terminal(.inputEnded), .terminal(.signal(SIGINT)), .terminal(.signal(SIGTERM)),
                .terminal(.signal(SIGHUP)):
                return
            case .terminal(.signal(SIGTSTP)):
                terminal.stop()
                try terminal.enter()
            // The shell may have changed the terminal's modes meanwhile.
            case .terminal(.signal(SIGCONT)): try terminal.enter()
            case .terminal(.signal): break
            }
            if screen.state.isPaused == false { screen.model = model }
            try draw()
        }
    }
}

extension SortColumn: ExpressibleByArgument {}

extension TerminalError: CommandFailure {
    var exitStatus: Int32 { 2 }
}

/// What the environment says about the terminal.
private struct TerminalEnvironment {
    /// Whether it can do no more than print one line after the other.
    var isDumb: Bool
    /// Whether colours are wanted (no-color.org).
    var hasColour: Bool
    /// Whether the locale's characters are UTF-8.
    var isUTF8: Bool
    /// How wide the lines of output shall be.
    var columns: Int?

    static var current: Self {
        let terminal = value("TERM")
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.map { value($0) }.first { $0.isEmpty == false } ?? ""
        let encoding = locale.lowercased().filter { $0 != "-" }
        return Self(
            isDumb: terminal.isEmpty || terminal == "dumb",
            hasColour: value("NO_COLOR").isEmpty,
            isUTF8: encoding.contains("utf8"),
            columns: Int(value("COLUMNS")).flatMap { (20...1000).contains($0) ? $0 : nil }
        )
    }

    private static func value(_ name: String) -> String {
        // SAFETY: the environment is not changed; what is returned is nil or a NUL-terminated string, copied at once.
        unsafe getenv(name).map { unsafe String(cString: $0) } ?? ""
    }
}

/// Asks the sensor how it does.
private enum SensorPoll {
    /// What came of asking.
    enum Answer: Sendable {
        case reading(Reading)
        /// Why there is none, in one line.
        case absence(String)
    }

    /// Seconds by a clock that never goes back.
    static var now: Double {
        let (seconds, attoseconds) = (ContinuousClock.now - origin).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    private static let origin = ContinuousClock.now

    /// Asks once.
    static func ask(_ socket: SocketOption) async throws -> Reading {
        let body = try await socket.request("/status", timeout: .seconds(5))
        let answered = now
        guard let status = try? StatusDocument(json: body) else {
            throw Refusal(description: "\(socket.socket): the answer is no status; is this the sensor's socket?")
        }
        return Reading(status, seconds: answered)
    }

    /// Asks at each interval until the task is cancelled; what a slow answer has missed is left out.
    static func repeatedly(
        _ socket: SocketOption,
        interval: Double,
        _ take: (Answer) -> Void
    ) async {
        let clock = ContinuousClock()
        var next = clock.now
        while Task.isCancelled == false {
            next = max(next + .seconds(interval), clock.now)
            do {
                try await clock.sleep(until: next)
                take(.reading(try await ask(socket)))
            } catch let error as any CommandFailure {
                take(.absence(error.description))
            } catch {
                return
            }
        }
    }
}
