package import Blocklists
import FoundationEssentials
import SystemPackage

/// The state directory: what the sensor has to find again after a restart, and nothing that names a domain.
///
/// | file | what |
/// | --- | --- |
/// | `state.key` | the secret of the fingerprints below, mode 0600 |
/// | `current.json`, `previous.json` | which lists are used, and were before: ids, digests, files |
/// | `DIGEST.snapshot` | the lists themselves: those of text sealed under that secret, snapshots as they came; mapped while they are in use |
/// | `switches.json` | kill switch, names let pass (as digests), editions that were rolled back |
/// | `*.json.damaged`, `*.damaged-N` | what could not be read, set aside |
/// | `ages` | since when entries are on their lists, by halves of fingerprints, ``EntryDates``, mode 0600 |
/// | `sequences` | the sequence marks, ``SequenceLedger`` |
/// | `audit.log` | who did what, ``AuditLog`` |
///
/// Every file is replaced as a whole, so that a process that is killed leaves the old state or the new. None may be written in place by anybody:
/// a snapshot that is cut while it is mapped takes the sensor with it.
package struct ListStore: Sendable {
    /// The directory.
    package let folder: String

    /// The secret of the fingerprints of lists that are kept here.
    package let key: HashKey

    /// What stands for names in the audit log is made with it.
    package let secret: SealKey

    /// What to tell where the key was damaged and another has taken its place; nil where it was not.
    let lostKey: String?

    /// The state in this directory, which is made where it is not there.
    ///
    /// With `replacesDamagedKey`, as the sensor has it, a key that a crash of the host or a disk has damaged is set aside and made anew: else the
    /// network would go uninspected until somebody comes. It protects what is kept here and nothing else; no file that came from elsewhere is
    /// sealed by it. What is lost: the editions kept of lists of text (their sources are read again, and there is nothing to roll back to),
    /// names let pass (they are blocked again), the days since which entries are on their lists, and that a name has one digest in the audit log
    /// before and after. Kill switch, editions that were rolled back and sequence marks hold.
    /// - Throws: ``ListFileError/untrusted(_:)`` where the directory or its key cannot be used. A key that others than its owner may read is
    ///   an error still: it is no damage, and its mend is the owner's to choose.
    package init(_ folder: String, replacesDamagedKey: Bool = false) throws(ListFileError) {
        self.folder = folder
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .unreadable(path: folder, cause: "cannot be made; create it, owned by the sensor's user, mode 0750")
        }
        do throws(TrustError) {
            let path = folder + "/state.key"
            let (secret, place) =
                replacesDamagedKey
                ? try SealKey.loadOrReplace(at: path) : (key: try SealKey.loadOrGenerate(at: path), setAside: nil)
            self.secret = secret
            key = secret.hashKey()
            lostKey = place.map { place in
                "\(path): damaged, moved to \(place) and made anew; the editions kept of lists of text, names let pass and the ages of entries are lost"
            }
        } catch {
            throw .untrusted(error)
        }
    }

    /// The sequence marks.
    package var ledger: SequenceLedger { SequenceLedger(folder + "/sequences") }

    /// The name of the record of since when entries are on their lists.
    static let datesName = "ages"

    /// Notes that editions were put into use in place of others, so that the ages of their entries can be told.
    ///
    /// - Throws: ``TrustError`` where the record cannot be written; it is then as it was. One that cannot be read is begun anew.
    func noteDates(_ lists: [ActiveList], over running: [ActiveList], at now: Timestamp) throws(TrustError) {
        let path = "\(folder)/\(Self.datesName)"
        let octets = try? SmallFile.readIfPresent(path, limit: EntryDates.maximumLength)
        let old = octets.flatMap { $0 }.flatMap { EntryDates(parsing: $0) }
        var dates = old ?? EntryDates()
        for list in lists where dates.digest(of: list.id) != list.digest {
            let before = running.first { $0.id == list.id && $0.snapshot.key == list.snapshot.key }
            let isSmall =
                list.edition.count(.listed) <= EntryDates.maximumEntries
                && before.map { $0.edition.count(.listed) <= EntryDates.maximumEntries } ?? true
            guard isSmall else {
                dates.forget(list.id)
                continue
            }
            dates.note(
                list.id,
                list.digest,
                entries: list.snapshot.fingerprints(ofList: list.index),
                before: before.map { ($0.digest, $0.snapshot.fingerprints(ofList: $0.index)) },
                at: now
            )
        }
        dates.keepOnly(Set(lists.map(\.id)))
        guard dates != old else { return }
        try AtomicFile.write(dates.encoded, to: path, mode: 0o600)
    }

    /// Where the audit log is unless configured otherwise.
    package var auditLogPath: String { folder + "/audit.log" }

    /// Where the limit of name checks is kept.
    package var checkLimitPath: String { folder + "/check-limit" }
}

