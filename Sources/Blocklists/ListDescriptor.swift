/// Which names an entry of a list stands for.
package enum MatchKind: String, CaseIterable, Sendable {
    /// The name itself and every name under it.
    case subdomains
    /// The name itself only.
    case exact
}

/// What the sensor does with the names of a list.
package enum ListUse: UInt8, CaseIterable, Sendable {
    /// They are acted upon.
    case action
    /// They are endpoints of DNS over HTTPS, of which flows are counted. Such a list never gives a match, and hides none.
    case encryptedDNS
}

/// The protocols in which a list's names are looked for.
package struct ListProtocols: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// DNS queries and answers.
    package static let dns = ListProtocols(rawValue: 1)
    /// TLS over TCP.
    package static let tls = ListProtocols(rawValue: 2)
    /// QUIC.
    package static let quic = ListProtocols(rawValue: 4)
    /// HTTP.
    package static let http = ListProtocols(rawValue: 8)
    /// Every one.
    package static let all: ListProtocols = [.dns, .tls, .quic, .http]

    /// Each protocol and the word for it in a configuration.
    package static let words: [(protocols: ListProtocols, word: String)] = [
        (.dns, "dns"), (.tls, "tls"), (.quic, "quic"), (.http, "http"),
    ]

    /// The words of the protocols in this set.
    package var words: [String] { Self.words.filter { contains($0.protocols) }.map(\.word) }
}

/// What the sensor knows about a list besides its entries.
package struct ListDescriptor: Equatable, Sendable {
    /// The list's name in configuration, counters and replay output: `[a-z0-9-]`, at most 64 characters.
    package var id: String

    /// What the sensor does with its names.
    package var use: ListUse

    /// What a match on this list asks for; of no effect for a list that is not acted upon.
    package var action: Action

    /// Whether an entry covers the names under it, unless the entry itself says which.
    package var match: MatchKind

    /// In which protocols its names are looked for.
    package var protocols: ListProtocols

    /// Of the lists that a name is on, the one with the lowest number is acted upon; the first of those with the same.
    package var precedence: Int

    /// Who publishes it; empty where nobody is named.
    package var publisher: String

    /// What it is published for, in one word like `csam`; empty where nothing is declared.
    package var purpose: String

    /// On what legal ground it is used, for `status`; empty where none is noted.
    package var legalBasis: String

    /// What a client is told beside an answer.
    package var notice: ListNotice

    /// What becomes of packets that cannot be judged; of no effect for a list that is not acted upon, or only observes.
    package var unjudged: UnjudgedPackets

    /// Where this list's matches are counted: an index that stays the same over reloads.
    package var counterSlot: Int

    /// The precedence of a list that states none.
    package static let defaultPrecedence = 100

    /// A list as configured.
    package init(
        id: String,
        use: ListUse = .action,
        action: Action,
        match: MatchKind = .subdomains,
        protocols: ListProtocols = .all,
        precedence: Int = Self.defaultPrecedence,
        publisher: String = "",
        purpose: String = "",
        legalBasis: String = "",
        notice: ListNotice = ListNotice(),
        unjudged: UnjudgedPackets = [],
        counterSlot: Int = 0
    ) {
        self.id = id
        self.use = use
        self.action = action
        self.match = match
        self.protocols = protocols
        self.precedence = precedence
        self.publisher = publisher
        self.purpose = purpose
        self.legalBasis = legalBasis
        self.notice = notice
        self.unjudged = unjudged
        self.counterSlot = counterSlot
    }

    /// Whether `id` may name a list.
    package static func isValid(id: String) -> Bool {
        id.isEmpty == false && id.utf8.count <= 64
            && id.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
