import ArgumentParser
import Blocklists
import ListFiles

/// `grindvakt list`: lists and snapshots, off the packet path.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Build, check, compare, sign, verify and fetch lists and snapshots.",
        discussion: """
            A snapshot is one file with the fingerprints of all names of one or several lists. A sensor maps it in milliseconds; sealed with a key \
            it tells nothing to whoever steals it. No command lists the names of a snapshot.

            From a list file to a signed, sealed snapshot:
              grindvakt list keygen -o publisher
              grindvakt list keygen --seal -o police
              grindvakt list build -o police.snapshot --seal police.seal \\
                --sequence 1 --sign publisher.key police.txt
              grindvakt list verify police.snapshot --key publisher.pub
            """,
        subcommands: [
            ListBuildCommand.self, ListCheckCommand.self, ListInfoCommand.self, ListDiffCommand.self,
            ListSignCommand.self, ListVerifyCommand.self, ListKeygenCommand.self, ListFetchCommand.self,
            ListApproveCommand.self, ListReceiptCommand.self,
        ]
    )
}

extension Action: ExpressibleByArgument {}
extension Gate: ExpressibleByArgument {}
extension ListFormat: ExpressibleByArgument {}
extension MatchKind: ExpressibleByArgument {}

/// Protocols, with commas between them.
struct ProtocolsArgument: ExpressibleByArgument {
    let protocols: ListProtocols

    init?(argument: String) {
        var protocols: ListProtocols = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let known = ListProtocols.words.first(where: { $0.word == word }) else { return nil }
            protocols.insert(known.protocols)
        }
        self.protocols = protocols
    }
}

/// Refuses a file that was named as a snapshot and is none.
func requireSnapshot(_ path: String) throws {
    // Says why a file cannot be read at all.
    _ = try SnapshotOutline(path)
}

extension SealKey {
    /// The secret of fingerprints under the key in a file; nil where no file is named.
    static func hashKey(_ path: String?) throws -> HashKey? {
        try path.map { try SealKey.load($0).hashKey() }
    }
}
