import Blocklists
package import Telemetry
import Wire

/// Events and attempts: packets in which a list matched a name, and those of them that belong together.
extension Inspector {
    /// Counts the events of the packet last inspected: one for each list that matched a name of it, however many, and one for any list.
    ///
    /// An event belongs to the entry by which its list has the first of those names: that with the fewest labels, where there are several, and
    /// for any list the one with the fewest of all lists'. Test names are counted apart and belong to no attempt.
    ///
    /// Guarantees: nothing is allocated and nothing but numbers leaves the inspector.
    /// - Parameters:
    ///   - counters: the worker's own.
    ///   - attempts: those of all workers of the sensor.
    ///   - now: when the packet was seen.
    /// - Returns: what became of the packet as an event of any list; nil where it is none.
    @inline(never)
    @discardableResult
    package mutating func countEvents(
        in counters: Counters,
        attempts: AttemptTable,
        at now: Instant
    ) -> AttemptTable.Claim? {
        var claim: AttemptTable.Claim?
        var counted: UInt64 = 0
        var countedTests: UInt64 = 0
        for index in 0..<findingCount {
            let (inspected, found, _) = findings.summary(at: index)
            guard let match = found else { continue }
            let mechanism = Mechanism(inspected, fiveTuple.transport, quicVersion)
            var tests = match.tests & ~countedTests
            countedTests |= tests
            while tests != 0 {
                let list = tests.trailingZeroBitCount
                tests &= tests &- 1
                counters.countTestEvent(slot: blocklist.lists[list].counterSlot, mechanism)
            }
            let lists = match.lists & ~match.tests
            guard lists & ~counted != 0 else { continue }
            let widest = countEvents(of: match, lists & ~counted, at: index, mechanism, counters, attempts, now)
            if counted == 0 {
                let entry = attempts.entry(findings.all[index].name.view, length: widest)
                let anyClaim = attempts.claim(entry, list: 0, at: now)
                counters.countAnyEvent(mechanism, blocklist.lists[match.list].action.counted, anyClaim)
                claim = anyClaim
            }
            counted |= lists
        }
        return claim
    }

    /// Counts the events of one name for some of the lists that have it.
    ///
    /// - Returns: how much of the name is the widest of those lists' entries.
    private mutating func countEvents(
        of match: Match,
        _ lists: UInt64,
        at index: Int,
        _ mechanism: Mechanism,
        _ counters: Counters,
        _ attempts: AttemptTable,
        _ now: Instant
    ) -> Int {
        var widest = Int(match.entryLength)
        var entry = widest == 0 ? 0 : attempts.entry(findings.all[index].name.view, length: widest)
        var length = widest
        var left = lists
        while left != 0 {
            let list = left.trailingZeroBitCount
            left &= left &- 1
            if match.entryLength == 0 {
                length = blocklist.entryLength(of: findings.all[index].name.view, list: list)
                entry = attempts.entry(findings.all[index].name.view, length: length)
                widest = widest == 0 ? length : min(widest, length)
            }
            let claim = attempts.claim(entry, list: blocklist.identities[list], at: now)
            let slot = blocklist.lists[list].counterSlot
            counters.countEvent(slot: slot, mechanism, claim)
            attempts.hits.mark(slot: slot, findings.all[index].name.view, length: length)
        }
        return widest
    }
}

extension Counters {
    fileprivate func countEvent(slot: Int, _ mechanism: Mechanism, _ claim: AttemptTable.Claim) {
        countEvent(slot: slot, mechanism, beginsAttempt: claim != .continued)
        if claim == .displaced { countDisplacedAttempt() }
    }

    fileprivate func countAnyEvent(_ mechanism: Mechanism, _ action: CountedAction, _ claim: AttemptTable.Claim) {
        countAnyEvent(mechanism, action, beginsAttempt: claim != .continued)
        if claim == .displaced { countDisplacedAttempt() }
    }
}

extension Mechanism {
    /// How a packet of this transport protocol carried a name that was read from it; the version is of use for QUIC alone.
    fileprivate init(_ inspected: InspectedProtocol, _ transport: UInt8, _ version: QUICVersion) {
        switch inspected {
        case .dns: self = transport == TransportProtocol.tcp ? .dnsTCP : .dnsUDP
        case .tls: self = .tlsSNI
        case .quic:
            switch version {
            case .draft22, .draft23, .draft29, .v1, .t050, .t051: self = .quicV1
            case .v2, .v2Draft0, .v2Draft1: self = .quicV2
            }
        case .http: self = .httpHost
        }
    }
}

extension Action {
    /// The same action, as counters name it.
    var counted: CountedAction {
        switch self {
        case .observe: .observe
        case .drop: .drop
        case .reset: .reset
        case .nxdomain: .nxdomain
        case .nodata: .nodata
        case .refused: .refused
        case .sinkhole: .sinkhole
        }
    }
}
