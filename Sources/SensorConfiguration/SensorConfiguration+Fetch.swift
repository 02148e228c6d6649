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
    }
}
