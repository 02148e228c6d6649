import Blocklists
import Inspection
import ListFiles
import SensorConfiguration
import SystemPackage
import Telemetry

/// The configuration that a command was given: a file, or lists on the command line.
struct ConfigurationFile: Sendable {
    /// The file, nil where the command line says everything.
    let path: String?

    /// Lists given on the command line: the file's name without its ending is the id, subdomains too, action drop.
    let lists: [String]

    /// Whether bad lines are left out.
    let isLenient: Bool

    /// Reads and checks the configuration.
    func read() throws -> SensorConfiguration {
        var configuration = SensorConfiguration()
        if let path { configuration = try SensorConfiguration(text: Self.text(of: path), path: path) }
        for list in lists {
            let id = try Self.id(of: list)
            guard id != SensorConfiguration.endpointsID, configuration.lists.contains(where: { $0.id == id }) == false
            else {
                throw FileFailure(
                    description: "\(list): a list named \"\(id)\" is there already; rename one of the files"
                )
            }
            configuration.lists.append(
                SensorConfiguration.List(id: id, path: list, format: .domains, match: .subdomains, action: .drop)
            )
        }
        return configuration
    }

    /// Reads the lists of a configuration.
    ///
    /// - Parameters:
    ///   - configuration: the configuration that names them.
    ///   - slots: where the lists' matches are counted; nil where nothing is.
    /// - Returns: the blocklist, and the lines that were left out.
    /// - Throws: ``ListFileError``, or a ``FileFailure`` where too many lists were in use.
    func load(
        _ configuration: SensorConfiguration,
        slots: ListSlots? = nil
    ) throws -> (blocklist: Blocklist, rejected: [RejectedLine]) {
        var sources = try configuration.lists.map { list in
            guard let slot = slots.map({ $0.slot(id: list.id, action: list.action.rawValue) }) ?? 0 else {
                throw FileFailure(
                    description:
                        "list \"\(list.id)\": more than \(Counters.slotCapacity) lists were used since the start; restart the sensor"
                )
            }
            let descriptor = ListDescriptor(id: list.id, action: list.action, match: list.match, counterSlot: slot)
            return ListSource(path: list.path, format: list.format, descriptor: descriptor)
        }
        if let endpoints = configuration.endpoints {
            let descriptor = ListDescriptor(
                id: SensorConfiguration.endpointsID,
                purpose: .encryptedDNS,
                action: .observe,
                match: .exact
            )
            sources.append(ListSource(path: endpoints, format: .domains, descriptor: descriptor))
        }
        return try ListLoader(lists: sources, allow: configuration.allow, isLenient: isLenient).load()
    }

    private static func text(of path: String) throws -> String {
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
    private static func id(of path: String) throws -> String {
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
        return inspector
    }
}

/// The lists and limits that a replay works with.
func loadBlocklist(lists: [String], configuration: String?, isLenient: Bool) throws -> (
    Blocklist, InspectorConfiguration
) {
    let file = ConfigurationFile(path: configuration, lists: lists, isLenient: isLenient)
    let configuration = try file.read()
    let (blocklist, rejected) = try file.load(configuration)
    for line in rejected { Grindvakt.warn("\(line.path):\(line.line): left out: \(line.cause.description)") }
    if rejected.isEmpty == false { Grindvakt.warn("\(rejected.count) lines left out in all") }
    return (blocklist, configuration.inspectorConfiguration(workers: 1))
}

extension Grindvakt {
    /// A line on standard error that ends nothing.
    static func warn(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll("grindvakt: \(text)\n".utf8)
    }
}
