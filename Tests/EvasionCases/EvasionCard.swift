package import Blocklists
import CaptureFiles
package import Inspection
import Telemetry
import Wire

/// What an inspection made of one case.
package struct EvasionOutcome: Sendable {
    /// The case.
    package let evasionCase: EvasionCase

    /// How many packets it has.
    package let packets: Int

    /// The packet, counted from 1, by which the name must be seen and blocked; nil where nothing is to be blocked.
    package let deadline: Int?

    /// The packet, counted from 1, that completed the name; nil where it was not seen.
    package let seen: Int?

    /// The first packet, counted from 1, that was dropped; nil where none was.
    package let blocked: Int?

    /// What became of each packet.
    package let verdicts: [Verdict]

    /// What its packets were counted as, in alphabetical order.
    package let counted: [String]

    /// What should have been otherwise, each in a few words; empty where the case meets its expectation.
    package let faults: [String]

    /// Whether everything was as expected, the innocent twin included.
    package var isMet: Bool { faults.isEmpty }
}

/// Every case through an inspector of its own, and the table of what came of it.
package struct EvasionCard: Sendable {
    /// The forms that a card can be written in.
    package enum Format: String, CaseIterable, Sendable {
        /// An aligned table.
        case text
        /// A table of Markdown.
        case markdown
        /// A JSON object per line.
        case jsonl
    }

    /// What came of each case.
    package let outcomes: [EvasionOutcome]

    /// Runs these cases and their innocent twins.
    ///
    /// - Parameters:
    ///   - cases: see ``EvasionCase/all``.
    ///   - configuration: the inspectors' limits and switches.
    ///   - action: what the list does; its verdicts are the same whatever is said in place of a packet.
    package init(
        _ cases: [EvasionCase] = EvasionCase.all,
        configuration: InspectorConfiguration = .init(),
        action: Action = .drop
    ) {
        let blocklist = Self.blocklist(action)
        outcomes = cases.map { Self.run($0, configuration, blocklist) }
    }

    /// A list that drops ``EvasionScene/listedName`` and all names under it.
    package static var blocklist: Blocklist { blocklist(.drop) }

    /// A list of the same names with another action.
    package static func blocklist(_ action: Action) -> Blocklist {
        var builder = BlocklistBuilder(lists: [ListDescriptor(id: "selftest", action: action)], key: HashKey(1, 2))
        var name = DomainName()
        do throws(WireError) {
            try name.assign(text: Array(EvasionScene.listedName.utf8).span)
        } catch {
            preconditionFailure("the listed name is no name")
        }
        builder.add(ListEntry(name: name, scope: [.itself, .subdomains]), list: 0)
        return builder.build()
    }

    /// Whether every case meets its expectation and every innocent twin passes.
    package var isPassed: Bool { outcomes.allSatisfy(\.isMet) }

    /// Cases that meet their expectation.
    package var metCount: Int { outcomes.count { $0.isMet } }

    private struct Trace {
        var verdicts: [Verdict] = []
        var names: [(packet: Int, name: String, inspectedProtocol: String)] = []
        var counted: Set<String> = []
    }

    private static func inspect(
        _ packets: [EvasionPacket],
        _ dataLinkType: Int32,
        _ configuration: InspectorConfiguration,
        _ blocklist: Blocklist
    ) -> Trace {
        var trace = Trace()
        var inspector = Inspector(configuration: configuration, blocklists: BlocklistSource(blocklist))
        let linkLayer = LinkLayer(dataLinkType: dataLinkType)
        for (index, packet) in packets.enumerated() {
            let frame = packet.frame
            guard let range = linkLayer?.packetRange(in: frame.span) else {
                trace.verdicts.append(.accept)
                continue
            }
            let now = Instant(nanoseconds: 1_000_000_000 + packet.time * 1_000)
            let decision = inspector.inspect(frame.span.extracting(range), at: now)
            trace.verdicts.append(decision.verdict)
            for finding in 0..<inspector.findingCount {
                let found = inspector.finding(at: finding)
                trace.names.append((index + 1, found.name.presentation(), found.inspectedProtocol.label))
            }
            for anomaly in Anomaly.allCases where inspector.anomalies.contains(anomaly) {
                trace.counted.insert(anomaly.label)
            }
            if let cause = decision.undecided { trace.counted.insert(cause.label) }
            if inspector.evictedFlows > 0 { trace.counted.insert(UndecidedCause.flowEvicted.label) }
            if inspector.evictedStreams > 0 { trace.counted.insert(UndecidedCause.overBudget.label) }
        }
        return trace
    }

    private static func run(
        _ evasionCase: EvasionCase,
        _ configuration: InspectorConfiguration,
        _ blocklist: Blocklist
    ) -> EvasionOutcome {
        let packets = evasionCase.packets
        let trace = inspect(packets, evasionCase.dataLinkType, configuration, blocklist)
        let deadline = packets.firstIndex { $0.demand == .completes }.map { $0 + 1 }
        let blocked = trace.verdicts.firstIndex(of: .drop).map { $0 + 1 }
        var faults: [String] = []
        let wanted: String?
        let labels: [String]
        switch evasionCase.expectation {
        case .blocked(let countedAs):
            wanted = EvasionScene.listedName
            labels = countedAs
            if let blocked {
                if blocked > deadline ?? 0 { faults.append("blocked late, at packet \(blocked)") }
            } else {
                faults.append("not blocked")
            }
        case .passed(let seen, let countedAs):
            wanted = seen
            labels = countedAs
        }
        let sighting = wanted.flatMap { wanted in
            trace.names.first {
                $0.inspectedProtocol == evasionCase.inspectedProtocol
                    && ($0.name == wanted || $0.name.hasSuffix("." + wanted))
            }
        }
        if wanted != nil, sighting == nil { faults.append("name not seen") }
        for (index, packet) in packets.enumerated() where blocked != nil {
            switch (packet.demand, trace.verdicts[index]) {
            case (.drop, .accept): faults.append("packet \(index + 1) passed")
            case (.accept, .drop): faults.append("packet \(index + 1) dropped")
            default: break
            }
        }
        for label in labels where trace.counted.contains(label) == false { faults.append("not counted as \(label)") }

        let twin = inspect(evasionCase.innocentTwin(), evasionCase.dataLinkType, configuration, blocklist)
        if let dropped = twin.verdicts.firstIndex(of: .drop) {
            faults.append("packet \(dropped + 1) of the innocent twin dropped")
        }
        return EvasionOutcome(
            evasionCase: evasionCase,
            packets: packets.count,
            deadline: deadline,
            seen: sighting?.packet,
            blocked: blocked,
            verdicts: trace.verdicts,
            counted: trace.counted.sorted(),
            faults: faults
        )
    }
}
