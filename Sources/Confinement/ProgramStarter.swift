import CConfinement
import Glibc
import Synchronization

/// Starts one program, always the same with the same arguments, for a process that has confined itself and can start none.
///
/// It is a small process, made before the confinement: whoever gets hold of the confined one can have that program started, and no other. It ends with
/// the process that made it.
package final class ProgramStarter: Sendable {
    /// Orders and answers come in pairs.
    private let channel: Mutex<Int32>
    private let process: Int32

    /// Makes the process that starts the program; to be called early, while this one has little in memory, before ``Confinement/apply(for:)``.
    ///
    /// - Parameters:
    ///   - program: the path of the program.
    ///   - arguments: its arguments, of which the first is its own name.
    package init?(program: String, arguments: [String]) {
        // SAFETY: copies that both processes keep; the list ends in nil.
        let words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var process: Int32 = 0
        // SAFETY: the strings, the list and the number outlive the call here, and the new process has its own copies of them.
        let descriptor = unsafe gv_fork_starter(program, words, &process)
        guard descriptor >= 0 else { return nil }
        self.process = process
        channel = Mutex(descriptor)
    }

    deinit {
        channel.withLock { _ = close($0) }
        // It ends now; who waits for children of all kinds must not find it for ever.
        waitpid(process, nil, 0)
    }

    /// Starts the program; it has this process's environment as it was when the starter was made.
    ///
    /// - Returns: its process number, or the error number, negative.
    package func start() -> Int32 { ask(UInt8(gv_starter_start.rawValue)) ?? -EPIPE }

    /// How the program ended that was started last: a status as waitpid(2) gives it; nil while it runs.
    package func outcome() -> Int32? { ask(UInt8(gv_starter_outcome.rawValue)).flatMap { $0 < 0 ? nil : $0 } }

    /// Ends the program that was started last.
    package func end() { _ = ask(UInt8(gv_starter_end.rawValue)) }

    private func ask(_ order: UInt8) -> Int32? {
        channel.withLock { channel in
            var order = order
            var answer: Int32 = 0
            let size = MemoryLayout<Int32>.size
            // SAFETY: both variables outlive the calls, which are told their sizes. An answer is written in one piece.
            guard unsafe send(channel, &order, 1, Int32(MSG_NOSIGNAL)) == 1, unsafe read(channel, &answer, size) == size
            else { return nil }
            return answer
        }
    }
}
