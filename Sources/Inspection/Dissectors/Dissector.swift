import Wire

/// What became of an attempt to read a message.
enum Dissection: Equatable {
    /// The bytes are not of this protocol.
    case notMine
    /// The message goes on; the next attempt is worth while once so many octets from the start of the message are there.
    case needsMore(Int)
    /// A message of so many octets that holds no name. It may be longer than what is there of it: the rest is then passed over unread.
    case nameless(consumed: Int)
    /// A message of so many octets; its names were added to the findings. It, too, may be longer than what is there of it.
    case name(consumed: Int)
    /// The stream is of this protocol and holds no name from here on.
    case finished
    /// A message of so many octets after which the connection turns to another protocol, as with STARTTLS or CONNECT.
    case upgraded(consumed: Int)
}

/// Where a dissector stands between two messages of one direction of a connection, in its own terms; zero at the beginning.
typealias DissectorMode = UInt8

/// Reads the names out of one protocol's messages.
///
/// "Not mine", "needs more" and "no name here" are results; only bytes that break the format are thrown. The stream a dissector is shown
/// always begins at the start of a message; what it has to know of the messages before, it keeps in one octet, its mode.
protocol Dissector {
    /// Whether a packet with these ports can be of this protocol.
    static func mayBeMine(_ tuple: FiveTuple) -> Bool

    /// Reads the message that starts a stream.
    ///
    /// - Parameters:
    ///   - stream: octets of one direction of a TCP connection, from the start of a message on.
    ///   - isFinal: whether no further octets will come; a name that is already there is then worth having.
    ///   - mode: what the dissector left there at this direction's last message; changed only with a message that is complete.
    ///   - scratch: room for a message that lies in pieces.
    ///   - findings: where names are added.
    /// - Returns: what became of it.
    /// - Throws: ``WireError`` where the bytes are of this protocol and break its format.
    static func dissect(
        stream: Span<UInt8>,
        isFinal: Bool,
        mode: inout DissectorMode,
        scratch: inout MessageBuffer,
        into findings: inout Findings
    ) throws(WireError) -> Dissection
}
