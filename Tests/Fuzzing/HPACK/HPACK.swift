import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as one header block.
    static func main() {
        fuzz { bytes in
            var fields = HPACKFields(bytes)
            var text = HPACKText()
            while (try? fields.nextAuthority(into: &text)) == true {
                precondition(text.bytes.count <= HPACKText.capacity)
                precondition(HTTPAuthority.host(in: text.bytes).count <= text.bytes.count)
            }
        }
    }
}
