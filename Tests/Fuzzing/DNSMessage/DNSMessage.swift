import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as the name says.
    static func main() {
        fuzz { bytes in
            guard let message = try? DNSMessage(parsing: bytes) else { return }
            var name = DomainName()
            var offset = DNSMessage.firstQuestion
            for _ in 0..<message.questionCount {
                guard let question = try? message.readQuestion(at: offset, into: &name) else { break }
                precondition(question.end > offset && question.end <= bytes.count)
                precondition(name.length <= DomainName.maximumLength && name.presentation().isEmpty == false)
                precondition((try? message.skipQuestion(at: offset)) == question.end)
                offset = question.end
            }
            for _ in 0..<message.answerCount {
                guard let record = try? message.readRecord(at: offset) else { break }
                precondition(record.dataOffset > offset && record.end >= record.dataOffset && record.end <= bytes.count)
                if let end = try? message.readTarget(of: record, into: &name) {
                    precondition(end > record.dataOffset && end <= bytes.count)
                    precondition(name.length <= DomainName.maximumLength)
                    _ = try? message.hasEncryptedClientHelloKeys(record, from: end)
                }
                offset = record.end
            }
        }
    }
}
