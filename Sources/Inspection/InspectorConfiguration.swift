package import Blocklists

/// The limits of an ``Inspector`` and the mechanisms it uses.
package struct InspectorConfiguration: Equatable, Sendable {
    /// Whether names are read from DNS queries.
    package var inspectsDNS = true

    /// Whether names are read from DNS answers, where they are read from queries.
    package var inspectsDNSAnswers = true

    /// Whether names are read from TLS hellos.
    package var inspectsTLS = true

    /// Whether names are read from QUIC Initial packets.
    package var inspectsQUIC = true

    /// Whether names are read from HTTP requests.
    package var inspectsHTTP = true

    /// Whether flows of encrypted DNS are counted.
    package var countsEncryptedDNS = true

    /// Whether HTTP requests for listed names are answered with a page where a list asks for more than silence; they are reset else.
    package var answersHTTP = false

    /// What becomes of packets that cannot be judged, whatever the lists ask for.
    package var unjudged: UnjudgedPackets = []

    /// The most flows that are remembered at a time.
    package var flowCapacity = 65_536

    /// Octets of one direction of a flow that may wait for a message to be complete.
    package var streamLimit = 65_536 + 5_120

    /// Octets of memory for the waiting data of all flows.
    package var streamBudget = 32 << 20

    /// Whether packets inside other packets are read: tunnels without encryption.
    package var readsTunnels = true

    /// How many tunnels may lie in each other; what is nested deeper is let go and counted.
    package var tunnelLimit = 4

    /// Octets of memory for the fragments of all IP packets that are not complete yet.
    package var fragmentBudget = 8 << 20

    /// Octets of lists from which on the queries of a batch are looked up together, see ``Inspector/beginBatch()``. A shorter list stays in
    /// the processor's caches, and its names are sooner looked up one by one.
    package var lookAheadSize = 4 << 20

    /// Flows from which on those of a batch are looked for together, see ``Inspector/beginBatch()``: the table no longer stays in the processor's
    /// caches.
    package var lookAheadFlows = 8_192

    /// Nanoseconds of silence after which a flow is forgotten.
    package var flowTimeout: UInt64 = 300_000_000_000

    /// Nanoseconds in which packets with names under one entry of a list belong to one attempt, see ``AttemptTable``.
    package var attemptWindow: UInt64 = AttemptTable.defaultWindow

    /// The secret that flows are found by, and entries told apart by in counting attempts. A capture's replay keeps the fixed one and so repeats
    /// itself to the byte; a live sensor takes a random one, so that nobody outside can fill one bucket of its table.
    package var flowKey = HashKey(0x6772_696e_6476_616b, 0x7420_666c_6f77_7321)

    /// The defaults.
    package init() {}
}
