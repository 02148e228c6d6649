import Blocklists

/// Since when entries of lists are on them, as far as editions have been seen to come: what the ages of a receipt are made of.
///
/// No format dates its entries, so the day counts on which an edition with an entry was put into use here for the first time. An entry that was there
/// when the watch began is as old as that at least, and nothing is kept of it. Of every other one half of its keyed fingerprint is kept with the day,
/// for as long as it is on the list: no name, and nothing of hits.
package struct EntryDates: Equatable, Sendable {
    /// What is kept of one list.
    struct List: Equatable, Sendable {
        /// The day on which the watch began, from 1970-01-01.
        var firstDay: UInt32
        /// The edition that was noted last.
        var digest: ContentDigest
        /// Entries that came later, by their fingerprints, which rise.
        var entries: [Entry] = []
    }

    /// An entry that came while the list was watched.
    struct Entry: Equatable, Sendable {
        var fingerprint: UInt64
        var day: UInt32
    }

    /// Entries of a list beyond which it is not watched, so that the record stays small beside the list.
    package static let maximumEntries = 1 << 20

    private(set) var lists: [String: List] = [:]

    /// Nothing was seen yet.
    package init() {}

    /// Notes an edition that is put into use.
    ///
    /// - Parameters:
    ///   - id: the list.
    ///   - digest: the edition's.
    ///   - entries: its entries, by fingerprints that rise.
    ///   - before: the edition that it takes the place of, and its entries; nil where there is none, or its fingerprints are of another key.
    ///   - now: the time.
    package mutating func note(
        _ id: String,
        _ digest: ContentDigest,
        entries: [UInt64],
        before: (digest: ContentDigest, entries: [UInt64])?,
        at now: Timestamp
    ) {
        let day = Self.day(of: now)
        // What was in use between the two is not known after a rollback, or where the record is of another state: the watch begins anew.
        guard var list = lists[id], let before, list.digest == before.digest else {
            if lists[id]?.digest != digest { lists[id] = List(firstDay: day, digest: digest) }
            return
        }
        guard digest != before.digest else { return }
        var kept: [Entry] = []
        var (known, earlier) = (0, 0)
        for fingerprint in entries {
            while known < list.entries.count, list.entries[known].fingerprint < fingerprint { known += 1 }
            while earlier < before.entries.count, before.entries[earlier] < fingerprint { earlier += 1 }
            if known < list.entries.count, list.entries[known].fingerprint == fingerprint {
                kept.append(list.entries[known])
            } else if earlier == before.entries.count || before.entries[earlier] != fingerprint {
                kept.append(Entry(fingerprint: fingerprint, day: day))
            }
        }
        list.entries = kept
        list.digest = digest
        lists[id] = list
    }

    /// The edition of a list that was noted last; nil where the list is not watched.
    package func digest(of id: String) -> ContentDigest? { lists[id]?.digest }

    /// Watches a list no more.
    package mutating func forget(_ id: String) {
        lists[id] = nil
    }

    /// Forgets lists that are not among these.
    package mutating func keepOnly(_ ids: Set<String>) {
        lists = lists.filter { ids.contains($0.key) }
    }

    /// How old the entries of an edition are; all of them of unknown age where it is not the one that was noted last.
    ///
    /// - Parameters:
    ///   - id: the list.
    ///   - digest: the edition's.
    ///   - entries: its entries, by their fingerprints; nil where these cannot be told.
    ///   - count: how many it has.
    ///   - now: the time.
    /// - Returns: the ages of all of them.
    package func ages(
        of id: String,
        _ digest: ContentDigest,
        entries: [UInt64]?,
        count: Int,
        at now: Timestamp
    ) -> EntryAges {
        var ages = EntryAges()
        guard let list = lists[id], list.digest == digest, let entries, entries.count == count else {
            ages.add(count, dated: nil, now: now)
            return ages
        }
        let present = Set(entries)
        var dated = 0
        for entry in list.entries where present.contains(entry.fingerprint) {
            ages.add(dated: Self.date(of: entry.day), now: now)
            dated += 1
        }
        // They came before the watch began: how long before nobody knows, until that alone makes them old.
        let began = Self.date(of: list.firstDay)
        let areOld = began.map { now.seconds - $0.seconds >= EntryAges.oldest * 86_400 } ?? false
        ages.add(count - dated, dated: areOld ? began : nil, now: now)
        return ages
    }

    private static func day(of time: Timestamp) -> UInt32 { UInt32(clamping: max(time.seconds, 0) / 86_400) }

    private static func date(of day: UInt32) -> Timestamp? { Timestamp(seconds: Int64(day) * 86_400) }
}

