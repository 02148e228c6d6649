/// What a snapshot file says of itself before its body.
///
/// All numbers are little-endian. The file is:
///
/// | offset | octets | what |
/// | --- | --- | --- |
/// | 0 | 8 | `GVSNAP`, carriage return, line feed |
/// | 8 | 2 | version of the format, 2 |
/// | 10 | 2 | flags: 1 where the snapshot is sealed |
/// | 12 | 4 | octets of the metadata, at most ``maximumMetadata`` |
/// | 16 | 8 | octets of the body |
/// | 24 | 16 | checksum (XXH3-128, little-endian) of the octets before it, the metadata and the padding behind |
/// | 40 | | metadata, then zeros up to a multiple of 4,096 |
/// | | | body: ``Snapshot``'s words |
/// | | | signatures, to the end of the file |
///
/// What is signed is everything before the body; the metadata holds the body's SHA-256 digest.
package struct SnapshotHeader: Equatable, Sendable {
    /// The version of the format that is written here.
    package static let version = 2

    /// The octets a snapshot file begins with.
    package static let magic: [UInt8] = Array("GVSNAP\r\n".utf8)

    /// Octets before the metadata.
    package static let fixedLength = 40

    /// Octets before the checksum.
    package static let checkedLength = 24

    /// The most octets of metadata.
    package static let maximumMetadata = 1 << 20

    /// A body begins at a multiple of so many octets, so that it can be mapped.
    package static let alignment = 4096

    /// When the snapshot was built, in seconds since 1970-01-01 UTC.
    package var createdAt: UInt64

    /// The secret of the fingerprints where the snapshot is not sealed; nil where it is.
    package var key: HashKey?

    /// ``HashKey/check`` of the secret.
    package var keyCheck: UInt64

    /// The lists, in their own order.
    package var lists: [SnapshotList]

    /// Entries of the allow list.
    package var allowedCount: Int

    /// The body's checksum (XXH3-128), 16 octets.
    package var bodyChecksum: [UInt8]

    /// The body's SHA-256 digest, 32 octets.
    package var bodyDigest: [UInt8]

    let layout: SnapshotLayout

    /// Whether the secret is kept apart from the file.
    package var isSealed: Bool { key == nil }

    /// Entries of every kind.
    package var entryCount: Int { layout.entryCount }

    /// Octets of the body.
    package var bodyLength: Int { layout.wordCount * 8 }

    /// The header of `snapshot`.
    ///
    /// - Parameters:
    ///   - snapshot: what the file is to hold.
    ///   - isSealed: whether the file is to be useless without the secret.
    ///   - createdAt: when it is built, in seconds since 1970-01-01 UTC.
    ///   - bodyChecksum: the checksum of the snapshot's body.
    ///   - bodyDigest: the digest of the snapshot's body.
    package init(
        _ snapshot: Snapshot,
        isSealed: Bool,
        createdAt: UInt64,
        bodyChecksum: [UInt8],
        bodyDigest: [UInt8]
    ) {
        self.createdAt = createdAt
        key = isSealed ? nil : snapshot.key
        keyCheck = snapshot.key.check
        lists = snapshot.lists
        allowedCount = snapshot.allowedCount
        self.bodyChecksum = bodyChecksum
        self.bodyDigest = bodyDigest
        layout = snapshot.layout
    }
}

extension SnapshotHeader {
    /// The fixed part of the header of a file that begins with `bytes`: where the rest lies.
    ///
    /// - Parameter bytes: at least ``fixedLength`` octets, or the whole file where it is shorter.
    /// - Returns: octets of the metadata, and the offset and length of the body.
    /// - Throws: ``SnapshotError/foreign``, ``SnapshotError/laterVersion(_:)``, ``SnapshotError/earlierVersion(_:)``,
    ///   ``SnapshotError/cut`` or ``SnapshotError/damaged``.
    package static func measure(_ bytes: Span<UInt8>) throws(SnapshotError) -> Measures {
        for index in magic.indices {
            guard index < bytes.count else { throw index == 0 ? .foreign : .cut }
            guard bytes[index] == magic[index] else { throw .foreign }
        }
        guard bytes.count >= fixedLength else { throw .cut }
        var reader = MetadataReader(bytes)
        reader.skip(magic.count)
        let version = Int(try reader.integer(UInt16.self))
        guard version <= Self.version else { throw .laterVersion(version) }
        guard version == Self.version || version == 0 else { throw .earlierVersion(version) }
        let flags = try reader.integer(UInt16.self)
        let metadata = Int(try reader.integer(UInt32.self))
        let body = try reader.integer(UInt64.self)
        guard version == Self.version, flags <= 1, metadata <= maximumMetadata, body <= 1 << 40 else { throw .damaged }
        return Measures(metadataLength: metadata, bodyLength: Int(body))
    }

