/// What two sensors say to each other while the one takes the queues from the other: a line of ASCII each, some with a file.
///
/// The words stay as they are, and so does what they mean, since the two may be of different versions.
package enum HandoverMessage: Equatable, Sendable {
    /// The successor has read its configuration and its lists, and asks for the queues.
    case take
    /// The socket that has this queue comes with it.
    case queue(UInt16)
    /// What the workers remember of flows comes with it.
    case state
    /// The socket that listens for scrapers comes with it.
    case listener
    /// A raw socket that answers leave by comes with it.
    case answers
    /// Those were all the files; the successor is to judge from now on.
    case all
    /// The successor judges. From here on its end is not waited for.
    case taken
    /// The predecessor has told whoever supervises it, and ends.
    case released
    /// Nothing is handed over.
    case refused

    /// The most octets of a message.
    static let limit = 64

    private static let prefix = "grindvakt/1 "

    /// The message as it is sent.
    package var bytes: [UInt8] { Array((Self.prefix + words).utf8) }

    private var words: String {
        switch self {
        case .take: "take"
        case .queue(let number): "queue \(number)"
        case .state: "state"
        case .listener: "listener"
        case .answers: "answers"
        case .all: "all"
        case .taken: "taken"
        case .released: "released"
        case .refused: "refused"
        }
    }

    /// Reads a message; nil where it is none of this version.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.limit, bytes.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix(Self.prefix) else { return nil }
        let words = text.dropFirst(Self.prefix.count)
        for message in [Self.take, .state, .listener, .answers, .all, .taken, .released, .refused]
        where message.words == words {
            self = message
            return
        }
        guard words.hasPrefix("queue "), let number = UInt16(words.dropFirst(6)),
            Self.queue(number).words == words
        else { return nil }
        self = .queue(number)
    }
}
