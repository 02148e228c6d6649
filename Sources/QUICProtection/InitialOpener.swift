package import Wire

/// Takes the protection off clients' Initial packets (RFC 9001 §5).
///
/// Owns the buffers it works in and the keys used last, so that a flow's packets derive their keys once. Opening takes no memory beyond what
/// `frames` may need to grow.
package struct InitialOpener: ~Copyable, Sendable {
    /// Keys that were derived, and what from.
    private struct Entry {
        private var octets: InlineArray<20, UInt8>
        private var length: Int
        private var version: QUICVersion
        var keys: InitialKeys

        init(_ connectionID: Span<UInt8>, _ version: QUICVersion, _ keys: InitialKeys) {
            octets = InlineArray { $0 < connectionID.count ? connectionID[$0] : 0 }
            length = connectionID.count
            self.version = version
            self.keys = keys
        }

        func isFrom(_ connectionID: Span<UInt8>, _ version: QUICVersion) -> Bool {
            guard length == connectionID.count, self.version == version else { return false }
            for index in connectionID.indices where connectionID[index] != octets[index] { return false }
            return true
        }
    }

    private let derivations: [InitialKeyDerivation]
    private var entries: [Entry?]
    private var ciphers: InitialCiphers
    /// Whether libcrypto has been asked for them.
    private var hasCiphers = true

    /// The most octets of a packet that are opened: as many as an IP packet can hold.
    private static let packetLimit = 65_535

    /// Keys that are remembered: enough for the flows whose first packets come between each other's.
    private static let entryCount = 64

    /// An opener that remembers no keys.
    ///
    /// - Parameter isPrepared: whether libcrypto is asked for the ciphers at once, and not only by ``prepare()``.
    package init(isPrepared: Bool = true) {
        self.init(isPrepared ? InitialCiphers() : .none)
        hasCiphers = isPrepared
    }

    /// An opener that remembers no keys, with these ciphers.
    init(_ ciphers: consuming InitialCiphers) {
        derivations = QUICVersion.allCases.map { InitialKeyDerivation($0) }
        entries = Array(repeating: nil, count: Self.entryCount)
        self.ciphers = ciphers
    }

    /// Asks libcrypto for the ciphers where that has not been done.
    @inline(__always)
    package mutating func prepare() {
        if hasCiphers == false { makeCiphers() }
    }

    @inline(never)
    private mutating func makeCiphers() {
        ciphers = InitialCiphers()
        hasCiphers = true
    }

    /// Whether any Initial can be opened at all: not where libcrypto lacks the ciphers or has not been asked for them.
    package var canOpen: Bool { ciphers.isReady }

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
        let bytes = packet.bytes
        let offset = packet.packetNumberOffset
        // The header as it was before it was protected (RFC 9001 §5.4): only its first octet and the packet number are covered.
        let sample = offset &+ QUICInitialPacket.sampleOffset
        guard
            let mask = ciphers.mask(
                sample: bytes.extracting(sample..<sample &+ QUICInitialPacket.blockLength),
                key: keys.headerKey
            )
        else { return false }
        let first: InlineArray<1, UInt8> = [bytes[0] ^ mask[0] & 0x0F]
        let length = Int(first[0] & 0x03) &+ 1
        guard bytes.count >= offset &+ length &+ QUICInitialPacket.blockLength else { return false }
        let number = InlineArray<4, UInt8> { $0 < length ? bytes[offset &+ $0] ^ mask[1 &+ $0] : 0 }
        // A client's Initials are few, so that the number as it is written is the whole of it (RFC 9000 §17.1).
        var nonce = keys.vector
        for index in 0..<length { nonce[nonce.count &- length &+ index] ^= number[index] }
        guard ciphers.begin(key: keys.key, nonce: nonce), ciphers.authenticate(first.span),
            ciphers.authenticate(bytes.extracting(1..<offset)),
            ciphers.authenticate(number.span.extracting(first: length))
        else { return false }
        let sealed = bytes.extracting(droppingFirst: offset &+ length)
        var isOpen = false
        frames.append(addingCapacity: sealed.count) { room in
            isOpen = ciphers.open(sealed, into: &room)
        }
        return isOpen
    }

    private mutating func keys(for connectionID: Span<UInt8>, _ version: QUICVersion) -> InitialKeys {
        var place = Int(version.rawValue)
        for index in connectionID.indices { place = place &* 31 &+ Int(connectionID[index]) }
        place = Int(UInt(bitPattern: place) % UInt(entries.count))
        if let entry = entries[place], entry.isFrom(connectionID, version) { return entry.keys }
        let derivation = derivations[Int(version.rawValue)]
        let keys = InitialKeys(derivation, connectionID: connectionID)
        entries[place] = Entry(connectionID, version, keys)
        return keys
    }
}
