package import Blocklists
package import Wire

/// How the sensor answers in place of what it drops.
package struct ResponseConfiguration: Sendable {
    /// The IPv4 address that a sinkhole answers with; nil for an answer without records.
    package var sinkholeV4: IPAddress?

    /// The IPv6 address that a sinkhole answers with; nil for an answer without records.
    package var sinkholeV6: IPAddress?

    /// Seconds that a client may keep a sinkhole's address: 60 at most.
    package var timeToLive: UInt32 = 30

    /// The whole HTTP response that a request for a listed name gets; empty where it is reset.
    package var page: [UInt8] = []

    /// Whether a client of QUIC is told that nobody listens.
    package var quicUnreachable = true

    /// The most packets that one worker sends in a second.
    package var rate = 10_000

    /// The mark of own packets that connection tracking sees.
    package var ownMark: UInt32 = 0

    /// The mark of own packets that it does not see.
    package var untrackedMark: UInt32 = 0

    /// The defaults.
    package init() {}

    /// What a DNS query for a name of this list is answered with; nil where it gets no answer.
    func answer(for list: ListDescriptor) -> BlockedAnswer? {
        let result: BlockedAnswer.Result
        switch list.action {
        case .observe, .drop: return nil
        case .nxdomain: result = .nxdomain
        case .nodata: result = .nodata
        case .reset, .refused: result = .refused
        case .sinkhole: result = .sinkhole
        }
        return BlockedAnswer(
            result: result,
            sinkholeV4: sinkholeV4,
            sinkholeV6: sinkholeV6,
            timeToLive: timeToLive,
            extendedError: list.notice.code(for: list.action),
            text: Array(list.notice.text.utf8)
        )
    }
}

extension Action {
    /// Whether the sensor has to send packets for it.
    package var needsSending: Bool {
        switch self {
        case .observe, .drop: false
        case .reset, .nxdomain, .nodata, .refused, .sinkhole: true
        }
    }
}
