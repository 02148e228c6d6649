import CCrypto

/// SHA-256 (FIPS 180-4) between two blocks: a plain value, so that to go on twice from one place is to copy it.
@safe
struct SHA256State: Sendable {
    private var context = SHA256_CTX()

    /// The state before the first block.
    init() {
        // SAFETY: libcrypto writes the one context that it is given, which is this value's.
        _ = unsafe SHA256_Init(&context)
    }

    /// Takes in a block, whose words lie in memory as the message does.
    mutating func take(_ block: InlineArray<16, UInt32>) {
        // SAFETY: 64 octets are read, as many as the block has, and the context that is written is this value's.
        unsafe block.span.bytes.withUnsafeBytes { octets in
            guard let octets = unsafe octets.assumingMemoryBound(to: UInt8.self).baseAddress else { return }
            unsafe SHA256_Transform(&context, octets)
        }
    }

    /// The hash, where the last block was the message's last; the first octet of a word is its highest.
    var words: InlineArray<8, UInt32> {
        let words = context.h
        return [words.0, words.1, words.2, words.3, words.4, words.5, words.6, words.7]
    }
}

/// The two ciphers that protect Initials (RFC 9001 §5.3, §5.4.3), in contexts that are made once: no use of them takes memory.
///
/// Where libcrypto can make no context, nothing is ever opened.
@safe
struct InitialCiphers: ~Copyable, @unchecked Sendable {
    // SAFETY: each is a context of libcrypto whose cipher is set, or nil, until `deinit`. Sendable: this is the only owner, libcrypto ties no
    // context to a thread, and each use is exclusive because it mutates `self`.
    private let headerContext: OpaquePointer?
    private let payloadContext: OpaquePointer?

    /// Contexts of AES-128-ECB and AES-128-GCM.
    init() { self.init(header: "AES-128-ECB", payload: "AES-128-GCM") }

    /// No contexts: nothing is opened with them, and libcrypto, which takes more than a millisecond to begin, is left alone.
    static var none: InitialCiphers { InitialCiphers(noContexts: ()) }

    private init(noContexts: Void) {
        unsafe headerContext = nil
        unsafe payloadContext = nil
    }

    /// Contexts of ciphers with these names.
    init(header: String, payload: String) {
        // Neither what a host's configuration of OpenSSL loads into its programs, nor its clearing up when the process ends: workers may run
        // until then.
        let options = UInt64(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT)
        _ = OPENSSL_init_crypto(options, nil)
        unsafe headerContext = Self.makeContext(header, isEncrypting: true)
        unsafe payloadContext = Self.makeContext(payload, isEncrypting: false)
    }

    deinit {
        // SAFETY: made in `init`, and this is the only owner; nil is left alone.
        unsafe EVP_CIPHER_CTX_free(headerContext)
        unsafe EVP_CIPHER_CTX_free(payloadContext)
    }

    private static func makeContext(_ name: String, isEncrypting: Bool) -> OpaquePointer? {
        // SAFETY: the name lives during the call; the context takes a reference of its own to the cipher, so that this one is given back.
        guard let cipher = unsafe EVP_CIPHER_fetch(nil, name, nil) else { return nil }
        defer { unsafe EVP_CIPHER_free(cipher) }
        guard let context = unsafe EVP_CIPHER_CTX_new() else { return nil }
        // SAFETY: the context is fresh; that there is no key yet is allowed, and no octet is read before there is one.
        guard unsafe EVP_CipherInit_ex2(context, cipher, nil, nil, isEncrypting ? 1 : 0, nil) == 1 else {
            unsafe EVP_CIPHER_CTX_free(context)
            return nil
        }
        return unsafe context
    }

    /// Whether libcrypto has made both contexts.
    var isReady: Bool { unsafe headerContext != nil && payloadContext != nil }

