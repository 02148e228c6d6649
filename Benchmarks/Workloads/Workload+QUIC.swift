import QUICProtection
import TestSupport
import Wire

/// Floor 2: the protection of Initials; ``PacketClass`` has those whose keys have to be derived.
extension Workload {
    /// Initials whose keys are remembered.
    static let quic = [
        Workload("quic-known-open", "an Initial whose keys are remembered is opened: AES twice", pass: 256) {
            var builder = QUICInitialBuilder()
            let hello = Array(PacketPool.hello(for: BenchmarkNames.unlisted(1)).dropFirst(5))
            var inputs = Inputs(256) { number in
                builder.packetNumber = UInt32(number)
                return builder.packet(builder.crypto(hello, at: 0))
            }
            var opening = Opening()
            return { count in
                inputs.read(count, into: &opening) { bytes, opening in
                    guard let packet = try? QUICInitialPacket(parsing: bytes) else { return false }
                    return opening.opener.open(
                        packet,
                        initialConnectionID: packet.destinationConnectionID,
                        into: &opening.frames
                    )
                }
            }
        }
    ]

    /// An opener and what it has opened.
    private struct Opening: ~Copyable {
        var opener = InitialOpener()
        var frames: [UInt8] = []
    }
}
