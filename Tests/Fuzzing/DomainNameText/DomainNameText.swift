import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as the name says.
    static func main() {
        fuzz { bytes in
            var name = DomainName()
            guard let _ = try? name.assign(text: bytes) else { return }
            precondition(name.length <= bytes.count + 1)
            // A name without an octet that is escaped is spelt as it is read.
            let text = Array(name.presentation().utf8)
            guard name.length > 0, text.contains(UInt8(ascii: "\\")) == false else { return }
            guard let again = try? DomainName(text: text.span) else { preconditionFailure("a spelt name is none") }
            precondition(again == name)
        }
    }
}
