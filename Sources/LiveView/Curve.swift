import Figures

/// Draws values as bars of signs, one cell wide each.
enum Curve {
    /// One line: a blank where nothing was measured, the lowest sign for zero and for nothing else.
    ///
    /// - Parameters:
    ///   - values: a value for each cell.
    ///   - ceiling: the value of the highest sign; nil for the highest value.
    ///   - signs: what to draw with.
    /// - Returns: a sign for each value.
    static func line(_ values: [Double?], ceiling: Double? = nil, _ signs: Signs) -> String {
        Bars.line(values, ceiling: ceiling, signs.bars)
    }

    /// Several lines, the highest first; a value that is not zero leaves a trace on the lowest.
    static func lines(_ values: [Double?], ceiling: Double? = nil, height: Int, _ signs: Signs) -> [String] {
        let top = ceiling ?? values.compactMap { $0 }.max() ?? 0
        let steps = signs.blocks.count
        let heights = values.map { value -> Int? in
            guard let value else { return nil }
            guard value > 0, top > 0 else { return 0 }
            return min(max(Int((value / top * Double(height * steps)).rounded()), 1), height * steps)
        }
        return (0..<max(height, 0)).reversed().map { row in
            heights.map { filled in
                guard let filled else { return " " }
                if row == 0, filled == 0 { return signs.bars[0] }
                let part = filled - row * steps
                return part <= 0 ? " " : signs.blocks[min(part, steps) - 1]
            }.joined()
        }
    }
}
