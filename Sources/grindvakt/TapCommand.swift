import ArgumentParser
import Confinement
import SensorConfiguration

/// `grindvakt tap`: the sensor on a mirror port.
struct TapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tap",
        _superCommandName: Grindvakt.name,
        abstract: "Inspect the packets of an interface and count what would be stopped; nothing is stopped.",
        discussion: """
            Measures before blocking: the lists, counters and sockets are those of `grindvakt run`, the packets come from a mirror port (or any \
            interface of this host), and they are only looked at. Needs CAP_NET_RAW.

              grindvakt tap -i eth1 --list police.txt
              grindvakt tap -i eth1 -i eth2 --config /etc/grindvakt/grindvakt.toml
              grindvakt tap -i eth1 --list police.txt --filter 'port 53 or port 443'

            grindvakt_matches_total tells what a list would have stopped, under the list's own action. Every packet counts as accepted, since it \
            was. The queues and rules of the configuration are passed over; TLS is read on every port, as --filter lets it. Frames that came too \
            fast are in grindvakt_tap_packets_dropped_total: give more --buffer, or a narrower --filter. A filter sees the outermost header: \
            write 'vlan and (port 53)' for tagged frames. On a router `any` sees a forwarded packet twice, so tap one of its sides.

            The numbers of the label `queue` are the interfaces in the order of the command line. Each has one thread; the packets of one \
            interface are not spread over several.

            An interface that goes down or away is logged once and read again when it is back. SIGHUP (or `grindvakt reload`) reads the lists \
            anew; SIGTERM and SIGINT end with status 0. Neither names nor addresses are logged or counted.
            """
    )

    @Option(
        name: [.customShort("i"), .long],
        help: ArgumentHelp("An interface, or any; once per interface, one worker each.", valueName: "name")
    )
    var interface: [String] = []

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

    @Option(help: ArgumentHelp("Which frames are looked at, as in pcap-filter(7).", valueName: "expression"))
    var filter: String?

    @Option(
        help: ArgumentHelp(
            "Octets of each frame, 128 to 262144 (default: 65600, which holds any).",
            valueName: "octets"
        )
    )
    var snapshotLength: Int?

    @Option(
        help: ArgumentHelp(
            "Octets of memory per interface for frames that wait (default: the configuration's receive-buffer, 32 MiB).",
            valueName: "octets"
        )
    )
    var buffer: Int?

    @Flag(
        inversion: .prefixedNo,
        help: "Also look at frames that are addressed to other stations, as all are on a mirror port."
    )
    var promiscuous = true

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
        guard interface.isEmpty == false else { throw ValidationError("nothing to look at; give -i INTERFACE") }
        for (index, name) in interface.enumerated() where interface[..<index].contains(name) {
            throw ValidationError("interface \(name) is given twice; give it once")
        }
        guard config != nil || list.isEmpty == false else {
            throw ValidationError("nothing to look for; give --config FILE or --list FILE")
        }
        if let snapshotLength, (128...262_144).contains(snapshotLength) == false {
            throw ValidationError("--snapshot-length must lie between 128 and 262144")
        }
        if let buffer, (65_536...1 << 30).contains(buffer) == false {
            throw ValidationError("--buffer must lie between 65536 and \(1 << 30)")
        }
    }

    func run() async throws {
        let taps = InterfaceTaps(
            interfaces: interface,
            filter: filter,
            snapshotLength: snapshotLength,
            buffer: buffer,
            isPromiscuous: promiscuous
        )
        try await Sensor.run(
            ConfigurationFile(path: config, lists: list, isLenient: lenient),
            adjust: { configuration in
                if let socket { configuration.socket = socket }
                if let listen { configuration.metrics.listen = listen }
                log.apply(to: &configuration.log)
            },
            job: .interfaces,
            start: { sensor in try sensor.start(taps) }
        )
    }
}
