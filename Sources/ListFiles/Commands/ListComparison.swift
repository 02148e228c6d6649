package import Blocklists
import Wire

/// One side of a comparison: lists as a file has them, whatever any gate says of them.
package struct ComparedLists: Sendable {
    /// The file.
    package let path: String
    /// The names.
    package let snapshot: Snapshot
    /// What is known of each list, in the order of the snapshot.
    package let summaries: [ListSummary]
    /// The digest that stands for the file.
    package let digest: ContentDigest
    /// Octets of the file.
    package let size: Int
    /// Whether it was read from text.
    package let isText: Bool

    /// Reads a list file or a snapshot.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - source: how text is to be read, and what its list is called.
    ///   - plan: where public suffixes and protected names are.
    ///   - key: the secret of the fingerprints of text.
    ///   - sealKey: the secret of a sealed snapshot; nil where it is not known.
    /// - Throws: ``ListFileError`` where the file, the public suffixes or the protected names cannot be read.
    package init(
        _ path: String,
        as source: ListSource,
        _ plan: ListPlan,
        key: HashKey,
        sealKey: HashKey?
    ) throws(ListFileError) {
        var plan = plan
        var source = source
        source.path = path
        source.trust = .off
        plan.lists = [source]
        plan.allow = nil
        // What would be left out is shown by the gate of rejected lines.
        plan.isLenient = true
        self.path = path
        if SnapshotFile.isSnapshot(at: path) {
            let outline = try SnapshotOutline(path)
            let file = try SnapshotFile(path, loading: .mapped) { _ throws(ListFileError) in sealKey }
            var ignored = ListUpdate()
            let context = try LoadingContext(ListLoader(plan, key: key), &ignored)
            let snapshot = file.snapshot
            let coverage = ListCoverage.measure(
                listCount: snapshot.lists.count,
                rules: context.rules,
                protected: context.protected
            ) { snapshot.lists(having: $0) }
            summaries = zip(snapshot.lists, coverage).map { list, coverage in
                ListSummary(list, coverage, hasRules: context.hasRules)
            }
            self.snapshot = snapshot
            digest = outline.digest
            size = outline.size
            isText = false
        } else {
            let outcome = try SnapshotBuild(plan, key: key).run()
            snapshot = outcome.snapshot
            let list = outcome.lists[0]
            let edition = snapshot.lists[0]
            var summary = ListSummary(
                id: list.id,
                purpose: edition.descriptor.purpose.isEmpty ? nil : edition.descriptor.purpose,
                entries: edition.listedCount,
                counts: list.counts,
                lines: list.lines
            )
            if outcome.lacksSuffixData { summary.publicSuffixHits = nil }
            summaries = [summary]
            digest = list.digest ?? ContentDigest(of: [])
            size = list.readings.first?.octets ?? 0
            isText = true
        }
    }
}

extension ListSummary {
    /// What the gates know of a list of a snapshot.
    init(_ edition: SnapshotList, _ coverage: ListCoverage, hasRules: Bool) {
        self.init(
            id: edition.descriptor.id,
            purpose: edition.descriptor.purpose.isEmpty ? nil : edition.descriptor.purpose,
            entries: edition.listedCount,
            coverage: coverage
        )
        if let examined = edition.examined {
            kinds = Dictionary(uniqueKeysWithValues: EntryKind.allCases.map { ($0, examined[$0]) })
            publicSuffixHits = max(coverage.publicSuffixes, examined.publicSuffixHits)
            protectedNameHits = max(coverage.protectedNames, examined.protectedNameHits)
        } else if hasRules == false {
            publicSuffixHits = nil
        }
        lines = edition.lines
    }
}

