import ArgumentParser
import Confinement
import SensorConfiguration

/// `grindvakt run`: the sensor.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        _superCommandName: Grindvakt.name,
        abstract: "Inspect the packets of netfilter queues and stop those that ask for a listed name.",
        discussion: """
            Feed the queues with `grindvakt rules apply`. While the sensor does not run, the kernel lets packets pass.

              grindvakt run --config /etc/grindvakt/grindvakt.toml
              grindvakt run --list police.txt --queues 0:1

            SIGHUP (or `grindvakt reload`) reads the lists anew; a list that cannot be used changes nothing. SIGTERM and SIGINT stop the sensor \
            once every packet in hand has its verdict. Neither names nor addresses are logged or counted.
            """
    )

    @Option(help: ArgumentHelp("The configuration (TOML).", valueName: "file"), completion: .file(extensions: ["toml"]))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "A list of domains; once per list. Its id is the file's name, its action drop.",
            valueName: "file"
        ),
        completion: .file()
    )
    var list: [String] = []

    @OptionGroup
    var overrides: ConfigurationOverrides

    @Flag(help: "Leave bad lines of the lists out, and log which, instead of refusing the list.")
    var lenient = false

    @Flag(
        help: ArgumentHelp(
            "Take the queues of the sensor that runs, once the lists are read; it ends then.",
            discussion: """
                The sensor that runs with the same metrics socket judges packets until this one is ready, and goes on where this one cannot start. \
                No packet is lost or passes unseen.
                """
        )
    )
    var takeOver = false

    @Flag(
        help: ArgumentHelp(
            "Leave the queues to systemd at SIGTERM, for the next start.",
            discussion:
                "Needs FileDescriptorStoreMax= in the unit, with room for each queue and six more. SIGINT lets them go."
        )
    )
    var keepQueues = false

    func validate() throws {
        guard config != nil || list.isEmpty == false else {
            throw ValidationError("nothing to look for; give --config FILE or --list FILE")
        }
    }

    func run() async throws {
        let file = ConfigurationFile(path: config, lists: list, isLenient: lenient)
        try await Sensor.run(
            file,
            adjust: overrides.apply(to:),
            job: .queues,
            succession: SuccessionOptions(isInLine: true, takesOver: takeOver, keepsQueues: keepQueues),
            start: { sensor in try sensor.start() }
        )
    }
}
