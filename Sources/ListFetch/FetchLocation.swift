/// Where a list is fetched from: an `https://` address, or a file of this host or of a share that is mounted.
///
/// Guarantees: an address is one that can be handed to curl as it stands: https, a host, printable ASCII. Its text as a string leaves
/// out what may be a secret, the user's part and the query; `text` has it all.
package struct FetchLocation: Sendable, Equatable, CustomStringConvertible {
    /// What kind of place it is.
    package enum Kind: Sendable, Equatable {
        /// A web server or an object store, over TLS.
        case https
        /// A file.
        case file
    }

    /// What kind of place it is.
    package let kind: Kind

    /// The address or the path as it was written, with its secrets.
    package let text: String

    /// The most octets of an address.
    package static let longestAddress = 4096

    /// Reads an address or a path: with `://` in it, it is an address.
    ///
    /// - Throws: `FetchLocationError` where it is no place that a list may be fetched from.
    package init(_ text: String) throws(FetchLocationError) {
        guard !text.isEmpty else { throw .empty }
        guard let scheme = Self.scheme(of: text) else {
            guard !text.utf8.contains(0) else { throw .unprintable }
            self.init(kind: .file, text: text)
            return
        }
        guard text.utf8.count <= Self.longestAddress else { throw .tooLong(limit: Self.longestAddress) }
        guard isPrintable(text), !text.utf8.contains(UInt8(ascii: "\\")) else { throw .unprintable }
        switch scheme {
        case "https": break
        case "http": throw .plainHTTP
        case "file": throw .fileAddress
        default: throw .otherScheme
        }
        self.init(kind: .https, text: text)
        let host = host
        guard !host.isEmpty, !host.hasPrefix(":") else { throw .noHost }
    }

    private init(kind: Kind, text: String) {
        self.kind = kind
        self.text = text
    }

    /// The place without the user's part and the query of an address.
    package var description: String {
        guard kind == .https else { return text }
        let query = afterScheme.contains("?") ? "?..." : ""
        return "https://\(host)\(path)\(query)"
    }

    /// Where the detached signature is: the same place with `.sig` behind the path.
    package var signature: FetchLocation {
        guard kind == .https else { return FetchLocation(kind: .file, text: text + ".sig") }
        let start = afterScheme.startIndex
        let end = afterScheme.firstIndex { $0 == "?" || $0 == "#" } ?? afterScheme.endIndex
        // What follows a path that is not there would become part of the host's name.
        let root = path.isEmpty ? "/" : ""
        let rest = afterScheme[end...]
        return FetchLocation(kind: .https, text: "https://\(afterScheme[start..<end])\(root).sig\(rest)")
    }

    private var afterScheme: Substring { text.dropFirst("https://".utf8.count) }

    private var authority: Substring { afterScheme.prefix { $0 != "/" && $0 != "?" && $0 != "#" } }

    /// The host and its port.
    private var host: Substring { authority.split(separator: "@", omittingEmptySubsequences: false).last ?? "" }

    private var path: Substring { afterScheme.dropFirst(authority.count).prefix { $0 != "?" && $0 != "#" } }

    /// The scheme in lower case; nil for a path.
    private static func scheme(of text: String) -> String? {
        let scheme = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "+" || $0 == "." || $0 == "-") }
        return text.dropFirst(scheme.count).hasPrefix("://") && !scheme.isEmpty ? scheme.lowercased() : nil
    }
}

/// Why a list cannot be fetched from a place. Never repeats the place, which may hold a password.
package enum FetchLocationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing is written.
    case empty
    /// It is `http://`.
    case plainHTTP
    /// It is `file://`.
    case fileAddress
    /// It is neither https nor a path.
    case otherScheme
    /// Nothing, or only a port, stands where the host should.
    case noHost
    /// It has a space, a control character, a backslash or a character beyond ASCII.
    case unprintable
    /// It is longer than an address may be.
    case tooLong(limit: Int)

    package var description: String {
        switch self {
        case .empty: "the address is empty; write an https:// address or the path of a file"
        case .plainHTTP:
            "http:// lets anyone on the way read and change the list; use https://, or the path of a file on a mounted share"
        case .fileAddress: "file:// is not understood; write the path alone"
        case .otherScheme: "only https:// addresses and paths are understood"
        case .noHost: "the address has no host; write https://HOST/PATH"
        case .unprintable:
            "the address has a space, a backslash, a control character or one beyond ASCII; write such characters as %XX, "
                + "and a host's name as A-labels"
        case .tooLong(let limit): "the address is longer than \(limit) octets; use a shorter one"
        }
    }
}

/// Whether a text is made of visible ASCII characters alone.
func isPrintable(_ text: some StringProtocol) -> Bool { text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
