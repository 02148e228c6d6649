import Blocklists
import FoundationEssentials

/// What every list is judged by.
struct LoadingContext {
    var rules = PublicSuffixRules()
    var hasRules = false
    var protected = ProtectedNames([])
    var approvals: [Approval] = []

    init(_ loader: ListLoader, _ update: inout ListUpdate) throws(ListFileError) {
        let plan = loader.plan
        if plan.lists.contains(where: { $0.gates.gates.contains(.publicSuffix) }) {
            if let text = try Self.suffixes(plan.suffixes) {
                do throws(PublicSuffixError) {
                    rules = try PublicSuffixRules(parsing: text.span, toASCII: InternationalName.toASCII)
                } catch {
                    throw .unreadable(path: plan.suffixes.path, cause: error.description)
                }
                hasRules = true
            } else {
                update.lacksSuffixData = true
            }
        }
        if let path = plan.protected {
            let (snapshot, names) = try loader.names(in: path, &update)
            update.protected = snapshot
            protected = ProtectedNames(names)
        }
        approvals = try Self.approvals(plan)
    }

    private static func suffixes(_ data: ListPlan.SuffixData) throws(ListFileError) -> [UInt8]? {
        do throws(TrustError) {
            switch data {
            case .installed: return try SmallFile.readIfPresent(data.path, limit: 1 << 24)
            case .file(let path): return try SmallFile.read(path, limit: 1 << 24)
            }
        } catch {
            throw .untrusted(error)
        }
    }

    /// Every approval there is. One that cannot be read hinders no other; it approves nothing.
    private static func approvals(_ plan: ListPlan) throws(ListFileError) -> [Approval] {
        var approvals: [Approval] = []
        do throws(TrustError) {
            for path in plan.approvalFiles { approvals.append(try Approval.load(path)) }
        } catch {
            throw .untrusted(error)
        }
        guard let folder = plan.approvals else { return approvals }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names.sorted().prefix(1_000) {
            if let approval = try? Approval.load("\(folder)/\(name)") { approvals.append(approval) }
        }
        return approvals
    }
}

extension ListPlan.SuffixData {
    var path: String {
        switch self {
        case .installed: ListPlan.installedSuffixes
        case .file(let path): path
        }
    }
}
