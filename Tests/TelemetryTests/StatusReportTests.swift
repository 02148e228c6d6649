import Foundation
import Telemetry
import Testing

@Suite("Status report")
struct StatusReportTests {
    /// The members of an object of counts that are zero but for these.
    private func members(_ labels: [String], not zero: [String: Int]) -> String {
        labels.map { "\"\($0)\":\(zero[$0] ?? 0)" }.joined(separator: ",")
    }

    private static let responses = CountedResponse.allCases.map { kind in
        let results = ResponseResult.allCases.map { result in
            let count = kind == .answer && result == .sent ? 2 : kind == .reset && result == .limited ? 1 : 0
            return "\"\(result.label)\":\(count)"
        }
        return "\"\(kind.label)\":{\(results.joined(separator: ","))}"
    }.joined(separator: ",")

    @Test func `the whole report`() {
        let expected = """
            {"version":"1.2.3","started_at":1763776800,"uptime_seconds":100.5,"snapshot_generation":4,\
            "kill_switch":true,"passes":2,\
            "health":{"ok":false,"findings":[\(Self.findings)]},\
            "failures":{"overload":"accept","absence":"accept","malformed":"drop","over_budget":"accept"},\
            "fail_open_seconds":3,"attempt_window_seconds":2.5,\
            "restart_needed":["sensor.queues","log.level"],\
            "takeover":{"at":1763776802.5,"queues":2,"waited":31,"queued_again":5,"passed":1},"queues":[\
            {"queue":0,"present":true,"waiting":2,"kernel_dropped":6,"user_dropped":7,"accepted":5,"dropped":0,\
            "receive_overruns":0,"unseen":0,"unfinished_checksums":1,"flows":12,"flow_memory_bytes":2048,\
            "verdict_mean_seconds":0.00002854,\(Self.buckets([3, 0, 0, 0, 0, 0, 0, 2])),"cpu_seconds":1.5,"realtime":true,\
            "fail_open":true,"gso":false,"receive_buffer_wanted_bytes":16777216,\
            "receive_buffer_bytes":8388608,"copy_range_bytes":65535,"max_length":4096},\
            {"queue":1,"present":false,"waiting":null,"kernel_dropped":null,"user_dropped":null,"accepted":0,\
            "dropped":1,"receive_overruns":1,"unseen":3,"unfinished_checksums":0,"flows":0,"flow_memory_bytes":0,\
            "verdict_mean_seconds":5,\(Self.buckets([Int](repeating: 0, count: 21) + [1])),"cpu_seconds":null,"realtime":null,\
            "fail_open":null,"gso":null,"receive_buffer_wanted_bytes":null,\
            "receive_buffer_bytes":null,"copy_range_bytes":null,"max_length":null}],"taps":[\
            {"queue":7,"interface":"mirror0","reading":true,"received":90,"kernel_dropped":4,"interface_dropped":5,\
            "packets":0,"flows":0,"flow_memory_bytes":0,"cpu_seconds":0.00000025}],"lists":[\
            {"id":"police","actions":["drop"],"entries":1000,"sequence":42,"activated_at":1763776801.125,\
            "issued_at":1763700000,"expires_at":1763776900.5,"expired":true,"fallback":true,\
            "publisher":"National police","purpose":"csam","legal_basis":"order 12/2025","protocols":["dns","tls"],\
            "match":"subdomains","precedence":10,"rejected_lines":3,"not_enforceable_lines":4,\
            "left_out_by_cause":{"not_a_name":3,"path_not_enforceable":4},"exceptions":5,\
            "test_names":1,"matches":1,"matches_by_action":{"drop":{"dns":0,"tls":1,"quic":0,"http":0}},"test_matches":2,\
            "events":2,"attempts":1,"events_by_action":{"drop":{"dns_udp":{"events":1,"attempts":1},"dns_tcp":{"events":0,"attempts":0},\
            "tls_sni":{"events":1,"attempts":0},"quic_v1":{"events":0,"attempts":0},\
            "quic_v2":{"events":0,"attempts":0},"http_host":{"events":0,"attempts":0}}},\
            "test_events":{"dns_udp":0,"dns_tcp":1,"tls_sni":0,"quic_v1":0,"quic_v2":0,"http_host":0},"exempted":{"allowed":0,"passed":1,"protected":1},\
            "updates_refused":2,"refusals":{"growth":2,"protected-name":1}},\
            {"id":"local","actions":["observe"],"entries":2,"sequence":null,"activated_at":1763776801,\
            "issued_at":null,"expires_at":null,"expired":null,"fallback":false,\
            "publisher":null,"purpose":null,"legal_basis":null,"protocols":[],\
            "match":null,"precedence":null,"rejected_lines":0,"not_enforceable_lines":0,"left_out_by_cause":{},"exceptions":0,\
            "test_names":0,"matches":0,"matches_by_action":{},"test_matches":0,\
            "events":0,"attempts":0,"events_by_action":{},\
            "test_events":{"dns_udp":0,"dns_tcp":0,"tls_sni":0,"quic_v1":0,"quic_v2":0,"http_host":0},"exempted":{"allowed":0,"passed":0,"protected":0},\
            "updates_refused":0,"refusals":{}}],\
            "refused_lists":[{"id":"interpol","updates_refused":1,"refusals":{"signature":1}}],\
            "totals":{"packets":{"accept":5,"drop":1},"names":{"dns":3,"tls":1,"quic":0,"http":0},"matches":1,\
            "test_matches":2,"events":2,"attempts":1,"attempts_displaced":1,"exempted":{"allowed":0,"passed":1,"protected":1},\
            "undecided":{\(members(UndecidedCause.allCases.map(\.label), not: ["over-budget": 1]))},\
            "anomalies":{\(members(Anomaly.allCases.map(\.label), not: ["record-split": 1, "ech": 1]))},\
            "responses":{\(Self.responses)},"response_bytes":130,\
            "encrypted_dns_flows":{"dot":0,"doq":0,"doh":2}},\
            "reloads":{"succeeded":3,"failed":1,"last":{"at":1763776850.25,"succeeded":false}},\
            "rollbacks":{"succeeded":1,"failed":0,"last":{"at":1763776860,"succeeded":true}}}
            """
        #expect(StatusReport.render(smallReading()) == expected)
    }

