/// Why bytes could not be read as the format they claim to be.
///
/// Payloads name the field, never its content, so that an error can be counted and logged without telling who asked for what.
@usableFromInline
package enum WireError: Error, Equatable, Sendable {
    /// The bytes end inside this field.
    case truncated(WireField)
    /// This field holds a value that its format does not allow.
    case malformed(WireField)
    /// This field is longer, or nested deeper, than any valid message needs.
    case limitExceeded(WireField)
}

/// The fields that a ``WireError`` can name.
@usableFromInline
package enum WireField: UInt8, Equatable, Sendable {
    case ipVersion
    case ipv4Header
    case ipv4TotalLength
    case ipv6Header
    case ipv6ExtensionHeader
    case udpHeader
    case udpLength
    case tcpHeader
    case tcpDataOffset
    case dnsHeader
    case dnsLength
    case dnsLabel
    case dnsPointer
    case dnsQuestion
    case dnsQuestionCount
    case dnsRecord
    case dnsTargetCount
    case dnsServiceParameter
    case domainName
    case tlsRecordHeader
    case tlsRecordLength
    case tlsHandshakeLength
    case clientHelloVersion
    case clientHelloRandom
    case clientHelloSessionID
    case clientHelloCipherSuites
    case clientHelloCompressionMethods
    case clientHelloExtensions
    case serverNameList
    case httpRequestLine
    case httpFields
    case http2FrameHeader
    case http2Padding
    case hpackInteger
    case hpackIndex
    case hpackString
    case quicHeader
    case quicConnectionID
    case quicToken
    case quicLength
    case quicFrameType
    case quicCryptoOffset
    case quicCryptoLength
    case quicAcknowledgment
    case quicConnectionClose
}
