import Glibc
import Wire

extension Section {
    /// An IP address of this version.
    func ipAddress(_ key: String, _ version: IPAddress.Version) -> IPAddress? {
        guard let text = string(key) else { return nil }
        guard let address = version == .v4 ? Self.v4(text) : Self.v6(text) else {
            let example = version == .v4 ? "192.0.2.1" : "2001:db8::1"
            return refuse(key, "\(key) must be an IPv\(version.rawValue) address, like \"\(example)\"")
        }
        return address
    }

    /// Whether a text is an IPv4 address in digits.
    static func isIPv4(_ text: String) -> Bool { v4(text) != nil }

    /// Whether a text is an IPv6 address in digits.
    static func isIPv6(_ text: String) -> Bool { v6(text) != nil }

    /// An address in digits, as it is configured.
    static func text(of address: IPAddress) -> String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let isRead: Bool
        if address.version == .v4 {
            var octets = UInt32(truncatingIfNeeded: address.low).bigEndian
            // SAFETY: the address has the four octets that AF_INET asks for, and the call is told the text's length.
            isRead = unsafe inet_ntop(AF_INET, &octets, &text, socklen_t(text.count)) != nil
        } else {
            var octets: InlineArray<2, UInt64> = [address.high.bigEndian, address.low.bigEndian]
            // SAFETY: the address has the sixteen octets that AF_INET6 asks for, and the call is told the text's length.
            isRead = unsafe withUnsafeBytes(of: &octets) { octets in
                unsafe inet_ntop(AF_INET6, octets.baseAddress, &text, socklen_t(text.count)) != nil
            }
        }
        return isRead ? String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
    }

    private static func v4(_ text: String) -> IPAddress? {
        var address = in_addr()
        // SAFETY: the text ends with a zero octet and the result has the size that AF_INET asks for.
        guard unsafe inet_pton(AF_INET, text, &address) == 1 else { return nil }
        return IPAddress(v4: UInt32(bigEndian: address.s_addr))
    }

    private static func v6(_ text: String) -> IPAddress? {
        var halves: InlineArray<2, UInt64> = [0, 0]
        // SAFETY: the text ends with a zero octet and the result has the sixteen octets that AF_INET6 asks for.
        guard unsafe withUnsafeMutableBytes(of: &halves, { unsafe inet_pton(AF_INET6, text, $0.baseAddress) }) == 1
        else {
            return nil
        }
        return IPAddress(v6: UInt64(bigEndian: halves[0]), UInt64(bigEndian: halves[1]))
    }
}
