import Blocklists
package import Telemetry

extension Inspector {
    /// Counts what the packet last inspected came to, all but the verdict: what a queue carries out, a tap only looks at.
    ///
    /// Guarantees: nothing but numbers leaves the inspector, and nothing is allocated.
    ///
    /// - Parameters:
    ///   - decision: what the inspector decided about it.
    ///   - counters: the worker's own.
    ///   - attempts: those of all workers of the sensor; looked at only where a list has one of the names.
    ///   - now: when the packet was seen.
    package mutating func count(
        _ decision: Decision,
        in counters: Counters,
        attempts: AttemptTable,
        at now: Instant
    ) {
        if let cause = decision.undecided { counters.countUndecided(cause) }
        counters.countAnomalies(anomalies)
        if let kind = encryptedDNS { counters.countEncryptedDNSFlow(kind) }
        for _ in 0..<evictedFlows { counters.countUndecided(.flowEvicted) }
        for _ in 0..<evictedStreams &+ lostOverlaps { counters.countUndecided(.overBudget) }
        for _ in 0..<unfinishedDatagrams { counters.countUndecided(.fragment) }
        guard findingCount > 0 else { return }
        if unlistedQuery != nil { return counters.countName(.dns) }
        for index in 0..<findingCount { countFinding(at: index, in: counters) }
        if isMatched { countEvents(in: counters, attempts: attempts, at: now) }
    }

    /// Says how many flows are remembered and how much waits to be complete; to be called between batches.
    package mutating func gauge(in counters: Counters) {
        counters.setFlows(flows.count)
        counters.setFlowEvictions(allEvictedFlows)
        counters.setFlowMemory(bytes: assembler.blocksInUse &* StreamAssembler.blockCost)
        counters.setFragmentMemory(bytes: fragments.blocksInUse &* FragmentAssembler.blockCost)
    }

    /// Says how much there is room for; to be called once.
    package mutating func gaugeLimits(in counters: Counters) {
        counters.setLimits(
            flows: configuration.flowCapacity,
            flowMemory: assembler.blockCapacity &* StreamAssembler.blockCost,
            fragmentMemory: fragments.blockCapacity &* FragmentAssembler.blockCost
        )
    }

    /// Counts one of the names of the packet last inspected, and what the lists say of it.
    ///
    /// Mutating although nothing changes: an inspector that is only borrowed would be copied whole for the call.
    private mutating func countFinding(at index: Int, in counters: Counters) {
        let (inspectedProtocol, match, exemption) = findings.summary(at: index)
        counters.countName(inspectedProtocol)
        if let match {
            var lists = match.lists
            while lists != 0 {
                let list = lists.trailingZeroBitCount
                lists &= lists &- 1
                let slot = blocklist.lists[list].counterSlot
                if match.tests &>> UInt64(list) & 1 == 0 {
                    counters.countMatch(slot: slot, inspectedProtocol)
                } else {
                    counters.countTestMatch(slot: slot, inspectedProtocol)
                }
            }
        }
        if let exemption {
            var lists = exemption.lists
            while lists != 0 {
                let slot = blocklist.lists[lists.trailingZeroBitCount].counterSlot
                lists &= lists &- 1
                counters.countExemption(slot: slot, exemption.reason.counted)
            }
        }
    }
}

extension Exemption.Reason {
    /// The same reason, as counters name it.
    var counted: ExemptionReason {
        switch self {
        case .allowed: .allowed
        case .passed: .passed
        case .protected: .protected
        }
    }
}
