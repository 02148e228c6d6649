package import Logging

/// Everything that the sensor logs: the one place where an event is named, graded and explained.
///
/// The names are for those who search logs and stay as they are. To add one, add a case here and its line to `Logs.md`; a test compares the two.
package enum OperationalEvent: String, CaseIterable, Sendable {
    case starting
    case configurationOutdated = "configuration-outdated"
    case coreDumpsPossible = "core-dumps-possible"
    case queueBound = "queue-bound"
    case queuesTakenOver = "queues-taken-over"
    case queuesHandedOver = "queues-handed-over"
    case queuesLeft = "queues-left"
    case handoverFailed = "handover-failed"
    case handoverImpossible = "handover-impossible"
    case upgradeRefused = "upgrade-refused"
    case receiveBufferSmall = "receive-buffer-small"
    case failOpenUnknown = "fail-open-unknown"
    case mergedPacketsUnknown = "merged-packets-unknown"
    case responsesImpossible = "responses-impossible"
    case interfaceRead = "interface-read"
    case interfaceLost = "interface-lost"
    case confined
    case confinementPartial = "confinement-partial"
    case socketBound = "socket-bound"
    case listenerBound = "listener-bound"
    case socketFailed = "socket-failed"
    case ready
    case listActive = "list-active"
    case lineLeftOut = "line-left-out"
    case linesLeftOut = "lines-left-out"
    case suffixesMissing = "suffixes-missing"
    case listRefused = "list-refused"
    case listExpired = "list-expired"
    case listCurrent = "list-current"
    case reloaded
    case reloadRefused = "reload-refused"
    case restartNeeded = "restart-needed"
    case rolledBack = "rolled-back"
    case rollbackRefused = "rollback-refused"
    case killSwitchOn = "kill-switch-on"
    case killSwitchOff = "kill-switch-off"
    case passBegun = "pass-begun"
    case passEnded = "pass-ended"
    case changeRefused = "change-refused"
    case notKept = "not-kept"
    case stateDamaged = "state-damaged"
    case connectionsWithdrawn = "connections-withdrawn"
    case withdrawalFailed = "withdrawal-failed"
    case overloadBegun = "overload-begun"
    case overloadEnded = "overload-ended"
    case responsesFailing = "responses-failing"
    case responsesRecovered = "responses-recovered"
    case statisticsOpened = "statistics-opened"
    case statisticsFailing = "statistics-failing"
    case statisticsRecovered = "statistics-recovered"
    case statisticsSetAside = "statistics-set-aside"
    case hitsUnusable = "hits-unusable"
    case coverageTaken = "coverage-taken"
    case coverageUnusable = "coverage-unusable"
    case repeatsLeftOut = "repeats-left-out"
    case stopping
    case stopped

    /// How grave it is.
    package var level: Logger.Level {
        switch self {
        case .queueBound, .interfaceRead, .socketBound, .listenerBound, .listActive, .passBegun, .passEnded,
            .connectionsWithdrawn, .statisticsOpened, .coverageTaken, .repeatsLeftOut, .confined:
            .info
        case .starting, .ready, .reloaded, .listCurrent, .overloadEnded, .responsesRecovered, .statisticsRecovered,
            .stopping, .stopped, .queuesTakenOver, .queuesHandedOver, .queuesLeft:
            .notice
        case .coreDumpsPossible, .receiveBufferSmall, .failOpenUnknown, .mergedPacketsUnknown, .responsesImpossible,
            .interfaceLost, .lineLeftOut, .linesLeftOut, .suffixesMissing, .rolledBack, .killSwitchOn, .killSwitchOff,
            .notKept, .overloadBegun, .responsesFailing, .handoverImpossible, .coverageUnusable, .configurationOutdated,
            .confinementPartial, .restartNeeded:
            .warning
        case .socketFailed, .listRefused, .listExpired, .reloadRefused, .rollbackRefused, .changeRefused,
            .withdrawalFailed, .stateDamaged, .statisticsFailing, .statisticsSetAside, .hitsUnusable, .handoverFailed,
            .upgradeRefused:
            .error
        }
    }

    /// How many lines about the same thing an interval may hold; nil where each is wanted, as it tells of a state or of what somebody did.
    package var burst: Int? {
        switch self {
        case .coreDumpsPossible, .confinementPartial, .receiveBufferSmall, .failOpenUnknown, .mergedPacketsUnknown,
            .responsesImpossible, .socketFailed, .linesLeftOut, .suffixesMissing, .listRefused,
            .reloadRefused, .rollbackRefused, .changeRefused, .notKept, .withdrawalFailed, .overloadBegun,
            .overloadEnded, .responsesFailing, .responsesRecovered, .statisticsFailing, .statisticsRecovered,
            .hitsUnusable, .handoverFailed, .handoverImpossible, .upgradeRefused, .coverageUnusable:
            1
        case .interfaceRead, .interfaceLost: 10
        case .lineLeftOut: 100
        case .starting, .configurationOutdated, .confined, .queueBound, .socketBound, .listenerBound, .ready,
            .listActive,
            .listExpired, .listCurrent,
            .reloaded, .restartNeeded,
            .rolledBack, .killSwitchOn, .killSwitchOff, .passBegun, .passEnded, .connectionsWithdrawn, .repeatsLeftOut,
            .stateDamaged, .statisticsOpened, .statisticsSetAside, .stopping, .stopped, .queuesTakenOver,
            .queuesHandedOver, .queuesLeft, .coverageTaken:
            nil
        }
    }
}

/// The keys that an event may have besides `event`; they stay as they are.
///
/// None is for a domain name, an address or a line's content: a `list` is the identifier from the configuration, a `path` that of a file.
package enum LogField: String, CaseIterable, Sendable {
    case version
    case workers
    case queue
    case interface
    case copyRange = "copy_range"
    case queueLength = "queue_length"
    case receiveBuffer = "receive_buffer"
    case receiveBufferWanted = "receive_buffer_wanted"
    case failOpen = "fail_open"
    case mergedPackets = "merged_packets"
    case list
    case lists
    case action
    case entries
    case added
    case removed
    case sequence
    case digest
    case generation
    case path
    case listen
    case line
    case cause
    case causes
    case fallback
    case count
    case packets
    case unanswered
    case passed
    case flows
    case process
    case seconds
    case keys
    case reason
    case of
    case leftOut = "left_out"

    /// Whether lines of an event that differ in it are about different things.
    var tellsApart: Bool {
        switch self {
        case .queue, .interface, .list, .path, .reason, .of: true
        default: false
        }
    }
}

/// The value of a key.
package enum LogValue: Sendable, Equatable {
    /// A word or a sentence.
    case text(String)
    /// A whole number.
    case number(Int)
    /// True or false.
    case flag(Bool)

    /// A count that may be larger than a number of this type: the largest one then.
    package static func count(_ value: UInt64) -> LogValue { .number(Int(clamping: value)) }
}
