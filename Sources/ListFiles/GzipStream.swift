import CZlib

/// Unpacks a gzip file piece by piece (RFC 1952): one member, or several one behind another as `cat` makes them.
@safe struct GzipStream: ~Copyable {
    /// What became of the octets given.
    enum Step {
        /// More can be unpacked, if need be of more octets.
        case goesOn
        /// A member is complete.
        case memberEnded
        /// The octets are no gzip file, or their checksum does not match.
        case damaged
    }

    /// zlib keeps the address of its state, which must therefore not move.
    private let stream: UnsafeMutablePointer<z_stream>

    /// A stream at its first octet; nil where there is no memory for it.
    init?() {
        // SAFETY: the memory is initialised before zlib sees it, stays where it is, and is given back in deinit alone.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 16 more than the window's bits asks for gzip's header and trailer, and for nothing else
        let status = unsafe inflateInit2_(stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            // SAFETY: allocated above, and not yet known to anyone else.
            unsafe stream.deallocate()
            return nil
        }
        unsafe self.stream = stream
    }

    deinit {
        // SAFETY: initialised in init, and used by nobody after this.
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Unpacks as much of `input` from `consumed` on as fits into `output` from `produced` on, and moves both on.
    mutating func unpack(
        _ input: [UInt8],
        _ consumed: inout Int,
        upTo inputEnd: Int,
        into output: inout [UInt8],
        _ produced: inout Int
    ) -> Step {
        precondition(consumed <= inputEnd && inputEnd <= input.count && produced <= output.count)
        let status = unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                // SAFETY: both ranges lie in their buffers, as checked above; zlib only reads the input and does not use the
                // addresses after this call, as they are set anew before each.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress).map {
                    unsafe $0 + consumed
                }
                unsafe stream.pointee.avail_in = UInt32(inputEnd - consumed)
                unsafe stream.pointee.next_out = target.baseAddress.map { unsafe $0 + produced }
                unsafe stream.pointee.avail_out = UInt32(target.count - produced)
                return unsafe inflate(stream, Z_NO_FLUSH)
            }
        }
        // SAFETY: zlib has counted both down within what it was given.
        consumed = unsafe inputEnd - Int(stream.pointee.avail_in)
        produced = unsafe output.count - Int(stream.pointee.avail_out)
        switch status {
        case Z_OK, Z_BUF_ERROR: return .goesOn
        case Z_STREAM_END: return .memberEnded
        default: return .damaged
        }
    }

    /// Makes ready for the next member.
    mutating func beginMember() {
        // SAFETY: the stream is initialised as long as this lives.
        unsafe inflateReset(stream)
    }
}
