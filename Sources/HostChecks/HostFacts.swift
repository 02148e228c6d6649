package import Confinement
package import ControlSocket
package import NetfilterQueue
package import NetfilterRules
package import SensorConfiguration

/// Everything that the checks look at, gathered once.
///
/// A fact that nobody gathered is unknown, so that a check of it says so and finds nothing.
package struct HostFacts: Sendable {
    /// What the operator wants.
    package var configuration: SensorConfiguration
    /// How commands are written that mend something.
    package var commands: CommandWriter
    /// When the facts were gathered, in seconds since 1970-01-01 UTC.
    package var now = 0.0

    /// What became of the question to the sensor's socket.
    package var sensor: Fact<Sensor> = .notGathered
    /// The kernel's table of queues.
    package var queues: Fact<[KernelQueue]> = .notGathered
    /// The processes that have the sockets of the queues, by netlink port.
    package var owners: Fact<[UInt32: Owner]> = .notGathered

    /// What the kernel says of the sensor's process.
    package var confinement: Fact<ProcessStatus> = .notGathered

    /// The front end that our rules are in; where there are none, the one that would be used.
    package var backend: RuleBackend = .iptables
    /// Whether the kernel knows nft's queue statement.
    package var knowsQueueStatement: Fact<Bool> = .notGathered
    /// What of iptables the kernel refused in an empty network namespace.
    package var refusedFeatures: Fact<[KernelFeature]> = .notGathered
    /// The rules of `iptables` and `ip6tables`.
    package var iptables: Fact<[IPTablesListing]> = .notGathered
    /// The rules of the other kind of iptables, `iptables-legacy` for one; empty where there is none.
    package var otherIPTables: [IPTablesListing] = []
    /// The rules of the configuration, as the programs list them in an empty network namespace.
    package var wantedIPTables: Fact<[IPTablesListing]> = .notGathered
    /// Where the rules of the configuration jump to our chains.
    package var wantedJumps: [WantedJump] = []
    /// All that nft lists.
    package var nft: Fact<NFTListing> = .notGathered
    /// Our table as nft lists it, line by line; empty where it is not there.
    package var ownTable: Fact<[String]> = .notGathered
    /// Our table as nft lists it in an empty network namespace.
    package var wantedTable: Fact<[String]> = .notGathered
    /// The rules of others that use mark bits.
    package var markUses: Fact<[MarkUse]> = .notGathered

    /// Settings of the kernel as sysctl names them, those that there are.
    package var settings: [String: Int] = [:]
    /// The interfaces, the loopback left out.
    package var interfaces: [String] = []
    /// The bridges among the interfaces.
    package var bridges: Fact<[String]> = .notGathered
    /// What can be switched on an interface, by interface and feature as ethtool names them.
    package var features: Fact<[String: [String: Bool]]> = .notGathered
    /// The interfaces that default routes lead to, IPv4 and IPv6 apart.
    package var defaultRoutes: Fact<[DefaultRoutes]> = .notGathered

    /// The files that the configuration names.
    package var files: [ConfiguredFile] = []
    /// When the lists of the configuration expire by their files, those that say so.
    package var expiries: [ListExpiry] = []
    /// The state directory; nil where none is configured.
    package var stateDirectory: StateDirectory?
    /// Whether the clock is synchronised.
    package var clockIsSynchronised: Fact<Bool> = .notGathered
    /// Whether this process lies in the first user namespace, where CAP_NET_ADMIN lifts the limit on receive buffers.
    package var isInFirstUserNamespace = true

    /// Facts of which none is known yet.
    package init(configuration: SensorConfiguration, commands: CommandWriter) {
        self.configuration = configuration
        self.commands = commands
    }

    /// The sensor, as its socket shows it.
    package enum Sensor: Sendable {
        /// It answered.
        case running(StatusDocument)
        /// The socket is there, and nobody listens.
        case stale
        /// There is no socket.
        case absent
        /// It did not answer as it should; the line says how.
        case silent(String)
    }

    /// A process that has a queue's socket.
    package struct Owner: Sendable, Hashable {
        /// The process's number.
        package var process: Int32
        /// The program's name.
        package var program: String

        /// Collects a process.
        package init(process: Int32, program: String) {
            self.process = process
            self.program = program
        }
    }

    /// The interfaces of the default routes of one address family.
    package struct DefaultRoutes: Sendable, Equatable {
        /// 4 or 6.
        package var version: Int
        /// The interfaces, each once.
        package var interfaces: [String]

        /// Collects the interfaces.
        package init(version: Int, interfaces: [String]) {
            self.version = version
            self.interfaces = interfaces
        }
    }

    /// A file that the configuration names.
    package struct ConfiguredFile: Sendable, Equatable {
        /// What it is for: `list "police"`, say.
        package var role: String
        /// Where it is.
        package var path: String
        /// Whether `list fetch` puts it there.
        package var isFetched: Bool
        /// Nothing where it can be used, else why it cannot; a privilege where only that is missing.
        package var use: Fact<String?>
        /// The user as whom the sensor runs, where that user may not read the file.
        package var deniedUser: String?
        /// Whether nobody but its owner may read it.
        package var isSecret: Bool

        /// Collects a file.
        package init(
            role: String,
            path: String,
            isFetched: Bool = false,
            use: Fact<String?>,
            deniedUser: String? = nil,
            isSecret: Bool = false
        ) {
            self.role = role
            self.path = path
            self.isFetched = isFetched
            self.use = use
            self.deniedUser = deniedUser
            self.isSecret = isSecret
        }
    }

    /// When a list's file expires.
    package struct ListExpiry: Sendable, Equatable {
        /// The list's identifier.
        package var id: String
        /// In seconds since 1970-01-01 UTC.
        package var expiresAt: Double
        /// Whether `list fetch` brings newer editions.
        package var isFetched: Bool

        /// Collects a list's time.
        package init(id: String, expiresAt: Double, isFetched: Bool = false) {
            self.id = id
            self.expiresAt = expiresAt
            self.isFetched = isFetched
        }
    }

    /// The state directory.
    package struct StateDirectory: Sendable, Equatable {
        /// What keeps the sensor from using it.
        package enum Fault: Sendable, Equatable {
            case missing, noDirectory, notWritable
        }

        /// Where it is.
        package var path: String
        /// Nil where it can be used.
        package var fault: Fault?

        /// Collects what is known of it.
        package init(path: String, fault: Fault? = nil) {
            self.path = path
            self.fault = fault
        }
    }
}