/// How two files of lists differ: `grindvakt list diff`.
package struct ListComparison: Sendable {
    /// How a list of one differs from that of the other.
    package struct List: Sendable {
        /// The list.
        package let id: String
        /// Entries of the old and of the new; nil where it is not there.
        package let entries: (old: Int?, new: Int?)
        /// What was added and removed; nil where fingerprints are under different keys.
        package let difference: Snapshot.Difference?
        /// Whether what the list asks for is another: action, match, protocols, precedence, purpose.
        package let hasOtherPolicy: Bool
        /// What the gates would say if the new one took the old one's place; nil where there is no new one.
        package let gates: GateReport?

        /// Whether the lists differ, or cannot be shown not to.
        package var differs: Bool {
            entries.old != entries.new || hasOtherPolicy || difference != Snapshot.Difference()
        }
    }

    /// The lists, those of the new file first.
    package private(set) var lists: [List] = []

    /// How the allow lists differ; nil where they cannot be compared.
    package let allowed: Snapshot.Difference?

    /// Entries of the allow lists.
    package let allowedCounts: (old: Int, new: Int)

    /// Whether anything differs, or cannot be shown not to.
    package var differs: Bool {
        lists.contains(where: \.differs) || allowedCounts.old != allowedCounts.new
            || (allowedCounts.new > 0 && allowed != Snapshot.Difference())
    }

    /// Compares two files.
    ///
    /// - Parameters:
    ///   - old: the lists as they are; nil where there are none.
    ///   - new: the lists as they would be.
    ///   - plan: the gates of each list by its id; those of a list that is not in it are the usual ones.
    ///   - now: the time that approvals are judged by.
    /// - Throws: ``ListFileError`` where the public suffixes, the protected names or the approvals cannot be read.
    package init(
        _ old: ComparedLists?,
        _ new: ComparedLists,
        _ plan: ListPlan,
        now: Timestamp = .now
    ) throws(ListFileError) {
        var ignored = ListUpdate()
        let context = try LoadingContext(ListLoader(plan, key: .random(), now: now), &ignored)
        let (before, after) = (old?.snapshot, new.snapshot)
        let lists = before?.lists ?? []
        for (index, edition) in after.lists.enumerated() {
            let id = edition.descriptor.id
            let other = lists.first { $0.descriptor.id == id }
            let difference = before.flatMap { after.difference(ofList: index, from: $0) }
            var summary = new.summaries[index]
            if other != nil {
                summary.changes = difference.map { ListSummary.Changes(added: $0.added, removed: $0.removed) }
            }
            let source =
                plan.lists.first { $0.descriptor.id == id }
                ?? ListSource(path: new.path, descriptor: edition.descriptor, trust: .off)
            self.lists.append(
                List(
                    id: id,
                    entries: (other?.entryCounts.reduce(0, +), edition.entryCounts.reduce(0, +)),
                    difference: difference,
                    // Text says nothing of its policy.
                    hasOtherPolicy: old?.isText ?? true || new.isText
                        ? false : other.map { $0.descriptor != edition.descriptor } ?? false,
                    gates: plan.judge(summary, running: other?.listedCount, source, new.digest, context, now).report
                )
            )
        }
        for edition in lists {
            guard after.lists.contains(where: { $0.descriptor.id == edition.descriptor.id }) == false else { continue }
            let count = edition.entryCounts.reduce(0, +)
            self.lists.append(
                List(
                    id: edition.descriptor.id,
                    entries: (count, nil),
                    difference: Snapshot.Difference(removed: count),
                    hasOtherPolicy: false,
                    gates: nil
                )
            )
        }
        allowed = before.flatMap { after.allowDifference(from: $0) }
        allowedCounts = (before?.allowedCount ?? 0, after.allowedCount)
    }

    /// The differences for people. No line names an entry.
    package func report(_ old: ComparedLists, _ new: ComparedLists) -> String {
        var lines: [String] = []
        for (word, side) in [("old", old), ("new", new)] {
            lines.append(
                "\(word): \(side.path): \(side.isText ? "text" : "snapshot"), \(side.size) octets, "
                    + "\(side.snapshot.entryCount) entries, sha256 \(side.digest)"
            )
        }
        for list in lists {
            let sizes =
                "\(list.entries.old.map(String.init) ?? "none") -> \(list.entries.new.map(String.init) ?? "none")"
            let change =
                list.difference.map { "\($0.added) added, \($0.removed) removed" }
                ?? "added and removed not known: the fingerprints are under different keys"
            lines.append("list \(list.id): \(sizes) entries; \(change)\(list.hasOtherPolicy ? "; another policy" : "")")
            for result in list.gates?.results ?? [] { lines.append("  \(result.gateLine)") }
        }
        if allowedCounts.old > 0 || allowedCounts.new > 0 {
            let change = allowed.map { "\($0.added) added, \($0.removed) removed" } ?? "added and removed not known"
            lines.append("allow list: \(allowedCounts.old) -> \(allowedCounts.new) entries; \(change)")
        }
        if differs == false { lines.append("no difference") }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension ListComparison {
    /// The names that only one of two list files has, as their own lines would say them: `*.` in front stands for subdomains only, `=` for
    /// the name alone, `!` for an exception.
    ///
    /// All names of both are in memory meanwhile.
    package static func names(
        _ old: String,
        _ new: String,
        format: ListFormat?,
        match: MatchKind?
    ) throws(ListFileError) -> (added: [String], removed: [String]) {
        let (before, after) = (try names(old, format, match), try names(new, format, match))
        return (after.subtracting(before).sorted(), before.subtracting(after).sorted())
    }

    private static func names(
        _ path: String,
        _ format: ListFormat?,
        _ match: MatchKind?
    ) throws(ListFileError) -> Set<String> {
        var names: Set<String> = []
        _ = try ListReader(path: path, format: format, match: match).read { entry, isException in
            let name = entry.name.presentation()
            let mark =
                switch (entry.scope.contains(.itself), entry.scope.contains(.subdomains)) {
                case (false, true): "*."
                case (true, false): "="
                default: ""
                }
            names.insert((isException ? "!" : "") + mark + name)
        }
        return names
    }
}

extension ListComparison {
    /// The names of an allow list, for trying lists on recorded traffic.
    package static func allowList(_ path: String) throws(ListFileError) -> Snapshot {
        var builder = BlocklistBuilder(lists: [])
        _ = try ListReader(path: path, format: .domains, match: .subdomains).read { entry, isException in
            if isException == false { builder.add(entry, list: nil) }
        }
        return builder.buildSnapshot()
    }
}
