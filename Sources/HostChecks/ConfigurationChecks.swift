import ControlSocket
package import SensorConfiguration

/// What `grindvakt config check` asks of what a configuration names: files, folders, a group. It reads and asks, and changes nothing.
package struct ConfigurationChecks: Sendable {
    /// What came of looking at one thing.
    package enum Outcome: String, Sendable {
        /// It can be used.
        case ok
        /// It cannot be used.
        case fault
        /// It could not be looked at here.
        case unchecked = "not checked"
    }

    /// One thing, and what came of it.
    package struct Result: Equatable, Sendable {
        /// What came of it.
        package let outcome: Outcome
        /// What it is, and what is wrong with it or why it was not looked at.
        package let text: String

        /// What came of looking at one thing.
        package init(_ outcome: Outcome, _ text: String) {
            self.outcome = outcome
            self.text = text
        }
    }

    /// What was looked at, in the order of the configuration.
    package private(set) var results: [Result] = []

    /// Looks at what a configuration names.
    package init(_ configuration: SensorConfiguration) {
        for file in HostGatherer.files(of: configuration) { look(at: file) }
        for path in credentials(of: configuration) {
            note(.unchecked, "\(path): systemd passes it to the unit alone")
        }
        if let path = configuration.fetch.certificateAuthority { look(at: path, as: "certificate authority") }
        if let folder = configuration.gates.approvals { look(in: folder, as: "approvals") }
        if let folder = configuration.state.directory { look(in: folder, as: "state directory") }
        if let path = configuration.state.auditLog { look(beside: path, as: "audit log") }
        if configuration.statistics.marketID != nil, let path = configuration.statistics.path {
            look(beside: path, as: "statistics")
        }
        look(atSocket: configuration.socket)
        look(atGroup: configuration.metrics.group)
    }

    /// How many came out so.
    package func count(of outcome: Outcome) -> Int { results.count { $0.outcome == outcome } }

    private mutating func note(_ outcome: Outcome, _ text: String) { results.append(Result(outcome, text)) }

    private mutating func look(at file: HostFacts.ConfiguredFile) {
        switch file.use {
        case .known(nil): note(.ok, "\(file.role): \(file.path)")
        case .known(_) where file.isFetched && HostFile.exists(file.path) == false:
            note(.unchecked, "\(file.role): \(file.path): not there yet; grindvakt list fetch puts it there")
        case .known(let fault?): note(.fault, "\(file.role): \(fault)")
        case .unknown(let reason): note(.unchecked, "\(file.role): \(reason)")
        case .denied: note(.unchecked, "\(file.role): \(file.path): this user may not read it; run this as root")
        }
    }

    private mutating func look(at path: String, as role: String) {
        look(at: HostFacts.ConfiguredFile(role: role, path: path, use: HostFile.readability(path)))
    }

    private mutating func look(in folder: String, as role: String) {
        switch HostFile.directoryFault(folder) {
        case .missing: note(.fault, "\(role): \(folder): there is no such folder; make it")
        case .noDirectory: note(.fault, "\(role): \(folder): is no folder that can be entered; name one")
        // The sensor's user is not the one who asks.
        case .notWritable, nil: note(.ok, "\(role): \(folder)")
        }
    }

    /// Looks at the folder of a file that the sensor makes.
    private mutating func look(beside path: String, as role: String) {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return note(.ok, "\(role): \(path)") }
        let folder = String(path[..<slash])
        if HostFile.directoryFault(folder) == .missing {
            note(.fault, "\(role): \(path): its folder is not there; make it")
        } else {
            note(.ok, "\(role): \(path)")
        }
    }

    private mutating func look(atSocket path: String) {
        // systemd makes the folder when the unit starts.
        guard path.hasPrefix("/run/") else { return look(beside: path, as: "metrics socket") }
        note(.ok, "metrics socket: \(path)")
    }

    private mutating func look(atGroup group: String?) {
        guard let group else { return }
        do throws(ControlSocketError) {
            _ = try SocketAccess(group: group).groupNumber()
            note(.ok, "group: \(group)")
        } catch {
            note(.fault, error.description)
        }
    }

    private func credentials(of configuration: SensorConfiguration) -> [String] {
        var paths: [String] = []
        for path in [configuration.trust.sealKey] + configuration.lists.map(\.sealKey) {
            if let path, path.hasPrefix("credential:"), paths.contains(path) == false { paths.append(path) }
        }
        return paths
    }
}
