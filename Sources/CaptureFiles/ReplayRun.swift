package import Blocklists
import Glibc
package import Inspection

/// What replay is asked to do.
package struct ReplayOptions: Sendable {
    /// Files and folders in the order they are to be read; `-` for the standard input.
    package var captures: [String]
    /// The form of the output.
    package var format = ReplayFormat.text
    /// Whether names that are on no list are reported, too.
    package var listsEveryName = false
    /// An earlier `jsonl` output to compare with; the differences then take the place of the records.
    package var expectation: String?
    /// Where the accepted packets are to be written.
    package var passed: String?
    /// Where the dropped packets are to be written.
    package var blocked: String?

    /// Replay of these captures with records as text on the standard output.
    package init(captures: [String]) {
        self.captures = captures
    }
}

/// The descriptors a replay works with, which stay their opener's.
package struct ReplayDescriptors: Sendable {
    /// What `-` is read from.
    package var input = STDIN_FILENO
    /// Where records or differences go.
    package var output = STDOUT_FILENO
    /// Where messages and the progress line go.
    package var messages = STDERR_FILENO

    /// The standard descriptors.
    package init() {}
}

/// Captures through the engine: records or differences to one descriptor, messages to another, packets to files.
///
/// Every file meets an inspector of its own.
package struct ReplayRun: ~Copyable {
    private let options: ReplayOptions
    private let descriptors: ReplayDescriptors
    private let configuration: InspectorConfiguration
    private let blocklists: BlocklistSource
    private let report: ReplayReport

    private var output: BufferedOutput
    private var messages: BufferedOutput
    private var progress: ProgressLine
    /// Whether the records go to a terminal, which then is the one that the progress line stands on.
    private let isShownWithProgress: Bool
    private var status: Status = .done

    private var expectation: Expectation?
    private var found: [FileRecords] = []
    private var passed: CaptureWriter?
    private var blocked: CaptureWriter?
    /// The standard input, where it had to be opened before its turn.
    private var openedInput: CaptureFile?

    /// Exit statuses as the command line promises them.
    private enum Status: Int32 {
        case done = 0
        case differs = 1
        case badInput = 2
    }

    /// Frames between two looks at the clock.
    private static let progressStride = 1024

    /// A replay with these lists.
    package init(
        _ options: ReplayOptions,
        configuration: InspectorConfiguration,
        blocklist: Blocklist,
        descriptors: ReplayDescriptors = ReplayDescriptors()
    ) {
        self.options = options
        self.descriptors = descriptors
        self.configuration = configuration
        blocklists = BlocklistSource(blocklist)
        report = ReplayReport(format: options.format, lists: blocklist.lists.map(\.id))
        output = BufferedOutput(descriptor: descriptors.output)
        messages = BufferedOutput(descriptor: descriptors.messages)
        progress = ProgressLine(descriptor: descriptors.messages, isTerminal: isatty(descriptors.messages) == 1)
        isShownWithProgress = isatty(descriptors.output) == 1
    }

    /// Does everything that was asked for.
    ///
    /// A reader of the output that goes away ends the records in silence; packets are still sorted and differences still counted.
    /// - Returns: the exit status: 0 done; 1 something differs from the expectation; 2 an input or output file could not be read or
    ///   written to its end, after the others were.
    package consuming func run() -> Int32 {
        replay()
        output.flush()
        if let failure = output.failure { refuse("standard output cannot be written: \(failure); make room for it") }
        return status.rawValue
    }

    private mutating func replay() {
        var paths: [CapturePath] = []
        for argument in options.captures {
            do throws(CaptureError) {
                paths += try CapturePath.expand(argument)
            } catch {
                refuse("\(argument) \(error.explanation)")
            }
        }
        guard paths.count(where: { $0 == .standardInput }) < 2 else {
            return refuse("standard input can be read only once; give - once")
        }
        guard readExpectation(), openWriters(&paths) else { return }

        for path in paths {
            replay(path)
            if output.isClosed, expectation == nil, options.passed == nil, options.blocked == nil { break }
        }

        commitWriters()
        if let expectation, let file = options.expectation {
            let count = expectation.appendDifferences(to: found, as: report, to: &output.buffer)
            guard count > 0 else { return }
            if status == .done { status = .differs }
            say("\(count) \(count == 1 ? "line differs" : "lines differ") from \(file)")
        }
    }

    private mutating func replay(_ path: CapturePath) {
        do throws(CaptureError) {
            let capture: CaptureFile
            if path == .standardInput, let opened = openedInput.take() {
                capture = opened
            } else {
                capture = try CaptureFile(opening: path, standardInput: descriptors.input)
            }
            try replay(capture, named: path.displayName)
        } catch {
            refuse(path, error)
        }
    }

    /// Reads a capture to its end or to where it breaks; what was read is reported either way.
    private mutating func replay(_ capture: consuming CaptureFile, named name: String) throws(CaptureError) {
        let listsEveryName = options.listsEveryName || expectation?.listsEveryName == true
        let keepsRecords = expectation != nil
        var names: [NameRecord] = []
        var line = NameLine()
        var lines = TextLine()
        let size = capture.size
        var replay = Replay(capture, named: name, configuration: configuration, blocklists: blocklists)
        var failure: CaptureError?
        progress.begin(name)
        do throws(CaptureError) {
            while try replay.advance() {
                for index in 0..<replay.nameCount {
                    guard replay.read(nameAt: index, matchesOnly: listsEveryName == false, into: &line) else {
                        continue
                    }
                    guard keepsRecords == false else {
                        names.append(NameRecord(line))
                        continue
                    }
                    report.write(line, to: &lines)
                }
                switch replay.verdict {
                case .accept: passed?.append(replay.capture)
                case .drop: blocked?.append(replay.capture)
                }
                if lines.count >= BufferedOutput.chunk {
                    if isShownWithProgress { progress.erase() }
                    output.write(lines)
                    lines.removeAll()
                }
                if replay.summary.packets % Self.progressStride == 0 {
                    progress.update(
                        position: replay.capture.position,
                        size: size,
                        packets: replay.summary.packets
                    )
                }
            }
        } catch {
            failure = error
        }
        output.write(lines)
        if keepsRecords {
            found.append(FileRecords(names: names, summary: replay.summary))
        } else {
            report.append(replay.summary, to: &output.buffer)
        }
        flush()
        if let failure { throw failure }
    }

    private mutating func readExpectation() -> Bool {
        guard let file = options.expectation else { return true }
        let content: [UInt8]
        do throws(CaptureError) {
            content = try readWholeFile(Array(file.utf8))
        } catch {
            refuse("\(file) \(error.explanation)")
            return false
        }
        do throws(ExpectationError) {
            expectation = try Expectation(parsing: content)
        } catch {
            refuse("\(file):\(error.line) \(error.reason); make it anew with --output jsonl")
            return false
        }
        return true
    }

    // MARK: sorted captures

    /// Starts the output files if any are wanted; inputs that cannot be opened are reported and left out.
    ///
    /// - Returns: false where nothing is to be done, since a file could not hold what was asked for.
    private mutating func openWriters(_ paths: inout [CapturePath]) -> Bool {
        guard options.passed != nil || options.blocked != nil else { return true }
        guard targetsAreSafe(inputs: paths) else { return false }
        // One pcap file holds one link type; pcapng holds whatever comes.
        var dataLinkType: Int32?
        var isMixed = false
        var readable: [CapturePath] = []
        for path in paths {
            do throws(CaptureError) {
                let capture = try CaptureFile(opening: path, standardInput: descriptors.input)
                let first = dataLinkType ?? capture.dataLinkType
                isMixed = isMixed || capture.format == .pcapng || capture.dataLinkType != first
                dataLinkType = first
                if path == .standardInput { openedInput = consume capture }
                readable.append(path)
            } catch {
                refuse(path, error)
            }
        }
        paths = readable
        guard dataLinkType != nil else { return false }
        if isMixed { dataLinkType = nil }
        do throws(OutputError) {
            if let file = options.passed { passed = try CaptureWriter(path: file, dataLinkType: dataLinkType) }
            if let file = options.blocked { blocked = try CaptureWriter(path: file, dataLinkType: dataLinkType) }
        } catch {
            refuse(error.explanation)
            return false
        }
        return true
    }

    /// Whether the output files are different ones, and none of them an input.
    private mutating func targetsAreSafe(inputs: [CapturePath]) -> Bool {
        let targets = [options.passed, options.blocked].compactMap(\.self)
        let known = targets.map { FileStatus(following: Array($0.utf8)) }
        if targets.count == 2 {
            var isSame = targets[0] == targets[1]
            if let one = known[0], let other = known[1] { isSame = isSame || one.isSameFile(as: other) }
            guard !isSame else {
                refuse("\(targets[0]) is to hold both the passed and the blocked packets; name two files")
                return false
            }
        }
        for case .file(let bytes) in inputs {
            guard let input = FileStatus(following: bytes) else { continue }
            for (target, status) in zip(targets, known) where status?.isSameFile(as: input) == true {
                refuse("\(target) is one of the captures to be read; name another file to write to")
                return false
            }
        }
        return true
    }

    private mutating func commitWriters() {
        do throws(OutputError) {
            if let writer = passed.take() { try writer.commit() }
            if let writer = blocked.take() { try writer.commit() }
        } catch {
            refuse(error.explanation)
        }
    }

    // MARK: messages

    /// Sends off the records so far; the progress line makes way, in case both are on one terminal.
    private mutating func flush() {
        progress.erase()
        output.flush()
    }

    private mutating func refuse(_ path: CapturePath, _ error: CaptureError) {
        refuse("\(path.spokenName) \(error.explanation)")
    }

    private mutating func refuse(_ message: String) {
        status = .badInput
        say(message)
    }

    private mutating func say(_ message: String) {
        flush()
        messages.buffer += Array("grindvakt: \(printable(message))\n".utf8)
        messages.flush()
    }
}

extension CapturePath {
    /// The path as a message names it.
    fileprivate var spokenName: String {
        switch self {
        case .standardInput: "standard input"
        case .file: displayName
        }
    }
}
