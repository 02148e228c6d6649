package import Blocklists
package import Inspection
import Telemetry
import Wire

/// One capture on its way through an inspector of its own.
///
/// The time the inspector is told is the frame's timestamp, and never goes back; so the same capture gives the same records every
/// time.
package struct Replay: ~Copyable {
    /// What has been found so far.
    package private(set) var summary: SummaryRecord

    /// The verdict on the current frame; a frame without an IP packet is accepted.
    package private(set) var verdict: Verdict = .accept

    /// How many names the current frame completed.
    package private(set) var nameCount = 0

    /// Whether a list has one of them.
    package private(set) var isMatched = false

    /// The capture, at the current frame.
    package private(set) var capture: CaptureFile

    private var inspector: Inspector
    private let counters = Counters(queue: 0)
    /// Nil until a list matches: to make and unmake half a megabyte of atomic words takes a tenth of the start of a replay.
    private var attempts: AttemptTable?
    private let configuration: InspectorConfiguration
    private var now = Instant(nanoseconds: 0)
    /// The current frame's place in the capture's batch.
    private var place = 0

    /// Sets out at the beginning of a capture with an inspector that knows no flow yet.
    ///
    /// - Parameters:
    ///   - capture: the capture, before its first frame.
    ///   - file: what the summary calls it.
    ///   - configuration: the same as a live sensor's.
    ///   - blocklists: where the lists come from.
    package init(
        _ capture: consuming CaptureFile,
        named file: String,
        configuration: InspectorConfiguration,
        blocklists: BlocklistSource
    ) {
        self.capture = capture
        summary = SummaryRecord(file: file)
        inspector = Inspector(configuration: configuration, blocklists: blocklists, isPrepared: false)
        self.configuration = configuration
    }

    /// Reads and inspects the next frame.
    ///
    /// - Returns: false at the regular end of the capture.
    /// - Throws: what ``CaptureFile/advance()`` throws; the summary holds what was read before.
    package mutating func advance() throws(CaptureError) -> Bool {
        nameCount = 0
        isMatched = false
        verdict = .accept
        do throws(CaptureError) {
            guard try capture.advance() else {
                countRest()
                return false
            }
        } catch {
            countRest()
            throw error
        }
        summary.packets += 1
        place = capture.batchCount > 0 ? 0 : place + 1
        if place == 0, inspector.beginBatch() { Self.lookAhead(capture, &inspector) }
        let frame = capture.bytes
        guard let range = capture.linkLayer?.packetRange(in: frame) else { return true }

        now.nanoseconds = max(now.nanoseconds, capture.timestamp)
        let decision = inspector.inspect(frame.extracting(range), as: place, at: now)
        verdict = decision.verdict
        nameCount = inspector.findingCount
        summary.names += nameCount
        isMatched = inspector.isMatched
        if isMatched {
            for index in 0..<nameCount where inspector.isListed(at: index) { summary.matches += 1 }
            let attempts = attempts ?? AttemptTable(configuration)
            self.attempts = attempts
            summary.count(inspector.countEvents(in: counters, attempts: attempts, at: now))
        }
        switch decision.verdict {
        case .drop: summary.dropped += 1
        case .accept: break
        }
        if let cause = decision.undecided { summary.count(cause, 1) }
        summary.count(inspector.anomalies)
        if let kind = inspector.encryptedDNS { summary.count(kind) }
        summary.count(.flowEvicted, inspector.evictedFlows)
        summary.count(.overBudget, inspector.evictedStreams + inspector.lostOverlaps)
        summary.count(.fragment, inspector.unfinishedDatagrams)
        return true
    }

    /// Looks at all frames of the batch that the capture stands at the beginning of.
    ///
    /// Static, so that the capture stays borrowed while the inspector changes.
    private static func lookAhead(_ capture: borrowing CaptureFile, _ inspector: inout Inspector) {
        for index in 0..<min(capture.batchCount, Inspector.lookAheadLimit) {
            let frame = capture.bytes(inBatch: index)
            guard let range = capture.linkLayer(inBatch: index)?.packetRange(in: frame) else { continue }
            inspector.lookAhead(frame.extracting(range), as: index)
        }
        inspector.endLookAhead()
    }

    /// What still waits for fragments at the end of the capture waits in vain.
    private mutating func countRest() {
        summary.count(.fragment, inspector.waitingDatagrams)
    }

    /// A name that the current frame completed.
    ///
    /// - Parameters:
    ///   - index: 0 up to ``nameCount``.
    ///   - matchesOnly: whether a name that is on no list is left out.
    /// - Returns: nil for a name that is left out.
    package mutating func name(at index: Int, matchesOnly: Bool) -> NameRecord? {
        var line = NameLine()
        return read(nameAt: index, matchesOnly: matchesOnly, into: &line) ? NameRecord(line) : nil
    }

    /// Writes a name that the current frame completed as a line of JSON, where it is on no list.
    ///
    /// - Parameters:
    ///   - index: 0 up to ``nameCount``.
    ///   - pieces: what the line is made of.
    ///   - lines: where it goes.
    /// - Returns: false, and nothing was written, where it is on a list or not written as it is.
    mutating func write(nameAt index: Int, _ pieces: LinePieces, to lines: inout TextLine) -> Bool {
        let (frame, tuple) = (capture.frame, inspector.fiveTuple)
        return inspector.withFinding(at: index) { finding, name in
            finding.match == nil && pieces.append(finding, name, frame: frame, tuple, to: &lines)
        }
    }

    /// Reads a name that the current frame completed.
    ///
    /// - Parameters:
    ///   - index: 0 up to ``nameCount``.
    ///   - matchesOnly: whether a name that is on no list is left out.
    ///   - line: what is said of it.
    /// - Returns: false for a name that is left out.
    mutating func read(nameAt index: Int, matchesOnly: Bool, into line: inout NameLine) -> Bool {
        if matchesOnly, inspector.isListed(at: index) == false { return false }
        let list = inspector.withFinding(at: index) { finding, name in
            line.inspectedProtocol = .word(finding.inspectedProtocol.word)
            line.source = .word(finding.source.label)
            line.name.removeAll()
            line.isPlain = line.name.append(plain: name)
            if line.isPlain == false { line.name.append(finding.name) }
            line.verdict = .word(finding.verdict.label)
            return finding.match?.list
        }
        let tuple = inspector.fiveTuple
        line.frame = capture.frame
        line.sourceAddress = .address(tuple.source)
        line.sourcePort = Int(tuple.sourcePort)
        line.destinationAddress = .address(tuple.destination)
        line.destinationPort = Int(tuple.destinationPort)
        line.list = list.map { inspector.blocklist.lists[$0].id }
        return true
    }
}
