import Figures
package import Telemetry

extension StatisticsReading {
    /// What a sensor's counters and state mean: the one place where the ones become the others.
    ///
    /// - Parameters:
    ///   - reading: the workers' counters, which are only read, and the rest.
    ///   - monotonic: seconds by a clock that only goes on.
    package init(_ reading: SensorReading, monotonic: Double) {
        let slots = reading.slots.all
        let state = reading.state
        let total = CounterReading.total(CounterReading.perQueue(reading.workers, slots: slots.count))
        self.init(time: state.takenAt, monotonic: monotonic)
        killSwitch = state.killSwitch
        failOpenSeconds = state.failOpenSeconds
        packets = CountedVerdict.allCases.reduce(0) { $0 &+ total.packets($1) }
        unseen = total.unseen
        queueDrops =
            state.queues.reduce(0) { $0 &+ $1.kernelDropped &+ $1.userDropped }
            &+ state.taps.reduce(0) { $0 &+ $1.kernelDropped &+ $1.interfaceDropped }
        visibility = VisibilityFigures(total)
        matches = Self.matches(total, slots)
        anyAttempts = Self.anyAttempts(total)
        testMatches = Self.testMatches(total, slots)
        lists = state.lists.map { List($0, takenAt: state.takenAt) }
        refusals = state.refusals.map { Refusals(list: $0.list, updates: $0.updates) }
    }
}

extension StatisticsReading {
    private static func matches(_ total: CounterReading, _ slots: [ListSlots.Slot]) -> [MatchFigures] {
        slots.flatMap { slot in
            Mechanism.allCases.map { mechanism in
                MatchFigures(
                    list: slot.id,
                    mechanism: mechanism,
                    action: slot.action,
                    events: total.events(slot: slot.index, mechanism),
                    attempts: total.attempts(slot: slot.index, mechanism)
                )
            }
        }
    }

    private static func anyAttempts(_ total: CounterReading) -> [AnyAttemptFigures] {
        CountedAction.allCases.flatMap { action in
            Mechanism.allCases.map { mechanism in
                AnyAttemptFigures(
                    mechanism: mechanism,
                    action: action.label,
                    attempts: total.anyAttempts(mechanism, action)
                )
            }
        }
    }

    /// The actions of one list are taken together.
    private static func testMatches(_ total: CounterReading, _ slots: [ListSlots.Slot]) -> [TestMatchFigures] {
        var figures: [TestMatchFigures] = []
        for slot in slots {
            for mechanism in Mechanism.allCases {
                let events = total.testEvents(slot: slot.index, mechanism)
                if let known = figures.firstIndex(where: { $0.list == slot.id && $0.mechanism == mechanism }) {
                    figures[known].events &+= events
                } else {
                    figures.append(TestMatchFigures(list: slot.id, mechanism: mechanism, events: events))
                }
            }
        }
        return figures
    }
}

extension VisibilityFigures {
    fileprivate init(_ total: CounterReading) {
        self.init(
            dnsNames: total.names(.dns),
            tlsNames: total.names(.tls),
            quicNames: total.names(.quic),
            httpNames: total.names(.http),
            withoutServerName: total.anomalies(.noServerName),
            encryptedClientHello: total.anomalies(.encryptedClientHello),
            incomplete: total.undecided(.overBudget) &+ total.undecided(.flowEvicted),
            unknownQUICVersion: total.undecided(.unknownQUICVersion),
            dotFlows: total.encryptedDNSFlows(.dot),
            doqFlows: total.encryptedDNSFlows(.doq),
            dohFlows: total.encryptedDNSFlows(.doh)
        )
    }
}

extension StatisticsReading.List {
    fileprivate init(_ list: ListState, takenAt: Double) {
        self.init(
            id: list.id,
            entries: UInt64(max(list.entries, 0)),
            rejected: Self.rejected(list),
            isStale: list.isExpired(at: takenAt) == true
        )
        // An edition that stands in for another came into use when it was new.
        guard list.isFallback == false else { return }
        let activatedAt = StatisticsReading.second(list.activatedAt)
        activation = ActivationFigures(
            sequence: list.sequence,
            issuedAt: list.issuedAt.map { StatisticsReading.second($0) },
            // What came later is another update, which is not in use.
            receivedAt: list.receivedAt.map { StatisticsReading.second($0) }.flatMap { $0 <= activatedAt ? $0 : nil },
            activatedAt: activatedAt
        )
    }

    /// What could not be taken, by its cause; where the causes are not known, by what kind they are of.
    private static func rejected(_ list: ListState) -> [RejectedFigures] {
        func figures(_ reason: String, _ count: Int) -> RejectedFigures {
            RejectedFigures(reason: reason, entries: UInt64(max(count, 0)))
        }
        guard list.leftOut.isEmpty else { return list.leftOut.map { figures($0.cause, $0.count) } }
        return [
            figures("not_enforceable", list.notEnforceableLines), figures("rejected", list.rejectedLines),
        ].filter { $0.entries > 0 }
    }
}
