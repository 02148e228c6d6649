import FoundationEssentials

/// An object that the control socket answers with, as a client reads it.
package protocol AnswerDocument: Decodable {}

extension AnswerDocument {
    /// Reads the document.
    ///
    /// - Throws: a `DecodingError` where it is not one.
    package init(json: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(json))
    }
}
