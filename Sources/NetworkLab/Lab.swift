import Glibc
import Synchronization

/// A client, a router and a server in network namespaces of their own, joined by virtual cables.
///
///     client 192.0.2.2 ─── 192.0.2.1 router 198.51.100.1 ─── 198.51.100.2 server
///            2001:db8:1::2 ─ 2001:db8:1::1  2001:db8:2::1 ─ 2001:db8:2::2
///
/// The addresses are those of the documentation (RFC 5737, RFC 3849). Offloads stay as the kernel sets them, so large
/// segments travel as on a real host. Nothing outside the namespaces and one temporary folder is touched.
package final class Lab: Sendable {
    /// The host that asks; its routes lead to the router.
    package let client: LabHost
    /// The host between the two, which forwards IPv4 and IPv6.
    package let router: LabHost
    /// The host that answers.
    package let server: LabHost
    /// A folder for the lab's files, readable by root alone, removed with the lab.
    package let folder: String

    private let processes = Mutex<[LabProcess]>([])

    private init(folder: String, name: String) {
        self.folder = folder
        client = LabHost(namespace: "\(name)-client", ipv4: ["192.0.2.2"], ipv6: ["2001:db8:1::2"])
        router = LabHost(
            namespace: "\(name)-router",
            ipv4: ["192.0.2.1", "198.51.100.1"],
            ipv6: ["2001:db8:1::1", "2001:db8:2::1"]
        )
        server = LabHost(namespace: "\(name)-server", ipv4: ["198.51.100.2"], ipv6: ["2001:db8:2::2"])
    }

    // MARK: - Life

    /// Sets a lab up; what dead runs have left behind is removed first.
    ///
    /// The caller owns the lab and calls `tearDown`; `withLab` does that, and on signals too.
    /// - Throws: `LabError`; nothing is left behind then.
    static func make() async throws -> Lab {
        guard geteuid() == 0 else { throw LabError.missingPrivilege }
        try await Command.require(["ip", "ss"])
        await removeLeftOvers()
        let folder = try makeFolder()
        let lab = Lab(folder: folder, name: String(folder.split(separator: "/").last ?? ""))
        do {
            try await lab.connect()
        } catch {
            await lab.tearDown()
            throw error
        }
        return lab
    }

    /// Runs `body` with a lab and tears the lab down, also where `body` throws and on SIGINT, SIGTERM and SIGHUP.
    ///
    /// A signal cancels the task of `body`.
    /// - Parameters:
    ///   - watchesSignals: whether the signals are watched; they are the process's, so one lab at a time may watch.
    ///   - body: what to do with the lab.
    /// - Returns: what `body` returns.
    /// - Throws: what `make` and `body` throw; `LabError.interrupted` after a signal.
    package static func withLab<Value: Sendable>(
        watchingSignals watchesSignals: Bool = true,
        _ body: @escaping @Sendable (Lab) async throws -> Value
    ) async throws -> Value {
        let signals = SignalWatch(watchesSignals ? [SIGINT, SIGTERM, SIGHUP] : [])
        defer { signals.end() }
        return try await withThrowingTaskGroup(of: Outcome<Value>.self) { tasks in
            tasks.addTask {
                let lab = try await make()
                do {
                    let value = try await body(lab)
                    await lab.tearDown()
                    return .finished(value)
                } catch {
                    await lab.tearDown()
                    throw error
                }
            }
            tasks.addTask { [received = signals.received] in
                for await signal in received {
                    return .interrupted(signal)
                }
                return .undisturbed
            }
            while let outcome = try await tasks.next() {
                switch outcome {
                case .finished(let value):
                    tasks.cancelAll()
                    return value
                case .interrupted(let signal):
                    tasks.cancelAll()
                    // The lab is gone when the task of the body has ended; how it ended no longer matters.
                    _ = await tasks.nextResult()
                    throw LabError.interrupted(signal)
                case .undisturbed:
                    continue
                }
            }
            throw CancellationError()
        }
    }

    private enum Outcome<Value: Sendable>: Sendable {
        case finished(Value)
        case interrupted(Int32)
        case undisturbed
    }

    /// Ends the processes that the lab started, removes its namespaces and its folder; may be called again.
    ///
    /// Works in a cancelled task too.
    func tearDown() async {
        await Task {
            let processes = self.processes.withLock { processes in
                defer { processes = [] }
                return processes
            }
            await withTaskGroup(of: Void.self) { tasks in
                for process in processes {
                    tasks.addTask { await process.stop() }
                }
            }
            await Self.remove(namespaces: [self.client, self.router, self.server].map(\.namespace))
            _ = try? await Command.run(["rm", "-rf", "--", self.folder])
        }.value
    }

    // MARK: - Use

    /// Starts a long-running command on a host; it is ended with the lab.
    package func spawn(_ command: [String], on host: LabHost) -> LabProcess {
        let process = LabProcess(host.inside(command))
        processes.withLock { $0.append(process) }
        return process
    }

    /// The path of a file in the lab's folder.
    package func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Writes a file into the lab's folder; one of the same name is replaced as a whole.
    ///
    /// - Returns: its path.
    /// - Throws: `LabError.failed` where the file cannot be written.
    @discardableResult
    package func write(_ text: String, to name: String) throws -> String {
        let path = path(name)
        let fresh = "\(path).new"
        // SAFETY: the path is a string that lives through the call.
        let descriptor = unsafe open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.fileError("open", path) }
        defer { close(descriptor) }
        var text = text
        let isWritten = text.withUTF8 { bytes in
            // SAFETY: the buffer holds `count` bytes and lives through the call; regular files take short texts whole.
            unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count) == bytes.count
        }
        // SAFETY: both paths are strings that live through the call.
        guard isWritten, unsafe rename(fresh, path) == 0 else { throw Self.fileError("write", path) }
        return path
    }

    /// The path of the program that runs now.
    ///
    /// - Throws: `LabError.failed` where /proc is not mounted.
    package static func ownExecutable() throws -> String {
        // SAFETY: realpath returns a string that the caller frees, or null.
        guard let path = unsafe realpath("/proc/self/exe", nil) else { throw fileError("read", "/proc/self/exe") }
        // SAFETY: the string came from realpath, ends with a zero and is freed once, after it was copied.
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    // MARK: - Set-up

    private static func makeFolder() throws -> String {
        var template = Array("/tmp/grindvakt-\(getpid())-XXXXXX".utf8CString)
        // SAFETY: the array holds the template with its final zero, and mkdtemp writes no further.
        guard unsafe mkdtemp(&template) != nil else { throw fileError("mkdtemp", "/tmp") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func fileError(_ call: String, _ path: String) -> LabError {
        let code = errno
        // SAFETY: strerror returns a string that stays valid until the next call on this thread, or null.
        let detail = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return .failed(command: "\(call) \(path)", detail: detail)
    }

    private func connect() async throws {
        let hosts = [client, router, server]
        try await Command.output(
            ["ip", "-batch", "-"],
            input: hosts.map { "netns add \($0.namespace)\n" }.joined() + """
                link add uplink netns \(client.namespace) type veth peer name clients netns \(router.namespace)
                link add uplink netns \(server.namespace) type veth peer name servers netns \(router.namespace)

                """
        )
        try await configure(client, links: ["uplink"], gateway: (router.ipv4[0], router.ipv6[0]))
        try await configure(router, links: ["clients", "servers"], gateway: nil)
        try await configure(server, links: ["uplink"], gateway: (router.ipv4[1], router.ipv6[1]))
        let forward = "echo 1 > /proc/sys/net/ipv4/ip_forward && echo 1 > /proc/sys/net/ipv6/conf/all/forwarding"
        try await Command.output(router.inside(["sh", "-c", forward]))
        for host in hosts {
            let isUp = try await Command.wait(atMost: .seconds(20)) {
                let links = try await Command.output(["ip", "-n", host.namespace, "-o", "link", "show", "type", "veth"])
                let tentative = try await Command.output([
                    "ip", "-n", host.namespace, "-6", "addr", "show", "tentative",
                ])
                return links.split(separator: "\n").allSatisfy { $0.contains("state UP") } && tentative.isEmpty
            }
            guard isUp else { throw LabError.notReady("network namespace \(host.namespace)", detail: "a link is down") }
        }
    }

    private func configure(_ host: LabHost, links: [String], gateway: (ipv4: String, ipv6: String)?) async throws {
        var batch = "link set lo up\n"
        for (index, link) in links.enumerated() {
            batch += """
                addr add \(host.ipv4[index])/24 dev \(link)
                addr add \(host.ipv6[index])/64 dev \(link) nodad
                link set \(link) up

                """
        }
        if let gateway {
            batch += "route add default via \(gateway.ipv4)\nroute add ::/0 via \(gateway.ipv6)\n"
        }
        try await Command.output(["ip", "-n", host.namespace, "-batch", "-"], input: batch)
    }

    // MARK: - Removal

    /// Removes the namespaces and folders of labs whose process is gone, and ends what still runs inside.
    private static func removeLeftOvers() async {
        let list = (try? await Command.output(["ip", "netns", "list"])) ?? ""
        for line in list.split(separator: "\n") {
            let namespace = String(line.split(separator: " ").first ?? "")
            let parts = namespace.split(separator: "-")
            guard parts.count == 4, parts[0] == "grindvakt", let process = pid_t(parts[1]), process > 0,
                ["client", "router", "server"].contains(parts[3]), !isAlive(process)
            else { continue }
            let inside = (try? await Command.output(["ip", "netns", "pids", namespace])) ?? ""
            for process in inside.split(separator: "\n").compactMap({ pid_t($0) }) where process > 1 {
                kill(process, SIGKILL)
            }
            await remove(namespaces: [namespace])
            _ = try? await Command.run(["rm", "-rf", "--", "/tmp/\(parts[0...2].joined(separator: "-"))"])
        }
    }

    /// Whether a process runs; one that has ended and waits for its parent has no program any more.
    private static func isAlive(_ process: pid_t) -> Bool {
        // SAFETY: the path is a string that lives through the call.
        unsafe access("/proc/\(process)/exe", F_OK) == 0
    }

    private static func remove(namespaces: [String]) async {
        for namespace in namespaces {
            _ = try? await Command.run(["ip", "netns", "delete", namespace])
        }
    }
}
