/// What a list has to pass before it is acted upon. Each gate stands against something that has happened.
package enum Gate: String, CaseIterable, Sendable {
    /// A list without entries.
    ///
    /// Against failed downloads that emptied the list in use, so that nothing was blocked and nobody was told.
    case empty

    /// More new entries than an update brings.
    ///
    /// Denmark, 1 March 2012: some 8,000 domains from a wrong folder, Google and Facebook among them, went out by an automatic update.
    case growth

    /// More entries gone than an update takes away.
    ///
    /// Against a download that was cut, or a source that changed its format, after which half a list was blocked and nobody was told.
    case shrink

    /// Entries that are a public suffix or cover one.
    ///
    /// A line `.net` in a fraud list, and all of a shared platform (github.io) in an advertising list: one entry hits everybody below.
    case publicSuffix = "public-suffix"

    /// Entries that are, cover or lie under a name that the operator protects.
    ///
    /// Italy, 19 October 2024: a host of Google Drive was blocked for half a day. A list of 11,000 exact names to be spared did not have it.
    case protectedName = "protected-name"

    /// Entries of a kind that is not wanted in this list.
    ///
    /// A single label is a whole top-level domain, or a host name that was cut: the line `.net` again.
    case entryKind = "entry-kind"

    /// A list that is for something else than the operator agreed to block.
    ///
    /// Sweden, 2007: the police announced that a site for file sharing would go on the list against child sexual abuse.
    case purpose

    /// More lines that could not be read than are tolerated.
    ///
    /// Austria 2022 and Australia 2013: orders by address hit thousands of sites, so addresses are no entries; and a list in another
    /// format than was thought loses most of its lines without a word.
    case rejects
}
