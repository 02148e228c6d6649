import Glibc

/// Addresses of Unix sockets (unix(7)).
enum UnixAddress {
    /// The address of a path, or of a name in the abstract space that begins with zero, and its length; nil where it is too long.
    static func make(_ path: [UInt8]) -> (address: sockaddr_un, length: socklen_t)? {
        var address = sockaddr_un()
        guard path.isEmpty == false, path.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        // SAFETY: the path fits, as was checked.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let length = MemoryLayout.offset(of: \sockaddr_un.sun_path).map { $0 + path.count } ?? 0
        return (address, socklen_t(length))
    }
}
