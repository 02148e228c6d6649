import Blocklists
import ListFiles
import NetworkLab
import Testing

extension Site {
    /// The state directory of a sensor that ``startSensor(tables:environment:)`` started.
    var state: String { lab.path("state") }

    /// Starts the sensor with these tables of lists and the like and a state directory, and waits until it says that it is ready.
    func startSensor(tables: String, environment: [String] = []) async throws -> LabProcess {
        let configuration = try lab.write(
            """
            [sensor]
            queues = "0:1"

            \(tables)

            [state]
            directory = "state"

            [metrics]
            socket = "\(socket)"

            """,
            to: "grindvakt.toml"
        )
        let prefix = environment.isEmpty ? [] : ["env"] + environment
        let sensor = lab.spawn(prefix + [binary, "run", "--config", configuration], on: lab.router)
        try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
        return sensor
    }

    /// Asks the sensor to change something.
    ///
    /// - Returns: the status of its answer and the answer itself.
    func post(_ path: String, _ body: String = "") async throws -> (status: Int, body: String) {
        let answer = try await Command.output(
            [
                "curl", "-sS", "--max-time", "30", "--unix-socket", socket, "--data-binary", "@-", "--write-out",
                "%{http_code}", "http://localhost\(path)",
            ],
            input: body
        )
        return (try #require(Int(answer.suffix(3)), "\(answer)"), String(answer.dropLast(3)))
    }

    /// Asks the sensor to change something, which it has to do.
    func change(_ path: String, _ body: String = "") async throws {
        let answer = try await post(path, body)
        try #require(answer.status == 200, "\(path): \(answer)")
    }

    /// Whether a reload is refused with status 2, for all of these reasons.
    func isReloadRefused(_ reasons: String...) async throws -> Bool {
        let result = try await grindvakt(["reload", "--socket", socket])
        for reason in reasons { #expect(result.errors.contains(reason), "no \(reason) in \(result)") }
        #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
        return result.status == .exited(2)
    }

    /// Asks for a page over TLS.
    func curl(_ name: String, trusting certificate: String, within seconds: Int) async throws -> CommandResult {
        try await lab.client.run(
            [
                "curl", "-sS", "--max-time", "\(seconds)", "--cacert", certificate, "--output", lab.path("page"),
                "--connect-to", "\(name):443:\(lab.server.ipv4[0]):443", "--write-out", "%{http_code}",
                "https://\(name)/",
            ],
            timeLimit: .seconds(seconds + 40)
        )
    }

    /// How many times a text is found in the files of the state directory.
    func stateMentions(_ text: String) async throws -> Int {
        let found = try await Command.run(["grep", "-r", "-a", "-i", "-c", "-h", text, state])
        return found.output.split(separator: "\n").compactMap { Int($0) }.reduce(0, +)
    }
}

/// A snapshot file in the making.
struct Edition {
    /// The list's entries.
    var names: [String]
    /// The list's name.
    var id = "dropped"
    /// What is done with it.
    var action = Action.drop
    /// The number of the edition; a list that is signed needs one.
    var sequence: UInt64?
    /// The key that seals it; without one the file has its own key in it.
    var seal: SealKey?
    /// The keys that sign it.
    var signers: [SigningKey] = []

    /// Writes the snapshot to a file.
    func write(to path: String) throws {
        var builder = BlocklistBuilder(
            lists: [ListDescriptor(id: id, action: action)],
            key: seal?.hashKey() ?? .random()
        )
        for name in names {
            builder.add(ListEntry(name: try ListName.parse(name), scope: [.itself, .subdomains]), list: 0)
        }
        builder.lists[0].sequence = sequence
        builder.lists[0].issuedAt = sequence.map { _ in UInt64(Timestamp.now.seconds) }
        try SnapshotFile.write(
            builder.buildSnapshot(),
            to: path,
            isSealed: seal != nil,
            createdAt: UInt64(Timestamp.now.seconds),
            signedBy: signers
        )
    }
}
