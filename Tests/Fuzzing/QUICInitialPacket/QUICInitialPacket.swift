import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as the name says.
    static func main() {
        fuzz { bytes in
            var offset = 0
            while offset < bytes.count {
                let rest = bytes.extracting(offset..<bytes.count)
                guard let header = try? QUICLongHeader(parsing: rest) else { break }
                precondition(QUICLongHeader.versionNumber(of: rest) == header.versionNumber)
                precondition(header.bytes.count <= rest.count && header.packetNumberOffset <= header.length)
                precondition(header.version == nil || header.destinationConnectionID.count <= 20)
                if let packet = try? QUICInitialPacket(header) {
                    precondition(packet.bytes.count - packet.packetNumberOffset >= 20)
                }
                guard header.isTruncated == false else { break }
                offset += header.length
            }
            precondition(offset <= bytes.count)
        }
    }
}
