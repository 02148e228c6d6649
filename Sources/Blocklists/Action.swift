/// What an operator wants done with traffic to a name on a list.
///
/// Every action but ``observe`` stops the packet and, of a connection, every later one; they differ in what the two ends are told. What
/// each comes to for each protocol is said in one place, `Policy` of the engine.
package enum Action: String, CaseIterable, Sendable {
    /// Count the match and let the packet pass.
    case observe
    /// Say nothing: the client waits until it gives up.
    case drop
    /// Reset TCP connections at both ends; DNS queries are answered as with ``refused``.
    case reset
    /// Answer DNS queries that the name does not exist; reset TCP connections.
    case nxdomain
    /// Answer DNS queries that the name has no such records; reset TCP connections.
    case nodata
    /// Answer DNS queries that the server refuses; reset TCP connections.
    case refused
    /// Answer DNS queries with the operator's addresses; reset TCP connections.
    case sinkhole
}
