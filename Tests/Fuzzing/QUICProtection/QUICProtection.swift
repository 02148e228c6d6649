import FuzzingDriver
import QUICProtection
import Wire

private nonisolated(unsafe) var frames: [UInt8] = []

@main
enum Entry {
    /// Each input is an Initial, opened with its own connection ID and with another.
    static func main() {
        var opener = InitialOpener()
        fuzz { bytes in
            guard let packet = try? QUICInitialPacket(parsing: bytes) else { return }
            for connectionID in [packet.destinationConnectionID.count, 0] {
                let identifier = packet.destinationConnectionID.extracting(0..<connectionID)
                let isOpen = opener.open(packet, initialConnectionID: identifier, into: &frames)
                precondition(isOpen ? frames.count <= packet.bytes.count - 17 : frames.isEmpty)
            }
        }
    }
}
