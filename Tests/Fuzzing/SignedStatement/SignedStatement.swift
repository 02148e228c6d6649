import FuzzingDriver
import ListFiles

@main
enum Entry {
    /// Each input is read as the name says, and as every other document that decides what is trusted.
    ///
    /// One value has one spelling: what is read is written as it was.
    static func main() {
        fuzz { bytes in
            let octets = bytes.indices.map { bytes[$0] }
            if let statement = try? SignedStatement(parsing: octets) { precondition(statement.encoded == octets) }
            if let approval = try? Approval(parsing: octets) {
                precondition(approval.encoded == octets)
                precondition(approval.issuedAt < approval.expiresAt)
            }
            if let marks = try? SequenceMarks(parsing: octets) {
                precondition(marks.hasChecksum == false || marks.encoded == octets)
            }
            if let block = try? SignatureBlock(parsing: octets) { precondition(block.encoded == octets) }
            if let keys = try? VerificationKey.parse(octets) {
                guard (try? VerificationKey.parse(keys.flatMap(\.pem))) == keys else {
                    preconditionFailure("a key that was written is another")
                }
            }
            _ = try? SigningKey(pem: octets)
            _ = try? SealKey(text: octets)
            let text = String(decoding: octets, as: UTF8.self)
            if let now = Timestamp(seconds: 1_800_000_000) { _ = Timestamp.parse(argument: text, now: now) }
            if let time = Timestamp(text) { precondition(time.description == text) }
        }
    }
}
