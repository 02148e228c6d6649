import Blocklists
import Telemetry

/// What a list file or a snapshot says of itself, as far as it can be told without its key: `grindvakt list info`.
package struct ListInformation: Sendable {
    /// A list of the file.
    struct List {
        var id: String
        var format: String?
        var action: String?
        var match: String?
        var protocols: [String]?
        var precedence: Int?
        var publisher: String?
        var purpose: String?
        var legalBasis: String?
        var entries: Int
        var exceptions: Int
        var testNames: Int?
        var rejected: Int?
        var notEnforceable: Int?
        var sequence: UInt64?
        var issuedAt: Timestamp?
        var expiresAt: Timestamp?
        var isExpired: Bool?
        var sourceDigest: String?
    }

    private let path: String
    private var kind = "list"
    private var formatVersion: Int?
    private var isSealed: Bool?
    private var size = 0
    private var octetsPerEntry: String?
    private var digest: ContentDigest?
    private var createdAt: Timestamp?
    private var allowed: Int?
    private var signatures: [KeyID] = []
    private var lists: [List] = []

    /// Reads what is told.
    ///
    /// - Throws: ``ListFileError`` where the file or the statement beside it cannot be read.
    package init(_ path: String, now: Timestamp = .now) throws(ListFileError) {
        self.path = path
        if SnapshotFile.isSnapshot(at: path) {
            try readSnapshot(now)
        } else {
            try readText(now)
        }
    }

    private mutating func readSnapshot(_ now: Timestamp) throws(ListFileError) {
        let outline = try SnapshotOutline(path)
        kind = "snapshot"
        formatVersion = SnapshotHeader.version
        isSealed = outline.header.isSealed
        size = outline.size
        octetsPerEntry = outline.octetsPerEntry
        digest = outline.digest
        createdAt = Timestamp(seconds: Int64(clamping: outline.header.createdAt))
        allowed = outline.header.allowedCount
        signatures = outline.signatures.signatures.map(\.keyID)
        lists = outline.header.lists.map { list in
            let descriptor = list.descriptor
            let expiresAt = list.expiresAt.flatMap { Timestamp(seconds: Int64(clamping: $0)) }
            return List(
                id: descriptor.id,
                action: descriptor.use == .action ? descriptor.action.rawValue : "count",
                match: descriptor.match.rawValue,
                protocols: descriptor.protocols.words,
                precedence: descriptor.precedence,
                publisher: descriptor.publisher.isEmpty ? nil : descriptor.publisher,
                purpose: descriptor.purpose.isEmpty ? nil : descriptor.purpose,
                legalBasis: descriptor.legalBasis.isEmpty ? nil : descriptor.legalBasis,
                entries: list.listedCount,
                exceptions: list.count(.exception),
                testNames: list.count(.test),
                rejected: list.lines?.rejected,
                notEnforceable: list.lines?.notEnforceable,
                sequence: list.sequence,
                issuedAt: list.issuedAt.flatMap { Timestamp(seconds: Int64(clamping: $0)) },
                expiresAt: expiresAt,
                isExpired: expiresAt.map { $0 <= now },
                sourceDigest: ContentDigest(octets: list.sourceDigest)?.description
            )
        }
    }

    private mutating func readText(_ now: Timestamp) throws(ListFileError) {
        let reading = try ListReader(path: path, format: nil, match: nil).read { _, _ in }
        size = reading.octets
        digest = ContentDigest(octets: reading.digest)
        var list = List(
            id: "-",
            format: reading.format.rawValue,
            entries: reading.entryCount,
            exceptions: reading.exceptionCount,
            rejected: reading.rejectedCount,
            notEnforceable: reading.notEnforceableCount
        )
        let place = SignedStatement.path(beside: path)
        do throws(TrustError) {
            if try SmallFile.readIfPresent(place, limit: DocumentReader.limit) != nil {
                let signed = try SignedStatement.load(place)
                let release = signed.statement.release
                signatures = signed.signatures.signatures.map(\.keyID)
                list.id = release.id.description
                list.purpose = release.purpose.description
                list.sequence = release.sequence
                list.issuedAt = release.issuedAt
                list.expiresAt = release.expiresAt
                list.isExpired = release.expiresAt.map { $0 <= now }
                list.sourceDigest = signed.statement.digest.description
            }
        } catch {
            throw .untrusted(error)
        }
        lists = [list]
    }

    /// A table for people.
    package var text: String {
        var lines = [
            "\(path): \(kind)\(formatVersion.map { ", format \($0)" } ?? "")"
                + "\(isSealed.map { $0 ? ", sealed" : ", UNSEALED" } ?? "")"
        ]
        lines.append("  size        \(size) octets\(octetsPerEntry.map { ", \($0) per entry" } ?? "")")
        if let digest { lines.append("  sha256      \(digest)") }
        if let createdAt { lines.append("  built       \(createdAt)") }
        lines.append(
            "  signed by   \(signatures.isEmpty ? "nobody" : signatures.map(\.description).joined(separator: ", "))"
        )
        if let allowed, allowed > 0 { lines.append("  allow list  \(allowed) entries") }
        for list in lists { lines += Self.lines(list) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(_ list: List) -> [String] {
        var lines: [String] = []
        func add(_ title: String, _ value: String?) {
            guard let value else { return }
            lines.append("  \(title)\(String(repeating: " ", count: max(1, 12 - title.utf8.count)))\(value)")
        }
        if list.id != "-" { lines.append("list \(list.id)") }
        add("format", list.format)
        let tests = list.testNames.flatMap { $0 > 0 ? ", \($0) of them test names" : nil } ?? ""
        add("entries", "\(list.entries)\(tests)\(list.exceptions > 0 ? "; \(list.exceptions) exceptions" : "")")
        if let rejected = list.rejected {
            add("left out", "\(rejected) rejected, \(list.notEnforceable ?? 0) not enforceable")
        }
        if let action = list.action {
            let protocols = list.protocols.map { " in \($0.joined(separator: ","))" } ?? ""
            add("policy", "\(action), \(list.match ?? ""), precedence \(list.precedence ?? 0)\(protocols)")
        }
        add("publisher", list.publisher)
        add("purpose", list.purpose)
        add("legal basis", list.legalBasis)
        add("sequence", list.sequence.map(String.init))
        add("issued", list.issuedAt?.description)
        add("expires", list.expiresAt.map { "\($0)\(list.isExpired == true ? " (EXPIRED)" : "")" })
        if list.action != nil { add("source", list.sourceDigest.map { "sha256 \($0)" }) }
        return lines
    }

    /// The same as a JSON object; times are RFC 3339.
    package var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.write("file", path)
        json.write("kind", kind)
        json.write("format_version", formatVersion)
        json.write("sealed", isSealed)
        json.write("octets", size)
        json.write("octets_per_entry", octetsPerEntry)
        json.write("sha256", digest?.description)
        json.write("built", createdAt?.description)
        json.write("allow_entries", allowed)
        json.beginArray("signatures")
        for id in signatures { json.write(nil, id.description) }
        json.endArray()
        json.beginArray("lists")
        for list in lists {
            json.beginObject()
            json.write("id", list.id == "-" ? nil : list.id)
            json.write("format", list.format)
            json.write("action", list.action)
            json.write("match", list.match)
            if let protocols = list.protocols {
                json.beginArray("protocols")
                for word in protocols { json.write(nil, word) }
                json.endArray()
            }
            json.write("precedence", list.precedence)
            json.write("publisher", list.publisher)
            json.write("purpose", list.purpose)
            json.write("legal_basis", list.legalBasis)
            json.write("entries", list.entries)
            json.write("exceptions", list.exceptions)
            json.write("test_names", list.testNames)
            json.write("rejected", list.rejected)
            json.write("not_enforceable", list.notEnforceable)
            json.write("sequence", list.sequence)
            json.write("issued", list.issuedAt?.description)
            json.write("expires", list.expiresAt?.description)
            json.write("expired", list.isExpired)
            json.write("source_sha256", list.sourceDigest)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.text + "\n"
    }
}

extension SnapshotOutline {
    /// Octets of the file for each entry, with one decimal; nil without entries.
    package var octetsPerEntry: String? {
        guard header.entryCount > 0 else { return nil }
        let tenths = (size * 10 + header.entryCount / 2) / header.entryCount
        return "\(tenths / 10).\(tenths % 10)"
    }
}