    /// Where the parts of a file lie.
    package struct Measures: Equatable, Sendable {
        /// Octets of the metadata.
        package let metadataLength: Int
        /// Octets of the body.
        package let bodyLength: Int

        /// Where the body begins: everything before it is signed.
        package var bodyOffset: Int {
            (fixedLength + metadataLength + alignment - 1) / alignment * alignment
        }
        /// Where the body ends and the signatures begin.
        package var bodyEnd: Int { bodyOffset + bodyLength }
    }

    /// The header that `bytes` hold, everything before the body.
    ///
    /// - Parameters:
    ///   - bytes: the file's octets up to the body.
    ///   - checksum: the XXH3-128 checksum, little-endian, of the octets it is given.
    /// - Throws: ``SnapshotError``.
    package init(parsing bytes: Span<UInt8>, checksum: (borrowing Span<UInt8>, Span<UInt8>) -> [UInt8])
        throws(SnapshotError)
    {
        let measures = try Self.measure(bytes)
        guard bytes.count == measures.bodyOffset else { throw .cut }
        let stated = (0..<16).map { bytes[Self.checkedLength + $0] }
        guard
            stated
                == checksum(
                    bytes.extracting(0..<Self.checkedLength),
                    bytes.extracting(Self.fixedLength..<bytes.count)
                )
        else { throw .damaged }
        for index in Self.fixedLength + measures.metadataLength..<bytes.count where bytes[index] != 0 { throw .damaged }
        let isSealed = bytes[10] == 1
        var reader = MetadataReader(
            bytes.extracting(Self.fixedLength..<Self.fixedLength + measures.metadataLength)
        )
        createdAt = try reader.integer(UInt64.self)
        let key = HashKey(try reader.integer(UInt64.self), try reader.integer(UInt64.self))
        self.key = isSealed ? nil : key
        guard isSealed == false || key == HashKey(0, 0) else { throw .damaged }
        keyCheck = try reader.integer(UInt64.self)
        let entryCount = try reader.integer(UInt64.self)
        let filterWordCount = try reader.integer(UInt64.self)
        let bucketBits = Int(try reader.integer(UInt8.self))
        let hasTopLevelEntry = try reader.flag()
        guard
            let layout = SnapshotLayout(
                checkingEntryCount: entryCount,
                hasTopLevelEntry: hasTopLevelEntry,
                filterWordCount: filterWordCount,
                bucketBits: bucketBits
            ), layout.wordCount * 8 == measures.bodyLength
        else { throw .damaged }
        self.layout = layout
        bodyChecksum = try reader.octets(16)
        bodyDigest = try reader.octets(32)
        allowedCount = try reader.count()
        let listCount = Int(try reader.integer(UInt8.self))
        guard listCount <= Snapshot.maximumLists else { throw .damaged }
        var lists: [SnapshotList] = []
        for _ in 0..<listCount {
            let list = try SnapshotList(from: &reader)
            guard lists.contains(where: { $0.descriptor.id == list.descriptor.id }) == false else { throw .damaged }
            lists.append(list)
        }
        self.lists = lists
        guard reader.isAtEnd else { throw .damaged }
        // Every entry is on the allow list or does something for one list, so that the numbers can be relied on.
        let listed = lists.reduce(0) { $0 + $1.entryCounts.reduce(0, +) }
        guard allowedCount + listed == layout.entryCount else { throw .damaged }
    }

