/// The two text formats that monitoring tools scrape.
package enum ExpositionFormat: Sendable, CaseIterable {
    /// Prometheus text format 0.0.4.
    case prometheus
    /// OpenMetrics text format 1.0.0.
    case openMetrics

    /// The value of the `Content-Type` field that belongs to the format.
    package var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// Chooses the format that an `Accept` field prefers (RFC 9110 §12.5.1).
    ///
    /// OpenMetrics only when it is named, in version 1.0.0 or without a version, and weighs no less than `text/plain`.
    package init(accept: String?) {
        var openMetrics = 0.0
        var plainText = 0.0
        for range in (accept ?? "").split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.trimmed.lowercased() }
            var weight = 1.0
            var version: String?
            for parameter in parts.dropFirst() {
                let pair = parameter.split(separator: "=", maxSplits: 1).map { $0.trimmed }
                guard pair.count == 2 else { continue }
                if pair[0] == "q" { weight = Double(pair[1]) ?? 0 }
                if pair[0] == "version" { version = pair[1].filter { $0 != "\"" } }
            }
            switch parts.first {
            case "application/openmetrics-text" where version == nil || version == "1.0.0":
                openMetrics = max(openMetrics, weight)
            case "text/plain":
                plainText = max(plainText, weight)
            default:
                continue
            }
        }
        self = openMetrics > 0 && openMetrics >= plainText ? .openMetrics : .prometheus
    }
}

extension StringProtocol {
    fileprivate var trimmed: String {
        var rest = self[...]
        while rest.first == " " || rest.first == "\t" { rest.removeFirst() }
        while rest.last == " " || rest.last == "\t" { rest.removeLast() }
        return String(rest)
    }
}

/// Renders a sensor's reading for monitoring tools.
///
/// Guarantees: the families come in the order of ``Metric``; label values are queue numbers, interface names, list
/// identifiers, the version, and the fixed texts of the enums in this target, nothing else; every value of an enum appears from the
/// start, at zero, so that rates can be computed.
package struct Exposition {
    private let format: ExpositionFormat
    private let workers: [CounterReading]
    private let total: CounterReading
    private let slots: [ListSlots.Slot]
    private let state: SensorState
    private var text = ""

    /// The whole text of a scrape.
    package static func render(_ reading: SensorReading, as format: ExpositionFormat) -> String {
        var exposition = Exposition(reading, as: format)
        for metric in Metric.allCases { exposition.render(metric) }
        if format == .openMetrics { exposition.text += "# EOF\n" }
        return exposition.text
    }

    private init(_ reading: SensorReading, as format: ExpositionFormat) {
        self.format = format
        workers = CounterReading.perQueue(reading.workers)
        total = CounterReading.total(workers)
        slots = reading.slots.all
        state = reading.state
    }

    /// Renders one family: every sample it has in this reading, below its head.
    private mutating func render(_ metric: Metric) {
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
        case .matches:
            head(metric)
            for slot in slots {
                for inspected in InspectedProtocol.allCases {
                    let labels = [("list", slot.id), ("protocol", inspected.label), ("action", slot.action)]
                    sample(metric, labels, total.matches(slot: slot.index, inspected))
                }
            }
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
        case .verdictSeconds:
            head(metric)
            for worker in workers { histogram(metric, worker) }
        case .queueLength: perKernelQueue(metric) { $0.length }
        case .queueKernelDropped: perKernelQueue(metric) { $0.kernelDropped }
        case .queueUserDropped: perKernelQueue(metric) { $0.userDropped }
        case .receiveOverruns: perQueueWorker(metric) { $0.receiveOverruns }
        case .queueUnseen: perQueueWorker(metric) { $0.unseen }
        case .receiveBufferBytes: perQueueWorker(metric) { $0.receiveBufferBytes }
        case .unfinishedChecksums: perQueueWorker(metric) { $0.unfinishedChecksums }
        case .flows: perWorker(metric) { $0.flows }
        case .flowMemoryBytes: perWorker(metric) { $0.flowMemoryBytes }
        case .tapReceived: perTap(metric) { [([], $0.received)] }
        case .tapDropped:
            perTap(metric) { [([("by", "kernel")], $0.kernelDropped), ([("by", "interface")], $0.interfaceDropped)] }
        case .tapReading: perTap(metric) { [([], $0.isReading ? 1 : 0)] }
        case .listEntries: perList(metric) { String($0.entries) }
        case .listSequence: perList(metric) { $0.sequence.map { String($0) } }
        case .listActivated: perList(metric) { decimalSeconds($0.activatedAt) }
        case .snapshotGeneration:
            head(metric)
            sample(metric, [], state.snapshotGeneration)
        case .reloads:
            head(metric)
            sample(metric, [("result", "ok")], state.reloads.succeeded)
            sample(metric, [("result", "failed")], state.reloads.failed)
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

    private mutating func perKernelQueue(_ metric: Metric, _ value: (QueueState) -> UInt64) {
        head(metric)
        for queue in state.queues where queue.present {
            sample(metric, [("queue", String(queue.queue))], value(queue))
        }
    }

    private mutating func perList(_ metric: Metric, _ value: (ListState) -> String?) {
        let samples = state.lists.compactMap { list in value(list).map { (list.id, $0) } }
        guard !samples.isEmpty else { return }
        head(metric)
        for (id, value) in samples { line(sampleName(metric), [("list", id)], value) }
    }

    private mutating func process(_ metric: Metric, _ value: (ProcessStatistics) -> String) {
        guard let process = state.process else { return }
        head(metric)
        line(sampleName(metric), [], value(process))
    }

    private mutating func histogram(_ metric: Metric, _ worker: CounterReading) {
        var cumulated: UInt64 = 0
        for index in 0..<VerdictBuckets.count {
            cumulated &+= worker.verdictBuckets[index]
            let bound = VerdictBuckets.upperBound(index).map { decimalSeconds(nanoseconds: $0) } ?? "+Inf"
            line(metric.name + "_bucket", [queue(worker), ("le", bound)], String(cumulated))
        }
        line(metric.name + "_sum", [queue(worker)], decimalSeconds(nanoseconds: worker.verdictNanoseconds))
        line(metric.name + "_count", [queue(worker)], String(cumulated))
    }

    // MARK: - The text formats

    /// The two comment lines above a family; only OpenMetrics names a family apart from its samples.
    private mutating func head(_ metric: Metric) {
        let family = format == .openMetrics ? metric.name : sampleName(metric)
        let kind =
            switch (metric.kind, format) {
            case (.counter, _): "counter"
            case (.gauge, _), (.info, .prometheus): "gauge"
            case (.histogram, _): "histogram"
            case (.info, .openMetrics): "info"
            }
        text += "# HELP \(family) \(metric.help)\n# TYPE \(family) \(kind)\n"
    }

    private func sampleName(_ metric: Metric) -> String {
        switch metric.kind {
        case .counter: metric.name + "_total"
        case .info: metric.name + "_info"
        case .gauge, .histogram: metric.name
        }
    }

    private mutating func sample(_ metric: Metric, _ labels: [(name: String, value: String)], _ value: UInt64) {
        line(sampleName(metric), labels, String(value))
    }

    private mutating func line(_ name: String, _ labels: [(name: String, value: String)], _ value: String) {
        text += name
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

    private mutating func escape(_ value: String) {
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