    /// What is wrong with ``smallReading(version:listID:)``.
    private static let findings = [
        HealthFinding.killSwitch, .queueMissing, .failOpen, .listExpired, .listFallback, .updateRefused,
    ].map { #"{"id":"\#($0.id)","text":"\#($0.text)"}"# }.joined(separator: ",")

    /// The member of verdict times, from the counts of each bucket.
    private static func buckets(_ counts: [Int]) -> String {
        let bounds = [
            "0.000001", "0.000002", "0.000004", "0.000008", "0.000016", "0.000032", "0.000064", "0.000128", "0.000256",
            "0.000512", "0.001024", "0.002048", "0.004096", "0.008192", "0.016384", "0.032768", "0.065536", "0.131072",
            "0.262144", "0.524288", "1.048576", "null",
        ]
        var sum = 0
        let members = bounds.enumerated().map { index, bound in
            sum += index < counts.count ? counts[index] : 0
            return #"{"le":\#(bound),"count":\#(sum)}"#
        }
        return #""verdict_buckets":["# + members.joined(separator: ",") + "]"
    }

    @Test func `text is escaped so that any reader gets it back`() throws {
        let odd = "a\"b\\c\nd\te\u{1}\u{1f}\u{7f}å\u{1F600}/"
        let text = StatusReport.render(smallReading(version: odd))
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        #expect(object?["version"] as? String == odd)
    }

    @Test(
        arguments: [
            (0, "0"), (-1, "0"), (.nan, "0"), (1.5, "1.5"), (0.000001, "0.000001"), (0.0000001, "0"),
            (1_763_776_800, "1763776800"), (1.9999999, "2"), (.infinity, "10000000000000"),
        ] as [(Double, String)]
    )
    func `seconds are written as plain decimals`(seconds: Double, expected: String) {
        var json = JSONWriter()
        json.write(nil, seconds: seconds)
        #expect(json.text == expected)
    }

    @Test(
        arguments: [(0, "0"), (1, "0.000000001"), (1000, "0.000001"), (1_500_000_000, "1.5")] as [(UInt64, String)]
    )
    func `nanoseconds are written as plain decimals`(nanoseconds: UInt64, expected: String) {
        var json = JSONWriter()
        json.write(nil, nanoseconds: nanoseconds)
        #expect(json.text == expected)
    }
}
