import FuzzingDriver

@testable import NetfilterQueue

@main
enum Entry {
    /// Each input is read as the name says.
    static func main() {
        fuzz { bytes in
            var messages = NetlinkMessages(bytes)
            while let message = messages.next() {
                precondition(message.payload.count <= bytes.count - NetlinkMessage.headerLength)
                if let packet = QueuedPacket(message) {
                    precondition(packet.payload.count < bytes.count)
                    _ = packet.clientView
                }
            }
        }
    }
}
