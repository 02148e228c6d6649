package import SensorConfiguration

/// Writes the commands that mend something, as they have to be typed on this host.
package struct CommandWriter: Sendable, Equatable {
    /// The configuration file; nil where none was given.
    package var configurationPath: String?
    /// The configuration's text.
    package var configurationText: String
    /// The drop-ins, in their order: what a later one sets holds.
    package var dropIns: [ConfigurationFileText]
    /// Whether systemd runs this host, so that the sensor is a unit of it.
    package var hasSystemd: Bool

    /// A writer for a host.
    package init(
        configurationPath: String? = nil,
        configurationText: String = "",
        dropIns: [ConfigurationFileText] = [],
        hasSystemd: Bool = false
    ) {
        self.dropIns = dropIns
        self.configurationPath = configurationPath
        self.configurationText = configurationText
        self.hasSystemd = hasSystemd
    }

    /// `grindvakt` with these words, and the configuration where there is one.
    func grindvakt(_ words: String, configured: Bool = true) -> String {
        let suffix = configured ? configurationPath.map { " --config \(Self.quoted($0))" } ?? "" : ""
        return "grindvakt \(words)\(suffix)"
    }

    /// Starts the sensor, or starts it anew; nil where nobody can say how it is started.
    var startSensor: String? {
        if hasSystemd { return "systemctl restart grindvakt" }
        return configurationPath == nil ? nil : grindvakt("run")
    }

    /// Starts the sensor anew once something was changed, after another command.
    var thenRestart: String { hasSystemd ? " && systemctl restart grindvakt" : "" }

    /// Sets kernel settings.
    static func sysctl(_ settings: [String]) -> String { "sysctl -w \(settings.joined(separator: " "))" }

    /// The name of a setting of one interface, whose name may have a dot in it.
    static func setting(_ interface: String, _ name: String) -> String {
        let words = ["net", "ipv4", "conf", interface, name]
        return words.joined(separator: interface.contains(".") ? "/" : ".")
    }

    /// Sets a key of the configuration in the file that sets it now, which may be a drop-in, or else in the first one; nil where there is no file.
    ///
    /// - Parameters:
    ///   - key: a key that stands in one table only.
    ///   - table: the table's name.
    ///   - value: the value as TOML spells it, without quotes, slashes and ampersands.
    /// - Returns: the command.
    func set(_ key: String, in table: String, to value: String) -> String? {
        guard let configurationPath else { return nil }
        if let path = dropIns.last(where: { Self.sets(key, Self.lines(of: $0.text)) })?.path {
            return Self.replace(key, by: value, in: path)
        }
        let file = Self.quoted(configurationPath)
        let lines = Self.lines(of: configurationText)
        if Self.sets(key, lines) { return Self.replace(key, by: value, in: configurationPath) }
        if lines.contains(where: { $0 == "[\(table)]" || $0.hasPrefix("[\(table)]#") }) {
            return "sed -i '/^[[:blank:]]*\\[[[:blank:]]*\(table)[[:blank:]]*\\]/a \(key) = \(value)' \(file)"
        }
        return "printf '\\n[\(table)]\\n\(key) = \(value)\\n' >> \(file)"
    }

    private static func lines(of text: String) -> [String] {
        text.split(separator: "\n").map { $0.filter { $0 != " " && $0 != "\t" } }
    }

    private static func sets(_ key: String, _ lines: [String]) -> Bool { lines.contains { $0.hasPrefix(key + "=") } }

    private static func replace(_ key: String, by value: String, in path: String) -> String {
        "sed -i 's/^[[:blank:]]*\(key)[[:blank:]]*=.*/\(key) = \(value)/' \(quoted(path))"
    }

    /// A word as a shell reads it.
    static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "/._-+:,@=".utf8.contains(byte)
            }
        }
        if plain, word.isEmpty == false { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
