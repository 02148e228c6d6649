import FoundationEssentials
import ListFiles
import Subprocess
import TestSupport
import Testing

/// The openssl program.
enum OpenSSL {
    /// Whether it is in the search path.
    static let isInstalled = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .contains { FileManager.default.isExecutableFile(atPath: "\($0)/openssl") }

    /// What openssl writes for these arguments.
    static func run(_ arguments: String...) async throws -> String {
        let result = try await Subprocess.run(
            .name("openssl"),
            arguments: Arguments(arguments),
            output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        return result.standardOutput
    }
}

/// What a shell writes for this line.
func shell(_ line: String) async throws -> String {
    let result = try await Subprocess.run(
        .name("sh"),
        arguments: ["-c", line],
        output: .string(limit: 1 << 16),
        error: .string(limit: 1 << 16)
    )
    try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
    return result.standardOutput
}

/// The fault that `body` throws, with or without a file; nil where it throws none.
func fault(_ body: () throws -> Void) throws -> TrustFault? {
    do {
        try body()
        return nil
    } catch let fault as TrustFault {
        return fault
    } catch let error as TrustError {
        return error.fault
    }
}

/// A word that is one.
func word(_ text: String) throws -> Identifier { try #require(Identifier(text)) }

/// A time that is one.
func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

/// The permissions of a file.
func mode(of path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? Int)
}

/// Gives a file these permissions.
func setMode(_ mode: Int, of path: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}

/// A release for tests.
func release(
    _ id: String = "police",
    sequence: UInt64 = 42,
    issued: String = "2027-01-31T12:00:00Z",
    expires: String? = nil
) throws -> ListRelease {
    let release = ListRelease(
        id: try word(id),
        purpose: try word("action"),
        sequence: sequence,
        issuedAt: try time(issued),
        expiresAt: try expires.map { try time($0) }
    )
    return try #require(release)
}

/// `octets` changed at random: cut, an octet changed, lost, doubled or exchanged.
func mutation(of octets: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var octets = octets
    for _ in 0..<Int.random(in: 1...3, using: &random) {
        guard let index = octets.indices.randomElement(using: &random) else { return octets }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: octets[index] = UInt8.random(in: .min ... .max, using: &random)
        case 1: octets[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: octets.remove(at: index)
        case 3: octets.insert(octets[index], at: index)
        case 4: octets.removeSubrange(index...)
        default: octets.swapAt(index, octets.indices.randomElement(using: &random) ?? index)
        }
    }
    return octets
}
