package import Blocklists

/// What a worker knew when it paused.
package struct WorkerRecord: Sendable, Equatable {
    /// The queue it had.
    package var queue: UInt16
    /// The number of the last packet that it judged; nil where it had none.
    package var lastID: UInt32?
    /// What its inspector knew of flows.
    package var flows: [UInt8]

    /// Collects what a worker knew.
    package init(queue: UInt16, lastID: UInt32?, flows: [UInt8]) {
        self.queue = queue
        self.lastID = lastID
        self.flows = flows
    }
}

/// What all workers of a sensor knew, as it is passed to the next process: in memory alone, since it holds data of packets.
///
/// A head of 24 octets (mark, format, count of workers, digest of all that follows), the key of the flows' fingerprints, then for each worker its queue,
/// its last packet's number and what its inspector wrote. Numbers are written with their lowest octet first. The digest makes sure that it came
/// as it was written; who may write one is decided by who may connect, or by systemd.
package struct PoolRecord: Sendable, Equatable {
    /// The key that flows are found by.
    package var key: HashKey
    /// What each worker knew.
    package var workers: [WorkerRecord]

    /// Why octets are no record.
    package enum Fault: Error, Equatable, Sendable {
        /// They begin or go on otherwise than a record of this version does.
        case notARecord
        /// They are not as they were written.
        case damaged
    }

    /// Collects what the workers knew.
    package init(key: HashKey, workers: [WorkerRecord]) {
        self.key = key
        self.workers = workers
    }

    private static let mark: UInt64 = 0x6772_696e_6476_616b
    private static let format: UInt64 = 1
    private static let headLength = 24

    /// The octets of the record.
    package var bytes: [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(workers.reduce(64) { $0 + $1.flows.count + 64 })
        Self.write(key.first, to: &body)
        Self.write(key.second, to: &body)
        for worker in workers {
            Self.write(UInt64(worker.queue), to: &body)
            Self.write(worker.lastID.map { UInt64($0) } ?? .max, to: &body)
            Self.write(UInt64(worker.flows.count), to: &body)
            body.append(contentsOf: worker.flows)
        }
        var head: [UInt8] = []
        Self.write(Self.mark, to: &head)
        Self.write(Self.format << 32 | UInt64(workers.count), to: &head)
        Self.write(Self.digest(body.span), to: &head)
        return head + body
    }

    /// Reads a record.
    ///
    /// - Parameter bytes: what ``bytes`` gave.
    /// - Throws: ``Fault`` for anything else.
    package init(parsing bytes: [UInt8]) throws(Fault) {
        let all = bytes.span
        var offset = 0
        guard try Self.read(all, &offset) == Self.mark else { throw .notARecord }
        let kind = try Self.read(all, &offset)
        guard kind >> 32 == Self.format, kind & 0xFFFF_FFFF <= 65_536 else { throw .notARecord }
        let digest = try Self.read(all, &offset)
        guard Self.digest(all.extracting(Self.headLength..<all.count)) == digest else { throw .damaged }
        key = HashKey(try Self.read(all, &offset), try Self.read(all, &offset))
        workers = []
        for _ in 0..<Int(kind & 0xFFFF_FFFF) {
            guard let queue = UInt16(exactly: try Self.read(all, &offset)) else { throw .notARecord }
            let last = try Self.read(all, &offset)
            let count = try Self.read(all, &offset)
            guard count <= UInt64(all.count - offset) else { throw .notARecord }
            let flows = Array(bytes[offset..<offset + Int(count)])
            offset += Int(count)
            workers.append(WorkerRecord(queue: queue, lastID: UInt32(exactly: last), flows: flows))
        }
        guard offset == all.count else { throw .notARecord }
    }

    private static func write(_ number: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number &>> shift)) }
    }

    private static func read(_ bytes: Span<UInt8>, _ offset: inout Int) throws(Fault) -> UInt64 {
        guard bytes.count - offset >= 8 else { throw .notARecord }
        defer { offset += 8 }
        return word(bytes, at: offset)
    }

    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        var number: UInt64 = 0
        for index in 0..<8 { number |= UInt64(bytes[offset &+ index]) &<< UInt64(8 &* index) }
        return number
    }

    /// Tells octets that were changed or cut on the way from those that were not; no protection against whoever wants to deceive.
    private static func digest(_ bytes: Span<UInt8>) -> UInt64 {
        var digest = UInt64(bytes.count) &* 0x9E37_79B9_7F4A_7C15
        var offset = 0
        while bytes.count - offset >= 8 {
            digest = (digest ^ word(bytes, at: offset)) &* 0xFF51_AFD7_ED55_8CCD
            digest ^= digest &>> 32
            offset += 8
        }
        while offset < bytes.count {
            digest = (digest ^ UInt64(bytes[offset])) &* 0xFF51_AFD7_ED55_8CCD
            digest ^= digest &>> 32
            offset += 1
        }
        return digest
    }
}
