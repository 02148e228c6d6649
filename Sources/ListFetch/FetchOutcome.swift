/// What a fetch has come to.
package enum FetchOutcome: Sendable, Equatable {
    /// The destination is what the source has; nothing was touched.
    case unchanged
    /// The list, its signature or both are new; the list has this many octets.
    case replaced(octets: Int)
}

/// Files that have been fetched and are not in place yet, for whoever decides whether they may be.
package struct FetchedFiles: Sendable, Equatable {
    /// The path of the list.
    package let list: String

    /// The path of its signature; nil where the source is not signed.
    package let signature: String?
}
