import Blocklists

/// Signing list files and snapshots, and checking what is signed: `grindvakt list sign` and `grindvakt list verify`.
package enum ListSigning {
    /// What the signed part of a file says, and who says so.
    package struct Verified: Equatable, Sendable {
        /// The editions: one of a list file, and one for each list of a snapshot that has a sequence.
        package var releases: [ListRelease]
        /// Ids of lists of a snapshot without a sequence.
        package var unnumbered: [String]
        /// The digest that stands for the file.
        package var digest: ContentDigest
        /// The keys that count.
        package var keys: [KeyID]
    }

    /// Checks a list file with the statement beside it, or a snapshot.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - policy: whose signatures it must have.
    ///   - ledger: what was accepted before; nil where older editions are welcome.
    /// - Returns: what is signed, and by whom.
    /// - Throws: ``ListFileError/untrusted(_:)``; its ``TrustFault/isAnswer`` tells an answer from a file that cannot be used.
    package static func verify(
        _ path: String,
        _ policy: TrustPolicy,
        ledger: SequenceLedger? = nil
    ) throws(ListFileError) -> Verified {
        let verified = SnapshotFile.isSnapshot(at: path) ? try snapshot(path, policy) : try text(path, policy)
        guard let ledger else { return verified }
        do throws(TrustError) {
            if let list = verified.unnumbered.first.flatMap({ Identifier($0) }) {
                throw TrustError(path, .noSequence(list))
            }
            for release in verified.releases { try ledger.check(release, digest: verified.digest) }
        } catch {
            throw .untrusted(error)
        }
        return verified
    }

    private static func snapshot(_ path: String, _ policy: TrustPolicy) throws(ListFileError) -> Verified {
        let outline = try SnapshotOutline(path)
        let keys = try outline.verify(policy)
        return Verified(
            releases: outline.header.lists.compactMap(\.release),
            unnumbered: outline.header.lists.filter { $0.release == nil }.map(\.descriptor.id),
            digest: outline.digest,
            keys: keys
        )
    }

    private static func text(_ path: String, _ policy: TrustPolicy) throws(ListFileError) -> Verified {
        do throws(TrustError) {
            let place = SignedStatement.path(beside: path)
            guard try SmallFile.readIfPresent(place, limit: DocumentReader.limit) != nil else {
                // A list that nobody signed is an answer, and no fault of the machinery.
                let none = SignatureBlock()
                _ = try TrustError.at(path) { () throws(TrustFault) in
                    try policy.verify([], as: .listStatement, signatures: none)
                }
                throw TrustError(place, .unreadable(.missing))
            }
            let signed = try SignedStatement.load(place)
            let keys = try TrustError.at(place) { () throws(TrustFault) in try signed.verify(policy) }
            let (digest, length) = try ContentHasher.file(path)
            try TrustError.at(path) { () throws(TrustFault) in
                try signed.statement.check(digest: digest, length: length)
            }
            return Verified(releases: [signed.statement.release], unnumbered: [], digest: digest, keys: keys)
        } catch {
            throw .untrusted(error)
        }
    }

    /// Signs a list file: writes or extends the statement beside it.
    ///
    /// - Parameters:
    ///   - path: the list file.
    ///   - release: the edition that it is; nil to sign what the statement that is there says.
    ///   - keys: the keys to sign with.
    /// - Returns: the statement as it is now.
    /// - Throws: ``ListFileError/untrusted(_:)``; the statement is then as it was. A statement that is there and says otherwise is replaced only
    ///   by one with a higher sequence.
    package static func sign(
        _ path: String,
        _ release: ListRelease?,
        with keys: [SigningKey]
    ) throws(ListFileError) -> SignedStatement {
        do throws(TrustError) {
            let place = SignedStatement.path(beside: path)
            let (digest, length) = try ContentHasher.file(path)
            var present: SignedStatement?
            if try SmallFile.readIfPresent(place, limit: DocumentReader.limit) != nil {
                present = try SignedStatement.load(place)
            }
            let statement: ListStatement
            if let release {
                statement = ListStatement(release: release, length: length, digest: digest)
            } else if let present {
                statement = present.statement
                try TrustError.at(path) { () throws(TrustFault) in
                    try statement.check(digest: digest, length: length)
                }
            } else {
                throw TrustError(place, .unreadable(.missing))
            }
            var signed: SignedStatement
            if let present, present.statement == statement {
                signed = present
                try TrustError.at(place) { () throws(TrustFault) in
                    for key in keys { try signed.add(signatureBy: key) }
                }
            } else {
                if let present, present.statement.release.id == statement.release.id,
                    present.statement.release.sequence >= statement.release.sequence
                {
                    throw TrustError(
                        place,
                        .replayed(
                            statement.release.id,
                            sequence: statement.release.sequence,
                            accepted: present.statement.release.sequence
                        )
                    )
                }
                signed = try TrustError.at(place) { () throws(TrustFault) in
                    try SignedStatement(statement, signedBy: keys)
                }
            }
            try signed.write(to: place)
            return signed
        } catch {
            throw .untrusted(error)
        }
    }
}
