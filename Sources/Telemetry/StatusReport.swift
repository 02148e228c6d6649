/// Renders a sensor's reading as the JSON object of `/status`, for people's tools rather than for scrapers.
///
/// Holds numbers, modes, list identifiers, the version, and what an operator or a publisher says of a list as a whole; no
/// text that a packet or a list's entries could have brought.
package enum StatusReport {
    /// The whole object, one line.
    package static func render(_ reading: SensorReading) -> String {
        let state = reading.state
        let slots = reading.slots.all
        let workers = CounterReading.perQueue(reading.workers, slots: slots.count)
        let total = CounterReading.total(workers)
        var json = JSONWriter()
        json.beginObject()
        json.write("version", state.version)
        json.write("started_at", seconds: state.startedAt)
        json.write("uptime_seconds", seconds: max(state.takenAt - state.startedAt, 0))
        json.write("snapshot_generation", state.snapshotGeneration)
        json.write("kill_switch", state.killSwitch)
        json.write("passes", max(state.passes, 0))
        write(health: state.findings, to: &json)
        write(state.failures, to: &json)
        json.write("fail_open_seconds", seconds: state.failOpenSeconds)
        json.write("attempt_window_seconds", seconds: state.attemptWindowSeconds)
        json.beginArray("restart_needed")
        for key in state.keysForRestart { json.write(nil, key) }
        json.endArray()
        write(state.takeover, to: &json)
        json.beginArray("queues")
        for number in queueNumbers(workers, state) {
            write(queue: number, worker: workers.first { $0.queue == number }, state, to: &json)
        }
        json.endArray()
        json.beginArray("taps")
        for tap in state.taps { write(tap, workers.first { $0.queue == tap.queue }, state, to: &json) }
        json.endArray()
        json.beginArray("lists")
        for list in state.lists { write(list, state, total, slots, to: &json) }
        json.endArray()
        json.beginArray("refused_lists")
        for counts in state.inactiveRefusals {
            json.beginObject()
            json.write("id", counts.list)
            write(counts, to: &json)
            json.endObject()
        }
        json.endArray()
        write(totals: total, slots, to: &json)
        write("reloads", state.reloads, to: &json)
        write("rollbacks", state.rollbacks, to: &json)
        json.endObject()
        return json.text
    }

    private static func write(health findings: [HealthFinding], to json: inout JSONWriter) {
        json.beginObject("health")
        json.write("ok", findings.isEmpty)
        json.beginArray("findings")
        for finding in findings {
            json.beginObject()
            json.write("id", finding.id)
            json.write("text", finding.text)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private static func write(_ name: String, _ counts: ReloadCounts, to json: inout JSONWriter) {
        json.beginObject(name)
        json.write("succeeded", counts.succeeded)
        json.write("failed", counts.failed)
        if let last = counts.last {
            json.beginObject("last")
            json.write("at", seconds: last.at)
            json.write("succeeded", last.succeeded)
            json.endObject()
        } else {
            json.write("last", nil as String?)
        }
        json.endObject()
    }

    private static func write(_ failures: FailureActions?, to json: inout JSONWriter) {
        guard let failures else { return json.write("failures", nil as String?) }
        json.beginObject("failures")
        json.write("overload", failures.overload)
        json.write("absence", failures.absence)
        json.write("malformed", failures.malformed)
        json.write("over_budget", failures.overBudget)
        json.endObject()
    }

    private static func write(_ takeover: TakeoverState?, to json: inout JSONWriter) {
        guard let takeover else { return json.write("takeover", nil as String?) }
        json.beginObject("takeover")
        json.write("at", seconds: takeover.at)
        json.write("queues", max(takeover.queues, 0))
        json.write("waited", takeover.waiting)
        json.write("queued_again", takeover.queuedAgain)
        json.write("passed", takeover.passed)
        json.endObject()
    }

    private static func queueNumbers(_ workers: [CounterReading], _ state: SensorState) -> [UInt16] {
        let all = workers.map(\.queue) + state.queues.map(\.queue) + state.queueConfigurations.map(\.queue)
        return Set(all).subtracting(state.taps.map(\.queue)).sorted()
    }

    private static func write(
        queue: UInt16,
        worker: CounterReading?,
        _ state: SensorState,
        to json: inout JSONWriter
    ) {
        let counted = worker ?? CounterReading(queue: queue)
        let kernel = state.queues.first { $0.queue == queue && $0.present }
        let configuration = state.queueConfigurations.first { $0.queue == queue }
        json.beginObject()
        json.write("queue", queue)
        json.write("present", kernel != nil)
        json.write("waiting", kernel?.length)
        json.write("kernel_dropped", kernel?.kernelDropped)
        json.write("user_dropped", kernel?.userDropped)
        json.write("accepted", counted.packets(.accept))
        json.write("dropped", counted.packets(.drop))
        json.write("receive_overruns", counted.receiveOverruns)
        json.write("unseen", counted.unseen)
        json.write("unfinished_checksums", counted.unfinishedChecksums)
        json.write("flows", counted.flows)
        json.write("flow_memory_bytes", counted.flowMemoryBytes)
        let verdicts = counted.verdictCount
        json.write("verdict_mean_seconds", nanoseconds: verdicts == 0 ? nil : counted.verdictNanoseconds / verdicts)
        write(buckets: counted, to: &json)
        json.write("cpu_seconds", nanoseconds: state.cpuNanoseconds(of: queue))
        json.write("realtime", state.threads.first { $0.queue == queue }?.isRealTime)
        json.write("fail_open", configuration?.failOpenEffective)
        json.write("gso", configuration?.gsoEffective)
        json.write("receive_buffer_wanted_bytes", configuration?.receiveBufferWanted)
        json.write("receive_buffer_bytes", configuration?.receiveBufferObtained)
        json.write("copy_range_bytes", configuration?.copyRange)
        json.write("max_length", configuration?.maxLength)
        json.endObject()
    }

    /// The verdict times, summed up over the smaller buckets as in the exposition; the last bound is null.
    private static func write(buckets counted: CounterReading, to json: inout JSONWriter) {
        json.beginArray("verdict_buckets")
        var cumulated: UInt64 = 0
        for (index, count) in counted.verdictBuckets.enumerated() {
            cumulated &+= count
            json.beginObject()
            json.write("le", nanoseconds: VerdictBuckets.upperBound(index))
            json.write("count", cumulated)
            json.endObject()
        }
        json.endArray()
    }

    private static func write(
        _ tap: TapState,
        _ worker: CounterReading?,
        _ state: SensorState,
        to json: inout JSONWriter
    ) {
        let counted = worker ?? CounterReading(queue: tap.queue)
        json.beginObject()
        json.write("queue", tap.queue)
        json.write("interface", tap.interface)
        json.write("reading", tap.isReading)
        json.write("received", tap.received)
        json.write("kernel_dropped", tap.kernelDropped)
        json.write("interface_dropped", tap.interfaceDropped)
        json.write("packets", counted.packets(.accept))
        json.write("flows", counted.flows)
        json.write("flow_memory_bytes", counted.flowMemoryBytes)
        json.write("cpu_seconds", nanoseconds: state.cpuNanoseconds(of: tap.queue))
        json.endObject()
    }

    private static func write(
        _ list: ListState,
        _ state: SensorState,
        _ total: CounterReading,
        _ slots: [ListSlots.Slot],
        to json: inout JSONWriter
    ) {
        let own = slots.filter { $0.id == list.id }
        json.beginObject()
        json.write("id", list.id)
        json.beginArray("actions")
        for action in list.actions { json.write(nil, action) }
        json.endArray()
        json.write("entries", list.entries)
        json.write("sequence", list.sequence)
        json.write("activated_at", seconds: list.activatedAt)
        json.write("issued_at", seconds: list.issuedAt)
        json.write("expires_at", seconds: list.expiresAt)
        json.write("expired", list.isExpired(at: state.takenAt))
        json.write("fallback", list.isFallback)
        json.write("publisher", known(list.publisher))
        json.write("purpose", known(list.purpose))
        json.write("legal_basis", known(list.legalBasis))
        json.beginArray("protocols")
        for word in list.protocols { json.write(nil, word) }
        json.endArray()
        json.write("match", known(list.match))
        json.write("precedence", list.precedence)
        json.write("rejected_lines", list.rejectedLines)
        json.write("not_enforceable_lines", list.notEnforceableLines)
        json.beginObject("left_out_by_cause")
        for lines in list.leftOut { json.write(lines.cause, lines.count) }
        json.endObject()
        json.write("exceptions", list.exceptions)
        json.write("test_names", list.testNames)
        json.write("matches", total.matches(own))
        write(matches: total, own, to: &json)
        json.write("test_matches", total.testMatches(own))
        write(events: total, own, to: &json)
        write(exempted: total, own, to: &json)
        write(state.refusals(of: list.id), to: &json)
        json.endObject()
    }

    private static func known(_ text: String) -> String? {
        text.isEmpty ? nil : text
    }

    private static func write(matches total: CounterReading, _ slots: [ListSlots.Slot], to json: inout JSONWriter) {
        json.beginObject("matches_by_action")
        for slot in slots {
            json.beginObject(slot.action)
            for inspected in InspectedProtocol.allCases {
                json.write(inspected.label, total.matches(slot: slot.index, inspected))
            }
            json.endObject()
        }
        json.endObject()
    }

    private static func write(events total: CounterReading, _ slots: [ListSlots.Slot], to json: inout JSONWriter) {
        json.write("events", total.events(slots))
        json.write("attempts", total.attempts(slots))
        json.beginObject("events_by_action")
        for slot in slots {
            json.beginObject(slot.action)
            for mechanism in Mechanism.allCases {
                json.beginObject(mechanism.label)
                json.write("events", total.events(slot: slot.index, mechanism))
                json.write("attempts", total.attempts(slot: slot.index, mechanism))
                json.endObject()
            }
            json.endObject()
        }
        json.endObject()
        json.beginObject("test_events")
        for mechanism in Mechanism.allCases { json.write(mechanism.label, total.testEvents(slots, mechanism)) }
        json.endObject()
    }

    private static func write(exempted total: CounterReading, _ slots: [ListSlots.Slot], to json: inout JSONWriter) {
        json.beginObject("exempted")
        for reason in ExemptionReason.allCases { json.write(reason.label, total.exemptions(slots, reason)) }
        json.endObject()
    }

    private static func write(_ counts: RefusalCounts, to json: inout JSONWriter) {
        json.write("updates_refused", counts.updates)
        json.beginObject("refusals")
        for (cause, updates) in counts.seen { json.write(cause.label, updates) }
        json.endObject()
    }

    private static func write(totals: CounterReading, _ slots: [ListSlots.Slot], to json: inout JSONWriter) {
        json.beginObject("totals")
        json.beginObject("packets")
        for verdict in CountedVerdict.allCases { json.write(verdict.label, totals.packets(verdict)) }
        json.endObject()
        json.beginObject("names")
        for inspected in InspectedProtocol.allCases { json.write(inspected.label, totals.names(inspected)) }
        json.endObject()
        json.write("matches", totals.matches(slots))
        json.write("test_matches", totals.testMatches(slots))
        json.write("events", totals.anyEvents)
        json.write("attempts", totals.anyAttempts)
        json.write("attempts_displaced", totals.displacedAttempts)
        write(exempted: totals, slots, to: &json)
        json.beginObject("undecided")
        for cause in UndecidedCause.allCases { json.write(cause.label, totals.undecided(cause)) }
        json.endObject()
        json.beginObject("anomalies")
        for anomaly in Anomaly.allCases { json.write(anomaly.label, totals.anomalies(anomaly)) }
        json.endObject()
        json.beginObject("responses")
        for kind in CountedResponse.allCases {
            json.beginObject(kind.label)
            for result in ResponseResult.allCases { json.write(result.label, totals.responses(kind, result)) }
            json.endObject()
        }
        json.endObject()
        json.write("response_bytes", totals.responseBytes)
        json.beginObject("encrypted_dns_flows")
        for kind in EncryptedDNS.allCases { json.write(kind.label, totals.encryptedDNSFlows(kind)) }
        json.endObject()
        json.endObject()
    }
}
