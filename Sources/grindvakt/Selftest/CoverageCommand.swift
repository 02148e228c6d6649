import ArgumentParser
import CoverageProbes
import ListFiles
import SensorConfiguration
import SystemPackage
import Telemetry

/// `grindvakt selftest coverage`: whether test names are blocked, as a client of the network finds it.
struct CoverageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coverage",
        abstract:
            "Ask for test names as a client does, by every mechanism, and tell which are blocked, how, and how soon.",
        discussion: """
            Run it on a host whose packets the sensor sees on their way, and not on the sensor itself. It sends ordinary packets, needs no privilege, \
            and asks only whom it is told to: a resolver, and a web host of the operator's own that answers on ports 80 and 443, \
            each by its addresses of IPv4 and IPv6.

            Test names are those that the lists of --config declare (test-names), or those of --names, one a line, which must lie under .test, \
            .example or .invalid: who could probe any name could find out what is listed. A file's name without its ending is the \
            list's id. At most 100 a list.

            A name on no list is asked for in the same way, before and after. Where that fails, too, the result is unclear and not \
            blocked. An answer by which a name does not exist counts as a block where it says so (RFC 8914), or where the name on no \
            list was answered with an address.

              grindvakt selftest coverage --names police.test-names \\
                --resolver 192.0.2.53 --resolver 2001:db8::53 \\
                --target 198.51.100.80 --target 2001:db8:1::80

            --record notes counts without names in FILE, for selftest certify.

            Exit status: 0 every name was blocked on every way; 1 some passed or are unclear; 2 bad usage or a file that cannot be used.
            """
    )

    @Option(help: ArgumentHelp("A configuration whose lists declare test names.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("A file of reserved test names of one list; may be repeated.", valueName: "file"))
    var names: [String] = []

    @Option(help: ArgumentHelp("Who is asked for DNS: an address; may be repeated.", valueName: "address"))
    var resolver: [AddressArgument] = []

    @Option(
        help: ArgumentHelp("Who is asked for TLS, QUIC and HTTP: an address; may be repeated.", valueName: "address")
    )
    var target: [AddressArgument] = []

    @Option(
        help: ArgumentHelp(
            "Only this mechanism: \(Mechanism.allCases.map(\.label).joined(separator: ", ")); may be repeated.",
            valueName: "mechanism"
        )
    )
    var mechanism: [MechanismArgument] = []

    @Option(
        help: ArgumentHelp(
            "An address that sinkholed names lead to, besides those of --config; may be repeated.",
            valueName: "address"
        )
    )
    var sinkhole: [AddressArgument] = []

    @Option(help: ArgumentHelp("Milliseconds until a probe counts as unanswered: 100 to 30000.", valueName: "ms"))
    var timeout = 2_000

    @Option(help: ArgumentHelp("Probes begun in a second: 1 to 200.", valueName: "number"))
    var rate = 20

    @Option(help: ArgumentHelp("The form of the output: text or json.", valueName: "format"))
    var output: CoverageOutput = .text

    @Option(help: ArgumentHelp("Note counts without names in this file.", valueName: "file"))
    var record: String?

    func run() async throws {
        guard (100...30_000).contains(timeout) else {
            throw ValidationError("--timeout \(timeout) is out of range; give 100 to 30000")
        }
        guard (1...200).contains(rate) else { throw ValidationError("--rate \(rate) is out of range; give 1 to 200") }
        let configuration = try config.map {
            try ConfigurationFile(path: $0, lists: [], isLenient: false).read()
        }
        let lists = try declared(configuration) + undeclared()
        guard lists.isEmpty == false else {
            throw ValidationError(
                config == nil
                    ? "no test names are given; name a file of them with --names, or a configuration with --config"
                    : "no list of the configuration has test-names; add them, or name a file of them with --names"
            )
        }
        let routes = try routes()
        let sinkholes =
            sinkhole.map(\.address)
            + [configuration?.responses.sinkholeV4, configuration?.responses.sinkholeV6].compactMap {
                $0.map { ProbeAddress($0) }
            }
        var pace = ProbePace()
        pace.timeout = timeout
        pace.perSecond = rate
        let results: [CoverageResult]
        do throws(ProbeError) {
            results = try ProbeRunner(pace: pace, sinkholes: sinkholes).probe(routes, lists)
        } catch {
            throw ProbeFailure(error)
        }
        let report = CoverageReport(results)
        if let record {
            let now = Timestamp.now.seconds
            try CoverageLog(record).append(CoverageRecord.records(of: results, at: now), at: now)
        }
        try printWhole(output == .text ? report.text : report.json)
        if report.isComplete == false { throw ExitCode(1) }
    }

    private func routes() throws -> [Probe.Route] {
        let mechanisms = mechanism.isEmpty ? Mechanism.allCases : mechanism.map(\.mechanism)
        let all = Probe.Route.all(
            mechanisms: mechanisms,
            resolvers: resolver.map(\.address),
            targets: target.map(\.address)
        )
        if mechanism.isEmpty == false {
            for wanted in mechanisms where all.contains(where: { $0.mechanism == wanted }) == false {
                let option = wanted.usualPort == 53 ? "--resolver" : "--target"
                throw ValidationError("nobody is named to ask by \(wanted.label); give \(option) an address")
            }
        }
        guard all.isEmpty == false else {
            throw ValidationError(
                "nobody is named to ask; give --resolver the address of a resolver, and --target that of a web host of yours"
            )
        }
        return all
    }

    /// The names that a configuration declares.
    private func declared(_ configuration: SensorConfiguration?) throws -> [TestNames] {
        var lists: [TestNames] = []
        for list in configuration?.lists ?? [] {
            guard let path = list.testNames else { continue }
            lists.append(
                try Self.names(in: path, of: list.id) { text throws(ProbeError) in try TestName(declared: text) }
            )
        }
        return lists
    }

    /// The names that nothing declares.
    private func undeclared() throws -> [TestNames] {
        try names.map { path in
            try Self.names(in: path, of: try ConfigurationFile.id(of: path)) { text throws(ProbeError) in
                try TestName(undeclared: text)
            }
        }
    }

    private static func names(
        in path: String,
        of list: String,
        _ make: (String) throws(ProbeError) -> TestName
    ) throws -> TestNames {
        var names: [TestName] = []
        // Commas and carriage returns apart, a line of a list of domains is a name and a comment.
        for (index, line) in try inputText(of: path, limit: 1 << 26).split(
            omittingEmptySubsequences: false,
            whereSeparator: \.isNewline
        ).enumerated() {
            let text = line.prefix { $0 != "#" }.filter { $0 != " " && $0 != "\t" }
            guard text.isEmpty == false else { continue }
            do throws(ProbeError) {
                names.append(try make(String(text)))
            } catch {
                throw Refusal(description: "\(path):\(index + 1): \(error)")
            }
        }
        do throws(ProbeError) {
            return try TestNames(list: list, names: names)
        } catch {
            throw Refusal(description: "\(path): \(error)")
        }
    }
}

/// An address on the command line.
struct AddressArgument: ExpressibleByArgument {
    let address: ProbeAddress

    init?(argument: String) {
        guard let address = ProbeAddress(argument) else { return nil }
        self.address = address
    }
}

/// A mechanism on the command line.
struct MechanismArgument: ExpressibleByArgument {
    let mechanism: Mechanism

    init?(argument: String) {
        guard let mechanism = Mechanism(label: argument) else { return nil }
        self.mechanism = mechanism
    }
}

/// The forms of what `selftest coverage` prints.
enum CoverageOutput: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// Probes that cannot be sent.
struct ProbeFailure: CommandFailure {
    let description: String
    let exitStatus: Int32

    init(_ error: ProbeError) {
        description = "selftest coverage: \(error)"
        if case .noSocket = error { exitStatus = 3 } else { exitStatus = 2 }
    }
}
