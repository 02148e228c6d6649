import QUICProtection
import TestSupport
import Wire

/// Floor 2: the protection of Initials; ``PacketClass`` has those whose keys have to be derived.
extension Workload {
    /// Initials whose keys are remembered.
    static let quic = [
        open("quic-known-open", "an Initial whose keys are remembered is opened: AES twice", lastOctet: 0, opens: true),
        open("quic-refused-open", "the same with a wrong tag is refused", lastOctet: 1, opens: false),
    ]

    private static func open(
        _ name: String,
        _ iteration: String,
        lastOctet difference: UInt8,
        opens isRight: Bool
    ) -> Workload {
        Workload(name, iteration, pass: 256) {
            var builder = QUICInitialBuilder()
            let hello = Array(PacketPool.hello(for: BenchmarkNames.unlisted(1)).dropFirst(5))
            var inputs = Inputs(256) { number in
                builder.packetNumber = UInt32(number)
                var packet = builder.packet(builder.crypto(hello, at: 0))
                packet[packet.count - 1] ^= difference
                return packet
            }
            var opening = Opening()
            return { count in
                inputs.read(count, into: &opening) { bytes, opening in
                    guard let packet = try? QUICInitialPacket(parsing: bytes) else { return false }
                    let isOpen = opening.opener.open(
                        packet,
                        initialConnectionID: packet.destinationConnectionID,
                        into: &opening.frames
                    )
                    return isOpen == isRight
                }
            }
        }
    }

    /// An opener and what it has opened.
    private struct Opening: ~Copyable {
        var opener = InitialOpener()
        var frames: [UInt8] = []
    }
}
