/// The messages of one receive buffer, one after another (netlink(7): a header of 16 octets, then its payload, aligned to four).
///
/// All of them are walked: a buffer may hold several. Numbers in the headers are in the machine's own byte order.
struct NetlinkMessages: ~Escapable {
    private let bytes: Span<UInt8>
    private var offset = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    /// The next message's type and payload; nil behind the last one, and where the rest is no message.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func next() -> NetlinkMessage? {
        guard bytes.count &- offset >= NetlinkMessage.headerLength else { return nil }
        let length = Int(bytes.nativeUInt32(at: offset))
        guard length >= NetlinkMessage.headerLength, length <= bytes.count &- offset else { return nil }
        let message = NetlinkMessage(
            type: bytes.nativeUInt16(at: offset &+ 4),
            payload: bytes.extracting(offset &+ NetlinkMessage.headerLength..<offset &+ length)
        )
        offset = min(bytes.count, (offset &+ length &+ 3) & ~3)
        return message
    }
}

/// One netlink message.
struct NetlinkMessage: ~Escapable {
    static let headerLength = 16

    /// What kind of message it is; the upper octet names the netfilter subsystem.
    let type: UInt16

    /// What follows the header.
    let payload: Span<UInt8>

    @_lifetime(copy payload)
    init(type: UInt16, payload: Span<UInt8>) {
        self.type = type
        self.payload = payload
    }
}

/// The attributes of one message, one after another (a header of four octets, then the value, aligned to four).
struct NetlinkAttributes: ~Escapable {
    private let bytes: Span<UInt8>
    private var offset: Int

    /// The attributes that follow the first `offset` octets.
    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, from offset: Int) {
        self.bytes = bytes
        self.offset = min(offset, bytes.count)
    }

    /// The next attribute's type and the offsets of its value; nil behind the last one, and where the rest is none.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func next() -> (type: Int, value: Range<Int>)? {
        let left = bytes.count &- offset
        guard left >= 4 else { return nil }
        // Length and type, each in the machine's own byte order.
        // SAFETY: the load checks that all four octets lie inside; any four octets are two numbers.
        let header = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: SIMD2<UInt16>.self)
        let length = Int(header[0])
        guard length >= 4, length <= left else { return nil }
        // SAFETY: a range whose bounds are in order, as checked above.
        let value = unsafe Range(uncheckedBounds: (offset &+ 4, offset &+ length))
        offset = min(bytes.count, (offset &+ length &+ 3) & ~3)
        return (Int(header[1] & 0x3FFF), value)
    }
}

extension Span where Element == UInt8 {
    /// The 16-bit number in the machine's byte order at `offset`; it traps where that does not lie inside.
    @inline(__always)
    func nativeUInt16(at offset: Int) -> UInt16 {
        // SAFETY: the load checks that both octets lie inside; any two octets are a number.
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)
    }

    /// The 32-bit number in the machine's byte order at `offset`; it traps where that does not lie inside.
    @inline(__always)
    func nativeUInt32(at offset: Int) -> UInt32 {
        // SAFETY: the load checks that all four octets lie inside; any four octets are a number.
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }

    /// The 32-bit number in network byte order at `offset`; the caller has checked that it lies inside.
    @inline(__always)
    func networkUInt32(at offset: Int) -> UInt32 {
        nativeUInt32(at: offset).bigEndian
    }
}
