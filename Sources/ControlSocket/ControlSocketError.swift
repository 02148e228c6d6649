/// Why the control socket cannot be opened; each is one line that names the path and the mend.
package enum ControlSocketError: Error, Equatable, CustomStringConvertible {
    /// Another process listens at the path.
    case inUse(String)
    /// Something that is not a socket is at the path; it is left alone.
    case notASocket(String)
    /// The path does not fit into a Unix socket address.
    case pathTooLong(String, limit: Int)
    /// The directory of the path does not exist, nor does the one above it.
    case noDirectory(String)
    /// There is no group of this name.
    case noGroup(String)
    /// The process may not give its files to this group.
    case groupNotPermitted(path: String, group: String)
    /// What was given is no address in digits.
    case notAnAddress(String)
    /// Another process listens at the address and port.
    case addressInUse(String)
    /// The host has no such address.
    case addressMissing(String)
    /// A call failed, with the system's reason.
    case failed(path: String, call: String, errno: CInt, reason: String)

    /// The line for the operator.
    package var description: String {
        switch self {
        case .inUse(let path):
            "\(path): another process is listening there; stop it or choose another socket"
        case .notASocket(let path):
            "\(path): exists and is not a socket; move it away or choose another socket"
        case .pathTooLong(let path, let limit):
            "\(path): longer than the \(limit) bytes a socket's path may have; choose a shorter one"
        case .noDirectory(let path):
            "\(path): no such directory; create it or choose another socket"
        case .noGroup(let group):
            "group \(group): there is no such group; create it, or name another one in [metrics]"
        case .groupNotPermitted(let path, let group):
            "\(path): the sensor's user may not give it to group \(group); make the user a member, or set SupplementaryGroups= and SystemCallFilter=@chown in the unit"
        case .notAnAddress(let address):
            "\(address): not an address in digits and a port; write it like 127.0.0.1:9469 or [::1]:9469"
        case .addressInUse(let address):
            "\(address): another process is listening there; stop it or choose another port"
        case .addressMissing(let address):
            "\(address): this host has no such address; choose one of its own, like 127.0.0.1"
        case .failed(let path, let call, _, let reason):
            "\(path): cannot open the control socket: \(call): \(reason)"
        }
    }
}
