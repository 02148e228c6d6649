import Blocklists

/// What an inspector knows of flows, written down for the inspector of the process that takes its queue over.
///
/// The tables as they lie in memory, as far as they are in use: a million flows have to be passed on while packets wait. So a record is read only by
/// an inspector whose tables are laid out alike, which its head says; whoever passes it on proves with a digest that it came as it was written. It
/// holds data of packets, and has to stay in memory.
package enum InspectorRecord {
    /// Why a record cannot be taken up.
    package enum Fault: Error, Equatable, Sendable {
        /// It ends too early, or too late.
        case cut
        /// It was written by a version, or under a configuration, whose tables are others.
        case laidOutOtherwise
        /// A number in it points outside of a table.
        case outOfRange
    }

    /// What the octets mean. To be raised whenever a field of a table, or the meaning of its values, changes while its size stays.
    static let format: UInt64 = 1

    /// Writes a record.
    struct Writer {
        private(set) var bytes: [UInt8] = []

        mutating func write(_ number: UInt64) {
            for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number &>> shift)) }
        }

        /// Writes the first values of a table.
        mutating func write<Element: ZeroValid>(_ table: borrowing FlatArray<Element>, first count: Int) {
            table.append(first: count, to: &bytes)
        }
    }

    /// Reads a record.
    struct Reader: ~Escapable {
        private let bytes: Span<UInt8>
        private var offset = 0

        @_lifetime(copy bytes)
        init(_ bytes: Span<UInt8>) {
            self.bytes = bytes
        }

        var isAtEnd: Bool { offset == bytes.count }

        @_lifetime(self: copy self)
        mutating func readNumber() throws(Fault) -> UInt64 {
            guard bytes.count - offset >= 8 else { throw .cut }
            var number: UInt64 = 0
            for index in 0..<8 { number |= UInt64(bytes[offset + index]) &<< UInt64(8 * index) }
            offset += 8
            return number
        }

        /// Reads the number of a place in a table.
        @_lifetime(self: copy self)
        mutating func readIndex<Element: ZeroValid>(of table: borrowing FlatArray<Element>) throws(Fault) -> Int {
            let number = try readNumber()
            guard number < UInt64(table.count), number <= UInt64(UInt32.max) else { throw .outOfRange }
            return Int(number)
        }

        /// Reads the first values of a table.
        @_lifetime(self: copy self)
        mutating func read<Element: ZeroValid>(
            into table: inout FlatArray<Element>,
            first count: Int
        ) throws(Fault) {
            let size = count * MemoryLayout<Element>.stride
            guard size <= bytes.count - offset else { throw .cut }
            guard table.copy(octets: bytes.extracting(offset..<offset + size)) else { throw .outOfRange }
            offset += size
        }
    }

    /// What has to be the same for a record to be understood.
    static func layout(_ configuration: InspectorConfiguration) -> [UInt64] {
        let sizes = [
            MemoryLayout<Flow>.stride, MemoryLayout<HalfFlow>.stride, MemoryLayout<Assembly>.stride,
            MemoryLayout<Overlap>.stride, MemoryLayout<QUICFlow>.stride, MemoryLayout<FragmentedDatagram>.stride,
            StreamAssembler.blockSize, FragmentAssembler.blockSize,
        ]
        let limits = [
            configuration.flowCapacity, configuration.streamBudget, configuration.streamLimit,
            configuration.fragmentBudget,
        ]
        return [format] + (sizes + limits).map { UInt64($0) }
            + [configuration.flowKey.first, configuration.flowKey.second]
    }
}

extension Inspector {
    /// Writes down what is known of flows: decisions, hellos that have come in part, fragments.
    ///
    /// Mutating although nothing changes: an inspector that is only borrowed would be copied whole for the call.
    package mutating func makeRecord() -> [UInt8] {
        var record = InspectorRecord.Writer()
        for number in InspectorRecord.layout(configuration) { record.write(number) }
        flows.save(to: &record)
        record.write(hasQUICFlows ? 1 : 0)
        if hasQUICFlows { record.write(quicFlows, first: flows.highestIndex + 1) }
        assembler.save(to: &record)
        fragments.save(to: &record)
        return record.bytes
    }

    /// Takes up what another inspector wrote down; this one must have seen nothing, and is not to be used where this fails.
    ///
    /// - Parameter bytes: what ``makeRecord()`` gave, every octet as it was.
    /// - Throws: ``InspectorRecord/Fault``.
    package mutating func takeUp(_ bytes: Span<UInt8>) throws(InspectorRecord.Fault) {
        var record = InspectorRecord.Reader(bytes)
        for number in InspectorRecord.layout(configuration) {
            guard try record.readNumber() == number else { throw .laidOutOtherwise }
        }
        try flows.restore(from: &record)
        hasQUICFlows = try record.readNumber() == 1
        if hasQUICFlows { try record.read(into: &quicFlows, first: flows.highestIndex + 1) }
        try assembler.restore(from: &record)
        try fragments.restore(from: &record)
        guard record.isAtEnd else { throw .cut }
    }
}
