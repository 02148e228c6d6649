import FoundationEssentials
import ListFetch
import TestSupport
import Testing

/// Stands for a signature check: the signature is the list's text, with a serial before it.
private struct Check: Sendable {
    struct Mismatch: Error {}

    static func accept(_ files: FetchedFiles) throws {
        let signature = try String(contentsOfFile: try #require(files.signature), encoding: .utf8)
        let list = try String(contentsOfFile: files.list, encoding: .utf8)
        guard signature.split(separator: "\n", maxSplits: 1).last.map(String.init) == list else { throw Mismatch() }
    }
}

@Suite("Signed fetches", .serialized, .timeLimit(.minutes(10)))
struct SignedFetchTests {
    private static func publish(_ text: String, serial: Int, on server: ListServer) throws {
        try server.publish(text)
        try server.folder.write("\(serial)\n" + text, to: "www/list.txt.sig")
    }

    private func fetchSigned(_ source: FetchSource) async throws -> FetchOutcome {
        try await makeFetcher().fetch(source, accept: Check.accept)
    }

    @Test(arguments: [true, false])
    func `list and signature are replaced together`(isFile: Bool) async throws {
        try await ListServer.with { server in
            let source =
                isFile
                ? try server.makeSource(server.folder["www/list.txt"], isSigned: true)
                : try server.source("etag/list.txt", isSigned: true)
            try Self.publish("a.test\n", serial: 1, on: server)
            #expect(try await fetchSigned(source) == .replaced(octets: 7))
            #expect(server.text("lists/police.txt.sig") == "1\na.test\n")
            #expect(try await fetchSigned(source) == .unchanged)

            // Signed again: the list is the same.
            try Self.publish("a.test\n", serial: 2, on: server)
            #expect(try await fetchSigned(source) == .replaced(octets: 7))
            #expect(server.text("lists/police.txt.sig") == "2\na.test\n")
            #expect(try await fetchSigned(source) == .unchanged)

            try Self.publish("b.test\nc.test\n", serial: 3, on: server)
            #expect(try await fetchSigned(source) == .replaced(octets: 14))
            #expect(server.text("lists/police.txt.sig") == "3\nb.test\nc.test\n")
            #expect(server.fetched == "b.test\nc.test\n")
            #expect(server.leftovers == [])
        }
    }

    @Test func `a pair that the publisher has half uploaded is refused, and taken when it is whole`() async throws {
        try await ListServer.with { server in
            let source = try server.source("etag/list.txt", isSigned: true)
            try Self.publish("a.test\n", serial: 1, on: server)
            _ = try await fetchSigned(source)
            try server.publish("b.test\n")
            await #expect(throws: FetchError.self) { try await fetchSigned(source) }
            try Self.publish("a.test\n", serial: 1, on: server)
            try server.folder.write("2\nb.test\n", to: "www/list.txt.sig")
            await #expect(throws: FetchError.self) { try await fetchSigned(source) }
            #expect(server.fetched == "a.test\n")
            #expect(server.text("lists/police.txt.sig") == "1\na.test\n")
            try Self.publish("b.test\n", serial: 2, on: server)
            #expect(try await fetchSigned(source) == .replaced(octets: 7))
            #expect(server.fetched == "b.test\n")
        }
    }

    @Test(arguments: ["between the two", "after the list", "signature removed"])
    func `a pair that an ended fetch has half replaced is put in order`(moment: String) async throws {
        try await ListServer.with { server in
            let source = try server.source("etag/list.txt", isSigned: true)
            try Self.publish("a.test\n", serial: 1, on: server)
            _ = try await fetchSigned(source)
            try Self.publish("b.test\n", serial: 2, on: server)
            let record = server.folder["lists/.fetch/police.txt.record"]
            switch moment {
            case "between the two":
                try FileManager.default.removeItem(atPath: record)
                try server.folder.write("2\nb.test\n", to: "lists/police.txt.sig")
            case "after the list":
                try FileManager.default.removeItem(atPath: record)
                try server.folder.write("2\nb.test\n", to: "lists/police.txt.sig")
                try server.folder.write("b.test\n", to: "lists/police.txt")
            default: try FileManager.default.removeItem(atPath: server.folder["lists/police.txt.sig"])
            }
            #expect(try await fetchSigned(source) == .replaced(octets: 7))
            #expect(server.fetched == "b.test\n")
            #expect(server.text("lists/police.txt.sig") == "2\nb.test\n")
            #expect(try await fetchSigned(source) == .unchanged)
        }
    }

    @Test func `a signature that is missing or too large is named`() async throws {
        try await ListServer.with { server in
            try server.publish("a.test\n")
            let source = try server.source("etag/list.txt", isSigned: true)
            let missing = try #require(await #expect(throws: FetchError.self) { try await fetchSigned(source) })
            #expect(missing.cause == .status(404))
            #expect(missing.place == server.address("etag/list.txt.sig"))
            try server.folder.write(makeList(), to: "www/list.txt.sig")
            #expect(await failure(source) == .tooLarge(limit: ListFetcher.maximumSignatureSize))
            #expect(server.fetched == nil)
        }
    }
}
