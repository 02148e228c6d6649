package import Blocklists
import Crypto
import SystemPackage

/// A snapshot as a file holds it: header, body and signatures.
package struct SnapshotFile: Sendable {
    /// How the body comes into memory.
    package enum Loading: Sendable {
        /// Mapped, which takes no time and shares memory with others who map it: for a file that nobody changes in place.
        case mapped
        /// Read into memory of its own, which no change of the file can touch: for the live sensor.
        case read
    }

    /// What the file says of itself.
    package let header: SnapshotHeader

    /// The names.
    package let snapshot: Snapshot

    /// Everything before the body, which is what signatures are made over.
    package let signedOctets: [UInt8]

    /// What stands behind the body: the signatures, see ``SignatureBlock``.
    package let trailer: [UInt8]

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
        let file = try OpenedFile(path)
        let (header, signedOctets) = try Self.header(of: file)
        let measures = try file.snapshot { () throws(SnapshotError) in try SnapshotHeader.measure(signedOctets.span) }
        var secret = header.key
        if secret == nil { secret = try key(header) }
        guard let secret else { throw .badSnapshot(path: path, cause: .keyMissing) }
        let memory: SnapshotMemory
        let stated = Checksum()
        do {
            switch loading {
            case .mapped:
                memory = try SnapshotMemory(
                    mapping: file.descriptor,
                    offset: measures.bodyOffset,
                    count: measures.bodyLength
                )
            case .read:
                memory = try SnapshotMemory(
                    reading: file.descriptor,
                    offset: measures.bodyOffset,
                    count: measures.bodyLength
                ) { piece in
                    stated?.update(piece)
                }
            }
        } catch {
            throw .unreadable(path: path, cause: error.description)
        }
        // SAFETY: the memory holds the body's octets, page-aligned, as long as the object lives, and nobody writes to it.
        let words = unsafe WordBuffer(reading: memory.base, count: measures.bodyLength / 8, owner: memory)
        if case .mapped = loading {
            words.withOctets(of: words.count) { stated?.update($0) }
        }
        guard stated?.finish() == header.bodyChecksum else { throw .badSnapshot(path: path, cause: .damaged) }
        do throws(SnapshotError) {
            snapshot = try Snapshot(header: header, key: secret, words: words)
        } catch {
            throw .badSnapshot(path: path, cause: error)
        }
        let trailerLength = file.size - measures.bodyEnd
        guard (0...Self.maximumTrailer).contains(trailerLength) else { throw .badSnapshot(path: path, cause: .damaged) }
        trailer = try file.read(at: measures.bodyEnd, count: trailerLength)
        self.header = header
        self.signedOctets = signedOctets
    }

    /// Reads and checks the header of the file at `path`, and nothing of its body.
    ///
    /// - Throws: as ``init(_:loading:key:)``.
    package static func header(at path: String) throws(ListFileError) -> SnapshotHeader {
        try header(of: OpenedFile(path)).header
    }

    private static func header(
        of file: borrowing OpenedFile
    ) throws(ListFileError) -> (header: SnapshotHeader, octets: [UInt8]) {
        let fixed = try file.read(at: 0, count: min(file.size, SnapshotHeader.fixedLength))
        let measures = try file.snapshot { () throws(SnapshotError) in try SnapshotHeader.measure(fixed.span) }
        guard measures.bodyEnd <= file.size else { throw .badSnapshot(path: file.path, cause: .cut) }
        let octets = try file.read(at: 0, count: measures.bodyOffset)
        let header = try file.snapshot { () throws(SnapshotError) in
            try SnapshotHeader(parsing: octets.span, checksum: Checksum.of)
        }
        return (header, octets)
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

/// A file that is open for reading.
private struct OpenedFile: ~Copyable {
    let path: String
    let descriptor: FileDescriptor
    let size: Int

    init(_ path: String) throws(ListFileError) {
        let opened: (descriptor: FileDescriptor, size: Int)
        do {
            opened = try Self.open(FilePath(path))
        } catch {
            throw .unreadable(path: path, cause: "\(error)")
        }
        self.path = path
        descriptor = opened.descriptor
        size = opened.size
    }

    private static func open(_ path: FilePath) throws -> (FileDescriptor, Int) {
        let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
        do {
            return (descriptor, Int(try descriptor.seek(offset: 0, from: .end)))
        } catch {
            try? descriptor.close()
            throw error
        }
    }

    deinit {
        try? descriptor.close()
    }

    func read(at offset: Int, count: Int) throws(ListFileError) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let read: Int
            do {
                // SAFETY: the slice lies in `octets`, which is held exclusively while the call lasts.
                read = try unsafe octets.withUnsafeMutableBytes { bytes in
                    try unsafe descriptor.read(
                        fromAbsoluteOffset: Int64(offset + done),
                        into: UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
                    )
                }
            } catch {
                throw .unreadable(path: path, cause: "\(error)")
            }
            guard read > 0 else { throw .badSnapshot(path: path, cause: .cut) }
            done += read
        }
        return octets
    }

    func snapshot<Value: ~Copyable>(_ body: () throws(SnapshotError) -> Value) throws(ListFileError) -> Value {
        do {
            return try body()
        } catch {
            throw .badSnapshot(path: path, cause: error)
        }
    }
}
