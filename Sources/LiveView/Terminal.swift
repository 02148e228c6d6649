import Dispatch
import Glibc

/// The terminal that the view has to itself until it gives it back.
///
/// It is given back on every way out that a program can act on: by ``leave()``, when it is stopped, and when it is about to be
/// ended by a signal that says that it is broken.
package final class Terminal {
    /// What a terminal or the system tells the view.
    package enum Event: Sendable, Equatable {
        /// What was typed.
        case input([UInt8])
        /// There is no more input.
        case inputEnded
        /// A signal.
        case signal(Int32)
    }

    /// What comes in, in order.
    package let events: AsyncStream<Event>

    private let hasInput: Bool
    private let sources: [any DispatchSourceRead]

    /// Whether a descriptor is a terminal.
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Takes the terminal of standard output over; keys are read where standard input is a terminal too.
    ///
    /// - Throws: ``TerminalError`` when the terminal cannot be set.
    package init() throws(TerminalError) {
        hasInput = Self.isTerminal(STDIN_FILENO)
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        events = stream
        let pipe = try SignalPipe.open()
        try TerminalModes.save(fromInput: hasInput)
        var sources: [any DispatchSourceRead] = []
        let signals = DispatchSource.makeReadSource(fileDescriptor: pipe, queue: .global())
        signals.setEventHandler {
            for number in Self.read(pipe) ?? [] { continuation.yield(.signal(Int32(number))) }
        }
        sources.append(signals)
        if hasInput {
            let input = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .global())
            input.setEventHandler {
                guard let bytes = Self.read(STDIN_FILENO) else { return }
                continuation.yield(bytes.isEmpty ? .inputEnded : .input(bytes))
            }
            sources.append(input)
        }
        self.sources = sources
        SignalPipe.watch([SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH])
        TerminalModes.giveBackOnFaults()
        _ = signal(SIGPIPE, SIG_IGN)
        for source in sources { source.activate() }
    }

    deinit {
        for source in sources { source.cancel() }
    }

    /// Shows the view's own screen.
    ///
    /// - Throws: ``TerminalError`` when the terminal has gone.
    package func enter() throws(TerminalError) {
        TerminalModes.apply()
        try write(ControlSequence.enter)
    }

    /// Gives the terminal back as it was.
    package func leave() {
        TerminalModes.giveBack()
    }

    /// Gives the terminal back and stops this process, as SIGTSTP does without the view.
    ///
    /// Returns when the process is continued, and at once where nobody could continue it: the kernel stops no process without a
    /// shell, as that of `ssh -t HOST grindvakt top`.
    package func stop() {
        leave()
        SignalPipe.takeAsUsual(SIGTSTP)
    }

    /// The size of the screen; 80 by 24 where the terminal does not know.
    package var size: (columns: Int, rows: Int) { Self.size(of: STDOUT_FILENO) ?? (80, 24) }

    /// The size of a terminal's screen; nil where it is none or does not know.
    package static func size(of descriptor: Int32) -> (columns: Int, rows: Int)? {
        var size = winsize()
        // SAFETY: TIOCGWINSZ fills the structure that it is given, and keeps nothing of it.
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return nil
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Writes all of a text.
    ///
    /// - Throws: ``TerminalError`` when the terminal has gone.
    package func write(_ text: String) throws(TerminalError) {
        guard Octets.write(Array(text.utf8), to: STDOUT_FILENO) else { throw TerminalError(reason: Self.reason()) }
    }

    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 256)
        // SAFETY: the buffer has as many octets as are asked for, and read(2) keeps nothing of it.
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else { return errno == EAGAIN || errno == EINTR ? nil : [] }
        return Array(bytes.prefix(count))
    }

    static func reason() -> String {
        // SAFETY: strerror returns a NUL-terminated string, copied at once.
        unsafe String(cString: strerror(errno))
    }
}

/// Why there is no view: the terminal cannot be used, or has gone.
package struct TerminalError: Error, Equatable, CustomStringConvertible {
    /// What the system says.
    package var reason: String

    /// The line for the operator.
    package var description: String { "the terminal cannot be used: \(reason); try grindvakt top --once" }
}

/// The modes of the terminal before the view, kept where a signal's function can reach them.
private enum TerminalModes {
    /// As they were, and as the view has them: on the heap, since a global of this type is three octets short of what C writes.
    nonisolated(unsafe) private static let saved = UnsafeMutablePointer<termios>.allocate(capacity: 2)
    nonisolated(unsafe) private static var hasInput = false
    nonisolated(unsafe) private static var isEntered = false
    nonisolated(unsafe) private static let farewell: UnsafeBufferPointer<UInt8> = {
        let bytes = Array(ControlSequence.leave.utf8)
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = unsafe copy.initialize(from: bytes)
        return UnsafeBufferPointer(copy)
    }()

