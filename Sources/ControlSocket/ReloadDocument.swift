import FoundationEssentials

/// The answer of `POST /reload` and of `POST /rollback`, as a client reads it.
package struct ReloadDocument: Decodable, Sendable, Equatable {
    /// One list that is in use now.
    package struct List: Decodable, Sendable, Equatable {
        /// The list's name.
        package var id: String
        /// How many entries it has.
        package var entries: Int
    }

    /// Whether the lists were put in place.
    package var reloaded: Bool

    /// Why they were not.
    package var reason: String?

    /// The lists in use.
    package var lists: [List]?

    /// Which generation of lists is in use.
    package var snapshotGeneration: UInt64?

    /// The keys of the configuration that were changed and are acted upon at the next start alone; nil where there are none.
    package var restartNeeded: [String]?

    /// Reads the document.
    ///
    /// - Throws: a `DecodingError` where it is not one.
    package init(json: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(json))
    }
}
