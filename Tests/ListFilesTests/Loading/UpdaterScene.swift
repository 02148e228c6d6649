import Blocklists
import CZlib
import Crypto
import FoundationEssentials
import Glibc
import ListFiles
import Telemetry
import TestSupport
import Testing
import Wire

/// A folder with everything that an updater reads, and its state directory.
struct UpdaterScene: Sendable {
    let folder: TemporaryFolder

    /// What is configured; a test changes it before it updates.
    var plan: ListPlan

    /// Whether lists that have expired observe only.
    var observesExpired = false

    static let caller = AuditCaller(uid: 0)

    /// Lists of these ids, each in the text file `ID.txt`, and no protected or allowed names.
    init(_ ids: [String] = ["police"], gates: Set<Gate> = Set(Gate.allCases)) throws {
        folder = try TemporaryFolder()
        var policy = GatePolicy()
        policy.gates = gates
        let suffixes = try folder.write("test\nexample\nco.test\n", to: "suffixes.dat")
        plan = ListPlan(lists: [], suffixes: .file(suffixes), approvals: folder["approvals"], approvers: .none)
        for id in ids {
            plan.lists.append(
                ListSource(
                    path: folder[id + ".txt"],
                    descriptor: ListDescriptor(id: id, action: .drop),
                    trust: .off,
                    gates: policy
                )
            )
        }
    }

    var state: String { folder["state"] }

    func store() throws -> ListStore { try ListStore(state) }

    /// An updater as a process has it that begins now.
    func updater(slots: ListSlots = ListSlots()) throws -> ListUpdater {
        let store = try store()
        return ListUpdater(
            plan,
            settings: ListUpdater.Settings(
                store: store,
                audit: AuditLog(store.auditLogPath),
                observesExpired: observesExpired
            ),
            slots: slots
        )
    }

    /// An updater that has started, and what it said.
    func started(at now: Timestamp = .now) throws -> (updater: ListUpdater, outcome: ListUpdater.Outcome) {
        let updater = try updater()
        return (updater, try updater.start(now: now))
    }

    func update(_ updater: ListUpdater, at now: Timestamp = .now) throws -> ListUpdater.Outcome {
        try updater.update(plan, by: Self.caller, now: now)
    }

    /// Replaces a list's text.
    func write(_ names: some Sequence<String>, to id: String = "police") throws {
        try folder.write(names.map { $0 + "\n" }.joined(), to: id + ".txt")
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: folder[name])
    }

    /// Signs a list's text as it is now.
    func sign(
        _ id: String = "police",
        as other: String? = nil,
        sequence: UInt64,
        purpose: String = "csam",
        issued: String = "2027-01-01T00:00:00Z",
        expires: String? = nil,
        by keys: [SigningKey]
    ) throws {
        let release = try #require(
            ListRelease(
                id: try word(other ?? id),
                purpose: try word(purpose),
                sequence: sequence,
                issuedAt: try time(issued),
                expiresAt: try expires.map { try time($0) }
            )
        )
        let path = folder[id + ".txt"]
        let statement = try ListStatement(release: release, describing: path)
        try SignedStatement(statement, signedBy: keys).write(to: SignedStatement.path(beside: path))
    }

    /// The lines of the audit log.
    var auditLines: [String] {
        String(decoding: folder.content("state/audit.log") ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The files of the state directory, by name.
    var stateFiles: [String: [UInt8]] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: state)) ?? []
        return Dictionary(uniqueKeysWithValues: names.map { ($0, folder.content("state/" + $0) ?? []) })
    }

    /// The state directory's snapshots.
    var keptSnapshots: [String] { stateFiles.keys.filter { $0.contains(".snapshot") }.sorted() }

    /// Records a failure for every place of the state directory or of `said` where a name can be read: its labels, its wire form, and the
    /// digest that anybody could make of it.
    func expectSecrecy(
        of names: some Sequence<String>,
        in said: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var places = stateFiles
        for (index, text) in said.enumerated() { places["text \(index)"] = Array(text.utf8) }
        for name in names {
            let text = Array(name.lowercased().utf8)
            let wire = text.split(separator: 0x2E).flatMap { [UInt8($0.count)] + $0 }
            let digest = Array(SHA256.hash(data: text))
            let hexadecimal = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            var needles = [text, wire, digest, Array(hexadecimal.utf8)]
            // A label that stands for nothing else tells as much as the name.
            needles += text.split(separator: 0x2E).filter { $0.count >= 8 }.map { Array($0) }
            for (place, octets) in places {
                let lowered = octets.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
                for needle in needles {
                    #expect(lowered.holds(needle) == false, "\(place)", sourceLocation: sourceLocation)
                    #expect(octets.holds(needle) == false, "\(place)", sourceLocation: sourceLocation)
                }
            }
        }
    }
}