extension Fact {
    /// Of what nobody has looked at.
    static var notGathered: Fact { .unknown("not looked at") }
}

extension HostFacts {
    /// The status of the running sensor.
    ///
    /// - Throws: ``Unexamined`` where none answers.
    func status() throws(Unexamined) -> StatusDocument {
        guard case .running(let status) = try sensor.known() else {
            throw .unknown("no sensor answers at \(configuration.socket)")
        }
        return status
    }
}

/// Something of iptables that rules need.
package struct KernelFeature: Sendable, Hashable {
    /// What iptables calls it: `NFQUEUE`, say.
    package var name: String
    /// The kernel's module that has it.
    package var module: String
    /// The table and the rule by which it is tried.
    package var probe: [String]
    /// What goes wrong without it.
    package var reason: String
    /// Whether nothing is inspected without it.
    package var isEssential: Bool

    /// Everything that rules of ours need, in every version of them.
    package static let all: [KernelFeature] = [
        KernelFeature(
            name: "NFQUEUE",
            module: "xt_NFQUEUE",
            probe: ["mangle", "FORWARD", "-j", "NFQUEUE", "--queue-num", "0", "--queue-bypass"],
            reason: "Without it no packet reaches the sensor.",
            isEssential: true
        ),
        KernelFeature(
            name: "connmark",
            module: "xt_connmark",
            probe: ["mangle", "FORWARD", "-m", "connmark", "--mark", "0x1/0x1", "-j", "RETURN"],
            reason: "Without it decided flows stay in user space, and the rules cannot be applied.",
            isEssential: true
        ),
        KernelFeature(
            name: "CONNMARK",
            module: "xt_connmark",
            probe: ["mangle", "FORWARD", "-j", "CONNMARK", "--save-mark", "--nfmask", "0x1", "--ctmask", "0x1"],
            reason: "Without it a decision about a flow is not kept, and the rules cannot be applied.",
            isEssential: true
        ),
        KernelFeature(
            name: "mark",
            module: "xt_mark",
            probe: ["mangle", "FORWARD", "-m", "mark", "--mark", "0x1/0x1", "-j", "RETURN"],
            reason: "Without it the sensor's verdicts cannot be read, and the rules cannot be applied.",
            isEssential: true
        ),
        KernelFeature(
            name: "multiport",
            module: "xt_multiport",
            probe: ["mangle", "FORWARD", "-p", "tcp", "-m", "multiport", "--dports", "80,443", "-j", "RETURN"],
            reason: "Without it several ports cannot share a rule, and the rules cannot be applied.",
            isEssential: true
        ),
        KernelFeature(
            name: "u32",
            module: "xt_u32",
            probe: [
                "mangle", "FORWARD", "-p", "udp", "-m", "u32", "--u32", "0x0>>0x16&0x3c@0x8&0x80000000=0x80000000",
                "-j", "RETURN",
            ],
            reason:
                "Without it another QUIC connection between the same ports is not seen, and the rules cannot be applied.",
            isEssential: true
        ),
        KernelFeature(
            name: "REJECT",
            module: "ipt_REJECT",
            probe: ["filter", "FORWARD", "-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"],
            reason: "Without it the kernel cannot reset blocked flows, and their clients wait.",
            isEssential: false
        ),
        KernelFeature(
            name: "CT",
            module: "xt_CT",
            probe: ["raw", "OUTPUT", "-j", "CT", "--notrack"],
            reason: "Without it answers of the sensor's own are tracked as connections.",
            isEssential: false
        ),
    ]
}
