import Glibc
import ListFiles
import Testing

@Suite("Errors of trust")
struct TrustErrorTests {
    private static func faults() throws -> [TrustFault] {
        let list = try word("police")
        let other = try word("own")
        let key = KeyID(number: 1)
        let digest = ContentDigest(of: [])
        let lines: [LineFault] =
            [.unknownFormat, .endsBeforeItBegins, .unexpected, .tooLong, .unterminated]
            + LineFault.Field.allCases.flatMap { [.missing($0), .malformed($0)] }
        return [
            .unreadable(SystemCause(ENOENT)), .unwritable(SystemCause(ENOSPC)), .notAFile, .tooLong(limit: 1),
            .exposedSecret, .exists, .noCredentialsFolder, .badCredentialName, .notPEM,
            .wrongPEM(.foreignPrivateKey, wanted: .privateKey), .wrongPEM(.other, wanted: .publicKey),
            .tooManyKeys(limit: 1), .tooManyKeys(limit: 16), .malformedKey, .notEd25519, .keysDisagree, .notASealKey,
            .malformedSignatures, .tooManySignatures(limit: 16), .badThreshold(3, keys: 2), .keyIDsCollide(key),
            .tooFewSignatures(found: 0, wanted: 1, unknown: [key, key], wrong: [key]),
            .operatorDidNotSign(key, isWrong: true), .operatorDidNotSign(key, isWrong: false), .cutDocument,
            .damagedDocument, .damagedMemory,
            .otherList(list, wanted: other), .otherPurpose(list, wanted: other), .otherLength(1, signed: 2),
            .otherDigest(digest, signed: digest), .replayed(list, sequence: 1, accepted: 2),
            .equivocation(list, sequence: 1), .unknownSequence(list), .tooManyLists(limit: 1), .approvedTooLong,
        ] + lines.map { .line(7, $0) }
    }

    @Test func `each is one line with the file, the fault and the mend`() throws {
        for fault in try Self.faults() {
            let text = TrustError("/etc/grindvakt/file", fault).description
            #expect(text.hasPrefix("/etc/grindvakt/file:"), "\(text)")
            #expect(text.contains("; "), "\(text)")
            #expect(text.contains("\n") == false, "\(text)")
            #expect(text.contains("  ") == false, "\(text)")
        }
    }

    @Test func `a line is named as compilers name it`() {
        let error = TrustError("police.txt.sig", .line(7, .malformed(.length)))
        #expect(error.description.hasPrefix("police.txt.sig:7: the field length is malformed; "))
    }

    @Test func `answers are told from what cannot be asked`() throws {
        #expect(try Self.faults().count(where: \.isAnswer) == 11)
        #expect(TrustFault.tooFewSignatures(found: 0, wanted: 1, unknown: [], wrong: []).isAnswer)
        #expect(TrustFault.unreadable(SystemCause(ENOENT)).isAnswer == false)
        #expect(TrustFault.line(1, .unknownFormat).isAnswer == false)
    }
}
