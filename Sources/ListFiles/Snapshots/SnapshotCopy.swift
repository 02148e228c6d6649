import Synchronization
import SystemPackage

/// A copy of a snapshot file in a folder where nobody else writes, mapped, and without a name until it is kept.
///
/// Without a name nobody can open it, and it is gone with the process. Its permissions are 0600 from the beginning.
final class SnapshotCopy: Sendable {
    /// The copy's body.
    let memory: SnapshotMemory

    private let file: Mutex<AtomicFile?>

    /// Copies a file; nil where that cannot be done or the copy cannot be locked in memory.
    init?(of source: borrowing OpenedSnapshot, in folder: String) {
        do {
            var copy = try AtomicFile(Self.path(of: source.signedOctets, in: folder), mode: 0o600)
            let (offset, count) = try source.append(to: &copy)
            let descriptor = FileDescriptor(rawValue: try copy.readableDescriptor())
            memory = try SnapshotMemory(locking: descriptor, offset: offset, count: count)
            file = Mutex(copy)
        } catch {
            return nil
        }
    }

    /// Where `folder` has the copy of a file that begins with these octets, which hold the digest of all the others.
    static func path(of signedOctets: [UInt8], in folder: String) -> String {
        "\(folder)/\(ContentDigest(of: signedOctets)).snapshot"
    }

    /// Brings the copy to the disk and gives it its name.
    ///
    /// - Returns: false where it was given one before.
    func keep() throws(TrustError) -> Bool {
        guard let file = file.withLock({ $0.take() }) else { return false }
        try file.commit()
        return true
    }
}
