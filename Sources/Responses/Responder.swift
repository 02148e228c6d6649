package import Blocklists
package import Inspection
package import Telemetry
package import Wire

/// Says to both ends of a dropped packet what the operator wants them to hear; one for each worker.
///
/// After ``adopt(_:)`` it allocates nothing. Whatever fails leaves the packet dropped in silence, and is counted.
package struct Responder: ~Copyable, Sendable {
    /// What becomes of the packet itself.
    package enum Effect: Sendable {
        /// It is dropped, as was decided.
        case none
        /// ``replacement`` goes on in its place.
        case replaced
    }

    private let configuration: ResponseConfiguration
    private let sockets: RawSockets?
    private var composer = PacketComposer()
    private var outbox = Outbox()
    private var budget: ResponseBudget
    private var answers: [BlockedAnswer?] = []
    private var server: IPAddress?

    /// The most octets of a composed packet: what every link carries (RFC 8200 §5).
    private static let lengthLimit = 1_280

    /// The most octets of an ICMP error: what every host takes (RFC 1122 §3.3.2).
    private static let errorLimit = 576

    /// A responder that sends by sockets of its own.
    ///
    /// - Throws: ``ResponseError`` where the process may not have them.
    package init(_ configuration: ResponseConfiguration) throws(ResponseError) {
        self.configuration = configuration
        sockets = try RawSockets(own: configuration.ownMark, untracked: configuration.untrackedMark)
        budget = ResponseBudget(rate: configuration.rate)
    }

    /// A responder that cannot send: every response is counted as failed.
    package init(silent configuration: ResponseConfiguration) {
        self.configuration = configuration
        sockets = nil
        budget = ResponseBudget(rate: configuration.rate)
    }

    /// Takes the answers that the lists ask for; to be called when the blocklist has changed.
    package mutating func adopt(_ blocklist: Blocklist) {
        answers = blocklist.lists.map(configuration.answer)
    }

    /// Notes octets that were received: as many may be sent.
    @inline(__always)
    package mutating func earn(_ octets: Int) { budget.earn(octets) }

    /// The packet that goes on in place of the last one, after ``Effect/replaced``.
    package var replacement: Span<UInt8> {
        @_lifetime(borrow self)
        get { composer.packet }
    }

    /// Answers for a packet that is dropped.
    ///
    /// What answers a datagram goes with the next ``flush(_:)``, all else at once.
    ///
    /// - Parameters:
    ///   - decision: what was decided about it; with a response.
    ///   - bytes: the packet, from its IP header on.
    ///   - message: the DNS message whose name decided, for the responses that need it.
    ///   - server: where what goes to the server is routed, for a packet whose translation was undone; else nil.
    ///   - now: the time in nanoseconds.
    ///   - counters: where it is counted.
    /// - Returns: what becomes of the packet.
    package mutating func respond(
        to decision: Decision,
        _ bytes: Span<UInt8>,
        message: Span<UInt8>,
        server: IPAddress? = nil,
        at now: UInt64,
        _ counters: Counters
    ) -> Effect {
        self.server = server
        guard let response = decision.response else { return .none }
        do throws(WireError) {
            let packet = try IPPacket(parsing: bytes)
            switch response {
            case .answer: answer(packet, message, Int(decision.list), at: now, counters)
            case .rewrite: return rewrite(packet, message, Int(decision.list), at: now, counters)
            case .reset: reset(packet, at: now, counters)
            case .page: page(packet, at: now, counters)
            case .unreachable: unreachable(packet, in: bytes, at: now, counters)
            }
        } catch {
            counters.countResponse(response.counted, .unanswerable, bytes: 0)
        }
        return .none
    }

    // MARK: - One for each response

    private mutating func answer(
        _ packet: IPPacket,
        _ message: Span<UInt8>,
        _ list: Int,
        at now: UInt64,
        _ counters: Counters
    ) {
        guard list < answers.count, let answer = answers[list], message.count > 0 else {
            return counters.countResponse(.answer, .unanswerable, bytes: 0)
        }
        if packet.transport == TransportProtocol.tcp {
            let isComposed = composer.answerInStream(packet, message: message, as: answer, limit: Self.lengthLimit)
            return say(.answer, isComposed, packet, at: now, counters)
        }
        guard budget.hasPackets(at: now) else { return counters.countResponse(.answer, .limited, bytes: 0) }
        let limit = min(Self.lengthLimit, budget.credit)
        var isComposed = composer.answer(packet, message: message, as: answer, from: nil, limit: limit)
        // One for which there is no credit at all is counted as that, and not as one that there is no answer to.
        if isComposed == false, limit < Self.lengthLimit {
            isComposed = composer.answer(packet, message: message, as: answer, from: nil, limit: Self.lengthLimit)
        }
        post(.answer, isComposed, at: now, counters)
    }

    private mutating func rewrite(
        _ packet: IPPacket,
        _ message: Span<UInt8>,
        _ list: Int,
        at now: UInt64,
        _ counters: Counters
    ) -> Effect {
        guard list < answers.count, let answer = answers[list], message.count > 0 else {
            counters.countResponse(.rewrite, .unanswerable, bytes: 0)
            return .none
        }
        guard packet.transport == TransportProtocol.tcp else {
            guard composer.rewrite(packet, message: message, as: answer) else {
                counters.countResponse(.rewrite, .unanswerable, bytes: 0)
                return .none
            }
            counters.countResponse(.rewrite, .sent, bytes: composer.packet.count)
            return .replaced
        }
        // The answer stands in the server's stream: its client gets the other one, and the server a reset.
        let isComposed = composer.rewriteInStream(packet, message: message, as: answer, limit: Self.lengthLimit)
        guard send(.rewrite, isComposed, false, at: now, counters) else {
            reset(packet, at: now, counters)
            return .none
        }
        send(.reset, composer.resetSender(of: packet), true, at: now, counters)
        return .none
    }

    private mutating func page(_ packet: IPPacket, at now: UInt64, _ counters: Counters) {
        let content = configuration.page
        guard content.isEmpty == false, Self.isHTTP1(packet) else { return reset(packet, at: now, counters) }
        let isComposed = composer.page(packet, content: content.span, limit: Self.lengthLimit)
        say(.page, isComposed, packet, at: now, counters)
    }

    /// Resets both ends. What goes to the server is translated as the connection's packets are; the client, whose address was not
    /// translated yet, gets what stands in the packet.
    private mutating func reset(_ packet: IPPacket, at now: UInt64, _ counters: Counters) {
        let isFromServer = Self.isFromServer(packet)
        send(.reset, composer.resetSender(of: packet), isFromServer, at: now, counters)
        send(.reset, composer.resetReceiver(of: packet), isFromServer == false, at: now, counters)
    }

    private mutating func unreachable(
        _ packet: IPPacket,
        in bytes: Span<UInt8>,
        at now: UInt64,
        _ counters: Counters
    ) {
        guard configuration.quicUnreachable else { return }
        guard budget.hasPackets(at: now) else { return counters.countResponse(.unreachable, .limited, bytes: 0) }
        let limit = min(Self.errorLimit, budget.credit)
        var isComposed = composer.portUnreachable(packet, in: bytes, from: nil, limit: limit)
        if isComposed == false, limit < Self.errorLimit {
            isComposed = composer.portUnreachable(packet, in: bytes, from: nil, limit: Self.errorLimit)
        }
        post(.unreachable, isComposed, at: now, counters)
    }

    // MARK: - Sending

    /// Sends what was composed for the client of a TCP connection, and a reset to its server; where nothing was, resets both.
    private mutating func say(
        _ kind: CountedResponse,
        _ isComposed: Bool,
        _ packet: IPPacket,
        at now: UInt64,
        _ counters: Counters
    ) {
        guard send(kind, isComposed, false, at: now, counters) else { return reset(packet, at: now, counters) }
        send(.reset, composer.resetReceiver(of: packet), true, at: now, counters)
    }

    /// Sends what waits for the verdicts on its batch; to be called when they are given.
    ///
    /// - Parameter counters: where it is counted.
    package mutating func flush(_ counters: Counters) {
        var index = 0
        while index < outbox.count {
            let kind = outbox.kind(index)
            let isSent = sockets?.send(outbox[index], isTracked: false) == true
            counters.countResponse(kind, isSent ? .sent : .failed, bytes: isSent ? outbox[index].count : 0)
            index &+= 1
        }
        outbox.reset()
    }

    /// Lets the packet composed last, which connection tracking does not see, wait for the verdicts on its batch.
    private mutating func post(_ kind: CountedResponse, _ isComposed: Bool, at now: UInt64, _ counters: Counters) {
        guard isAllowed(kind, isComposed, at: now, counters) else { return }
        if outbox.add(composer.packet, as: kind) { return }
        flush(counters)
        _ = outbox.add(composer.packet, as: kind)
    }

    /// Sends the packet composed last, and counts it.
    ///
    /// - Returns: whether the kernel took it.
    @discardableResult
    private mutating func send(
        _ kind: CountedResponse,
        _ isComposed: Bool,
        _ isTracked: Bool,
        at now: UInt64,
        _ counters: Counters
    ) -> Bool {
        guard isAllowed(kind, isComposed, at: now, counters) else { return false }
        let count = composer.packet.count
        guard sockets?.send(composer.packet, isTracked: isTracked, by: isTracked ? server : nil) == true else {
            counters.countResponse(kind, .failed, bytes: 0)
            return false
        }
        counters.countResponse(kind, .sent, bytes: count)
        return true
    }

    /// Whether there is a packet, and the budget has room for it, which is then taken; what does not go is counted.
    private mutating func isAllowed(
        _ kind: CountedResponse,
        _ isComposed: Bool,
        at now: UInt64,
        _ counters: Counters
    ) -> Bool {
        guard isComposed else {
            counters.countResponse(kind, .unanswerable, bytes: 0)
            return false
        }
        guard budget.spend(composer.packet.count, at: now) else {
            counters.countResponse(kind, .limited, bytes: 0)
            return false
        }
        return true
    }

    /// Whether the segment comes from a server: the side with the lower port.
    private static func isFromServer(_ packet: IPPacket) -> Bool {
        do throws(WireError) {
            let segment = try TCPSegment(parsing: packet.payload)
            return segment.sourcePort < segment.destinationPort
        } catch {
            return false
        }
    }

    /// Whether the segment looks like text: HTTP/2 has frames, whose length begins with a zero octet, behind a preface of its own.
    private static func isHTTP1(_ packet: IPPacket) -> Bool {
        do throws(WireError) {
            let payload = try TCPSegment(parsing: packet.payload).payload
            guard payload.count > 0, payload[0] != 0 else { return false }
            return payload.count < 4 || payload[0] != 0x50 || payload[1] != 0x52 || payload[2] != 0x49
                || payload[3] != 0x20
        } catch {
            return false
        }
    }
}

extension Response {
    /// The same response, as counters name it.
    var counted: CountedResponse {
        switch self {
        case .answer: .answer
        case .rewrite: .rewrite
        case .reset: .reset
        case .page: .page
        case .unreachable: .unreachable
        }
    }
}
