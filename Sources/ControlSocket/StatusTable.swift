import FoundationEssentials

/// The object of `/status` as a program reads it; members that a newer sensor adds are ignored.
package struct StatusDocument: Decodable, Sendable, Equatable {
    /// One queue with its worker's counters.
    package struct Queue: Decodable, Sendable, Equatable {
        /// The queue's number.
        package var queue: Int
        /// Whether the kernel's table has the queue.
        package var present: Bool
        /// Packets that wait for a verdict; nil when the kernel has no such queue, as with the next two.
        package var waiting: UInt64?
        /// Packets the kernel dropped because the queue was full.
        package var kernelDropped: UInt64?
        /// Packets the kernel dropped because the socket's buffer was full.
        package var userDropped: UInt64?
        package var accepted: UInt64
        package var dropped: UInt64
        package var receiveOverruns: UInt64
        package var unseen: UInt64
        package var unfinishedChecksums: UInt64
        package var flows: UInt64
        package var flowMemoryBytes: UInt64
        /// Mean time from receipt to verdict, in seconds; nil before the first packet.
        package var verdictMeanSeconds: Double?
        /// Whether the kernel accepts when the queue is full; nil when not reported, as with all below.
        package var failOpen: Bool?
        /// Whether the kernel hands over packets before segmentation.
        package var gso: Bool?
        /// The receive buffer asked for.
        package var receiveBufferWantedBytes: Int?
        /// The receive buffer granted.
        package var receiveBufferBytes: Int?
        /// How many bytes of each packet are copied to the sensor.
        package var copyRangeBytes: Int?
        /// How many packets may wait.
        package var maxLength: Int?
    }

    /// One tapped interface with its worker's counters.
    package struct Tap: Decodable, Sendable, Equatable {
        /// The worker's number.
        package var queue: Int
        /// The interface's name.
        package var interface: String
        /// Whether the interface is open and up.
        package var reading: Bool
        /// Frames that passed the filter, lost ones among them.
        package var received: UInt64
        /// Frames lost because the worker had not made room.
        package var kernelDropped: UInt64
        /// Frames lost by the interface or its driver.
        package var interfaceDropped: UInt64
        /// Packets inspected.
        package var packets: UInt64
        package var flows: UInt64
    }

    /// One active list.
    package struct List: Decodable, Sendable, Equatable {
        /// The list's identifier.
        package var id: String
        /// The actions its matches lead to.
        package var actions: [String]
        /// How many entries it has.
        package var entries: Int
        /// Its publisher's sequence number, if any.
        package var sequence: UInt64?
        package var activatedAt: Double
        package var matches: UInt64
    }

    /// The sums over all queues.
    package struct Totals: Decodable, Sendable, Equatable {
        /// Packets by verdict.
        package var packets: [String: UInt64]
        /// Names by protocol.
        package var names: [String: UInt64]
        package var matches: UInt64
        /// Packets and messages accepted unjudged, by cause.
        package var undecided: [String: UInt64]
        /// Packets that showed an odd form, by kind.
        package var anomalies: [String: UInt64]
        /// Flows of encrypted DNS, by kind.
        package var encryptedDnsFlows: [String: UInt64]
    }

    /// The reloads so far.
    package struct Reloads: Decodable, Sendable, Equatable {
        /// The last one.
        package struct Last: Decodable, Sendable, Equatable {
            package var at: Double
            /// Whether the lists became active.
            package var succeeded: Bool
        }

        package var succeeded: UInt64
        package var failed: UInt64
        /// The last one; nil before the first.
        package var last: Last?
    }

    /// The sensor's version.
    package var version: String
    package var startedAt: Double
    package var uptimeSeconds: Double
    package var snapshotGeneration: UInt64
    /// The queues, by number.
    package var queues: [Queue]
    /// The tapped interfaces; nil from a sensor that knows no taps.
    package var taps: [Tap]?
    /// The active lists.
    package var lists: [List]
    /// The sums over all queues.
    package var totals: Totals
    /// The reloads so far.
    package var reloads: Reloads

    /// Reads the body of a `/status` answer.
    ///
    /// - Throws: `DecodingError` when it is not that object.
    package init(json: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(json))
    }
}

