import Wire

/// The registry: one case per protocol that names are read from.
///
/// An enum and not an array of existentials: which dissectors are still in question for a flow is then a set of bits, and calling one
/// neither retains nor allocates.
enum Dissectors: UInt8, CaseIterable {
    case dns
    case tls
    case http
    case upgrade

    /// The registry as a value of fixed size: walking it touches no reference count.
    static var all: InlineArray<4, Dissectors> { [.dns, .tls, .http, .upgrade] }

    private var dissector: any Dissector.Type {
        switch self {
        case .dns: DNSDissector.self
        case .tls: TLSDissector.self
        case .http: HTTPDissector.self
        case .upgrade: UpgradeDissector.self
        }
    }

    func mayBeMine(_ tuple: FiveTuple) -> Bool { dissector.mayBeMine(tuple) }

    func dissect(
        stream: Span<UInt8>,
        isFinal: Bool,
        mode: inout DissectorMode,
        scratch: inout MessageBuffer,
        into findings: inout Findings
    ) throws(WireError) -> Dissection {
        try dissector.dissect(stream: stream, isFinal: isFinal, mode: &mode, scratch: &scratch, into: &findings)
    }
}

/// Who reads a direction of a connection, and how far into its conversation.
struct StreamReading: ZeroValid {
    /// The dissectors still in question.
    var candidates: DissectorSet

    /// Where the dissector that reads it stands.
    var mode: DissectorMode

    /// Whether a message was read.
    var hasRead: Bool {
        get { readMessages != 0 }
        set { readMessages = newValue ? 1 : 0 }
    }

    /// No `Bool`: every octet that may come with another process's record has to be a valid value.
    private var readMessages: UInt8 = 0

    /// The beginning of a stream that these dissectors are shown.
    init(_ candidates: DissectorSet) {
        self.candidates = candidates
        mode = 0
    }
}

/// A set of dissectors.
struct DissectorSet: Equatable, ZeroValid {
    private(set) var rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    init(_ dissector: Dissectors) {
        rawValue = 1 &<< dissector.rawValue
    }

    var isEmpty: Bool { rawValue == 0 }

    func contains(_ dissector: Dissectors) -> Bool {
        rawValue & 1 &<< dissector.rawValue != 0
    }

    mutating func insert(_ dissector: Dissectors) {
        rawValue |= 1 &<< dissector.rawValue
    }

    mutating func remove(_ dissector: Dissectors) {
        rawValue &= ~(1 &<< dissector.rawValue)
    }
}
