package import SystemPackage

/// Why a list was not fetched. The destination and its signature are as they were.
///
/// One line: the list's id, the place without its secrets, what happened, and what mends it. Nothing of a list's content is in it.
package struct FetchError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The list's id.
    package let id: String

    /// The address without user and query, or the path, of the list or its signature.
    package let place: String

    /// What happened.
    package let cause: Cause

    /// What can happen to a fetch.
    package enum Cause: Error, Equatable, Sendable {
        /// curl is not installed.
        case missingProgram
        /// The proxy's text has a space, a control character or one beyond ASCII.
        case badProxy
        /// The host, or the proxy, has no address.
        case unresolved(isProxy: Bool)
        /// The server, or the proxy, takes no connection.
        case unreachable
        /// The proxy refused with this HTTP status.
        case proxyRefused(Int)
        /// Connecting, standing still or the whole took longer than allowed.
        case timedOut
        /// The server's certificate is not one to trust; curl's words.
        case untrusted(String)
        /// TLS came to no connection; curl's words.
        case handshakeFailed(String)
        /// The file of trusted certificates cannot be read.
        case unreadableAuthority
        /// A redirect led to an address that is not https.
        case redirectedAway
        /// More redirects than one answers with.
        case tooManyRedirects
        /// The server answered with this HTTP status.
        case status(Int)
        /// The answer ended before its end.
        case cutShort
        /// The list has more octets than this.
        case tooLarge(limit: Int)
        /// The source file cannot be read.
        case unreadable(Errno)
        /// The source is a folder, a device or a pipe.
        case notAFile
        /// The source file was changed while it was copied.
        case changedMeanwhile
        /// The disk or the quota is full.
        case fullDisk
        /// A file cannot be written or put into its place.
        case unwritable(path: String, Errno)
        /// Another fetch of the same destination is running.
        case busy
        /// Whoever decides has refused the list; the reason.
        case refused(String)
        /// The task was cancelled.
        case cancelled
        /// curl ended with this status, which has no case of its own.
        case program(status: Int32)
        /// curl could not be run, or a signal that is not ours ended it.
        case programStopped
    }

    package var description: String {
        "list \(id): \(place): \(cause)"
    }
}

extension FetchError.Cause: CustomStringConvertible {
    package var description: String { "\(words.what); \(words.mend)" }

    /// Whether the same fetch may go well a moment later.
    var isTransient: Bool {
        switch self {
        case .unresolved, .unreachable, .timedOut, .cutShort, .changedMeanwhile: true
        case .status(let status), .proxyRefused(let status): status == 408 || status == 429 || status >= 500
        case .missingProgram, .badProxy, .untrusted, .handshakeFailed, .unreadableAuthority, .redirectedAway,
            .tooManyRedirects, .tooLarge, .unreadable, .notAFile, .fullDisk, .unwritable, .busy, .refused, .cancelled,
            .program, .programStopped:
            false
        }
    }

    /// What happened, and what mends it.
    fileprivate var words: (what: String, mend: String) {
        switch self {
        case .missingProgram: ("curl is not installed", "install the Debian package curl")
        case .badProxy: ("the proxy's address is none", "write http://HOST:PORT, other characters of a password as %XX")
        case .unresolved(isProxy: false): ("the host has no address", "check its name and this host's resolver")
        case .unresolved(isProxy: true): ("the proxy has no address", "check its name and this host's resolver")
        case .unreachable: ("no connection", "check the route, firewall and proxy between this host and the server")
        case .proxyRefused(let status):
            ("the proxy refused with status \(status)", "check its user, password and rules")
        case .timedOut: ("no end within the time allowed", "check the path to the server, or allow more time")
        case .untrusted(let detail):
            (
                "the server's certificate is not trusted (\(detail))",
                "mend the server's, or name the authority that signed it"
            )
        case .handshakeFailed(let detail): ("TLS failed (\(detail))", "the server has to offer TLS 1.2 or 1.3")
        case .unreadableAuthority:
            ("the file of trusted certificates cannot be used", "check its path, mode and PEM form")
        case .redirectedAway: ("redirected to what is not https", "use the address that the list is really at")
        case .tooManyRedirects: ("too many redirects", "use the address that the list is really at")
        case .status(let status) where status == 401 || status == 403:
            ("the server answered with status \(status)", "check what it asks for: user, token or this host's address")
        case .status(let status) where status == 404 || status == 410:
            ("the server answered with status \(status)", "check the path")
        case .status(let status): ("the server answered with status \(status)", "ask the list's publisher")
        case .cutShort: ("the transfer ended before the list's end", "fetch again; check the server if it stays so")
        case .tooLarge(let limit): ("larger than \(limit) octets", "raise the list's size limit if that is right")
        case .unreadable(let error): ("cannot be read: \(error)", "check that it is there, mounted and readable")
        case .notAFile: ("not a file", "name the list's file itself")
        case .changedMeanwhile: ("changed while it was copied", "write it beside and rename it into place")
        case .fullDisk: ("no space is left for it", "free space, or raise the quota, in the list's folder")
        case .unwritable(let path, let error): ("cannot write \(path): \(error)", "check the folder and its owner")
        case .busy: ("another fetch of it is running", "wait for its end")
        case .refused(let reason): ("refused, the list in place stays: \(reason)", "ask the list's publisher")
        case .cancelled: ("cancelled", "fetch again")
        case .program(let status): ("curl ended with status \(status)", "see EXIT CODES in curl's manual page")
        case .programStopped: ("curl was stopped", "fetch again; check this host's memory and limits")
        }
    }
}
