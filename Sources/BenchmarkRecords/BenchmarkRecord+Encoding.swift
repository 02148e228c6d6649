import Figures
import Telemetry

extension BenchmarkRecord {
    /// The record as JSON: members in a fixed order, indented by two spaces, in ASCII, with a line feed at its end. The same record gives the
    /// same octets, always and everywhere.
    package var encoded: [UInt8] { Array(json.text.utf8) }

    /// What the record's file is called.
    package var fileName: String { "grindvakt-\(member)-\(market)-\(day.label).json" }

    private var json: JSONTree {
        .object([
            "schema": .string(Self.schemaName),
            "schema_version": .integer(Self.version),
            "day": .string(day.label),
            "member": .string(member),
            "market": .string(market),
            "base": base.json,
            "dedup": .object(["mode": .string("entry"), "window_seconds": .integer(windowSeconds)]),
            "coverage": .array(coverage.map(\.json)),
            "lists": .array(lists.map(\.json)),
            "quality": .object(["unblock_milliseconds": unblockMilliseconds?.json ?? .null]),
            "visibility": .object(
                zip(Self.visibilityNames, visibility).map { JSONTree.Member(name: $0, value: $1.json) }
            ),
            "attempts": .object([
                "cells": .array(
                    cells.map {
                        .object([
                            "list": .string($0.list),
                            "action": .string($0.action),
                            "events": $0.events.json,
                            "attempts": $0.attempts.json,
                        ])
                    }
                ),
                "any": anyAttempts.json,
            ]),
        ])
    }
}

extension RecordedBase {
    fileprivate var json: JSONTree {
        .object([
            "access": access.map { .string($0.rawValue) } ?? .null,
            "subscribers": .number(subscribers),
            "sensors": .integer(sensors),
            "uptime_permille": .integer(uptimePermille),
            "fail_open_seconds": .integer(failOpenSeconds),
            "kill_switch_seconds": .integer(killSwitchSeconds),
            "queue_drops": .integer(queueDrops),
            "unseen_packets": .integer(unseenPackets),
        ])
    }
}

extension RecordedCoverage {
    fileprivate var json: JSONTree {
        .object([
            "list": .string(list),
            "mechanism": .string(mechanism.label),
            "probes": .integer(probes),
            "blocked": .integer(blocked),
            "median_milliseconds": .number(medianMilliseconds),
            "longest_milliseconds": .number(longestMilliseconds),
        ])
    }
}

extension RecordedList {
    fileprivate var json: JSONTree {
        .object([
            "list": .string(list),
            "sequence": .number(sequence),
            "issued_on": issuedOn.map { .string($0.label) } ?? .null,
            "issued_to_active_seconds": issuedToActive?.json ?? .null,
            "received_to_active_seconds": receivedToActive?.json ?? .null,
            "entries": .integer(entries),
            "rejected": .array(
                rejected.map { .object(["reason": .string($0.reason), "entries": .integer($0.entries)]) }
            ),
            "refusals": .integer(refusals),
            "stale_seconds": .integer(staleSeconds),
        ])
    }
}

extension RecordedDurations {
    fileprivate var json: JSONTree {
        .object([
            "count": .integer(count),
            "median": .integer(median),
            "p95": .integer(p95),
            "longest": .integer(longest),
        ])
    }
}

extension MechanismCounts {
    fileprivate var json: JSONTree {
        .object(Mechanism.allCases.map { JSONTree.Member(name: $0.label, value: self[$0].json) })
    }
}
