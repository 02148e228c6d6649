import CConfinement
import Glibc

/// The capabilities of Linux that a thread may have (capabilities(7)).
package struct Capabilities: OptionSet, Equatable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    private init(number: CInt) {
        rawValue = 1 << UInt64(number)
    }

    /// Files are read and written whatever their permissions say.
    static let dacOverride = Capabilities(number: CAP_DAC_OVERRIDE)
    /// Queues are bound and verdicts given.
    package static let netAdmin = Capabilities(number: CAP_NET_ADMIN)
    /// Raw and packet sockets are opened.
    package static let netRaw = Capabilities(number: CAP_NET_RAW)

    /// Memory is locked beyond its limit.
    static let ipcLock = Capabilities(number: CAP_IPC_LOCK)
    /// Threads go before others beyond their limit.
    static let sysNice = Capabilities(number: CAP_SYS_NICE)

    /// How they are written in units: names with blanks between them, `none` where there is none.
    package var description: String {
        let names = [
            (Self.dacOverride, "CAP_DAC_OVERRIDE"), (.netAdmin, "CAP_NET_ADMIN"), (.netRaw, "CAP_NET_RAW"),
            (.ipcLock, "CAP_IPC_LOCK"), (.sysNice, "CAP_SYS_NICE"),
        ]
        var words = names.filter { contains($0.0) }.map(\.1)
        let others = subtracting(names.reduce(into: []) { $0.formUnion($1.0) }).rawValue.nonzeroBitCount
        if others > 0 { words.append("\(others) more") }
        return words.isEmpty ? "none" : words.joined(separator: " ")
    }

    /// Takes every other capability from each thread of the process.
    ///
    /// Linux keeps capabilities for each thread, and a thread can change its own alone: each is sent a signal at which it does. A thread that is
    /// made meanwhile has those of the one that made it, so the threads are looked at until twice in a row none has more.
    /// - Returns: whether no thread has more.
    static func keep(_ kept: Capabilities) -> Bool {
        guard gv_begin_keeping(kept.rawValue) == 0 else { return false }
        defer { gv_end_keeping() }
        var cleanRounds = 0
        for _ in 0..<1_000 {
            guard let threads = ProcessStatus.threads() else { return false }
            let others = threads.filter { thread in
                guard let status = ProcessStatus(thread: thread) else { return false }
                return status.permitted.isSubset(of: kept) == false
            }
            cleanRounds = others.isEmpty ? cleanRounds + 1 : 0
            if cleanRounds == 2 { return true }
            for thread in others { gv_signal_thread(thread) }
            if others.isEmpty == false { usleep(1_000) }
        }
        return false
    }
}
