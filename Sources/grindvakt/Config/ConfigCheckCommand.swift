import ArgumentParser
import HostChecks
import ListFiles
import SensorConfiguration
import Telemetry

/// `grindvakt config check`: everything that is wrong with a configuration.
struct ConfigCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say everything that is wrong with the configuration, and what to write instead.",
        discussion: """
            Reads the file and its drop-ins as the sensor does, and says every fault with its file, line and mend on standard error. Then looks at \
            what the configuration names: lists and keys, folders, the group. Neither queues nor rules are looked at: that is `grindvakt doctor`. What \
            a list holds is not read: that is `grindvakt list info`. No privilege is needed; what this user may not look at is said.

              grindvakt config check
              grindvakt config check --config new.toml && sudo cp new.toml /etc/grindvakt/grindvakt.toml

            Exit status: 0 it can be used; 1 something that it names cannot be used; 2 the configuration has a fault.
            """
    )

    @OptionGroup
    var file: ConfigurationOption

    @Flag(help: "Print one JSON document, faults included.")
    var json = false

    @Flag(name: .shortAndLong, help: "List what can be used, too.")
    var verbose = false

    func run() throws {
        let (files, reading) = try file.read()
        var results: [ConfigurationChecks.Result] = []
        if reading.faults.isEmpty {
            results += ConfigurationChecks(reading.configuration).results
            results += Self.unusable(reading.configuration)
        }
        if json {
            try printWhole(Self.json(files, reading, results))
        } else {
            for fault in reading.faults { Grindvakt.warn(fault.description) }
            try printWhole(text(files, reading, results))
        }
        guard reading.faults.isEmpty else { Grindvakt.systemExit(2) }
        guard results.allSatisfy({ $0.outcome != .fault }) else { Grindvakt.systemExit(1) }
    }

    /// What cannot be put together from values that are right one by one.
    private static func unusable(_ configuration: SensorConfiguration) -> [ConfigurationChecks.Result] {
        var results: [ConfigurationChecks.Result] = []
        do throws(Refusal) {
            _ = try configuration.responseConfiguration(workers: configuration.queues.count)
        } catch {
            results.append(ConfigurationChecks.Result(.fault, error.description))
        }
        if configuration.lists.isEmpty {
            results.append(ConfigurationChecks.Result(.fault, "no list is configured; nothing would be blocked"))
        }
        return results
    }

    private func text(
        _ files: [ConfigurationFileText],
        _ reading: ConfigurationReading,
        _ results: [ConfigurationChecks.Result]
    ) -> String {
        var text = ""
        for remark in reading.remarks { text += "to be changed: \(remark)\n" }
        for result in results where result.outcome != .ok || verbose {
            text += "\(result.outcome.rawValue): \(result.text)\n"
        }
        let dropIns = files.count == 1 ? "" : " and \(files.count - 1) drop-in\(files.count == 2 ? "" : "s")"
        let faults = reading.faults.count + results.count { $0.outcome == .fault }
        let unchecked = results.count { $0.outcome == .unchecked }
        return text
            + "\(file.config)\(dropIns): \(Self.counted(faults, "fault")), \(reading.remarks.count) to be changed, "
            + "\(unchecked) not checked\n"
    }

    private static func counted(_ count: Int, _ word: String) -> String {
        count == 0 ? "no \(word)" : "\(count) \(word)\(count == 1 ? "" : "s")"
    }

    private static func json(
        _ files: [ConfigurationFileText],
        _ reading: ConfigurationReading,
        _ results: [ConfigurationChecks.Result]
    ) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.beginArray("files")
        for file in files { writer.write(nil, file.path) }
        writer.endArray()
        for (name, entries) in [("faults", reading.faults), ("remarks", reading.remarks)] {
            writer.beginArray(name)
            for entry in entries {
                writer.beginObject()
                writer.write("file", entry.path)
                writer.write("line", entry.line)
                writer.write("problem", entry.problem)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.beginArray("checks")
        for result in results {
            writer.beginObject()
            writer.write("outcome", result.outcome.rawValue)
            writer.write("text", result.text)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.text + "\n"
    }
}
