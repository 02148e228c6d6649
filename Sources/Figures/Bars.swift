/// Values as bars of signs, one cell wide each.
package enum Bars {
    /// Signs of Unicode, from nothing at all to the most.
    package static let unicode = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    /// Signs of ASCII, from nothing at all to the most.
    package static let ascii = ["_", ".", ":", "-", "=", "+", "*", "#"]

    /// One line: a blank where nothing was measured, the lowest sign for zero and for nothing else.
    ///
    /// - Parameters:
    ///   - values: a value for each cell; what is no finite number counts as not measured.
    ///   - ceiling: the value of the highest sign; nil for the highest value.
    ///   - signs: what to draw with, from nothing to the most; at least two.
    /// - Returns: a sign for each value.
    package static func line(_ values: [Double?], ceiling: Double? = nil, _ signs: [String]) -> String {
        guard let lowest = signs.first, signs.count > 1 else { return "" }
        let measured = values.map { $0.flatMap { $0.isFinite ? $0 : nil } }
        let top = ceiling ?? measured.compactMap { $0 }.max() ?? 0
        let levels = signs.count - 1
        return measured.map { value in
            guard let value else { return " " }
            guard value > 0, top > 0 else { return lowest }
            let share = min(value / top, 1)
            return signs[min(max(Int((share * Double(levels)).rounded(.up)), 1), levels)]
        }.joined()
    }
}
