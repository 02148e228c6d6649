import Confinement
import OperationLog

extension Sensor {
    /// Takes from the process what it needs no more, and says in one line what is in force.
    func confine(for job: Confinement.Job) {
        let gaps = Confinement.apply(for: job)
        guard gaps.isEmpty else {
            let reason = gaps.map(\.rawValue).joined(separator: "; ")
            logger.tell(.confinementPartial, "not wholly confined: \(reason)", [.reason: .text(reason)])
            return
        }
        let capabilities = ProcessStatus.current()?.effective.description ?? "unknown"
        logger.tell(
            .confined,
            "confined: system calls are filtered, capabilities: \(capabilities), no new privileges, memory unreadable to others"
        )
    }
}
