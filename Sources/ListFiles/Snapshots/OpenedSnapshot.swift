import Blocklists
import SystemPackage

/// A snapshot file that is open, with what stands before and behind its body, checked.
struct OpenedSnapshot: ~Copyable {
    private let file: OpenedFile
    private let measures: SnapshotHeader.Measures
    private let secret: HashKey

    let header: SnapshotHeader
    let signedOctets: [UInt8]
    let trailer: [UInt8]

    /// Opens the file at `path`; `key` gives the secret of a sealed snapshot.
    init(_ path: String, key: (SnapshotHeader) throws(ListFileError) -> HashKey?) throws(ListFileError) {
        let file = try OpenedFile(path)
        let (header, signedOctets) = try file.header()
        let measures = try file.snapshot { () throws(SnapshotError) in try SnapshotHeader.measure(signedOctets.span) }
        var secret = header.key
        if secret == nil { secret = try key(header) }
        guard let secret else { throw .badSnapshot(path: path, cause: .keyMissing) }
        let trailerLength = file.size - measures.bodyEnd
        guard (0...SnapshotFile.maximumTrailer).contains(trailerLength) else {
            throw .badSnapshot(path: path, cause: .damaged)
        }
        trailer = try file.read(at: measures.bodyEnd, count: trailerLength)
        self.measures = measures
        self.secret = secret
        self.header = header
        self.signedOctets = signedOctets
        self.file = file
    }

    // MARK: The body in memory

    /// The names, with the body brought into memory in this way and checked there.
    func snapshot(_ loading: SnapshotFile.Loading) throws(ListFileError) -> Snapshot {
        switch loading {
        case .mapped: return try snapshot(in: memory(SnapshotMemory.init(mapping:offset:count:)))
        case .read:
            let checksum = Checksum()
            let read = try memory { descriptor, offset, count throws(Errno) in
                try SnapshotMemory(reading: descriptor, offset: offset, count: count) { checksum?.update($0) }
            }
            return try snapshot(in: read, checksum: checksum)
        case .locked:
            guard let memory = try? memory(SnapshotMemory.init(locking:offset:count:)) else {
                return try snapshot(.read)
            }
            return try snapshot(in: memory)
        }
    }

    /// The names in a body that is in memory, this file's or a copy of it, once its octets there are checked.
    func snapshot(in memory: SnapshotMemory) throws(ListFileError) -> Snapshot {
        let checksum = Checksum()
        let words = words(in: memory)
        words.withOctets(of: words.count) { checksum?.update($0) }
        return try snapshot(in: memory, checksum: checksum)
    }

    /// The names in a body that is in memory and whose octets, all of them, went into `checksum`.
    private func snapshot(in memory: SnapshotMemory, checksum: consuming Checksum?) throws(ListFileError) -> Snapshot {
        guard checksum?.finish() == header.bodyChecksum else { throw .badSnapshot(path: file.path, cause: .damaged) }
        do throws(SnapshotError) {
            return try Snapshot(header: header, key: secret, words: words(in: memory))
        } catch {
            throw .badSnapshot(path: file.path, cause: error)
        }
    }

    private func words(in memory: SnapshotMemory) -> WordBuffer {
        // SAFETY: the memory holds the body's octets, page-aligned, as long as the object lives, and nobody writes to it.
        unsafe WordBuffer(reading: memory.base, count: measures.bodyLength / 8, owner: memory)
    }

    private func memory(
        _ bring: (FileDescriptor, _ offset: Int, _ count: Int) throws(Errno) -> SnapshotMemory
    ) throws(ListFileError) -> SnapshotMemory {
        do throws(Errno) {
            return try bring(file.descriptor, measures.bodyOffset, measures.bodyLength)
        } catch {
            throw .unreadable(path: file.path, cause: error.description)
        }
    }

    // MARK: Copies

    /// Whether the body on the disk is the one whose checksum the header holds. Needs no memory to speak of.
    func isBodyWhole() throws(ListFileError) -> Bool {
        guard let checksum = Checksum() else { return false }
        var piece = [UInt8](repeating: 0, count: min(measures.bodyLength, 1 << 18))
        var done = 0
        while done < measures.bodyLength {
            let count = min(piece.count, measures.bodyLength - done)
            try file.read(at: measures.bodyOffset + done, into: &piece, count: count)
            checksum.update(piece.span.extracting(0..<count))
            done += count
        }
        return checksum.finish() == header.bodyChecksum
    }

    /// The names in the copy that `folder` has of this very file; nil where there is none that is whole.
    func kept(in folder: String) -> Snapshot? {
        let path = SnapshotCopy.path(of: signedOctets, in: folder)
        guard let kept = try? OpenedSnapshot(path, key: { _ in secret }), kept.signedOctets == signedOctets else {
            return nil
        }
        return try? kept.snapshot(.locked)
    }

    /// Appends the whole file to another.
    ///
    /// - Returns: where the body is in it, so that it can be mapped.
    func append(to copy: inout AtomicFile) throws(TrustError) -> (offset: Int, count: Int) {
        try copy.append(signedOctets.span)
        try copy.append(
            measures.bodyLength,
            of: file.descriptor.rawValue,
            from: Int64(measures.bodyOffset)
        )
        try copy.append(trailer.span)
        return (measures.bodyOffset, measures.bodyLength)
    }
}
