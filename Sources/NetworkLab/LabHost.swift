/// One host of the lab: a network namespace with its addresses.
package struct LabHost: Sendable {
    /// The name of the network namespace, as `ip netns` knows it.
    package let namespace: String
    /// The host's IPv4 addresses; the router has two, the clients' side first.
    package let ipv4: [String]
    /// The host's IPv6 addresses; the router has two, the clients' side first.
    package let ipv6: [String]

    /// The host's first IPv4 address, then its first IPv6 address.
    package var addresses: [String] {
        [ipv4.first, ipv6.first].compactMap { $0 }
    }

    /// The command as it is run inside the host's network namespace.
    package func inside(_ command: [String]) -> [String] {
        ["ip", "netns", "exec", namespace] + command
    }

    /// Runs a command on this host to its end, see `Command.run`.
    ///
    /// - Parameters:
    ///   - command: the program and its arguments.
    ///   - input: what the command reads from standard input.
    ///   - timeLimit: the time after which the command and its process group are killed.
    /// - Returns: how the command ended and what it wrote.
    /// - Throws: what `Command.run` throws.
    package func run(
        _ command: [String],
        input: String = "",
        timeLimit: Duration = .seconds(60)
    ) async throws -> CommandResult {
        try await Command.run(inside(command), input: input, timeLimit: timeLimit)
    }

    /// Whether something on this host listens on a port, on every one of `addresses`.
    ///
    /// - Throws: `LabError` where `ss` fails.
    package func isListening(on port: UInt16, transport: Transport, addresses: [String]) async throws -> Bool {
        let list = try await Command.output(inside(["ss", "-H", "-l", "-n", transport.option]))
        let local = Set(list.split(separator: "\n").flatMap { $0.split(separator: " ") }.map(String.init))
        return addresses.allSatisfy { address in
            local.contains(address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)")
        }
    }

    /// The transports that a port belongs to.
    package enum Transport: Sendable {
        /// TCP.
        case tcp
        /// UDP.
        case udp

        fileprivate var option: String {
            switch self {
            case .tcp: "-t"
            case .udp: "-u"
            }
        }
    }
}
