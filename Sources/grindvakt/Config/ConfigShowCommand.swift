import ArgumentParser
import SensorConfiguration
import Telemetry

/// `grindvakt config show`: what holds in the end.
struct ConfigShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show every key with the value that holds and where that comes from.",
        discussion: """
            The output is a configuration itself: behind each key stands the file and line that set it, "default", or the option of the command line. \
            Keys without a value are commented out. Given the options that `grindvakt run` is given, it shows what these put above the file. What may hold a \
            password, as the addresses of lists and of a proxy, is cut behind the host. The configuration must be without fault.

              grindvakt config show --set
              grindvakt config show --config /etc/grindvakt/grindvakt.toml --queues 0:3
            """
    )

    @OptionGroup
    var file: ConfigurationOption

    @OptionGroup
    var overrides: ConfigurationOverrides

    @Flag(help: "Show only what a file or an option has set.")
    var set = false

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() throws {
        let (_, reading) = try file.read()
        var configuration = try reading.get()
        overrides.apply(to: &configuration)
        let settings = reading.settings(of: configuration, options: overrides.options).filter { setting in
            set == false || setting.origin != .preset
        }
        try printWhole(json ? Self.json(settings) : Self.text(settings))
    }

    private static func text(_ settings: [ConfigurationReading.Setting]) -> String {
        var text = ""
        var place: [String?] = []
        for setting in settings {
            if place != [setting.table, setting.list] {
                place = [setting.table, setting.list]
                let header = setting.list == nil ? "[\(setting.table)]" : "[[\(setting.table)]]"
                // A table that says nothing may be one that must say something.
                let isEmpty = settings.allSatisfy { [$0.table, $0.list] != place || $0.value == nil }
                text += "\(text.isEmpty ? "" : "\n")\(isEmpty ? "# " : "")\(header)\n"
            }
            let line = setting.value.map { "\(setting.key.name) = \($0.toml)" } ?? "# \(setting.key.name)"
            let gap = String(repeating: " ", count: max(2, 40 - line.count))
            text += "\(line)\(gap)# \(setting.origin)\n"
        }
        return text
    }

    private static func json(_ settings: [ConfigurationReading.Setting]) -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for setting in settings {
            writer.beginObject()
            writer.write("table", setting.table)
            writer.write("list", setting.list)
            writer.write("key", setting.key.name)
            setting.value?.write("value", to: &writer)
            switch setting.origin {
            case .preset: writer.write("origin", "default")
            case .file(let path, let line):
                writer.write("origin", "file")
                writer.write("file", path)
                writer.write("line", line)
            case .commandLine(let option):
                writer.write("origin", "command-line")
                writer.write("option", option)
            }
            writer.endObject()
        }
        writer.endArray()
        return writer.text + "\n"
    }
}
