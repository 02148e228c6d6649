/// The protocols a name can be read from; the value of the label `protocol`.
package enum InspectedProtocol: UInt8, CaseIterable, Sendable {
    case dns
    case tls
    case quic
    case http

    /// The label's text in counters and in replay output.
    package var label: String { word.description }

    /// The text of ``label``, without a string.
    package var word: StaticString {
        switch self {
        case .dns: "dns"
        case .tls: "tls"
        case .quic: "quic"
        case .http: "http"
        }
    }
}

/// How a packet that matched carried the name, more closely than ``InspectedProtocol``; the value of the label `mechanism`.
///
/// What operators compare is told apart by these.
package enum Mechanism: UInt8, CaseIterable, Sendable {
    /// A DNS message in a datagram.
    case dnsUDP
    /// A DNS message in a TCP connection.
    case dnsTCP
    /// The server name of a TLS hello, also behind STARTTLS and the like.
    case tlsSNI
    /// The server name in a QUIC Initial of version 1 (RFC 9001), of a draft of it, or of Google's versions with TLS.
    case quicV1
    /// The server name in a QUIC Initial of version 2 (RFC 9369), or of a draft of it.
    case quicV2
    /// The host of an HTTP request, of a CONNECT or of a request of HTTP/2.
    case httpHost

    /// The label's text in counters, reports and records.
    package var label: String { word.description }

    /// The text of ``label``, without a string.
    package var word: StaticString {
        switch self {
        case .dnsUDP: "dns_udp"
        case .dnsTCP: "dns_tcp"
        case .tlsSNI: "tls_sni"
        case .quicV1: "quic_v1"
        case .quicV2: "quic_v2"
        case .httpHost: "http_host"
        }
    }

    /// The mechanism with this label; nil where none has it.
    package init?(label: String) {
        guard let mechanism = Self.allCases.first(where: { $0.label == label }) else { return nil }
        self = mechanism
    }
}

/// What was done with a packet that matched, in the words of the configuration; the value of the label `action`.
package enum CountedAction: UInt8, CaseIterable, Sendable {
    case observe
    case drop
    case reset
    case nxdomain
    case nodata
    case refused
    case sinkhole

    /// The label's text in counters.
    package var label: String {
        switch self {
        case .observe: "observe"
        case .drop: "drop"
        case .reset: "reset"
        case .nxdomain: "nxdomain"
        case .nodata: "nodata"
        case .refused: "refused"
        case .sinkhole: "sinkhole"
        }
    }
}

/// Why a name that is on a list was left alone; the value of the label `reason`.
package enum ExemptionReason: UInt8, CaseIterable, Sendable {
    /// The allow list has it.
    case allowed
    /// The operator lets it pass for a while.
    case passed
    /// It is protected, and the list has no approval to block such names.
    case protected

    /// The label's text in counters.
    package var label: String {
        switch self {
        case .allowed: "allowed"
        case .passed: "passed"
        case .protected: "protected"
        }
    }
}

/// Why a packet was accepted without being judged; the value of the label `cause`.
package enum UndecidedCause: UInt8, CaseIterable, Sendable {
    /// Bytes that break the format of their protocol.
    case malformed
    /// A packet of which the copy range or the capture holds only the beginning.
    case truncated
    /// An IP fragment; the name may lie in another one.
    case fragment
    /// A message that outgrew the budget of its flow, or was evicted when the budget of all flows was used up.
    case overBudget
    /// An undecided flow that the full flow table evicted, oldest first.
    case flowEvicted
    /// A flow whose beginning was not seen and in which no message boundary was found.
    case midstream
    /// A QUIC packet of a version whose Initial packets cannot be read.
    case unknownQUICVersion

    /// The label's text in counters and in replay output.
    package var label: String {
        switch self {
        case .malformed: "malformed"
        case .truncated: "truncated"
        case .fragment: "fragment"
        case .overBudget: "over-budget"
        case .flowEvicted: "flow-evicted"
        case .midstream: "midstream"
        case .unknownQUICVersion: "unknown-quic-version"
        }
    }
}

