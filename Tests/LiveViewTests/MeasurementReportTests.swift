import LiveView
import Testing

@Suite("Measurement report")
struct MeasurementReportTests {
    @Test func `the whole object`() throws {
        let old = Document(
            queues: [Document.queue(0)],
            taps: [Document.tap(7, "mirror0")],
            lists: [Document.list("police")]
        )
        let new = Document(
            queues: [
                Document.queue(
                    0,
                    accepted: 90,
                    dropped: 10,
                    waiting: 3,
                    cpu: 0.5,
                    flows: 7,
                    buckets: [0, 100, 100, 100]
                )
            ],
            taps: [Document.tap(7, "mirror0", packets: 5, reading: false)],
            lists: [Document.list("police", matches: 10, expiresAt: 1_763_900_000)],
            packets: 100,
            names: 60,
            undecided: 2,
            findings: [("kernel-drops", "words for people")]
        )
        let measurement = Measurement(
            Reading(try new.status(), seconds: 12),
            since: Reading(try old.status(), seconds: 10)
        )
        let times = #""verdict_seconds":{"p50":0.000006,"p99":0.00001,"p99.9":0.00001}"#
        let expected = """
            {"version":"1.2.3","taken_at":1763866860,"interval_seconds":2,"restarted":false,"blocking":true,\
            "healthy":false,"findings":["kernel-drops"],"packets_per_second":{"accept":50,"drop":0},\
            "names_per_second":{"dns":30,"tls":0,"quic":0,"http":0},"blocked_per_second":{"dns":5,"tls":0,"quic":0,"http":0},\
            "observed_per_second":{},"lost_per_second":{"kernel":0,"user":0,"unseen":0,"interface":0},\
            "undecided_per_second":{"malformed":1,"truncated":0},"anomalies_per_second":{"ech":0},\
            "encrypted_dns_flows_per_second":{"dot":0,"doq":0,"doh":0},"responses_sent_per_second":{"answer":0},\
            "responses_not_sent_per_second":{"failed":0},\(times),"queues":[\
            {"queue":0,"present":true,"packets_per_second":50,"dropped_per_second":5,"waiting":3,\
            "kernel_lost_per_second":0,"user_lost_per_second":0,"unseen_per_second":0,"overruns_per_second":0,\
            "load":0.25,"flows":7,"flow_memory_bytes":4096,\(times)}],"taps":[\
            {"interface":"mirror0","reading":false,"packets_per_second":2.5,"received_per_second":2.5,\
            "kernel_lost_per_second":0,"interface_lost_per_second":0,"load":0,"flows":0}],"lists":[\
            {"id":"police","entries":20000,"sequence":7,"activated_at":1763776800,"issued_at":null,\
            "expires_at":1763900000,"expired":false,"fallback":false,"matches_per_second":5,"attempts_per_second":10,\
            "blocked_per_second":{"dns":5,"tls":0,"quic":0,"http":0},"observed_per_second":{},\
            "left_alone_per_second":0}]}
            """
        #expect(MeasurementReport.render(measurement) == expected)
    }

    @Test func `what is not known is null`() throws {
        let text = MeasurementReport.render(
            Measurement(Reading(try Document(findings: nil).status(), seconds: 1), since: nil)
        )
        for member in [
            #""interval_seconds":null"#, #""healthy":null"#, #""dns":null"#, #""verdict_seconds":null"#,
            #""load":null"#,
        ] {
            #expect(text.contains(member), "\(member)")
        }
    }
}
