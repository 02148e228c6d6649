import CoverageProbes
import Glibc
import ListFiles
import Logging
import OperationLog
import SensorConfiguration
import Statistics
import Synchronization

/// Brings what probes have found at a client's place into the sensor's figures: from the file that `selftest coverage --record` writes there, or that
/// is brought there from the host that probes.
///
/// The file is looked at when it has changed, and each of its lines is taken once, however often the file comes.
final class CoverageIntake: Sendable {
    /// Which file it is, and of when.
    private struct Version: Equatable {
        var device: dev_t
        var number: ino_t
        var size: off_t
        var changed: Int
    }

    private let log: CoverageLog
    private let statistics: StatisticsWriter
    private let logger: Logger
    /// Seconds for which the store keeps days; what is older would only be deleted again.
    private let retention: Int64
    private let taken = Mutex<Version?>(nil)

    /// What a run may lie ahead of this host's clock, in seconds.
    private static let tolerance: Int64 = 3_600

    /// Where a configuration says, or the state directory; nil where there is neither.
    init?(_ configuration: SensorConfiguration, _ statistics: StatisticsWriter, _ logger: Logger) throws {
        let folder = try configuration.store()?.folder
        guard
            let path = configuration.statistics.coverage
                ?? folder.map({ "\($0)/\(SensorConfiguration.Statistics.defaultCoverageName)" })
        else { return nil }
        log = CoverageLog(path)
        self.statistics = statistics
        self.logger = logger
        retention = Int64(statistics.settings.dayRetention) * 86_400
    }

    /// Takes what is new, where the file has changed since the last time.
    ///
    /// - Parameter now: seconds since 1970-01-01 UTC.
    func take(at now: Int64) async {
        // Before it is read: what comes meanwhile makes another version.
        guard let version = Self.version(of: log.path), version != taken.withLock({ $0 }) else { return }
        do throws(TrustError) {
            let contents = try log.load()
            let runs = contents.records
                .filter { $0.time <= now + Self.tolerance && now - $0.time < retention }.map(\.run)
            guard let added = await statistics.record(runs) else { return }
            taken.withLock { $0 = version }
            if added > 0 {
                logger.tell(.coverageTaken, "\(added) results of coverage are new", [.count: .number(added)])
            }
            if contents.damagedLines > 0 {
                tell("\(log.path): \(contents.damagedLines) lines are damaged and left out")
            }
        } catch {
            taken.withLock { $0 = version }
            tell(error.description)
        }
    }

    private func tell(_ reason: String) {
        logger.tell(.coverageUnusable, "coverage is not taken: \(reason)", [.reason: .text(reason)])
    }

    private static func version(of path: String) -> Version? {
        var status = stat()
        // SAFETY: the path and the result outlive the call.
        guard unsafe stat(path, &status) == 0 else { return nil }
        let changed = status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec
        return Version(device: status.st_dev, number: status.st_ino, size: status.st_size, changed: changed)
    }
}

extension CoverageRecord {
    /// The record as a store takes it. Probes that showed nothing are none.
    fileprivate var run: CoverageRun {
        let times = milliseconds.map(Double.init)
        let blockedProbes = (0..<min(blocked, CoverageRecord.most)).map { index in
            CoverageProbe(
                list: list,
                mechanism: mechanism,
                isBlocked: true,
                milliseconds: index < times.count ? times[index] : nil
            )
        }
        let passedProbes = (0..<min(passed, CoverageRecord.most)).map { _ in
            CoverageProbe(list: list, mechanism: mechanism, isBlocked: false)
        }
        // Of the same line always the same, and of no other.
        let digest = ContentDigest(of: line).octets.prefix(8)
        return CoverageRun(
            identity: Int64(bitPattern: digest.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }),
            time: time,
            probes: blockedProbes + passedProbes
        )
    }

    /// More probes than a run can have of one list and mechanism; a number that is larger was written by nobody who probes.
    private static let most = 100_000
}
