import Blocklists
import Inspection
import ListFiles
import SensorConfiguration
import Synchronization
import SystemPackage

/// The configuration that a command was given: a file, or lists on the command line.
struct ConfigurationFile: Sendable {
    /// The file, nil where the command line says everything.
    let path: String?

    /// Lists given on the command line: the file's name without its ending is the id, subdomains too, action drop.
    let lists: [String]

    /// Whether bad lines are left out.
    let isLenient: Bool

    /// The key of snapshots among ``lists``; nil where none is sealed.
    var sealKey: String?

    private let last = LastText()

    /// Reads and checks the configuration: the file, its drop-ins, and the lists of the command line.
    func read() throws -> SensorConfiguration {
        var configuration = SensorConfiguration()
        if let path { configuration = try last.configuration(of: try ConfigurationFileText.load(path)) }
        return try withLists(configuration)
    }

    /// A configuration with the lists of the command line.
    func withLists(_ configuration: SensorConfiguration) throws -> SensorConfiguration {
        var configuration = configuration
        for path in lists {
            for list in try Self.lists(in: path) {
                guard list.id != SensorConfiguration.endpointsID,
                    configuration.lists.contains(where: { $0.id == list.id }) == false
                else {
                    throw FileFailure(
                        description: "\(path): a list named \"\(list.id)\" is there already; "
                            + (list.format == .snapshot ? "leave one of them out" : "rename one of the files")
                    )
                }
                configuration.lists.append(list)
                configuration.lists[configuration.lists.count - 1].sealKey = sealKey
            }
        }
        return configuration
    }

    /// The lists that a file on the command line stands for: every one of a snapshot, and otherwise one with the id of the file's name.
    private static func lists(in path: String) throws -> [SensorConfiguration.List] {
        guard SnapshotFile.isSnapshot(at: path) else {
            return [SensorConfiguration.List(id: try id(of: path), path: path)]
        }
        return try SnapshotFile.header(at: path).lists.map { list in
            SensorConfiguration.List(id: list.descriptor.id, path: path, format: .snapshot)
        }
    }

    static func text(of path: String) throws -> String {
        do {
            let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            return try descriptor.closeAfter {
                var bytes: [UInt8] = []
                var piece = [UInt8](repeating: 0, count: 65_536)
                while true {
                    // SAFETY: the buffer is held exclusively while the call lasts.
                    let count = try unsafe piece.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
                    guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
                    bytes += piece[..<count]
                }
            }
        } catch let error as Errno {
            throw FileFailure(description: "\(path): cannot be read: \(error)")
        }
    }

    /// The list id that a file's name gives: without its ending, in lower case, other characters as hyphens.
    static func id(of path: String) throws -> String {
        let name = FilePath(path).stem ?? ""
        let id = String(name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
        guard ListDescriptor.isValid(id: id) else {
            throw FileFailure(
                description: "\(path): the file's name gives no list id; rename it to letters, digits and hyphens"
            )
        }
        return id
    }
}

/// The texts that were read last, and what they say.
///
/// The TOML library never frees what it has parsed, some kilobytes each time, so that a sensor that reloads every few minutes would grow for
/// as long as it runs; texts that have not changed are not parsed again.
private final class LastText: Sendable {
    private let last = Mutex<(files: [ConfigurationFileText], configuration: SensorConfiguration)?>(nil)

    func configuration(of files: [ConfigurationFileText]) throws(ConfigurationError) -> SensorConfiguration {
        if let known = last.withLock({ $0 }), known.files == files { return known.configuration }
        let configuration = try ConfigurationReading(files).get()
        last.withLock { $0 = (files, configuration) }
        return configuration
    }
}

extension SensorConfiguration {
    /// What each of `workers` inspectors gets of the limits.
    func inspectorConfiguration(workers: Int) -> InspectorConfiguration {
        var inspector = InspectorConfiguration()
        inspector.inspectsDNS = inspectsDNS
        inspector.inspectsDNSAnswers = inspectsDNSAnswers
        inspector.countsEncryptedDNS = countsEncryptedDNS
        inspector.fragmentBudget = max(1 << 20, flowMemory / 8 / workers)
        inspector.inspectsTLS = inspectsTLS
        inspector.inspectsQUIC = inspectsQUIC
        inspector.inspectsHTTP = inspectsHTTP
        inspector.flowCapacity = max(1_024, flows / workers)
        inspector.streamBudget = max(1 << 20, flowMemory / workers)
        inspector.attemptWindow = UInt64(statistics.attemptWindow) * 1_000_000_000
        return inspector
    }
}

/// The lists and limits that a replay works with: the same lists as in the sensor, but whatever they hold.
func loadBlocklist(_ file: ConfigurationFile) throws -> (Blocklist, InspectorConfiguration) {
    let loaded = try LoadedLists(file)
    return (loaded.active.blocklist(), loaded.configuration.inspectorConfiguration(workers: 1))
}

/// The lists of a configuration or of the command line, read for a person rather than for the sensor.
struct LoadedLists {
    let configuration: SensorConfiguration
    let plan: ListPlan
    let active: ActiveLists

    /// Reads the lists, and says on standard error what of them was left out.
    init(_ file: ConfigurationFile) throws {
        configuration = try file.read()
        plan = try configuration.plan(isLenient: file.isLenient)
        var judged = plan
        // Who tries a list wants to see what it does, and not that the sensor would not take it.
        // A snapshot has been through that already.
        for (index, list) in judged.lists.enumerated() {
            let isSnapshot = list.format == .snapshot || SnapshotFile.isSnapshot(at: list.path)
            judged.lists[index].gates.gates.formIntersection(isSnapshot ? [] : [.rejects])
        }
        let update = try ListLoader(judged, key: .random()).load()
        guard update.refused.isEmpty else { throw ListFileError.refused(update.refused) }
        for reading in update.readings { warn(of: reading) }
        var active = ActiveLists()
        active.lists = update.accepted
        active.allowed = update.allowed
        active.protected = update.protected
        self.active = active
    }
}

/// Says on standard error what was left out of a list file.
func warn(of reading: ListReading) {
    for line in reading.toldLines { Grindvakt.warn("\(line.path):\(line.line): left out: \(line.cause.description)") }
    let count = reading.rejectedCount + reading.notEnforceableCount
    if count > 0 { Grindvakt.warn("\(reading.path): \(count) lines left out in all") }
}

extension ListReading {
    /// The lines that were left out and are told one by one, in the order of the file.
    var toldLines: [RejectedLine] {
        (rejectedLines + notEnforceableLines).sorted { $0.line < $1.line }.prefix(Self.maximumToldLines).map(\.self)
    }
}

extension Grindvakt {
    /// A line on standard error that ends nothing.
    static func warn(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll("grindvakt: \(text)\n".utf8)
    }
}
