import CNetfilterQueue
import Responses
import Wire

/// What connection tracking says of a queued packet's connection (linux/netfilter/nfnetlink_conntrack.h, the attributes of NFQA_CT).
extension QueuedPacket {
    /// The ends of the connection as its client knows them; nil where the kernel says nothing of them, or translates no server's address.
    var clientView: ClientView? {
        var isTranslated = false
        var original = 0..<0
        var attributes = NetlinkAttributes(connection, from: 0)
        while let (type, value) = attributes.next() {
            switch type {
            case ConnectionAttribute.status where value.count >= 4:
                isTranslated =
                    connection.networkUInt32(at: value.lowerBound) & ConnectionAttribute.destinationTranslated != 0
            case ConnectionAttribute.original: original = value
            default: break
            }
        }
        guard isTranslated else { return nil }
        return Self.view(connection.extracting(original))
    }

    private static func view(_ tuple: Span<UInt8>) -> ClientView? {
        var addresses: (IPAddress, IPAddress)?
        var ports: (UInt16, UInt16)?
        var attributes = NetlinkAttributes(tuple, from: 0)
        while let (type, value) = attributes.next() {
            switch type {
            case ConnectionAttribute.addresses: addresses = self.addresses(tuple.extracting(value))
            case ConnectionAttribute.transport: ports = self.ports(tuple.extracting(value))
            default: break
            }
        }
        guard let addresses, let ports else { return nil }
        return ClientView(client: addresses.0, clientPort: ports.0, server: addresses.1, serverPort: ports.1)
    }

    private static func addresses(_ bytes: Span<UInt8>) -> (IPAddress, IPAddress)? {
        var source: IPAddress?
        var destination: IPAddress?
        var attributes = NetlinkAttributes(bytes, from: 0)
        while let (type, value) = attributes.next() {
            let address = address(bytes.extracting(value))
            switch type {
            case ConnectionAttribute.sourceV4, ConnectionAttribute.sourceV6: source = address
            case ConnectionAttribute.destinationV4, ConnectionAttribute.destinationV6: destination = address
            default: break
            }
        }
        guard let source, let destination else { return nil }
        return (source, destination)
    }

    private static func address(_ bytes: Span<UInt8>) -> IPAddress? {
        func word(_ offset: Int) -> UInt64 { UInt64(bytes.networkUInt32(at: offset)) }
        switch bytes.count {
        case 4: return IPAddress(v4: bytes.networkUInt32(at: 0))
        case 16: return IPAddress(v6: word(0) &<< 32 | word(4), word(8) &<< 32 | word(12))
        default: return nil
        }
    }

    private static func ports(_ bytes: Span<UInt8>) -> (UInt16, UInt16)? {
        var source: UInt16?
        var destination: UInt16?
        var attributes = NetlinkAttributes(bytes, from: 0)
        while let (type, value) = attributes.next() {
            guard value.count >= 2 else { continue }
            let port = bytes.nativeUInt16(at: value.lowerBound).bigEndian
            switch type {
            case ConnectionAttribute.sourcePort: source = port
            case ConnectionAttribute.destinationPort: destination = port
            default: break
            }
        }
        guard let source, let destination else { return nil }
        return (source, destination)
    }
}
