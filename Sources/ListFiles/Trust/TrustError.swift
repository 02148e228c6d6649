/// What is wrong with a file of the trust machinery: one line that names the file, the fault and the mend.
package struct TrustError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file.
    package let path: String

    /// What is wrong with it.
    package let fault: TrustFault

    /// An error in this file.
    package init(_ path: String, _ fault: TrustFault) {
        self.path = path
        self.fault = fault
    }

    package var description: String {
        if case .line(let number, let cause) = fault { return "\(path):\(number): \(cause)" }
        return "\(path): \(fault)"
    }
}

/// What can be wrong. Holds numbers, key ids, list ids and the system's own words, never what a file says.
package enum TrustFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// The system does not let it be read.
    case unreadable(SystemCause)
    /// The system does not let it be written; what was there before is there still.
    case unwritable(SystemCause)
    /// A folder, a device or a pipe.
    case notAFile
    /// More octets than any such file has.
    case tooLong(limit: Int)
    /// Others than the owner may read or write a secret.
    case exposedSecret
    /// A key would be overwritten.
    case exists

    /// A credential was asked for of a process that has none.
    case noCredentialsFolder
    /// What follows `credential:` is no name of a credential.
    case badCredentialName

    /// Text that is no PEM document (RFC 7468), or is one that is cut.
    case notPEM
    /// A PEM document of another kind than is wanted.
    case wrongPEM(PEMKind, wanted: PEMKind)
    /// More PEM documents than are allowed in one file.
    case tooManyKeys(limit: Int)
    /// The octets of a PEM document are not what its label says.
    case malformedKey
    /// A key of another algorithm than Ed25519.
    case notEd25519
    /// A private key with a public key beside it that is not its own.
    case keysDisagree

    /// A seal key that is not 64 hexadecimal digits.
    case notASealKey

    /// A binary block of signatures that breaks its format.
    case malformedSignatures
    /// More signatures than a document may have.
    case tooManySignatures(limit: Int)
    /// A threshold below one or above the number of different publisher keys.
    case badThreshold(Int, keys: Int)
    /// Two keys that are not the same have the same id.
    case keyIDsCollide(KeyID)
    /// Too few of the publishers have signed.
    case tooFewSignatures(found: Int, wanted: Int, unknown: [KeyID], wrong: [KeyID])
    /// The operator's own signature is missing.
    case operatorDidNotSign(KeyID, isWrong: Bool)

    /// A line of a document breaks its format.
    case line(Int, LineFault)
    /// The document ends before it is whole.
    case cutDocument
    /// A certificate or receipt that is not written as it was when it was signed, or is none.
    case damagedDocument
    /// A memory of hits that was changed by anything but the sensor.
    case damagedMemory

    /// A statement speaks of another list.
    case otherList(Identifier, wanted: Identifier)
    /// A statement speaks of a list for another purpose.
    case otherPurpose(Identifier, wanted: Identifier)
    /// The file is shorter or longer than what was signed.
    case otherLength(UInt64, signed: UInt64)
    /// The file is not the one that was signed.
    case otherDigest(ContentDigest, signed: ContentDigest)
    /// The body of a snapshot is not the one that its signed header describes.
    case otherContent
    /// A list of a snapshot has no sequence number, so that an older edition could take its place.
    case noSequence(Identifier)

    /// An older release than one that was accepted before.
    case replayed(Identifier, sequence: UInt64, accepted: UInt64)
    /// Two releases with one sequence number.
    case equivocation(Identifier, sequence: UInt64)
    /// The highest sequence was lost and nothing tells what it was.
    case unknownSequence(Identifier)
    /// More lists than the file of sequences may have.
    case tooManyLists(limit: Int)

    /// An approval that lasts longer than one may.
    case approvedTooLong

    package var description: String {
        switch self {
        case .unreadable(let cause):
            "cannot be read: \(cause); check the path and its permissions"
        case .unwritable(let cause):
            "cannot be written: \(cause); make room or check the folder's permissions, the old content is unchanged"
        case .notAFile:
            "is not a regular file; name one"
        case .tooLong(let limit):
            "is longer than \(limit) octets, which no such file is; name the right file"
        case .exposedSecret:
            "holds a secret that its group or others can read; run chmod 600 on it, and make a new one if it was seen"
        case .exists:
            "exists already and a key is never overwritten; name another file or move it away"
        case .noCredentialsFolder:
            "no credentials were passed to this process; start it from a unit with LoadCredential=, or name a file"
        case .badCredentialName:
            "is no name of a credential; write credential:NAME with the NAME of LoadCredential="
        case .notPEM:
            "holds no whole PEM document; make a key with list keygen or openssl genpkey -algorithm ed25519"
        case .wrongPEM(let kind, let wanted):
            "holds \(kind), not \(wanted); \(kind.mend(wanted: wanted))"
        case .tooManyKeys(let limit):
            "holds more than \(limit) key\(limit == 1 ? "" : "s"); put the others into files of their own"
        case .malformedKey:
            "holds no valid key; make it again with list keygen or openssl genpkey -algorithm ed25519"
        case .notEd25519:
            "holds a key of another algorithm than Ed25519; make one with openssl genpkey -algorithm ed25519"
        case .keysDisagree:
            "holds a private key and the public key of another; make it again"
        case .notASealKey:
            "is not 64 hexadecimal digits; make a seal key with openssl rand -hex 32"
        case .malformedSignatures:
            "has a malformed block of signatures; fetch or sign it again"
        case .tooManySignatures(let limit):
            "has more than \(limit) signatures; sign it anew with the keys that count"
        case .badThreshold(let threshold, let keys):
            "asks for \(threshold) signatures of \(keys) keys; set a threshold from 1 to the number of different keys"
        case .keyIDsCollide(let id):
            "two different keys have the id \(id); make one of them anew"
        case .tooFewSignatures(let found, let wanted, let unknown, let wrong):
            "is signed by \(found) of the \(wanted) publishers wanted\(Self.clause(unknown: unknown, wrong: wrong))"
                + "; get it from its publisher again, or configure the publisher's key"
        case .operatorDidNotSign(let id, let isWrong):
            "\(isWrong ? "the signature of" : "has no signature of") the operator's key \(id)"
                + "\(isWrong ? " is wrong" : ""); sign it with list sign"
        case .line(let number, let cause):
            "line \(number): \(cause)"
        case .cutDocument:
            "ends before it is whole; fetch or sign it again"
        case .damagedDocument:
            "is no certificate or receipt as one was signed; get it from who signed it again"
        case .damagedMemory:
            "is damaged; remove it, and hits are counted from nothing again"
        case .otherList(let id, let wanted):
            "is a statement for the list \(id), not \(wanted); get the one that belongs to the list"
        case .otherPurpose(let purpose, let wanted):
            "is for the purpose \(purpose), not \(wanted); configure the list as what it was signed for"
        case .otherLength(let length, let signed):
            "has \(length) octets, \(signed) were signed; fetch the list and its signature again"
        case .otherContent:
            "its names are not the ones that were signed; fetch it again"
        case .noSequence(let list):
            "list \(list) is signed without a sequence number; build it with --sequence"
        case .otherDigest(let digest, let signed):
            "has the SHA-256 \(digest), \(signed) was signed; fetch the list and its signature again"
        case .replayed(let id, let sequence, let accepted):
            "the list \(id) has the sequence \(sequence), \(accepted) was accepted before; get the newest release"
        case .equivocation(let id, let sequence):
            "the list \(id) has the sequence \(sequence) of another release; ask the publisher which one holds"
        case .unknownSequence(let id):
            "the highest sequence of the list \(id) was lost; confirm that this release is the newest"
        case .tooManyLists(let limit):
            "holds more than \(limit) lists; remove those that are not used any more"
        case .approvedTooLong:
            "would be valid longer than \(Approval.longestValidity / 86_400) days; choose an earlier end"
        }
    }

    /// Whether it is the answer to a question that could be asked, such as a signature that is missing, and not a file or a setting that
    /// makes asking impossible: what tells exit status 1 from 2 where a person asked.
    package var isAnswer: Bool {
        switch self {
        case .tooFewSignatures, .operatorDidNotSign, .otherList, .otherPurpose, .otherLength, .otherDigest,
            .otherContent,
            .noSequence, .replayed, .equivocation, .unknownSequence, .damagedDocument:
            true
        case .unreadable, .unwritable, .notAFile, .tooLong, .exposedSecret, .exists, .noCredentialsFolder,
            .badCredentialName, .notPEM, .wrongPEM, .tooManyKeys, .malformedKey, .notEd25519, .keysDisagree,
            .notASealKey, .malformedSignatures, .tooManySignatures, .badThreshold, .keyIDsCollide, .line, .cutDocument,
            .damagedMemory, .tooManyLists, .approvedTooLong:
            false
        }
    }

    private static func clause(unknown: [KeyID], wrong: [KeyID]) -> String {
        func listed(_ ids: [KeyID]) -> String { ids.map(\.description).joined(separator: ", ") }
        return (unknown.isEmpty ? "" : ", and by unknown keys \(listed(unknown))")
            + (wrong.isEmpty ? "" : ", and wrongly in the name of \(listed(wrong))")
    }
}

