/// What is asked of a list before it is acted upon.
package struct GatePolicy: Equatable, Sendable {
    /// How much of a list may change in one update.
    ///
    /// An update may change ``percent`` of the running entries, but not more than ``count`` of them, and ``floor`` entries in any case.
    package struct ChangeLimit: Equatable, Sendable {
        /// Percent of the running entries; nil for no limit of this kind.
        package var percent: Int?

        /// Entries; nil for no limit of this kind.
        package var count: Int?

        /// As many may always change: a fifth of a short list is only a few names.
        package var floor: Int

        /// A limit of these parts; negative ones count as zero.
        ///
        /// By default a fifth, at most 50,000, at least 50 entries. Daily updates of public lists of 1,000 to 1,000,000 entries change a
        /// few per cent; a list of 5,000 that gains 8,000 is Denmark 2012, and one that loses half is a cut download. From 250,000 entries
        /// on the count decides, because a fifth of a long list is more innocent names than any mistake should cost.
        package init(percent: Int? = 20, count: Int? = 50_000, floor: Int = 50) {
            self.percent = percent
            self.count = count
            self.floor = floor
        }

        /// How many of so many running entries may change.
        package func allowed(of running: Int) -> Int {
            var allowed = Int.max
            if let percent { allowed = share(percent, of: running) }
            if let count { allowed = min(allowed, max(count, 0)) }
            return max(allowed, floor, 0)
        }
    }

    /// The gates that are on; all of them by default.
    package var gates: Set<Gate> = Set(Gate.allCases)

    /// New entries that an update may bring.
    package var growth = ChangeLimit()

    /// Entries that an update may take away.
    package var shrink = ChangeLimit()

    /// Entries that may be or cover a public suffix: for a list that means to have these, and no more.
    package var publicSuffixes = 0

    /// Entries that may touch a protected name.
    package var protectedNames = 0

    /// The kinds of entries that are not wanted.
    package var refusedKinds: Set<EntryKind> = [.singleLabel]

    /// What the list has to say it is for, nil where that was not agreed.
    package var purpose: String?

    /// Percent of the lines meant as entries that may be none.
    package var rejectsPercent = 0

    /// Every gate, with its default limits.
    package init() {}

    /// Holds a list against every gate.
    ///
    /// - Parameters:
    ///   - candidate: the list that is to be acted upon.
    ///   - running: the list of the same identifier that it replaces, nil where there is none.
    ///   - approved: the gates that two people have approved for exactly this list.
    /// - Returns: what every gate says.
    package func judge(_ candidate: ListSummary, running: ListSummary?, approved: Set<Gate> = []) -> GateReport {
        GateReport(
            list: candidate.id,
            results: Gate.allCases.map { gate in
                let finding = finding(gate, candidate, running)
                let outcome: GateOutcome
                if gates.contains(gate) == false {
                    outcome = .off
                } else if let reason = finding.reason {
                    outcome = .notApplicable(reason)
                } else if finding.isWithinLimit {
                    outcome = .passed
                } else {
                    outcome = approved.contains(gate) ? .approved : .refused
                }
                return GateResult(
                    list: candidate.id,
                    gate: gate,
                    outcome: outcome,
                    found: finding.found,
                    limit: finding.limit,
                    base: finding.base
                )
            }
        )
    }

    /// What a gate finds in a list, and how much of it is allowed.
    private struct Finding {
        var found = 0
        var limit = 0
        var base: Int?
        var reason: GateOutcome.Reason?

        var isWithinLimit: Bool { found <= limit }

        static func notApplicable(_ reason: GateOutcome.Reason) -> Finding { Finding(reason: reason) }
    }

    private func finding(_ gate: Gate, _ candidate: ListSummary, _ running: ListSummary?) -> Finding {
        switch gate {
        case .empty:
            return Finding(found: candidate.entries > 0 ? 0 : 1)
        case .growth:
            guard let running else { return .notApplicable(.firstLoad) }
            let more = difference(candidate.entries, running.entries)
            return change(max(more, candidate.changes?.added ?? 0), of: running, growth)
        case .shrink:
            guard let running else { return .notApplicable(.firstLoad) }
            let fewer = difference(running.entries, candidate.entries)
            return change(max(fewer, candidate.changes?.removed ?? 0), of: running, shrink)
        case .publicSuffix:
            guard let hits = candidate.publicSuffixHits else { return .notApplicable(.notKnown) }
            return Finding(found: hits, limit: max(publicSuffixes, 0))
        case .protectedName:
            guard let hits = candidate.protectedNameHits else { return .notApplicable(.notKnown) }
            return Finding(found: hits, limit: max(protectedNames, 0))
        case .entryKind:
            guard refusedKinds.isEmpty == false else { return .notApplicable(.notConfigured) }
            guard let kinds = candidate.kinds else { return .notApplicable(.notKnown) }
            // An entry can be of two refused kinds; the larger figure is the one that is sure.
            return Finding(found: refusedKinds.map { kinds[$0] ?? 0 }.max() ?? 0)
        case .purpose:
            guard let purpose else { return .notApplicable(.notConfigured) }
            return Finding(found: candidate.purpose == purpose ? 0 : 1)
        case .rejects:
            guard let lines = candidate.lines else { return .notApplicable(.notKnown) }
            return Finding(found: lines.rejected, limit: share(rejectsPercent, of: lines.meant), base: lines.meant)
        }
    }

    private func change(_ count: Int, of running: ListSummary, _ limit: ChangeLimit) -> Finding {
        Finding(found: count, limit: limit.allowed(of: running.entries), base: running.entries)
    }
}

/// What is in `one` and not in `other`; zero where there is less, and never more than an integer holds.
private func difference(_ one: Int, _ other: Int) -> Int {
    let (difference, overflow) = one.subtractingReportingOverflow(other)
    return overflow ? (one > other ? .max : 0) : max(difference, 0)
}

/// So many percent of `whole`, rounded down; negative numbers count as zero, and what no integer holds as the largest.
private func share(_ percent: Int, of whole: Int) -> Int {
    let product = UInt(max(whole, 0)).multipliedFullWidth(by: UInt(max(percent, 0)))
    guard product.high < 100 else { return .max }
    return Int(clamping: UInt(100).dividingFullWidth(product).quotient)
}
