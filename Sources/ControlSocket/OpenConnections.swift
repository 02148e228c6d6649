import NIOCore
import Synchronization

/// The connections that are open, so that they can be counted and closed.
final class OpenConnections: Sendable {
    /// Requests a second of one connection that stays open, once it has made as many at once as `burst`.
    private static let rate = 4
    private static let burst = 16

    private let limit: Int
    private let state = Mutex(State())

    private struct Connection {
        let channel: any Channel
        /// How often it may have what costs.
        let pace: Pace
        /// When it last began or ended a request: the number of the event among all.
        var lastEvent: UInt64
        /// Whether something is being changed for it, which no newcomer may break off.
        var isChanging = false
    }

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var events: UInt64 = 0
        var isClosing = false
    }

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes a new connection in, unless the end has come or something is being changed for all others.
    ///
    /// Where there are too many, the one that has done nothing for longest makes room: who has something to ask asks at once.
    func admit(_ channel: any Channel) -> Bool {
        let key = ObjectIdentifier(channel)
        let (isAdmitted, evicted) = state.withLock { state -> (Bool, (any Channel)?) in
            guard !state.isClosing else { return (false, nil) }
            var evicted: (any Channel)?
            if state.connections.count >= limit {
                let idle = state.connections.filter { $0.value.isChanging == false }
                guard let oldest = idle.min(by: { $0.value.lastEvent < $1.value.lastEvent }) else {
                    return (false, nil)
                }
                evicted = state.connections.removeValue(forKey: oldest.key)?.channel
            }
            state.events += 1
            state.connections[key] = Connection(
                channel: channel,
                pace: Pace(rate: Self.rate, burst: Self.burst),
                lastEvent: state.events
            )
            return (true, evicted)
        }
        evicted?.close(promise: nil)
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                // Another channel may have the address of one that was evicted.
                guard let connection = state.connections[key], connection.channel === channel else { return }
                state.connections[key] = nil
            }
        }
        return true
    }

    /// How often a connection may ask. A connection closed meanwhile has all the time there is.
    func pace(of channel: any Channel) -> Pace {
        state.withLock { $0.connections[ObjectIdentifier(channel)]?.pace } ?? Pace(rate: 1, burst: 0)
    }

    /// Notes that a request has come or that its answer is ready.
    func note(_ channel: any Channel, isChanging: Bool) {
        state.withLock { state in
            state.events += 1
            state.connections[ObjectIdentifier(channel)]?.lastEvent = state.events
            state.connections[ObjectIdentifier(channel)]?.isChanging = isChanging
        }
    }

    /// Closes idle connections at once, and those with a request in progress after their answer or after the limit.
    func close(within limit: TimeAmount, on loop: any EventLoop) async {
        let open = state.withLock { state in
            state.isClosing = true
            return state.connections.values.map(\.channel)
        }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        let deadline = loop.scheduleTask(in: limit) {
            for channel in open { channel.close(promise: nil) }
        }
        for channel in open { try? await channel.closeFuture.get() }
        deadline.cancel()
    }
}
