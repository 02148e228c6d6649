import Blocklists
import Glibc
import TestSupport
import Testing
import Wire

@testable import ListFiles

/// A snapshot, the octets of a file of it, and names to look up.
struct SnapshotSample {
    let snapshot: Snapshot
    let header: SnapshotHeader
    var octets: [UInt8]
    let bodyOffset: Int
    let bodyEnd: Int
    let names: [String]

    /// The key of every sample.
    static let key = HashKey(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210)

    /// A file of `snapshot` with these octets behind its body.
    init(_ snapshot: Snapshot, isSealed: Bool = false, trailer: [UInt8] = [], names: [String] = []) throws {
        self.snapshot = snapshot
        self.names = names
        let beginning = SnapshotFile.beginning(of: snapshot, isSealed: isSealed, createdAt: 1_700_000_000)
        let signed = try #require(beginning)
        header = try SnapshotHeader(parsing: signed.span, checksum: Checksum.of)
        let body = snapshot.withBody { body in (0..<body.count).map { body[$0] } }
        bodyOffset = signed.count
        bodyEnd = signed.count + body.count
        octets = signed + body + trailer
    }

    /// A file of one list of so many names, some of them allowed.
    init(count: Int, isSealed: Bool = false, trailer: [UInt8] = []) throws {
        var builder = BlocklistBuilder(lists: [ListDescriptor(id: "police", action: .drop)], key: Self.key)
        for index in 0..<count {
            builder.add(try Self.entry("n\(index).example.test"), list: index % 10 == 9 ? nil : 0)
        }
        let asked = ["example.test", "test", "n\(count).example.test"] + (0..<20).map { "www.n\($0).example.test" }
        try self.init(builder.buildSnapshot(), isSealed: isSealed, trailer: trailer, names: asked)
    }

    /// An entry for `name` and all under it.
    static func entry(
        _ name: String,
        _ scope: ListEntry.Scope = [.itself, .subdomains]
    ) throws(WireError) -> ListEntry {
        let text = Array(name.utf8)
        return ListEntry(name: try DomainName(text: text.span), scope: scope)
    }

    /// What a blocklist of `snapshot` says of the names.
    func lookups(in snapshot: Snapshot) throws -> [Lookup] {
        let blocklist = Blocklist([Blocklist.Part(snapshot)])
        return try names.map { name in
            let text = Array(name.utf8)
            return blocklist.lookUp(try DomainName(text: text.span))
        }
    }

    /// Writes a number, least significant octet first.
    mutating func put<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
        for index in 0..<Number.bitWidth / 8 {
            octets[offset + index] = UInt8(truncatingIfNeeded: number >> Number(index * 8))
        }
    }

    /// Makes the header's checksum agree with what the header is now.
    mutating func agree() {
        let checksum = Checksum.of(octets.span.extracting(0..<24), octets.span.extracting(40..<bodyOffset))
        octets.replaceSubrange(24..<40, with: checksum)
    }

    /// Makes the body's checksum agree with what the body is now, and the header's with that.
    mutating func agreeInBody() {
        let checksum = Checksum.of(octets.span.extracting(0..<0), octets.span.extracting(bodyOffset..<bodyEnd))
        octets.replaceSubrange(90..<106, with: checksum)
        agree()
    }
}

/// Why the file at `path` is refused; nil where it is not.
func refusal(
    of path: String,
    loading: SnapshotFile.Loading = .mapped,
    key: HashKey? = nil
) throws -> SnapshotError? {
    do throws(ListFileError) {
        _ = try SnapshotFile(path, loading: loading) { _ in key }
        return nil
    } catch {
        guard case .badSnapshot(path, let cause) = error else { throw error }
        return cause
    }
}

/// A file that is changed in place, and changed back: much cheaper than to write it again each time.
struct ChangeableFile: ~Copyable {
    let path: String
    private let original: [UInt8]
    private let descriptor: CInt

    /// Writes `octets` to a file in `folder`.
    init(_ octets: [UInt8], in folder: TemporaryFolder) throws {
        let path = try folder.write(octets, to: "changed")
        // SAFETY: the path is a string that outlives the call.
        let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0)
        self.path = path
        self.descriptor = descriptor
        original = octets
    }

    deinit {
        close(descriptor)
    }

    /// Writes `octets` from `offset` on.
    func write(_ octets: ArraySlice<UInt8>, at offset: Int) throws {
        // SAFETY: the buffer lives during the call.
        let written = unsafe octets.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, offset) }
        try #require(written == octets.count)
    }

    /// Ends the file behind so many octets.
    func cut(to count: Int) throws {
        try #require(ftruncate(descriptor, count) == 0)
    }

    /// Makes the file what it was from `offset` on.
    func restore(from offset: Int) throws {
        try write(original[offset...], at: offset)
        try cut(to: original.count)
    }
}
