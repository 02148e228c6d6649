package import Blocklists

/// Where a ``HitMemory`` is kept: a file that its owner alone can read.
package struct HitMemoryFile: Sendable {
    /// The file.
    package let path: String

    /// Its name in the sensor's state directory.
    package static let name = "hits"

    /// The memory at this path.
    package init(_ path: String) {
        self.path = path
    }

    /// What is kept; nil where there is no file.
    ///
    /// - Throws: ``TrustError`` where it cannot be read, is damaged, or others may read it.
    package func load() throws(TrustError) -> HitMemory? {
        let octets: [UInt8]
        do throws(TrustError) {
            octets = try SmallFile.readSecret(path, limit: HitMemory.maximumLength)
        } catch {
            guard error.fault == .unreadable(.missing) else { throw error }
            return nil
        }
        do throws(HitMemoryError) {
            return try HitMemory(parsing: octets)
        } catch {
            throw TrustError(path, error == .unknownFormat ? .line(1, .unknownFormat) : .damagedMemory)
        }
    }

    /// Puts a memory into the file's place, mode 0600, as a whole or not at all.
    package func save(_ memory: HitMemory) throws(TrustError) {
        try AtomicFile.write(memory.encoded, to: path, mode: 0o600)
    }
}
