package import Telemetry

extension Inspector {
    /// Counts what the packet last inspected came to, all but the verdict: what a queue carries out, a tap only looks at.
    ///
    /// Guarantees: nothing but numbers leaves the inspector, and nothing is allocated.
    package mutating func count(_ decision: Decision, in counters: Counters) {
        if let cause = decision.undecided { counters.countUndecided(cause) }
        counters.countAnomalies(anomalies)
        if let kind = encryptedDNS { counters.countEncryptedDNSFlow(kind) }
        for _ in 0..<evictedFlows { counters.countUndecided(.flowEvicted) }
        for _ in 0..<evictedStreams &+ lostOverlaps { counters.countUndecided(.overBudget) }
        for _ in 0..<unfinishedDatagrams { counters.countUndecided(.fragment) }
        for index in 0..<findingCount {
            let (inspectedProtocol, slot) = summary(at: index)
            counters.countName(inspectedProtocol)
            guard let slot else { continue }
            counters.countMatch(slot: slot, inspectedProtocol)
        }
    }
}
