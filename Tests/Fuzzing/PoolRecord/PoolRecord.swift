import FuzzingDriver

@testable import NetfilterQueue

@main
enum Entry {
    /// Each input is what another process is said to have known of flows.
    static func main() {
        fuzz { bytes in
            let octets = bytes.indices.map { bytes[$0] }
            guard let record = try? PoolRecord(parsing: octets) else { return }
            precondition(record.bytes == octets)
        }
    }
}
