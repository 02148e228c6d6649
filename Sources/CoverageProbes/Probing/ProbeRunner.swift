import Glibc
import Telemetry

/// Sends probes and waits for what comes back, many at a time but no faster than its pace; ordinary sockets, no privileges.
package struct ProbeRunner: Sendable {
    /// How fast, how many, how long.
    package let pace: ProbePace

    /// The octets of addresses that lead to who blocks.
    package let sinkholes: Set<[UInt8]>

    /// Probes at this pace.
    package init(pace: ProbePace = ProbePace(), sinkholes: [ProbeAddress] = []) {
        self.pace = pace
        self.sinkholes = Set(sinkholes.map(\.octets))
    }

    /// Times that a datagram is sent: one that was lost would pass for one that was blocked.
    private static let datagrams = 3

    /// Asks every name on every route, with a name on no list before and after.
    ///
    /// - Parameters:
    ///   - routes: the routes.
    ///   - lists: the names of each list.
    ///   - progress: is told how many probes of how many are done.
    /// - Returns: what was found, in the order of the lists, their names and the routes.
    /// - Throws: ``ProbeError``, where it is too much, or the system gives no sockets.
    package func probe(
        _ routes: [Probe.Route],
        _ lists: [TestNames],
        progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }
    ) throws(ProbeError) -> [CoverageResult] {
        let asked = lists.flatMap { list in list.names.map { (list: list.list, name: $0) } }
        // Counted before they are made: a product of three numbers that were given.
        let (count, isTooMany) = (asked.count + 2).multipliedReportingOverflow(by: routes.count)
        guard isTooMany == false, count <= pace.total else { throw .tooManyProbes(count, limit: pace.total) }

        let before = try run(routes.map { Probe($0, .control()) }) { done in progress(done, count) }
        // Where not even a name on no list is answered there is nothing to be learned from others.
        let working = routes.indices.filter { before[$0].showsThatTheRouteWorks }
        let probes = asked.flatMap { asked in working.map { Probe(routes[$0], asked.name) } }
        let outcomes = try run(probes) { done in progress(routes.count + done, count) }
        let after = try run(routes.map { Probe($0, .control()) }) { done in
            progress(routes.count + probes.count + done, count)
        }

        var results: [CoverageResult] = []
        for (position, asked) in asked.enumerated() {
            for (index, route) in routes.enumerated() {
                let place = working.firstIndex(of: index)
                let outcome = place.map { outcomes[position * working.count + $0] }
                results.append(
                    CoverageResult(
                        list: asked.list,
                        name: asked.name,
                        route: route,
                        verdict: outcome.map { ProbeVerdict($0, controls: [before[index], after[index]]) }
                            ?? .unclear(.controlFailed),
                        milliseconds: outcome?.milliseconds ?? 0
                    )
                )
            }
        }
        return results
    }

    // MARK: - Sending

    /// A probe that waits for its answer.
    private struct Flight {
        let index: Int
        let probe: Probe
        let message: ProbeMessage
        let socket: ProbeSocket
        let begun: Int
        /// When the message was sent first; nil until the connection has come about.
        var sent: Int?
        var copies = 0
        var received: [UInt8] = []
    }

    /// What became of each probe.
    func run(_ probes: [Probe], progress: (_ done: Int) -> Void = { _ in }) throws(ProbeError) -> [ProbeOutcome] {
        var outcomes = [ProbeOutcome?](repeating: nil, count: probes.count)
        var flights: [Flight] = []
        var next = 0
        var done = 0
        let start = ProbeSocket.clock()
        while next < probes.count || flights.isEmpty == false {
            let now = ProbeSocket.clock()
            while next < probes.count, flights.count < pace.inFlight, now - start >= next * 1_000 / pace.perSecond {
                if let flight = try begin(probes[next], next, now) {
                    flights.append(flight)
                } else {
                    outcomes[next] = ProbeOutcome(.unconnected)
                }
                next += 1
            }
            let ready = ProbeSocket.wait(
                flights.map { ($0.socket, $0.sent == nil) },
                milliseconds: wait(flights, next < probes.count ? start + next * 1_000 / pace.perSecond : nil, now)
            )
            let later = ProbeSocket.clock()
            var remaining: [Flight] = []
            for (var flight, isReady) in zip(flights, ready) {
                if let outcome = step(&flight, isReady: isReady, later) {
                    outcomes[flight.index] = outcome
                } else {
                    remaining.append(flight)
                }
            }
            flights = remaining
            let finished = next - flights.count
            if finished != done { progress(finished) }
            done = finished
        }
        return outcomes.map { $0 ?? ProbeOutcome(.unconnected) }
    }

    /// Milliseconds until something is due.
    private func wait(_ flights: [Flight], _ nextStart: Int?, _ now: Int) -> Int {
        var due = now + 1_000
        if let nextStart, flights.count < pace.inFlight { due = min(due, nextStart) }
        for flight in flights {
            due = min(due, (flight.sent ?? flight.begun) + pace.timeout)
            if let sent = flight.sent, flight.copies < Self.datagrams, flight.probe.route.mechanism.isDatagram {
                due = min(due, sent + flight.copies * pace.timeout / Self.datagrams)
            }
        }
        return max(due - now, 1)
    }

    private func begin(_ probe: Probe, _ index: Int, _ now: Int) throws(ProbeError) -> Flight? {
        let isDatagram = probe.route.mechanism.isDatagram
        guard
            let socket = try ProbeSocket.connecting(
                to: probe.route.server,
                port: probe.route.port,
                isDatagram: isDatagram
            )
        else { return nil }
        let message = ProbeMessage(probe)
        var flight = Flight(index: index, probe: probe, message: message, socket: socket, begun: now)
        if isDatagram {
            guard socket.send(message.octets) == 0 else { return nil }
            flight.sent = now
            flight.copies = 1
        }
        return flight
    }

    /// Takes a probe on; its outcome once there is one.
    private func step(_ flight: inout Flight, isReady: Bool, _ now: Int) -> ProbeOutcome? {
        if isReady, let outcome = advance(&flight, now) { return outcome }
        guard let sent = flight.sent else {
            return now - flight.begun >= pace.timeout ? ProbeOutcome(.unconnected) : nil
        }
        if now - sent >= pace.timeout { return ProbeOutcome(.timeout, milliseconds: now - sent) }
        if flight.probe.route.mechanism.isDatagram, flight.copies < Self.datagrams,
            now - sent >= flight.copies * pace.timeout / Self.datagrams
        {
            flight.copies += 1
            let error = flight.socket.send(flight.message.octets)
            if error != 0, let answer = Self.answer(toError: error) {
                return ProbeOutcome(answer, milliseconds: now - sent)
            }
        }
        return nil
    }

    private func advance(_ flight: inout Flight, _ now: Int) -> ProbeOutcome? {
        guard let sent = flight.sent else {
            guard flight.socket.connectionError() == 0, flight.socket.send(flight.message.octets) == 0 else {
                return ProbeOutcome(.unconnected)
            }
            flight.sent = now
            flight.copies = 1
            return nil
        }
        let isDatagram = flight.probe.route.mechanism.isDatagram
        switch flight.socket.read(isDatagram: isDatagram) {
        case .nothing: return nil
        case .end: return ProbeOutcome(.closed, milliseconds: now - sent)
        case .failed(let error):
            return ProbeOutcome(Self.answer(toError: error) ?? .closed, milliseconds: now - sent)
        case .octets(let octets):
            flight.received = isDatagram ? octets : flight.received + octets
            guard let (answer, isMarked) = answer(in: flight) else { return nil }
            return ProbeOutcome(answer, isMarked: isMarked, milliseconds: now - sent)
        }
    }

    /// What an error of the socket means; nil where it means nothing.
    private static func answer(toError error: Int32) -> ProbeAnswer? {
        switch error {
        case ECONNRESET, EPIPE: .reset
        // Of UDP: an ICMP message that says so, or that it is not allowed.
        case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EACCES, EPERM, ENOPROTOOPT: .unreachable
        default: nil
        }
    }

    /// What the octets say that have come so far; nil where they say nothing, or not all of it yet.
    private func answer(in flight: Flight) -> (ProbeAnswer, Bool)? {
        let route = flight.probe.route
        let octets = flight.received
        switch route.mechanism {
        case .dnsUDP, .dnsTCP:
            var message = octets
            if route.mechanism == .dnsTCP {
                guard octets.count >= 2 else { return nil }
                let length = Int(octets[0]) << 8 | Int(octets[1])
                guard octets.count >= 2 + length else { return nil }
                message = Array(octets[2..<2 + length])
            }
            let reply = DNSReply(
                parsing: message,
                identifier: flight.message.identifier,
                type: route.type ?? .a
            )
            return reply?.answer(sinkholes: sinkholes)
        case .tlsSNI: return octets.isEmpty ? nil : (.served, false)
        case .quicV1, .quicV2:
            return Self.isAnswer(octets, to: flight.message.connectionID) ? (.served, false) : nil
        case .httpHost:
            guard let reply = HTTPReply(parsing: octets) else { return nil }
            return (reply.isStopPage ? .page : .served, false)
        }
    }

    /// Whether a datagram is a QUIC packet with a long header (RFC 8999 §5.1) for the connection ID that was sent.
    static func isAnswer(_ octets: [UInt8], to connectionID: [UInt8]) -> Bool {
        guard octets.count >= 6 + connectionID.count, octets[0] & 0x80 != 0, Int(octets[5]) == connectionID.count
        else { return false }
        return Array(octets[6..<6 + connectionID.count]) == connectionID
    }
}
