import Telemetry
import Wire

/// The server name of the ClientHello that begins a TLS connection, on whatever port.
enum TLSDissector: Dissector {
    static func mayBeMine(_ tuple: FiveTuple) -> Bool {
        tuple.transport == TransportProtocol.tcp
    }

    /// The handshake message may lie in several records (RFC 8446 §5.1); alerts and change-cipher-specs before it are passed over. A second
    /// hello may follow the first, after a HelloRetryRequest (§4.1.2); any other message says that none will.
    static func dissect(
        stream: Span<UInt8>,
        isFinal: Bool,
        mode: inout DissectorMode,
        scratch: inout MessageBuffer,
        into findings: inout Findings
    ) throws(WireError) -> Dissection {
        var offset = 0
        // Octets of the handshake message that are still to come, at least: with them the attempts on a message in tiny records stay few.
        var missing = 0
        var fragments = 0
        scratch.reset()
        while true {
            let record: TLSRecord
            do {
                record = try TLSRecord(parsing: stream.extracting(offset..<stream.count))
            } catch .truncated {
                let needed = offset &+ TLSRecord.headerLength &+ missing
                return isFinal
                    ? try readHello(scratch.bytes, isFinal: true, needed, &mode, into: &findings) : .needsMore(needed)
            } catch {
                // Only the first octets of a stream can say that it is not TLS.
                guard offset > 0 else { return .notMine }
                throw error
            }
            let end = offset &+ TLSRecord.headerLength &+ record.length
            switch record.contentType {
            case .handshake:
                // One record holds most hellos whole: they are read where they lie.
                if scratch.count == 0, TLSClientHello.handshakeLength(record.fragment) ?? Int.max <= record.length {
                    return try readHello(record.fragment, isFinal: isFinal, end, &mode, into: &findings)
                }
                guard scratch.append(record.fragment) else { throw .limitExceeded(.tlsHandshakeLength) }
                if scratch.count > 0, scratch.bytes[0] != TLSClientHello.handshakeType { return .finished }
                if record.length > 0 { fragments &+= 1 }
                if let length = TLSClientHello.handshakeLength(scratch.bytes) {
                    guard length <= scratch.capacity else { throw .limitExceeded(.tlsHandshakeLength) }
                    if scratch.count >= length {
                        if fragments > 1 { findings.anomalies.insert(.recordSplit) }
                        return try readHello(scratch.bytes, isFinal: isFinal, end, &mode, into: &findings)
                    }
                    missing = length &- scratch.count
                }
                guard record.isComplete else {
                    if isFinal { return try readHello(scratch.bytes, isFinal: true, end, &mode, into: &findings) }
                    return .needsMore(missing > 0 ? stream.count &+ missing : end)
                }
                // An empty record is tolerated by servers, and so passed over.
                offset = end
            case .changeCipherSpec, .alert:
                guard record.isComplete else { return .needsMore(end) }
                offset = end
            case .applicationData, .heartbeat:
                return .finished
            }
        }
    }

    /// The mode behind the first hello.
    private static let hasReadHello: DissectorMode = 1

    /// Reads the server name of the handshake message that starts `bytes`.
    private static func readHello(
        _ bytes: Span<UInt8>,
        isFinal: Bool,
        _ recordEnd: Int,
        _ mode: inout DissectorMode,
        into findings: inout Findings
    ) throws(WireError) -> Dissection {
        guard bytes.count > 0, bytes[0] == TLSClientHello.handshakeType else { return .finished }
        guard let length = TLSClientHello.handshakeLength(bytes) else {
            return isFinal ? .finished : .needsMore(recordEnd)
        }
        guard bytes.count >= length || isFinal else { return .needsMore(recordEnd) }
        let hello = try TLSClientHello(
            parsing: bytes.extracting(TLSClientHello.handshakeHeaderLength..<min(length, bytes.count))
        )
        if mode == hasReadHello { findings.anomalies.insert(.secondHello) }
        try findings.add(hello, of: .tls)
        mode = hasReadHello
        return hello.serverName.count > 0 ? .name(consumed: recordEnd) : .nameless(consumed: recordEnd)
    }
}
