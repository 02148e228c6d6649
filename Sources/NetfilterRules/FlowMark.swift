/// The mark bits by which user space tells the kernel what was decided about a flow.
///
/// Only the bits of `mask` are ever read or written, in packet marks and in connection marks; the rest of both words
/// belongs to other users.
package struct FlowMark: Sendable, Hashable {
    /// The bits that belong to the sensor.
    package var mask: UInt32
    /// The value under `mask` of a flow that the kernel accepts from now on.
    package var accepted: UInt32
    /// The value under `mask` of a flow that the kernel drops from now on.
    package var blocked: UInt32
    /// The value under `mask` of a TCP connection that the kernel refuses with a reset from now on.
    package var refused: UInt32

    /// A mark with the given bits.
    ///
    /// - Parameters:
    ///   - accepted: the value of an accepted flow.
    ///   - blocked: the value of a blocked flow.
    ///   - refused: the value of a refused flow.
    ///   - mask: the bits that belong to the sensor.
    package init(accepted: UInt32, blocked: UInt32, refused: UInt32, mask: UInt32) {
        self.accepted = accepted
        self.blocked = blocked
        self.refused = refused
        self.mask = mask
    }

    /// The standard mark: bit 16 says accepted, bit 17 blocked, bit 18 refused.
    package init() {
        self.init(accepted: 0x0001_0000, blocked: 0x0002_0000, refused: 0x0004_0000, mask: 0x0007_0000)
    }

    /// A mark that lives in the bits of `mask`: the lowest one says accepted, the next one blocked, the one after that refused.
    ///
    /// Returns nil where `mask` has fewer than three bits.
    package init?(mask: UInt32) {
        var rest = mask
        func lowest() -> UInt32 {
            let bit = rest & (0 &- rest)
            rest &= ~bit
            return bit
        }
        let (accepted, blocked, refused) = (lowest(), lowest(), lowest())
        guard refused != 0 else { return nil }
        self.init(accepted: accepted, blocked: blocked, refused: refused, mask: mask)
    }

    /// The other value of an accepted flow. The sensor takes the one and the other in turns, so that decisions made before a change of the
    /// lists can be told from later ones.
    package var acceptedAnew: UInt32 { accepted | refused }

    /// The bits that tell an accepted flow, whichever of its two values it has, from all others: they are `accepted` under this mask.
    package var acceptedMask: UInt32 { accepted | blocked }

    /// The packet mark (SO_MARK) of packets that the sensor sends itself and that connection tracking is to translate as those of their
    /// connection: they meet no queue, pass also where their flow is refused, and leave the connection mark as it is.
    package var own: UInt32 { accepted | blocked | refused }

    /// The packet mark of packets that the sensor sends itself and that connection tracking must not see: they go to a client in the name of
    /// its server, and would else begin a connection of their own.
    package var ownUntracked: UInt32 { accepted | blocked }

    /// Whether all values have bits of their own inside the mask, so that no flow is mistaken for another.
    package var isSound: Bool {
        accepted != 0 && blocked != 0 && refused != 0 && own & ~mask == 0
            && accepted & blocked == 0 && accepted & refused == 0 && blocked & refused == 0
    }
}

/// The text of a mark word: `0x` and eight hexadecimal digits.
func markText(_ word: UInt32) -> String {
    let digits = String(word, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
}
