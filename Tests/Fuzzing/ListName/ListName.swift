import FuzzingDriver
import ListFiles
import Wire

@main
enum Entry {
    /// Each input is read as a name; what is read is read again as it is spelled, to the same name.
    static func main() {
        fuzz { bytes in
            var name = DomainName()
            guard (try? ListName.parse(bytes, into: &name)) != nil else { return }
            precondition(name.length > 0 && name.length <= DomainName.maximumLength)
            let again = try? ListName.parse(name.presentation())
            precondition(again == name)
        }
    }
}
