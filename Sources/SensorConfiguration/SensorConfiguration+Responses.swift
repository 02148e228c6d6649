package import Wire

extension SensorConfiguration {
    /// How the sensor answers in place of what it drops.
    package struct Responses: Equatable, Sendable {
        /// The IPv4 address that a sinkhole answers with; nil where such queries get an answer without records.
        package var sinkholeV4: IPAddress?

        /// The IPv6 address that a sinkhole answers with; nil likewise.
        package var sinkholeV6: IPAddress?

        /// Seconds that a client may keep a sinkhole's address: 0 to 60.
        package var timeToLive = 30

        /// What an HTTP request for a listed name gets.
        package var http = HTTPResponse.reset

        /// Where ``HTTPResponse/redirect`` leads.
        package var redirect: String?

        /// Why the stop page says that the name is blocked.
        package var reason = StopPageText(swedish: "", english: "")

        /// Who decided, on the stop page.
        package var authority = ""

        /// The address of that authority, for the stop page and the field `Link` (RFC 7725 §4); nil for none.
        package var authorityAddress: String?

        /// Where to complain, on the stop page.
        package var complaints = ""

        /// Whether a client of QUIC is told by ICMP that nobody listens, so that it need not wait to fall back to TCP.
        package var quicUnreachable = true

        /// The most packets that the sensor sends in a second, in all workers together.
        package var rate = 20_000

        /// The defaults.
        package init() {}
    }

    /// What an HTTP request for a listed name gets.
    package enum HTTPResponse: String, CaseIterable, Sendable {
        /// A reset.
        case reset
        /// A page with the status 451 (RFC 7725).
        case page
        /// A redirect to a page of the operator.
        case redirect
    }

    /// A text in the two languages of the stop page.
    package struct StopPageText: Equatable, Sendable {
        /// The text in Swedish.
        package var swedish: String
        /// The text in English.
        package var english: String

        /// A text in both languages.
        package init(swedish: String, english: String) {
            self.swedish = swedish
            self.english = english
        }
    }
}