/// Writes a sensor's status as tables for people to read.
package enum StatusTable {
    /// The whole text, every line ended.
    package static func render(_ status: StatusDocument) -> String {
        var text = "grindvakt \(status.version), up \(duration(status.uptimeSeconds))"
        text += ", since \(time(status.startedAt)), snapshot \(status.snapshotGeneration)\n"
        text += "reloads: \(status.reloads.succeeded) ok, \(status.reloads.failed) failed"
        if let last = status.reloads.last {
            text += "; last \(last.succeeded ? "ok" : "failed") at \(time(last.at))"
        }
        text += "\n\n"
        let taps = status.taps ?? []
        if taps.isEmpty || status.queues.isEmpty == false { text += table(queueRows(status)) + "\n" }
        if taps.isEmpty == false { text += table(tapRows(taps)) + "\n" }
        text += table(listRows(status))
        text += "\nnames      \(counts(status.totals.names))\n"
        text += "matches    \(status.totals.matches)\n"
        text += "undecided  \(counts(status.totals.undecided))\n"
        text += "odd forms  \(seen(status.totals.anomalies))\n"
        text += "hidden DNS \(seen(status.totals.encryptedDnsFlows))\n"
        return text
    }

    private static func queueRows(_ status: StatusDocument) -> [[String]] {
        var rows = [
            [
                "QUEUE", "WAITING", "ACCEPTED", "DROPPED", "KERNEL-DROPPED", "USER-DROPPED", "UNSEEN", "OVERRUNS",
                "FLOWS",
                "VERDICT", "FAIL-OPEN", "GSO", "BUFFER",
            ]
        ]
        for queue in status.queues {
            rows.append([
                queue.present ? String(queue.queue) : "\(queue.queue) (gone)",
                number(queue.waiting),
                String(queue.accepted),
                String(queue.dropped),
                number(queue.kernelDropped),
                number(queue.userDropped),
                String(queue.unseen),
                String(queue.receiveOverruns),
                String(queue.flows),
                queue.verdictMeanSeconds.map { microseconds($0) } ?? "-",
                yesOrNo(queue.failOpen),
                yesOrNo(queue.gso),
                buffer(queue),
            ])
        }
        return rows
    }

    private static func tapRows(_ taps: [StatusDocument.Tap]) -> [[String]] {
        var rows = [["TAP", "READING", "PACKETS", "RECEIVED", "KERNEL-DROPPED", "INTERFACE-DROPPED", "FLOWS"]]
        for tap in taps {
            rows.append([
                tap.interface, yesOrNo(tap.reading), String(tap.packets), String(tap.received),
                String(tap.kernelDropped), String(tap.interfaceDropped), String(tap.flows),
            ])
        }
        return rows
    }

    private static func listRows(_ status: StatusDocument) -> [[String]] {
        var rows = [["LIST", "ACTION", "ENTRIES", "SEQUENCE", "ACTIVATED", "MATCHES"]]
        for list in status.lists {
            rows.append([
                list.id,
                list.actions.joined(separator: ","),
                String(list.entries),
                list.sequence.map { String($0) } ?? "-",
                time(list.activatedAt),
                String(list.matches),
            ])
        }
        return rows
    }

    /// The columns that hold words; they stand to the left, all others to the right.
    private static let wordColumns: Set = [
        "QUEUE", "FAIL-OPEN", "GSO", "BUFFER", "TAP", "READING", "LIST", "ACTION", "ACTIVATED",
    ]

    /// Columns two blanks apart, below their heads.
    private static func table(_ rows: [[String]]) -> String {
        guard let heads = rows.first else { return "" }
        let columns = heads.indices
        let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = columns.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return wordColumns.contains(heads[column]) ? row[column] + padding : padding + row[column]
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    private static func buffer(_ queue: StatusDocument.Queue) -> String {
        guard let obtained = queue.receiveBufferBytes else { return "-" }
        guard let wanted = queue.receiveBufferWantedBytes, obtained < wanted else { return bytes(obtained) }
        return "\(bytes(obtained)) of \(bytes(wanted))"
    }

    private static func bytes(_ count: Int) -> String {
        if count >= 1 << 20 { return "\(count >> 20)MiB" }
        if count >= 1 << 10 { return "\(count >> 10)KiB" }
        return "\(count)B"
    }

    private static func counts(_ counts: [String: UInt64]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// The counts that are not zero: of things that most networks never show, the others would only be in the way.
    private static func seen(_ all: [String: UInt64]) -> String {
        let seen = all.filter { $0.value > 0 }
        return seen.isEmpty ? "none" : counts(seen)
    }

    private static func number(_ value: UInt64?) -> String {
        value.map { String($0) } ?? "-"
    }

    private static func yesOrNo(_ value: Bool?) -> String {
        value.map { $0 ? "yes" : "no" } ?? "-"
    }

    /// A time of one or two digits after the point, in microseconds.
    private static func microseconds(_ seconds: Double) -> String {
        let tenths = Int((min(max(seconds, 0), 1e6) * 1e7).rounded())
        return "\(tenths / 10).\(tenths % 10)us"
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 1e12))
        let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
        if days > 0 { return "\(days)d \(hours)h" }
        if hours > 0 { return "\(hours)h \(minutes)m" }
        if minutes > 0 { return "\(minutes)m \(whole % 60)s" }
        return "\(whole)s"
    }

    private static func time(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }
}
