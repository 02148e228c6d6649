import ControlSocket
import TestSupport

/// Status documents as a sensor writes them, with figures of a test's choice.
struct Document {
    var startedAt = 1_763_776_800.0
    var uptime = 90_060.0
    var queues: [String] = [Document.queue(0), Document.queue(1)]
    var taps: [String] = []
    var lists: [String] = [Document.list("police")]
    var refused: [String] = []
    var packets: UInt64 = 0
    var names: UInt64 = 0
    var undecided: UInt64 = 0
    var isKilled = false
    var findings: [(id: String, text: String)]? = []

    /// The document as JSON.
    var text: String {
        let told = (findings ?? []).map { #"{"id":"\#($0.id)","text":"\#($0.text)"}"# }.joined(separator: ",")
        let health = findings.map { #""health":{"ok":\#($0.isEmpty),"findings":[\#(told)]},"# } ?? ""
        return """
            {"version":"1.2.3","started_at":\(startedAt),"uptime_seconds":\(uptime),"snapshot_generation":4,\(health)\
            "kill_switch":\(isKilled),"queues":[\(queues.joined(separator: ","))],"taps":[\(taps.joined(separator: ","))],\
            "lists":[\(lists.joined(separator: ","))],"refused_lists":[\(refused.joined(separator: ","))],\
            "totals":{"packets":{"accept":\(packets),"drop":0},"names":{"dns":\(names),"tls":0,"quic":0,"http":0},"matches":1,\
            "undecided":{"malformed":\(undecided),"truncated":0},"anomalies":{"ech":0},\
            "responses":{"answer":{"sent":0,"failed":0}},"encrypted_dns_flows":{"dot":0,"doq":0,"doh":0}},\
            "reloads":{"succeeded":2,"failed":0,"last":null}}
            """
    }

    /// The document as the client reads it.
    func status() throws -> StatusDocument { try StatusDocument(json: Array(text.utf8)) }

    /// A queue's object; `buckets` are cumulative, up to 1 us, 10 us, 100 us and without a bound.
    static func queue(
        _ number: Int,
        accepted: UInt64 = 0,
        dropped: UInt64 = 0,
        waiting: UInt64 = 0,
        kernelDropped: UInt64 = 0,
        cpu: Double = 0,
        flows: UInt64 = 0,
        buckets: [UInt64] = [0, 0, 0, 0]
    ) -> String {
        let bounds = ["0.000001", "0.00001", "0.0001", "null"]
        let told = zip(bounds, buckets).map { #"{"le":\#($0),"count":\#($1)}"# }.joined(separator: ",")
        return """
            {"queue":\(number),"present":true,"waiting":\(waiting),"kernel_dropped":\(kernelDropped),"user_dropped":0,\
            "accepted":\(accepted),"dropped":\(dropped),"receive_overruns":0,"unseen":0,"unfinished_checksums":0,\
            "flows":\(flows),"flow_memory_bytes":4096,"verdict_mean_seconds":null,"verdict_buckets":[\(told)],\
            "cpu_seconds":\(cpu)}
            """
    }

    /// A tap's object.
    static func tap(_ number: Int, _ interface: String, packets: UInt64 = 0, reading: Bool = true) -> String {
        """
        {"queue":\(number),"interface":"\(interface)","reading":\(reading),"received":\(packets),"kernel_dropped":0,\
        "interface_dropped":0,"packets":\(packets),"flows":0,"flow_memory_bytes":0,"cpu_seconds":0}
        """
    }

    /// A list's object, with the matches of DNS under the action `drop`.
    static func list(
        _ id: String,
        matches: UInt64 = 0,
        entries: Int = 20_000,
        action: String = "drop",
        expiresAt: Double? = nil,
        expired: Bool = false,
        fallback: Bool = false
    ) -> String {
        """
        {"id":"\(id)","actions":["\(action)"],"entries":\(entries),"sequence":7,"activated_at":1763776800,\
        "expires_at":\(expiresAt.map { "\($0)" } ?? "null"),"expired":\(expired),"fallback":\(fallback),"matches":\(matches),\
        "events":\(matches * 3),"attempts":\(matches * 2),\
        "matches_by_action":{"\(action)":{"dns":\(matches),"tls":0,"quic":0,"http":0}},"exempted":{"allowed":0}}
        """
    }
}

extension Document {
    /// Figures of any size, for everything that has figures.
    static func random(_ random: inout SeededRandom) -> Document {
        func figure(_ random: inout SeededRandom) -> UInt64 {
            UInt64.random(in: 0...UInt64.max >> 1, using: &random) >> UInt64.random(in: 0...62, using: &random)
        }
        func word(_ random: inout SeededRandom) -> String {
            let letters = Array("abcdefghijklmnopqrstuvwxyz-0123456789å字\u{202E}\u{9B}")
            let length = Int.random(in: 1...40, using: &random)
            return String((0..<length).map { _ in letters.randomElement(using: &random) ?? "a" })
        }
        var document = Document()
        document.startedAt = Double(figure(&random) >> 20)
        document.uptime = Double(figure(&random) >> 20)
        document.queues = (0..<Int.random(in: 0...12, using: &random)).map { number in
            let buckets = (0..<4).map { _ in figure(&random) >> 1 }
            return queue(
                number,
                accepted: figure(&random),
                dropped: figure(&random),
                waiting: figure(&random),
                kernelDropped: figure(&random),
                cpu: Double(figure(&random)),
                flows: figure(&random),
                buckets: buckets
            )
        }
        document.taps = (0..<Int.random(in: 0...3, using: &random)).map { number in
            tap(100 + number, word(&random), packets: figure(&random), reading: Bool.random(using: &random))
        }
        document.lists = (0..<Int.random(in: 0...9, using: &random)).map { _ in
            list(
                word(&random),
                matches: figure(&random),
                entries: Int(figure(&random)),
                action: ["drop", "observe", "nxdomain"].randomElement(using: &random) ?? "drop",
                expiresAt: Bool.random(using: &random) ? Double(figure(&random)) : nil,
                expired: Bool.random(using: &random),
                fallback: Bool.random(using: &random)
            )
        }
        document.refused = (0..<Int.random(in: 0...1, using: &random)).map { _ in
            #"{"id":"\#(word(&random))","updates_refused":\#(figure(&random)),"refusals":{}}"#
        }
        document.packets = figure(&random)
        document.names = figure(&random)
        document.undecided = figure(&random)
        document.isKilled = Int.random(in: 0...5, using: &random) == 0
        document.findings =
            Bool.random(using: &random)
            ? (0..<Int.random(in: 0...4, using: &random)).map { _ in
                (word(&random), word(&random) + " " + word(&random))
            }
            : nil
        return document
    }
}
