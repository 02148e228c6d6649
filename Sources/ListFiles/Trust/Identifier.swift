import Blocklists

/// A short word of lower-case letters, digits and hyphens, such as the id or the purpose of a list or a gate.
///
/// It has no dot, so that no domain name of two labels can be one: what is made of these is safe to log.
package struct Identifier: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// The word: `[a-z0-9-]`, 1 to 64 characters, as ``ListDescriptor/isValid(id:)`` asks.
    package let description: String

    /// The word, or nil where it is none.
    package init?(_ description: String) {
        guard ListDescriptor.isValid(id: description) else { return nil }
        self.description = description
    }

    package static func < (left: Identifier, right: Identifier) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}
