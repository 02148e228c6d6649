import ControlSocket
import NetfilterQueue
import SensorConfiguration

/// The sensor itself: its socket, its lists, its files and its clock.
enum SensorChecks {
    /// Whether the sensor answers.
    static func socket(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let path = facts.configuration.socket
        switch try facts.sensor.known() {
        case .running:
            return []
        case .stale:
            return [
                Finding(
                    .warning,
                    "\(path): the socket is there and nobody listens",
                    reason:
                        "The sensor ended without tidying up (killed, or the machine lost power), and monitoring gets no "
                        + "counters. A sensor that starts replaces the file.",
                    command: "rm -f \(CommandWriter.quoted(path))" + facts.commands.thenRestart
                )
            ]
        case .absent:
            guard facts.hasQueueOwner else { throw .unknown("no sensor runs") }
            return [
                Finding(
                    .warning,
                    "\(path): a sensor has the queues, and its socket is not there",
                    reason: "It uses another path, or the file was removed; monitoring gets no counters.",
                    command: facts.commands.hasSystemd ? facts.commands.startSensor : nil,
                    advice: "give doctor the sensor's configuration, or name the socket with --socket"
                )
            ]
        case .silent(let line):
            return [
                Finding(
                    .fault,
                    line,
                    reason: "A sensor that does not answer may not give verdicts either, and its packets wait.",
                    command: facts.commands.hasSystemd ? facts.commands.startSensor : nil,
                    advice: "look at its log before it is started anew: journalctl -u grindvakt"
                )
            ]
        }
    }

    /// Whether the sensor runs with the configuration as it is now, and what became of packets when it followed another.
    static func start(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let status = try facts.status()
        var findings: [Finding] = []
        if let keys = status.restartNeeded, keys.isEmpty == false {
            findings.append(
                Finding(
                    .warning,
                    "changed since the sensor started: \(keys.joined(separator: ", "))",
                    reason:
                        "These keys of the configuration are acted upon at a start alone; the sensor runs with the values "
                        + "before.",
                    command: facts.commands.startSensor
                )
            )
        }
        if let takeover = status.takeover, takeover.queuedAgain > 0 || takeover.passed > 0 {
            let (again, passed) = (takeover.queuedAgain, takeover.passed)
            findings.append(
                Finding(
                    .note,
                    "the sensor before did not end in order: \(again) packets were queued once more, \(passed) passed unseen",
                    reason:
                        "It had read them and died before their verdicts. They pass where another had died less than a "
                        + "second before.",
                    advice: "look at what it said last: journalctl -u grindvakt"
                )
            )
        }
        return findings
    }

    private static let day = 86_400.0

    /// Whether the lists of the running sensor are what they should be.
    static func lists(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let status = try facts.status()
        let socket = CommandWriter.quoted(facts.configuration.socket)
        let reload = "grindvakt reload --socket \(socket)"
        var findings: [Finding] = []
        if status.killSwitch == true {
            findings.append(
                Finding(
                    .fault,
                    "the kill switch is on: nothing is blocked",
                    reason: "Names are counted, and every one passes.",
                    command: "grindvakt kill-switch off --socket \(socket)"
                )
            )
        }
        if status.lists.isEmpty {
            findings.append(
                Finding(
                    .fault,
                    "no list is in force",
                    reason: "The sensor reads names and blocks none.",
                    command: reload,
                    advice: "the reload says what is wrong with the lists"
                )
            )
        }
        for list in status.lists {
            let source = facts.configuration.lists.first { $0.id == list.id }
            let renew = source?.url == nil ? nil : facts.commands.grindvakt("list fetch") + " && " + reload
            if let end = list.expiresAt {
                findings += expiry(list.id, end, facts.now, renew: renew, reload)
            }
            if list.fallback == true {
                findings.append(
                    Finding(
                        .warning,
                        "list \(list.id): its last good edition is in use",
                        reason: "Its file is missing, bad or refused, so that changes of the publisher have no effect.",
                        command: reload,
                        advice: "the reload says what is wrong with the file"
                    )
                )
            }
        }
        for list in status.refusedLists ?? [] {
            findings.append(
                Finding(
                    .fault,
                    "list \(list.id): refused, and none of its editions is in force",
                    reason: "Nothing on it is blocked. Causes: "
                        + list.refusals.filter { $0.value > 0 }.keys.sorted().joined(separator: ", ") + ".",
                    command: reload,
                    advice: "the reload says what is wrong with it"
                )
            )
        }
        if let last = status.reloads.last, last.succeeded == false {
            findings.append(
                Finding(
                    .warning,
                    "the last reload was refused",
                    reason: "The lists before it are still in force.",
                    command: reload,
                    advice: "the reload says why"
                )
            )
        }
        return findings
    }

