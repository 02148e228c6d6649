import Blocklists
import Inspection

/// One capture being read for its records.
struct ReplayReading: ~Copyable {
    /// What became of a stretch of the capture.
    enum Progress {
        /// There is more to be read.
        case goesOn
        /// All has been read.
        case ended
        /// It broke here.
        case failed(CaptureError)
    }

    /// How far the capture has been read.
    var position: ReplayPosition {
        ReplayPosition(octets: replay.capture.position, size: replay.capture.size, packets: replay.summary.packets)
    }

    /// What was found, where records are kept.
    var records: FileRecords { FileRecords(names: names, summary: replay.summary) }

    /// The line of the summary.
    var lastLine: [UInt8] {
        var line: [UInt8] = []
        report.append(replay.summary, to: &line)
        return line
    }

    private var names: [NameRecord] = []
    private var replay: Replay
    private var line = NameLine()
    private let report: ReplayReport
    private let listsEveryName: Bool
    private let keepsRecords: Bool
    /// What lines of names that are on no list are made of, and whether they are.
    private let pieces: LinePieces
    private let usesPieces: Bool

    /// Frames between two looks at what else there is to do.
    private static let stride = 4_096

    /// A capture before its first frame.
    ///
    /// - Parameters:
    ///   - capture: the capture.
    ///   - name: what its summary calls it.
    ///   - work: how it is to be read.
    init(_ capture: consuming CaptureFile, named name: String, as work: ReplayWork) {
        replay = Replay(capture, named: name, configuration: work.configuration, blocklists: work.blocklists)
        report = work.report
        listsEveryName = work.listsEveryName
        keepsRecords = work.keepsRecords
        pieces = work.report.pieces
        usesPieces = work.report.usesPieces && work.listsEveryName && work.keepsRecords == false
    }

    /// Reads on until there are lines enough, or for some thousand frames.
    ///
    /// - Parameters:
    ///   - limit: octets of lines that are enough.
    ///   - lines: where lines go.
    ///   - sorted: where packets go by their verdict.
    /// - Returns: what became of it.
    mutating func advance(until limit: Int, _ lines: inout TextLine, _ sorted: inout SortedCaptures) -> Progress {
        let end = replay.summary.packets + Self.stride
        do throws(CaptureError) {
            while replay.summary.packets < end, lines.count < limit {
                guard try replay.advance() else { return .ended }
                for index in 0..<(listsEveryName || replay.isMatched ? replay.nameCount : 0) {
                    if usesPieces, replay.write(nameAt: index, pieces, to: &lines) { continue }
                    guard replay.read(nameAt: index, matchesOnly: listsEveryName == false, into: &line) else {
                        continue
                    }
                    if keepsRecords { names.append(NameRecord(line)) } else { report.write(line, to: &lines) }
                }
                switch replay.verdict {
                case .accept: sorted.passed?.append(replay.capture)
                case .drop: sorted.blocked?.append(replay.capture)
                }
            }
            return .goesOn
        } catch {
            return .failed(error)
        }
    }
}

/// How far a capture has been read.
struct ReplayPosition: Sendable {
    /// Octets of the file.
    var octets: Int64
    /// The file's length in octets; nil where it is a pipe.
    var size: Int64?
    /// Frames.
    var packets: Int
}

/// How captures are to be read.
struct ReplayWork: Sendable {
    /// The same as a live sensor's.
    var configuration: InspectorConfiguration
    /// Where the lists come from.
    var blocklists: BlocklistSource
    /// The form of the records.
    var report: ReplayReport
    /// Whether names that are on no list are reported, too.
    var listsEveryName: Bool
    /// Whether records are kept to be compared, and none is written.
    var keepsRecords: Bool
}

/// Where packets go by their verdict, if anywhere.
struct SortedCaptures: ~Copyable {
    /// Where the accepted packets go.
    var passed: CaptureWriter?
    /// Where the dropped packets go.
    var blocked: CaptureWriter?
}
