import Blocklists
import FuzzingDriver
import Inspection
import Wire

/// A list with `blocked.test` on it.
private let source = {
    var builder = BlocklistBuilder(lists: [ListDescriptor(id: "a", action: .drop)], key: HashKey(1, 2))
    var name = DomainName()
    guard let _ = try? HostName.parse(Array("blocked.test".utf8).span, into: &name) else { preconditionFailure() }
    builder.add(ListEntry(name: name, scope: [.itself, .subdomains]), list: 0)
    return BlocklistSource(builder.build())
}()

/// A table and a budget small enough to overflow.
private let configuration = {
    var configuration = InspectorConfiguration()
    configuration.flowCapacity = 8
    configuration.streamLimit = 16_384
    configuration.streamBudget = 48_000
    configuration.fragmentBudget = 1
    return configuration
}()

@main
enum Entry {
    /// An input is packets, each behind its length and the seconds since the one before it in three octets.
    static func main() {
        fuzz { bytes in
            var inspector = Inspector(configuration: configuration, blocklists: source)
            var now = Instant(nanoseconds: 0)
            var offset = 0
            while offset + 3 <= bytes.count {
                let length = min(Int(bytes[offset]) << 8 | Int(bytes[offset + 1]), bytes.count - offset - 3)
                now.nanoseconds += UInt64(bytes[offset + 2]) * 1_000_000_000
                let decision = inspector.inspect(bytes.extracting(offset + 3..<offset + 3 + length), at: now)
                precondition(decision.verdict == .accept || decision.flowMark != .accepted)
                precondition(inspector.flowCount <= configuration.flowCapacity)
                precondition(inspector.waitingByteCount <= configuration.streamBudget)
                offset += 3 + length
            }
        }
    }
}
