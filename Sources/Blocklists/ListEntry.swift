package import Wire

/// One line's meaning in a list.
package struct ListEntry: Sendable {
    /// Which names an entry stands for.
    package struct Scope: OptionSet, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// The name of the entry.
        package static let itself = Scope(rawValue: 1)
        /// Every name under it.
        package static let subdomains = Scope(rawValue: 2)
    }

    /// The name on the line.
    package var name: DomainName

    /// Which names the line stands for.
    package var scope: Scope

    /// An entry for this name and scope.
    package init(name: DomainName, scope: Scope) {
        self.name = name
        self.scope = scope
    }
}
