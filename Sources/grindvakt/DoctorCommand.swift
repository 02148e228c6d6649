import ArgumentParser
import Glibc
import HostChecks
import NetfilterRules
import SensorConfiguration
import SystemPackage

/// `grindvakt doctor`: what is wrong with this host.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        _superCommandName: Grindvakt.name,
        abstract: "Look at this host and say what is wrong, why it matters, and what mends it.",
        discussion: """
            Looks at the queues and who has them, the netfilter rules of everybody, mark bits, flowtables and offloads, routes, connection \
            tracking, the running sensor, its lists and its files. Nothing is changed. Give it the configuration that the sensor runs with; \
            without one the running sensor is asked for its queues.

              grindvakt doctor --config /etc/grindvakt/grindvakt.toml
              grindvakt doctor --json | jq -r '.findings[].command | values'

            A fault means that traffic is not inspected or is harmed; a warning, that something will go wrong; a note is worth knowing. Commands \
            are for a shell, one by one; run doctor again after each. List entries and clients' addresses are never printed.

            Exit status: 0 no fault and no warning; 1 some; 2 bad usage or configuration; 3 a privilege is missing, which is named: checks that \
            need none are shown all the same.
            """
    )

    @Option(help: ArgumentHelp("The configuration (TOML).", valueName: "file"), completion: .file(extensions: ["toml"]))
    var config: String?

    @Option(
        help: ArgumentHelp("The sensor's metrics socket, instead of the configuration's.", valueName: "path"),
        completion: .file()
    )
    var socket: String?

    @Option(help: "nft or iptables; without it the one that the rules are in.")
    var backend: RuleBackend?

    @Flag(help: "Print one JSON document.")
    var json = false

    @Flag(name: .shortAndLong, help: "List the checks that passed, too, and those that say nothing here.")
    var verbose = false

    func run() async throws {
        let file = ConfigurationFile(path: config, lists: [], isLenient: false)
        var configuration = try file.read()
        if let socket { configuration.socket = socket }
        let facts = await HostGatherer.facts(
            configuration,
            files: try config.map { try ConfigurationFileText.load($0) } ?? [],
            backend: backend,
            stateDirectory: configuration.state.directory
        )
        let report = HostReport(facts)
        try FileDescriptor.standardOutput.writeAll((json ? report.json : report.text(isVerbose: verbose)).utf8)
        guard report.exitStatus == 0 else { Grindvakt.systemExit(report.exitStatus) }
    }
}
