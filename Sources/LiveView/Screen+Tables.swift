import ControlSocket

extension Screen {
    /// The queues, and below them the taps.
    func queueTable(_ measurement: Measurement, columns: Int, hasCurves: Bool) -> [Line] {
        var lines: [Line] = []
        if measurement.queues.isEmpty == false || measurement.taps.isEmpty {
            lines += queueLines(measurement, columns: columns, hasCurves: hasCurves)
        }
        if measurement.taps.isEmpty == false {
            lines += tapLines(measurement, columns: columns, hasCurves: hasCurves)
        }
        return lines
    }

    private func queueLines(_ measurement: Measurement, columns: Int, hasCurves: Bool) -> [Line] {
        let queues = sorted(measurement.queues) { column, queue in
            switch column {
            case .queue: Double(queue.number)
            case .packets: queue.packets
            case .waiting: queue.waiting.map { Double($0) }
            case .lost: Self.sum(queue.kernelLost, queue.userLost)
            case .load: queue.load
            case .latency: queue.latency?.p99.seconds
            default: nil
            }
        }
        func cells(_ cell: (Measurement.Queue) -> Table.Cell) -> [Table.Cell] { queues.map(cell) }
        var table = Table()
        table.add(
            title("QUEUE", .queue),
            width: 6,
            cells { Table.Cell($0.isPresent ? "\($0.number)" : "\($0.number) gone", $0.isPresent ? .plain : .alarm) }
        )
        table.add(title("PACKETS/s", .packets), width: 9, cells { Table.Cell(FigureText.rate($0.packets), .strong) })
        table.add("DROPPED/s", rank: 4, width: 9, cells { Table.Cell(FigureText.rate($0.dropped)) })
        table.add(title("WAITING", .waiting), width: 7, cells { Table.Cell(FigureText.count($0.waiting)) })
        table.add(title("KLOST/s", .lost), width: 7, cells { Self.loss($0.kernelLost) })
        table.add("ULOST/s", width: 7, cells { Self.loss($0.userLost) })
        table.add("UNSEEN/s", rank: 1, width: 8, cells { Self.loss($0.unseen) })
        table.add("OVERRUN/s", rank: 6, width: 9, cells { Self.loss($0.overruns) })
        table.add(title("LOAD", .load), rank: 2, width: 5, cells { Self.load($0.load) })
        table.add("P50", rank: 5, width: 6, cells { Table.Cell(FigureText.time($0.latency?.median)) })
        table.add(title("P99", .latency), rank: 1, width: 6, cells { Table.Cell(FigureText.time($0.latency?.p99)) })
        table.add("P99.9", rank: 5, width: 7, cells { Table.Cell(FigureText.time($0.latency?.p999)) })
        table.add("FLOWS", rank: 3, width: 6, cells { Table.Cell(FigureText.count($0.flows)) })
        table.add("MEMORY", rank: 7, width: 7, cells { Table.Cell(FigureText.octets($0.flowMemory)) })
        let lines = table.lines(width: columns)
        guard queues.isEmpty == false else { return [Line(" no queue", .faint)] }
        return hasCurves ? curves(lines, queues.map { .queue($0.number) }) : lines.lines
    }

