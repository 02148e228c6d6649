import ArgumentParser
import SensorConfiguration

/// `grindvakt run`: the sensor.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
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

    @Option(help: ArgumentHelp("The queues: one number, or first:last, one worker each.", valueName: "first:last"))
    var queues: QueueNumbers?

    @Option(help: ArgumentHelp("The metrics socket.", valueName: "path"), completion: .file())
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "Let the counters be read over TCP, too, as at 127.0.0.1:9469 or [::1]:9469.",
            valueName: "address:port"
        )
    )
    var listen: ListenAddress?

    @Flag(help: "Leave bad lines of the lists out, and log which, instead of refusing the list.")
    var lenient = false

    @OptionGroup
    var log: LogOptions

    func validate() throws {
        guard config != nil || list.isEmpty == false else {
            throw ValidationError("nothing to look for; give --config FILE or --list FILE")
        }
    }

    func run() async throws {
        let file = ConfigurationFile(path: config, lists: list, isLenient: lenient)
        try await Sensor.run(
            file,
            adjust: { configuration in
                if let queues { configuration.queues = queues.range }
                if let socket { configuration.socket = socket }
                if let listen { configuration.metrics.listen = listen }
                log.apply(to: &configuration.log)
            },
            start: { sensor in try sensor.start() }
        )
    }
}
