import Glibc

/// The highest release of one list that was accepted.
package struct SequenceMark: Hashable, Sendable {
    /// Its sequence number.
    package let sequence: UInt64

    /// When it was issued. Kept for the operator; no decision hangs on a clock.
    package let issuedAt: Timestamp

    /// The SHA-256 of the list file or snapshot.
    package let digest: ContentDigest

    /// A mark of these parts.
    package init(sequence: UInt64, issuedAt: Timestamp, digest: ContentDigest) {
        self.sequence = sequence
        self.issuedAt = issuedAt
        self.digest = digest
    }

    /// The mark that a release leaves.
    package init(_ release: ListRelease, digest: ContentDigest) {
        self.init(sequence: release.sequence, issuedAt: release.issuedAt, digest: digest)
    }
}

/// The marks of all lists, as a value.
///
/// In text a line `grindvakt sequences 2`, where marks have been lost a line `incomplete`, a line `ID SEQUENCE ISSUED SHA256` for each list, in
/// the order of the ids, and a line `checksum SHA256` of everything above it: a digit that has become another digit is seen. The form `1`, which
/// has no such line, is read still.
package struct SequenceMarks: Equatable, Sendable {
    /// Lists that there may be marks for.
    package static let maximumCount = 4096

    static let limit = 1 << 20

    private static let title = "grindvakt sequences 2"
    private static let titleWithoutChecksum = "grindvakt sequences 1"
    private static let incompleteLine = "incomplete"
    private static let checksumWord = "checksum"

    /// The marks.
    package private(set) var marks: [Identifier: SequenceMark] = [:]

    /// Whether marks have been lost: what has none is then not new, but unknown.
    package let isIncomplete: Bool

    /// Whether a checksum vouches for them; false for what was read of the form that has none. What is written has one.
    package private(set) var hasChecksum = true

    /// No marks.
    package init(isIncomplete: Bool = false) {
        self.isIncomplete = isIncomplete
    }

    /// Reads the text.
    ///
    /// - Throws: ``TrustFault/damagedDocument`` where the checksum is another, and what else is wrong with it.
    package init(parsing octets: [UInt8]) throws(TrustFault) {
        guard octets.count <= Self.limit else { throw .tooLong(limit: Self.limit) }
        guard octets.last == 0x0A, let text = String(validating: octets, as: UTF8.self) else { throw .cutDocument }
        var lines = text.utf8.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false)
        guard let title = lines.first else { throw .line(1, .unknownFormat) }
        hasChecksum = title.elementsEqual(Self.title.utf8)
        guard hasChecksum || title.elementsEqual(Self.titleWithoutChecksum.utf8) else { throw .line(1, .unknownFormat) }
        if hasChecksum, let last = lines.popLast() {
            let covered = octets.dropLast(last.count + 1)
            guard last.elementsEqual(Self.checksumLine(of: Array(covered)).utf8) else { throw .damagedDocument }
        }
        isIncomplete = lines.count > 1 && lines[1].elementsEqual(Self.incompleteLine.utf8)
        var previous: Identifier?
        for (index, line) in lines.enumerated().dropFirst(isIncomplete ? 2 : 1) {
            let fields = line.split(separator: 0x20, omittingEmptySubsequences: false).map { String(Substring($0)) }
            guard fields.count == 4 else { throw .line(index + 1, .unexpected) }
            guard let id = Identifier(fields[0]) else { throw .line(index + 1, .malformed(.list)) }
            if let previous, previous >= id { throw .line(index + 1, .unexpected) }
            guard let sequence = DocumentReader.number(fields[1]) else { throw .line(index + 1, .malformed(.sequence)) }
            guard let issuedAt = Timestamp(fields[2]) else { throw .line(index + 1, .malformed(.issued)) }
            guard let digest = ContentDigest(fields[3]) else { throw .line(index + 1, .malformed(.sha256)) }
            guard marks.count < Self.maximumCount else { throw .tooManyLists(limit: Self.maximumCount) }
            marks[id] = SequenceMark(sequence: sequence, issuedAt: issuedAt, digest: digest)
            previous = id
        }
    }

    /// The text.
    package var encoded: [UInt8] {
        var text = "\(Self.title)\n"
        if isIncomplete { text += "\(Self.incompleteLine)\n" }
        for (id, mark) in marks.sorted(by: { $0.key < $1.key }) {
            text += "\(id) \(mark.sequence) \(mark.issuedAt) \(mark.digest)\n"
        }
        return Array((text + Self.checksumLine(of: Array(text.utf8)) + "\n").utf8)
    }

    private static func checksumLine(of octets: [UInt8]) -> String { "\(checksumWord) \(ContentDigest(of: octets))" }

    /// Refuses a release that is older than one accepted before, or that is another one of the same number.
    ///
    /// - Parameters:
    ///   - release: the release, of which it is known who signed it.
    ///   - digest: the SHA-256 of the list file or snapshot.
    ///   - floor: what is known of the list from elsewhere, such as the last good snapshot; it counts as a mark does.
    /// - Throws: ``TrustFault/replayed(_:sequence:accepted:)``, ``TrustFault/equivocation(_:sequence:)``, and where marks have been lost and
    ///   there is no floor either, ``TrustFault/unknownSequence(_:)``.
    package func check(
        _ release: ListRelease,
        digest: ContentDigest,
        floor: SequenceMark? = nil
    ) throws(TrustFault) {
        let known = [marks[release.id], floor].compactMap(\.self)
        guard known.isEmpty == false || isIncomplete == false else { throw .unknownSequence(release.id) }
        for mark in known {
            guard release.sequence >= mark.sequence else {
                throw .replayed(release.id, sequence: release.sequence, accepted: mark.sequence)
            }
            guard release.sequence > mark.sequence || digest == mark.digest else {
                throw .equivocation(release.id, sequence: release.sequence)
            }
        }
    }

    /// Sets the mark of a release that was checked.
    fileprivate mutating func record(_ release: ListRelease, digest: ContentDigest) throws(TrustFault) {
        guard marks[release.id] != nil || marks.count < Self.maximumCount else {
            throw .tooManyLists(limit: Self.maximumCount)
        }
        marks[release.id] = SequenceMark(release, digest: digest)
        hasChecksum = true
    }

    fileprivate mutating func forget(_ id: Identifier) {
        marks[id] = nil
    }
}

