package import Telemetry

/// What may be said of attempts on any list, given the cells that they are made of.
///
/// The one rule: a total is a figure of its own only where no cell beneath it is under the threshold. So nothing of what is published depends
/// on the value of such a cell, and whoever knows the rule, the lists and all other figures learns of it that it is 1 to 9, and no more.
enum Disclosure {
    /// What has to be published of attempts on any list by one mechanism.
    enum Total: Equatable {
        /// This form, whatever the figure is.
        case fixed(PublishedCount)
        /// The figure, which is that of cells that are all over the threshold.
        case figure
    }

    /// The rule for the cells of one mechanism: attempts of each list and action, as published.
    static func total(over cells: [PublishedCount]) -> Total {
        let occupied = cells.filter { $0 != .none }
        // A name on one list alone is on any list as often: the total is that cell.
        if occupied.count < 2 { return .fixed(occupied.first ?? .none) }
        return occupied.contains(.few) ? .fixed(.withheld) : .figure
    }

    /// What attempts on any list by one mechanism may have been: as many as those of the busiest list, where its names are on no other, up to
    /// those of all lists together.
    static func bounds(_ mechanism: Mechanism, _ cells: [RecordedCells]) -> CountRange {
        var lists: [String: CountRange] = [:]
        for row in cells {
            guard let range = row.attempts[mechanism].range else { continue }
            lists[row.list, default: .zero] = lists[row.list, default: .zero] + range
        }
        return CountRange(
            least: lists.values.map(\.least).max() ?? 0,
            most: lists.values.reduce(.zero, +).most
        )
    }
}

extension BenchmarkRecord {
    /// What attempts on any list by a mechanism may have been, given everything that the record says.
    package func anyRange(_ mechanism: Mechanism) -> CountRange {
        let bounds = Disclosure.bounds(mechanism, cells)
        guard let range = anyAttempts[mechanism].range else { return bounds }
        return range
    }
}
