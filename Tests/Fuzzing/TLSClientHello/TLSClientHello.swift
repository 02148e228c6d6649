import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as the name says.
    static func main() {
        fuzz { bytes in
            guard let hello = try? TLSClientHello(parsing: bytes) else { return }
            var name = DomainName()
            guard let _ = try? name.assign(text: hello.serverName) else { return }
            precondition(name.length <= DomainName.maximumLength && name.presentation().isEmpty == false)
        }
    }
}
