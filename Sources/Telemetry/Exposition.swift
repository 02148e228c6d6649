/// The formats in which monitoring tools get the counters.
package enum ExpositionFormat: Sendable, CaseIterable {
    /// Prometheus text format 0.0.4.
    case prometheus
    /// OpenMetrics text format 1.0.0.
    case openMetrics
    /// A JSON object with a list of samples, for tools that read neither of the text formats.
    case json

    /// The value of the `Content-Type` field that belongs to the format.
    package var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        case .json: "application/json"
        }
    }

    /// Chooses the text format that an `Accept` field prefers (RFC 9110 §12.5.1).
    ///
    /// OpenMetrics only when it is named, in version 1.0.0 or without a version, and weighs no less than `text/plain`.
    package init(accept: String?) {
        var openMetrics = 0.0
        var plainText = 0.0
        for range in FieldRange.ranges(in: accept) {
            switch range.name {
            case "application/openmetrics-text" where range.version == nil || range.version == "1.0.0":
                openMetrics = max(openMetrics, range.weight)
            case "text/plain":
                plainText = max(plainText, range.weight)
            default:
                continue
            }
        }
        self = openMetrics > 0 && openMetrics >= plainText ? .openMetrics : .prometheus
    }
}

/// Renders a sensor's reading for monitoring tools.
///
/// Guarantees: the families come in the order of ``Metric``; label values are queue numbers, interface names, list
/// identifiers, the version, and the fixed texts of the enums in this target, nothing else; every value of an enum appears from the
/// start, at zero, so that rates can be computed. Only two appear as they occur: coverage, which few sensors are told of, and
/// the causes of refused updates, since a series for each cause and list would nearly all stay at zero, and the count of refused
/// updates beside them, which alarms are made on, is there from the start. Texts about a list that somebody wrote, its publisher,
/// purpose and legal basis, are for the status report alone.
package struct Exposition {
    private let format: ExpositionFormat
    private let workers: [CounterReading]
    private let total: CounterReading
    private let slots: [ListSlots.Slot]
    private let state: SensorState
    private var text = ""
    private var json = JSONWriter()

    /// The whole text of a scrape.
    package static func render(_ reading: SensorReading, as format: ExpositionFormat) -> String {
        var exposition = Exposition(reading, as: format)
        if format == .json {
            exposition.json.beginObject()
            exposition.json.write("time", seconds: reading.state.takenAt)
            exposition.json.beginArray("metrics")
        }
        for metric in Metric.allCases { exposition.render(metric) }
        switch format {
        case .prometheus: break
        case .openMetrics: exposition.text += "# EOF\n"
        case .json:
            exposition.json.endArray()
            exposition.json.endObject()
            return exposition.json.text + "\n"
        }
        return exposition.text
    }

    /// A text without the families about the process, for whoever adds it to a text that has the same families of its own.
    package static func withoutProcess(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            let words = line.split(separator: " ", maxSplits: 3)
            let name = line.hasPrefix("#") ? words.dropFirst(2).first : words.first
            return name?.hasPrefix("process_") != true
        }.joined(separator: "\n")
    }

    private init(_ reading: SensorReading, as format: ExpositionFormat) {
        self.format = format
        slots = reading.slots.all
        workers = CounterReading.perQueue(reading.workers, slots: slots.count)
        total = CounterReading.total(workers)
        state = reading.state
    }

    /// Renders one family: every sample it has in this reading, below its head.
    private mutating func render(_ metric: Metric) {
        let now = state.takenAt
        switch metric {
        case .packets:
            head(metric)
            for worker in workers {
                for verdict in CountedVerdict.allCases {
                    sample(metric, [queue(worker), ("verdict", verdict.label)], worker.packets(verdict))
                }
            }
        case .names:
            head(metric)
            for inspected in InspectedProtocol.allCases {
                sample(metric, [("protocol", inspected.label)], total.names(inspected))
            }
        case .matches: perSlot(metric) { total, slot, inspected in total.matches(slot: slot, inspected) }
        case .testMatches: perSlot(metric) { total, slot, inspected in total.testMatches(slot: slot, inspected) }
        case .exemptedMatches:
            head(metric)
            for id in slots.distinctIDs {
                for reason in ExemptionReason.allCases {
                    let exempted = total.exemptions(slots.filter { $0.id == id }, reason)
                    sample(metric, [("list", id), ("reason", reason.label)], exempted)
                }
            }
        case .events: perMechanism(metric) { total, slot, mechanism in total.events(slot: slot, mechanism) }
        case .attempts: perMechanism(metric) { total, slot, mechanism in total.attempts(slot: slot, mechanism) }
        case .anyEvents: perAction(metric) { total, mechanism, action in total.anyEvents(mechanism, action) }
        case .anyAttempts: perAction(metric) { total, mechanism, action in total.anyAttempts(mechanism, action) }
        case .testEvents:
            head(metric)
            for id in slots.distinctIDs {
                let own = slots.filter { $0.id == id }
                for mechanism in Mechanism.allCases {
                    sample(metric, [("list", id), ("mechanism", mechanism.label)], total.testEvents(own, mechanism))
                }
            }
        case .attemptWindow:
            head(metric)
            line(metric, [], decimalSeconds(state.attemptWindowSeconds))
        case .displacedAttempts: plain(metric, total.displacedAttempts)
        case .undecided:
            head(metric)
            for cause in UndecidedCause.allCases {
                sample(metric, [("cause", cause.label)], total.undecided(cause))
            }
        case .anomalies:
            head(metric)
            for anomaly in Anomaly.allCases {
                sample(metric, [("kind", anomaly.label)], total.anomalies(anomaly))
            }
        case .encryptedDNSFlows:
            head(metric)
            for kind in EncryptedDNS.allCases {
                sample(metric, [("kind", kind.label)], total.encryptedDNSFlows(kind))
            }
        case .responses:
            head(metric)
            for kind in CountedResponse.allCases {
                for result in ResponseResult.allCases {
                    let labels = [("kind", kind.label), ("result", result.label)]
                    sample(metric, labels, total.responses(kind, result))
                }
            }
        case .responseBytes: plain(metric, total.responseBytes)
        case .verdictSeconds:
            head(metric)
            for worker in workers { histogram(metric, worker) }
        case .workerCPU:
            guard state.threads.isEmpty == false else { return }
            head(metric)
            for thread in state.threads {
                let seconds = decimalSeconds(nanoseconds: thread.cpuNanoseconds)
                line(metric, [("queue", String(thread.queue))], seconds)
            }
        case .workerRealTime:
            // A tap's thread never asks for it.
            let threads = state.threads.filter { thread in state.taps.contains { $0.queue == thread.queue } == false }
            guard threads.isEmpty == false else { return }
            head(metric)
            for thread in threads { sample(metric, [("queue", String(thread.queue))], thread.isRealTime ? 1 : 0) }
        case .queuePresent:
            head(metric)
            for queue in state.queues { sample(metric, [("queue", String(queue.queue))], queue.present ? 1 : 0) }
        case .queueMaximumLength: perConfiguration(metric) { UInt64(max($0.maxLength, 0)) }
        case .queueCopyRange: perKernelQueue(metric) { $0.copyRange.map { UInt64(max($0, 0)) } }
        case .queueFailOpen: perConfiguration(metric) { $0.failOpenEffective ? 1 : 0 }
        case .queueGSO: perConfiguration(metric) { $0.gsoEffective ? 1 : 0 }
        case .queueLength: perKernelQueue(metric) { $0.length }
        case .queueKernelDropped: perKernelQueue(metric) { $0.kernelDropped }
        case .queueUserDropped: perKernelQueue(metric) { $0.userDropped }
        case .receiveOverruns: perQueueWorker(metric) { $0.receiveOverruns }
        case .queueUnseen: perQueueWorker(metric) { $0.unseen }
        case .receiveBufferBytes: perQueueWorker(metric) { $0.receiveBufferBytes }
        case .receiveBufferWanted: perConfiguration(metric) { UInt64(max($0.receiveBufferWanted, 0)) }
        case .failOpenSeconds:
            head(metric)
            line(metric, [], decimalSeconds(state.failOpenSeconds))
        case .unfinishedChecksums: perQueueWorker(metric) { $0.unfinishedChecksums }
        case .flows: perWorker(metric) { $0.flows }
        case .flowCapacity: perWorker(metric) { $0.flowCapacity }
        case .flowEvictions: perWorker(metric) { $0.flowEvictions }
        case .flowMemoryBytes: perWorker(metric) { $0.flowMemoryBytes }
        case .flowMemoryLimit: perWorker(metric) { $0.flowMemoryLimitBytes }
        case .fragmentMemory: perWorker(metric) { $0.fragmentMemoryBytes }
        case .fragmentMemoryLimit: perWorker(metric) { $0.fragmentMemoryLimitBytes }
        case .tapReceived: perTap(metric) { [([], $0.received)] }
        case .tapDropped:
            perTap(metric) { [([("by", "kernel")], $0.kernelDropped), ([("by", "interface")], $0.interfaceDropped)] }
        case .tapReading: perTap(metric) { [([], $0.isReading ? 1 : 0)] }
        case .listEntries: perList(metric) { String($0.entries) }
        case .listSequence: perList(metric) { $0.sequence.map { String($0) } }
        case .listActivated: perList(metric) { decimalSeconds($0.activatedAt) }
        case .listIssued: perList(metric) { $0.issuedAt.map { decimalSeconds($0) } }
        case .listReceived: perList(metric) { $0.receivedAt.map { decimalSeconds($0) } }
        case .listAge: perList(metric) { decimalSeconds($0.age(at: now)) }
        case .listExpires: perList(metric) { $0.expiresAt.map { decimalSeconds($0) } }
        case .listExpired: perList(metric) { $0.isExpired(at: now).map { $0 ? "1" : "0" } }
        case .listFallback: perList(metric) { $0.isFallback ? "1" : "0" }
        case .listRejectedLines: perList(metric) { String($0.rejectedLines) }
        case .listNotEnforceableLines: perList(metric) { String($0.notEnforceableLines) }
        case .listExceptions: perList(metric) { String($0.exceptions) }
        case .listTestNames: perList(metric) { String($0.testNames) }
        case .listRefusedUpdates: perRefusedList(metric) { [([], $0.updates)] }
        case .listRefusals: perRefusedList(metric) { $0.seen.map { ([("cause", $0.cause.label)], $0.updates) } }
        case .snapshotGeneration: plain(metric, state.snapshotGeneration)
        case .reloads: results(metric, state.reloads)
        case .rollbacks: results(metric, state.rollbacks)
        case .killSwitch: plain(metric, state.killSwitch ? 1 : 0)
        case .passes: plain(metric, UInt64(max(state.passes, 0)))
        case .takenOverQueues: plain(metric, UInt64(max(state.takeover?.queues ?? 0, 0)))
        case .takenOverPackets:
            head(metric)
            sample(metric, [("fate", "waited")], state.takeover?.waiting ?? 0)
            sample(metric, [("fate", "queued-again")], state.takeover?.queuedAgain ?? 0)
            sample(metric, [("fate", "passed")], state.takeover?.passed ?? 0)
        case .statisticsWrites:
            guard let statistics = state.statistics else { return }
            head(metric)
            sample(metric, [("result", "ok")], statistics.written)
            sample(metric, [("result", "failed")], statistics.failed)
        case .statisticsLastWrite:
            guard let time = state.statistics?.lastWrite else { return }
            head(metric)
            line(metric, [], decimalSeconds(time))
        case .coverageProbes: perCoverage(metric) { $0.probes }
        case .coverageBlocked: perCoverage(metric) { $0.blocked }
        case .unblockSeconds:
            guard let statistics = state.statistics else { return }
            head(metric)
            for cause in UnblockCause.allCases { histogram(metric, cause, statistics.unblocks(cause)) }
        case .health:
            head(metric)
            let findings = state.findings
            for finding in HealthFinding.allCases {
                sample(metric, [("finding", finding.id)], findings.contains(finding) ? 1 : 0)
            }
        case .build:
            head(metric)
            sample(metric, [("version", state.version)], 1)
        case .processCPU: process(metric) { decimalSeconds($0.cpuSeconds) }
        case .processResidentMemory: process(metric) { String($0.residentBytes) }
        case .processVirtualMemory: process(metric) { String($0.virtualBytes) }
        case .processOpenDescriptors: process(metric) { String($0.openDescriptors) }
        case .processMaximumDescriptors: process(metric) { String($0.maximumDescriptors) }
        case .processStartTime: process(metric) { decimalSeconds($0.startTime) }
        }
    }

    private mutating func plain(_ metric: Metric, _ value: UInt64) {
        head(metric)
        sample(metric, [], value)
    }

    private mutating func results(_ metric: Metric, _ counts: ReloadCounts) {
        head(metric)
        sample(metric, [("result", "ok")], counts.succeeded)
        sample(metric, [("result", "failed")], counts.failed)
    }

    private mutating func perSlot(_ metric: Metric, _ value: (CounterReading, Int, InspectedProtocol) -> UInt64) {
        head(metric)
        for slot in slots {
            for inspected in InspectedProtocol.allCases {
                let labels = [("list", slot.id), ("protocol", inspected.label), ("action", slot.action)]
                sample(metric, labels, value(total, slot.index, inspected))
            }
        }
    }

    private mutating func perMechanism(_ metric: Metric, _ value: (CounterReading, Int, Mechanism) -> UInt64) {
        head(metric)
        for slot in slots {
            for mechanism in Mechanism.allCases {
                let labels = [("list", slot.id), ("mechanism", mechanism.label), ("action", slot.action)]
                sample(metric, labels, value(total, slot.index, mechanism))
            }
        }
    }

    /// The actions that a list has or had; what no list asks for is not done.
    private mutating func perAction(
        _ metric: Metric,
        _ value: (CounterReading, Mechanism, CountedAction) -> UInt64
    ) {
        head(metric)
        for action in slots.actions {
            for mechanism in Mechanism.allCases {
                let labels = [("mechanism", mechanism.label), ("action", action.label)]
                sample(metric, labels, value(total, mechanism, action))
            }
        }
    }

    private mutating func perWorker(_ metric: Metric, _ value: (CounterReading) -> UInt64) {
        head(metric)
        for worker in workers { sample(metric, [queue(worker)], value(worker)) }
    }

    /// Only the workers of netfilter queues: a tap knows nothing of these numbers, and a zero would claim that it did.
    private mutating func perQueueWorker(_ metric: Metric, _ value: (CounterReading) -> UInt64) {
        head(metric)
        for worker in workers where state.taps.contains(where: { $0.queue == worker.queue }) == false {
            sample(metric, [queue(worker)], value(worker))
        }
    }

    private mutating func perTap(
        _ metric: Metric,
        _ values: (TapState) -> [(labels: [(name: String, value: String)], value: UInt64)]
    ) {
        guard state.taps.isEmpty == false else { return }
        head(metric)
        for tap in state.taps {
            for (labels, value) in values(tap) {
                sample(metric, [("queue", String(tap.queue)), ("interface", tap.interface)] + labels, value)
            }
        }
    }

    /// What the kernel's own table says: nothing of a queue that is not in it.
    private mutating func perKernelQueue(_ metric: Metric, _ value: (QueueState) -> UInt64?) {
        let samples = state.queues.compactMap { queue in
            queue.present ? value(queue).map { (queue.queue, $0) } : nil
        }
        guard samples.isEmpty == false else { return }
        head(metric)
        for (queue, value) in samples { sample(metric, [("queue", String(queue))], value) }
    }

    private mutating func perConfiguration(_ metric: Metric, _ value: (QueueConfigurationState) -> UInt64) {
        guard state.queueConfigurations.isEmpty == false else { return }
        head(metric)
        for queue in state.queueConfigurations { sample(metric, [("queue", String(queue.queue))], value(queue)) }
    }

    private mutating func perList(_ metric: Metric, _ value: (ListState) -> String?) {
        let samples = state.lists.compactMap { list in value(list).map { (list.id, $0) } }
        guard !samples.isEmpty else { return }
        head(metric)
        for (id, value) in samples { line(metric, [("list", id)], value) }
    }

    /// The lists of which an update was refused, and the active ones, whose counts begin at zero.
    private mutating func perRefusedList(
        _ metric: Metric,
        _ values: (RefusalCounts) -> [(labels: [(name: String, value: String)], value: UInt64)]
    ) {
        let samples = state.allRefusals.flatMap { counts in values(counts).map { (counts.list, $0.labels, $0.value) } }
        guard samples.isEmpty == false else { return }
        head(metric)
        for (list, labels, value) in samples { sample(metric, [("list", list)] + labels, value) }
    }

    private mutating func process(_ metric: Metric, _ value: (ProcessStatistics) -> String) {
        guard let process = state.process else { return }
        head(metric)
        line(metric, [], value(process))
    }

    /// The lists in use alone, whatever a file of coverage says.
    private mutating func perCoverage(_ metric: Metric, _ value: (CoverageCount) -> UInt64) {
        let counts = (state.statistics?.coverage ?? []).filter { count in state.lists.contains { $0.id == count.list } }
        guard counts.isEmpty == false else { return }
        head(metric)
        for count in counts {
            sample(metric, [("list", count.list), ("mechanism", count.mechanism.label)], value(count))
        }
    }

    private mutating func histogram(_ metric: Metric, _ cause: UnblockCause, _ durations: DurationCounts) {
        var cumulated: UInt64 = 0
        for (index, count) in durations.buckets.enumerated() {
            cumulated &+= count
            let bound = index < DurationCounts.bounds.count ? decimalSeconds(DurationCounts.bounds[index]) : "+Inf"
            line(metric, ending: "_bucket", [("cause", cause.label), ("le", bound)], String(cumulated))
        }
        line(metric, ending: "_sum", [("cause", cause.label)], decimalSeconds(durations.sum))
        line(metric, ending: "_count", [("cause", cause.label)], String(cumulated))
    }

    private mutating func histogram(_ metric: Metric, _ worker: CounterReading) {
        var cumulated: UInt64 = 0
        for (index, count) in worker.verdictBuckets.enumerated() {
            cumulated &+= count
            let bound = VerdictBuckets.upperBound(index).map { decimalSeconds(nanoseconds: $0) } ?? "+Inf"
            line(metric, ending: "_bucket", [queue(worker), ("le", bound)], String(cumulated))
        }
        line(metric, ending: "_sum", [queue(worker)], decimalSeconds(nanoseconds: worker.verdictNanoseconds))
        line(metric, ending: "_count", [queue(worker)], String(cumulated))
    }

    // MARK: - The formats

    /// The comment lines above a family; only OpenMetrics names a family apart from its samples, and its unit.
    private mutating func head(_ metric: Metric) {
        let family: String
        switch format {
        case .prometheus: family = metric.sampleName
        case .openMetrics: family = metric.name
        case .json: return
        }
        text += "# HELP \(family) \(metric.help)\n# TYPE \(family) \(kind(metric))\n"
        if format == .openMetrics, let unit = metric.unit { text += "# UNIT \(family) \(unit)\n" }
    }

    private func kind(_ metric: Metric) -> String {
        switch (metric.kind, format) {
        case (.counter, _): "counter"
        case (.gauge, _), (.info, .prometheus): "gauge"
        case (.histogram, _): "histogram"
        case (.info, .openMetrics), (.info, .json): "info"
        }
    }

    private mutating func sample(_ metric: Metric, _ labels: [(name: String, value: String)], _ value: UInt64) {
        line(metric, labels, String(value))
    }

    /// One sample; its value is written as it is.
    private mutating func line(
        _ metric: Metric,
        ending: String = "",
        _ labels: [(name: String, value: String)],
        _ value: String
    ) {
        guard format != .json else { return object(metric, ending, labels, value) }
        text += metric.sampleName
        text += ending
        for (index, label) in labels.enumerated() {
            text += index == 0 ? "{" : ","
            text += label.name
            text += "=\""
            escape(label.value)
            text += "\""
        }
        if !labels.isEmpty { text += "}" }
        text += " "
        text += value
        text += "\n"
    }

    private mutating func object(
        _ metric: Metric,
        _ ending: String,
        _ labels: [(name: String, value: String)],
        _ value: String
    ) {
        json.beginObject()
        json.write("name", metric.sampleName + ending)
        json.write("type", kind(metric))
        json.write("unit", metric.unit)
        json.beginObject("labels")
        for label in labels { json.write(label.name, label.value) }
        json.endObject()
        json.write("value", number: value)
        json.endObject()
    }

    private mutating func escape(_ value: String) {
        let isPlain = value.utf8.allSatisfy { $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") && $0 != 0x0A }
        guard isPlain == false else { return text += value }
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    private func queue(_ worker: CounterReading) -> (name: String, value: String) {
        ("queue", String(worker.queue))
    }
}