    private func tapLines(_ measurement: Measurement, columns: Int, hasCurves: Bool) -> [Line] {
        let taps = sorted(measurement.taps) { column, tap in
            switch column {
            case .queue: Double(tap.number)
            case .packets: tap.packets
            case .lost: Self.sum(tap.kernelLost, tap.interfaceLost)
            case .load: tap.load
            default: nil
            }
        }
        func cells(_ cell: (Measurement.Tap) -> Table.Cell) -> [Table.Cell] { taps.map(cell) }
        var table = Table()
        table.add(title("TAP", .queue), numeric: false, width: 10, cells { Table.Cell(cut($0.interface, 15)) })
        table.add(
            "READING",
            numeric: false,
            rank: 1,
            width: 7,
            cells { Table.Cell($0.isReading ? "yes" : "NO", $0.isReading ? .plain : .alarm) }
        )
        table.add(title("PACKETS/s", .packets), width: 9, cells { Table.Cell(FigureText.rate($0.packets), .strong) })
        table.add("RECEIVED/s", rank: 3, width: 10, cells { Table.Cell(FigureText.rate($0.received)) })
        table.add(title("KLOST/s", .lost), width: 7, cells { Self.loss($0.kernelLost) })
        table.add("IFLOST/s", rank: 2, width: 8, cells { Self.loss($0.interfaceLost) })
        table.add(title("LOAD", .load), rank: 2, width: 5, cells { Self.load($0.load) })
        table.add("FLOWS", rank: 3, width: 6, cells { Table.Cell(FigureText.count($0.flows)) })
        let lines = table.lines(width: columns)
        return hasCurves ? curves(lines, taps.map { .queue($0.number) }) : lines.lines
    }

    /// The active lists, and below them those of which no edition is active.
    func listTable(_ measurement: Measurement, columns: Int, hasCurves: Bool) -> [Line] {
        let now = measurement.takenAt
        let lists = sorted(measurement.lists) { column, list in
            switch column {
            case .matches: list.matches
            case .entries: Double(list.status.entries)
            case .age: Self.age(list.status, at: now)
            case .expiry: list.status.expiresAt.map { $0 - now }
            default: nil
            }
        }
        func cells(_ cell: (Measurement.List) -> Table.Cell) -> [Table.Cell] { lists.map(cell) }
        var table = Table()
        table.add(title("LIST", .list), numeric: false, width: 10, cells { Table.Cell(cut($0.status.id, 24)) })
        table.add("STATE", numeric: false, width: 8, cells { Self.state(of: $0.status) })
        table.add(
            "ACTION",
            numeric: false,
            rank: 4,
            width: 8,
            cells { Table.Cell(cut($0.status.actions.joined(separator: ","), 24)) }
        )
        table.add(
            title("ENTRIES", .entries),
            rank: 2,
            width: 7,
            cells { Table.Cell(FigureText.count(UInt64(max($0.status.entries, 0)))) }
        )
        table.add("SEQ", rank: 5, width: 4, cells { Table.Cell($0.status.sequence.map { String($0) } ?? "-") })
        table.add(
            title("AGE", .age),
            rank: 1,
            width: 7,
            cells { Table.Cell(FigureText.span(Self.age($0.status, at: now))) }
        )
        table.add(title("EXPIRES", .expiry), rank: 1, width: 7, cells { Self.expiry($0.status, at: now) })
        table.add(title("MATCHES/s", .matches), width: 9, cells { Table.Cell(FigureText.rate($0.matches), .strong) })
        for label in Measurement.protocols {
            table.add("\(label.uppercased())/s", rank: 6, width: 6, cells { Self.matches($0, label) })
        }
        table.add("MATCHES", rank: 6, width: 7, cells { Table.Cell(FigureText.count($0.status.matches)) })
        table.add("ATTEMPTS", rank: 3, width: 8, cells { Table.Cell(FigureText.count($0.status.attempts)) })
        table.add("EVENTS", rank: 5, width: 7, cells { Table.Cell(FigureText.count($0.status.events)) })
        table.add("LEFT-ALONE/s", rank: 8, cells { Table.Cell(FigureText.rate($0.exempted)) })
        table.add("REFUSED", rank: 7, cells { Self.refused($0.status.updatesRefused) })
        let lines = table.lines(width: columns)
        var text = hasCurves ? curves(lines, lists.map { .list($0.status.id) }) : lines.lines
        if lists.isEmpty { text = [Line(" no list is active", .alarm)] }
        for list in measurement.status.refusedLists ?? [] {
            var line = Line(" \(cut(list.id, 24)) NOT ACTIVE", .alarm)
            line.add("  \(list.updatesRefused) updates refused", .faint)
            text.append(line)
        }
        return text
    }

