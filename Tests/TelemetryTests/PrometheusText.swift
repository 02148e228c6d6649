import Telemetry

/// The samples of ``smallReading(version:listID:)`` for a label of which all values but these are at zero.
private func samples(_ name: String, _ label: String, _ values: [String], not zero: [String: Int]) -> String {
    values.map { "\(name){\(label)=\"\($0)\"} \(zero[$0] ?? 0)" }.joined(separator: "\n")
}

/// The Prometheus text of ``smallReading(version:listID:)``, written out.
let prometheusText = """
    # HELP grindvakt_packets_total Packets judged, by the verdict the kernel was given; a tap accepts all.
    # TYPE grindvakt_packets_total counter
    grindvakt_packets_total{queue="0",verdict="accept"} 5
    grindvakt_packets_total{queue="0",verdict="drop"} 0
    grindvakt_packets_total{queue="1",verdict="accept"} 0
    grindvakt_packets_total{queue="1",verdict="drop"} 1
    # HELP grindvakt_names_total Names read, listed or not, by the protocol they were read from.
    # TYPE grindvakt_names_total counter
    grindvakt_names_total{protocol="dns"} 3
    grindvakt_names_total{protocol="tls"} 1
    grindvakt_names_total{protocol="quic"} 0
    grindvakt_names_total{protocol="http"} 0
    # HELP grindvakt_matches_total Names that a list matched, by list, protocol and the list's action.
    # TYPE grindvakt_matches_total counter
    grindvakt_matches_total{list="police",protocol="dns",action="drop"} 0
    grindvakt_matches_total{list="police",protocol="tls",action="drop"} 1
    grindvakt_matches_total{list="police",protocol="quic",action="drop"} 0
    grindvakt_matches_total{list="police",protocol="http",action="drop"} 0
    # HELP grindvakt_test_matches_total Test names that a list matched, which are no part of its matches.
    # TYPE grindvakt_test_matches_total counter
    grindvakt_test_matches_total{list="police",protocol="dns",action="drop"} 2
    grindvakt_test_matches_total{list="police",protocol="tls",action="drop"} 0
    grindvakt_test_matches_total{list="police",protocol="quic",action="drop"} 0
    grindvakt_test_matches_total{list="police",protocol="http",action="drop"} 0
    # HELP grindvakt_exempted_matches_total Names that a list holds and that were left alone all the same, by list and reason.
    # TYPE grindvakt_exempted_matches_total counter
    grindvakt_exempted_matches_total{list="police",reason="allowed"} 0
    grindvakt_exempted_matches_total{list="police",reason="passed"} 1
    grindvakt_exempted_matches_total{list="police",reason="protected"} 1
    # HELP grindvakt_events_total Packets in which a list matched a name, by list, mechanism and the list's action.
    # TYPE grindvakt_events_total counter
    grindvakt_events_total{list="police",mechanism="dns_udp",action="drop"} 1
    grindvakt_events_total{list="police",mechanism="dns_tcp",action="drop"} 0
    grindvakt_events_total{list="police",mechanism="tls_sni",action="drop"} 1
    grindvakt_events_total{list="police",mechanism="quic_v1",action="drop"} 0
    grindvakt_events_total{list="police",mechanism="quic_v2",action="drop"} 0
    grindvakt_events_total{list="police",mechanism="http_host",action="drop"} 0
    # HELP grindvakt_attempts_total Attempts: the events of one entry of a list within the window are one, counted where the first one was.
    # TYPE grindvakt_attempts_total counter
    grindvakt_attempts_total{list="police",mechanism="dns_udp",action="drop"} 1
    grindvakt_attempts_total{list="police",mechanism="dns_tcp",action="drop"} 0
    grindvakt_attempts_total{list="police",mechanism="tls_sni",action="drop"} 0
    grindvakt_attempts_total{list="police",mechanism="quic_v1",action="drop"} 0
    grindvakt_attempts_total{list="police",mechanism="quic_v2",action="drop"} 0
    grindvakt_attempts_total{list="police",mechanism="http_host",action="drop"} 0
    # HELP grindvakt_any_events_total Packets in which any list matched a name, each once, by mechanism and the action carried out.
    # TYPE grindvakt_any_events_total counter
    grindvakt_any_events_total{mechanism="dns_udp",action="drop"} 1
    grindvakt_any_events_total{mechanism="dns_tcp",action="drop"} 0
    grindvakt_any_events_total{mechanism="tls_sni",action="drop"} 1
    grindvakt_any_events_total{mechanism="quic_v1",action="drop"} 0
    grindvakt_any_events_total{mechanism="quic_v2",action="drop"} 0
    grindvakt_any_events_total{mechanism="http_host",action="drop"} 0
    # HELP grindvakt_any_attempts_total Attempts on any list; a name on two lists is one, so this is no sum over lists.
    # TYPE grindvakt_any_attempts_total counter
    grindvakt_any_attempts_total{mechanism="dns_udp",action="drop"} 1
    grindvakt_any_attempts_total{mechanism="dns_tcp",action="drop"} 0
    grindvakt_any_attempts_total{mechanism="tls_sni",action="drop"} 0
    grindvakt_any_attempts_total{mechanism="quic_v1",action="drop"} 0
    grindvakt_any_attempts_total{mechanism="quic_v2",action="drop"} 0
    grindvakt_any_attempts_total{mechanism="http_host",action="drop"} 0
    # HELP grindvakt_test_events_total Packets with a test name of the list, which are no part of its events and attempts.
    # TYPE grindvakt_test_events_total counter
    grindvakt_test_events_total{list="police",mechanism="dns_udp"} 0
    grindvakt_test_events_total{list="police",mechanism="dns_tcp"} 1
    grindvakt_test_events_total{list="police",mechanism="tls_sni"} 0
    grindvakt_test_events_total{list="police",mechanism="quic_v1"} 0
    grindvakt_test_events_total{list="police",mechanism="quic_v2"} 0
    grindvakt_test_events_total{list="police",mechanism="http_host"} 0
    # HELP grindvakt_attempt_window_seconds How long an attempt takes in the events of its entry.
    # TYPE grindvakt_attempt_window_seconds gauge
    grindvakt_attempt_window_seconds 2.5
    # HELP grindvakt_attempt_table_displaced_total Attempts forgotten within their window because there was no room for another one.
    # TYPE grindvakt_attempt_table_displaced_total counter
    grindvakt_attempt_table_displaced_total 1
    # HELP grindvakt_undecided_total Packets and messages that could not be judged, by cause; accepted unless configured otherwise.
    # TYPE grindvakt_undecided_total counter
    \(samples("grindvakt_undecided_total", "cause", UndecidedCause.allCases.map(\.label), not: ["over-budget": 1]))
    # HELP grindvakt_anomalies_total Packets that showed an odd form in which names are hidden or carried, by kind.
    # TYPE grindvakt_anomalies_total counter
    \(samples("grindvakt_anomalies_total", "kind", Anomaly.allCases.map(\.label), not: ["record-split": 1, "ech": 1]))
    # HELP grindvakt_encrypted_dns_flows_total Flows of encrypted DNS seen, by kind; none is blocked for being one.
    # TYPE grindvakt_encrypted_dns_flows_total counter
    grindvakt_encrypted_dns_flows_total{kind="dot"} 0
    grindvakt_encrypted_dns_flows_total{kind="doq"} 0
    grindvakt_encrypted_dns_flows_total{kind="doh"} 2
    # HELP grindvakt_responses_total Packets to be sent in place of dropped ones, by kind and by what became of them.
    # TYPE grindvakt_responses_total counter
    grindvakt_responses_total{kind="answer",result="sent"} 2
    grindvakt_responses_total{kind="answer",result="failed"} 0
    grindvakt_responses_total{kind="answer",result="limited"} 0
    grindvakt_responses_total{kind="answer",result="unanswerable"} 0
    grindvakt_responses_total{kind="rewrite",result="sent"} 0
    grindvakt_responses_total{kind="rewrite",result="failed"} 0
    grindvakt_responses_total{kind="rewrite",result="limited"} 0
    grindvakt_responses_total{kind="rewrite",result="unanswerable"} 0
    grindvakt_responses_total{kind="reset",result="sent"} 0
    grindvakt_responses_total{kind="reset",result="failed"} 0
    grindvakt_responses_total{kind="reset",result="limited"} 1
    grindvakt_responses_total{kind="reset",result="unanswerable"} 0
    grindvakt_responses_total{kind="page",result="sent"} 0
    grindvakt_responses_total{kind="page",result="failed"} 0
    grindvakt_responses_total{kind="page",result="limited"} 0
    grindvakt_responses_total{kind="page",result="unanswerable"} 0
    grindvakt_responses_total{kind="unreachable",result="sent"} 0
    grindvakt_responses_total{kind="unreachable",result="failed"} 0
    grindvakt_responses_total{kind="unreachable",result="limited"} 0
    grindvakt_responses_total{kind="unreachable",result="unanswerable"} 0
    # HELP grindvakt_response_bytes_total Bytes of packets that were sent in place of dropped ones.
    # TYPE grindvakt_response_bytes_total counter
    grindvakt_response_bytes_total 130
    # HELP grindvakt_verdict_seconds Time from a packet's receipt to its verdict.
    # TYPE grindvakt_verdict_seconds histogram
    grindvakt_verdict_seconds_bucket{queue="0",le="0.000001"} 3
    grindvakt_verdict_seconds_bucket{queue="0",le="0.000002"} 3
    grindvakt_verdict_seconds_bucket{queue="0",le="0.000004"} 3
    grindvakt_verdict_seconds_bucket{queue="0",le="0.000008"} 3
    grindvakt_verdict_seconds_bucket{queue="0",le="0.000016"} 3
    grindvakt_verdict_seconds_bucket{queue="0",le="0.000032"} 3
    grindvakt_verdict_seconds_bucket{queue="0",le="0.000064"} 3
    grindvakt_verdict_seconds_bucket{queue="0",le="0.000128"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.000256"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.000512"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.001024"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.002048"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.004096"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.008192"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.016384"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.032768"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.065536"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.131072"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.262144"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="0.524288"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="1.048576"} 5
    grindvakt_verdict_seconds_bucket{queue="0",le="+Inf"} 5
    grindvakt_verdict_seconds_sum{queue="0"} 0.0001427
    grindvakt_verdict_seconds_count{queue="0"} 5
    grindvakt_verdict_seconds_bucket{queue="1",le="0.000001"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.000002"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.000004"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.000008"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.000016"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.000032"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.000064"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.000128"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.000256"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.000512"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.001024"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.002048"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.004096"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.008192"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.016384"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.032768"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.065536"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.131072"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.262144"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="0.524288"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="1.048576"} 0
    grindvakt_verdict_seconds_bucket{queue="1",le="+Inf"} 1
    grindvakt_verdict_seconds_sum{queue="1"} 5
    grindvakt_verdict_seconds_count{queue="1"} 1
    # HELP grindvakt_worker_cpu_seconds_total User and system CPU time that a worker's thread has spent.
    # TYPE grindvakt_worker_cpu_seconds_total counter
    grindvakt_worker_cpu_seconds_total{queue="0"} 1.5
    grindvakt_worker_cpu_seconds_total{queue="7"} 0.00000025
    # HELP grindvakt_worker_realtime 1 while the worker goes before other threads of its processor: it may, and it has little to do.
    # TYPE grindvakt_worker_realtime gauge
    grindvakt_worker_realtime{queue="0"} 1
    # HELP grindvakt_queue_present Whether the kernel's table has the queue; packets of one that is missing are not inspected.
    # TYPE grindvakt_queue_present gauge
    grindvakt_queue_present{queue="0"} 1
    grindvakt_queue_present{queue="1"} 0
    # HELP grindvakt_queue_length Packets waiting in the kernel's queue.
    # TYPE grindvakt_queue_length gauge
    grindvakt_queue_length{queue="0"} 2
    # HELP grindvakt_queue_maximum_length Packets that may wait in the kernel's queue.
    # TYPE grindvakt_queue_maximum_length gauge
    grindvakt_queue_maximum_length{queue="0"} 4096
    # HELP grindvakt_queue_copy_range_bytes Bytes of each packet that the kernel copies to the sensor, by its own table.
    # TYPE grindvakt_queue_copy_range_bytes gauge
    grindvakt_queue_copy_range_bytes{queue="0"} 65531
    # HELP grindvakt_queue_fail_open Whether the kernel lets packets pass for which the queue has no room.
    # TYPE grindvakt_queue_fail_open gauge
    grindvakt_queue_fail_open{queue="0"} 1
    # HELP grindvakt_queue_gso Whether the kernel hands over merged packets before it cuts them into segments.
    # TYPE grindvakt_queue_gso gauge
    grindvakt_queue_gso{queue="0"} 0
    # HELP grindvakt_queue_kernel_dropped_total Packets the kernel dropped because the queue was full.
    # TYPE grindvakt_queue_kernel_dropped_total counter
    grindvakt_queue_kernel_dropped_total{queue="0"} 6
    # HELP grindvakt_queue_user_dropped_total Packets the kernel dropped because the socket's buffer was full.
    # TYPE grindvakt_queue_user_dropped_total counter
    grindvakt_queue_user_dropped_total{queue="0"} 7
    # HELP grindvakt_receive_overruns_total Receives refused because the socket's buffer had overrun (ENOBUFS).
    # TYPE grindvakt_receive_overruns_total counter
    grindvakt_receive_overruns_total{queue="0"} 0
    grindvakt_receive_overruns_total{queue="1"} 1
    # HELP grindvakt_queue_unseen_total Packets that never reached the worker, known by gaps in their numbers; with fail-open they passed.
    # TYPE grindvakt_queue_unseen_total counter
    grindvakt_queue_unseen_total{queue="0"} 0
    grindvakt_queue_unseen_total{queue="1"} 3
    # HELP grindvakt_receive_buffer_bytes Size of the socket's receive buffer as granted.
    # TYPE grindvakt_receive_buffer_bytes gauge
    grindvakt_receive_buffer_bytes{queue="0"} 8388608
    grindvakt_receive_buffer_bytes{queue="1"} 0
    # HELP grindvakt_receive_buffer_wanted_bytes Size of the socket's receive buffer as it was asked for.
    # TYPE grindvakt_receive_buffer_wanted_bytes gauge
    grindvakt_receive_buffer_wanted_bytes{queue="0"} 16777216
    # HELP grindvakt_fail_open_seconds_total Seconds in which packets passed unseen because there was no room for them; to the whole second.
    # TYPE grindvakt_fail_open_seconds_total counter
    grindvakt_fail_open_seconds_total 3
    # HELP grindvakt_unfinished_checksums_total Packets whose checksum was left for the network card to finish.
    # TYPE grindvakt_unfinished_checksums_total counter
    grindvakt_unfinished_checksums_total{queue="0"} 1
    grindvakt_unfinished_checksums_total{queue="1"} 0
    # HELP grindvakt_flows Flows remembered at present.
    # TYPE grindvakt_flows gauge
    grindvakt_flows{queue="0"} 12
    grindvakt_flows{queue="1"} 0
    # HELP grindvakt_flow_capacity Flows that there is room for.
    # TYPE grindvakt_flow_capacity gauge
    grindvakt_flow_capacity{queue="0"} 65536
    grindvakt_flow_capacity{queue="1"} 0
    # HELP grindvakt_flow_evictions_total Flows forgotten before their time because there was no room for another one.
    # TYPE grindvakt_flow_evictions_total counter
    grindvakt_flow_evictions_total{queue="0"} 9
    grindvakt_flow_evictions_total{queue="1"} 0
    # HELP grindvakt_flow_memory_bytes Bytes of unfinished messages held for flows at present.
    # TYPE grindvakt_flow_memory_bytes gauge
    grindvakt_flow_memory_bytes{queue="0"} 2048
    grindvakt_flow_memory_bytes{queue="1"} 0
    # HELP grindvakt_flow_memory_limit_bytes Bytes of unfinished messages that there is room for.
    # TYPE grindvakt_flow_memory_limit_bytes gauge
    grindvakt_flow_memory_limit_bytes{queue="0"} 33554432
    grindvakt_flow_memory_limit_bytes{queue="1"} 0
    # HELP grindvakt_fragment_memory_bytes Bytes of fragments of unfinished packets held at present.
    # TYPE grindvakt_fragment_memory_bytes gauge
    grindvakt_fragment_memory_bytes{queue="0"} 512
    grindvakt_fragment_memory_bytes{queue="1"} 0
    # HELP grindvakt_fragment_memory_limit_bytes Bytes of fragments of unfinished packets that there is room for.
    # TYPE grindvakt_fragment_memory_limit_bytes gauge
    grindvakt_fragment_memory_limit_bytes{queue="0"} 4194304
    grindvakt_fragment_memory_limit_bytes{queue="1"} 0
    # HELP grindvakt_tap_packets_received_total Frames of a tapped interface that passed the filter, dropped ones among them.
    # TYPE grindvakt_tap_packets_received_total counter
    grindvakt_tap_packets_received_total{queue="7",interface="mirror0"} 90
    # HELP grindvakt_tap_packets_dropped_total Frames of a tapped interface that were lost, by who dropped them.
    # TYPE grindvakt_tap_packets_dropped_total counter
    grindvakt_tap_packets_dropped_total{queue="7",interface="mirror0",by="kernel"} 4
    grindvakt_tap_packets_dropped_total{queue="7",interface="mirror0",by="interface"} 5
    # HELP grindvakt_tap_reading Whether a tapped interface is open and up.
    # TYPE grindvakt_tap_reading gauge
    grindvakt_tap_reading{queue="7",interface="mirror0"} 1
    # HELP grindvakt_list_entries Entries in the active list.
    # TYPE grindvakt_list_entries gauge
    grindvakt_list_entries{list="police"} 1000
    grindvakt_list_entries{list="local"} 2
    # HELP grindvakt_list_sequence Sequence number of the active list, as its publisher numbered it.
    # TYPE grindvakt_list_sequence gauge
    grindvakt_list_sequence{list="police"} 42
    # HELP grindvakt_list_activated_timestamp_seconds When the active list became active, as Unix time.
    # TYPE grindvakt_list_activated_timestamp_seconds gauge
    grindvakt_list_activated_timestamp_seconds{list="police"} 1763776801.125
    grindvakt_list_activated_timestamp_seconds{list="local"} 1763776801
    # HELP grindvakt_list_issued_timestamp_seconds When the publisher issued the active list, as Unix time.
    # TYPE grindvakt_list_issued_timestamp_seconds gauge
    grindvakt_list_issued_timestamp_seconds{list="police"} 1763700000
    # HELP grindvakt_list_received_timestamp_seconds When the active list's file came to its place on this host, as Unix time; none where another file lies there by now.
    # TYPE grindvakt_list_received_timestamp_seconds gauge
    grindvakt_list_received_timestamp_seconds{list="police"} 1763776795
    # HELP grindvakt_list_age_seconds Time since the active list was issued, or where that is not known since it became active.
    # TYPE grindvakt_list_age_seconds gauge
    grindvakt_list_age_seconds{list="police"} 76900.5
    grindvakt_list_age_seconds{list="local"} 99.5
    # HELP grindvakt_list_expires_timestamp_seconds When the active list expires, as Unix time.
    # TYPE grindvakt_list_expires_timestamp_seconds gauge
    grindvakt_list_expires_timestamp_seconds{list="police"} 1763776900.5
    # HELP grindvakt_list_expired Whether the active list has expired; it goes on blocking.
    # TYPE grindvakt_list_expired gauge
    grindvakt_list_expired{list="police"} 1
    # HELP grindvakt_list_fallback Whether the last good edition stands in because the configured source is missing, bad or refused.
    # TYPE grindvakt_list_fallback gauge
    grindvakt_list_fallback{list="police"} 1
    grindvakt_list_fallback{list="local"} 0
    # HELP grindvakt_list_rejected_lines Lines of the list's source that are no entry and were left out.
    # TYPE grindvakt_list_rejected_lines gauge
    grindvakt_list_rejected_lines{list="police"} 3
    grindvakt_list_rejected_lines{list="local"} 0
    # HELP grindvakt_list_not_enforceable_lines Lines of the list's source that say more than a name can, and were left out.
    # TYPE grindvakt_list_not_enforceable_lines gauge
    grindvakt_list_not_enforceable_lines{list="police"} 4
    grindvakt_list_not_enforceable_lines{list="local"} 0
    # HELP grindvakt_list_exceptions Exceptions in the active list: names it leaves alone itself.
    # TYPE grindvakt_list_exceptions gauge
    grindvakt_list_exceptions{list="police"} 5
    grindvakt_list_exceptions{list="local"} 0
    # HELP grindvakt_list_test_names Test names in the active list.
    # TYPE grindvakt_list_test_names gauge
    grindvakt_list_test_names{list="police"} 1
    grindvakt_list_test_names{list="local"} 0
    # HELP grindvakt_list_updates_refused_total Updates of the list that were refused, each once.
    # TYPE grindvakt_list_updates_refused_total counter
    grindvakt_list_updates_refused_total{list="police"} 2
    grindvakt_list_updates_refused_total{list="local"} 0
    grindvakt_list_updates_refused_total{list="interpol"} 1
    # HELP grindvakt_list_refusals_total Refused updates of the list by cause, of which one may have several.
    # TYPE grindvakt_list_refusals_total counter
    grindvakt_list_refusals_total{list="police",cause="growth"} 2
    grindvakt_list_refusals_total{list="police",cause="protected-name"} 1
    grindvakt_list_refusals_total{list="interpol",cause="signature"} 1
    # HELP grindvakt_snapshot_generation Number of the active snapshot; it rises at each change.
    # TYPE grindvakt_snapshot_generation gauge
    grindvakt_snapshot_generation 4
    # HELP grindvakt_reloads_total Reloads of the lists, by result.
    # TYPE grindvakt_reloads_total counter
    grindvakt_reloads_total{result="ok"} 3
    grindvakt_reloads_total{result="failed"} 1
    # HELP grindvakt_rollbacks_total Returns to the snapshot before the active one, by result.
    # TYPE grindvakt_rollbacks_total counter
    grindvakt_rollbacks_total{result="ok"} 1
    grindvakt_rollbacks_total{result="failed"} 0
    # HELP grindvakt_kill_switch Whether blocking is switched off as a whole; names are counted all the same.
    # TYPE grindvakt_kill_switch gauge
    grindvakt_kill_switch 1
    # HELP grindvakt_passes Names that the operator lets pass at present.
    # TYPE grindvakt_passes gauge
    grindvakt_passes 2
    # HELP grindvakt_taken_over_queues Queues that another process left to this one at its start; zero where all were bound anew.
    # TYPE grindvakt_taken_over_queues gauge
    grindvakt_taken_over_queues 2
    # HELP grindvakt_taken_over_packets Packets in these queues then: all that waited, and those that had been read and not judged, which were queued again or passed.
    # TYPE grindvakt_taken_over_packets gauge
    grindvakt_taken_over_packets{fate="waited"} 31
    grindvakt_taken_over_packets{fate="queued-again"} 5
    grindvakt_taken_over_packets{fate="passed"} 1
    # HELP grindvakt_statistics_writes_total Writes to the store of statistics, by result; what one misses the next one writes.
    # TYPE grindvakt_statistics_writes_total counter
    grindvakt_statistics_writes_total{result="ok"} 8
    grindvakt_statistics_writes_total{result="failed"} 2
    # HELP grindvakt_statistics_last_write_timestamp_seconds When statistics were last written to their store, as Unix time.
    # TYPE grindvakt_statistics_last_write_timestamp_seconds gauge
    grindvakt_statistics_last_write_timestamp_seconds 1763776890.25
    # HELP grindvakt_coverage_probes_total Test names of the list that probes asked for, counted when the sensor took note of it; what showed nothing is none.
    # TYPE grindvakt_coverage_probes_total counter
    grindvakt_coverage_probes_total{list="police",mechanism="dns_udp"} 2
    grindvakt_coverage_probes_total{list="police",mechanism="tls_sni"} 1
    # HELP grindvakt_coverage_blocked_total Those that were blocked.
    # TYPE grindvakt_coverage_blocked_total counter
    grindvakt_coverage_blocked_total{list="police",mechanism="dns_udp"} 1
    grindvakt_coverage_blocked_total{list="police",mechanism="tls_sni"} 1
    # HELP grindvakt_unblock_seconds Time until every worker let names pass: from the wish here, or from the issue of a list that has them no more.
    # TYPE grindvakt_unblock_seconds histogram
    grindvakt_unblock_seconds_bucket{cause="wish",le="0.05"} 1
    grindvakt_unblock_seconds_bucket{cause="wish",le="0.25"} 2
    grindvakt_unblock_seconds_bucket{cause="wish",le="1"} 2
    grindvakt_unblock_seconds_bucket{cause="wish",le="5"} 2
    grindvakt_unblock_seconds_bucket{cause="wish",le="15"} 2
    grindvakt_unblock_seconds_bucket{cause="wish",le="60"} 2
    grindvakt_unblock_seconds_bucket{cause="wish",le="300"} 2
    grindvakt_unblock_seconds_bucket{cause="wish",le="900"} 3
    grindvakt_unblock_seconds_bucket{cause="wish",le="3600"} 3
    grindvakt_unblock_seconds_bucket{cause="wish",le="14400"} 3
    grindvakt_unblock_seconds_bucket{cause="wish",le="43200"} 3
    grindvakt_unblock_seconds_bucket{cause="wish",le="86400"} 3
    grindvakt_unblock_seconds_bucket{cause="wish",le="172800"} 3
    grindvakt_unblock_seconds_bucket{cause="wish",le="604800"} 3
    grindvakt_unblock_seconds_bucket{cause="wish",le="+Inf"} 3
    grindvakt_unblock_seconds_sum{cause="wish"} 900.101
    grindvakt_unblock_seconds_count{cause="wish"} 3
    grindvakt_unblock_seconds_bucket{cause="removal",le="0.05"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="0.25"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="1"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="5"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="15"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="60"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="300"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="900"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="3600"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="14400"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="43200"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="86400"} 0
    grindvakt_unblock_seconds_bucket{cause="removal",le="172800"} 1
    grindvakt_unblock_seconds_bucket{cause="removal",le="604800"} 1
    grindvakt_unblock_seconds_bucket{cause="removal",le="+Inf"} 2
    grindvakt_unblock_seconds_sum{cause="removal"} 786400.5
    grindvakt_unblock_seconds_count{cause="removal"} 2
    # HELP grindvakt_health_finding Whether this is wrong with the sensor at present, by finding; see the status report.
    # TYPE grindvakt_health_finding gauge
    grindvakt_health_finding{finding="kill-switch"} 1
    grindvakt_health_finding{finding="queue-missing"} 1
    grindvakt_health_finding{finding="kernel-unreadable"} 0
    grindvakt_health_finding{finding="worker-stalled"} 0
    grindvakt_health_finding{finding="queue-drops"} 0
    grindvakt_health_finding{finding="fail-open"} 1
    grindvakt_health_finding{finding="tap-down"} 0
    grindvakt_health_finding{finding="tap-drops"} 0
    grindvakt_health_finding{finding="injection-failing"} 0
    grindvakt_health_finding{finding="list-expired"} 1
    grindvakt_health_finding{finding="list-expires-soon"} 0
    grindvakt_health_finding{finding="list-fallback"} 1
    grindvakt_health_finding{finding="update-refused"} 1
    grindvakt_health_finding{finding="statistics-failing"} 0
    # HELP grindvakt_build_info The running version.
    # TYPE grindvakt_build_info gauge
    grindvakt_build_info{version="1.2.3"} 1
    # HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
    # TYPE process_cpu_seconds_total counter
    process_cpu_seconds_total 1.25
    # HELP process_resident_memory_bytes Resident memory size in bytes.
    # TYPE process_resident_memory_bytes gauge
    process_resident_memory_bytes 10485760
    # HELP process_virtual_memory_bytes Virtual memory size in bytes.
    # TYPE process_virtual_memory_bytes gauge
    process_virtual_memory_bytes 104857600
    # HELP process_open_fds Number of open file descriptors.
    # TYPE process_open_fds gauge
    process_open_fds 17
    # HELP process_max_fds Maximum number of open file descriptors.
    # TYPE process_max_fds gauge
    process_max_fds 1024
    # HELP process_start_time_seconds Start time of the process since unix epoch in seconds.
    # TYPE process_start_time_seconds gauge
    process_start_time_seconds 1763776799.07

    """
