/// Why a Prometheus could not be asked.
package struct QueryFailure: Error, Equatable, CustomStringConvertible {
    /// What it is about, what is wrong and the mend, in one line; holds no token.
    package let description: String

    /// A failure in these words.
    package init(_ description: String) {
        self.description = description
    }
}
