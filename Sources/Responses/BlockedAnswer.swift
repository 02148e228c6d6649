package import Wire

/// What a DNS query for a listed name is answered with.
package struct BlockedAnswer: Equatable, Sendable {
    /// What the client is told of the name.
    package enum Result: Equatable, Sendable {
        /// The name does not exist (RCODE 3).
        case nxdomain
        /// The name exists and has no record of the type asked for (RFC 2308 §2.2).
        case nodata
        /// The query is refused for reasons of policy (RCODE 5).
        case refused
        /// The name has other addresses: those of a host that explains.
        case sinkhole
    }

    /// What the client is told.
    package var result: Result

    /// The IPv4 address of a sinkhole; nil answers queries for type A as if there were none. An address of the other version counts as none.
    package var sinkholeV4: IPAddress?

    /// The IPv6 address of a sinkhole; nil answers queries for type AAAA as if there were none. An address of the other version counts as none.
    package var sinkholeV6: IPAddress?

    /// For how many seconds clients may keep a sinkhole's address; never more than ``longestTimeToLive``.
    package var timeToLive: UInt32 {
        didSet { timeToLive = min(timeToLive, Self.longestTimeToLive) }
    }

    /// The INFO-CODE of the Extended DNS Error (RFC 8914 §4): 15 Blocked, 16 Censored, 4 Forged Answer; nil for none.
    package var extendedError: UInt16?

    /// The EXTRA-TEXT of the Extended DNS Error in UTF-8; never more than ``longestText`` octets.
    package var text: [UInt8] {
        get { (0..<textLength).map { textOctets[$0] } }
        set { store(newValue) }
    }

    // In place, so that to answer with it counts no reference.
    private var textOctets = InlineArray<64, UInt8>(repeating: 0)
    private var textLength = 0

    /// The octets of ``text``.
    var textSpan: Span<UInt8> {
        @_lifetime(borrow self)
        get { textOctets.span.extracting(0..<textLength) }
    }

    /// The most seconds that clients may keep a sinkhole's address: a name taken off the list is free again after a minute.
    package static let longestTimeToLive: UInt32 = 60

    /// The most octets of text, so that the answer stays small beside its query.
    package static let longestText = 64

    /// An answer from its parts. A longer time is cut to ``longestTimeToLive``, a longer text to the characters that ``longestText`` holds.
    package init(
        result: Result,
        sinkholeV4: IPAddress? = nil,
        sinkholeV6: IPAddress? = nil,
        timeToLive: UInt32 = longestTimeToLive,
        extendedError: UInt16? = nil,
        text: [UInt8] = []
    ) {
        self.result = result
        self.sinkholeV4 = sinkholeV4
        self.sinkholeV6 = sinkholeV6
        self.timeToLive = min(timeToLive, Self.longestTimeToLive)
        self.extendedError = extendedError
        store(text)
    }

    private mutating func store(_ text: [UInt8]) {
        textLength = min(text.count, Self.longestText)
        if text.count > Self.longestText {
            // Octets 10xxxxxx go on with a character of UTF-8, so the cut comes before the first octet that is none.
            while textLength > 0, text[textLength] & 0xC0 == 0x80 { textLength &-= 1 }
        }
        for index in 0..<textLength { textOctets[index] = text[index] }
    }

    /// Whether both say the same.
    package static func == (first: BlockedAnswer, second: BlockedAnswer) -> Bool {
        first.result == second.result && first.sinkholeV4 == second.sinkholeV4
            && first.sinkholeV6 == second.sinkholeV6 && first.timeToLive == second.timeToLive
            && first.extendedError == second.extendedError && first.text == second.text
    }
}