// MARK: - Lists

extension ListStore {
    /// One of two sets of lists that are kept.
    package enum Edition: String, Sendable {
        /// The lists in use.
        case current
        /// Those before them.
        case previous
    }

    /// What is kept of a set of lists.
    private struct Manifest: Codable, Equatable {
        struct List: Codable, Equatable {
            var id: String
            var file: String
            var index: Int
            var digest: String
            var keys: [String]
            var mayBlockProtected: Bool
            var approvedGates: [String]
            /// The keys that approved each of them.
            var approvers: [String: [String]]?
            var activatedAt: Int64

            var approvals: [Gate: [KeyID]] {
                let gates = approvedGates.compactMap { Gate(rawValue: $0) }
                return Dictionary(
                    gates.map { ($0, (approvers?[$0.rawValue] ?? []).compactMap { KeyID($0) }) },
                    uniquingKeysWith: { first, _ in first }
                )
            }
        }

        var version = 1
        var lists: [List]
        var allowed: String?
        var protected: String?

        /// Whether a list is new, or another edition than in `before`.
        func replaces(_ before: Manifest) -> Bool {
            lists.contains { list in before.lists.first { $0.id == list.id }?.digest != list.digest }
        }
    }

    /// Keeps `lists` as those in use, and what was kept as such as those before.
    ///
    /// - Throws: ``ListFileError`` where something cannot be written; what was kept before then still is.
    package func keep(_ lists: ActiveLists) throws(ListFileError) {
        // After a failure, too: what was written for a set that is not kept would only fill the disk.
        defer { removeUnused() }
        var files: [ObjectIdentifier: String] = [:]
        var manifest = Manifest(lists: [])
        for list in lists.lists {
            manifest.lists.append(
                Manifest.List(
                    id: list.id,
                    file: try keep(list.snapshot, list.file, &files),
                    index: list.index,
                    digest: list.digest.description,
                    keys: list.keys.map(\.description),
                    mayBlockProtected: list.mayBlockProtected,
                    approvedGates: list.approvals.keys.map(\.rawValue).sorted(),
                    approvers: Dictionary(
                        uniqueKeysWithValues: list.approvals.map { ($0.rawValue, $1.map(\.description)) }
                    ),
                    activatedAt: list.activatedAt
                )
            )
        }
        if let allowed = lists.allowed { manifest.allowed = try keep(allowed, nil, &files) }
        if let protected = lists.protected { manifest.protected = try keep(protected, nil, &files) }
        let before = try? kept(.current)
        guard before != manifest else { return }
        // The lists before first: a set that both names twice is better than one that none names.
        if let before, manifest.replaces(before) { try write(before, .previous) }
        try write(manifest, .current)
    }

