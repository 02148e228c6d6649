import SensorConfiguration

/// The page of the documentation about the configuration, made from the table of keys.
enum ConfigurationPage {
    /// The page's file, below the package's root.
    static let path = "Sources/grindvakt/Grindvakt.docc/Configuration.md"

    /// The example that is installed, below the package's root.
    static let examplePath = "systemd/grindvakt.toml"

    /// The whole text.
    static var text: String {
        """
        # Configuration

        Every key, what it may be, what holds without it, and when a change of it is acted upon.

        This page is written by `make configuration-page` from the table in `Sources/SensorConfiguration/Keys`, which also reads the file, makes the
        schema for editors and the example `systemd/grindvakt.toml`; a test fails when they differ.

        ## Files

        The sensor reads `/etc/grindvakt/grindvakt.toml` (TOML 1.0), then its drop-ins: each `*.toml` in `/etc/grindvakt/grindvakt.toml.d`, in the order of the
        octets of their names. Names that begin with a dot are left out. Every command with `--config FILE` reads `FILE` and `FILE.d` alike, and so does a
        reload.

        - A later file wins key by key. A list of values, as `dns-ports`, is replaced as a whole.
        - A `[[list]]` with the `id` of one in an earlier file changes that list; any other adds a list behind those before. The same `id` twice in one file is
          a fault. No drop-in takes a list away: `action = "observe"` lets its matches pass.
        - A relative path begins at the folder of `grindvakt.toml`, in a drop-in too, so that a line means the same wherever it stands.
        - A fault in any of the files, overridden or not, refuses the configuration as a whole: `run` does not start, and a reload keeps what it has.

        ## Look at it

        ```sh
        grindvakt config check --config /etc/grindvakt/grindvakt.toml
        grindvakt config show --config /etc/grindvakt/grindvakt.toml --set
        grindvakt config schema
        ```

        `config check` says every fault with file, line and mend, and looks at the files, folders and the group that the configuration names; it needs no
        privilege and says what it could not look at. `config show` prints every key with its value and where that comes from. What may hold a password is
        cut. `config schema` prints a JSON Schema (draft 7), which is also installed as `\(ConfigurationSchema.installedPath)`; editors that know
        taplo's `#:schema` line complete keys and mark mistakes.

        ## Names of old

        A key that has a new name is read by its former one, too. The sensor logs `configuration-outdated` once, and `config check` says what to write. Both
        names together are a fault.

        | table | former name | write | since |
        | --- | --- | --- | --- |
        \(formerNames.joined(separator: "\n"))

        ## Keys

        "Acted upon" says what it takes: a reload (`grindvakt reload`, SIGHUP), a restart of the sensor, `grindvakt rules apply`, or the next
        `grindvakt list fetch`.

        \(SensorConfiguration.tables.map(section).joined(separator: "\n\n"))

        """
    }

    private static var formerNames: [String] {
        SensorConfiguration.tables.flatMap { table in
            table.keys.flatMap { key in
                key.formerNames.map { "| `\(table.header)` | `\($0.name)` | `\(key.name)` | \($0.replacedIn) |" }
            }
        }
    }

    private static func section(_ table: ConfigurationTable) -> String {
        let text = table.text.isEmpty ? "" : "\(table.text.prefix(1).uppercased())\(table.text.dropFirst()).\n\n"
        return """
            ### \(table.header)

            \(text)| key | value | unit | default | acted upon | since | |
            | --- | --- | --- | --- | --- | --- | --- |
            \(table.keys.map(row).joined(separator: "\n"))
            """
    }

    private static func row(_ key: ConfigurationKey) -> String {
        let preset =
            switch key.preset {
            case .value(let value): "`\(value.toml)`"
            case .words(let words, _): words
            case .required: "must be there"
            }
        let cells = [
            "`\(key.name)`", value(key.kind), key.unit ?? "", preset, key.effect.event, key.since, key.text,
        ]
        return "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |"
    }

    private static func value(_ kind: ConfigurationKey.Kind) -> String {
        let quoted = { (words: [String]) in words.map { "`\"\($0)\"`" }.joined(separator: " ") }
        return switch kind {
        case .flag: "`true` `false`"
        case .number(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .numbers(let range): "list of \(range.lowerBound) to \(range.upperBound)"
        case .text(let limit): "text of at most \(limit) octets, on one line"
        case .form(let pattern): "text `\(pattern)`"
        case .word(let words): quoted(words)
        case .words(let words): "list of \(quoted(words))"
        case .path: "path"
        case .paths: "list of paths"
        case .secretPath: "path, or `credential:NAME`"
        case .address(let schemes, let orPath):
            schemes.map { "`\($0)://`" }.joined(separator: " ") + (orPath ? " or an absolute path" : "")
        case .ipv4: "IPv4 address"
        case .ipv6: "IPv6 address"
        }
    }
}
