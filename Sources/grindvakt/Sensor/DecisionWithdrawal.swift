import NetfilterQueue
import NetfilterRules

/// When connections that earlier lists decided are looked at again.
///
/// Accepted connections bear one of two marks in turns: the one changes to the other when every worker has taken new lists, so that at the end
/// of the lifetime those decided before are told by their mark. TCP connections are then reset, so that clients connect anew and are
/// judged anew: what a connection asked for in its hello has gone by, and is kept nowhere.
struct DecisionWithdrawal {
    private let lifetime: UInt64
    private let mark: FlowMark
    private var generation: UInt64
    private var takesOther = false
    private var pending: (before: UInt64, due: UInt64)?

    /// - Parameters:
    ///   - lifetime: seconds; zero for never.
    ///   - mark: the marks of decided flows.
    ///   - generation: the lists' generation at the start.
    init(lifetime: Int, mark: FlowMark, generation: UInt64) {
        self.lifetime = UInt64(lifetime) * 1_000_000_000
        self.mark = mark
        self.generation = generation
    }

    /// Looks at the time and at the lists; to be called every second or so.
    ///
    /// - Parameters:
    ///   - newest: the generation of the lists that were published last.
    ///   - workers: who decides.
    ///   - now: nanoseconds of the workers' clock.
    /// - Returns: what is to be done with connections' marks now, in this order.
    mutating func due(_ newest: UInt64, _ workers: WorkerPool, at now: UInt64) -> [ConnectionMarks.Replacement] {
        guard lifetime > 0 else { return [] }
        if let pending {
            guard now >= pending.due else { return [] }
            self.pending = nil
            workers.forgetDecisions(before: pending.before)
            let old = takesOther ? mark.accepted : mark.acceptedAnew
            return [
                ConnectionMarks.Replacement(mark.blocked, tcp: 0, other: 0),
                ConnectionMarks.Replacement(mark.refused, tcp: 0, other: 0),
                ConnectionMarks.Replacement(old, tcp: mark.refused, other: mark.blocked),
            ]
        }
        guard newest != generation, workers.oldestGeneration >= newest else { return [] }
        generation = newest
        takesOther.toggle()
        workers.mark(acceptedAnew: takesOther)
        pending = (before: now, due: now + lifetime)
        return []
    }
}
