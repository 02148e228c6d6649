package import Blocklists
import Crypto
import Glibc

/// A snapshot file as far as it can be read without its key: what it says of itself, its signatures, and whether its body is whole.
package struct SnapshotOutline: Sendable {
    /// The file.
    package let path: String

    /// What the file says of itself.
    package let header: SnapshotHeader

    /// Everything before the body, which is what signatures are made over.
    package let signedOctets: [UInt8]

    /// The signatures behind the body; none where there is nothing.
    package let signatures: SignatureBlock

    /// Octets of the file.
    package let size: Int

    /// The digest that stands for the whole snapshot.
    package var digest: ContentDigest { ContentDigest(of: signedOctets) }

    private let bodyOffset: Int
    private let bodyEnd: Int

    /// Octets that are read at a time.
    private static let pieceSize = 1 << 18

    /// Reads everything but the body.
    ///
    /// - Throws: ``ListFileError/badSnapshot(path:cause:)`` for what is no snapshot, and what keeps it from being read.
    package init(_ path: String) throws(ListFileError) {
        self.path = path
        let file = try Self.open(path)
        let size: Int
        do throws(SystemCause) {
            size = Int(try file.status().size)
        } catch {
            throw .unreadable(path: path, cause: error.description)
        }
        let fixed = try Self.read(file, path, at: 0, count: min(size, SnapshotHeader.fixedLength))
        let measures = try Self.parsing(path) { () throws(SnapshotError) in try SnapshotHeader.measure(fixed.span) }
        guard measures.bodyEnd <= size else { throw .badSnapshot(path: path, cause: .cut) }
        guard size - measures.bodyEnd <= SnapshotFile.maximumTrailer else {
            throw .badSnapshot(path: path, cause: .damaged)
        }
        let beginning = try Self.read(file, path, at: 0, count: measures.bodyOffset)
        header = try Self.parsing(path) { () throws(SnapshotError) in
            try SnapshotHeader(parsing: beginning.span, checksum: Checksum.of)
        }
        let trailer = try Self.read(file, path, at: measures.bodyEnd, count: size - measures.bodyEnd)
        do throws(TrustFault) {
            signatures = trailer.isEmpty ? SignatureBlock() : try SignatureBlock(parsing: trailer)
        } catch {
            throw .untrusted(TrustError(path, error))
        }
        signedOctets = beginning
        bodyOffset = measures.bodyOffset
        bodyEnd = measures.bodyEnd
        self.size = size
    }

    /// Reads the body and holds it against the digest in the header.
    ///
    /// - Throws: ``ListFileError/badSnapshot(path:cause:)`` where it is another.
    package func checkBody() throws(ListFileError) {
        try readBody { (_: Span<UInt8>) throws(ListFileError) in }
    }

    /// The keys by which it is signed, provided that they suffice and that its body is the one that was signed.
    package func verify(_ policy: TrustPolicy) throws(ListFileError) -> [KeyID] {
        let keys: [KeyID]
        do throws(TrustFault) {
            keys = try policy.verify(signedOctets, as: .snapshot, signatures: signatures)
        } catch {
            throw .untrusted(TrustError(path, error))
        }
        do throws(ListFileError) {
            try checkBody()
        } catch {
            guard case .badSnapshot = error else { throw error }
            throw .untrusted(TrustError(path, .otherContent))
        }
        return keys
    }

    /// Adds signatures to the file, which is replaced as a whole; one that a key made before goes.
    ///
    /// - Returns: the snapshot's signatures now.
    /// - Throws: ``ListFileError``; the file is then as it was. One whose body is damaged is not signed.
    @discardableResult
    package func sign(with keys: [SigningKey], mode: UInt32 = 0o640) throws(ListFileError) -> SignatureBlock {
        var block = signatures
        do throws(TrustFault) {
            for key in keys { try block.add(try key.sign(signedOctets, as: .snapshot)) }
        } catch {
            throw .untrusted(TrustError(path, error))
        }
        try replace(with: block, mode)
        return block
    }

    private func replace(with block: SignatureBlock, _ mode: UInt32) throws(ListFileError) {
        var file = try Self.trusting { () throws(TrustError) in try AtomicFile(path, mode: mode) }
        do throws(TrustError) { try file.append(signedOctets.span) } catch { throw .untrusted(error) }
        try readBody { (piece: Span<UInt8>) throws(ListFileError) in
            do throws(TrustError) { try file.append(piece) } catch { throw .untrusted(error) }
        }
        do throws(TrustError) {
            try file.append(block.encoded.span)
            try file.commit()
        } catch {
            throw .untrusted(error)
        }
    }

    /// Gives the body piece by piece, and throws at the end where it is not the one that the header describes.
    private func readBody(_ take: (Span<UInt8>) throws(ListFileError) -> Void) throws(ListFileError) {
        let file = try Self.open(path)
        var digest = SHA256()
        var offset = bodyOffset
        while offset < bodyEnd {
            let piece = try Self.read(file, path, at: offset, count: min(Self.pieceSize, bodyEnd - offset))
            digest.update(data: piece)
            try take(piece.span)
            offset += piece.count
        }
        guard Array(digest.finalize()) == header.bodyDigest else { throw .badSnapshot(path: path, cause: .damaged) }
    }

    private static func parsing<Value>(
        _ path: String,
        _ body: () throws(SnapshotError) -> Value
    ) throws(ListFileError) -> Value {
        do throws(SnapshotError) { return try body() } catch { throw .badSnapshot(path: path, cause: error) }
    }

    private static func trusting(
        _ body: () throws(TrustError) -> AtomicFile
    ) throws(ListFileError) -> AtomicFile {
        do throws(TrustError) { return try body() } catch { throw .untrusted(error) }
    }

    private static func open(_ path: String) throws(ListFileError) -> OpenFile {
        do throws(SystemCause) {
            let file = try OpenFile(path, O_RDONLY)
            if try file.status().isRegular { return file }
        } catch {
            throw .unreadable(path: path, cause: error.description)
        }
        throw .untrusted(TrustError(path, .notAFile))
    }

    private static func read(
        _ file: borrowing OpenFile,
        _ path: String,
        at offset: Int,
        count: Int
    ) throws(ListFileError) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: count)
        let read: Int
        do throws(SystemCause) {
            read = try file.read(into: &octets, at: Int64(offset))
        } catch {
            throw .unreadable(path: path, cause: error.description)
        }
        guard read == count else { throw .badSnapshot(path: path, cause: .cut) }
        return octets
    }
}

extension OpenFile {
    /// Fills `buffer` with the octets from `offset` on; fewer than it has room for are read at the end of the file alone.
    fileprivate func read(into buffer: inout [UInt8], at offset: Int64) throws(SystemCause) -> Int {
        var done = 0
        while done < buffer.count {
            // SAFETY: the slice lies in `buffer`, which is held exclusively while the call lasts.
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe pread(
                    descriptor,
                    bytes.baseAddress.map { unsafe $0 + done },
                    bytes.count - done,
                    Int(offset) + done
                )
            }
            if count < 0 {
                guard errno == EINTR else { throw SystemCause(errno) }
            } else if count == 0 {
                return done
            } else {
                done += count
            }
        }
        return done
    }
}
