import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as the name says.
    static func main() {
        fuzz { bytes in
            if let datagram = try? UDPDatagram(parsing: bytes) {
                precondition(datagram.payload.count <= bytes.count - 8)
            }
        }
    }
}
