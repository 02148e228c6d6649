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
    /// How many captures are read at a time; one where packets are written, which come in the captures' order.
    package var jobs = 1
    /// Octets of lines of a capture that may wait for its turn.
    package var waitingLimit = 16 << 20

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
/// Every file meets an inspector of its own, so several can be read at a time; what is written does not depend on how many.
package struct ReplayRun: Sendable {
    private let options: ReplayOptions
    private let input: Int32
    private let configuration: InspectorConfiguration
    private let blocklists: BlocklistSource
    private let report: ReplayReport
    private let output: ReplayOutput

    /// A replay with these lists.
    package init(
        _ options: ReplayOptions,
        configuration: InspectorConfiguration,
        blocklist: Blocklist,
        descriptors: ReplayDescriptors = ReplayDescriptors()
    ) {
        self.options = options
        self.configuration = configuration
        input = descriptors.input
        blocklists = BlocklistSource(blocklist)
        report = ReplayReport(format: options.format, lists: blocklist.lists.map(\.id))
        output = ReplayOutput(descriptors)
    }

    /// Does everything that was asked for; to be called once.
    ///
    /// A reader of the output that goes away ends the records in silence; packets are still sorted and differences still counted.
    /// - Returns: the exit status: 0 done; 1 something differs from the expectation; 2 an input or output file could not be read or
    ///   written to its end, after the others were.
    package func run() async -> Int32 {
        await replay()
        return await output.end().rawValue
    }

    private func replay() async {
        var paths: [CapturePath] = []
        for argument in options.captures {
            do throws(CaptureError) {
                paths += try CapturePath.expand(argument)
            } catch {
                await output.refuse("\(argument) \(error.explanation)")
            }
        }
        guard paths.count(where: { $0 == .standardInput }) < 2 else {
            return await output.refuse("standard input can be read only once; give - once")
        }
        var expectation: Expectation?
        if let file = options.expectation {
            expectation = await readExpectation(file)
            guard expectation != nil else { return }
        }
        let work = ReplayWork(
            configuration: configuration,
            blocklists: blocklists,
            report: report,
            listsEveryName: options.listsEveryName || expectation?.listsEveryName == true,
            keepsRecords: expectation != nil
        )
        let found = sortsPackets ? await readSorting(paths, work) : await read(paths, work)
        guard let found, let expectation, let file = options.expectation else { return }
        let report = report
        let count = await output.append { expectation.appendDifferences(to: found, as: report, to: &$0) }
        if count > 0 { await output.differ("\(count) \(count == 1 ? "line differs" : "lines differ") from \(file)") }
    }

    private var sortsPackets: Bool { options.passed != nil || options.blocked != nil }

    /// Reads captures, several at a time.
    ///
    /// - Returns: the records of each in their order, where they are kept.
    private func read(_ paths: [CapturePath], _ work: ReplayWork) async -> [FileRecords] {
        await withTaskGroup(of: (place: Int, records: FileRecords?).self) { tasks in
            var found: [Int: FileRecords] = [:]
            // They are begun in their order, so that the one that has its turn is always among those being read.
            for place in paths.indices {
                if place >= options.jobs, let (place, records) = await tasks.next() { found[place] = records }
                tasks.addTask {
                    var unsorted = SortedCaptures()
                    return (place, await read(paths[place], place, work, &unsorted))
                }
            }
            for await (place, records) in tasks { found[place] = records }
            return paths.indices.compactMap { found[$0] }
        }
    }

    /// Reads a capture to its end or to where it breaks; what was read is reported either way.
    ///
    /// - Parameters:
    ///   - path: where it is.
    ///   - place: which of all captures it is.
    ///   - work: how it is to be read.
    ///   - opened: the capture, where it had to be opened before its turn.
    ///   - sorted: where packets go by their verdict.
    /// - Returns: its records, where they are kept.
    private func read(
        _ path: CapturePath,
        _ place: Int,
        _ work: ReplayWork,
        opened: consuming CaptureFile? = nil,
        _ sorted: inout SortedCaptures
    ) async -> FileRecords? {
        guard isInVain(work) == false else {
            await output.end(place, summary: [], failure: nil)
            return nil
        }
        var reading: ReplayReading
        do throws(CaptureError) {
            let capture: CaptureFile
            if let opened { capture = opened } else { capture = try CaptureFile(opening: path, standardInput: input) }
            reading = ReplayReading(capture, named: path.displayName, as: work)
        } catch {
            await output.end(place, summary: [], failure: "\(path.spokenName) \(error.explanation)")
            return nil
        }
        var lines = TextLine()
        var failure: String?
        reading: while isInVain(work) == false {
            let isPresent = output.turn == place
            let limit = isPresent ? BufferedOutput.chunk : options.waitingLimit
            switch reading.advance(until: limit, &lines, &sorted) {
            case .goesOn: break
            case .ended: break reading
            case .failed(let error):
                failure = "\(path.spokenName) \(error.explanation)"
                break reading
            }
            if lines.count >= limit { lines = await output.write(lines, of: place) }
            if isPresent, output.showsProgress { await output.show(path.displayName, reading.position) }
        }
        if work.keepsRecords == false {
            lines = await output.write(lines, of: place)
            await output.end(place, summary: reading.lastLine, failure: failure)
            return nil
        }
        await output.end(place, summary: [], failure: failure)
        return reading.records
    }

    /// Whether nobody is there any more for whom the rest would be read.
    private func isInVain(_ work: ReplayWork) -> Bool {
        output.isClosed && work.keepsRecords == false && sortsPackets == false
    }

    private func readExpectation(_ file: String) async -> Expectation? {
        let content: [UInt8]
        do throws(CaptureError) {
            content = try readWholeFile(Array(file.utf8))
        } catch {
            await output.refuse("\(file) \(error.explanation)")
            return nil
        }
        do throws(ExpectationError) {
            return try Expectation(parsing: content)
        } catch {
            await output.refuse("\(file):\(error.line) \(error.reason); make it anew with --output jsonl")
            return nil
        }
    }

    // MARK: sorted captures

    /// Reads captures one after another, and sorts their packets into files; inputs that cannot be opened are reported and left out.
    ///
    /// - Returns: the records of each in their order, where they are kept; nil where nothing was done, since a file could not hold what was
    ///   asked for.
    private func readSorting(_ paths: [CapturePath], _ work: ReplayWork) async -> [FileRecords]? {
        guard await targetsAreSafe(inputs: paths) else { return nil }
        // One pcap file holds one link type; pcapng holds whatever comes.
        var dataLinkType: Int32?
        var isMixed = false
        var readable: [CapturePath] = []
        var openedInput: CaptureFile?
        for path in paths {
            do throws(CaptureError) {
                let capture = try CaptureFile(opening: path, standardInput: input)
                let first = dataLinkType ?? capture.dataLinkType
                isMixed = isMixed || capture.format == .pcapng || capture.dataLinkType != first
                dataLinkType = first
                if path == .standardInput { openedInput = consume capture }
                readable.append(path)
            } catch {
                await output.refuse("\(path.spokenName) \(error.explanation)")
            }
        }
        guard dataLinkType != nil else { return nil }
        if isMixed { dataLinkType = nil }
        var sorted = SortedCaptures()
        do throws(OutputError) {
            if let file = options.passed { sorted.passed = try CaptureWriter(path: file, dataLinkType: dataLinkType) }
            if let file = options.blocked { sorted.blocked = try CaptureWriter(path: file, dataLinkType: dataLinkType) }
        } catch {
            await output.refuse(error.explanation)
            return nil
        }
        var found: [FileRecords] = []
        for (place, path) in readable.enumerated() {
            let opened = path == .standardInput ? openedInput.take() : nil
            if let records = await read(path, place, work, opened: opened, &sorted) { found.append(records) }
        }
        do throws(OutputError) {
            if let writer = sorted.passed.take() { try writer.commit() }
            if let writer = sorted.blocked.take() { try writer.commit() }
        } catch {
            await output.refuse(error.explanation)
        }
        return found
    }

    /// Whether the output files are different ones, and none of them an input.
    private func targetsAreSafe(inputs: [CapturePath]) async -> Bool {
        let targets = [options.passed, options.blocked].compactMap(\.self)
        let known = targets.map { FileStatus(following: Array($0.utf8)) }
        if targets.count == 2 {
            var isSame = targets[0] == targets[1]
            if let one = known[0], let other = known[1] { isSame = isSame || one.isSameFile(as: other) }
            guard !isSame else {
                await output.refuse("\(targets[0]) is to hold both the passed and the blocked packets; name two files")
                return false
            }
        }
        for case .file(let bytes) in inputs {
            guard let input = FileStatus(following: bytes) else { continue }
            for (target, status) in zip(targets, known) where status?.isSameFile(as: input) == true {
                await output.refuse("\(target) is one of the captures to be read; name another file to write to")
                return false
            }
        }
        return true
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
