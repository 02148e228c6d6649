package import Blocklists
import Wire

/// Reads the entries of one list file.
package struct ListReader: Sendable {
    /// Octets of text a list may have: twenty times a list of ten million names.
    package static let defaultLimit = 1 << 32

    /// The file.
    package let path: String

    /// Its syntax; nil where that is to be told from the content.
    package let format: ListFormat?

    /// Which names an entry stands for where the file does not say; nil for what is usual in its format.
    package let match: MatchKind?

    /// The most octets of text, and of the file.
    package let limit: Int

    /// A reader for a file.
    ///
    /// - Parameters:
    ///   - path: the file, packed with gzip or not.
    ///   - format: its syntax; nil where that is to be told from the content.
    ///   - match: which names an entry stands for where the file does not say; nil for what is usual in its format.
    ///   - limit: the most octets of text, and of the file; a file with more is refused.
    package init(path: String, format: ListFormat?, match: MatchKind?, limit: Int = Self.defaultLimit) {
        self.path = path
        self.format = format
        self.match = match
        self.limit = limit
    }

    /// Reads the whole file and calls `add` with every entry, in order.
    ///
    /// A line that is no entry is left out and told in what is returned; whether there are too many of these is for the caller to say.
    /// Nothing is to be kept of the entries where this throws: the file is not whole then.
    /// - Parameters:
    ///   - progress: is told how many octets of how many are read, at most once for each mebioctet and at the end.
    ///   - leftOut: takes every line that was left out, or a name of it, however many there are.
    ///   - add: takes an entry, and whether its names are exempt from the list rather than on it.
    /// - Returns: what became of the file.
    /// - Throws: ``ListFileError`` for a file that cannot be read, is cut, damaged, changed meanwhile or too long, or fits no format.
    package func read(
        progress: @escaping (_ octets: Int, _ total: Int?) -> Void = { _, _ in },
        leftOut: (RejectedLine) -> Void = { _ in },
        _ add: (_ entry: borrowing ListEntry, _ isException: Bool) -> Void
    ) throws(ListFileError) -> ListReading {
        var lines = LineReader(
            ListFileContent(of: try ListFile(path: path, limit: limit, progress: progress), limit: limit)
        )
        try lines.readSample()
        guard let format = format ?? ListFormat.detected(in: lines.sample) else { throw .formatUnknown(path: path) }

        var reading = ListReading(path: path, format: format)
        var parser = format.makeParser(match: match ?? format.usualMatch)
        var found: [EntryLocation] = []
        var entry = ListEntry(name: DomainName(), scope: .itself)
        while let range = try lines.next() {
            reading.lineCount += 1
            let line = lines.octets(of: range)
            do throws(ListLineError) {
                try parser.locateEntries(in: line, into: &found)
            } catch {
                leftOut(reading.note(error))
                continue
            }
            for location in found {
                do throws(ListLineError) {
                    try ListName.parse(parser.name(at: location, in: line), into: &entry.name)
                } catch {
                    leftOut(reading.note(error))
                    continue
                }
                entry.scope = location.scope
                if location.isException { reading.exceptionCount += 1 } else { reading.entryCount += 1 }
                add(entry, location.isException)
            }
        }
        do throws(ListLineError) { try parser.finish() } catch { leftOut(reading.note(error)) }
        reading.octets = lines.content.file.octets
        reading.isPacked = lines.content.isPacked
        reading.digest = lines.content.file.digest
        return reading
    }
}

/// What became of a list file. Nothing in it repeats what a line says.
package struct ListReading: Sendable {
    /// How many lines of each kind are told one by one; all are counted.
    package static let maximumToldLines = 1_000

    /// The file.
    package let path: String

    /// The format it was read in.
    package let format: ListFormat

    /// Whether the file is packed with gzip.
    package internal(set) var isPacked = false

    /// Octets of the file as it is on disk.
    package internal(set) var octets = 0

    /// The SHA-256 digest of these, 32 octets.
    package internal(set) var digest: [UInt8] = []

    /// Lines of the file.
    package internal(set) var lineCount = 0

    /// Entries, as often as they occur.
    package internal(set) var entryCount = 0

    /// Names that are exempt from the list, as often as they occur.
    package internal(set) var exceptionCount = 0

    /// How often each cause left out a line, or a name of a line with several.
    package private(set) var causes: [ListLineError: Int] = [:]

    /// What was rejected: malformed, or of a kind that is never loaded.
    package private(set) var rejectedCount = 0

    /// What is well formed, but for less than whole hosts.
    package private(set) var notEnforceableCount = 0

    /// The first of what was rejected.
    package private(set) var rejectedLines: [RejectedLine] = []

    /// The first of what is not enforceable.
    package private(set) var notEnforceableLines: [RejectedLine] = []

    init(path: String, format: ListFormat) {
        self.path = path
        self.format = format
    }

    /// Notes that the line read last, or a name on it, was left out.
    mutating func note(_ cause: ListLineError) -> RejectedLine {
        causes[cause, default: 0] += 1
        let line = RejectedLine(path: path, line: lineCount, cause: cause)
        switch cause.kind {
        case .rejected:
            rejectedCount += 1
            if rejectedLines.count < Self.maximumToldLines { rejectedLines.append(line) }
        case .notEnforceable:
            notEnforceableCount += 1
            if notEnforceableLines.count < Self.maximumToldLines { notEnforceableLines.append(line) }
        }
        return line
    }
}
