import Figures
import ListFiles
import Logging
import OperationLog
import SensorConfiguration
import Statistics

extension SensorConfiguration {
    /// What figures are kept by, and where; nil where none are kept.
    ///
    /// - Throws: ``Refusal`` where no file is named and there is no state directory for one.
    func statisticsSettings() throws -> StatisticsSettings? {
        guard let market = statistics.market else { return nil }
        let folder = try store()?.folder
        guard let path = statistics.path ?? folder.map({ "\($0)/\(Statistics.defaultName)" }) else {
            throw Refusal(
                description: "[statistics] has no place for its file; name a path in it, or a directory in [state]"
            )
        }
        return StatisticsSettings(
            path: path,
            market: market,
            attemptWindow: statistics.attemptWindow,
            hourRetention: statistics.hourRetention,
            dayRetention: statistics.dayRetention
        )
    }
}

extension Logger {
    /// Logs what happened to the store of statistics.
    func tell(_ event: StatisticsWriter.Event) {
        switch event {
        case .opened(let path): tell(.statisticsOpened, "statistics are kept in \(path)", [.path: .text(path)])
        case .failing(let error):
            tell(
                .statisticsFailing,
                "statistics cannot be written and are kept in memory: \(error.description)",
                [.cause: .text(error.cause), .reason: .text(error.description)]
            )
        case .recovered(let path):
            tell(.statisticsRecovered, "statistics are written again to \(path)", [.path: .text(path)])
        case .setAside(let path, let name):
            tell(
                .statisticsSetAside,
                "the damaged statistics \(path) are \(name) now; new ones are begun",
                [.path: .text(path), .reason: .text("it is damaged, and kept as \(name)")]
            )
        }
    }
}
