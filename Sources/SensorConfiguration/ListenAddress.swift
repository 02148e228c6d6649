/// One address and port of this host, in digits: no name that could come to stand for another address.
package struct ListenAddress: Equatable, Sendable {
    /// The address, without brackets.
    package let address: String

    /// The port, never zero.
    package let port: UInt16

    /// What a text must look like, for errors.
    package static let form = "an address and a port in digits, like \"127.0.0.1:9469\" or \"[::1]:9469\""

    /// The address and the port, as they are configured.
    package var text: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }

    /// Reads `192.0.2.1:9469` or `[2001:db8::1]:9469`; nil where the text is neither.
    package init?(_ text: String) {
        // The C function that reads addresses would stop at a NUL.
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let colon = text.lastIndex(of: ":") else {
            return nil
        }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(digits), port > 0
        else { return nil }
        let host = text[..<colon]
        if host.first == "[", host.last == "]" {
            address = String(host.dropFirst().dropLast())
            guard Section.isIPv6(address) else { return nil }
        } else {
            address = String(host)
            guard Section.isIPv4(address) else { return nil }
        }
        self.port = port
    }
}
