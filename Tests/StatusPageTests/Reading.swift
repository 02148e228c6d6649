import Telemetry

/// A sensor of which something is wrong everywhere, with a text of one's own wherever somebody writes one.
func oddReading(text: String = "National police", version: String = "1.2.3") -> SensorReading {
    let slots = ListSlots()
    let police = slots.slot(id: "police", action: "drop") ?? 0
    let counters = Counters(queue: 0)
    for _ in 0..<1_234 { counters.countPacket(.accept) }
    for _ in 0..<5 { counters.countPacket(.drop) }
    for _ in 0..<3 { counters.countName(.dns) }
    counters.countMatch(slot: police, .dns)
    counters.countExemption(slot: police, .passed)
    counters.countUndecided(.midstream)
    counters.countEncryptedDNSFlow(.doh)
    counters.countResponse(.reset, .failed, bytes: 0)
    counters.countResponse(.answer, .sent, bytes: 2_100)
    counters.observeVerdict(nanoseconds: 21_300, packets: 1_239)
    counters.countUnseen(7)
    counters.setFlows(48_213)
    counters.setFlowMemory(bytes: 812_345)
    var refused = RefusalCounts(list: "police")
    refused.countUpdate([.growth, .signature])
    var neverActive = RefusalCounts(list: "interpol")
    neverActive.countUpdate([.protectedName])
    let state = SensorState(
        version: version,
        takenAt: 1_763_776_900.5,
        startedAt: 1_763_500_000,
        snapshotGeneration: 4,
        reloads: ReloadCounts(succeeded: 3, failed: 1, last: LastReload(at: 1_763_776_850.25, succeeded: false)),
        killSwitch: true,
        passes: 2,
        failures: FailureActions(overload: "accept", absence: "accept", malformed: "drop", overBudget: "accept"),
        failOpenSeconds: 3,
        queues: [
            QueueState(queue: 0, present: true, length: 4_096, kernelDropped: 6),
            QueueState(queue: 1, present: false),
        ],
        queueConfigurations: [
            QueueConfigurationState(
                queue: 0,
                failOpenEffective: true,
                gsoEffective: false,
                receiveBufferWanted: 16_777_216,
                receiveBufferObtained: 425_984,
                copyRange: 65_535,
                maxLength: 4_096
            )
        ],
        taps: [TapState(queue: 7, interface: text, isReading: true, received: 90, kernelDropped: 4)],
        lists: [
            ListState(
                id: "police",
                actions: ["drop", "page"],
                entries: 1_000_000,
                sequence: 42,
                activatedAt: 1_763_776_801.125,
                publisher: text,
                purpose: text,
                legalBasis: text,
                protocols: ["dns", "tls"],
                match: "subdomains",
                precedence: 10,
                issuedAt: 1_763_700_000,
                expiresAt: 1_763_776_900.5,
                isFallback: true
            ),
            ListState(id: "local", actions: [], entries: 2, activatedAt: 1_763_776_801),
        ],
        refusals: [refused, neverActive]
    )
    return SensorReading(workers: [counters], slots: slots, state: state)
}

/// A sensor that has neither queues nor lists and has seen nothing.
func emptyReading() -> SensorReading {
    SensorReading(
        workers: [],
        slots: ListSlots(),
        state: SensorState(version: "1.2.3", takenAt: 160, startedAt: 100, snapshotGeneration: 0)
    )
}
