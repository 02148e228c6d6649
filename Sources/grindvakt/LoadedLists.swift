import Blocklists
import Inspection
import ListFiles
import SensorConfiguration

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
