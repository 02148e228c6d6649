extension SensorConfiguration {
    /// How lists are fetched: the table `[fetch]`.
    package struct Fetch: Equatable, Sendable {
        /// The proxy, `http://`, `https://` or `socks5h://`, perhaps with a user and a password; nil is the environment's.
        package var proxy: String?

        /// A file of certificates (PEM) that are trusted instead of the system's.
        package var certificateAuthority: String?

        /// The most octets that a list may have: 1 to 16 GiB.
        package var maximumSize = 1 << 30

        /// How long a connection may take to come about: 1 to 600 seconds.
        package var connectTimeout = Duration.seconds(20)

        /// How long a list may take in all: 1 second to a day.
        package var timeout = Duration.seconds(600)

        /// The limits that suit a list of ten million names.
        package init() {}

        mutating func read(_ section: inout Section) {
            proxy = section.address(
                "proxy",
                schemes: ["http", "https", "socks5h"],
                mend: "http://, https:// or socks5h://"
            )
            certificateAuthority = section.path("certificate-authority")
            maximumSize = section.integer("maximum-size", in: 1...1 << 34) ?? maximumSize
            connectTimeout = section.integer("connect-timeout", in: 1...600).map { .seconds($0) } ?? connectTimeout
            timeout = section.integer("timeout", in: 1...86_400).map { .seconds($0) } ?? timeout
            section.refuseUnknownKeys()
        }
    }
}
