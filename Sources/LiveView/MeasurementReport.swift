import ControlSocket
import Telemetry

/// Writes a measurement for programs.
package enum MeasurementReport {
    /// One JSON object, without a line's end; rates are per second, times in seconds, and null is what is not known.
    package static func render(_ measurement: Measurement) -> String {
        var json = JSONWriter()
        json.beginObject()
        let status = measurement.status
        json.write("version", status.version)
        json.write("taken_at", seconds: measurement.takenAt)
        json.write("interval_seconds", seconds: measurement.interval)
        json.write("restarted", measurement.isRestart)
        json.write("blocking", measurement.isBlocking)
        json.write("healthy", status.health?.ok)
        json.beginArray("findings")
        for finding in status.health?.findings ?? [] { json.write(nil, finding.id) }
        json.endArray()
        write("packets_per_second", measurement.packets, to: &json)
        write("names_per_second", measurement.names, to: &json)
        write("blocked_per_second", measurement.blocked, to: &json)
        write("observed_per_second", measurement.observed, to: &json)
        write("lost_per_second", measurement.lost, to: &json)
        write("undecided_per_second", measurement.undecided, to: &json)
        write("anomalies_per_second", measurement.anomalies, to: &json)
        write("encrypted_dns_flows_per_second", measurement.encryptedDNS, to: &json)
        write("responses_sent_per_second", measurement.sent, to: &json)
        write("responses_not_sent_per_second", measurement.unsent, to: &json)
        write(measurement.latency, to: &json)
        json.beginArray("queues")
        for queue in measurement.queues { write(queue, to: &json) }
        json.endArray()
        json.beginArray("taps")
        for tap in measurement.taps { write(tap, to: &json) }
        json.endArray()
        json.beginArray("lists")
        for list in measurement.lists { write(list, to: &json) }
        json.endArray()
        json.endObject()
        return json.text
    }

    private static func write(_ name: String, _ shares: Shares, to json: inout JSONWriter) {
        json.beginObject(name)
        for part in shares.parts { json.write(part.label, seconds: part.rate) }
        json.endObject()
    }

    private static func write(_ latency: Latency?, to json: inout JSONWriter) {
        guard let latency else { return json.write("verdict_seconds", nil as String?) }
        json.beginObject("verdict_seconds")
        for (name, quantile) in [("p50", latency.median), ("p99", latency.p99), ("p99.9", latency.p999)] {
            // Beyond the last bound nothing is known but that it is more.
            json.write(name, seconds: quantile.isMore ? nil : quantile.seconds)
        }
        json.endObject()
    }

    private static func write(_ queue: Measurement.Queue, to json: inout JSONWriter) {
        json.beginObject()
        json.write("queue", queue.number)
        json.write("present", queue.isPresent)
        json.write("packets_per_second", seconds: queue.packets)
        json.write("dropped_per_second", seconds: queue.dropped)
        json.write("waiting", queue.waiting)
        json.write("kernel_lost_per_second", seconds: queue.kernelLost)
        json.write("user_lost_per_second", seconds: queue.userLost)
        json.write("unseen_per_second", seconds: queue.unseen)
        json.write("overruns_per_second", seconds: queue.overruns)
        json.write("load", seconds: queue.load)
        json.write("flows", queue.flows)
        json.write("flow_memory_bytes", queue.flowMemory)
        write(queue.latency, to: &json)
        json.endObject()
    }

    private static func write(_ tap: Measurement.Tap, to json: inout JSONWriter) {
        json.beginObject()
        json.write("interface", tap.interface)
        json.write("reading", tap.isReading)
        json.write("packets_per_second", seconds: tap.packets)
        json.write("received_per_second", seconds: tap.received)
        json.write("kernel_lost_per_second", seconds: tap.kernelLost)
        json.write("interface_lost_per_second", seconds: tap.interfaceLost)
        json.write("load", seconds: tap.load)
        json.write("flows", tap.flows)
        json.endObject()
    }

    private static func write(_ list: Measurement.List, to json: inout JSONWriter) {
        json.beginObject()
        json.write("id", list.status.id)
        json.write("entries", list.status.entries)
        json.write("sequence", list.status.sequence)
        json.write("activated_at", seconds: list.status.activatedAt)
        json.write("issued_at", seconds: list.status.issuedAt)
        json.write("expires_at", seconds: list.status.expiresAt)
        json.write("expired", list.status.expired)
        json.write("fallback", list.status.fallback)
        json.write("matches_per_second", seconds: list.matches)
        json.write("attempts_per_second", seconds: list.attempts)
        write("blocked_per_second", list.blocked, to: &json)
        write("observed_per_second", list.observed, to: &json)
        json.write("left_alone_per_second", seconds: list.exempted)
        json.endObject()
    }
}
