/// What a client is told, beside the answer itself, of why a DNS query for a list's name is answered in the server's stead (RFC 8914).
package struct ListNotice: Equatable, Sendable {
    /// The code of the Extended DNS Error; nil for the one that suits the action.
    package var code: UInt16?

    /// The text beside the code: one line of at most ``maximumTextLength`` octets, the same for every name; empty for none.
    package var text: String

    /// The most octets that the text may have: it has to fit beside the question into the smallest answer.
    package static let maximumTextLength = 64

    /// A notice of this code and text.
    package init(code: UInt16? = nil, text: String = "") {
        self.code = code
        self.text = text
    }

    /// The code that stands for a list with this action where it states none: a sinkhole's addresses are forged (4); anything else is blocked (15).
    package func code(for action: Action) -> UInt16 { code ?? (action == .sinkhole ? 4 : 15) }
}

/// What becomes, for a list's sake, of packets that cannot be judged.
///
/// Such a packet may hold a name of any list, so what one list that is acted upon asks for is done with all of them.
package struct UnjudgedPackets: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Drop messages that break their format.
    package static let dropMalformed = UnjudgedPackets(rawValue: 1)
    /// Drop what is larger or in more pieces than there is room for.
    package static let dropOverBudget = UnjudgedPackets(rawValue: 2)
}
