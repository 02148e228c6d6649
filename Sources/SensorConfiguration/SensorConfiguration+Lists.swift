package import Blocklists

extension SensorConfiguration {
    /// What a list's file is said to be.
    package enum ConfiguredFormat: Hashable, Sendable {
        /// Nothing is said; the content tells.
        case detected
        /// A text of this syntax.
        case text(ListFormat)
        /// A file that `list build` made. The list is the one in it that has the same id.
        case snapshot

        /// Each format that can be said, and the word for it in a configuration.
        package static let words: [(word: String, value: ConfiguredFormat)] =
            ListFormat.allCases.map { ($0.rawValue, .text($0)) } + [("snapshot", .snapshot)]
    }

    /// A list as configured. What is nil was left out, so that what a snapshot says of itself can hold.
    ///
    /// Publisher, purpose and legal basis are for `status` and reports; no counter's label ever has them.
    package struct List: Equatable, Sendable {
        /// Its name in counters and output; of a snapshot, the one of its lists that is meant.
        package var id: String

        /// The file, absolute or relative to the working directory. A list that is fetched is kept there.
        package var path: String

        /// Where the list is fetched from: an `https://` address, which may hold a password, or the absolute path of a file on a share that
        /// is mounted; nil where somebody else puts it in its place.
        package var url: String?

        /// What the file is.
        package var format: ConfiguredFormat

        /// Which names an entry stands for where it does not say.
        package var match: MatchKind?

        /// What a match asks for.
        package var action: Action?

        /// In which protocols its names are looked for; not empty.
        package var protocols: ListProtocols?

        /// Of the lists that a name is on, the one with the lowest number is acted upon: 0 to 65535.
        package var precedence: Int?

        /// Who publishes it: at most 200 octets, on one line.
        package var publisher: String?

        /// What it is published for, in one word of `[a-z0-9-]`, at most 64 of them.
        package var purpose: String?

        /// On what legal ground it is used: at most 500 octets, on one line.
        package var legalBasis: String?

        /// The code of the Extended DNS Error in answers for its names (RFC 8914); nil for the one that suits the action.
        package var extendedError: UInt16?

        /// The text beside the code, the same for every name: one line of at most 64 octets.
        package var extendedErrorText: String?

        /// What becomes of packets that cannot be judged, for its sake.
        package var unjudged: UnjudgedPackets = []

        /// A file of domains by which its blocking is tried; they are on the list, and their matches are counted apart.
        package var testNames: String?

        /// The files of its publishers' public keys, instead of those of ``Trust``; none where nobody has to have signed it.
        package var publishers: [String]?

        /// How many of the publishers must have signed, instead of what ``Trust`` says: 1 to 16.
        package var threshold: Int?

        /// The file of the key that opens it, or `credential:NAME`, instead of the one of ``Trust``.
        package var sealKey: String?

        /// Percent of its lines that may be no entries, instead of what ``Gates`` says: 0 to 100.
        package var rejectedPercent: Int?

        /// A list of which nothing is said but what is given here.
        package init(
            id: String,
            path: String,
            format: ConfiguredFormat = .detected,
            match: MatchKind? = nil,
            action: Action? = nil
        ) {
            self.id = id
            self.path = path
            self.format = format
            self.match = match
            self.action = action
        }

        /// The policy of a list of text: what was left out has its default, and the action is then ``Action/drop``.
        package func descriptor(counterSlot: Int = 0) -> ListDescriptor {
            descriptor(over: ListDescriptor(id: id, action: .drop), counterSlot: counterSlot)
        }

        /// The policy of a list in a snapshot: what was left out is as the snapshot says.
        package func descriptor(over snapshot: ListDescriptor, counterSlot: Int = 0) -> ListDescriptor {
            ListDescriptor(
                id: id,
                use: snapshot.use,
                action: action ?? snapshot.action,
                match: match ?? snapshot.match,
                protocols: protocols ?? snapshot.protocols,
                precedence: precedence ?? snapshot.precedence,
                publisher: publisher ?? snapshot.publisher,
                purpose: purpose ?? snapshot.purpose,
                legalBasis: legalBasis ?? snapshot.legalBasis,
                notice: ListNotice(code: extendedError, text: extendedErrorText ?? ""),
                unjudged: unjudged,
                counterSlot: counterSlot
            )
        }
    }

    /// What is wrong with the id of a list; nil where nothing is.
    static func fault(ofListID id: String) -> String? {
        guard ListDescriptor.isValid(id: id) else { return "id may hold only a-z, 0-9 and -, at most 64 of them" }
        return id == endpointsID ? "id \"\(id)\" stands for the endpoints of [inspect]; choose another" : nil
    }

    /// Notes what contradicts another table or another list.
    ///
    /// - Parameter sections: those of ``lists``, in their order.
    func checkLists(_ sections: [Layers]) {
        for (index, (section, list)) in zip(sections, lists).enumerated() {
            let trust = trust(for: list)
            if trust.threshold > max(trust.publishers.count, 1) {
                section.note(
                    list.threshold == nil ? "publishers" : "threshold",
                    "list \"\(list.id)\": threshold = \(trust.threshold) asks for more signatures than it has publishers "
                        + "(\(trust.publishers.count), one key in each file); lower it or name more publishers"
                )
            }
            if let url = list.url, Self.isSameFile(url, list.path) {
                section.note("url", "url and path are the same file; leave the url out")
            }
            guard let other = lists[..<index].first(where: { Self.isSameFile($0.path, list.path) }) else { continue }
            if list.format != .snapshot || other.format != .snapshot {
                section.note(
                    "path",
                    "path is that of list \"\(other.id)\" too; give each its own, "
                        + "or both format = \"snapshot\" where they are lists of one snapshot"
                )
            } else if list.url != other.url {
                section.note(
                    list.url == nil ? "path" : "url",
                    "lists \"\(other.id)\" and \"\(list.id)\" have the same path, but not the same url; give both the same"
                )
            }
        }
        let mostLists = Blocklist.maximumLists - (endpoints == nil ? 0 : 1)
        if lists.count > mostLists {
            sections[mostLists].note(nil, "more than \(mostLists) lists; merge some of them into one file")
        }
    }

    /// Whether two paths are spelt so that they mean the same file.
    private static func isSameFile(_ one: String, _ other: String) -> Bool {
        parts(one) == parts(other) && one.hasPrefix("/") == other.hasPrefix("/")
    }

    private static func parts(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }
}