    private static func expiry(
        _ id: String,
        _ end: Double,
        _ now: Double,
        renew: String?,
        _ reload: String
    ) -> [Finding] {
        guard end - now < 7 * day else { return [] }
        let advice = "get a newer edition from the publisher and put it in the list's place, then: \(reload)"
        if end <= now {
            return [
                Finding(
                    .warning,
                    "list \(id): expired",
                    reason: "Its publisher no longer stands by it: names may be on it that should not be any more.",
                    command: renew,
                    advice: advice
                )
            ]
        }
        return [
            Finding(
                end - now < 2 * day ? .warning : .note,
                "list \(id): expires in \(max(1, Int((end - now) / 3_600))) hours",
                reason: "Then its publisher no longer stands by it.",
                command: renew,
                advice: advice
            )
        ]
    }

    /// Whether the files that the configuration names can be used.
    static func files(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        guard facts.files.isEmpty == false else { throw .unknown("the configuration names no files") }
        var findings: [Finding] = []
        var denial: Unexamined?
        for file in facts.files {
            do throws(Unexamined) {
                guard let fault = try file.use.known() else {
                    if let user = file.deniedUser { findings.append(unreadable(file, by: user)) }
                    continue
                }
                findings.append(
                    Finding(
                        .fault,
                        "\(file.role): \(fault)",
                        reason: "The sensor does not start with it, or goes on with an older edition.",
                        command: file.isFetched ? facts.commands.grindvakt("list fetch") : nil,
                        advice: file.isFetched ? nil : "put the file there, or take it out of the configuration"
                    )
                )
            } catch {
                denial = error
            }
        }
        if findings.isEmpty, let denial { throw denial }
        return findings
    }

    private static func unreadable(_ file: HostFacts.ConfiguredFile, by user: String) -> Finding {
        let path = CommandWriter.quoted(file.path)
        return Finding(
            .fault,
            "\(file.role): \(file.path): the sensor's user \(user) may not read it",
            reason: "The sensor does not start with it, or goes on with an older edition.",
            command: file.isSecret ? "chown \(user) \(path)" : "chgrp \(user) \(path) && chmod g+r \(path)",
            advice: "the folders above it must be open to \(user) as well"
        )
    }

    /// Whether the list files have expired, where no sensor says so of those in force.
    static func expiry(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        if case .running = facts.sensor.value { throw .unknown("the running sensor's own lists were looked at") }
        guard facts.expiries.isEmpty == false else { throw .unknown("no list file says when it expires") }
        let reload = "grindvakt reload --socket \(CommandWriter.quoted(facts.configuration.socket))"
        return facts.expiries.flatMap { list in
            expiry(
                list.id,
                list.expiresAt,
                facts.now,
                renew: list.isFetched ? facts.commands.grindvakt("list fetch") : nil,
                reload
            )
        }
    }

    /// Whether the state directory can be written.
    static func stateDirectory(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        guard let directory = facts.stateDirectory else { throw .unknown("no state directory is configured") }
        guard let fault = directory.fault else { return [] }
        if fault == .missing, (try? facts.status()) == nil { throw .unknown("the sensor makes it when it starts") }
        let path = CommandWriter.quoted(directory.path)
        let (problem, command) =
            switch fault {
            case .missing: ("is missing", "install -d -m 0750 \(path)")
            case .noDirectory: ("is no directory", "mv \(path) \(path).old && install -d -m 0750 \(path)")
            case .notWritable: ("cannot be written", "chmod u+rwx \(path)")
            }
        return [
            Finding(
                .warning,
                "state directory \(directory.path) \(problem)",
                reason:
                    "Last good lists, sequence numbers and the audit log have no place: a bad list at the next start "
                    + "means none, and an older edition cannot be told from a newer one.",
                command: command,
                advice: "it has to belong to the sensor's user"
            )
        ]
    }

    /// Whether the clock is synchronised.
    static func clock(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        guard try facts.clockIsSynchronised.known() == false else { return [] }
        return [
            Finding(
                .note,
                "the kernel's clock is not synchronised",
                reason: "Lists expire, and their signatures are judged, by this clock.",
                command: facts.commands.hasSystemd ? "timedatectl set-ntp true" : nil,
                advice: facts.commands.hasSystemd ? nil : "let an NTP client keep the clock"
            )
        ]
    }
}

extension HostFacts {
    /// Whether somebody has a queue of the configuration.
    fileprivate var hasQueueOwner: Bool {
        let owners = owners.value ?? [:]
        return (queues.value ?? []).contains { queue in
            configuration.queues.contains(queue.number) && owners[queue.port]?.program == QueueChecks.program
        }
    }
}
