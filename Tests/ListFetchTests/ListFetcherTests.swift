import FoundationEssentials
import Glibc
import ListFetch
import Synchronization
import TestSupport
import Testing

@Suite("List fetcher", .serialized, .timeLimit(.minutes(10)))
struct ListFetcherTests {
    // MARK: good

    @Test(arguments: ["etag", "modified", "plain", "chunked", "oddtag"])
    func `a list is fetched once, then again only when it has changed`(mode: String) async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            let source = try server.source("\(mode)/list.txt")
            let octets = makeList().utf8.count
            let told = Mutex(0)
            let outcome = try await makeFetcher().fetch(
                source,
                accept: { files in
                    #expect(FileManager.default.contents(atPath: files.list)?.count == octets)
                    #expect(server.fetched == nil)
                },
                progress: { octets in told.withLock { $0 = octets } }
            )
            #expect(outcome == .replaced(octets: octets))
            #expect(told.withLock { $0 } == octets)
            #expect(server.fetched == makeList())

            let second = try await makeFetcher().fetch(
                source,
                accept: { _ in Issue.record("asked about a known list") }
            )
            #expect(second == .unchanged)
            let conditions = try #require(server.requests.last?.split(separator: " ", maxSplits: 2).last)
            switch mode {
            case "etag": #expect(conditions.hasPrefix("\"") && conditions.hasSuffix("\" -"))
            case "modified": #expect(conditions.hasPrefix("- ") && conditions.hasSuffix(" GMT"))
            default: #expect(conditions == "- -")
            }

