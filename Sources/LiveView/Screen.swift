import ControlSocket
import Glibc

/// Lays the view out: a model, what the operator has chosen and a size go in, lines come out.
package struct Screen: Sendable {
    /// What is known of the sensor.
    package var model: LiveModel
    /// What the operator has chosen.
    package var state: ViewState
    /// What the view is drawn with.
    package var signs: Signs
    /// Where the sensor is asked.
    package var socket: String

    /// Makes a screen.
    ///
    /// - Parameters:
    ///   - model: what is known of the sensor.
    ///   - state: what the operator has chosen.
    ///   - signs: what the view is drawn with.
    ///   - socket: where the sensor is asked.
    package init(model: LiveModel, state: ViewState, signs: Signs, socket: String) {
        self.model = model
        self.state = state
        self.signs = signs
        self.socket = socket
    }

    /// A part of the view with its title.
    struct Part {
        var section: Section
        var title: String
        var lines: [Line]
        /// How many lines it is no use without.
        var least: Int
        /// Whether the lines below those are rows, of which as many are shown as there is room for.
        var isTable = false
    }

    // MARK: - Whole views

    /// The view of a terminal.
    ///
    /// - Parameters:
    ///   - columns: how wide it is.
    ///   - rows: how many lines it has.
    /// - Returns: at most so many lines, none of them wider.
    package func frame(columns: Int, rows: Int) -> Frame {
        let head = header(columns: columns, rows: rows)
        let foot = rows >= 10
        let room = rows - head.count - (foot ? 1 : 0)
        var frame = Frame()
        frame.lines = head
        var position = ""
        if state.showsHelp || state.section != nil {
            let body = state.showsHelp ? Help.lines(signs) : alone(columns: columns, rows: room)
            let limit = max(body.count - room, 0)
            let first = min(max(state.scroll, 0), limit)
            frame.page = max(room - 1, 1)
            frame.scrollLimit = limit
            frame.lines += body.dropFirst(first).prefix(max(room, 0))
            if limit > 0 { position = "line \(first + 1) to \(min(first + room, body.count)) of \(body.count)" }
        } else {
            frame.lines += overview(columns: columns, rows: room)
        }
        if foot {
            while frame.lines.count < rows - 1 { frame.lines.append(Line()) }
            frame.lines = Array(frame.lines.prefix(rows - 1)) + [footer(columns: columns, position: position)]
        }
        frame.lines = frame.lines.prefix(max(rows, 0)).map { $0.trimmed().cut(to: columns, mark: signs.more) }
        return frame
    }

    /// All parts without a limit to their height and without curves, for paper and pipes.
    package func page(columns: Int) -> [Line] {
        var lines = header(columns: columns, rows: .max)
        for part in parts(columns: columns, hasCurves: false) {
            lines.append(Line())
            lines += [Line(part.title, .title)] + part.lines
        }
        return lines.map { $0.trimmed().cut(to: columns, mark: signs.more) }
    }

    private func overview(columns: Int, rows: Int) -> [Line] {
        let parts = parts(columns: columns, hasCurves: true)
        guard rows >= 12 else {
            // No room for titles and tables: the rows that matter most.
            return Array((parts.first?.lines ?? []).prefix(max(rows, 0)))
        }
        var heights = [Int](repeating: 0, count: parts.count)
        var left = rows
        for (index, part) in parts.enumerated() where left > part.least {
            heights[index] = min(part.least, part.lines.count)
            left -= heights[index] + 1
        }
        // What is left goes to whoever can use it, a line each in turn.
        var isGiven = true
        while left > 0, isGiven {
            isGiven = false
            for (index, part) in parts.enumerated()
            where left > 0 && heights[index] > 0 && heights[index] < part.lines.count {
                heights[index] += 1
                left -= 1
                isGiven = true
            }
        }
        var lines: [Line] = []
        for (part, height) in zip(parts, heights) where height > 0 {
            lines.append(rule(part, columns: columns))
            lines += shortened(part, to: height)
            if part.section == .traffic { lines += bands(columns: columns, rows: left) }
        }
        return lines
    }

    private func shortened(_ part: Part, to height: Int) -> [Line] {
        guard part.isTable, height < part.lines.count, height > 0 else { return Array(part.lines.prefix(height)) }
        let hidden = part.lines.count - height + 1
        let more = Line(" \(signs.more) \(hidden) more: press \(part.section.rawValue)", .faint)
        return part.lines.prefix(height - 1) + [more]
    }

    private func alone(columns: Int, rows: Int) -> [Line] {
        guard let section = state.section else { return [] }
        guard let part = parts(columns: columns, hasCurves: true).first(where: { $0.section == section }) else {
            return [Line(" nothing to show", .faint)]
        }
        var lines = [rule(part, columns: columns)] + part.lines
        guard let measurement = model.measurement else { return lines }
        switch section {
        case .traffic:
            lines += bands(columns: columns, rows: rows - lines.count)
        case .queues, .lists: break
        case .unjudged:
            lines.append(Line())
            lines += countTable(
                [
                    ("undecided", measurement.undecided), ("odd form", measurement.anomalies),
                    ("hidden DNS", measurement.encryptedDNS),
                ],
                columns: columns
            )
        case .answers:
            lines.append(Line())
            lines += countTable([("sent", measurement.sent), ("not sent", measurement.unsent)], columns: columns)
        }
        return lines
    }

    // MARK: - Head and foot

    private func header(columns: Int, rows: Int) -> [Line] {
        var first = Line()
        var notes: [String] = []
        let status = model.measurement?.status
        if let absence = model.absence {
            first.add(" AWAY ", .alarmBadge)
            let since = status == nil ? "" : "for \(FigureText.span(absence.seconds)); what follows is from before"
            first.add(" " + (since.isEmpty ? absence.reason.plain : since))
            if since.isEmpty == false { notes.append(absence.reason.plain) }
        } else if let status {
            let findings = status.health?.findings ?? []
            if status.killSwitch == true { first.add(" KILL SWITCH ", .alarmBadge) }
            if findings.isEmpty == false {
                first.add(findings.count == 1 ? " 1 FINDING " : " \(findings.count) FINDINGS ", .alarmBadge)
            } else if status.killSwitch != true {
                first.add(status.health == nil ? " UP " : " OK ", .goodBadge)
            }
            if state.isPaused { first.add(" PAUSED ", .warningBadge) }
            if model.measurement?.isRestart == true {
                first.add(" the sensor has been started anew")
            } else if status.killSwitch == true {
                first.add(" nothing is blocked, matches are only counted")
            } else if findings.isEmpty {
                first.add(status.health == nil ? " the sensor does not say how it does" : " nothing wrong")
            }
            // The badge says what the finding of that word would.
            notes = findings.filter { $0.id != "kill-switch" }.map { "\($0.id): \($0.text)".plain }
        } else {
            first.add(" WAITING ", .warningBadge)
            first.add(" for the first answer")
        }
        if state.isPaused, model.absence != nil { first.add(" PAUSED ", .warningBadge) }
        if let measurement = model.measurement {
            first.add("\(FigureText.clock(measurement.takenAt)) UTC", .faint, endingAt: columns - 1)
        }
        var lines = [first]
        // A small screen keeps its lines for figures.
        let room = rows < 10 ? 0 : rows < 20 ? 1 : rows < 40 ? 4 : 8
        lines += told(notes, columns: columns, rows: room)
        if rows >= 10, let status { lines.append(about(status, columns: columns)) }
        return lines
    }

    private var every: String {
        model.interval < 1 ? "\(Int((model.interval * 1000).rounded()))ms" : FigureText.span(model.interval)
    }

    private func about(_ status: StatusDocument, columns: Int) -> Line {
        var facts = ["grindvakt \(status.version.plain)"]
        if let passes = status.passes, passes > 0 { facts.append("\(passes) let pass") }
        if let seconds = status.failOpenSeconds, seconds > 0 { facts.append("\(FigureText.span(seconds)) fail-open") }
        facts += ["snapshot \(status.snapshotGeneration)", "reloads \(status.reloads.succeeded)"]
        if status.reloads.failed > 0 { facts[facts.count - 1] += " (\(status.reloads.failed) failed)" }
        facts += ["each \(every)", socket.plain, "up \(FigureText.span(status.uptimeSeconds))"]
        return Line(" " + facts.joined(separator: " \(signs.separator) "), .faint)
    }

    /// Notes in full where there is room for all of them, else a line of each, and how many there are besides.
    private func told(_ notes: [String], columns: Int, rows: Int) -> [Line] {
        let full = notes.flatMap { note in
            wrapped(note, columns: columns).enumerated().map { index, line in
                var result = Line(index == 0 ? " ! " : "   ", .alarm)
                result.add(line)
                return result
            }
        }
        guard full.count > rows else { return full }
        return notes.prefix(rows).enumerated().map { index, note in
            var line = Line(" ! ", .alarm)
            let more = index == rows - 1 && notes.count > rows ? " \(signs.more) and \(notes.count - rows) more" : ""
            line.add(note)
            line = line.cut(to: max(columns - more.unicodeScalars.count, 0), mark: signs.more)
            line.add(more, .alarm)
            return line
        }
    }

    private func wrapped(_ text: String, columns: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= columns - 4 {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    private func footer(columns: Int, position: String) -> Line {
        var line = Line(" ")
        let keys = [
            ("q", "quit"), ("p", state.isPaused ? "go on" : "pause"), ("s", "sort"), ("r", "reverse"),
            ("1-5", "one part"), state.section == nil ? ("?", state.showsHelp ? "back" : "help") : ("0", "all"),
        ]
        for (key, meaning) in keys where line.width + key.count + meaning.count + 3 < columns {
            line.add(key, .strong)
            line.add(" \(meaning)  ", .faint)
        }
        var right = position
        if right.isEmpty, let sort = state.sort { right = "by \(sort.rawValue) \(mark(of: sort))" }
        line.add(right, .faint, endingAt: columns - 1)
        return line
    }

    private func rule(_ part: Part, columns: Int) -> Line {
        var line = Line("\(signs.rule) ", .faint)
        line.add("\(part.section.rawValue) \(part.title)", .title)
        line.add(" ")
        var note = ""
        if part.section == .traffic {
            let scale = scale(columns: columns)
            note = " last \(FigureText.span(Double(scale.width * scale.perColumn) * model.interval)) "
            if scale.width == 0 { note = "" }
        }
        let length = max(columns - line.width - note.count - (note.isEmpty ? 0 : 1), 0)
        line.add(String(repeating: signs.rule, count: length), .faint)
        line.add(note, .faint)
        if note.isEmpty == false { line.add(signs.rule, .faint) }
        return line
    }

    // MARK: - Parts

    private func parts(columns: Int, hasCurves: Bool) -> [Part] {
        guard let measurement = model.measurement else { return [] }
        let scale = hasCurves ? scale(columns: columns) : (width: 0, perColumn: 1)
        let hasMaximum = scale.width > 0 && columns >= 110
        let label = columns < 24 ? 11 : 13
        let room = columns - label - 10 - (scale.width > 0 ? scale.width + 2 : 0) - (hasMaximum ? 13 : 0)
        func row(
            _ name: String,
            _ value: String,
            _ tone: Tone,
            _ series: History.Series,
            _ summary: History.Summary,
            _ detail: Line
        ) -> Line {
            var line = Line(" " + String(name.left(label).prefix(label)), .faint)
            line.add(value.right(7), tone)
            if scale.width > 0 {
                let drawn = curve(series, width: scale.width, perColumn: scale.perColumn, summary)
                line.add("  ")
                line.add(Curve.line(drawn.values, ceiling: drawn.ceiling, signs), .curve)
                if hasMaximum {
                    line.add("  max ", .faint)
                    line.add(drawn.maximum.right(7), .faint)
                }
            }
            guard room >= 12 else { return line }
            line.add("  ")
            line.add(detail)
            return line
        }
        func rate(_ name: String, _ shares: Shares, _ series: History.Series, _ tone: Tone = .strong) -> Line {
            row(name, FigureText.rate(shares.rate), tone, series, .mean, rates(shares, room: room))
        }
        func seldom(_ name: String, _ shares: Shares, _ series: History.Series, _ tone: Tone = .plain) -> Line {
            let isSeen = (shares.rate ?? 0) > 0
            return row(name, FigureText.rate(shares.rate), isSeen ? tone : .plain, series, .highest, counts(shares))
        }

        var traffic = [
            rate("packets/s", measurement.packets, .packets),
            rate(name(of: .blocked), measurement.blocked, .blocked),
            row(
                "lost/s",
                FigureText.rate(measurement.lost.rate),
                (measurement.lost.rate ?? 0) > 0 ? .alarm : .plain,
                .lost,
                .highest,
                rates(measurement.lost, room: room)
            ),
        ]
        if measurement.queues.isEmpty == false {
            let latency = measurement.latency
            var detail = Line("p50 ", .faint)
            detail.add(FigureText.time(latency?.median).left(room < 24 ? 0 : 6))
            detail.add(room < 24 ? " p99.9 " : "  p99.9 ", .faint)
            detail.add(FigureText.time(latency?.p999))
            traffic.append(row("verdict p99", FigureText.time(latency?.p99), .strong, .p99, .highest, detail))
        }
        if measurement.observed.parts.isEmpty == false {
            traffic.append(rate("observed/s", measurement.observed, .observed, .plain))
        }
        traffic.append(rate("names/s", measurement.names, .names, .plain))
        let hasRowCurves = scale.width > 0 && columns >= 120
        let queues = queueTable(measurement, columns: columns, hasCurves: hasRowCurves)
        let lists = listTable(measurement, columns: columns, hasCurves: hasRowCurves)
        let unjudged = [
            seldom("undecided/s", measurement.undecided, .undecided, .warning),
            seldom("hidden DNS/s", measurement.encryptedDNS, .encryptedDNS),
            seldom("odd forms/s", measurement.anomalies, .anomalies),
        ]
        let answers = [
            seldom("sent/s", measurement.sent, .sent), seldom("not sent/s", measurement.unsent, .unsent, .warning),
        ]
        let title = measurement.taps.isEmpty ? "queues" : measurement.queues.isEmpty ? "taps" : "queues and taps"
        var parts = [
            Part(section: .traffic, title: "traffic", lines: traffic, least: 4),
            Part(section: .queues, title: title, lines: queues, least: 3, isTable: true),
            Part(section: .lists, title: "lists", lines: lists, least: 3, isTable: true),
            Part(section: .unjudged, title: "not judged, hidden, odd", lines: unjudged, least: 1),
            Part(section: .answers, title: "answers to blocked clients", lines: answers, least: 1),
        ]
        // A tap answers nobody.
        if measurement.isOnlyLooking { parts.removeLast() }
        if model.absence != nil {
            for index in parts.indices { parts[index].lines = parts[index].lines.map { $0.toned(.faint) } }
        }
        return parts
    }

    /// How wide curves are, and how many measurements share one of their columns, so that they show two minutes or more.
    private func scale(columns: Int) -> (width: Int, perColumn: Int) {
        let width = columns < 50 ? 0 : columns < 64 ? 12 : columns < 100 ? 24 : columns < 170 ? 40 : 60
        guard width > 0 else { return (0, 1) }
        let wanted = 120 / (Double(width) * model.interval)
        return (width, [1, 2, 3, 5, 10, 15, 20, 30, 50].first { Double($0) >= wanted - 0.01 } ?? 50)
    }

    /// Charts that fill what the other lines leave, one above the other where there is room for two.
    private func bands(columns: Int, rows: Int) -> [Line] {
        guard rows >= 16 else { return rows >= 6 ? charts(columns: columns, rows: rows) : [] }
        let upper = min((rows + 1) / 2, 16)
        return charts(columns: columns, rows: upper)
            + charts(columns: columns, rows: min(rows - upper, 16), [.blocked, .undecided])
    }

    private func charts(columns: Int, rows: Int, _ series: [History.Series] = [.packets, .p99]) -> [Line] {
        let hasTime = model.measurement?.queues.isEmpty == false
        let shown = series.map { $0 == .p99 && hasTime == false ? History.Series.names : $0 }
        let width = (columns - 3) / 2
        guard rows >= 3, width >= 20 else { return [] }
        let perColumn = max(1, Int((120 / (Double(width) * model.interval)).rounded(.up)))
        let halves = shown.prefix(2).map { series -> [Line] in
            let isTime = series == .p99
            let drawn = curve(series, width: width, perColumn: perColumn, isTime ? .highest : .mean)
            var title = Line(" " + name(of: series), .faint)
            title.add("  max ", .faint)
            title.add(drawn.maximum)
            if isTime { title.add("  (1us to 100ms, logarithmic)", .faint) }
            let bars = Curve.lines(drawn.values, ceiling: drawn.ceiling, height: rows - 1, signs)
            return [title] + bars.map { Line(" " + $0, .curve) }
        }
        guard let left = halves.first, let right = halves.last else { return [] }
        return zip(left, right).map { left, right in
            var line = left
            line.pad(to: width + 1)
            line.add(right)
            return line
        }
    }

    /// A series as it is drawn: its columns, the value of the highest sign, and the highest value there was, as text.
    private func curve(
        _ series: History.Series,
        width: Int,
        perColumn: Int,
        _ summary: History.Summary
    ) -> (values: [Double?], ceiling: Double?, maximum: String) {
        let values = model.history.columns(series, width: width, perColumn: perColumn, summary)
        let highest = model.history.columns(series, width: width, perColumn: perColumn, .highest)
        let top = highest.compactMap { $0 }.max()
        guard series == .p99 else { return (values, top, FigureText.rate(top)) }
        // Five decades, from 1 us to 100 ms, so that one slow packet does not flatten all others.
        let shares = values.map { $0.map { $0 <= 0 ? 0 : min(max(log10($0 * 1e6) / 5, 0.001), 1) } }
        return (shares, 1, FigureText.time(top))
    }

    private func name(of series: History.Series) -> String {
        switch series {
        case .packets: "packets/s"
        case .names: "names/s"
        case .blocked: model.measurement?.isOnlyLooking == true ? "would block/s" : "blocked/s"
        case .observed: "observed/s"
        case .lost: "lost/s"
        case .undecided: "undecided/s"
        case .anomalies: "odd forms/s"
        case .encryptedDNS: "hidden DNS/s"
        case .sent: "sent/s"
        case .unsent: "not sent/s"
        case .p99: "verdict p99"
        case .queue, .list: "packets/s"
        }
    }

    /// The parts of a rate, all of them, so that each keeps its place; closer together where there is less room.
    private func rates(_ shares: Shares, room: Int) -> Line {
        func line(padding: Int) -> Line {
            var line = Line()
            for part in shares.parts {
                if line.width > 0 { line.add(padding > 0 ? "  " : " ") }
                line.add("\(part.label.plain) ", .faint)
                line.add(FigureText.rate(part.rate).left(padding))
            }
            return line
        }
        let wide = line(padding: 5)
        return wide.width <= room ? wide : line(padding: 0)
    }

    /// What was counted at all, the most frequent first, with its count since the start.
    private func counts(_ shares: Shares) -> Line {
        let seen = shares.parts.filter { $0.total > 0 }
        guard seen.isEmpty == false else { return Line("none", .faint) }
        var line = Line()
        for part in seen.sorted(by: { ($0.total, $1.label) > ($1.total, $0.label) }) {
            line.add("\(part.label.plain) ", .faint)
            if let rate = part.rate, rate > 0 { line.add("\(FigureText.rate(rate))/s ") }
            line.add("(\(FigureText.count(part.total)))  ", .faint)
        }
        return line
    }

    private func countTable(_ groups: [(name: String, shares: Shares)], columns: Int) -> [Line] {
        let rows = groups.flatMap { group in group.shares.parts.map { (group.name, $0) } }
        var table = Table()
        table.add("KIND", numeric: false, width: 10, rows.map { Table.Cell($0.0, .faint) })
        table.add("WHAT", numeric: false, width: 20, rows.map { Table.Cell($0.1.label.plain) })
        table.add(
            "PER SECOND",
            rows.map { Table.Cell(FigureText.rate($0.1.rate), ($0.1.rate ?? 0) > 0 ? .strong : .plain) }
        )
        table.add(
            "SINCE START",
            rows.map { Table.Cell(FigureText.count($0.1.total), $0.1.total > 0 ? .plain : .faint) }
        )
        return table.lines(width: columns).lines
    }

    func mark(of sort: SortColumn) -> String {
        sort.startsWithMost == state.isReversed ? signs.ascending : signs.descending
    }
}
