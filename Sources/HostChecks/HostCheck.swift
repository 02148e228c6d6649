/// One question about the host: a pure function of the facts.
package struct HostCheck: Sendable {
    /// Looks at the facts.
    package typealias Examination = @Sendable (HostFacts) throws(Unexamined) -> [Finding]

    /// Its name in output, which stays: lower-case words and hyphens.
    package let id: String
    /// What holds where it finds nothing.
    package let title: String
    /// What it finds; nothing where all is well.
    package let examine: Examination

    private init(_ id: String, _ title: String, _ examine: @escaping Examination) {
        self.id = id
        self.title = title
        self.examine = examine
    }

    /// Every check, in the order of its output; a new one gets a line here.
    package static let all: [HostCheck] = [
        HostCheck("kernel-features", "the kernel has what the rules and the queues need", KernelChecks.features),
        HostCheck("rules-applied", "the rules on this host are those of the configuration", RuleChecks.applied),
        HostCheck("rule-order", "the rules stand where every packet in question meets them", RuleChecks.order),
        HostCheck("queue-rules", "nobody else's rules feed the sensor's queues", RuleChecks.queueRules),
        HostCheck("mark-bits", "nobody else uses the sensor's mark bits", RuleChecks.markBits),
        HostCheck("untracked", "no rule keeps flows away from connection tracking", RuleChecks.untracked),
        HostCheck("rule-front-ends", "one kind of iptables holds the host's rules", RuleChecks.frontEnds),
        HostCheck("docker", "docker lets forwarded packets pass", RuleChecks.docker),
        HostCheck("queue-listeners", "somebody listens on each queue", QueueChecks.listeners),
        HostCheck("queue-owners", "the queues belong to the sensor", QueueChecks.owners),
        HostCheck("queue-drops", "the kernel has dropped nothing before the sensor", QueueChecks.drops),
        HostCheck("queue-balance", "the load is spread over the queues", QueueChecks.balance),
        HostCheck("queue-flags", "the queues are set up as configured", QueueChecks.flags),
        HostCheck("receive-buffer", "the receive buffers are as large as configured", QueueChecks.receiveBuffer),
        HostCheck("sensor-socket", "the sensor answers on its socket", SensorChecks.socket),
        HostCheck("sensor-start", "the sensor has taken up all it was given at its start", SensorChecks.start),
        HostCheck("confinement", "the sensor has no more rights than its job takes", ConfinementChecks.sensor),
        HostCheck("sensor-lists", "the sensor's lists are fresh, its own and in force", SensorChecks.lists),
        HostCheck("list-files", "the files of the configuration can be read", SensorChecks.files),
        HostCheck("list-expiry", "the list files have not expired", SensorChecks.expiry),
        HostCheck("state-directory", "the state directory can be written", SensorChecks.stateDirectory),
        HostCheck("forwarding", "the host forwards packets", NetworkChecks.forwarding),
        HostCheck("reverse-path", "no interface drops what comes in by another way", NetworkChecks.reversePath),
        HostCheck("asymmetric-routes", "there is one way out of this host", NetworkChecks.routes),
        HostCheck("flowtables", "no flowtable takes flows before they are decided", OffloadChecks.flowtables),
        HostCheck("receive-offload", "no interface merges packets that it forwards", OffloadChecks.largeReceive),
        HostCheck("hardware-offload", "no interface forwards on its own", OffloadChecks.hardware),
        HostCheck("bridges", "bridged packets meet the rules", NetworkChecks.bridges),
        HostCheck("conntrack-table", "the connection table has room", ConntrackChecks.table),
        HostCheck("conntrack-checksum", "connection tracking verifies checksums", ConntrackChecks.checksum),
        HostCheck("conntrack-tcp", "connection tracking judges TCP as it does by default", ConntrackChecks.tcp),
        HostCheck("clock", "the clock is synchronised", SensorChecks.clock),
    ]
}