/// The file of the marks, in the state directory.
///
/// Where there is no file nothing has been accepted yet. One that is damaged is moved aside, and one that says `incomplete` takes its place:
/// a release of a list whose mark is gone is from then on refused, unless a `floor` tells what was accepted, or the operator confirms it.
/// To treat the damage as a first use would let whoever can damage the file replay any release; to refuse everything would stop lists whose
/// last good snapshot tells their sequence. Several processes may use one file: all that change it take turns.
package struct SequenceLedger: Sendable {
    /// The file.
    package let path: String

    /// The ledger in this file, be it there or not.
    package init(_ path: String) {
        self.path = path
    }

    /// What the file holds, and where a damaged one was moved to just now.
    package struct Contents: Equatable, Sendable {
        /// The marks.
        package let marks: SequenceMarks

        /// Where the damaged file is, which is to be reported; nil where it was not damaged.
        package let setAside: String?

        /// What to tell of a damaged file; nil where it was not damaged.
        package func warning(_ path: String) -> String? {
            setAside.map { place in
                "\(path): damaged, moved to \(place); a release of a list of which no edition is in use is refused, as it may be an old one"
            }
        }
    }

    /// Reads the file.
    ///
    /// - Throws: where it cannot be read, or a damaged one cannot be moved; nothing may be accepted then.
    package func load() throws(TrustError) -> Contents {
        if let marks = try? read() { return Contents(marks: marks, setAside: nil) }
        return try holdingLock { () throws(TrustError) in try readOrSetAside() }
    }

    /// Refuses a replayed release; see ``SequenceMarks/check(_:digest:floor:)``.
    ///
    /// - Returns: where a damaged ledger was moved to, if so.
    @discardableResult
    package func check(
        _ release: ListRelease,
        digest: ContentDigest,
        floor: SequenceMark? = nil
    ) throws(TrustError) -> String? {
        let contents = try load()
        try inFile { () throws(TrustFault) in try contents.marks.check(release, digest: digest, floor: floor) }
        return contents.setAside
    }

    /// Checks a release again and notes that it was accepted. Never lowers a mark.
    ///
    /// - Parameters:
    ///   - release: the release.
    ///   - digest: the SHA-256 of the list file or snapshot.
    ///   - floor: what is known of the list from elsewhere.
    ///   - isConfirmed: whether the operator vouches for the release being the newest where the mark of its list was lost. A mark that is
    ///     there holds all the same.
    /// - Returns: where a damaged ledger was moved to, if so.
    /// - Throws: as checking does, and where the file cannot be written; the release must not be used then.
    @discardableResult
    package func record(
        _ release: ListRelease,
        digest: ContentDigest,
        floor: SequenceMark? = nil,
        isConfirmed: Bool = false
    ) throws(TrustError) -> String? {
        try holdingLock { () throws(TrustError) in
            let contents = try readOrSetAside()
            var marks = contents.marks
            try inFile { () throws(TrustFault) in
                do throws(TrustFault) {
                    try marks.check(release, digest: digest, floor: floor)
                } catch .unknownSequence where isConfirmed {
                    // What the operator says is all there is.
                }
                try marks.record(release, digest: digest)
            }
            if marks != contents.marks { try write(marks) }
            return contents.setAside
        }
    }

    /// Forgets a list, so that any release of it is a first one: for the operator, when a publisher has to begin again with lower numbers.
    package func forget(_ id: Identifier) throws(TrustError) {
        try holdingLock { () throws(TrustError) in
            var marks = try readOrSetAside().marks
            marks.forget(id)
            try write(marks)
        }
    }

    /// The marks, or nil where there is no file.
    private func readIfPresent() throws(TrustError) -> SequenceMarks? {
        guard let octets = try SmallFile.readIfPresent(path, limit: SequenceMarks.limit) else { return nil }
        return try inFile { () throws(TrustFault) in try SequenceMarks(parsing: octets) }
    }

    private func read() throws(TrustError) -> SequenceMarks {
        try readIfPresent() ?? SequenceMarks()
    }

    private func readOrSetAside() throws(TrustError) -> Contents {
        do throws(TrustError) {
            return Contents(marks: try read(), setAside: nil)
        } catch {
            if case .unreadable = error.fault { throw error }
            if case .notAFile = error.fault { throw error }
        }
        let place = try SmallFile.giveSecondName(path)
        let marks = SequenceMarks(isIncomplete: true)
        try write(marks)
        return Contents(marks: marks, setAside: place)
    }

    private func write(_ marks: SequenceMarks) throws(TrustError) {
        try AtomicFile.write(marks.encoded, to: path, mode: 0o640)
    }

    /// Calls `body` while no other process changes the file.
    private func holdingLock<Result>(_ body: () throws(TrustError) -> Result) throws(TrustError) -> Result {
        let lock = try SmallFile.lock(path + ".lock")
        let result = try body()
        // Closed here and no earlier.
        _ = consume lock
        return result
    }

    private func inFile<Result>(_ body: () throws(TrustFault) -> Result) throws(TrustError) -> Result {
        do throws(TrustFault) {
            return try body()
        } catch {
            throw TrustError(path, error)
        }
    }
}