    /// The octets before the body.
    ///
    /// - Parameter checksum: the XXH3-128 checksum, little-endian, of the octets it is given.
    /// - Returns: nil where the lists' texts do not fit into the metadata, or a precedence into sixteen bits.
    package func encoded(checksum: (borrowing Span<UInt8>, Span<UInt8>) -> [UInt8]) -> [UInt8]? {
        var metadata = MetadataWriter()
        metadata.append(createdAt)
        metadata.append(key?.first ?? 0)
        metadata.append(key?.second ?? 0)
        metadata.append(keyCheck)
        metadata.append(UInt64(layout.entryCount))
        metadata.append(UInt64(layout.filterWordCount))
        metadata.append(UInt8(layout.bucketBits))
        metadata.append(UInt8(layout.hasTopLevelEntry ? 1 : 0))
        metadata.octets += bodyChecksum + bodyDigest
        metadata.append(UInt64(allowedCount))
        metadata.append(UInt8(lists.count))
        for list in lists { list.encode(to: &metadata) }
        guard metadata.isWithinLimits, metadata.octets.count <= Self.maximumMetadata else { return nil }

        var fixed = MetadataWriter(octets: Self.magic)
        fixed.append(UInt16(Self.version))
        fixed.append(UInt16(isSealed ? 1 : 0))
        fixed.append(UInt32(metadata.octets.count))
        fixed.append(UInt64(bodyLength))
        let measures = Measures(metadataLength: metadata.octets.count, bodyLength: bodyLength)
        let padding = measures.bodyOffset - Self.fixedLength - metadata.octets.count
        metadata.octets += [UInt8](repeating: 0, count: padding)
        return fixed.octets + checksum(fixed.octets.span, metadata.octets.span) + metadata.octets
    }
}

extension SnapshotList {
    fileprivate init(from reader: inout MetadataReader) throws(SnapshotError) {
        let id = try reader.text()
        guard ListDescriptor.isValid(id: id) else { throw .damaged }
        guard let use = ListUse(rawValue: try reader.integer(UInt8.self)) else { throw .damaged }
        guard let action = Action(rawValue: try reader.text()) else { throw .unknownAction }
        guard let match = MatchKind(rawValue: try reader.text()) else { throw .damaged }
        let protocols = ListProtocols(rawValue: try reader.integer(UInt8.self))
        guard ListProtocols.all.isSuperset(of: protocols) else { throw .damaged }
        self.init(
            ListDescriptor(
                id: id,
                use: use,
                action: action,
                match: match,
                protocols: protocols,
                precedence: Int(try reader.integer(UInt16.self)),
                publisher: try reader.text(),
                purpose: try reader.text(),
                legalBasis: try reader.text()
            ),
            sequence: try reader.optional(),
            issuedAt: try reader.optional(),
            expiresAt: try reader.optional()
        )
        for role in EntryRole.allCases { entryCounts[Int(role.rawValue)] = try reader.count() }
        if try reader.flag() {
            var examined = EntryCounts()
            for figure in EntryCounts.figures { examined[keyPath: figure] = try reader.count() }
            self.examined = examined
        }
        if try reader.flag() {
            lines = ListSummary.Lines(
                meant: try reader.count(),
                rejected: try reader.count(),
                notEnforceable: try reader.count()
            )
        }
        sourceDigest = try reader.octets(Int(try reader.integer(UInt8.self)))
        guard sourceDigest.isEmpty || sourceDigest.count == 32 else { throw .damaged }
    }

    fileprivate func encode(to writer: inout MetadataWriter) {
        writer.append(descriptor.id)
        writer.append(descriptor.use.rawValue)
        writer.append(descriptor.action.rawValue)
        writer.append(descriptor.match.rawValue)
        writer.append(descriptor.protocols.rawValue)
        writer.append(fitting: descriptor.precedence)
        writer.append(descriptor.publisher)
        writer.append(descriptor.purpose)
        writer.append(descriptor.legalBasis)
        writer.append(sequence)
        writer.append(issuedAt)
        writer.append(expiresAt)
        for count in entryCounts { writer.append(UInt64(count)) }
        writer.append(UInt8(examined == nil ? 0 : 1))
        if let examined {
            for figure in EntryCounts.figures { writer.append(UInt64(examined[keyPath: figure])) }
        }
        writer.append(UInt8(lines == nil ? 0 : 1))
        if let lines {
            for count in [lines.meant, lines.rejected, lines.notEnforceable] { writer.append(UInt64(count)) }
        }
        writer.append(UInt8(sourceDigest.count))
        writer.octets += sourceDigest
    }
}

