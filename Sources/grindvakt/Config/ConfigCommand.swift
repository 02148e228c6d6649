import ArgumentParser
import SensorConfiguration

/// `grindvakt config`: the configuration, looked at before the sensor reads it.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract:
            "Check the configuration, show what holds in the end and where it stands, and print the schema for editors.",
        discussion: """
            A configuration is a file and its drop-ins: grindvakt.toml.d/*.toml beside grindvakt.toml, in the order of their names. A later file wins \
            key by key; a [[list]] with the id of an earlier one changes that list. Every command with --config reads them alike.
            """,
        subcommands: [ConfigCheckCommand.self, ConfigShowCommand.self, ConfigSchemaCommand.self]
    )
}

/// Which configuration is looked at.
struct ConfigurationOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("The configuration (TOML); its drop-ins lie in FILE.d.", valueName: "file"),
        completion: .file(extensions: ["toml"])
    )
    var config = "/etc/grindvakt/grindvakt.toml"

    /// Reads the file and its drop-ins, faults and all.
    func read() throws -> (files: [ConfigurationFileText], reading: ConfigurationReading) {
        let files = try ConfigurationFileText.load(config)
        return (files, ConfigurationReading(files))
    }
}

/// `grindvakt config schema`: what editors know the configuration by.
struct ConfigSchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of the configuration, for editors.",
        discussion: """
            Editors that know TOML (taplo, and what is built on it) complete keys and mark mistakes where the file's first line names the schema, as \
            in the example that is installed:

              #:schema /usr/share/grindvakt/grindvakt.schema.json
            """
    )

    func run() throws {
        try printWhole(ConfigurationSchema.json)
    }
}
