import FuzzingDriver
import Wire

@main
enum Entry {
    private static let ports = (UInt16.min...UInt16.max).filter(Tunnel.isPort)

    /// The first octet chooses what the others are read as: a link header, a tunnel's transport protocol, or a tunnel's port.
    static func main() {
        fuzz { bytes in
            guard bytes.count > 0 else { return }
            let payload = bytes.extracting(1..<bytes.count)
            let headers: [LinkHeader] = [
                .ethernet, .etherType, .logicalLink, .ciscoMetadata, .labelStack, .pppoeSession, .pointToPoint,
                .ciscoHDLC, .frameRelay, .wireless, .swappedWireless,
            ]
            let transports: [UInt8] = [4, 41, 47, 97, 137, 143]
            let choice = Int(bytes[0]) % (headers.count + transports.count + ports.count)
            let offset: Int?
            if choice < headers.count {
                offset = LinkPosition(headers[choice], at: 0).packetOffset(in: payload)
            } else if choice < headers.count + transports.count {
                offset = Tunnel.packetOffset(transport: transports[choice - headers.count], in: payload)
            } else {
                let port = ports[choice - headers.count - transports.count]
                offset = Tunnel.packetOffset(sourcePort: 50_000, destinationPort: port, in: payload)
            }
            if let offset { precondition((0...payload.count).contains(offset)) }
        }
    }
}
