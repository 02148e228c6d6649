/// The parts of the view, by the key that shows one alone.
package enum Section: Int, CaseIterable, Sendable {
    case traffic = 1
    case queues, lists, unjudged, answers
}

/// A column that rows are sorted by; each belongs to the queues and taps or to the lists.
package enum SortColumn: String, CaseIterable, Sendable {
    case queue, packets, waiting, lost, load, latency
    case list, matches, entries, age, expiry

    /// Whether it sorts lists, and not queues and taps.
    var sortsLists: Bool {
        switch self {
        case .queue, .packets, .waiting, .lost, .load, .latency: false
        case .list, .matches, .entries, .age, .expiry: true
        }
    }

    /// Whether the most comes first unless told otherwise.
    var startsWithMost: Bool {
        switch self {
        case .queue, .list, .expiry: false
        case .packets, .waiting, .lost, .load, .latency, .matches, .entries, .age: true
        }
    }
}

/// What the operator has chosen to see.
package struct ViewState: Sendable, Equatable {
    /// What rows are sorted by; nil for the sensor's own order.
    package var sort: SortColumn?
    /// Whether the order is turned round.
    package var isReversed: Bool
    /// The part that is shown alone; nil for all of them.
    package var section: Section?
    /// How many lines have gone by at the top.
    package var scroll = 0
    /// Whether the view stands still.
    package var isPaused = false
    /// Whether the keys are explained.
    package var showsHelp = false

    /// What a key asks for.
    package enum Outcome: Sendable, Equatable {
        case nothing, redraw, quit
    }

    /// Makes the state that the view begins with.
    package init(sort: SortColumn? = nil, isReversed: Bool = false) {
        self.sort = sort
        self.isReversed = isReversed
    }

    /// Does what a key asks for.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - page: how many lines a page has.
    ///   - limit: the most lines that may go by at the top.
    /// - Returns: what is left to be done.
    package mutating func apply(_ key: Key, page: Int, limit: Int) -> Outcome {
        let before = self
        switch key {
        case .character("q"), .character("Q"): return .quit
        case .character("p"), .character(" "): isPaused.toggle()
        case .character("s"): sort = next(after: sort)
        case .character("r"): isReversed.toggle()
        case .character("?"), .character("h"):
            showsHelp.toggle()
            scroll = 0
        case .character("0"): show(nil)
        case .character("1"): show(.traffic)
        case .character("2"): show(.queues)
        case .character("3"): show(.lists)
        case .character("4"): show(.unjudged)
        case .character("5"): show(.answers)
        case .redraw: return .redraw
        case .escape: if showsHelp { showsHelp = false } else { show(nil) }
        case .up, .character("k"): scroll -= 1
        case .down, .character("j"): scroll += 1
        case .pageUp: scroll -= max(page, 1)
        case .pageDown: scroll += max(page, 1)
        case .home, .character("g"): scroll = 0
        case .end, .character("G"): scroll = limit
        case .character: break
        }
        scroll = min(max(scroll, 0), max(limit, 0))
        return self == before ? .nothing : .redraw
    }

    private mutating func show(_ wanted: Section?) {
        section = section == wanted ? nil : wanted
        showsHelp = false
        scroll = 0
    }

    /// The next column of those that the shown part has; behind the last comes the sensor's own order.
    private func next(after column: SortColumn?) -> SortColumn? {
        let columns = SortColumn.allCases.filter { candidate in
            switch section {
            case .queues: candidate.sortsLists == false
            case .lists: candidate.sortsLists
            default: true
            }
        }
        guard let column, let index = columns.firstIndex(of: column) else { return columns.first }
        return index + 1 < columns.count ? columns[index + 1] : nil
    }
}

/// A key that was pressed.
package enum Key: Sendable, Equatable {
    case character(Character)
    case escape, up, down, pageUp, pageDown, home, end
    /// Ctrl-L, which draws the screen anew.
    case redraw

    /// Reads the keys out of what a terminal sent at once; what is not known is left out.
    package static func keys(in bytes: [UInt8]) -> [Key] {
        var keys: [Key] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case 0x1B:
                guard index < bytes.count, bytes[index] == 0x5B || bytes[index] == 0x4F else {
                    keys.append(.escape)
                    continue
                }
                // ECMA-48 §5.4: parameters and intermediates, then one final octet.
                let start = index + 1
                index = start
                while index < bytes.count, (0x20...0x3F).contains(bytes[index]) { index += 1 }
                guard index < bytes.count else { return keys }
                if let key = named(bytes[start..<index], final: bytes[index]) { keys.append(key) }
                index += 1
            case 0x0C: keys.append(.redraw)
            case 0x20...0x7E: keys.append(.character(Character(UnicodeScalar(byte))))
            default: break
            }
        }
        return keys
    }

    private static func named(_ parameters: ArraySlice<UInt8>, final: UInt8) -> Key? {
        switch (final, Array(parameters)) {
        case (0x41, []): .up
        case (0x42, []): .down
        case (0x48, []), (0x7E, [0x31]), (0x7E, [0x37]): .home
        case (0x46, []), (0x7E, [0x34]), (0x7E, [0x38]): .end
        case (0x7E, [0x35]): .pageUp
        case (0x7E, [0x36]): .pageDown
        default: nil
        }
    }
}