    static func save(fromInput: Bool) throws(TerminalError) {
        // SAFETY: called once, before there is a signal's function or another thread that reads these.
        unsafe hasInput = fromInput
        _ = unsafe farewell.count
        guard fromInput else { return }
        // SAFETY: the same; tcgetattr fills the structure that it is given.
        guard unsafe tcgetattr(STDIN_FILENO, saved) == 0 else { throw TerminalError(reason: Terminal.reason()) }
    }

    static func apply() {
        // SAFETY: only the task that runs the view enters and leaves; a signal's function that comes between reads whole words.
        unsafe isEntered = true
        guard unsafe hasInput else { return }
        let modes = unsafe saved + 1
        unsafe modes.initialize(to: saved.pointee)
        // Keys come one by one and unseen; Ctrl-C and Ctrl-Z are signals as ever.
        unsafe modes.pointee.c_lflag &= ~tcflag_t(ICANON | ECHO)
        unsafe modes.pointee.c_iflag &= ~tcflag_t(IXON)
        unsafe withUnsafeMutableBytes(of: &modes.pointee.c_cc) { controls in
            unsafe controls[Int(VMIN)] = 1
            unsafe controls[Int(VTIME)] = 0
        }
        _ = unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, modes)
    }

    /// Uses what POSIX allows in a signal's function, and nothing else.
    static func giveBack() {
        // SAFETY: the octets live as long as the process; the modes were saved before anything could end here.
        guard unsafe isEntered else { return }
        unsafe isEntered = false
        _ = unsafe Glibc.write(STDOUT_FILENO, farewell.baseAddress, farewell.count)
        if unsafe hasInput { _ = unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, saved) }
    }

    /// Before a signal ends the process because it is broken, the terminal is given back.
    static func giveBackOnFaults() {
        for number in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGQUIT] {
            // SAFETY: the function takes no more than the number, and calls what POSIX allows there.
            var action = sigaction()
            unsafe action.__sigaction_handler.sa_handler = { number in
                TerminalModes.giveBack()
                _ = signal(number, SIG_DFL)
                raise(number)
            }
            _ = unsafe sigaction(number, &action, nil)
        }
    }
}

/// Signals as octets in a pipe, so that they are read in turn with everything else.
private enum SignalPipe {
    nonisolated(unsafe) private static var writeEnd: Int32 = -1

    /// Opens the pipe and returns the end to read from.
    static func open() throws(TerminalError) -> Int32 {
        var ends: [Int32] = [-1, -1]
        // SAFETY: pipe fills the two numbers.
        guard unsafe pipe(&ends) == 0 else { throw TerminalError(reason: Terminal.reason()) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        // SAFETY: written once, before a signal's function reads it.
        unsafe writeEnd = ends[1]
        return ends[0]
    }

    /// Lets a signal do once what it does without this program, before this returns.
    static func takeAsUsual(_ number: Int32) {
        // Threads of the dispatch library hold signals back, and this one shall not.
        // SAFETY: the sets are this function's own, and nobody keeps them.
        var (wanted, before) = (sigset_t(), sigset_t())
        _ = unsafe sigemptyset(&wanted)
        _ = unsafe sigaddset(&wanted, number)
        _ = signal(number, SIG_DFL)
        _ = unsafe pthread_sigmask(SIG_UNBLOCK, &wanted, &before)
        raise(number)
        _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        watch([number])
    }

    static func watch(_ numbers: [Int32]) {
        for number in numbers {
            // SAFETY: the function writes one octet to a pipe that never blocks, and leaves errno as it was.
            var action = sigaction()
            unsafe action.__sigaction_handler.sa_handler = { number in
                let before = errno
                var octet = UInt8(truncatingIfNeeded: number)
                _ = unsafe Glibc.write(SignalPipe.writeEnd, &octet, 1)
                errno = before
            }
            action.sa_flags = SA_RESTART
            _ = unsafe sigaction(number, &action, nil)
        }
    }
}

/// Octets to a descriptor.
private enum Octets {
    /// Writes all of them; false where the other side has gone.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            // SAFETY: the pointer and the count lie within the array, and write(2) keeps nothing of it.
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress.map { unsafe $0 + written }, $0.count - written)
            }
            if count > 0 {
                written += count
            } else if errno == EAGAIN {
                var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                // SAFETY: poll reads and writes one structure.
                guard unsafe poll(&state, 1, 10_000) > 0 else { return false }
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
