import Blocklists
import ListFiles

/// What a loader made of some lists, with no gate but the one of rejected lines.
struct LoadedLists {
    let blocklist: Blocklist
    let rejected: [RejectedLine]

    /// - Throws: ``ListFileError/refused(_:)`` where one of them is refused.
    init(_ lists: [ListSource], allow: String? = nil, isLenient: Bool = false) throws(ListFileError) {
        var lists = lists
        for index in lists.indices { lists[index].gates.gates = [.rejects] }
        let plan = ListPlan(lists: lists, allow: allow, approvers: .none, isLenient: isLenient)
        let update = try ListLoader(plan, key: .random()).load()
        guard update.refused.isEmpty else { throw .refused(update.refused) }
        var active = ActiveLists()
        active.lists = update.accepted
        active.allowed = update.allowed
        blocklist = active.blocklist()
        rejected = update.readings.flatMap(\.rejectedLines)
    }
}

extension ListFileError {
    /// Whether this is the refusal of a list because of `error`.
    func isRefusal(because error: ListFileError) -> Bool {
        guard case .refused(let lists) = self, let reason = lists.first?.reason else { return false }
        return reason.hasPrefix(error.description)
    }
}
