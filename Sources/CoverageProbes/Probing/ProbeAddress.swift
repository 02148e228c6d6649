import Glibc
package import Wire

/// An address that probes are sent to.
package struct ProbeAddress: Hashable, Sendable, CustomStringConvertible {
    /// The octets in the order of the wire: 4 or 16.
    package let octets: [UInt8]

    /// The address that a text spells, as `192.0.2.1` or `2001:db8::1`; nil for anything else.
    package init?(_ text: String) {
        var octets = [UInt8](repeating: 0, count: 16)
        let family = text.utf8.contains(UInt8(ascii: ":")) ? AF_INET6 : AF_INET
        // SAFETY: the string ends in zero and lives for the time of the call, which writes 4 or 16 octets of the 16.
        let isRead = unsafe octets.withUnsafeMutableBytes { buffer in
            unsafe inet_pton(family, text, buffer.baseAddress) == 1
        }
        guard isRead else { return nil }
        self.octets = family == AF_INET ? Array(octets[..<4]) : octets
    }

    /// The same address.
    package init(_ address: IPAddress) {
        let octets = [address.high, address.low].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
        }
        self.octets = address.version == .v4 ? Array(octets.suffix(4)) : octets
    }

    /// 4 or 6.
    package var version: Int { octets.count == 4 ? 4 : 6 }

    /// The address as text.
    package var description: String {
        var text = [UInt8](repeating: 0, count: 64)
        // SAFETY: both buffers live for the time of the call, the lengths are theirs, and the text ends in zero.
        let isWritten = unsafe octets.withUnsafeBytes { octets in
            unsafe text.withUnsafeMutableBytes { text in
                let characters = unsafe text.bindMemory(to: CChar.self).baseAddress
                let family = version == 4 ? AF_INET : AF_INET6
                return unsafe inet_ntop(family, octets.baseAddress, characters, socklen_t(text.count)) != nil
            }
        }
        return isWritten ? String(decoding: text.prefix { $0 != 0 }, as: UTF8.self) : "?"
    }
}
