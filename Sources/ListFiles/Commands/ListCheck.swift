import Blocklists
package import Wire

/// Says of single names what lists say of them: `grindvakt list check`.
package struct ListCheck: Sendable {
    /// What becomes of a name.
    package enum Verdict: String, CaseIterable, Sendable {
        /// A list has it, and stops it.
        case blocked
        /// A list has it, but it passes: it is exempt, or the list only observes.
        case allowed
        /// No list has it.
        case unlisted
    }

    /// The answer for one name.
    package struct Answer: Equatable, Sendable {
        /// What becomes of the name.
        package var verdict: Verdict
        /// The lists that have it, the one that decides first.
        package var lists: [String] = []
        /// Why, a line for each thing that is known.
        package var explanation: [String] = []

        /// The answer as a line: the name as it was given, what becomes of it and the lists, separated by tabs.
        package func line(for name: String) -> String {
            "\(name)\t\(verdict.rawValue)\t\(lists.isEmpty ? "-" : lists.joined(separator: ","))"
        }
    }

    private let active: ActiveLists
    private let blocklist: Blocklist
    private let rules: PublicSuffixRules
    private let protected: ProtectedNames

    /// A check against these lists.
    ///
    /// - Parameters:
    ///   - active: the lists.
    ///   - plan: where the public suffixes and the protected names are.
    ///   - switches: what an operator has switched on top of the lists.
    /// - Throws: ``ListFileError`` where these cannot be read.
    package init(
        _ active: ActiveLists,
        _ plan: ListPlan,
        _ switches: ActiveLists.Switches = ActiveLists.Switches()
    ) throws(ListFileError) {
        var ignored = ListUpdate()
        // The suffixes are read where a gate asks for them; here it is the person who asks.
        var asking = plan
        for index in asking.lists.indices { asking.lists[index].gates.gates.insert(.publicSuffix) }
        asking.isLenient = true
        let context = try LoadingContext(ListLoader(asking, key: .random()), &ignored)
        self.active = active
        blocklist = active.blocklist(switches)
        rules = context.rules
        protected = context.protected
    }

    /// What the lists say of `name`.
    package func answer(_ name: DomainName) -> Answer {
        let lookup = blocklist.lookUp(name)
        var answer = Answer(verdict: .unlisted)
        if let match = lookup.match {
            answer.verdict = blocklist.lists[match.list].action == .observe ? .allowed : .blocked
            answer.lists = ids(match.lists, first: match.list)
            answer.explanation.append(
                "action \(blocklist.lists[match.list].action.rawValue), by list \(answer.lists[0])"
            )
            if match.tests != 0 {
                answer.explanation.append("a test name of list \(ids(match.tests, first: nil).joined(separator: ", "))")
            }
        } else if let exemption = lookup.exemption {
            answer.verdict = .allowed
            answer.lists = ids(exemption.lists, first: nil)
            let reason =
                switch exemption.reason {
                case .allowed: "the allow list has it"
                case .passed: "it is let pass for a while"
                case .protected: "it is protected, and no list has an approval to block it"
                }
            answer.explanation.append("passes: \(reason)")
        }
        answer.explanation += entries(covering: name)
        if lookup.isEncryptedDNS { answer.explanation.append("an endpoint of encrypted DNS, which is counted") }
        if rules.isPublicSuffix(name) { answer.explanation.append("gate public-suffix: it is a public suffix") }
        if protected.contains(name) {
            answer.explanation.append("gate protected-name: it is, or lies under, a protected name")
        }
        return answer
    }

    private func ids(_ lists: UInt64, first: Int?) -> [String] {
        let places = blocklist.lists.indices.filter { lists >> UInt64($0) & 1 != 0 }
        let deciding = first.map { [$0] } ?? []
        return (deciding + places.filter { $0 != first }).map { blocklist.lists[$0].id }
    }

    /// The entries that stand for the name, told by how much of the name they have.
    private func entries(covering name: DomainName) -> [String] {
        let labels = name.presentation().split(separator: ".")
        var lines: [String] = []
        for count in stride(from: labels.count, to: 0, by: -1) {
            let part = labels.suffix(count).joined(separator: ".")
            guard let suffix = try? ListName.parse(part) else { continue }
            let isWhole = count == labels.count
            for list in active.lists {
                guard let digest = NameDigest(suffix, list.snapshot.key) else { continue }
                for entry in list.snapshot.entries(of: digest) where entry.list == list.index {
                    guard entry.scope.contains(isWhole ? .itself : .subdomains) else { continue }
                    let what =
                        switch entry.role {
                        case .listed: "entry"
                        case .exception: "exception"
                        case .test: "test entry"
                        }
                    lines.append("list \(list.id): \(what) \(Self.words(entry.scope)), \(Self.place(count, isWhole))")
                }
            }
            var allowing: [Snapshot] = []
            for snapshot in active.lists.map(\.snapshot) + [active.allowed].compactMap(\.self)
            where allowing.contains(where: { $0 === snapshot }) == false {
                allowing.append(snapshot)
            }
            let isAllowed = allowing.contains { snapshot in
                guard let digest = NameDigest(suffix, snapshot.key) else { return false }
                return snapshot.entries(of: digest).contains {
                    $0.list == nil && $0.scope.contains(isWhole ? .itself : .subdomains)
                }
            }
            if isAllowed { lines.append("allow list: entry, \(Self.place(count, isWhole))") }
        }
        return lines
    }

    private static func words(_ scope: ListEntry.Scope) -> String {
        switch (scope.contains(.itself), scope.contains(.subdomains)) {
        case (true, true): "with subdomains"
        case (false, true): "for subdomains only"
        default: "exact"
        }
    }

    private static func place(_ count: Int, _ isWhole: Bool) -> String {
        isWhole ? "of the name itself" : "of its last \(count == 1 ? "label" : "\(count) labels")"
    }
}

extension ListStore {
    /// What the sensor of this directory has switched, as far as it can be read: the kill switch and names that are let pass.
    package func activeSwitches(now: Timestamp = .now) -> ActiveLists.Switches {
        let kept = switches()
        var active = ActiveLists.Switches()
        active.observesOnly = kept.killSwitch
        let passes = kept.passes.filter { $0.expiresAt > now.seconds }
        if passes.isEmpty == false {
            var builder = BlocklistBuilder(lists: [], key: key)
            for pass in passes { builder.allow(pass.digest) }
            active.passes = builder.buildSnapshot()
        }
        return active
    }
}

/// Lets questions wait where nothing on disk counts them.
package struct CheckPace: Sendable {
    /// Names that may be asked for at once.
    package static let burst = 100

    /// Names for which there is new room each second.
    package static let perSecond = 1.0

    private var asked = 0

    /// Nothing was asked for yet.
    package init() {}

    /// How long the next question has to wait.
    package mutating func next() -> Duration {
        asked += 1
        return asked <= Self.burst ? .zero : .seconds(1 / Self.perSecond)
    }
}
