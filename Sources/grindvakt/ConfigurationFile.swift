import Blocklists
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
                    throw Refusal(
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

    /// The list id that a file's name gives: without its ending, in lower case, other characters as hyphens.
    static func id(of path: String) throws -> String {
        let name = FilePath(path).stem ?? ""
        let id = String(name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
        guard ListDescriptor.isValid(id: id) else {
            throw Refusal(
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
