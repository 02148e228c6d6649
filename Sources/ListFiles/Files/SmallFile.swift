import Glibc

/// Small files that are read as a whole.
package enum SmallFile {
    /// What a file of at most `limit` octets holds, or nil where there is none.
    package static func readIfPresent(_ path: String, limit: Int) throws(TrustError) -> [UInt8]? {
        do throws(TrustError) {
            return try read(path, limit: limit)
        } catch {
            guard error.fault == .unreadable(.missing) else { throw error }
            return nil
        }
    }

    /// What a file holds.
    package static func read(_ path: String, limit: Int) throws(TrustError) -> [UInt8] {
        try read(path, limit: limit, allowing: 0o7777)
    }

    /// What a file of secrets holds, which nobody but its owner may be able to read or write.
    ///
    /// Of a path `credential:NAME` it is what systemd passed to this process under that name, whose permissions systemd cares for.
    static func readSecret(_ path: String, limit: Int) throws(TrustError) -> [UInt8] {
        let prefix = "credential:"
        guard path.hasPrefix(prefix) else { return try read(path, limit: limit, allowing: 0o7700) }
        let name = path.dropFirst(prefix.count)
        guard name.isEmpty == false, name.utf8.count <= 255, name != ".", name != "..",
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
        else { throw TrustError(path, .badCredentialName) }
        // SAFETY: the name ends in zero; the string is copied at once, and nobody changes the environment.
        let folder = unsafe getenv("CREDENTIALS_DIRECTORY").map { unsafe String(cString: $0) }
        guard let folder, folder.hasPrefix("/") else { throw TrustError(path, .noCredentialsFolder) }
        return try read("\(folder)/\(name)", limit: limit)
    }

    private static func read(_ path: String, limit: Int, allowing mode: mode_t) throws(TrustError) -> [UInt8] {
        let fault: TrustFault
        do throws(SystemCause) {
            let file = try OpenFile(path, O_RDONLY)
            let status = try file.status()
            if status.isRegular == false {
                fault = .notAFile
            } else if status.mode & ~mode != 0 {
                fault = .exposedSecret
            } else if let content = try file.readAll(limit: limit) {
                return content
            } else {
                fault = .tooLong(limit: limit)
            }
        } catch {
            fault = .unreadable(error)
        }
        throw TrustError(path, fault)
    }
}

// MARK: - Damaged files

extension SmallFile {
    /// Gives a damaged file a second name that no file has; it loses the first when a new one takes its place, so that there is a file at every
    /// moment.
    ///
    /// - Returns: the name.
    static func giveSecondName(_ path: String) throws(TrustError) -> String {
        for number in 1...999 {
            let place = "\(path).damaged-\(number)"
            // SAFETY: both strings live for the time of the call and end in zero.
            if unsafe link(path, place) == 0 { return place }
            guard errno == EEXIST else { break }
        }
        throw TrustError(path, .unwritable(SystemCause(errno)))
    }

    /// Waits until no other process holds the lock that this file stands for, and holds it until what is returned goes out of use.
    static func lock(_ path: String) throws(TrustError) -> OpenFile {
        do throws(SystemCause) {
            let file = try OpenFile(path, O_RDWR | O_CREAT, mode: 0o600)
            try file.lock()
            return file
        } catch {
            throw TrustError(path, .unwritable(error))
        }
    }
}
