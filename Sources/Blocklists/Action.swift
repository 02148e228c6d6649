/// What an operator wants done with traffic to a name on a list.
package enum Action: String, CaseIterable, Sendable {
    /// Count the match and let the packet pass.
    case observe
    /// Drop the packet, and every later one of its flow.
    case drop
}