            try server.publish(makeList("new"))
            // Last-Modified counts in seconds.
            let later = Date(timeIntervalSinceNow: 60)
            try FileManager.default.setAttributes(
                [.modificationDate: later],
                ofItemAtPath: server.folder["www/list.txt"]
            )
            #expect(try await fetch(source) == .replaced(octets: makeList("new").utf8.count))
            #expect(server.fetched == makeList("new"))
            #expect(server.leftovers == [])
        }
    }

    @Test(arguments: ["removed", "changed", "damaged record", "record of another address", "oversized record"])
    func `what is not as the last fetch left it is fetched anew`(what: String) async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            try await fetch(server.source("etag/list.txt"))
            let record = try #require(server.text("lists/.fetch/police.txt.record"))
            switch what {
            case "removed": try FileManager.default.removeItem(atPath: server.folder["lists/police.txt"])
            case "changed": try server.folder.write("other.test\n", to: "lists/police.txt")
            case "damaged record":
                try server.folder.write(String(record.dropLast()), to: "lists/.fetch/police.txt.record")
            case "record of another address":
                let other = record.replacing("/etag/list.txt", with: "/etag/list.txt?other")
                try server.folder.write(other, to: "lists/.fetch/police.txt.record")
            default: try server.folder.write(record + makeList(), to: "lists/.fetch/police.txt.record")
            }
            #expect(try await fetch(server.source("etag/list.txt")) == .replaced(octets: makeList().utf8.count))
            #expect(server.requests.last == "GET /etag/list.txt - -")
            #expect(server.fetched == makeList())
        }
    }

    @Test func `a redirect to https is followed, and the validators are those of the last answer`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            let source = try server.source("redirect/etag/list.txt")
            #expect(try await fetch(source) == .replaced(octets: makeList().utf8.count))
            #expect(try await fetch(source) == .unchanged)
            #expect(server.requests.contains { $0.contains("not-this-one") } == false)
        }
    }

    @Test func `the list keeps the mode of the file whose place it takes`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            let destination = try server.folder.write("old.test\n", to: "lists/police.txt")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: destination)
            try await fetch(server.source("etag/list.txt"))
            let attributes = try FileManager.default.attributesOfItem(atPath: destination)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let record = try FileManager.default.attributesOfItem(
                atPath: server.folder["lists/.fetch/police.txt.record"]
            )
            #expect(record[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func `a server that is out of order for a moment is asked again`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            let outcome = try await fetch(server.source("flaky/list.txt"), makeFetcher(repetitions: 2))
            #expect(outcome == .replaced(octets: makeList().utf8.count))
            #expect(server.requests.count == 3)
            #expect(server.fetched == makeList())
        }
    }

    @Test func `a password reaches the server and no message`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            let good = try server.makeSource(server.address("user/list.txt", user: "ann:s3cret@"))
            #expect(try await fetch(good) == .replaced(octets: makeList().utf8.count))
            let bad = try server.makeSource(server.address("user/list.txt?token=t0ken", user: "ann:wr0ng@"))
            let error = try #require(await #expect(throws: FetchError.self) { try await fetch(bad) })
            #expect(
                error.description
                    == "list police: \(server.address("user/list.txt"))?...: the server answered with status 401; "
                    + "check what it asks for: user, token or this host's address"
            )
        }
    }

    // MARK: trust

    @Test func `a certificate of an unknown authority is refused`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            var source = try server.source("etag/list.txt")
            source.certificateAuthority = nil
            guard case .untrusted(let detail) = await failure(source) else {
                Issue.record("trusted")
                return
            }
            #expect(detail.contains("certificate"))
            #expect(server.fetched == nil)
            // The environment's authority counts as the system's.
            #expect(try await fetch(source, makeFetcher(["CURL_CA_BUNDLE": server.authority])) != .unchanged)
        }
    }

    @Test func `a certificate for another host is refused`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            let source = try server.makeSource("https://localhost:\(server.port)/etag/list.txt")
            guard case .untrusted = await failure(source) else {
                Issue.record("trusted")
                return
            }
            #expect(server.requests == [])
        }
    }

    @Test func `a missing file of authorities is named as the cause`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            var source = try server.source("etag/list.txt")
            source.certificateAuthority = server.folder["nothing.pem"]
            #expect(await failure(source) == .unreadableAuthority)
        }
    }

    // MARK: proxy

    @Test(arguments: [true, false])
    func `the proxy of the source, or of the environment, is used`(isOfSource: Bool) async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            let proxy = "http://bob:pa%22ss@127.0.0.1:\(server.proxyPort)"
            var source = try server.source("etag/list.txt")
            source.proxy = isOfSource ? proxy : nil
            #expect(try await fetch(source, makeFetcher(isOfSource ? [:] : ["https_proxy": proxy])) != .unchanged)
            #expect(server.tunnels == ["127.0.0.1:\(server.port) bob:pa\"ss"])

            try server.folder.write("", to: "proxy-refuses")
            source.proxy = proxy
            #expect(await failure(source) == .proxyRefused(407))
            source.proxy = "http://127.0.0.1:1"
            #expect(await failure(source) == .unreachable)
            source.proxy = "http://127.0.0.1:1\nurl = \"https://192.0.2.1/\""
            #expect(await failure(source) == .badProxy)
        }
    }

    // MARK: failures that keep the list

    @Test(arguments: [
        ("away/etag/list.txt", FetchError.Cause.redirectedAway), ("loop", .tooManyRedirects),
        ("status/404", .status(404)),
        ("status/500", .status(500)), ("status/204", .status(204)), ("status/206", .status(206)),
        ("status/304", .status(304)),
        ("short/new.txt", .cutShort), ("cutchunked/new.txt", .cutShort), ("plain/large.txt", .tooLarge(limit: 1 << 20)),
        ("chunked/large.txt", .tooLarge(limit: 1 << 20)),
    ])
    func `a transfer that does not end well keeps the list and its record`(
        path: String,
        cause: FetchError.Cause
    ) async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            try server.publish(makeList("new"), as: "new.txt")
            try server.publish(makeList("large", lines: 80_000), as: "large.txt")
            try await fetch(server.source("etag/list.txt"))
            let record = server.text("lists/.fetch/police.txt.record")
            #expect(await failure(try server.source(path)) == cause)
            #expect(server.fetched == makeList())
            #expect(server.text("lists/.fetch/police.txt.record") == record)
            #expect(server.leftovers == [])
            #expect(try await fetch(server.source("etag/list.txt")) == .unchanged)
        }
    }

    @Test(arguments: ["silent", "gate/new.txt"], [true, false])
    func `a server that stands still is given up`(path: String, isTotal: Bool) async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            try server.publish(makeList("new"), as: "new.txt")
            try await fetch(server.source("etag/list.txt"))
            var source = try server.source(path)
            if isTotal { source.totalTimeout = .milliseconds(700) } else { source.stallTimeout = .seconds(1) }
            let start = ContinuousClock.now
            #expect(await failure(source) == .timedOut)
            #expect(ContinuousClock.now - start < .seconds(120))
            #expect(server.fetched == makeList())
            #expect(server.leftovers == [])
        }
    }

    @Test func `a host without a name or without a server is named as the cause`() async throws {
        try await ListServer.with { server in
            try server.publish("")
            #expect(await failure(try server.makeSource("https://127.0.0.1:1/list.txt")) == .unreachable)
            #expect(
                await failure(try server.makeSource("https://host.invalid/list.txt")) == .unresolved(isProxy: false)
            )
        }
    }

    @Test func `without curl the package is named`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            let fetcher = ListFetcher(environment: ["PATH": server.folder["lists"]])
            let source = try server.source("etag/list.txt")
            let error = try #require(await #expect(throws: FetchError.self) { try await fetch(source, fetcher) })
            #expect(error.cause == .missingProgram)
            #expect(error.description.contains("Debian package curl"))
        }
    }

    @Test func `what is not accepted is not kept, nor known the next time`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            try await fetch(server.source("etag/list.txt"))
            try server.publish(makeList("new"))
            for _ in 1...2 {
                let error = await #expect(throws: FetchError.self) {
                    try await makeFetcher().fetch(server.source("etag/list.txt"), accept: { _ in throw Refusal() })
                }
                #expect(error?.cause == .refused("the signature is wrong"))
                #expect(server.fetched == makeList())
                #expect(server.leftovers == [])
            }
            #expect(try await fetch(server.source("etag/list.txt")) == .replaced(octets: makeList("new").utf8.count))
        }
    }

    @Test func `a first list that is not accepted leaves nothing`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            await #expect(throws: FetchError.self) {
                try await makeFetcher().fetch(server.source("etag/list.txt"), accept: { _ in throw Refusal() })
            }
            #expect(server.fetched == nil)
            #expect(!server.hasRecord)
        }
    }

    @Test(.enabled(if: getuid() == 0, "needs root, to mount a small file system"))
    func `a full disk keeps the list`() async throws {
        try await ListServer.with { server in
            try server.publish("old.test\n")
            // SAFETY: the strings live for the time of the call and end in zero.
            let mounted = unsafe mount("tmpfs", server.folder["lists"], "tmpfs", 0, "size=64k")
            try #require(mounted == 0, "cannot mount: errno \(errno)")
            // SAFETY: as above.
            defer { _ = unsafe umount2(server.folder["lists"], CInt(MNT_DETACH)) }
            try await fetch(server.source("etag/list.txt"))
            try server.folder.write(makeList(), to: "www/list.txt")
            #expect(await failure(try server.source("etag/list.txt")) == .fullDisk)
            #expect(server.fetched == "old.test\n")
            #expect(server.leftovers == [])
            try server.folder.write("new.test\n", to: "www/list.txt")
            #expect(try await fetch(server.source("etag/list.txt")) == .replaced(octets: 9))
        }
    }

    @Test func `a folder that is not there is named`() async throws {
        try await ListServer.with { server in
            try server.publish(makeList())
            var source = try server.source("etag/list.txt")
            source.destination = server.folder["nowhere/police.txt"]
            let error = try #require(await #expect(throws: FetchError.self) { try await fetch(source) })
            #expect(
                error.description.contains("cannot write \(server.folder["nowhere/.fetch"]): No such file or directory")
            )
        }
    }
}
