/// A list that is fetched: from where, to where, and within which limits.
package struct FetchSource: Sendable, Equatable {
    /// The list's id, for messages.
    package var id: String

    /// Where it comes from.
    package var location: FetchLocation

    /// The file it is written to. Its folder has to be there; the folder `.fetch` in it holds what the fetch itself needs.
    package var destination: String

    /// Whether a detached signature belongs to it: `.sig` behind the path of the location, and behind the destination.
    package var isSigned: Bool

    /// The most octets that the list may have.
    package var maximumSize: Int

    /// How long a connection may take to come about, TLS included.
    package var connectTimeout: Duration

    /// How long the transfer may stand still, or all but: less than 1 KiB a second in all that time.
    package var stallTimeout: Duration

    /// How long everything may take, repetitions and the signature included.
    ///
    /// A file on a share that does not answer can keep the kernel, and so the fetch, longer.
    package var totalTimeout: Duration

    /// The proxy, as curl understands one (`http://`, `https://` or `socks5h://`, with or without a user); nil is the environment's.
    package var proxy: String?

    /// A file of certificates (PEM) that are trusted instead of the system's.
    package var certificateAuthority: String?

    /// Makes a source; what is left out has a default that suits a list of ten million names.
    package init(
        id: String,
        location: FetchLocation,
        destination: String,
        isSigned: Bool = false,
        maximumSize: Int = 1 << 30,
        connectTimeout: Duration = .seconds(20),
        stallTimeout: Duration = .seconds(30),
        totalTimeout: Duration = .seconds(600),
        proxy: String? = nil,
        certificateAuthority: String? = nil
    ) {
        self.id = id
        self.location = location
        self.destination = destination
        self.isSigned = isSigned
        self.maximumSize = maximumSize
        self.connectTimeout = connectTimeout
        self.stallTimeout = stallTimeout
        self.totalTimeout = totalTimeout
        self.proxy = proxy
        self.certificateAuthority = certificateAuthority
    }
}
