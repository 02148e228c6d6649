import CIDN2

/// Names outside ASCII, turned into the A-labels that are on the wire (RFC 5891, UTS #46 non-transitional) by libidn2.
enum InternationalName {
    /// The A-labels of `text`, in lower case; nil where it is not UTF-8 or IDNA does not allow it.
    static func toASCII(_ text: Span<UInt8>) -> [UInt8]? {
        var terminated: [UInt8] = []
        terminated.reserveCapacity(text.count + 1)
        for index in text.indices {
            guard text[index] != 0 else { return nil }
            terminated.append(text[index])
        }
        terminated.append(0)

        var output: UnsafeMutablePointer<CChar>?
        let flags = Int32(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
        // SAFETY: the input ends with a zero octet and outlives the call; the output is libidn2's and freed below.
        let status = unsafe terminated.withUnsafeBufferPointer { input in
            unsafe input.withMemoryRebound(to: UInt8.self) { bytes in
                unsafe idn2_to_ascii_8z(
                    UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self),
                    &output,
                    flags
                )
            }
        }
        guard status == IDN2_OK.rawValue, let result = unsafe output else { return nil }
        // SAFETY: libidn2 returned a string of its own that ends with a zero octet.
        let ascii = unsafe Array(String(cString: result).utf8)
        unsafe idn2_free(result)
        return ascii
    }
}