// MARK: - Octets

extension EntryDates {
    private static let magic: [UInt8] = [0x47, 0x56, 0x45, 0x44, 1, 0, 0, 0]

    /// Octets of the longest record that is read.
    package static let maximumLength = 1 << 28

    /// The record's octets: after eight of its own, each list, its days and digest, and what is known of its entries; a SHA-256 at the end.
    package var encoded: [UInt8] {
        var octets = Self.magic
        octets.append(UInt64(lists.count), octets: 2)
        for (id, list) in lists.sorted(by: { $0.key < $1.key }) {
            octets.append(UInt8(truncatingIfNeeded: id.utf8.count))
            octets += Array(id.utf8)
            octets.append(UInt64(list.firstDay), octets: 4)
            octets += list.digest.octets
            octets.append(UInt64(list.entries.count), octets: 4)
            for entry in list.entries {
                octets.append(entry.fingerprint, octets: 8)
                octets.append(UInt64(entry.day), octets: 4)
            }
        }
        return octets + ContentDigest(of: octets).octets
    }

    /// Reads a record, which must fill the octets exactly; nil where they are none.
    package init?(parsing octets: [UInt8]) {
        guard octets.count >= Self.magic.count + 2 + ContentDigest.length, octets.starts(with: Self.magic) else {
            return nil
        }
        let body = octets.dropLast(ContentDigest.length)
        guard ContentDigest(of: Array(body)).octets.elementsEqual(octets.suffix(ContentDigest.length)) else {
            return nil
        }
        var rest = body.dropFirst(Self.magic.count)
        guard let count = rest.takeNumber(octets: 2) else { return nil }
        var last = ""
        for _ in 0..<count {
            guard let length = rest.takeNumber(octets: 1).map({ Int($0) }), rest.count >= length,
                let id = String(validating: rest.prefix(length), as: UTF8.self), ListDescriptor.isValid(id: id),
                id > last
            else { return nil }
            rest = rest.dropFirst(length)
            last = id
            guard let firstDay = rest.takeNumber(octets: 4), rest.count >= ContentDigest.length,
                let digest = ContentDigest(octets: Array(rest.prefix(ContentDigest.length)))
            else { return nil }
            rest = rest.dropFirst(ContentDigest.length)
            guard let entries = rest.takeNumber(octets: 4), entries <= UInt64(Self.maximumEntries) else { return nil }
            var list = List(firstDay: UInt32(truncatingIfNeeded: firstDay), digest: digest)
            for _ in 0..<entries {
                guard let fingerprint = rest.takeNumber(octets: 8), let day = rest.takeNumber(octets: 4),
                    list.entries.last.map({ $0.fingerprint < fingerprint }) ?? true
                else { return nil }
                list.entries.append(Entry(fingerprint: fingerprint, day: UInt32(truncatingIfNeeded: day)))
            }
            lists[id] = list
        }
        guard rest.isEmpty else { return nil }
    }
}

extension EntryDates: CustomStringConvertible, CustomReflectable {
    /// Nothing of what it holds.
    package var description: String { "EntryDates" }

    /// Nothing of what it holds.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
