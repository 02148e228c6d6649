import ControlSocket
import NetfilterQueue
import NetfilterRules
import SensorConfiguration

/// The queues: who has them, what they lose, and how they are set up.
enum QueueChecks {
    /// The name of the sensor's program.
    static let program = "grindvakt"

    /// Whether somebody listens on each queue.
    static func listeners(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let bound = Set(try facts.queues.known().map(\.number))
        let missing = facts.configuration.queues.filter { bound.contains($0) == false }
        guard missing.isEmpty == false else { return [] }
        let fate =
            facts.configuration.failOpen
            ? "The kernel lets the packets of such a queue pass uninspected, as fail-open asks."
            : "The kernel drops the packets of such a queue, as fail-open is off."
        return [
            Finding(
                .fault,
                "\(queues(missing)): nobody listens",
                reason: fate,
                command: facts.commands.startSensor,
                advice: facts.commands.startSensor == nil ? "start the sensor, or give doctor its --config" : nil
            )
        ]
    }

    /// Whether the queues that somebody listens on belong to the sensor.
    static func owners(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let configured = try facts.queues.known().filter { facts.configuration.queues.contains($0.number) }
        guard configured.isEmpty == false else { throw .unknown("nobody listens on a queue") }
        let owners = try facts.owners.known()
        var findings: [Finding] = []
        for queue in configured {
            guard let owner = owners[queue.port] else {
                findings.append(
                    Finding(
                        .note,
                        "queue \(queue.number): its process is not to be seen from here",
                        reason: "It may run in a container. Nobody but the sensor should listen on the queue.",
                        advice: "look for the process outside the container"
                    )
                )
                continue
            }
            guard owner.program != program else { continue }
            findings.append(
                Finding(
                    .fault,
                    "queue \(queue.number): process \(owner.process) (\(owner.program)) holds it, not the sensor",
                    reason:
                        "A queue has one listener: the sensor cannot start, and its packets get another's verdicts.",
                    command: "kill \(owner.process)",
                    advice:
                        "or let it be, and give the sensor other numbers by queues in [sensor]; then start the sensor"
                )
            )
        }
        return findings
    }

    /// Whether packets were dropped before the sensor saw them.
    static func drops(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        var findings: [Finding] = []
        for queue in try facts.queues.known() where facts.configuration.queues.contains(queue.number) {
            if queue.userDropped > 0 {
                let doubled = min(facts.configuration.receiveBuffer, 1 << 29) * 2
                let change = facts.commands.set("receive-buffer", in: "sensor", to: "\(doubled)")
                findings.append(
                    Finding(
                        .warning,
                        "queue \(queue.number): \(queue.userDropped) packets did not fit into the receive buffer",
                        reason: "They were not inspected. The count goes back to zero when the sensor starts anew.",
                        command: change.map { $0 + facts.commands.thenRestart },
                        advice: "give the sensor a larger receive-buffer, or more queues"
                    )
                )
            }
            if queue.kernelDropped > 0 {
                let doubled = min(facts.configuration.queueLength, 500_000) * 2
                let change = facts.commands.set("queue-length", in: "sensor", to: "\(doubled)")
                findings.append(
                    Finding(
                        .warning,
                        "queue \(queue.number): \(queue.kernelDropped) packets were dropped as the queue was full",
                        reason:
                            "The sensor was slower than the traffic. The count goes back to zero when it starts anew.",
                        command: change.map { $0 + facts.commands.thenRestart },
                        advice: "give the sensor a larger queue-length, or more queues and processors"
                    )
                )
            }
        }
        return findings
    }

    /// The fewest packets of which a share says anything.
    private static let enoughPackets: UInt64 = 10_000

    /// Whether one queue of several has most of the packets.
    static func balance(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let queues = try facts.status().queues
        guard queues.count > 1 else { throw .unknown("there is one queue") }
        let packets = queues.map { $0.accepted &+ $0.dropped }
        let total = packets.reduce(0, &+)
        guard total >= enoughPackets, let most = packets.max(), let index = packets.firstIndex(of: most) else {
            throw .unknown("too few packets so far")
        }
        // Half of what would be one queue's alone, beyond its fair share.
        let limit = 0.5 + 0.5 / Double(queues.count)
        let share = Double(most) / Double(total)
        guard share > limit else { return [] }
        let loses = (queues[index].kernelDropped ?? 0) > 0 || (queues[index].userDropped ?? 0) > 0
        return [
            Finding(
                loses ? .warning : .note,
                "queue \(queues[index].queue) has \(Int(share * 100)) % of the packets of \(queues.count) queues",
                reason:
                    "The kernel spreads flows by address pair; few pairs (behind NAT, or one resolver) mean one busy "
                    + "queue, and one processor is all that its worker has.",
                advice: "put the sensor where addresses differ, before NAT or on the clients' side of the resolver"
            )
        ]
    }

