package import Blocklists
import Synchronization
import Wire

extension ListUpdater {
    /// Why an operator's wish was not carried out.
    package enum Refusal: Error, Equatable, Sendable {
        /// There is no state directory, in which alone earlier lists are kept.
        case noStore
        /// No earlier lists are kept.
        case noPrevious
        /// The lists before cannot be read, or are not all there.
        case previousUnusable
        /// So many names are let pass already.
        case tooManyPasses(limit: Int)
        /// Nothing is known of such a name.
        case noSuchPass
        /// What is no host name.
        case notAName(ListLineError)
        /// The wish could not be kept in the state directory.
        case unkept(ListFileError)

        /// The cause for people.
        package var description: String {
            switch self {
            case .noStore: "no state directory is configured, so no earlier lists are kept; set directory in [state]"
            case .noPrevious: "no earlier lists are kept; they are from the second change on"
            case .previousUnusable: "the earlier lists cannot be read from the state directory any more"
            case .tooManyPasses(let limit): "\(limit) names are let pass already; take some back, or use the allow list"
            case .noSuchPass: "that name is not among those that are let pass"
            case .notAName(let cause): "no host name: \(cause.description)"
            case .unkept(let error): error.description
            }
        }
    }

    /// The most names that are let pass at a time: what is to pass for good belongs in the allow list.
    package static let maximumPasses = 1_000

    /// Switches blocking off, while matches go on being counted, or on again. Holds over a restart where there is a state directory.
    ///
    /// - Returns: what could not be kept or noted; blocking is switched all the same.
    package func setKillSwitch(_ isOn: Bool, by caller: AuditCaller, now: Timestamp = .now) throws(Refusal) -> [String]
    {
        try alone { @Sendable () throws(Refusal) in
            var warnings = change(now) { $0.killSwitch = isOn }
            note(.killSwitch, [], counts: [.entries: isOn ? 1 : 0], by: caller, now, &warnings)
            return warnings
        }
    }

    /// Lets a name and all under it pass until `end`, whatever the lists say. Nothing but a keyed digest of it is kept.
    ///
    /// - Returns: what could not be kept or noted; the name is let pass all the same.
    package func pass(
        _ text: [UInt8],
        until end: Timestamp,
        by caller: AuditCaller,
        now: Timestamp = .now
    ) throws(Refusal) -> [String] {
        let (name, digest) = try name(of: text)
        return try alone { @Sendable () throws(Refusal) in
            let count = state.withLock { state in
                state.switches.passes.count { $0.expiresAt > now.seconds && $0.digest != digest }
            }
            guard count < Self.maximumPasses else { throw .tooManyPasses(limit: Self.maximumPasses) }
            var warnings = change(now) { switches in
                switches.passes.removeAll { $0.digest == digest }
                switches.passes.append(ListStore.Switches.Pass(digest, expiresAt: end.seconds))
            }
            note(.pass, [], name: name, until: end, by: caller, now, &warnings)
            return warnings
        }
    }

    /// Takes back that a name is let pass.
    package func takeBack(_ text: [UInt8], by caller: AuditCaller, now: Timestamp = .now) throws(Refusal) -> [String] {
        let (name, digest) = try name(of: text)
        return try alone { @Sendable () throws(Refusal) in
            guard state.withLock({ $0.switches.passes.contains { $0.digest == digest } }) else { throw .noSuchPass }
            var warnings = change(now) { switches in switches.passes.removeAll { $0.digest == digest } }
            note(.pass, [], name: name, until: now, by: caller, now, &warnings)
            return warnings
        }
    }

    /// The one spelling of a name, and its digest.
    private func name(of text: [UInt8]) throws(Refusal) -> (octets: [UInt8], digest: NameDigest) {
        var name = DomainName()
        do throws(ListLineError) {
            try ListName.parse(text.span, into: &name)
        } catch {
            throw .notAName(error)
        }
        guard let digest = NameDigest(name, key) else { throw .notAName(.notAName) }
        return (Array(name.presentation().utf8), digest)
    }

    /// Changes what is switched, publishes it and keeps it.
    ///
    /// - Returns: why it could not be kept.
    func change(_ now: Timestamp, _ body: (inout ListStore.Switches) -> Void) -> [String] {
        var switches = state.withLock { $0.switches }
        switches.passes.removeAll { $0.expiresAt <= now.seconds }
        body(&switches)
        // In force first: an operator who needs it now must not wait for a disk that is full.
        state.withLock { $0.switches = switches }
        _ = publish(now)
        do throws(ListFileError) {
            try settings.store?.keep(switches)
            return []
        } catch {
            return ["in force, but could not be kept for the next start: \(error)"]
        }
    }
}

extension ListStore.Switches.Pass {
    init(_ digest: NameDigest, expiresAt: Int64) {
        fingerprint = [digest.fingerprint.first, digest.fingerprint.second]
        isTopLevel = digest.parent == .none
        if case .above(let bits) = digest.parent { above = bits }
        self.expiresAt = expiresAt
    }

    /// The digest of the name, under the store's key.
    var digest: NameDigest {
        NameDigest(
            fingerprint: Fingerprint(fingerprint.first ?? 0, fingerprint.last ?? 0),
            parent: above.map { .above($0) } ?? (isTopLevel ? .none : .itself)
        )
    }
}
