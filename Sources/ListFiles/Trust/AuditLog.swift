import Glibc

/// The file that says who did what to the lists, one JSON object a line.
///
/// Lines are only ever appended. Each is brought to the disk before ``append(_:)`` returns; one that could not be written whole is taken back.
/// Several processes may append at once, and the file may be moved away at any time: the next line begins a new one.
package struct AuditLog: Sendable {
    /// The file.
    package let path: String

    private static let mode: mode_t = 0o640

    /// The log in this file, be it there or not.
    package init(_ path: String) {
        self.path = path
    }

    /// Appends a record.
    ///
    /// - Throws: where the line is not on the disk: a full disk, a file that cannot be written.
    package func append(_ record: AuditRecord) throws(TrustError) {
        let isRegular: Bool
        do throws(SystemCause) {
            let file = try open()
            isRegular = try file.status().isRegular
            if isRegular {
                try file.lock()
                try Self.append(record.encoded, to: file)
            }
        } catch {
            throw TrustError(path, .unwritable(error))
        }
        guard isRegular else { throw TrustError(path, .notAFile) }
    }

    private static func append(_ line: [UInt8], to file: borrowing OpenFile) throws(SystemCause) {
        let size = try file.status().size
        do throws(SystemCause) {
            // A line that was cut when the machine lost its power spoils itself only.
            let last = size > 0 ? try file.read(at: size - 1) : nil
            let isCut = last != nil && last != 0x0A
            try file.write(((isCut ? [0x0A] : []) + line).span)
            try file.synchronize()
        } catch {
            try? file.truncate(to: size)
            throw error
        }
    }

    private func open() throws(SystemCause) -> OpenFile {
        while true {
            do throws(SystemCause) {
                return try OpenFile(path, O_RDWR | O_APPEND)
            } catch {
                guard error.number == ENOENT else { throw error }
            }
            do throws(SystemCause) {
                let file = try OpenFile(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL, mode: Self.mode)
                try file.setMode(Self.mode)
                return file
            } catch {
                // Another process was faster.
                guard error.number == EEXIST else { throw error }
            }
        }
    }
}
