import Crypto
import CryptoExtras
package import Wire

/// Takes the protection off clients' Initial packets (RFC 9001 §5).
///
/// Owns the buffers it works in and the keys used last, so that a flow's packets derive their keys once.
package struct InitialOpener: ~Copyable, Sendable {
    /// Keys that were derived, and what from.
    private struct Entry {
        private var octets: InlineArray<20, UInt8>
        private var length: Int
        private var version: QUICVersion
        var keys: InitialKeys

        init(_ connectionID: [UInt8], _ version: QUICVersion, _ keys: InitialKeys) {
            octets = InlineArray { $0 < connectionID.count ? connectionID[$0] : 0 }
            length = connectionID.count
            self.version = version
            self.keys = keys
        }

        func isFrom(_ connectionID: [UInt8], _ version: QUICVersion) -> Bool {
            guard length == connectionID.count, self.version == version else { return false }
            for index in connectionID.indices where connectionID[index] != octets[index] { return false }
            return true
        }
    }

    private let derivations: [InitialKeyDerivation]
    private var entries: [Entry?]
    private var connectionID: [UInt8] = []
    private var mask: [UInt8] = []
    private var header: [UInt8] = []
    private var sealed: [UInt8] = []

    /// The most octets of a packet that are opened: as many as an IP packet can hold.
    private static let packetLimit = 65_535

    /// Keys that are remembered: enough for the flows whose first packets come between each other's.
    private static let entryCount = 64

    /// An opener that remembers no keys.
    package init() {
        derivations = QUICVersion.allCases.map { InitialKeyDerivation($0) }
        entries = Array(repeating: nil, count: Self.entryCount)
        connectionID.reserveCapacity(QUICLongHeader.maximumConnectionIDLength)
        mask.reserveCapacity(QUICInitialPacket.blockLength)
        header.reserveCapacity(2_048)
        sealed.reserveCapacity(2_048)
    }

    /// Opens an Initial with the keys of a client that began with this Destination Connection ID.
    ///
    /// - Parameters:
    ///   - packet: the packet as it came.
    ///   - initialConnectionID: the Destination Connection ID of the client's first Initial, 20 octets at most.
    ///   - frames: where the packet's frames are put; what was in there is gone either way.
    /// - Returns: whether the packet is what a client with these keys has sent. A server's Initials are protected with other keys and never
    ///   pass.
    package mutating func open(
        _ packet: QUICInitialPacket,
        initialConnectionID: Span<UInt8>,
        into frames: inout [UInt8]
    ) -> Bool {
        frames.removeAll(keepingCapacity: true)
        guard packet.bytes.count <= Self.packetLimit,
            initialConnectionID.count <= QUICLongHeader.maximumConnectionIDLength
        else { return false }
        let keys = keys(for: initialConnectionID, packet.version)
        guard unprotectHeader(of: packet, keys) else { return false }
        seal(packet, keys)
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            frames.append(contentsOf: try AES.GCM.open(box, using: keys.key, authenticating: header))
            return true
        } catch {
            return false
        }
    }

    private mutating func keys(for initialConnectionID: Span<UInt8>, _ version: QUICVersion) -> InitialKeys {
        connectionID.removeAll(keepingCapacity: true)
        var place = Int(version.rawValue)
        for index in initialConnectionID.indices {
            connectionID.append(initialConnectionID[index])
            place = place &* 31 &+ Int(initialConnectionID[index])
        }
        place = Int(UInt(bitPattern: place) % UInt(entries.count))
        if let entry = entries[place], entry.isFrom(connectionID, version) { return entry.keys }
        let keys = InitialKeys(derivations[Int(version.rawValue)], connectionID: connectionID, workingIn: &mask)
        entries[place] = Entry(connectionID, version, keys)
        return keys
    }

    /// Leaves the header as it was before it was protected in `header` (RFC 9001 §5.4).
    private mutating func unprotectHeader(of packet: QUICInitialPacket, _ keys: InitialKeys) -> Bool {
        let bytes = packet.bytes
        let offset = packet.packetNumberOffset
        mask.removeAll(keepingCapacity: true)
        let sample = offset &+ QUICInitialPacket.sampleOffset
        mask.append(bytes.extracting(sample..<sample &+ QUICInitialPacket.blockLength))
        do {
            try AES.permute(&mask, key: keys.headerKey)
        } catch {
            return false
        }
        let first = bytes[0] ^ mask[0] & 0x0F
        let numberLength = Int(first & 0x03) &+ 1
        guard bytes.count >= offset &+ numberLength &+ QUICInitialPacket.blockLength else { return false }
        header.removeAll(keepingCapacity: true)
        header.append(first)
        header.append(bytes.extracting(1..<offset))
        for index in 0..<numberLength { header.append(bytes[offset &+ index] ^ mask[1 &+ index]) }
        return true
    }

    /// Leaves nonce, ciphertext and tag in `sealed` (RFC 9001 §5.3).
    private mutating func seal(_ packet: QUICInitialPacket, _ keys: InitialKeys) {
        let bytes = packet.bytes
        let numberLength = header.count &- packet.packetNumberOffset
        sealed.removeAll(keepingCapacity: true)
        for index in keys.vector.indices { sealed.append(keys.vector[index]) }
        // A client's Initials are few, so that the number as it is written is the whole of it (RFC 9000 §17.1).
        for index in 0..<numberLength {
            sealed[keys.vector.count &- numberLength &+ index] ^= header[packet.packetNumberOffset &+ index]
        }
        sealed.append(bytes.extracting(header.count..<bytes.count))
    }
}

extension [UInt8] {
    /// Adds these octets.
    fileprivate mutating func append(_ octets: Span<UInt8>) {
        append(addingCapacity: octets.count) { room in
            for index in octets.indices { room.append(octets[index]) }
        }
    }
}