/// An odd form that a name was hidden or carried in; the value of the label `kind`. Counted, never a reason to block.
package enum Anomaly: UInt8, CaseIterable, Sendable {
    /// A TLS handshake message that lies in more than one record (RFC 8446 §5.1).
    case recordSplit
    /// Data of a message that came in another order than they were numbered in.
    case outOfOrder
    /// Data that came twice and differed; every reading of them is judged.
    case overlapConflict
    /// Urgent data, which a receiver may or may not take for part of the stream (RFC 6093).
    case urgentData
    /// Data in a SYN (TCP Fast Open, RFC 7413).
    case synData
    /// A second ClientHello, as after a HelloRetryRequest (RFC 8446 §4.1.2).
    case secondHello
    /// A QUIC ClientHello that lies in more than one Initial packet.
    case multiInitial
    /// A QUIC client that began anew with the token of a Retry (RFC 9000 §8.1.2).
    case quicRetry
    /// A ClientHello without a server name.
    case noServerName
    /// A ClientHello with the extension `encrypted_client_hello`, in earnest or as grease (RFC 9849).
    case encryptedClientHello
    /// A ClientHello with the draft extension `encrypted_server_name`.
    case encryptedServerName
    /// A DNS answer with the parameter `ech` (RFC 9848).
    case encryptedClientHelloKeys
    /// A name that lay in more than one IP fragment.
    case fragmented
    /// A packet inside another one: a tunnel.
    case tunnelled
    /// A connection that turned to TLS on its way, by STARTTLS or CONNECT.
    case upgraded

    /// The label's text in counters and in replay output.
    package var label: String {
        switch self {
        case .recordSplit: "record-split"
        case .outOfOrder: "out-of-order"
        case .overlapConflict: "overlap-conflict"
        case .urgentData: "urgent-data"
        case .synData: "syn-data"
        case .secondHello: "second-hello"
        case .multiInitial: "multi-initial"
        case .quicRetry: "quic-retry"
        case .noServerName: "no-server-name"
        case .encryptedClientHello: "ech"
        case .encryptedServerName: "esni"
        case .encryptedClientHelloKeys: "dns-ech"
        case .fragmented: "fragmented"
        case .tunnelled: "tunnelled"
        case .upgraded: "upgraded"
        }
    }
}

/// The odd forms that one packet showed.
@usableFromInline
package struct AnomalySet: Equatable, Sendable {
    /// A bit for each case of ``Anomaly``, the first case the lowest.
    @usableFromInline
    package private(set) var bits: UInt32

    /// None.
    @inlinable
    @inline(__always)
    package init() {
        bits = 0
    }

    /// Whether the packet was as most are.
    @inlinable
    package var isEmpty: Bool { bits == 0 }

    /// Whether this one is among them.
    package func contains(_ anomaly: Anomaly) -> Bool {
        bits &>> UInt32(anomaly.rawValue) & 1 != 0
    }

    /// Adds one.
    @inline(__always)
    package mutating func insert(_ anomaly: Anomaly) {
        bits |= 1 &<< UInt32(anomaly.rawValue)
    }
}

/// A form of DNS that hides its questions; the value of the label `kind`. Its flows are counted, never blocked for it.
package enum EncryptedDNS: UInt8, CaseIterable, Sendable {
    /// DNS over TLS: a TCP connection to port 853 (RFC 7858).
    case dot
    /// DNS over QUIC: a QUIC connection to UDP port 853 (RFC 9250).
    case doq
    /// DNS over HTTPS (RFC 8484): a TLS or QUIC hello that names an endpoint the operator has listed.
    case doh

    /// The label's text in counters and in replay output.
    package var label: String {
        switch self {
        case .dot: "dot"
        case .doq: "doq"
        case .doh: "doh"
        }
    }
}

/// What is sent in place of a packet that was dropped; the value of the label `kind`.
package enum CountedResponse: UInt8, CaseIterable, Sendable {
    /// An answer to a DNS query, in the server's stead.
    case answer
    /// An answer that takes the place of one with a listed alias.
    case rewrite
    /// A reset of a TCP connection, for one of its ends.
    case reset
    /// An HTTP response: the stop page or a redirect to it.
    case page
    /// An ICMP message that nobody listens.
    case unreachable

    /// The label's text in counters.
    package var label: String {
        switch self {
        case .answer: "answer"
        case .rewrite: "rewrite"
        case .reset: "reset"
        case .page: "page"
        case .unreachable: "unreachable"
        }
    }
}

/// What became of a packet that was to be sent; the value of the label `result`. All but the first leave the client in silence.
package enum ResponseResult: UInt8, CaseIterable, Sendable {
    /// It was sent.
    case sent
    /// The kernel refused it.
    case failed
    /// It would have gone beyond the configured rate, or beyond the octets that were received.
    case limited
    /// There is no honest answer to what came, or it came in pieces or in a tunnel.
    case unanswerable

    /// The label's text in counters.
    package var label: String {
        switch self {
        case .sent: "sent"
        case .failed: "failed"
        case .limited: "limited"
        case .unanswerable: "unanswerable"
        }
    }
}

/// Why names are let pass that were blocked; the value of the label `cause` of times to unblock.
package enum UnblockCause: UInt8, CaseIterable, Sendable {
    /// Somebody at the operator's wanted it.
    case wish
    /// A publisher's edition has them no more.
    case removal

    /// The label's text in counters.
    package var label: String {
        switch self {
        case .wish: "wish"
        case .removal: "removal"
        }
    }
}

/// What the kernel was told to do with a packet; the value of the label `verdict`.
package enum CountedVerdict: UInt8, CaseIterable, Sendable {
    /// The packet goes on.
    case accept
    /// The packet ends here, whatever the client is told instead.
    case drop

    /// The label's text in counters.
    package var label: String {
        switch self {
        case .accept: "accept"
        case .drop: "drop"
        }
    }
}
