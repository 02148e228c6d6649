/// Every metric family of the exposition: the one place where a metric is named, typed and explained.
///
/// To add one, add a case here; the compiler then asks for its name, its type, its labels, its help and, in ``Exposition``,
/// its samples. `make metrics-page` writes it into the documentation.
package enum Metric: CaseIterable, Sendable {
    case packets
    case names
    case matches
    case testMatches
    case exemptedMatches
    case events
    case attempts
    case anyEvents
    case anyAttempts
    case testEvents
    case attemptWindow
    case displacedAttempts
    case undecided
    case anomalies
    case encryptedDNSFlows
    case responses
    case responseBytes
    case verdictSeconds
    case workerCPU
    case workerRealTime
    case queuePresent
    case queueLength
    case queueMaximumLength
    case queueCopyRange
    case queueFailOpen
    case queueGSO
    case queueKernelDropped
    case queueUserDropped
    case receiveOverruns
    case queueUnseen
    case receiveBufferBytes
    case receiveBufferWanted
    case failOpenSeconds
    case unfinishedChecksums
    case flows
    case flowCapacity
    case flowEvictions
    case flowMemoryBytes
    case flowMemoryLimit
    case fragmentMemory
    case fragmentMemoryLimit
    case tapReceived
    case tapDropped
    case tapReading
    case listEntries
    case listSequence
    case listActivated
    case listIssued
    case listReceived
    case listAge
    case listExpires
    case listExpired
    case listFallback
    case listRejectedLines
    case listNotEnforceableLines
    case listExceptions
    case listTestNames
    case listRefusedUpdates
    case listRefusals
    case snapshotGeneration
    case reloads
    case rollbacks
    case killSwitch
    case passes
    case takenOverQueues
    case takenOverPackets
    case statisticsWrites
    case statisticsLastWrite
    case coverageProbes
    case coverageBlocked
    case unblockSeconds
    case health
    case build
    case processCPU
    case processResidentMemory
    case processVirtualMemory
    case processOpenDescriptors
    case processMaximumDescriptors
    case processStartTime

    /// What a family's numbers mean, in the words of both text formats.
    package enum Kind: Sendable {
        /// Rises only; samples end in `_total`.
        case counter
        /// Rises and falls.
        case gauge
        /// Counts observations by size.
        case histogram
        /// Always 1, with its text in labels; samples end in `_info`.
        case info
    }

    /// The family's name, without the ending that its kind gives to the samples.
    package var name: String {
        switch self {
        case .packets: "grindvakt_packets"
        case .names: "grindvakt_names"
        case .matches: "grindvakt_matches"
        case .testMatches: "grindvakt_test_matches"
        case .exemptedMatches: "grindvakt_exempted_matches"
        case .events: "grindvakt_events"
        case .attempts: "grindvakt_attempts"
        case .anyEvents: "grindvakt_any_events"
        case .anyAttempts: "grindvakt_any_attempts"
        case .testEvents: "grindvakt_test_events"
        case .attemptWindow: "grindvakt_attempt_window_seconds"
        case .displacedAttempts: "grindvakt_attempt_table_displaced"
        case .undecided: "grindvakt_undecided"
        case .anomalies: "grindvakt_anomalies"
        case .encryptedDNSFlows: "grindvakt_encrypted_dns_flows"
        case .responses: "grindvakt_responses"
        case .responseBytes: "grindvakt_response_bytes"
        case .verdictSeconds: "grindvakt_verdict_seconds"
        case .workerCPU: "grindvakt_worker_cpu_seconds"
        case .workerRealTime: "grindvakt_worker_realtime"
        case .queuePresent: "grindvakt_queue_present"
        case .queueLength: "grindvakt_queue_length"
        case .queueMaximumLength: "grindvakt_queue_maximum_length"
        case .queueCopyRange: "grindvakt_queue_copy_range_bytes"
        case .queueFailOpen: "grindvakt_queue_fail_open"
        case .queueGSO: "grindvakt_queue_gso"
        case .queueKernelDropped: "grindvakt_queue_kernel_dropped"
        case .queueUserDropped: "grindvakt_queue_user_dropped"
        case .receiveOverruns: "grindvakt_receive_overruns"
        case .queueUnseen: "grindvakt_queue_unseen"
        case .receiveBufferBytes: "grindvakt_receive_buffer_bytes"
        case .receiveBufferWanted: "grindvakt_receive_buffer_wanted_bytes"
        case .failOpenSeconds: "grindvakt_fail_open_seconds"
        case .unfinishedChecksums: "grindvakt_unfinished_checksums"
        case .flows: "grindvakt_flows"
        case .flowCapacity: "grindvakt_flow_capacity"
        case .flowEvictions: "grindvakt_flow_evictions"
        case .flowMemoryBytes: "grindvakt_flow_memory_bytes"
        case .flowMemoryLimit: "grindvakt_flow_memory_limit_bytes"
        case .fragmentMemory: "grindvakt_fragment_memory_bytes"
        case .fragmentMemoryLimit: "grindvakt_fragment_memory_limit_bytes"
        case .tapReceived: "grindvakt_tap_packets_received"
        case .tapDropped: "grindvakt_tap_packets_dropped"
        case .tapReading: "grindvakt_tap_reading"
        case .listEntries: "grindvakt_list_entries"
        case .listSequence: "grindvakt_list_sequence"
        case .listActivated: "grindvakt_list_activated_timestamp_seconds"
        case .listIssued: "grindvakt_list_issued_timestamp_seconds"
        case .listReceived: "grindvakt_list_received_timestamp_seconds"
        case .listAge: "grindvakt_list_age_seconds"
        case .listExpires: "grindvakt_list_expires_timestamp_seconds"
        case .listExpired: "grindvakt_list_expired"
        case .listFallback: "grindvakt_list_fallback"
        case .listRejectedLines: "grindvakt_list_rejected_lines"
        case .listNotEnforceableLines: "grindvakt_list_not_enforceable_lines"
        case .listExceptions: "grindvakt_list_exceptions"
        case .listTestNames: "grindvakt_list_test_names"
        case .listRefusedUpdates: "grindvakt_list_updates_refused"
        case .listRefusals: "grindvakt_list_refusals"
        case .snapshotGeneration: "grindvakt_snapshot_generation"
        case .reloads: "grindvakt_reloads"
        case .rollbacks: "grindvakt_rollbacks"
        case .killSwitch: "grindvakt_kill_switch"
        case .passes: "grindvakt_passes"
        case .takenOverQueues: "grindvakt_taken_over_queues"
        case .takenOverPackets: "grindvakt_taken_over_packets"
        case .statisticsWrites: "grindvakt_statistics_writes"
        case .statisticsLastWrite: "grindvakt_statistics_last_write_timestamp_seconds"
        case .coverageProbes: "grindvakt_coverage_probes"
        case .coverageBlocked: "grindvakt_coverage_blocked"
        case .unblockSeconds: "grindvakt_unblock_seconds"
        case .health: "grindvakt_health_finding"
        case .build: "grindvakt_build"
        case .processCPU: "process_cpu_seconds"
        case .processResidentMemory: "process_resident_memory_bytes"
        case .processVirtualMemory: "process_virtual_memory_bytes"
        case .processOpenDescriptors: "process_open_fds"
        case .processMaximumDescriptors: "process_max_fds"
        case .processStartTime: "process_start_time_seconds"
        }
    }

    /// What the family's numbers mean.
    package var kind: Kind {
        switch self {
        case .packets, .names, .matches, .testMatches, .exemptedMatches, .events, .attempts, .anyEvents, .anyAttempts,
            .testEvents, .displacedAttempts, .undecided, .anomalies, .encryptedDNSFlows,
            .responses, .responseBytes, .queueKernelDropped, .queueUserDropped, .receiveOverruns, .queueUnseen,
            .failOpenSeconds, .unfinishedChecksums, .workerCPU, .flowEvictions, .tapReceived,
            .tapDropped, .listRefusedUpdates, .listRefusals, .reloads, .rollbacks, .statisticsWrites,
            .coverageProbes, .coverageBlocked, .processCPU:
            .counter
        case .verdictSeconds, .unblockSeconds:
            .histogram
        case .build:
            .info
        case .workerRealTime, .queuePresent, .queueLength, .queueMaximumLength, .queueCopyRange, .queueFailOpen,
            .queueGSO,
            .receiveBufferBytes, .receiveBufferWanted, .flows, .flowCapacity, .flowMemoryBytes, .flowMemoryLimit,
            .fragmentMemory, .fragmentMemoryLimit, .attemptWindow, .listAge, .tapReading, .listEntries, .listSequence,
            .listActivated, .listIssued, .listReceived, .listExpires, .listExpired, .listFallback,
            .listRejectedLines, .listNotEnforceableLines, .listExceptions, .listTestNames, .snapshotGeneration,
            .killSwitch, .passes,
            .takenOverQueues, .takenOverPackets, .statisticsLastWrite, .health,
            .processResidentMemory, .processVirtualMemory, .processOpenDescriptors, .processMaximumDescriptors,
            .processStartTime:
            .gauge
        }
    }

    /// The name that the family's samples have, but for the endings of a histogram's.
    package var sampleName: String {
        switch kind {
        case .counter: name + "_total"
        case .info: name + "_info"
        case .gauge, .histogram: name
        }
    }

    /// The unit that the name ends in, as OpenMetrics wants it told; nil for a plain number.
    package var unit: String? {
        ["seconds", "bytes"].first { name.hasSuffix("_" + $0) }
    }

    /// The labels of the family's samples, but for the `le` of a histogram's.
    package var labels: [String] {
        switch self {
        case .packets: ["queue", "verdict"]
        case .names: ["protocol"]
        case .matches, .testMatches: ["list", "protocol", "action"]
        case .exemptedMatches: ["list", "reason"]
        case .events, .attempts: ["list", "mechanism", "action"]
        case .anyEvents, .anyAttempts: ["mechanism", "action"]
        case .testEvents, .coverageProbes, .coverageBlocked: ["list", "mechanism"]
        case .undecided, .unblockSeconds: ["cause"]
        case .anomalies, .encryptedDNSFlows: ["kind"]
        case .responses: ["kind", "result"]
        case .verdictSeconds, .workerCPU, .workerRealTime, .queuePresent, .queueLength, .queueMaximumLength,
            .queueCopyRange,
            .queueFailOpen, .queueGSO, .queueKernelDropped, .queueUserDropped, .receiveOverruns, .queueUnseen,
            .receiveBufferBytes, .receiveBufferWanted, .unfinishedChecksums, .flows, .flowCapacity, .flowEvictions,
            .flowMemoryBytes, .flowMemoryLimit, .fragmentMemory, .fragmentMemoryLimit:
            ["queue"]
        case .tapReceived, .tapReading: ["queue", "interface"]
        case .tapDropped: ["queue", "interface", "by"]
        case .listEntries, .listSequence, .listActivated, .listIssued, .listReceived, .listAge, .listExpires,
            .listExpired,
            .listFallback, .listRejectedLines, .listNotEnforceableLines, .listExceptions, .listTestNames,
            .listRefusedUpdates:
            ["list"]
        case .listRefusals: ["list", "cause"]
        case .reloads, .rollbacks, .statisticsWrites: ["result"]
        case .takenOverPackets: ["fate"]
        case .health: ["finding"]
        case .build: ["version"]
        case .attemptWindow, .displacedAttempts, .responseBytes, .failOpenSeconds, .snapshotGeneration, .killSwitch,
            .passes, .takenOverQueues, .statisticsLastWrite, .processCPU,
            .processResidentMemory, .processVirtualMemory, .processOpenDescriptors, .processMaximumDescriptors,
            .processStartTime:
            []
        }
    }

    /// The family's explanation, one sentence.
    package var help: String {
        switch self {
        case .packets: "Packets judged, by the verdict the kernel was given; a tap accepts all."
        case .names: "Names read, listed or not, by the protocol they were read from."
        case .matches: "Names that a list matched, by list, protocol and the list's action."
        case .testMatches: "Test names that a list matched, which are no part of its matches."
        case .exemptedMatches: "Names that a list holds and that were left alone all the same, by list and reason."
        case .events: "Packets in which a list matched a name, by list, mechanism and the list's action."
        case .attempts:
            "Attempts: the events of one entry of a list within the window are one, counted where the first one was."
        case .anyEvents: "Packets in which any list matched a name, each once, by mechanism and the action carried out."
        case .anyAttempts: "Attempts on any list; a name on two lists is one, so this is no sum over lists."
        case .testEvents: "Packets with a test name of the list, which are no part of its events and attempts."
        case .attemptWindow: "How long an attempt takes in the events of its entry."
        case .displacedAttempts: "Attempts forgotten within their window because there was no room for another one."
        case .undecided:
            "Packets and messages that could not be judged, by cause; accepted unless configured otherwise."
        case .anomalies: "Packets that showed an odd form in which names are hidden or carried, by kind."
        case .encryptedDNSFlows: "Flows of encrypted DNS seen, by kind; none is blocked for being one."
        case .responses: "Packets to be sent in place of dropped ones, by kind and by what became of them."
        case .responseBytes: "Bytes of packets that were sent in place of dropped ones."
        case .verdictSeconds: "Time from a packet's receipt to its verdict."
        case .workerCPU: "User and system CPU time that a worker's thread has spent."
        case .workerRealTime:
            "1 while the worker goes before other threads of its processor: it may, and it has little to do."
        case .queuePresent:
            "Whether the kernel's table has the queue; packets of one that is missing are not inspected."
        case .queueLength: "Packets waiting in the kernel's queue."
        case .queueMaximumLength: "Packets that may wait in the kernel's queue."
        case .queueCopyRange: "Bytes of each packet that the kernel copies to the sensor, by its own table."
        case .queueFailOpen: "Whether the kernel lets packets pass for which the queue has no room."
        case .queueGSO: "Whether the kernel hands over merged packets before it cuts them into segments."
        case .queueKernelDropped: "Packets the kernel dropped because the queue was full."
        case .queueUserDropped: "Packets the kernel dropped because the socket's buffer was full."
        case .receiveOverruns: "Receives refused because the socket's buffer had overrun (ENOBUFS)."
        case .queueUnseen:
            "Packets that never reached the worker, known by gaps in their numbers; with fail-open they passed."
        case .receiveBufferBytes: "Size of the socket's receive buffer as granted."
        case .receiveBufferWanted: "Size of the socket's receive buffer as it was asked for."
        case .failOpenSeconds:
            "Seconds in which packets passed unseen because there was no room for them; to the whole second."
        case .unfinishedChecksums: "Packets whose checksum was left for the network card to finish."
        case .flows: "Flows remembered at present."
        case .flowCapacity: "Flows that there is room for."
        case .flowEvictions: "Flows forgotten before their time because there was no room for another one."
        case .flowMemoryBytes: "Bytes of unfinished messages held for flows at present."
        case .flowMemoryLimit: "Bytes of unfinished messages that there is room for."
        case .fragmentMemory: "Bytes of fragments of unfinished packets held at present."
        case .fragmentMemoryLimit: "Bytes of fragments of unfinished packets that there is room for."
        case .tapReceived: "Frames of a tapped interface that passed the filter, dropped ones among them."
        case .tapDropped: "Frames of a tapped interface that were lost, by who dropped them."
        case .tapReading: "Whether a tapped interface is open and up."
        case .listEntries: "Entries in the active list."
        case .listSequence: "Sequence number of the active list, as its publisher numbered it."
        case .listActivated: "When the active list became active, as Unix time."
        case .listIssued: "When the publisher issued the active list, as Unix time."
        case .listReceived:
            "When the active list's file came to its place on this host, as Unix time; none where another file lies there by now."
        case .listAge: "Time since the active list was issued, or where that is not known since it became active."
        case .listExpires: "When the active list expires, as Unix time."
        case .listExpired: "Whether the active list has expired; it goes on blocking."
        case .listFallback:
            "Whether the last good edition stands in because the configured source is missing, bad or refused."
        case .listRejectedLines: "Lines of the list's source that are no entry and were left out."
        case .listNotEnforceableLines: "Lines of the list's source that say more than a name can, and were left out."
        case .listExceptions: "Exceptions in the active list: names it leaves alone itself."
        case .listTestNames: "Test names in the active list."
        case .listRefusedUpdates: "Updates of the list that were refused, each once."
        case .listRefusals: "Refused updates of the list by cause, of which one may have several."
        case .snapshotGeneration: "Number of the active snapshot; it rises at each change."
        case .reloads: "Reloads of the lists, by result."
        case .rollbacks: "Returns to the snapshot before the active one, by result."
        case .killSwitch: "Whether blocking is switched off as a whole; names are counted all the same."
        case .passes: "Names that the operator lets pass at present."
        case .takenOverQueues:
            "Queues that another process left to this one at its start; zero where all were bound anew."
        case .takenOverPackets:
            "Packets in these queues then: all that waited, and those that had been read and not judged, which were queued again or passed."
        case .statisticsWrites: "Writes to the store of statistics, by result; what one misses the next one writes."
        case .statisticsLastWrite: "When statistics were last written to their store, as Unix time."
        case .coverageProbes:
            "Test names of the list that probes asked for, counted when the sensor took note of it; what showed nothing is none."
        case .coverageBlocked: "Those that were blocked."
        case .unblockSeconds:
            "Time until every worker let names pass: from the wish here, or from the issue of a list that has them no more."
        case .health: "Whether this is wrong with the sensor at present, by finding; see the status report."
        case .build: "The running version."
        case .processCPU: "Total user and system CPU time spent in seconds."
        case .processResidentMemory: "Resident memory size in bytes."
        case .processVirtualMemory: "Virtual memory size in bytes."
        case .processOpenDescriptors: "Number of open file descriptors."
        case .processMaximumDescriptors: "Maximum number of open file descriptors."
        case .processStartTime: "Start time of the process since unix epoch in seconds."
        }
    }
}
