package import Blocklists
import Glibc
import Telemetry

/// What became of one edition of a list, for its publisher: that it came, when it was put into use, how many entries that gave, how many could not be
/// taken and why, and how many were of no use; never which.
package struct ListReceipt: Equatable, Sendable {
    /// Who received it; nil where that is not said.
    package var member: Identifier?
    /// The list.
    package var list: Identifier
    /// The edition's number; nil where it has none.
    package var sequence: UInt64?
    /// The SHA-256 of what was received.
    package var digest: ContentDigest
    /// When it was issued; nil where the publisher does not say.
    package var issuedAt: Timestamp?
    /// When the file came to be where it is.
    package var receivedAt: Timestamp?
    /// When it was put into use; nil where it was not, or that cannot be told.
    package var activatedAt: Timestamp?
    /// When this was written.
    package var madeAt: Timestamp
    /// The syntax of the file; `snapshot` for one that was built before.
    package var format: String
    /// Entries that are looked for.
    package var entries: Int
    /// Names that the list exempts.
    package var exceptions: Int
    /// Lines, or names on them, that are no entries, by the reason, in the order of the reasons; nil where only their number is known.
    package var rejected: [Reason]?
    /// What is well formed but cannot be looked for, likewise.
    package var notEnforceable: [Reason]?
    /// How many were rejected.
    package var rejectedCount: Int
    /// How many cannot be enforced.
    package var notEnforceableCount: Int
    /// What refuses the edition as a whole, in the order of the words; none for one that may be used.
    package var refusals: [String]
    /// How old the entries are.
    package var ages: EntryAges
    /// How many entries were hit; nil where nobody has counted.
    package var hits: HitCount?

    /// How many for one reason.
    package struct Reason: Equatable, Sendable {
        /// The reason, ``ListLineError/label``.
        package let reason: String
        /// How many.
        package let entries: Int
    }

    /// The version of what is said.
    package static let version: Int64 = 1

    /// Reads an edition of a list as the sensor would.
    ///
    /// - Parameters:
    ///   - id: the list.
    ///   - plan: what is configured.
    ///   - member: who received it.
    ///   - state: the sensor's state directory, which says when the edition was put into use, and what was hit; nil where there is none. Nothing is
    ///     made or changed in it.
    ///   - now: the time.
    /// - Returns: the receipt.
    /// - Throws: ``ListFileError`` where the list is not configured, or its file cannot be read.
    package static func read(
        _ id: Identifier,
        _ plan: ListPlan,
        member: Identifier?,
        state: String?,
        now: Timestamp = .now
    ) throws(ListFileError) -> ListReceipt {
        guard let source = plan.lists.first(where: { $0.descriptor.id == id.description }) else {
            throw .unreadable(
                path: id.description,
                cause: "no list of the configuration has this id; name one that has"
            )
        }
        var single = plan
        single.lists = [source]
        single.allow = nil
        // Under the sensor's own secret entries have the fingerprints that their dates were noted by.
        let secret = state.flatMap { try? SealKey.load("\($0)/state.key") }
        let update = try ListLoader(single, key: secret?.hashKey() ?? .random(), now: now).load()
        let reading = update.readings.first { $0.path == source.path }
        let accepted = update.accepted.first
        let refused = update.refused.first
        guard let digest = accepted?.digest ?? reading.flatMap({ ContentDigest(octets: $0.digest) }) ?? refused?.digest
        else { throw .refused(update.refused) }

        let edition = accepted?.edition
        var receipt = ListReceipt(
            member: member,
            list: id,
            sequence: edition?.sequence,
            digest: digest,
            issuedAt: edition?.issuedAt.flatMap { Timestamp(seconds: Int64(clamping: $0)) },
            receivedAt: modificationTime(of: source.path),
            activatedAt: nil,
            madeAt: now,
            format: reading?.format.rawValue ?? "snapshot",
            entries: edition?.count(.listed) ?? reading?.entryCount ?? 0,
            exceptions: edition?.count(.exception) ?? reading?.exceptionCount ?? 0,
            rejected: reading.map { reasons($0, .rejected) },
            notEnforceable: reading.map { reasons($0, .notEnforceable) },
            rejectedCount: reading?.rejectedCount ?? edition?.lines?.rejected ?? 0,
            notEnforceableCount: reading?.notEnforceableCount ?? edition?.lines?.notEnforceable ?? 0,
            refusals: (refused?.causes ?? []).map(\.label).sorted(),
            ages: EntryAges(),
            hits: nil
        )
        guard let state else {
            receipt.ages.add(receipt.entries, dated: nil, now: now)
            return receipt
        }
        receipt.ages = ages(of: accepted, receipt, state)
        if let kept = ListStore.activation(of: id.description, in: state), kept.digest == digest {
            receipt.activatedAt = Timestamp(seconds: kept.activatedAt)
        }
        do throws(TrustError) {
            let memory = try HitMemoryFile("\(state)/\(HitMemoryFile.name)").load()
            receipt.hits = memory?.count(list: id.description, at: now.seconds)
        } catch {
            throw .untrusted(error)
        }
        return receipt
    }

    /// How old the entries are, as the sensor's state says.
    private static func ages(of list: ActiveList?, _ receipt: ListReceipt, _ state: String) -> EntryAges {
        let octets = try? SmallFile.readIfPresent("\(state)/\(ListStore.datesName)", limit: EntryDates.maximumLength)
        let dates = octets.flatMap { $0 }.flatMap { EntryDates(parsing: $0) } ?? EntryDates()
        return dates.ages(
            of: receipt.list.description,
            receipt.digest,
            entries: list.map { $0.snapshot.fingerprints(ofList: $0.index) },
            count: receipt.entries,
            at: receipt.madeAt
        )
    }

    private static func reasons(_ reading: ListReading, _ kind: ListLineError.Kind) -> [Reason] {
        reading.causes.filter { $0.key.kind == kind }
            .map { Reason(reason: $0.key.label, entries: $0.value) }
            .sorted { $0.reason < $1.reason }
    }

    private static func modificationTime(of path: String) -> Timestamp? {
        var status = stat()
        // SAFETY: the string lives for the time of the call and ends in zero; `status` is a whole `stat` to be filled.
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Timestamp(seconds: Int64(status.st_mtim.tv_sec))
    }

    /// What it says, signed.
    package func document(signedBy keys: [SigningKey]) throws(TrustFault) -> SignedDocument {
        try SignedDocument(members, as: .receipt, signedBy: keys)
    }

    /// What it says.
    package var members: [DocumentValue.Member] {
        [
            DocumentValue.Member("version", .number(Self.version)),
            DocumentValue.Member("member", .word(member?.description)),
            DocumentValue.Member("list", .text(list.description)),
            // As text: a publisher's number may be larger than what readers of JSON keep exact.
            DocumentValue.Member("sequence", .word(sequence.map(String.init))),
            DocumentValue.Member("sha256", .text(digest.description)),
            DocumentValue.Member("issued_at", .word(issuedAt?.description)),
            DocumentValue.Member("received_at", .word(receivedAt?.description)),
            DocumentValue.Member("activated_at", .word(activatedAt?.description)),
            DocumentValue.Member("made_at", .text(madeAt.description)),
            DocumentValue.Member("format", .text(format)),
            DocumentValue.Member("entries", .count(entries)),
            DocumentValue.Member("exceptions", .count(exceptions)),
            DocumentValue.Member("rejected", .count(rejectedCount)),
            DocumentValue.Member("rejected_by_reason", Self.value(rejected)),
            DocumentValue.Member("not_enforceable", .count(notEnforceableCount)),
            DocumentValue.Member("not_enforceable_by_reason", Self.value(notEnforceable)),
            DocumentValue.Member("refused_by", .array(refusals.map { .text($0) })),
            DocumentValue.Member("entry_ages", ages.value),
            DocumentValue.Member("hits", hitsValue),
        ]
    }

    private static func value(_ reasons: [Reason]?) -> DocumentValue {
        guard let reasons else { return .null }
        return .object(reasons.map { DocumentValue.Member($0.reason, .count($0.entries)) })
    }

    private var hitsValue: DocumentValue {
        guard let hits else { return .null }
        return .object([
            DocumentValue.Member("window_days", .number(HitMemory.windowDays)),
            DocumentValue.Member("observed_days", .count(hits.observedDays)),
            DocumentValue.Member("entries_hit", hits.hit.value),
            DocumentValue.Member("entries_not_hit", hits.notHit(of: entries)?.value ?? .null),
            DocumentValue.Member("error", .optional(hits.error)),
        ])
    }
}
