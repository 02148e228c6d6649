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

/// Why a line of a list is no entry. The line itself is never repeated: a list's content does not belong in a log.
package enum ListLineError: Error, Equatable, Sendable {
    case notAName
    case emptyLabel
    case labelTooLong
    case nameTooLong
    case characterNotAllowed
    case labelBeginsOrEndsWithHyphen
    case notUTF8
    case notAnInternationalName
    case wildcardNotLeading
    case addressNotAllowed
    case pathNotAllowed
    case severalNames

    /// The cause for people, without the line's text.
    package var description: String {
        switch self {
        case .notAName: "no domain name"
        case .emptyLabel: "empty label (two dots in a row, or a leading dot before nothing)"
        case .labelTooLong: "label longer than 63 octets"
        case .nameTooLong: "name longer than 253 octets"
        case .characterNotAllowed: "character that no host name has"
        case .labelBeginsOrEndsWithHyphen: "label that begins or ends with a hyphen"
        case .notUTF8: "bytes that are not UTF-8"
        case .notAnInternationalName: "name that IDNA does not allow"
        case .wildcardNotLeading: "`*` elsewhere than as the first label"
        case .addressNotAllowed: "IP address; only names can be listed"
        case .pathNotAllowed: "URL or path; only whole names can be listed"
        case .severalNames: "more than one name on a line"
        }
    }
}
