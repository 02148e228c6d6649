import Glibc
import Synchronization

/// What replay writes: the records of all captures on one descriptor, in the order of the captures although several are read at a time, and messages
/// on another.
///
/// One capture after another has its turn. Whoever reads another one keeps its lines, and waits where there are too many of them.
actor ReplayOutput {
    /// The capture that has its turn, which may write at once.
    nonisolated var turn: Int { present.load(ordering: .acquiring) }

    /// Whether the reader of the records is gone, so that no more of them need be made.
    nonisolated var isClosed: Bool { closed.load(ordering: .relaxed) }

    /// Whether there is a terminal that shows how far a capture has been read.
    nonisolated let showsProgress: Bool

    /// The exit status so far.
    private(set) var status = ReplayStatus.done

    private let present = Atomic(0)
    private let closed = Atomic(false)
    private var output: BufferedOutput
    private var messages: BufferedOutput
    private var progress: ProgressLine
    /// Whether the records go to a terminal, which then is the one that the progress line stands on.
    private let isShownWithProgress: Bool
    /// Whether the present capture's name was given to the progress line.
    private var hasBegun = false
    private var waiting: [Int: CheckedContinuation<Void, Never>] = [:]

    init(_ descriptors: ReplayDescriptors) {
        output = BufferedOutput(descriptor: descriptors.output)
        messages = BufferedOutput(descriptor: descriptors.messages)
        showsProgress = isatty(descriptors.messages) == 1
        progress = ProgressLine(descriptor: descriptors.messages, isTerminal: showsProgress)
        isShownWithProgress = isatty(descriptors.output) == 1
    }

    /// Writes lines of a capture once it has its turn.
    ///
    /// - Returns: the memory of the lines, for further ones.
    func write(_ lines: consuming TextLine, of capture: Int) async -> TextLine {
        await reach(capture)
        if isShownWithProgress { progress.erase() }
        output.write(lines)
        closed.store(output.isClosed, ordering: .relaxed)
        lines.removeAll()
        return lines
    }

    /// Shows how far the capture that has its turn has been read.
    func show(_ name: String, _ position: ReplayPosition) {
        if hasBegun == false {
            progress.begin(name)
            hasBegun = true
        }
        progress.update(position: position.octets, size: position.size, packets: position.packets)
    }

    /// Ends a capture's turn, with what is still to be said of it.
    ///
    /// - Parameters:
    ///   - capture: the capture.
    ///   - summary: the last line of its records; empty where nothing could be read.
    ///   - failure: why it could not be read to its end.
    func end(_ capture: Int, summary: [UInt8], failure: String?) async {
        await reach(capture)
        output.buffer += summary
        flush()
        if let failure { refuse(failure) }
        hasBegun = false
        present.store(capture + 1, ordering: .releasing)
        waiting.removeValue(forKey: capture + 1)?.resume()
    }

    /// Appends text that `body` makes, behind all that captures gave.
    func append<Result>(_ body: @Sendable (inout [UInt8]) -> Result) -> Result {
        body(&output.buffer)
    }

    /// Says what could not be done, and makes it the run's exit status.
    func refuse(_ message: String) {
        status = .badInput
        say(message)
    }

    /// Notes that something differs from what was expected.
    func differ(_ message: String) {
        if status == .done { status = .differs }
        say(message)
    }

    /// Writes what is left.
    ///
    /// - Returns: the exit status of the run.
    func end() -> ReplayStatus {
        flush()
        if let failure = output.failure { refuse("standard output cannot be written: \(failure); make room for it") }
        return status
    }

    private func reach(_ capture: Int) async {
        guard capture != turn else { return }
        await withCheckedContinuation { waiting[capture] = $0 }
    }

    private func say(_ message: String) {
        flush()
        messages.buffer += Array("grindvakt: \(printable(message))\n".utf8)
        messages.flush()
    }

    /// Sends off the records so far; the progress line makes way, in case both are on one terminal.
    private func flush() {
        progress.erase()
        output.flush()
        closed.store(output.isClosed, ordering: .relaxed)
    }
}

/// Exit statuses of replay, as the command line promises them.
enum ReplayStatus: Int32 {
    case done = 0
    case differs = 1
    case badInput = 2
}
