import FoundationEssentials
import ListFetch
import TestSupport
import Testing

/// A list of a few hundred kilobytes: more than one pipe and one TLS record hold.
func makeList(_ label: String = "old", lines: Int = 20_000) -> String {
    (0..<lines).map { "\(label)-\($0).test\n" }.joined()
}

struct Refusal: Error, CustomStringConvertible {
    var description: String { "the signature is wrong" }
}

extension ListServer {
    func source(_ path: String, isSigned: Bool = false) throws -> FetchSource {
        try makeSource(address(path), isSigned: isSigned)
    }

    func makeSource(_ location: String, isSigned: Bool = false) throws -> FetchSource {
        FetchSource(
            id: "police",
            location: try FetchLocation(location),
            destination: folder["lists/police.txt"],
            isSigned: isSigned,
            maximumSize: 1 << 20,
            connectTimeout: .seconds(10),
            stallTimeout: .seconds(10),
            totalTimeout: .seconds(60),
            certificateAuthority: authority
        )
    }

    func publish(_ text: String, as name: String = "list.txt") throws {
        try folder.write(text, to: "www/\(name)")
        try FileManager.default.createDirectory(atPath: folder["lists"], withIntermediateDirectories: true)
    }

    var fetched: String? { text("lists/police.txt") }

    func text(_ name: String) -> String? { folder.content(name).map { String(decoding: $0, as: UTF8.self) } }

    /// What lies in the lists' folder and is no list: nothing but the lock and perhaps the record may stay.
    var leftovers: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder["lists/.fetch"])) ?? [])
            .filter { $0 != "police.txt.lock" && $0 != "police.txt.record" }
    }

    var hasRecord: Bool { FileManager.default.fileExists(atPath: folder["lists/.fetch/police.txt.record"]) }
}

/// Without the environment's proxies, and without patience.
func makeFetcher(_ extra: [String: String] = [:], repetitions: Int = 0) -> ListFetcher {
    let path = ListFetcher.inheritedEnvironment()["PATH"] ?? "/usr/bin:/bin"
    return ListFetcher(
        environment: ["PATH": path].merging(extra) { $1 },
        repetitions: repetitions,
        pause: .milliseconds(20)
    )
}

@discardableResult
func fetch(_ source: FetchSource, _ fetcher: ListFetcher = makeFetcher()) async throws -> FetchOutcome {
    try await fetcher.fetch(source, accept: { _ in })
}

/// The cause with which a fetch fails.
func failure(_ source: FetchSource, _ fetcher: ListFetcher = makeFetcher()) async -> FetchError.Cause? {
    await #expect(throws: FetchError.self) { try await fetch(source, fetcher) }?.cause
}
