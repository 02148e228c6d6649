import FuzzingDriver

@testable import Handover

@main
enum Entry {
    /// Each input is a message of the other sensor, a name of a kept file, and the variables that speak of files.
    static func main() {
        fuzz { bytes in
            let octets = bytes.indices.map { bytes[$0] }
            if let message = HandoverMessage(octets) { precondition(message.bytes == octets) }
            let text = String(decoding: octets, as: UTF8.self)
            if let name = StoredName(text) { precondition(name.text == text) }
            let names = StoredDescriptors.names(count: text, process: "7", names: text, own: 7)
            precondition(names.count <= StoredDescriptors.limit)
            precondition(StoredDescriptors.names(count: "9", process: "7", names: text, own: 7).count == 9)
        }
    }
}
