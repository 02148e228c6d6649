package import Blocklists
import Telemetry

/// Why a list was not loaded. Names the file, the line and the cause, never what the line says.
package enum ListFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file cannot be opened or read.
    case unreadable(path: String, cause: String)
    /// A packed file ends before its content does.
    case cut(path: String)
    /// A packed file cannot be unpacked, or what it holds does not match its checksum.
    case damaged(path: String)
    /// The file, or what it unpacks to, is longer than this many octets.
    case tooLarge(path: String, limit: Int)
    /// The file was written to while it was read.
    case changedMeanwhile(path: String)
    /// The file's content is of no known format.
    case formatUnknown(path: String)
    /// The file is no snapshot that can be used.
    case badSnapshot(path: String, cause: SnapshotError)
    /// A key, a signature or an approval cannot be used.
    case untrusted(TrustError)
    /// A line holds no entry of the list's format.
    case badLine(path: String, line: Int, cause: ListLineError)
    /// Lists were refused, and there are no earlier editions of them to use instead.
    case refused([RefusedList])
    /// More lists with their actions were used since the start of the process than can be counted apart.
    case tooManySlots(list: String)
    /// There are more lists than one blocklist can hold.
    case tooManyLists(Int)

    package var description: String {
        switch self {
        case .unreadable(let path, let cause):
            "\(path): cannot be read: \(cause)"
        case .cut(let path):
            "\(path): the gzip file is cut; fetch it again"
        case .damaged(let path):
            "\(path): the gzip file is damaged; fetch it again"
        case .tooLarge(let path, let limit):
            "\(path): more than \(limit) octets of text; no list is as long, so look at what the file holds"
        case .changedMeanwhile(let path):
            "\(path): changed while it was read; replace list files by renaming, and load again"
        case .formatUnknown(let path):
            "\(path): of no known format; looked for domains, hosts lines, filter rules (||name^), an RPZ zone, a CNCPO table and URLs; "
                + "name the format if it is one of these"
        case .badSnapshot(let path, let cause):
            "\(path): \(cause.description)"
        case .untrusted(let error):
            error.description
        case .badLine(let path, let line, let cause):
            "\(path):\(line): \(cause.description); mend the line, or load with --lenient to leave such lines out"
        case .refused(let lists):
            lists.map(\.reason).joined(separator: "; ")
        case .tooManySlots(let list):
            "list \"\(list)\": more than \(Counters.slotCapacity / 2) lists were used since the start; restart the sensor"
        case .tooManyLists(let count):
            "\(count) lists are configured; at most \(Blocklist.maximumLists) can be used at a time"
        }
    }
}

/// A line that was left out of a list.
package struct RejectedLine: Equatable, Sendable {
    /// The file it is in.
    package let path: String

    /// Its number, from 1 on.
    package let line: Int

    /// Why it is no entry.
    package let cause: ListLineError

    /// A line of a file.
    package init(path: String, line: Int, cause: ListLineError) {
        self.path = path
        self.line = line
        self.cause = cause
    }
}