    /// A column's title, with a mark where rows are sorted by it.
    private func title(_ text: String, _ column: SortColumn) -> String {
        state.sort == column ? "\(text) \(mark(of: column))" : text
    }

    /// The rows in the order the operator wants; those without a value come last, and equal ones stay as they are.
    private func sorted<Row>(_ rows: [Row], by value: (SortColumn, Row) -> Double?) -> [Row] {
        guard let sort = state.sort else { return state.isReversed ? rows.reversed() : rows }
        // Lists have no number of their own: by name they are sorted here.
        if sort == .list, let lists = rows as? [Measurement.List] {
            let named = lists.sorted { $0.status.id < $1.status.id }
            return ((state.isReversed ? named.reversed() : named) as? [Row]) ?? rows
        }
        let valued = rows.enumerated().map { ($0.offset, $0.element, value(sort, $0.element)) }
        guard valued.contains(where: { $0.2 != nil }) else { return rows }
        let mostFirst = sort.startsWithMost != state.isReversed
        return valued.sorted { left, right in
            guard let first = left.2 else { return right.2 == nil && left.0 < right.0 }
            guard let second = right.2 else { return true }
            if first == second { return left.0 < right.0 }
            return mostFirst ? first > second : first < second
        }.map(\.1)
    }

    /// Puts a curve behind each row, as wide as there is room.
    private func curves(_ table: (lines: [Line], rest: Int), _ series: [History.Series]) -> [Line] {
        let width = min(table.rest - 4, 60)
        guard width >= 12, let start = table.lines.first?.width else { return table.lines }
        let perColumn = max(1, Int((120 / (Double(width) * model.interval)).rounded(.up)))
        return table.lines.enumerated().map { index, line in
            var line = line
            line.pad(to: start + 3)
            if index == 0 {
                line.add("LAST \(FigureText.span(Double(width * perColumn) * model.interval))", .faint)
            } else if series.indices.contains(index - 1) {
                let values = model.history.columns(series[index - 1], width: width, perColumn: perColumn, .mean)
                line.add(Curve.line(values, signs), .curve)
            }
            return line
        }
    }

    private func cut(_ text: String, _ limit: Int) -> String {
        Line(text.plain).cut(to: limit, mark: signs.more).text
    }

    private static func sum(_ first: Double?, _ second: Double?) -> Double? {
        guard first != nil || second != nil else { return nil }
        return (first ?? 0) + (second ?? 0)
    }

    private static func loss(_ rate: Double?) -> Table.Cell {
        Table.Cell(FigureText.rate(rate), (rate ?? 0) > 0 ? .alarm : .plain)
    }

    private static func load(_ share: Double?) -> Table.Cell {
        Table.Cell(FigureText.share(share), (share ?? 0) >= 0.9 ? .warning : .plain)
    }

    private static func matches(_ list: Measurement.List, _ label: String) -> Table.Cell {
        Table.Cell(FigureText.rate(sum(list.blocked[label], list.observed[label])))
    }

    private static func refused(_ updates: UInt64?) -> Table.Cell {
        Table.Cell(FigureText.count(updates), (updates ?? 0) > 0 ? .warning : .plain)
    }

    private static func state(of list: StatusDocument.List) -> Table.Cell {
        if list.expired == true { return Table.Cell("EXPIRED", .alarm) }
        if list.fallback == true { return Table.Cell("FALLBACK", .warning) }
        return Table.Cell("ok", .good)
    }

    /// The time since the publisher issued it, or since it became active where that is not known.
    private static func age(_ list: StatusDocument.List, at now: Double) -> Double {
        now - (list.issuedAt ?? list.activatedAt)
    }

    private static func expiry(_ list: StatusDocument.List, at now: Double) -> Table.Cell {
        guard let expiresAt = list.expiresAt else { return Table.Cell("never", .faint) }
        let left = expiresAt - now
        guard left > 0 else { return Table.Cell("-\(FigureText.span(-left))", .alarm) }
        return Table.Cell(FigureText.span(left), left < 86_400 ? .warning : .plain)
    }
}
