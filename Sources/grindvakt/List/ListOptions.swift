import ArgumentParser
import Blocklists
import ListFiles

/// What is said of the edition that a list is.
struct EditionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The edition's number, higher than any before it.", valueName: "number"))
    var sequence: UInt64?

    @Option(help: ArgumentHelp("When it was issued; now otherwise.", valueName: TimeArgument.valueName))
    var issued: TimeArgument?

    @Option(
        help: ArgumentHelp("When it stops being current: \(TimeArgument.forms).", valueName: TimeArgument.valueName)
    )
    var expires: TimeArgument?

    /// Whether nothing is said.
    var isEmpty: Bool { sequence == nil && issued == nil && expires == nil }
}

/// What opens sealed snapshots.
struct SealOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The key of sealed snapshots: a file, or credential:NAME.", valueName: "key"))
    var seal: String?

    /// The secret of fingerprints under the key; nil where none is named.
    func hashKey() throws -> HashKey? { try SealKey.hashKey(seal) }
}
