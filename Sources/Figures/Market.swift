/// How subscribers reach the network.
package enum Access: String, CaseIterable, Sendable {
    case fixed
    case mobile
}

/// The market that a sensor belongs to.
package struct Market: Hashable, Sendable {
    /// What the market is called: `[a-z0-9-]`, at most 16 characters; an ISO 3166-1 code in lower case, as a rule.
    package var id: String

    /// How its subscribers reach the network; nil where that is not said.
    package var access: Access?

    /// How many subscribers the sensors of this market cover; nil where that is not said.
    package var subscribers: Int?

    /// A market of this name.
    package init(id: String, access: Access? = nil, subscribers: Int? = nil) {
        self.id = id
        self.access = access
        self.subscribers = subscribers
    }

    /// Whether `id` may name a market.
    package static func isValid(id: String) -> Bool {
        (1...16).contains(id.utf8.count)
            && id.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
