import FoundationEssentials
import Glibc
import ListFetch
import TestSupport
import Testing

@Suite("Interrupted fetches", .serialized, .timeLimit(.minutes(10)))
struct InterruptedFetchTests {
    @Test func `a cancelled fetch ends curl and keeps the list`() async throws {
        try await ListServer.with { server in
            try server.publish("old.test\n")
            try await fetch(server.source("etag/list.txt"))
            try server.publish(makeList("new"), as: "new.txt")
            let (arrived, signal) = AsyncStream.makeStream(of: Void.self)
            let source = try server.source("gate/new.txt")
            let task = Task {
                try await makeFetcher().fetch(source, accept: { _ in }, progress: { _ in signal.yield() })
            }
            for await _ in arrived { break }
            #expect(server.leftovers == ["police.txt.list"])
            task.cancel()
            let error = await #expect(throws: FetchError.self) { try await task.value }
            #expect(error?.cause == .cancelled)
            #expect(server.fetched == "old.test\n")
            #expect(server.leftovers == [])
            // curl has gone, so nobody reads what the server goes on to send.
            #expect(await children(named: "curl") == [])
        }
    }

    @Test func `a fetch that is cancelled while it decides keeps the list`() async throws {
        try await ListServer.with { server in
            try server.publish("old.test\n")
            try await fetch(server.source("etag/list.txt"))
            try server.publish(makeList("new"))
            let source = try server.source("etag/list.txt")
            let task = Task {
                // SAFETY: the task is used within the closure alone.
                try await makeFetcher().fetch(
                    source,
                    accept: { _ in unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
                )
            }
            let error = await #expect(throws: FetchError.self) { try await task.value }
            #expect(error?.cause == .cancelled)
            #expect(server.fetched == "old.test\n")
            #expect(server.leftovers == [])
        }
    }

    @Test func `a fetch that is killed halfway leaves the old list, and the next one its place in order`() async throws
    {
        try await ListServer.with { server in
            try server.publish("old.test\n")
            try await fetch(server.source("etag/list.txt"))
            try server.publish(makeList("new"), as: "new.txt")
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [address = server.address("gate/new.txt") as String, folder = server.folder.path as String] in
                try await fetchAndDie(address, folder: folder, whileDeciding: false)
            }
            #expect(server.fetched == "old.test\n")
            #expect(server.leftovers == ["police.txt.list"])
            try server.folder.write("", to: "go")
            #expect(try await fetch(server.source("etag/new.txt")) == .replaced(octets: makeList("new").utf8.count))
            #expect(server.fetched == makeList("new"))
            #expect(server.leftovers == [])
        }
    }

    @Test func `a fetch that is killed while it decides leaves the old list`() async throws {
        try await ListServer.with { server in
            try server.publish("old.test\n")
            try await fetch(server.source("etag/list.txt"))
            try server.publish(makeList("new"))
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [address = server.address("etag/list.txt") as String, folder = server.folder.path as String] in
                try await fetchAndDie(address, folder: folder, whileDeciding: true)
            }
            #expect(server.fetched == "old.test\n")
            #expect(try await fetch(server.source("etag/list.txt")) == .replaced(octets: makeList("new").utf8.count))
            #expect(server.leftovers == [])
        }
    }

    @Test(arguments: ["lists/.fetch/police.txt.list", "lists/.fetch/police.txt.new-record"])
    func `a link in the place of an unfinished file is not followed`(name: String) async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            try FileManager.default.createDirectory(
                atPath: server.folder["lists/.fetch"],
                withIntermediateDirectories: true
            )
            let victim = try server.folder.write("victim", to: "victim")
            try FileManager.default.createSymbolicLink(atPath: server.folder[name], withDestinationPath: victim)
            try await fetch(server.source("etag/list.txt"))
            #expect(server.text("victim") == "victim")
            #expect(server.fetched == makeList())
        }
    }

    @Test func `of two fetches of one destination at a time the second gives way`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            let (arrived, signal) = AsyncStream.makeStream(of: Void.self)
            let source = try server.source("gate/list.txt")
            let task = Task {
                try await makeFetcher().fetch(source, accept: { _ in }, progress: { _ in signal.yield() })
            }
            for await _ in arrived { break }
            #expect(await failure(try server.source("etag/list.txt")) == .busy)
            // Another destination in the same folder does not wait.
            var other = try server.source("etag/list.txt")
            other.destination = server.folder["lists/other.txt"]
            #expect(try await fetch(other) != .unchanged)
            try server.folder.write("", to: "go")
            #expect(try await task.value == .replaced(octets: makeList().utf8.count))
            #expect(server.fetched == makeList())
        }
    }
}

/// Begins a fetch and kills this process: at the first octets, or when it is asked whether the list is accepted.
private func fetchAndDie(_ address: String, folder: String, whileDeciding: Bool) async throws {
    let source = FetchSource(
        id: "police",
        location: try FetchLocation(address),
        destination: folder + "/lists/police.txt",
        certificateAuthority: folder + "/authority.pem"
    )
    _ = try await makeFetcher().fetch(
        source,
        accept: { _ in if whileDeciding { kill(getpid(), SIGKILL) } },
        progress: { _ in if !whileDeciding { kill(getpid(), SIGKILL) } }
    )
}

/// The children of this process with this name that have not ended, as soon as there are none or after ten seconds.
private func children(named name: String) async -> [Int] {
    var found: [Int] = []
    for _ in 0..<1000 {
        found = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int($0) }.filter {
            id in
            let stat = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
            return stat.hasPrefix("\(id) (\(name)) ") && stat.split(separator: " ").dropFirst(3).first == "\(getpid())"
        }
        if found.isEmpty { return [] }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return found
}
