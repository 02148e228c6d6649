import Synchronization

extension ListUpdater {
    /// Does what the time asks for: ends what was let pass for a while, and has lists that have expired observe where that is configured.
    /// To be called every few seconds.
    package func tick(now: Timestamp = .now) {
        alone {
            let (isDue, hasNewlyExpired) = state.withLock { state in
                (
                    state.switches.passes.contains { $0.expiresAt <= now.seconds },
                    settings.observesExpired && Self.expired(state.active, now) != state.expired
                )
            }
            if isDue {
                // Done in memory even where it cannot be kept: the kept pass has its end in it.
                _ = change(now) { _ in }
            } else if hasNewlyExpired {
                _ = publish(now)
            }
        }
    }

    static func expired(_ lists: ActiveLists, _ now: Timestamp) -> Set<String> {
        Set(lists.lists.filter { $0.isExpired(at: now) }.map(\.id))
    }
}