/// What is wrong with a line of a signed document, a ledger or another small text file.
package enum LineFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// A file of another kind, or of a version that came later.
    case unknownFormat
    /// The field that has its place here is not here.
    case missing(Field)
    /// The field's value is not written as it must be.
    case malformed(Field)
    /// The end lies not after the beginning.
    case endsBeforeItBegins
    /// There is more than the format has.
    case unexpected
    /// The line is longer than any that is valid.
    case tooLong
    /// The line does not end with a line feed.
    case unterminated

    /// The fields of all documents.
    package enum Field: String, CaseIterable, Sendable {
        case list
        case purpose
        case sequence
        case issued
        case expires
        case length
        case sha256
        case gate
        case signature
    }

    package var description: String {
        switch self {
        case .unknownFormat: "is no file of this kind, or of a newer version; name the right file or update grindvakt"
        case .missing(let field): "the field \(field.rawValue) is missing; fetch or make the file again"
        case .malformed(let field): "the field \(field.rawValue) is malformed; fetch or make the file again"
        case .endsBeforeItBegins: "the field expires is not after the field issued; issue it again"
        case .unexpected: "is not expected here; fetch or make the file again"
        case .tooLong: "is longer than any valid line; fetch or make the file again"
        case .unterminated: "does not end with a line feed; fetch or make the file again"
        }
    }
}

/// The kinds of PEM document that are told apart by their label.
package enum PEMKind: Equatable, Sendable, CustomStringConvertible {
    case privateKey
    case encryptedPrivateKey
    case publicKey
    /// A private key in another program's own format.
    case foreignPrivateKey
    case other

    package var description: String {
        switch self {
        case .privateKey: "a private key"
        case .encryptedPrivateKey: "an encrypted private key"
        case .publicKey: "a public key"
        case .foreignPrivateKey: "a private key that is not in PKCS#8"
        case .other: "another kind of PEM document"
        }
    }

    func mend(wanted: PEMKind) -> String {
        switch (self, wanted) {
        case (.privateKey, .publicKey), (.encryptedPrivateKey, .publicKey), (.foreignPrivateKey, .publicKey):
            "run openssl pkey -in KEY -pubout -out PUBLIC and keep the private key with its owner"
        case (.encryptedPrivateKey, .privateKey), (.foreignPrivateKey, .privateKey):
            "run openssl pkey -in KEY -out PLAIN, with a PLAIN that only you can read"
        default:
            "name the right file"
        }
    }
}
