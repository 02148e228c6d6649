import Figures
import Telemetry
import TestSupport

@testable import Statistics

/// 2026-11-22T21:00:00Z.
let evening = 1_795_381_200.0

extension StatisticsSettings {
    /// Settings of a test's own store.
    static func sample(_ path: String, market: String = "se", window: Int = 2) -> StatisticsSettings {
        StatisticsSettings(
            path: path,
            market: Market(id: market, access: .fixed, subscribers: 120_000),
            attemptWindow: window
        )
    }
}

extension StatisticsStore {
    /// All figures of a length.
    func all(_ length: PeriodLength, market: String? = nil) throws -> [PeriodFigures] {
        try figures(length, from: 0, to: 253_402_300_799, market: market)
    }
}

extension [PeriodFigures] {
    /// Packets of all periods.
    var packets: UInt64 { reduce(0) { $0 + $1.operation.packets } }
}