    /// Makes the lists before those in use, and the other way round. The operator's own names stay as they are.
    ///
    /// - Throws: ``ListFileError`` where something cannot be written; what is kept is then as it was.
    package func exchange() throws(ListFileError) {
        let current = try kept(.current)
        var previous = try kept(.previous)
        previous.allowed = current.allowed
        previous.protected = current.protected
        // The lists gone back to first: who is killed now has them twice, and not those that were to be left.
        try write(previous, .current)
        do throws(ListFileError) {
            try write(current, .previous)
        } catch {
            try? write(current, .current)
            throw error
        }
    }

    /// Whether these very editions are kept as those in use.
    package func holds(_ lists: [ActiveList]) -> Bool {
        guard let manifest = try? kept(.current) else { return false }
        return lists.allSatisfy { list in
            manifest.lists.contains { $0.id == list.id && $0.digest == list.digest.description }
        }
    }

    /// What is kept of the lists of a plan.
    package struct KeptLists: Sendable {
        /// What can be read.
        package internal(set) var lists = ActiveLists()

        /// What cannot, and why: one line for each.
        package internal(set) var damage: [String] = []

        /// Whether every list of the plan that is kept could be read.
        package internal(set) var hasEveryList = true
    }

    /// Reads the lists of a plan that are kept.
    ///
    /// - Parameters:
    ///   - edition: which of the two sets.
    ///   - plan: says which lists are wanted, and their policy.
    /// - Returns: the lists as far as they can be read; nil where nothing is kept.
    package func lists(_ edition: Edition, for plan: ListPlan) -> KeptLists? {
        guard let manifest = try? kept(edition) else { return nil }
        var files: [String: SnapshotFile] = [:]
        var result = KeptLists()
        for source in plan.lists {
            guard let kept = manifest.lists.first(where: { $0.id == source.descriptor.id }) else { continue }
            do throws(ListFileError) {
                var file = files[kept.file]
                if file == nil { file = try open(kept.file, source.sealKey) }
                guard let file else { continue }
                files[kept.file] = file
                result.lists.lists.append(try list(kept, in: file, of: source))
            } catch {
                result.hasEveryList = false
                result.damage.append("list \(kept.id): the \(edition.rawValue) edition kept is of no use: \(error)")
            }
        }
        do throws(ListFileError) {
            result.lists.allowed = try manifest.allowed.map { name throws(ListFileError) in try open(name, nil).snapshot
            }
            result.lists.protected = try manifest.protected.map { name throws(ListFileError) in
                try open(name, nil).snapshot
            }
        } catch {
            result.damage.append("the names kept that are not to be blocked are of no use: \(error)")
        }
        return result
    }

    private func list(
        _ kept: Manifest.List,
        in file: SnapshotFile,
        of source: ListSource
    ) throws(ListFileError) -> ActiveList {
        guard let digest = ContentDigest(kept.digest), file.snapshot.lists.indices.contains(kept.index),
            file.snapshot.lists[kept.index].descriptor.id == kept.id
        else { throw .unreadable(path: "\(folder)/\(kept.file)", cause: "not the list that it was kept as") }
        let isText = file.snapshot.key == key
        return ActiveList(
            descriptor: source.descriptor(of: file.snapshot.lists[kept.index].descriptor, isText: isText),
            snapshot: file.snapshot,
            index: kept.index,
            file: isText ? nil : file,
            digest: digest,
            keys: kept.keys.compactMap { KeyID($0) },
            mayBlockProtected: kept.mayBlockProtected,
            approvals: kept.approvals,
            isFallback: false,
            activatedAt: kept.activatedAt
        )
    }

