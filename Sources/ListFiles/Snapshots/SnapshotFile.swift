package import Blocklists
import Crypto

/// A snapshot as a file holds it: header, body and signatures.
package struct SnapshotFile: Sendable {
    /// How the body comes into memory.
    package enum Loading: Sendable {
        /// Mapped, which takes no time and shares memory with others who map it: for a file that nobody changes in place.
        case mapped
        /// Read into memory of its own, which no change of the file can touch: for a file that others write.
        case read
        /// Mapped and locked in memory, and read where the system does not let it be locked: for a file that is the sensor's own.
        ///
        /// What is locked is never fetched again, so that a disk that fails later takes nothing away from who looks names up.
        case locked
    }

    /// What the file says of itself.
    package let header: SnapshotHeader

    /// The names.
    package let snapshot: Snapshot

    /// Everything before the body, which is what signatures are made over.
    package let signedOctets: [UInt8]

    /// What stands behind the body: the signatures, see ``SignatureBlock``.
    package let trailer: [UInt8]

    /// The sensor's own copy that ``snapshot`` is mapped from, where it was made for this and has no name yet.
    let copy: SnapshotCopy?

    /// The SHA-256 digest of ``signedOctets``, which stands for the whole snapshot: they hold the body's digest.
    package var digest: [UInt8] { Array(SHA256.hash(data: signedOctets)) }

    /// The most octets behind the body.
    static let maximumTrailer = 1 << 16

    /// Whether the octets a file begins with are those of a snapshot.
    package static func isSnapshot(_ beginning: Span<UInt8>) -> Bool {
        guard beginning.count >= SnapshotHeader.magic.count else { return false }
        for (index, octet) in SnapshotHeader.magic.enumerated() where beginning[index] != octet { return false }
        return true
    }

    /// Whether the file at `path` begins as a snapshot does; false also where it cannot be read.
    package static func isSnapshot(at path: String) -> Bool {
        guard let file = try? OpenedFile(path) else { return false }
        guard let beginning = try? file.read(at: 0, count: SnapshotHeader.magic.count) else { return false }
        return isSnapshot(beginning.span)
    }

    /// Reads the file at `path` whole and checks everything in it but the signatures.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - loading: how the body comes into memory.
    ///   - key: gives the secret of a sealed snapshot; not called for an unsealed one.
    /// - Throws: ``ListFileError/unreadable(path:cause:)`` or ``ListFileError/badSnapshot(path:cause:)``.
    package init(
        _ path: String,
        loading: Loading = .read,
        key: (SnapshotHeader) throws(ListFileError) -> HashKey?
    ) throws(ListFileError) {
        let file = try OpenedSnapshot(path, key: key)
        self.init(file, try file.snapshot(loading))
    }

    /// Reads a file that others may change, by way of a copy in a folder where nobody else writes, and checks all but the signatures.
    ///
    /// The copy is mapped, not the file: cutting or overwriting a mapped file takes the memory away from under its readers. A copy of an earlier
    /// time that has a name there is used again. A new one has no name before ``ListStore/keep(_:)`` gives it one, so that one that
    /// is refused, and a process that is killed, leave nothing. Where none can be made, on a full disk for one, the body is read into
    /// memory.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - folder: where copies are.
    ///   - key: gives the secret of a sealed snapshot; not called for an unsealed one.
    /// - Throws: as ``init(_:loading:key:)``.
    package init(
        _ path: String,
        copiedTo folder: String,
        key: (SnapshotHeader) throws(ListFileError) -> HashKey?
    ) throws(ListFileError) {
        let file = try OpenedSnapshot(path, key: key)
        // Damage is told of whether or not there is a copy, and is not copied.
        guard try file.isBodyWhole() else { throw .badSnapshot(path: path, cause: .damaged) }
        if let kept = file.kept(in: folder) {
            self.init(file, kept)
        } else if let copy = SnapshotCopy(of: file, in: folder) {
            // Checked anew in it: the file may have been changed since it was looked at.
            self.init(file, try file.snapshot(in: copy.memory), copy)
        } else {
            self.init(file, try file.snapshot(.read))
        }
    }

    private init(_ file: borrowing OpenedSnapshot, _ snapshot: Snapshot, _ copy: SnapshotCopy? = nil) {
        header = file.header
        signedOctets = file.signedOctets
        trailer = file.trailer
        self.snapshot = snapshot
        self.copy = copy
    }

    /// Reads and checks the header of the file at `path`, and nothing of its body.
    ///
    /// - Throws: as ``init(_:loading:key:)``.
    package static func header(at path: String) throws(ListFileError) -> SnapshotHeader {
        try OpenedFile(path).header().header
    }
}

extension SnapshotFile {
    /// The octets that a file of `snapshot` begins with, up to its body.
    ///
    /// - Parameters:
    ///   - snapshot: what the file is to hold.
    ///   - isSealed: whether the secret is kept apart from the file.
    ///   - createdAt: the time now, in seconds since 1970-01-01 UTC.
    /// - Returns: nil where the lists' texts or precedences do not fit.
    package static func beginning(of snapshot: Snapshot, isSealed: Bool, createdAt: UInt64) -> [UInt8]? {
        guard let checksum = Checksum() else { return nil }
        var digest = SHA256()
        snapshot.withBody { body in
            // Piece by piece, so that each is read from memory once.
            var offset = 0
            while offset < body.count {
                let piece = body.extracting(offset..<min(offset + 1 << 18, body.count))
                checksum.update(piece)
                // SAFETY: the octets are read during the call only.
                unsafe piece.withUnsafeBytes { unsafe digest.update(bufferPointer: $0) }
                offset += piece.count
            }
        }
        let header = SnapshotHeader(
            snapshot,
            isSealed: isSealed,
            createdAt: createdAt,
            bodyChecksum: checksum.finish(),
            bodyDigest: Array(digest.finalize())
        )
        return header.encoded(checksum: Checksum.of)
    }

    /// Whether the body is the one whose digest the header holds: what a signature of the header vouches for.
    package var isBodyAuthentic: Bool {
        var digest = SHA256()
        snapshot.withBody { body in
            // SAFETY: the octets are read during the call only.
            unsafe body.withUnsafeBytes { unsafe digest.update(bufferPointer: $0) }
        }
        return Array(digest.finalize()) == header.bodyDigest
    }
}
