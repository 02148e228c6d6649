import CXXHash

/// XXH3 with 128 bits of output, as snapshot files use it: against damage, not against intent; signatures are for that.
@safe
struct Checksum: ~Copyable {
    // SAFETY: a state that libxxhash allocated, owned by this value alone and freed in `deinit`.
    private let state: OpaquePointer

    /// Octets in a checksum.
    static let length = 16

    init?() {
        // SAFETY: a new state, which nobody else has.
        guard let state = unsafe XXH3_createState() else { return nil }
        unsafe self.state = state
        // SAFETY: the state lives until `deinit`; resetting it is what makes it fit for its first use.
        _ = unsafe XXH3_128bits_reset(state)
    }

    deinit {
        // SAFETY: allocated in `init`, and this is the only owner.
        _ = unsafe XXH3_freeState(state)
    }

    /// Takes in some octets.
    func update(_ bytes: Span<UInt8>) {
        // SAFETY: libxxhash reads the octets during the call only.
        unsafe bytes.withUnsafeBytes { buffer in
            _ = unsafe XXH3_128bits_update(state, buffer.baseAddress, buffer.count)
        }
    }

    /// The checksum of all that was taken in, least significant octet first.
    func finish() -> [UInt8] {
        // SAFETY: the state lives as long as `self`.
        let hash = unsafe XXH3_128bits_digest(state)
        return Self.octets(hash)
    }

    /// The checksum of `one` and `other`, one behind the other.
    static func of(_ one: borrowing Span<UInt8>, _ other: Span<UInt8>) -> [UInt8] {
        guard let checksum = Checksum() else { return [] }
        checksum.update(copy one)
        checksum.update(other)
        return checksum.finish()
    }

    private static func octets(_ hash: XXH128_hash_t) -> [UInt8] {
        [hash.low64, hash.high64].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64($0 * 8)) }
        }
    }
}
