import Glibc
import Wire

extension IPAddress {
    /// The address as `inet_ntop` writes it: dotted decimal, or RFC 5952 text.
    var text: String {
        var network = [UInt8](repeating: 0, count: version == .v4 ? 4 : 16)
        for index in network.indices {
            // the last byte is the lowest one of `low`
            let distance = network.count - 1 - index
            let word = distance < 8 ? low : high
            network[index] = UInt8(truncatingIfNeeded: word >> (8 * UInt64(distance % 8)))
        }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        // SAFETY: `network` has the 4 or 16 bytes its family asks for; `buffer` has room for the longest text and its NUL.
        guard unsafe inet_ntop(version == .v4 ? AF_INET : AF_INET6, network, &buffer, socklen_t(buffer.count)) != nil
        else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
