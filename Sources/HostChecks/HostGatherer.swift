import Blocklists
import Confinement
import ControlSocket
import FoundationEssentials
import ListFiles
import NetfilterQueue
package import NetfilterRules
package import SensorConfiguration

/// Gathers the facts of this host, once; changes nothing on it.
///
/// Rules are tried in network namespaces of their own, which end with the programs in them.
package struct HostGatherer: Sendable {
    private let commands: CommandWriter
    private var facts: HostFacts

    private init(_ configuration: SensorConfiguration, _ commands: CommandWriter) {
        self.commands = commands
        facts = HostFacts(configuration: configuration, commands: commands)
    }

    /// The facts of this host and of this process's network namespace.
    ///
    /// - Parameters:
    ///   - configuration: what the operator wants.
    ///   - files: the configuration's file and its drop-ins; none where none was given: then the queues are those of the running sensor.
    ///   - backend: the front end of the rules; nil for the one they are in.
    ///   - stateDirectory: where the sensor keeps its state, nil for nowhere.
    /// - Returns: the facts.
    package static func facts(
        _ configuration: SensorConfiguration,
        files: [ConfigurationFileText],
        backend: RuleBackend?,
        stateDirectory: String?
    ) async -> HostFacts {
        let commands = CommandWriter(
            configurationPath: files.first?.path,
            configurationText: files.first?.text ?? "",
            dropIns: Array(files.dropFirst()),
            hasSystemd: HostFile.exists("/run/systemd/system")
        )
        var gatherer = HostGatherer(configuration, commands)
        await gatherer.gather(backend, stateDirectory)
        return gatherer.facts
    }

    /// The files that a configuration names, and whether they can be used.
    ///
    /// - Parameter configuration: what the operator wants.
    /// - Returns: the files, in the order of the configuration.
    static func files(of configuration: SensorConfiguration) -> [HostFacts.ConfiguredFile] {
        var gatherer = HostGatherer(configuration, CommandWriter())
        gatherer.gatherFiles()
        return gatherer.facts.files
    }

    private mutating func gather(_ backend: RuleBackend?, _ stateDirectory: String?) async {
        facts.now = Date().timeIntervalSince1970
        facts.isInFirstUserNamespace =
            HostFile.read("/proc/self/uid_map").value.map { map in
                map.split(whereSeparator: \.isWhitespace) == ["0", "0", "4294967295"]
            } ?? true
        await gatherSensor()
        gatherQueues()
        await gatherRules(backend)
        gatherSettings()
        await gatherInterfaces()
        await gatherClock()
        gatherFiles()
        await gatherFileUsers()
        facts.stateDirectory = stateDirectory.map {
            HostFacts.StateDirectory(path: $0, fault: HostFile.directoryFault($0))
        }
    }

    // MARK: - The sensor and its queues

    private mutating func gatherSensor() async {
        let path = facts.configuration.socket
        do throws(ControlClientError) {
            let answer = try await ControlClient.request(path: "/status", socketPath: path, timeout: .seconds(5))
            guard answer.status == 200, let status = try? StatusDocument(json: answer.body) else {
                facts.sensor = .known(.silent("\(path): what answers there is not this sensor"))
                return
            }
            facts.sensor = .known(.running(status))
            if facts.hasConfiguration == false, let queues = Self.range(status.queues.map(\.queue)) {
                facts.configuration.queues = queues
                facts.configuration.rules.queues = queues
            }
        } catch {
            facts.sensor =
                switch error {
                case .noSocket: .known(.absent)
                case .nobodyListens: .known(.stale)
                case .notPermitted: .denied(privilege: "membership in the group of \(path)")
                default: .known(.silent(error.description))
                }
        }
    }

    private static func range(_ numbers: [Int]) -> ClosedRange<UInt16>? {
        let numbers = numbers.compactMap { UInt16(exactly: $0) }
        guard let first = numbers.min(), let last = numbers.max() else { return nil }
        return first...last
    }

    private mutating func gatherQueues() {
        facts.queues = HostFile.read(KernelQueueTable.path).map { _ in KernelQueueTable.read() ?? [] }
        guard let queues = facts.queues.value else { return }
        let ports = Set(queues.map(\.port))
        switch HostFile.read("/proc/net/netlink") {
        case .known(let text):
            let inodes = HostTexts.netfilterSockets(text).filter { ports.contains($0.key) }
            facts.owners = .known(ports.isEmpty ? [:] : Self.owners(of: inodes))
        case .unknown(let reason): facts.owners = .unknown(reason)
        case .denied(let privilege): facts.owners = .denied(privilege: privilege)
        }
        // Who may not look into other people's processes finds nobody.
        if ports.isEmpty == false, facts.owners.value?.isEmpty == true,
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/1/cwd")) == nil
        {
            facts.owners = .denied(privilege: "CAP_SYS_PTRACE")
        }
        facts.confinement = facts.owners.map { owners in
            owners.values.first { $0.program == QueueChecks.program }.flatMap { ProcessStatus(process: $0.process) }
        }.required("no sensor has a queue")
    }

    /// The processes that have these sockets open.
    private static func owners(of inodes: [UInt32: UInt64]) -> [UInt32: HostFacts.Owner] {
        let ports = Dictionary(inodes.map { ("socket:[\($0.value)]", $0.key) }) { first, _ in first }
        var owners: [UInt32: HostFacts.Owner] = [:]
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = Int32(name) else { continue }
            let folder = "/proc/\(name)/fd"
            for descriptor in (try? files.contentsOfDirectory(atPath: folder)) ?? [] {
                guard let target = try? files.destinationOfSymbolicLink(atPath: "\(folder)/\(descriptor)"),
                    let port = ports[target]
                else { continue }
                let program = HostFile.read("/proc/\(name)/comm").value?.split(separator: "\n").first
                owners[port] = HostFacts.Owner(process: process, program: program.map(String.init) ?? "?")
            }
        }
        return owners
    }

    // MARK: - Rules

    private mutating func gatherRules(_ backend: RuleBackend?) async {
        let nft = Program(name: "nft")
        let texts = await Self.iptablesTexts()
        facts.iptables = texts.map { texts in texts.map { IPTablesListing($0.text, program: $0.program) } }
        let ruleset = await Self.output(nft, ["-n", "-t", "list", "ruleset"])
        facts.nft = await listing(nft)
        if ruleset.value?.contains("table inet \(NFTRules.table) {") == true {
            facts.ownTable = await Self.output(nft, Self.listOwnTable).map { Self.lines($0) }
        } else {
            facts.ownTable = ruleset.map { _ in [] }
        }
        facts.knowsQueueStatement =
            switch ruleset {
            case .known: .known(await InstalledRules.defaultBackend() == .nft)
            case .unknown(let reason): .unknown(reason)
            case .denied(let privilege): .denied(privilege: privilege)
            }
        facts.markUses = texts.map { texts in
            texts.flatMap { MarkScan.uses(iptables: $0.text, origin: $0.program) }
                + (ruleset.value.map { MarkScan.uses(nft: $0) } ?? [])
        }
        if let backend {
            facts.backend = backend
        } else if facts.ownTable.value?.isEmpty == false {
            facts.backend = .nft
        } else if facts.iptables.value?.contains(where: { $0.hasOwnRules }) != true {
            facts.backend = facts.knowsQueueStatement.value == true ? .nft : .iptables
        }
        facts.otherIPTables = await otherIPTables()
        await gatherWantedRules()
    }

    private static let listOwnTable = ["-s", "list", "table", "inet", NFTRules.table]

    private static func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    /// What a program writes.
    private static func output(_ program: Program, _ arguments: [String], input: String = "") async -> Fact<String> {
        do {
            return .known(try await program.output(arguments, input: input))
        } catch let error as RulesError {
            if case .missingPrivilege = error { return .denied(privilege: "CAP_NET_ADMIN") }
            return .unknown(error.description)
        } catch {
            return .unknown("\(program.name): cannot be run")
        }
    }

    /// The rules of iptables in both families; none where it is not installed.
    private static func iptablesTexts() async -> Fact<[(program: String, text: String)]> {
        var texts: [(program: String, text: String)] = []
        for program in IPTablesProgram.allCases {
            let save = Program(name: "\(program.rawValue)-save")
            guard await save.isInstalled(), program == .iptables || HostFile.exists("/proc/net/if_inet6") else {
                continue
            }
            switch await output(save, []) {
            case .known(let text): texts.append((program.rawValue, text))
            case .unknown(let reason): return .unknown(reason)
            case .denied(let privilege): return .denied(privilege: privilege)
            }
        }
        return .known(texts)
    }

    private func listing(_ nft: Program) async -> Fact<NFTListing> {
        guard await nft.isInstalled() else { return .known(NFTListing()) }
        switch await Self.output(nft, ["-j", "-t", "list", "ruleset"]) {
        case .known(let text):
            return (try? NFTListing(json: text)).map { .known($0) } ?? .unknown("nft: its listing cannot be read")
        case .unknown(let reason): return .unknown(reason)
        case .denied(let privilege): return .denied(privilege: privilege)
        }
    }

    /// The rules of the kind of iptables that `iptables` is not.
    private func otherIPTables() async -> [IPTablesListing] {
        guard let version = await Self.output(Program(name: "iptables"), ["--version"]).value else { return [] }
        let kind = version.contains("nf_tables") ? "legacy" : "nft"
        var listings: [IPTablesListing] = []
        for program in ["iptables-\(kind)", "ip6tables-\(kind)"] {
            guard let text = await Self.output(Program(name: "\(program)-save"), []).value else { continue }
            listings.append(IPTablesListing(text, program: program))
        }
        return listings
    }

    /// Lets the programs spell the rules of the configuration, and tries what the kernel can do, in empty namespaces.
    private mutating func gatherWantedRules() async {
        let rules = facts.configuration.rules
        if facts.backend == .nft {
            facts.wantedTable = await Self.spelled(
                "nft -f - && exec nft \(Self.listOwnTable.joined(separator: " "))",
                NFTRules.applying(rules)
            ).map { Self.lines($0) }
            return
        }
        let jumps = IPTablesRules.applying(rules, for: .iptables, existing: "")
        facts.wantedJumps = WantedJump.all(in: jumps, prefix: IPTablesRules.chainPrefix)
        facts.refusedFeatures = await refusedFeatures()
        var wanted: [IPTablesListing] = []
        for listing in facts.iptables.value ?? [] {
            guard let program = IPTablesProgram(rawValue: listing.program) else { continue }
            let spelled = await Self.spelled(
                "\(listing.program)-restore -w --noflush && exec \(listing.program)-save",
                IPTablesRules.applying(rules, for: program, existing: "")
            )
            switch spelled {
            case .known(let text): wanted.append(IPTablesListing(text, program: listing.program))
            case .unknown(let reason): return facts.wantedIPTables = .unknown(reason)
            case .denied(let privilege): return facts.wantedIPTables = .denied(privilege: privilege)
            }
        }
        facts.wantedIPTables = facts.iptables.map { _ in wanted }
    }

    /// What a command of the shell writes in an empty network namespace.
    private static func spelled(_ command: String, _ input: String) async -> Fact<String> {
        await output(Program(name: "unshare"), ["--net", "sh", "-c", command], input: input)
    }

    private func refusedFeatures() async -> Fact<[KernelFeature]> {
        let unshare = Program(name: "unshare")
        // What fails here is not the kernel's want of a feature.
        switch await Self.output(unshare, ["--net", "iptables", "-w", "-t", "mangle", "-S"]) {
        case .known: break
        case .unknown(let reason): return .unknown(reason)
        case .denied(let privilege): return .denied(privilege: privilege)
        }
        var refused: [KernelFeature] = []
        for feature in KernelFeature.all {
            let words = ["--net", "iptables", "-w", "-t", feature.probe[0], "-A"] + feature.probe.dropFirst()
            guard let result = try? await unshare.run(words), result.isSuccess == false else { continue }
            refused.append(feature)
        }
        return .known(refused)
    }

    // MARK: - The kernel and its interfaces

    private static let settings = [
        "net.core.rmem_max", "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv4.conf.all.rp_filter",
        "net.netfilter.nf_conntrack_count", "net.netfilter.nf_conntrack_max", "net.netfilter.nf_conntrack_checksum",
        "net.netfilter.nf_conntrack_tcp_be_liberal", "net.netfilter.nf_conntrack_tcp_loose",
        "net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables",
    ]

    private mutating func gatherSettings() {
        for name in Self.settings {
            let path = "/proc/sys/" + name.split(separator: ".").joined(separator: "/")
            facts.settings[name] = HostFile.number(path)
        }
        facts.interfaces = HostFile.read("/proc/net/dev").value.map(HostTexts.interfaces) ?? []
        for interface in facts.interfaces {
            facts.settings["net.ipv4.conf.\(interface).rp_filter"] =
                HostFile.number("/proc/sys/net/ipv4/conf/\(interface)/rp_filter")
        }
    }

    /// The most interfaces that ethtool is asked about; hosts with more have one for each customer.
    private static let mostInterfaces = 64

    private mutating func gatherInterfaces() async {
        let ip = Program(name: "ip")
        facts.bridges = await Self.output(ip, ["-o", "link", "show", "type", "bridge"]).map(HostTexts.links)
        var routes: [HostFacts.DefaultRoutes] = []
        for version in [4, 6] {
            guard let text = await Self.output(ip, ["-\(version)", "route", "show", "default"]).value else { continue }
            let interfaces = HostTexts.defaultRouteInterfaces(text)
            routes.append(HostFacts.DefaultRoutes(version: version, interfaces: interfaces))
        }
        if routes.isEmpty == false { facts.defaultRoutes = .known(routes) }
        let ethtool = Program(name: "ethtool")
        guard await ethtool.isInstalled() else {
            facts.features = .unknown("ethtool is not installed (apt-get install ethtool)")
            return
        }
        var features: [String: [String: Bool]] = [:]
        for interface in facts.interfaces.prefix(Self.mostInterfaces) {
            guard let text = await Self.output(ethtool, ["-k", interface]).value else { continue }
            features[interface] = HostTexts.features(text)
        }
        facts.features = .known(features)
    }

    private mutating func gatherClock() async {
        let timedatectl = Program(name: "timedatectl")
        facts.clockIsSynchronised =
            switch await Self.output(timedatectl, ["show", "--property=NTPSynchronized", "--value"]) {
            case .known(let text): .known(text.hasPrefix("yes"))
            case .unknown, .denied: .unknown("no timedatectl tells whether it is")
            }
    }

    // MARK: - Files

    private mutating func gatherFiles() {
        let configuration = facts.configuration
        for list in configuration.lists {
            let isFetched = list.url != nil
            add("list \"\(list.id)\"", list.path, isFetched: isFetched, expiry(of: list))
            let trust = configuration.trust(for: list)
            for path in trust.publishers { addKey("publisher's key of list \"\(list.id)\"", path) }
            if let path = trust.operatorKey { addKey("operator's key", path) }
            if let path = trust.sealKey, path.hasPrefix("credential:") == false { addSealKey(path) }
            if let path = list.testNames { add("test names of list \"\(list.id)\"", path) }
        }
        for path in configuration.trust.approvers { addKey("approver's key", path) }
        if let path = configuration.allow { add("allow list", path) }
        if let path = configuration.endpoints { add("endpoints of DNS over HTTPS", path) }
        if let path = configuration.gates.protected { add("protected names", path) }
        if let path = configuration.gates.publicSuffixes { add("public suffixes", path) }
    }

    /// The user of the sensor's unit.
    private static let unitUser = "grindvakt"

    /// Asks whether the user of the sensor's unit may read the files, where there is such a user.
    private mutating func gatherFileUsers() async {
        let users = HostFile.read("/etc/passwd").value ?? ""
        let runuser = Program(name: "runuser")
        guard commands.hasSystemd, users.split(separator: "\n").contains(where: { $0.hasPrefix("\(Self.unitUser):") }),
            let test = try? await runuser.run(["-u", Self.unitUser, "--", "true"]), test.isSuccess
        else { return }
        for index in facts.files.indices where facts.files[index].use == .known(nil) {
            let words = ["-u", Self.unitUser, "--", "test", "-r", facts.files[index].path]
            guard let answer = try? await runuser.run(words), answer.isSuccess == false else { continue }
            facts.files[index].deniedUser = Self.unitUser
        }
    }

    private mutating func add(
        _ role: String,
        _ path: String,
        isFetched: Bool = false,
        isSecret: Bool = false,
        _ more: String? = nil
    ) {
        // A key or a file of several lists is looked at once.
        guard facts.files.contains(where: { $0.path == path && $0.role == role }) == false else { return }
        var use = HostFile.readability(path)
        if case .known(nil) = use { use = .known(more) }
        facts.files.append(
            HostFacts.ConfiguredFile(role: role, path: path, isFetched: isFetched, use: use, isSecret: isSecret)
        )
    }

    private mutating func addKey(_ role: String, _ path: String) {
        do throws(TrustError) {
            _ = try VerificationKey.load(path)
            add(role, path)
        } catch {
            add(role, path, error.description)
        }
    }

    private mutating func addSealKey(_ path: String) {
        do throws(TrustError) {
            _ = try SealKey.load(path)
            add("seal key", path, isSecret: true)
        } catch {
            add("seal key", path, isSecret: true, error.description)
        }
    }

    /// Notes when a list expires by its file; returns what is wrong with a file of which that cannot be told.
    private mutating func expiry(of list: SensorConfiguration.List) -> String? {
        guard case .known(nil) = HostFile.readability(list.path) else { return nil }
        if SnapshotFile.isSnapshot(at: list.path) {
            do throws(ListFileError) {
                let header = try SnapshotFile.header(at: list.path)
                guard let entry = header.lists.first(where: { $0.descriptor.id == list.id }) else {
                    return "\(list.path): the snapshot has no list \"\(list.id)\""
                }
                note(list, entry.expiresAt.map { Double($0) })
            } catch {
                return error.description
            }
        } else if let signed = try? SignedStatement.load(SignedStatement.path(beside: list.path)) {
            note(list, signed.statement.release.expiresAt.map { Double($0.seconds) })
        }
        return nil
    }

    private mutating func note(_ list: SensorConfiguration.List, _ expiresAt: Double?) {
        guard let expiresAt else { return }
        facts.expiries.append(
            HostFacts.ListExpiry(id: list.id, expiresAt: expiresAt, isFetched: list.url != nil)
        )
    }
}
