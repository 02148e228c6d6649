/// What an operator wants done with traffic to a name on a list.
package enum Action: String, CaseIterable, Sendable {
    /// Count the match and let the packet pass.
    case observe
    /// Drop the packet, and every later one of its flow.
    case drop

    /// Which of two actions is taken where a name is on lists that ask for different ones: the one that lets less pass. Between lists that
    /// ask for as much, their order decides.
    package var strictness: Int {
        switch self {
        case .observe: 0
        case .drop: 1
        }
    }
}
