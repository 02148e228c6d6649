import ArgumentParser
import CaptureFiles
import NetfilterQueue

/// `grindvakt replay`: the sensor's own pipeline over capture files.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        _superCommandName: Grindvakt.name,
        abstract: "Inspect pcap and pcapng files as the sensor would inspect live packets.",
        discussion: """
            Reports a line per name that is on a list, and a summary per file. Each file is inspected on its own, with its own \
            timestamps, so the same capture always gives the same output. With --expect every name is compared if the earlier \
            output lists names that are on no list.

            A regression test in one line, from an output that was kept:
              grindvakt replay day.pcap --list police.txt --output jsonl > day.jsonl
              grindvakt replay day.pcap --list police.txt --expect day.jsonl

            Exit status: 0 done; 1 something differs from --expect; 2 a file could not be read or written to its end, \
            after the others were.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "A capture, - for standard input, or a folder: every *.pcap, *.pcapng, *.cap and *.pcap? in it and below.",
            valueName: "capture"
        )
    )
    var captures: [String]

    @Option(help: ArgumentHelp("A blocklist; once per list.", valueName: "file"))
    var list: [String] = []

    @Option(help: ArgumentHelp("A snapshot, with all of its lists; once per snapshot.", valueName: "file"))
    var snapshot: [String] = []

    @OptionGroup var sealed: SealOptions

    @Flag(help: "Leave bad lines of the lists out, and say which, instead of refusing the list.")
    var lenient = false

    @Option(help: ArgumentHelp("The sensor's configuration: its lists, exceptions and switches.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("The form of the output: aligned text, or a JSON object per line.", valueName: "format"))
    var output: ReplayFormat = .text

    @Flag(help: "List every name that was read, not only those on a list.")
    var names = false

    @Option(
        help: ArgumentHelp(
            "Compare with an earlier jsonl output: print only what differs, and exit with 1 if anything does.",
            valueName: "file"
        )
    )
    var expect: String?

    @Option(help: ArgumentHelp("Write the accepted packets to a pcap file.", valueName: "file"))
    var writePassed: String?

    @Option(help: ArgumentHelp("Write the dropped packets to a pcap file.", valueName: "file"))
    var writeBlocked: String?

    @Option(
        help: ArgumentHelp(
            "How many captures to read at a time; without it as many as there are processors. The output is the same.",
            valueName: "count"
        )
    )
    var jobs: Int?

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs \(jobs) reads nothing; give 1 or more") }
    }

    func run() async throws {
        for path in snapshot { try requireSnapshot(path) }
        let (blocklist, inspection) = try loadBlocklist(
            ConfigurationFile(path: config, lists: list + snapshot, isLenient: lenient, sealKey: sealed.seal)
        )
        BufferedOutput.ignoreClosedPipes()
        // Each file has an inspector of its own, whose memory would stay.
        ProcessLimits.returnLargeBlocks()
        var options = ReplayOptions(captures: captures)
        options.format = output
        options.listsEveryName = names
        options.expectation = expect
        options.passed = writePassed
        options.blocked = writeBlocked
        options.jobs = jobs ?? ProcessLimits.processors
        let status = await ReplayRun(options, configuration: inspection, blocklist: blocklist).run()
        if status != 0 { throw ExitCode(status) }
    }
}

extension ReplayFormat: ExpressibleByArgument {}
