import FuzzingDriver
import Wire

@testable import Blocklists

@main
enum Entry {
    /// Each input is a snapshot file whose checksums are taken for right whatever they are, so that changes get behind them.
    static func main() {
        let names = ["example.test", "www.example.test", "a.b.other.example", "invalid", "a.invalid"].compactMap {
            text in
            let octets = Array(text.utf8)
            return try? DomainName(text: octets.span)
        }
        precondition(names.count == 5)
        fuzz { bytes in
            guard let measures = try? SnapshotHeader.measure(bytes), measures.bodyEnd <= bytes.count else { return }
            let checked = SnapshotHeader.checkedLength
            let stated = (checked..<checked + 16).map { bytes[$0] }
            let beginning = bytes.extracting(0..<measures.bodyOffset)
            guard let header = try? SnapshotHeader(parsing: beginning, checksum: { _, _ in stated }) else { return }
            precondition(header.bodyLength == measures.bodyLength)

            guard let octets = header.encoded(checksum: { _, _ in stated }) else { preconditionFailure() }
            let again = try? SnapshotHeader(parsing: octets.span, checksum: { _, _ in stated })
            precondition(again == header)

            var words = WordBuffer(count: measures.bodyLength / 8)
            for index in 0..<words.count {
                for octet in 0..<8 {
                    words[index] |= UInt64(bytes[measures.bodyOffset + index * 8 + octet]) << UInt64(octet * 8)
                }
            }
            // The key of the sealed seeds.
            let key = header.key ?? HashKey(1, 2)
            guard let snapshot = try? Snapshot(header: header, key: key, words: words) else { return }
            let exemptions = Blocklist.Exemptions(allowed: snapshot, protected: snapshot)
            for blocklist in [
                Blocklist([Blocklist.Part(snapshot)]),
                Blocklist([Blocklist.Part(snapshot), Blocklist.Part(snapshot)], exemptions: exemptions),
            ] {
                var batch = LookupBatch()
                for name in names { batch.add(name.view, in: .dns) }
                batch.lookUp(in: blocklist)
                for (index, name) in names.enumerated() {
                    let found = blocklist.lookUp(name, in: .dns)
                    precondition(batch[index] == found)
                    let lists = (found.match?.lists ?? 0) | (found.exemption?.lists ?? 0)
                    precondition(lists >> UInt64(blocklist.lists.count) == 0)
                    precondition(found.match == nil || found.exemption == nil)
                }
            }
            for list in snapshot.lists.indices {
                guard let difference = snapshot.difference(ofList: list, from: snapshot) else { preconditionFailure() }
                precondition(difference.added <= snapshot.entryCount)
            }
        }
    }
}