    /// Whether the kernel granted what was asked for.
    static func flags(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let configuration = facts.configuration
        var findings: [Finding] = []
        for queue in try facts.status().queues where queue.present {
            if configuration.failOpen, queue.failOpen == false {
                findings.append(
                    Finding(
                        .warning,
                        "queue \(queue.queue): fail-open is configured and has no effect",
                        reason: "When the queue is full the kernel drops its packets instead of letting them pass.",
                        command: facts.commands.startSensor,
                        advice: "where starting it anew changes nothing the kernel refuses (it takes Linux 3.6)"
                    )
                )
            }
            if configuration.failOpen == false, queue.failOpen == true {
                findings.append(other(queue.queue, "fail-open", "on", facts))
            }
            if queue.gso == false {
                findings.append(
                    Finding(
                        .warning,
                        "queue \(queue.queue): the kernel cuts large packets into segments before they are queued",
                        reason: "Bulk transfers that are queued cost several times as much.",
                        advice: "run a kernel whose queues take large packets (Linux 3.10 and later)"
                    )
                )
            }
            if let range = queue.copyRangeBytes, range != configuration.copyRange, facts.hasConfiguration {
                findings.append(other(queue.queue, "copy-range", "\(range)", facts))
            }
            if let length = queue.maxLength, length != configuration.queueLength, facts.hasConfiguration {
                findings.append(other(queue.queue, "queue-length", "\(length)", facts))
            }
        }
        return findings
    }

    /// A setting that the running sensor has otherwise than the configuration.
    private static func other(_ queue: Int, _ key: String, _ value: String, _ facts: HostFacts) -> Finding {
        Finding(
            .warning,
            "queue \(queue): \(key) is \(value), and the configuration says otherwise",
            reason: "The sensor was started with an older configuration; a reload reads lists only.",
            command: facts.commands.startSensor
        )
    }

    /// Whether the receive buffers are as large as configured.
    static func receiveBuffer(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let limit = facts.settings["net.core.rmem_max"]
        let wanted = facts.configuration.receiveBuffer
        guard case .running(let status) = try facts.sensor.known() else {
            // With CAP_NET_ADMIN of the first user namespace, which the sensor has to have anyway, the limit says nothing.
            guard facts.isInFirstUserNamespace == false, let limit, limit < wanted else { return [] }
            return [
                Finding(
                    .warning,
                    "net.core.rmem_max is \(limit) and receive-buffer is \(wanted)",
                    reason:
                        "In a user namespace of its own the sensor gets no more than the limit, and loses packets when "
                        + "many come at once.",
                    command: CommandWriter.sysctl(["net.core.rmem_max=\(wanted)"]),
                    advice: "the setting belongs to the host, outside the container"
                )
            ]
        }
        return status.queues.compactMap { queue in
            guard let obtained = queue.receiveBufferBytes, let asked = queue.receiveBufferWantedBytes, obtained < asked
            else { return nil }
            return Finding(
                .warning,
                "queue \(queue.queue): the receive buffer is \(obtained) bytes instead of \(asked)",
                reason: "When many packets come at once they do not fit, and pass uninspected or are lost.",
                command: CommandWriter.sysctl(["net.core.rmem_max=\(max(asked, limit ?? 0))"])
                    + facts.commands.thenRestart,
                advice: "the sensor takes the new size when it starts; with CAP_NET_ADMIN it needs no such limit"
            )
        }
    }

    private static func queues(_ numbers: [UInt16]) -> String {
        let few = numbers.prefix(8).map { "\($0)" }.joined(separator: ", ")
        return (numbers.count == 1 ? "queue " : "queues ") + few + (numbers.count > 8 ? ", …" : "")
    }
}

extension HostFacts {
    /// Whether a configuration was given, so that what the sensor does can be compared with it.
    var hasConfiguration: Bool { commands.configurationPath != nil }
}
