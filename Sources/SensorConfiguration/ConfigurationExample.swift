extension SensorConfiguration {
    /// The example that is installed, `systemd/grindvakt.toml`: every table and key with its comment, most of them left out.
    ///
    /// A test holds the file against it.
    package static var example: String {
        var lines = [
            "#:schema \(ConfigurationSchema.installedPath)",
            "# Example for /etc/grindvakt/grindvakt.toml; relative paths begin at this file's folder.",
            "#",
            "# A key behind \"# \" may be left out: what is written there is its default, or an example where the comment says what the default is.",
            "# Files grindvakt.toml.d/*.toml beside this one change single keys. `grindvakt config check` says what is wrong.",
        ]
        for table in tables {
            lines += ["", line(table.header, table.text)]
            lines += table.keys.map { key in
                line("\(key.initial == nil ? "# " : "")\(key.name) = \(key.exampleValue.toml)", key.comment)
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A line with its comment, which begins in the same column as far as there is room.
    private static func line(_ text: String, _ comment: String) -> String {
        let column = 35
        guard comment.isEmpty == false else { return text }
        let gap = text.count < column - 1 ? column - text.count : 4
        return text + String(repeating: " ", count: gap) + "# \(comment)"
    }
}
