import FuzzingDriver

@testable import CoverageProbes

@main
enum Entry {
    /// Each input is what a resolver, and what a server, has answered to a probe.
    static func main() {
        fuzz { bytes in
            let octets = bytes.indices.map { bytes[$0] }
            if octets.count >= 2 {
                let identifier = UInt16(octets[0]) << 8 | UInt16(octets[1])
                for type in Probe.RecordType.allCases {
                    guard let reply = DNSReply(parsing: octets, identifier: identifier, type: type) else { continue }
                    precondition(reply.addresses.allSatisfy { $0.count == 4 || $0.count == 16 })
                }
            }
            if let reply = HTTPReply(parsing: octets) {
                precondition(reply.status <= 999)
                _ = reply.isStopPage
            }
        }
    }
}
