import Blocklists
import Glibc
import ListFiles
import SensorConfiguration

extension SensorConfiguration {
    /// What the lists are made of, with the keys read that their files must be signed by.
    ///
    /// - Parameter isLenient: whether bad lines are left out, however many.
    /// - Returns: the plan.
    /// - Throws: ``TrustError`` for a key that cannot be used.
    func plan(isLenient: Bool) throws(TrustError) -> ListPlan {
        var sources: [ListSource] = []
        for list in lists { sources.append(try source(of: list)) }
        if let endpoints {
            sources.append(
                ListSource(
                    path: endpoints,
                    format: .text(.domains),
                    descriptor: ListDescriptor(
                        id: Self.endpointsID,
                        use: .encryptedDNS,
                        action: .observe,
                        match: .exact
                    ),
                    match: .exact,
                    trust: .off
                )
            )
        }
        return ListPlan(
            lists: sources,
            allow: allow,
            protected: gates.protected,
            suffixes: gates.publicSuffixes.map { .file($0) } ?? .installed,
            approvals: gates.approvals,
            approvers: try approvalPolicy(),
            isLenient: isLenient
        )
    }

    private func source(of list: List) throws(TrustError) -> ListSource {
        let trust = trust(for: list)
        var publishers: [VerificationKey] = []
        for path in trust.publishers { publishers += try VerificationKey.load(path) }
        var operatorKey: VerificationKey?
        if let path = trust.operatorKey { operatorKey = try VerificationKey.loadOne(path) }
        let policy: TrustPolicy
        do throws(TrustFault) {
            policy = try TrustPolicy(publishers: publishers, threshold: trust.threshold, operatorKey: operatorKey)
        } catch {
            throw TrustError(trust.publishers.first ?? list.path, error)
        }
        let format: ListSource.Format =
            switch list.format {
            case .detected: .detected
            case .text(let format): .text(format)
            case .snapshot: .snapshot
            }
        return ListSource(
            path: list.path,
            format: format,
            descriptor: list.descriptor(),
            match: list.match,
            overlay: { list.descriptor(over: $0) },
            testNames: list.testNames,
            trust: policy,
            sealKey: trust.sealKey,
            gates: gatePolicy(for: list)
        )
    }

    private func approvalPolicy() throws(TrustError) -> ApprovalPolicy {
        var approvers: [VerificationKey] = []
        for path in trust.approvers { approvers += try VerificationKey.load(path) }
        do throws(TrustFault) {
            return try ApprovalPolicy(approvers: approvers)
        } catch {
            throw TrustError(trust.approvers.first ?? "", error)
        }
    }

    /// The state directory: as configured, or the one that systemd made.
    ///
    /// - Parameter replacesDamagedKey: whether a damaged key is set aside and made anew, as the sensor does once, at its start.
    /// - Returns: the directory; nil where there is none.
    /// - Throws: ``ListFileError`` where it cannot be used.
    func store(replacesDamagedKey: Bool = false) throws(ListFileError) -> ListStore? {
        // SAFETY: the value ends in zero; the string is copied at once, and nobody changes the environment.
        let made = unsafe getenv("STATE_DIRECTORY").map { unsafe String(cString: $0) }
        guard let directory = state.directory ?? made else { return nil }
        return try ListStore(directory, replacesDamagedKey: replacesDamagedKey)
    }

    /// Where lists are kept, and what is done is noted.
    func updaterSettings() throws(ListFileError) -> ListUpdater.Settings {
        let store = try store(replacesDamagedKey: true)
        let path = store.map { state.auditLog(in: $0.folder) } ?? state.auditLog
        return ListUpdater.Settings(
            store: store,
            audit: path.map { AuditLog($0) },
            observesExpired: trust.expired == .observe
        )
    }
}
