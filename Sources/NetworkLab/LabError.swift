/// Why a lab could not be set up or used; `description` is one line for the user.
package enum LabError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Network namespaces need root.
    case missingPrivilege
    /// Programs that are not installed.
    case missingPrograms([String])
    /// A program of the set-up ended with an error; `detail` is the first line it wrote.
    case failed(command: String, detail: String)
    /// Something that was started did not become ready in time; `detail` is the last line it wrote.
    case notReady(String, detail: String)
    /// The signal that ended the lab early.
    case interrupted(Int32)

    /// The exit status of the command line: 3 for a missing privilege or program, else 1.
    package var exitStatus: Int32 {
        switch self {
        case .missingPrivilege, .missingPrograms: 3
        case .failed, .notReady, .interrupted: 1
        }
    }

    /// One line that names the object, what is wrong and the mend.
    package var description: String {
        switch self {
        case .missingPrivilege:
            return "network namespaces: missing privilege CAP_SYS_ADMIN; run as root"
        case .missingPrograms(let programs):
            let packages = Set(programs.map { Self.debianPackages[$0] ?? $0 }).sorted().joined(separator: " ")
            return "not installed: \(programs.joined(separator: ", ")); "
                + "run: apt-get install --no-install-recommends \(packages)"
        case .failed(let command, let detail):
            return "`\(command)` failed: \(detail)"
        case .notReady(let what, let detail):
            return "\(what) did not become ready: \(detail.isEmpty ? "it wrote nothing" : detail)"
        case .interrupted(let signal):
            return "interrupted by signal \(signal); everything was tidied up"
        }
    }

    private static let debianPackages = [
        "ip": "iproute2", "ss": "iproute2", "dnsmasq": "dnsmasq-base", "dig": "bind9-dnsutils",
        "iptables": "iptables", "iptables-save": "iptables", "iptables-restore": "iptables",
        "nft": "nftables", "ping": "iputils-ping",
    ]
}
