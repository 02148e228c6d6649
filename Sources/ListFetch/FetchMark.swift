import SystemPackage

/// A file that says that lists were replaced since someone last looked.
///
/// Who waits for it removes it and then reads the lists, so that no replacement is missed. It is how the sensor is told of a fetch that
/// has no right over it (`systemd/grindvakt-reload.path`).
package enum FetchMark {
    /// Makes the mark; one that is there already stays.
    ///
    /// - Throws: `FetchError.Cause` where the file cannot be made.
    package static func set(at path: String) throws(FetchError.Cause) {
        do {
            let descriptor = try FileDescriptor.open(
                FilePath(path),
                .writeOnly,
                options: [.create, .closeOnExec, .noFollow],
                permissions: [.ownerReadWrite, .groupRead]
            )
            try descriptor.close()
        } catch {
            throw .writing(path, error)
        }
    }
}
