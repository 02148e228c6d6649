import ArgumentParser
import NetfilterRules
import SensorConfiguration

/// `grindvakt rules show|apply|remove`: the netfilter rules that feed the queues.
struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Show, apply or remove the netfilter rules that feed the queues.",
        discussion: """
            The rules queue the packets of clients to DNS (UDP and TCP port 53), TLS (TCP port 443), QUIC (UDP port \
            443), HTTP (TCP port 80) and encrypted DNS (UDP and TCP port 853), and what DNS servers answer; a \
            configuration says which of them, and other ports. Flows that \
            the sensor has decided are marked, and the kernel alone accepts or drops their later packets. Everything \
            lies in a table (nft) or in chains (iptables) of its own; other rules are not touched. Rules of others \
            that use the same mark bits are an error.
            """,
        subcommands: [Show.self, Apply.self, Remove.self]
    )

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Print exactly what apply would feed to nft, or to iptables-restore and ip6tables-restore."
        )
        @OptionGroup var options: RuleOptions

        func run() async throws {
            RulesCommand.show(try await options.installed().texts(applying: options.ruleSet()))
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "apply",
            abstract: "Put the rules in place of earlier ones, at once and as a whole; twice is as good as once."
        )
        @OptionGroup var options: RuleOptions
        @Flag(help: "Check that the rules can be applied, print them, and change nothing.")
        var dryRun = false

        func run() async throws {
            let installed = try await options.installed()
            let rules = try options.ruleSet()
            if dryRun {
                try await installed.check(rules)
                RulesCommand.show(try await installed.texts(applying: rules))
            } else {
                try await installed.apply(rules)
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Remove the rules and nothing else.",
            discussion: """
                Without --backend both front ends are looked at, whichever applied the rules; the other options say \
                nothing here. Marks stay on the connections that were \
                decided until these end; without the rules nobody reads them. A built-in \
                table that iptables made for the rules stays, empty.
                """
        )

        @OptionGroup var options: RuleOptions
        @Flag(help: "Print what would be fed, and change nothing.")
        var dryRun = false

        func run() async throws {
            let backends = options.backend.map { [$0] } ?? RuleBackend.allCases
            let installed = InstalledRules(backend: options.backend ?? .iptables)
            if dryRun {
                RulesCommand.show(try await installed.texts(removing: backends))
            } else {
                try await installed.remove(backends)
            }
        }
    }

    private static func show(_ texts: [InstalledRules.Text]) {
        for text in texts {
            print("# \(text.command)\n\(text.input)", terminator: "")
        }
    }
}

/// The options that say which rules.
struct RuleOptions: ParsableArguments {
    @Option(help: "The configuration file of the sensor; the other options win over it.")
    var config: String?
    @Option(help: "nft or iptables; without it nft where the kernel knows its queue statement.")
    var backend: RuleBackend?
    @Option(help: ArgumentHelp("The queues: one number, or first:last.", valueName: "first:last"))
    var queues: QueueNumbers?
    @Flag(inversion: .prefixedNo, help: "Queue packets that this host routes.")
    var forwarded: Bool?
    @Flag(inversion: .prefixedNo, help: "Queue packets to this host, for a resolver on it.")
    var received: Bool?
    @Flag(inversion: .prefixedNo, help: "Queue packets from this host.")
    var generated: Bool?

    func installed() async throws -> InstalledRules {
        if let backend {
            return InstalledRules(backend: backend)
        }
        return InstalledRules(backend: await InstalledRules.defaultBackend())
    }

    func ruleSet() throws -> RuleSet {
        var rules = try config.map(Self.ruleSet(configPath:)) ?? RuleSet()
        rules.queues = queues?.range ?? rules.queues
        rules.forwarded = forwarded ?? rules.forwarded
        rules.received = received ?? rules.received
        rules.generated = generated ?? rules.generated
        return rules
    }

    /// The rules that a configuration file asks for.
    private static func ruleSet(configPath: String) throws -> RuleSet {
        try ConfigurationFile(path: configPath, lists: [], isLenient: false).read().rules
    }
}

extension RuleBackend: ExpressibleByArgument {}
