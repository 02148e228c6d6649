import CZlib
import Telemetry

/// Packs the body of an answer (RFC 1952).
enum Gzip {
    /// Bodies shorter than this are sent as they are: they fit into a packet or two.
    static let leastSize = 1024

    /// How a scrape is packed: nearly as small as at the best level, in a third of the time.
    private static let level: Int32 = 3

    /// Whether an `Accept-Encoding` field allows gzip and does not prefer the body as it is (RFC 9110 §12.5.3).
    static func isAccepted(_ field: String?) -> Bool {
        let ranges = FieldRange.ranges(in: field)
        func weight(_ names: Set<String>) -> Double? { ranges.filter { names.contains($0.name) }.map(\.weight).max() }
        guard let gzip = weight(["gzip", "x-gzip"]) ?? weight(["*"]), gzip > 0 else { return false }
        return gzip >= weight(["identity"]) ?? 0
    }

    /// The octets as one member of a gzip file; nil where there is no memory for it.
    static func pack(_ octets: [UInt8]) -> [UInt8]? {
        // SAFETY: a structure of numbers and pointers, all of them zero, as zlib wants it at first.
        var stream = unsafe z_stream()
        // SAFETY: zlib is given the state at the same place in all calls, as it is `inout` of this function alone.
        return unsafe withUnsafeMutablePointer(to: &stream) { stream in
            // 16 more than the window's bits asks for gzip's header and trailer.
            let status = unsafe deflateInit2_(
                stream,
                level,
                Z_DEFLATED,
                MAX_WBITS + 16,
                8,
                Z_DEFAULT_STRATEGY,
                ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)
            )
            guard status == Z_OK else { return nil }
            defer { unsafe deflateEnd(stream) }
            let bound = unsafe Int(deflateBound(stream, UInt(octets.count)))
            return unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, count in
                unsafe octets.withUnsafeBufferPointer { input in
                    // SAFETY: zlib reads `input` and writes no more than `bound` octets to `output`; both outlive the call.
                    unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                    unsafe stream.pointee.avail_in = UInt32(input.count)
                    unsafe stream.pointee.next_out = output.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(bound)
                    // The bound is large enough for all of it in one step.
                    _ = unsafe deflate(stream, Z_FINISH)
                    count = unsafe bound - Int(stream.pointee.avail_out)
                }
            }
        }
    }
}