    /// The mask that covers a header (RFC 9001 §5.4.3).
    ///
    /// - Parameters:
    ///   - sample: 16 octets of the packet.
    ///   - key: the key of header protection.
    /// - Returns: the mask, nil where libcrypto does not make one.
    mutating func mask(sample: Span<UInt8>, key: InlineArray<16, UInt8>) -> InlineArray<16, UInt8>? {
        guard let context = unsafe headerContext, sample.count == key.count else { return nil }
        var mask = InlineArray<16, UInt8>(repeating: 0)
        var output = mask.mutableSpan
        var count: Int32 = 0
        // SAFETY: the key has the cipher's 16 octets; the sample is one block, checked above, for which as much is written.
        let isDone = unsafe key.span.withUnsafeBufferPointer { key in
            unsafe sample.withUnsafeBufferPointer { sample in
                unsafe output.withUnsafeMutableBufferPointer { output in
                    unsafe EVP_EncryptInit_ex2(context, nil, key.baseAddress, nil, nil) == 1
                        && EVP_EncryptUpdate(context, output.baseAddress, &count, sample.baseAddress, Int32(16)) == 1
                }
            }
        }
        return isDone && count == 16 ? mask : nil
    }

    /// Begins to open what AEAD_AES_128_GCM has sealed (RFC 5116 §5.1): a header is authenticated in as many pieces as it comes in, and what is
    /// sealed is opened last.
    ///
    /// - Returns: false where libcrypto does not; so do the other steps.
    mutating func begin(key: InlineArray<16, UInt8>, nonce: InlineArray<12, UInt8>) -> Bool {
        guard let context = unsafe payloadContext else { return false }
        // SAFETY: key and nonce have the cipher's 16 and 12 octets.
        return unsafe key.span.withUnsafeBufferPointer { key in
            unsafe nonce.span.withUnsafeBufferPointer { nonce in
                unsafe EVP_DecryptInit_ex2(context, nil, key.baseAddress, nonce.baseAddress, nil) == 1
            }
        }
    }

    /// Takes in a further piece of the header.
    mutating func authenticate(_ octets: Span<UInt8>) -> Bool {
        guard let context = unsafe payloadContext, let length = Int32(exactly: octets.count) else { return false }
        var count: Int32 = 0
        // SAFETY: as many octets are read as there are, and none is written where there is no output.
        return unsafe octets.withUnsafeBufferPointer { octets in
            unsafe EVP_DecryptUpdate(context, nil, &count, octets.baseAddress, length) == 1
        }
    }

    /// Opens what is sealed.
    ///
    /// - Parameters:
    ///   - sealed: the ciphertext and the tag of 16 octets.
    ///   - room: where the plaintext goes, as long as the ciphertext; nothing is added to it where the packet does not open.
    /// - Returns: whether tag, ciphertext and header belong together, and there was room.
    mutating func open(_ sealed: Span<UInt8>, into room: inout OutputSpan<UInt8>) -> Bool {
        let length = sealed.count &- 16
        guard let context = unsafe payloadContext, length >= 0, room.freeCapacity >= length,
            let textLength = Int32(exactly: length)
        else { return false }
        var count: Int32 = 0
        // SAFETY: of the ciphertext are read as many octets as it has, and of the tag, which libcrypto only reads, the 16 behind it. As many
        // as the ciphertext has are written behind what the room holds already, which has space for them, checked above; the last call
        // writes none in this mode.
        return unsafe sealed.withUnsafeBufferPointer { sealed in
            unsafe room.withUnsafeMutableBufferPointer { buffer, initializedCount in
                guard let input = sealed.baseAddress, let output = buffer.baseAddress else { return false }
                let start = unsafe output + initializedCount
                let tag = unsafe UnsafeMutableRawPointer(mutating: input + length)
                guard unsafe length == 0 || EVP_DecryptUpdate(context, start, &count, input, textLength) == 1,
                    unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1,
                    unsafe EVP_DecryptFinal_ex(context, start + length, &count) == 1
                else { return false }
                initializedCount += length
                return true
            }
        }
    }
}