extension EntryCounts {
    /// The figures in the order of a snapshot file.
    fileprivate static var figures: [WritableKeyPath<EntryCounts, Int>] {
        [
            \.exact, \.withSubdomains, \.subdomainsOnly, \.exceptions, \.singleLabel, \.publicSuffixes,
            \.abovePublicSuffixes,
            \.protectedNames, \.aboveProtectedNames, \.underProtectedNames,
        ]
    }
}

/// Reads little-endian numbers and short texts one behind another.
private struct MetadataReader: ~Escapable {
    private let bytes: Span<UInt8>
    private var offset = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { offset == bytes.count }

    @_lifetime(self: copy self)
    mutating func skip(_ count: Int) {
        offset += count
    }

    @_lifetime(self: copy self)
    mutating func integer<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type
    ) throws(SnapshotError) -> Number {
        let width = Number.bitWidth / 8
        guard bytes.count - offset >= width else { throw .damaged }
        var number: Number = 0
        for index in 0..<width { number |= Number(bytes[offset + index]) << Number(index * 8) }
        offset += width
        return number
    }

    @_lifetime(self: copy self)
    mutating func flag() throws(SnapshotError) -> Bool {
        switch try integer(UInt8.self) {
        case 0: return false
        case 1: return true
        default: throw .damaged
        }
    }

    /// A number of entries.
    @_lifetime(self: copy self)
    mutating func count() throws(SnapshotError) -> Int {
        let count = try integer(UInt64.self)
        guard count <= SnapshotLayout.maximumEntries else { throw .damaged }
        return Int(count)
    }

    /// A number that may be missing.
    @_lifetime(self: copy self)
    mutating func optional() throws(SnapshotError) -> UInt64? {
        try flag() ? try integer(UInt64.self) : nil
    }

    @_lifetime(self: copy self)
    mutating func octets(_ count: Int) throws(SnapshotError) -> [UInt8] {
        guard bytes.count - offset >= count else { throw .damaged }
        var octets: [UInt8] = []
        for index in offset..<offset + count { octets.append(bytes[index]) }
        offset += count
        return octets
    }

    @_lifetime(self: copy self)
    mutating func text() throws(SnapshotError) -> String {
        let octets = try octets(Int(try integer(UInt16.self)))
        guard let text = String(validating: octets, as: UTF8.self), Self.isPlain(text) else { throw .damaged }
        return text
    }
}

extension MetadataReader {
    /// Whether a text is one line that can be shown: what a file says must not steer a terminal.
    static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && (0x7F...0x9F).contains($0.value) == false }
    }
}

/// Writes what ``MetadataReader`` reads.
private struct MetadataWriter {
    var octets: [UInt8] = []
    private(set) var isWithinLimits = true

    init(octets: [UInt8] = []) {
        self.octets = octets
    }

    mutating func append<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number) {
        for index in 0..<Number.bitWidth / 8 {
            octets.append(UInt8(truncatingIfNeeded: number >> Number(index * 8)))
        }
    }

    /// A number of sixteen bits.
    mutating func append(fitting number: Int) {
        guard let number = UInt16(exactly: number) else {
            isWithinLimits = false
            return
        }
        append(number)
    }

    mutating func append(_ number: UInt64?) {
        append(UInt8(number == nil ? 0 : 1))
        if let number { append(number) }
    }

    mutating func append(_ text: String) {
        guard let count = UInt16(exactly: text.utf8.count), MetadataReader.isPlain(text) else {
            isWithinLimits = false
            return
        }
        append(count)
        octets += Array(text.utf8)
    }
}
