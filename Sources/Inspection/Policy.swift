import Blocklists

/// What an operator's wish comes to for the packet that holds the name.
enum Policy {
    static func verdict(for action: Action) -> Verdict {
        switch action {
        case .observe: .accept
        case .drop: .drop
        }
    }
}
