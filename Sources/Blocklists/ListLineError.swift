/// Why a line of a list is no entry. The line itself is never repeated: a list's content does not belong in a log.
package enum ListLineError: Error, CaseIterable, Hashable, Sendable {
    /// What is to be thought of a list with such lines.
    package enum Kind: Sendable {
        /// The line is malformed, or of a kind that is never loaded. Too many of these refuse the list.
        case rejected
        /// The line is well formed, and names less than whole hosts: a sensor that sees names alone would have to stop more than it says.
        case notEnforceable
    }

    /// There is nothing where a name should be, or the root.
    case notAName
    /// Two dots in a row, or one at the start (RFC 1035 §2.3.1).
    case emptyLabel
    /// More than 63 octets between dots (RFC 1035 §2.3.4).
    case labelTooLong
    /// More than 253 octets of text, which are 255 on the wire (RFC 1035 §2.3.4).
    case nameTooLong
    /// An octet other than letters, digits, hyphens and underscores.
    case characterNotAllowed
    /// A hyphen at an end of a label (RFC 1123 §2.1).
    case labelBeginsOrEndsWithHyphen
    /// Octets outside ASCII that are no UTF-8.
    case notUTF8
    /// What has no A-label (RFC 5891, UTS #46).
    case notAnInternationalName
    /// A wildcard that stands for more or for less than all names under one.
    case wildcardNotLeading
    /// An address: no name leads to it, and many sites may share it.
    case addressNotAllowed
    /// A URL, path or port in a list of names.
    case pathNotAllowed
    /// More names than the format has on a line.
    case severalNames

    /// A line of a hosts file begins with no address.
    case addressMissing
    /// A line of a hosts file holds an address alone.
    case nameMissing

    /// A line of a zone file is no resource record (RFC 1035 §5.1).
    case notARecord
    /// A quotation mark without its second.
    case quoteNotClosed
    /// A parenthesis without its second.
    case parenthesisNotClosed
    /// A zone file asks for another file or for records to be made up.
    case directiveNotSupported
    /// An owner that does not lie in the zone, or an absolute one where the zone's name is not known.
    case ownerOutsideZone
    /// A record type that a response policy zone does not have.
    case recordTypeNotAllowed
    /// An action that is not known, such as one without its trailing dot.
    case actionUnknown
    /// An RPZ trigger for addresses in answers, `rpz-ip`.
    case answerAddressTrigger
    /// An RPZ trigger for addresses of name servers, `rpz-nsip`.
    case serverAddressTrigger
    /// An RPZ trigger for names of name servers, `rpz-nsdname`.
    case serverNameTrigger
    /// An RPZ trigger for addresses of clients, `rpz-client-ip`.
    case clientAddressTrigger

    /// A table without the line that tells its serial number or its columns.
    case headerMissing
    /// A row with more fields than the table has columns, or with the name's left out.
    case fieldCountWrong
    /// A row without URL, name and address.
    case rowEmpty
    /// A row whose URL and name are of different hosts.
    case hostsDiffer

    /// A URL with a path, a query or a fragment.
    case pathNotEnforceable
    /// A URL or rule for one port.
    case portNotEnforceable
    /// A URL of another protocol than HTTP.
    case schemeNotEnforceable
    /// A URL with a user's name.
    case userNotEnforceable
    /// A filter rule for parts of pages.
    case cosmeticRuleNotEnforceable
    /// A filter rule for texts in URLs: a pattern, a regular expression, or a name without its anchors.
    case patternNotEnforceable
    /// A filter rule for some requests only.
    case ruleOptionNotEnforceable
    /// A filter rule that would lift others, but cannot be honoured itself: what it exempts stays on the list.
    case exceptionNotEnforceable
    /// An RPZ action that lets the name through over TCP.
    case tcpOnlyNotEnforceable

    /// What is to be thought of a list with such lines.
    package var kind: Kind {
        switch self {
        case .notAName, .emptyLabel, .labelTooLong, .nameTooLong, .characterNotAllowed, .labelBeginsOrEndsWithHyphen,
            .notUTF8, .notAnInternationalName, .wildcardNotLeading, .addressNotAllowed, .pathNotAllowed, .severalNames,
            .addressMissing, .nameMissing, .notARecord, .quoteNotClosed, .parenthesisNotClosed, .directiveNotSupported,
            .ownerOutsideZone, .recordTypeNotAllowed, .actionUnknown, .answerAddressTrigger, .serverAddressTrigger,
            .serverNameTrigger, .clientAddressTrigger, .headerMissing, .fieldCountWrong, .rowEmpty, .hostsDiffer:
            .rejected
        case .pathNotEnforceable, .portNotEnforceable, .schemeNotEnforceable, .userNotEnforceable,
            .cosmeticRuleNotEnforceable, .patternNotEnforceable, .ruleOptionNotEnforceable, .exceptionNotEnforceable,
            .tcpOnlyNotEnforceable:
            .notEnforceable
        }
    }

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
        case .addressMissing: "no address at the start of a hosts line"
        case .nameMissing: "no name behind the address"
        case .notARecord: "no resource record"
        case .quoteNotClosed: "quotation mark that is not closed on its line"
        case .parenthesisNotClosed: "parenthesis that is not closed"
        case .directiveNotSupported: "directive other than $ORIGIN and $TTL"
        case .ownerOutsideZone:
            "owner outside the zone, or the zone's own name is not told by $ORIGIN or the SOA record"
        case .recordTypeNotAllowed: "record type that a response policy zone does not have there"
        case .actionUnknown: "RPZ action that is not known (the names of actions end with a dot)"
        case .answerAddressTrigger: "trigger rpz-ip; only names that are asked for can be listed"
        case .serverAddressTrigger: "trigger rpz-nsip; only names that are asked for can be listed"
        case .serverNameTrigger: "trigger rpz-nsdname; only names that are asked for can be listed"
        case .clientAddressTrigger: "trigger rpz-client-ip; clients are never listed"
        case .headerMissing: "no serial number and time, and no names of columns, before the first row"
        case .fieldCountWrong: "row with more or fewer fields than the table has columns"
        case .rowEmpty: "row without URL, name and address"
        case .hostsDiffer: "row whose URL and name are of different hosts"
        case .pathNotEnforceable: "URL with a path, which cannot be told from its host's other pages"
        case .portNotEnforceable: "one port of a host, which cannot be told from its others"
        case .schemeNotEnforceable: "URL of another protocol than HTTP, which cannot be told from its host's other uses"
        case .userNotEnforceable: "URL with a user's name, which cannot be told from its host's other pages"
        case .cosmeticRuleNotEnforceable: "rule for parts of pages"
        case .patternNotEnforceable: "rule for other than whole domains (`||name^`)"
        case .ruleOptionNotEnforceable: "rule with options, which is for some requests only"
        case .exceptionNotEnforceable: "exception that cannot be honoured; what it exempts stays on the list"
        case .tcpOnlyNotEnforceable: "RPZ action tcp-only, which blocks nothing over TCP"
        }
    }
}
