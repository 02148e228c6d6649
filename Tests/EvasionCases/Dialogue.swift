import TestSupport

/// A TCP connection as a case plays it: the client's segments wherever and however the case wants them, the server's in order.
struct Dialogue: Sendable {
    var script = Script()
    let client: PacketBuilder
    var clientSequence: UInt32
    var serverSequence: UInt32
    /// TCP options on every data segment of the client.
    var options: [UInt8] = []
    private(set) var serverSent = 0
    private(set) var clientSent = 0

    init(
        _ scene: EvasionScene,
        port: UInt16 = 443,
        _ version: IPVersion = .v4,
        clientSequence: UInt32 = 1_000_000,
        serverSequence: UInt32 = 70_000_000
    ) {
        client = PacketBuilder(from: scene.client(version), to: scene.server(version, port: port))
        self.clientSequence = clientSequence
        self.serverSequence = serverSequence
    }

    /// A maximum segment size of 1460, SACK permitted.
    static let synOptions: [UInt8] = [2, 4, 0x05, 0xB4, 1, 1, 4, 2]

    /// The three packets that open the connection.
    mutating func open(options: [UInt8] = Dialogue.synOptions) {
        script.add(client.tcp([], flags: .syn, sequence: clientSequence, options: options))
        script.add(synAck(options: options), .toClient)
        script.add(acknowledgment())
    }

    func synAck(acknowledging count: Int = 0, options: [UInt8] = Dialogue.synOptions) -> [UInt8] {
        client.reversed.tcp(
            [],
            flags: [.syn, .ack],
            sequence: serverSequence,
            acknowledgment: clientSequence &+ 1 &+ UInt32(count),
            options: options
        )
    }

    /// The client's bare acknowledgment of what the server sent.
    func acknowledgment() -> [UInt8] {
        segment([], at: clientSent, flags: .ack)
    }

    /// A segment of the client with the data from `offset` of its stream on.
    func segment(
        _ payload: [UInt8],
        at offset: Int,
        flags: PacketBuilder.Flags = [.ack, .push],
        options: [UInt8]? = nil
    ) -> [UInt8] {
        client.tcp(
            payload,
            flags: flags,
            sequence: clientSequence &+ 1 &+ UInt32(truncatingIfNeeded: offset),
            acknowledgment: serverSequence &+ 1 &+ UInt32(truncatingIfNeeded: serverSent),
            options: options ?? self.options
        )
    }

    /// Sends data of the client.
    mutating func send(_ payload: [UInt8], at offset: Int? = nil, _ demand: EvasionPacket.Demand = .any) {
        let offset = offset ?? clientSent
        script.add(segment(payload, at: offset), .toServer, demand)
        clientSent = max(clientSent, offset + payload.count)
    }

    /// Sends a stream in segments that end at `cuts`, in `order` or their own; the last completes the name and comes a second time.
    mutating func send(_ stream: [UInt8], cutAt cuts: [Int], order: [Int]? = nil) {
        let base = clientSent
        let bounds = [0] + cuts + [stream.count]
        let order = order ?? Array(0...cuts.count)
        for (place, piece) in order.enumerated() {
            let range = bounds[piece]..<bounds[piece + 1]
            send(Array(stream[range]), at: base + range.lowerBound, place == order.count - 1 ? .completes : .any)
        }
        script.retransmit()
    }

    /// Sends a stream in segments of at most `size` octets.
    mutating func send(_ stream: [UInt8], inPiecesOf size: Int) {
        send(stream, cutAt: Array(stride(from: size, to: stream.count, by: size)))
    }

    /// The server's data, which the client acknowledges.
    mutating func answer(_ payload: [UInt8], _ demand: EvasionPacket.Demand = .any) {
        script.add(
            client.reversed.tcp(
                payload,
                sequence: serverSequence &+ 1 &+ UInt32(truncatingIfNeeded: serverSent),
                acknowledgment: clientSequence &+ 1 &+ UInt32(truncatingIfNeeded: clientSent)
            ),
            .toClient,
            demand
        )
        serverSent += payload.count
        script.add(acknowledgment())
    }

    /// The server's bare acknowledgment of so many octets of the client's stream, with this window.
    mutating func acknowledge(_ count: Int, window: UInt16 = 65_535) {
        let packet = client.reversed.tcp(
            [],
            flags: .ack,
            sequence: serverSequence &+ 1 &+ UInt32(truncatingIfNeeded: serverSent),
            acknowledgment: clientSequence &+ 1 &+ UInt32(truncatingIfNeeded: count)
        )
        script.add(withWindow(window, packet), .toClient)
    }
}
