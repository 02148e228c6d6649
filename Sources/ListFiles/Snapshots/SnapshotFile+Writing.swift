package import Blocklists

extension SnapshotFile {
    /// Writes a snapshot to a file, whole or not at all.
    ///
    /// - Parameters:
    ///   - snapshot: what the file is to hold.
    ///   - path: where it is to appear.
    ///   - isSealed: whether the secret is kept apart from the file.
    ///   - createdAt: the time to note, in seconds since 1970-01-01 UTC.
    ///   - keys: the keys to sign it with.
    ///   - mode: the permissions it gets.
    /// - Returns: the digest that stands for the snapshot.
    /// - Throws: ``ListFileError/untrusted(_:)`` where it cannot be written or signed; a file that was there stays as it was.
    @discardableResult
    package static func write(
        _ snapshot: Snapshot,
        to path: String,
        isSealed: Bool,
        createdAt: UInt64,
        signedBy keys: [SigningKey] = [],
        mode: UInt32 = 0o640
    ) throws(ListFileError) -> ContentDigest {
        guard let beginning = beginning(of: snapshot, isSealed: isSealed, createdAt: createdAt) else {
            throw .untrusted(TrustError(path, .tooLong(limit: SnapshotHeader.maximumMetadata)))
        }
        do throws(TrustError) {
            var signatures = SignatureBlock()
            do throws(TrustFault) {
                for key in keys { try signatures.add(try key.sign(beginning, as: .snapshot)) }
            } catch {
                throw TrustError(path, error)
            }
            try write(
                beginning,
                snapshot,
                signatures.signatures.isEmpty ? [] : signatures.encoded,
                to: path,
                mode: mode
            )
        } catch {
            throw .untrusted(error)
        }
        return ContentDigest(of: beginning)
    }

    /// Writes this snapshot file again, with other signatures where some are given.
    ///
    /// - Throws: as ``write(_:to:isSealed:createdAt:signedBy:mode:)``.
    package func write(
        to path: String,
        signatures: SignatureBlock? = nil,
        mode: UInt32 = 0o640
    ) throws(ListFileError) {
        do throws(TrustError) {
            try Self.write(signedOctets, snapshot, signatures?.encoded ?? trailer, to: path, mode: mode)
        } catch {
            throw .untrusted(error)
        }
    }

    /// Gives the sensor's own copy, where there is one without a name, its name.
    ///
    /// - Returns: whether there was one.
    func keepCopy() throws(ListFileError) -> Bool {
        do throws(TrustError) {
            return try copy?.keep() ?? false
        } catch {
            throw .untrusted(error)
        }
    }

    private static func write(
        _ beginning: [UInt8],
        _ snapshot: Snapshot,
        _ trailer: [UInt8],
        to path: String,
        mode: UInt32
    ) throws(TrustError) {
        var file = try AtomicFile(path, mode: mode)
        try file.append(beginning.span)
        var failure: TrustError?
        snapshot.withBody { body in
            do throws(TrustError) { try file.append(body) } catch { failure = error }
        }
        if let failure { throw failure }
        try file.append(trailer.span)
        try file.commit()
    }
}