    /// Which edition of a list is in use, and since when, as the state directory `folder` says; nil where it does not. Nothing is made in it.
    package static func activation(of id: String, in folder: String) -> (digest: ContentDigest, activatedAt: Int64)? {
        guard let octets = try? SmallFile.read("\(folder)/\(Edition.current.rawValue).json", limit: 1 << 20),
            let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(octets)),
            let list = manifest.lists.first(where: { $0.id == id }), let digest = ContentDigest(list.digest)
        else { return nil }
        return (digest, list.activatedAt)
    }

    /// Whether such a set is kept.
    package func has(_ edition: Edition) -> Bool { (try? kept(edition)) != nil }

    private func keep(
        _ snapshot: Snapshot,
        _ file: SnapshotFile?,
        _ files: inout [ObjectIdentifier: String]
    ) throws(ListFileError) -> String {
        if let known = files[ObjectIdentifier(snapshot)] { return known }
        // The same content gets the same name, and is written once.
        let beginning = file?.signedOctets ?? SnapshotFile.beginning(of: snapshot, isSealed: true, createdAt: 0) ?? []
        let path = SnapshotCopy.path(of: beginning, in: folder)
        let name = String(path.dropFirst(folder.utf8.count + 1))
        // One that was damaged since is written anew: it is there for the day on which nothing else is.
        if isWhole(path, beginning, snapshot.key) == false {
            if try file?.keepCopy() == true {
                // The copy that the sensor uses is the one that is kept.
            } else if let file {
                try file.write(to: path, mode: 0o600)
            } else {
                try SnapshotFile.write(snapshot, to: path, isSealed: true, createdAt: 0, mode: 0o600)
            }
        }
        files[ObjectIdentifier(snapshot)] = name
        return name
    }

    private func isWhole(_ path: String, _ beginning: [UInt8], _ key: HashKey) -> Bool {
        guard let kept = try? OpenedSnapshot(path, key: { _ in key }), kept.signedOctets == beginning else {
            return false
        }
        return (try? kept.isBodyWhole()) == true
    }

    private func open(_ name: String, _ sealKey: String?) throws(ListFileError) -> SnapshotFile {
        guard name.utf8.allSatisfy({ $0 != UInt8(ascii: "/") }) else {
            throw .unreadable(path: folder, cause: "bad name")
        }
        return try SnapshotFile("\(folder)/\(name)", loading: .locked) { header throws(ListFileError) in
            if header.keyCheck == key.check { return key }
            guard let sealKey else { return nil }
            do throws(TrustError) {
                return try SealKey.load(sealKey).hashKey()
            } catch {
                throw .untrusted(error)
            }
        }
    }

    private func kept(_ edition: Edition) throws(ListFileError) -> Manifest {
        try kept("\(edition.rawValue).json")
    }

    private func kept(_ name: String) throws(ListFileError) -> Manifest {
        let manifest: Manifest = try read(name)
        guard manifest.version == 1 else { throw unknownFormat(name) }
        return manifest
    }

    private func write(_ manifest: Manifest, _ edition: Edition) throws(ListFileError) {
        try write(manifest, "\(edition.rawValue).json")
    }

    /// Removes the snapshots that neither set names.
    private func removeUnused() {
        var used: Set<String> = []
        for edition in [Edition.current, .previous] {
            do throws(ListFileError) {
                let manifest = try kept(edition)
                used.formUnion(manifest.lists.map(\.file) + [manifest.allowed, manifest.protected].compactMap(\.self))
            } catch {
                guard case .untrusted(let error) = error, case .unreadable(let cause) = error.fault else { continue }
                // What it names cannot be told at present.
                guard cause.number == Errno.noSuchFileOrDirectory.rawValue else { return }
            }
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where used.contains(name) == false {
            // Those that begin with a dot are what a process left that was killed while it wrote.
            guard name.hasSuffix(".snapshot") || name.hasPrefix(".") && name.contains(".snapshot.") else { continue }
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }

    /// Moves the marks of sequences aside where they are damaged; the lists in use tell what was accepted of them.
    ///
    /// - Returns: what to tell of it; nil where they can be used, and where the system does not let them be read: every list that is signed
    ///   is refused then, with the reason.
    func setDamagedLedgerAside() -> String? {
        guard let contents = try? ledger.load() else { return nil }
        return contents.warning(ledger.path)
    }

    /// Forgets what can be told by the key alone that is lost: a digest under it would stand for another name under this one.
    private func forgetWhatTheKeyMade() {
        try? FileManager.default.removeItem(atPath: "\(folder)/\(Self.datesName)")
        guard var switches = try? keptSwitches(), switches.passes.isEmpty == false else { return }
        switches.passes = []
        try? keep(switches)
    }

    /// Moves files aside that hold nothing that can be used.
    ///
    /// - Returns: what was found, one line for each file.
    func setDamagedAside() -> [String] {
        var damage: [String] = []
        if let lostKey {
            damage.append(lostKey)
            forgetWhatTheKeyMade()
        }
        if let warning = setDamagedLedgerAside() { damage.append(warning) }
        for (name, loss) in [
            ("current.json", "a list whose source is bad has no earlier edition to fall back on"),
            ("previous.json", "there is nothing to roll back to"),
            ("switches.json", "the kill switch is off and no name is let pass; switch again what is wanted"),
        ] {
            do throws(ListFileError) {
                if name == "switches.json" { _ = try keptSwitches() } else { _ = try kept(name) }
            } catch {
                guard case .untrusted(let fault) = error else {
                    damage.append("\(error); \(loss)")
                    continue
                }
                if case .unreadable(let cause) = fault.fault {
                    if cause.number != Errno.noSuchFileOrDirectory.rawValue { damage.append("\(error); \(loss)") }
                    continue
                }
                let place = "\(folder)/\(name).damaged"
                try? FileManager.default.removeItem(atPath: place)
                let isMoved = (try? FileManager.default.moveItem(atPath: "\(folder)/\(name)", toPath: place)) != nil
                damage.append("\(folder)/\(name): damaged\(isMoved ? ", moved to \(place)" : ""); \(loss)")
            }
        }
        return damage
    }
}

// MARK: - Switches

extension ListStore {
    /// What an operator has switched, to hold over a restart.
    struct Switches: Codable, Equatable {
        struct Pass: Codable, Equatable {
            /// The two halves of the name's fingerprint.
            var fingerprint: [UInt64]
            /// The digest of its last two labels; none for a name of one or two.
            var above: UInt64?
            /// Whether the name has one label.
            var isTopLevel: Bool
            var expiresAt: Int64
        }

        var version = 1
        var killSwitch = false
        var passes: [Pass] = []
        /// The digests of editions that are not to be used again.
        var held: [String] = []
    }

    /// What was switched; the usual where nothing is kept or it cannot be read.
    func switches() -> Switches { (try? keptSwitches()) ?? Switches() }

    private func keptSwitches() throws(ListFileError) -> Switches {
        let switches: Switches = try read("switches.json")
        guard switches.version == 1 else { throw unknownFormat("switches.json") }
        return switches
    }

    /// Keeps what is switched.
    func keep(_ switches: Switches) throws(ListFileError) {
        try write(switches, "switches.json")
    }

    private func read<Value: Decodable>(_ name: String) throws(ListFileError) -> Value {
        do throws(TrustError) {
            let octets = try SmallFile.read("\(folder)/\(name)", limit: 1 << 20)
            return try decode(octets, name)
        } catch {
            throw .untrusted(error)
        }
    }

    private func decode<Value: Decodable>(_ octets: [UInt8], _ name: String) throws(TrustError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(octets))
        } catch {
            throw TrustError("\(folder)/\(name)", .line(1, .unknownFormat))
        }
    }

    private func unknownFormat(_ name: String) -> ListFileError {
        .untrusted(TrustError("\(folder)/\(name)", .line(1, .unknownFormat)))
    }

    private func write(_ value: some Encodable, _ name: String) throws(ListFileError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        guard let octets = try? encoder.encode(value) else { return }
        do throws(TrustError) {
            try AtomicFile.write(Array(octets) + [0x0A], to: "\(folder)/\(name)", mode: 0o600)
        } catch {
            throw .untrusted(error)
        }
    }
}
