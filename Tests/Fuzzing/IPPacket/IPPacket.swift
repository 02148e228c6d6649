import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as the name says.
    static func main() {
        fuzz { bytes in
            if let packet = try? IPPacket(parsing: bytes) {
                precondition(packet.payload.count <= bytes.count)
                precondition(packet.fragmentOffset == 0 || packet.isFragment)
                let tuple = FiveTuple(
                    source: packet.source,
                    destination: packet.destination,
                    sourcePort: 1,
                    destinationPort: 2,
                    transport: packet.transport
                )
                precondition(FlowKey(tuple).endpoints.transport == packet.transport)
            }
        }
    }
}