extension ListPlan {
    /// One list of this file, in use whatever changes; for a process of its own, which a scene cannot be handed to.
    static func police(in file: String) -> ListPlan {
        var gates = GatePolicy()
        gates.gates = [.empty]
        let police = ListDescriptor(id: "police", action: .drop)
        return ListPlan(
            lists: [ListSource(path: file, descriptor: police, trust: .off, gates: gates)],
            approvers: .none
        )
    }
}

/// Has this process killed within 60 ms, at a moment that `random` chooses.
func killSoon(_ random: inout SeededRandom) {
    var interval = itimerval()
    interval.it_value.tv_usec = Int.random(in: 100...60_000, using: &random)
    signal(SIGALRM) { _ in _ = kill(getpid(), SIGKILL) }
    // SAFETY: `interval` is a whole `itimerval`.
    unsafe _ = setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &interval, nil)
}

extension [UInt8] {
    /// Whether `needle` occurs.
    func holds(_ needle: [UInt8]) -> Bool {
        guard let first = needle.first, count >= needle.count else { return false }
        var index = 0
        while index <= count - needle.count {
            guard let next = self[index...(count - needle.count)].firstIndex(of: first) else { return false }
            if self[next..<next + needle.count].elementsEqual(needle) { return true }
            index = next + 1
        }
        return false
    }
}

extension Blocklist {
    /// What the lists say of the name that `text` spells.
    func says(of text: String) throws -> Lookup {
        let octets = Array(text.utf8)
        return lookUp(try DomainName(text: octets.span))
    }

    /// The ids of the lists that block the name, the deciding one first.
    func blocking(_ text: String) throws -> [String] {
        guard let match = try says(of: text).match else { return [] }
        let others = lists.indices.filter { $0 != match.list && match.lists >> UInt64($0) & 1 != 0 }
        return ([match.list] + others).map { lists[$0].id }
    }
}

extension ListUpdater {
    /// What workers look names up in now.
    var blocklist: Blocklist { source.latest.blocklist }

    func blocks(_ name: String) throws -> Bool { try blocklist.says(of: name).match != nil }

    /// The refusals counted of a list.
    func refusals(of list: String = "police") -> RefusalCounts? { report.refusals.first { $0.list == list } }
}

extension RefusalCounts {
    /// How often for this cause.
    func updates(for cause: ListRefusal) -> UInt64 { seen.first { $0.cause == cause }?.updates ?? 0 }
}

/// The names of an edition, which no other edition has.
func names(_ edition: String, _ count: Int = 100) -> [String] {
    (0..<count).map { "n\($0).\(edition)-edition.test" }
}

/// A file of these names as a snapshot.
@discardableResult
func writeSnapshot(
    of lists: [(id: String, names: [String])],
    to path: String,
    key: HashKey = .random(),
    isSealed: Bool = false,
    sequence: UInt64? = nil,
    purpose: String = "csam",
    expiresAt: UInt64? = nil,
    by keys: [SigningKey] = []
) throws -> ContentDigest {
    var builder = BlocklistBuilder(
        lists: lists.map { ListDescriptor(id: $0.id, action: .drop, purpose: purpose) },
        key: key
    )
    for (index, list) in lists.enumerated() {
        builder.lists[index].sequence = sequence
        builder.lists[index].issuedAt = 1_798_761_600
        builder.lists[index].expiresAt = expiresAt
        for text in list.names {
            let octets = Array(text.utf8)
            let entry = ListEntry(name: try DomainName(text: octets.span), scope: [.itself, .subdomains])
            builder.add(entry, list: index)
        }
    }
    return try SnapshotFile.write(
        builder.buildSnapshot(),
        to: path,
        isSealed: isSealed,
        createdAt: 1_798_761_600,
        signedBy: keys
    )
}

/// What gzip makes of some octets.
func packed(_ content: [UInt8]) throws -> [UInt8] {
    var stream = unsafe z_stream()
    // SAFETY: the stream stays where it is until deflateEnd, and both buffers outlive the one call that uses them.
    return try unsafe withUnsafeMutablePointer(to: &stream) { stream in
        let status = unsafe deflateInit2_(
            stream,
            Z_BEST_SPEED,
            Z_DEFLATED,
            MAX_WBITS + 16,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        try #require(status == Z_OK)
        defer { unsafe _ = deflateEnd(stream) }
        var input = content
        var output = [UInt8](repeating: 0, count: content.count + 1_000)
        let length = output.count
        // SAFETY: as above.
        let done = unsafe input.withUnsafeMutableBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe stream.pointee.next_in = input.baseAddress
                unsafe stream.pointee.avail_in = UInt32(input.count)
                unsafe stream.pointee.next_out = output.baseAddress
                unsafe stream.pointee.avail_out = UInt32(length)
                return unsafe deflate(stream, Z_FINISH)
            }
        }
        try #require(done == Z_STREAM_END)
        return unsafe Array(output[..<(length - Int(stream.pointee.avail_out))])
    }
}
