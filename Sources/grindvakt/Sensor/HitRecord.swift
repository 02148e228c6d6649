import Blocklists
import ListFiles
import Logging
import OperationLog
import Synchronization
import Telemetry

/// What a sensor remembers of which entries were hit: sketches that its workers write to, and the file that they are brought into.
///
/// Receipts for publishers are made of it (`grindvakt list receipt`). It costs a packet that matches a bit in memory and others nothing; the file
/// is written little by little, so that a kill costs the hits of some minutes.
final class HitRecord: Sendable {
    /// Seconds between two writes.
    static let pause = 300.0

    /// What the workers write to.
    let sketches: HitSketches

    private let file: HitMemoryFile
    private let memory: Mutex<HitMemory>
    private let logger: Logger

    /// Takes up what was remembered. A file that is damaged, or that others may read, is left where it is, and nothing is noted before it is gone.
    ///
    /// - Parameters:
    ///   - folder: the state directory.
    ///   - logger: is told where a file cannot be used; there is no record then.
    init?(in folder: String, _ logger: Logger) {
        let file = HitMemoryFile("\(folder)/\(HitMemoryFile.name)")
        do throws(TrustError) {
            let memory = try file.load() ?? HitMemory()
            sketches = HitSketches(key: memory.key, slots: Counters.slotCapacity)
            self.memory = Mutex(memory)
        } catch {
            logger.tell(.hitsUnusable, "hits are not noted: \(error.description)", [.reason: .text(error.description)])
            return nil
        }
        self.file = file
        self.logger = logger
    }

    /// Brings what was hit since the last time into the file; where it cannot be written it is kept and brought there the next time.
    ///
    /// - Parameters:
    ///   - slots: every list that is counted, and where.
    ///   - time: seconds since 1970-01-01 UTC.
    func write(_ slots: [ListSlots.Slot], at time: Double) {
        let second = time.isFinite ? Int64(min(max(time, 0), 253_402_300_799)) : 0
        let memory = memory.withLock { memory in
            sketches.drain(into: &memory, of: slots.map { ($0.id, $0.index) }, at: second)
            return memory
        }
        do throws(TrustError) {
            try file.save(memory)
        } catch {
            logger.tell(
                .hitsUnusable,
                "hits are not written: \(error.description)",
                [.reason: .text(error.description)]
            )
        }
    }
}
