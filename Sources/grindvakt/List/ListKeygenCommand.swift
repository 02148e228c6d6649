import ArgumentParser
import Glibc
import ListFiles

/// `grindvakt list keygen`: keys for signing and for sealing.
struct ListKeygenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make a pair of keys for signing, or a key for sealing.",
        discussion: """
            Writes PREFIX.key, a private Ed25519 key (PKCS#8 PEM, mode 0600), and PREFIX.pub, its public key (SPKI PEM), and prints the key's id. \
            openssl makes the same: openssl genpkey -algorithm ed25519. With --seal it writes PREFIX.seal, 64 hexadecimal digits, mode 0600. \
            A file that is there is never overwritten.

              grindvakt list keygen -o publisher
              grindvakt list keygen --seal -o police
            """
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("The files' path without their ending.", valueName: "prefix"))
    var output: String

    @Flag(help: "Make a key that seals snapshots, and no pair for signing.")
    var seal = false

    @OptionGroup var audit: AuditOptions

    func run() async throws {
        if seal {
            let path = output + ".seal"
            _ = try SealKey.generate(at: path)
            // Nothing that could be held against the key.
            audit.note(AuditRecord(.keygen))
            return try printWhole("\(path)\n")
        }
        let (privatePath, publicPath) = (output + ".key", output + ".pub")
        // Seen before a private key is made that would be left alone.
        // SAFETY: the strings live for the time of the call and end in zero.
        for path in [privatePath, publicPath] where unsafe access(path, F_OK) == 0 { throw TrustError(path, .exists) }
        let key = SigningKey.generate()
        try key.write(to: privatePath)
        do {
            try key.verificationKey.write(to: publicPath)
        } catch {
            // SAFETY: the string lives for the time of the call and ends in zero.
            unsafe _ = unlink(privatePath)
            throw error
        }
        var record = AuditRecord(.keygen)
        record.keys = [key.verificationKey.id]
        audit.note(record)
        try printWhole("\(privatePath)\n\(publicPath)\nkey id \(key.verificationKey.id)\n")
    }
}
