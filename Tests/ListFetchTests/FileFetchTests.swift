import FoundationEssentials
import Glibc
import ListFetch
import TestSupport
import Testing

@Suite("Fetches of files", .timeLimit(.minutes(10)))
struct FileFetchTests {
    private let folder: TemporaryFolder
    private let source: FetchSource

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("", to: "lists/nothing")
        source = FetchSource(
            id: "police",
            location: try FetchLocation(folder["share/list.txt"]),
            destination: folder["lists/police.txt"],
            maximumSize: 1 << 20
        )
    }

    @Test func `a file is copied once, then again only when it has changed`() async throws {
        try folder.write(makeList(), to: "share/list.txt")
        #expect(try await fetch(source) == .replaced(octets: makeList().utf8.count))
        #expect(folder.content("lists/police.txt") == Array(makeList().utf8))
        let inode = try FileManager.default.attributesOfItem(atPath: source.destination)[.systemFileNumber] as? Int
        // The same content with another time is no other list.
        try folder.write(makeList(), to: "share/list.txt")
        #expect(try await fetch(source) == .unchanged)
        #expect(
            try FileManager.default.attributesOfItem(atPath: source.destination)[.systemFileNumber] as? Int == inode
        )
        try folder.write(makeList("new"), to: "share/list.txt")
        #expect(try await fetch(source) == .replaced(octets: makeList("new").utf8.count))
        // Of the same size, and different at its end.
        let other = Array(makeList("new").utf8.dropLast(2)) + Array("x\n".utf8)
        try folder.write(other, to: "share/list.txt")
        #expect(try await fetch(source) == .replaced(octets: other.count))
        #expect(folder.content("lists/police.txt") == other)
    }

    @Test func `a destination that was put there by hand is asked about, even if it is the same`() async throws {
        try folder.write(makeList(), to: "share/list.txt")
        try folder.write(makeList(), to: "lists/police.txt")
        await confirmation { asked in
            let outcome = try? await makeFetcher().fetch(source, accept: { _ in asked() })
            #expect(outcome == .replaced(octets: makeList().utf8.count))
        }
    }

    @Test func `what is no file, too large or not there keeps the list`() async throws {
        try folder.write("old.test\n", to: "share/list.txt")
        try await fetch(source)
        let path = folder["share/list.txt"]
        try folder.write(makeList("large", lines: 80_000), to: "share/list.txt")
        #expect(await failure(source) == .tooLarge(limit: 1 << 20))
        try FileManager.default.removeItem(atPath: path)
        let missing = try #require(await #expect(throws: FetchError.self) { try await fetch(source) })
        #expect(missing.description.contains("list police: \(path): cannot be read: No such file or directory"))
        // SAFETY: the string lives for the time of the call and ends in zero.
        #expect(unsafe mkfifo(path, 0o600) == 0)
        #expect(await failure(source) == .notAFile)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(await failure(source) == .notAFile)
        #expect(folder.content("lists/police.txt") == Array("old.test\n".utf8))
    }

    @Test(arguments: ["lists", "lists/"])
    func `a folder is no destination`(name: String) async throws {
        try folder.write("old.test\n", to: "share/list.txt")
        var source = source
        source.destination = folder[name]
        let error = try #require(await #expect(throws: FetchError.self) { try await fetch(source) })
        #expect(error.description.contains("cannot write"))
    }
}

@Suite("Fetch location")
struct FetchLocationTests {
    @Test(arguments: [
        (
            "https://lists.example.test/a.txt", "https://lists.example.test/a.txt",
            "https://lists.example.test/a.txt.sig"
        ),
        ("HTTPS://h.test:8443", "https://h.test:8443", "https://h.test:8443/.sig"),
        ("https://u:p@h.test/a?t=1#x", "https://h.test/a?...", "https://h.test/a.sig?..."),
        ("https://u:p@q@h.test/a/b?x@y/z", "https://h.test/a/b?...", "https://h.test/a/b.sig?..."),
        (
            "https://[2001:db8::1]:443/{a,b}[1-3]", "https://[2001:db8::1]:443/{a,b}[1-3]",
            "https://[2001:db8::1]:443/{a,b}[1-3].sig"
        ),
        ("/srv/lists/police list.txt", "/srv/lists/police list.txt", "/srv/lists/police list.txt.sig"),
        ("share/a:b.txt", "share/a:b.txt", "share/a:b.txt.sig"),
    ])
    func `a place is shown without its secrets`(text: String, shown: String, signature: String) throws {
        let location = try FetchLocation(text)
        #expect(location.description == shown)
        #expect(location.signature.description == signature)
    }

    @Test func `the signature is asked for with the same secrets`() throws {
        #expect(try FetchLocation("https://u:p@h.test/a?t=1").signature.text == "https://u:p@h.test/a.sig?t=1")
    }

    @Test(arguments: [
        ("", FetchLocationError.empty), ("http://h.test/a", .plainHTTP), ("HTTP://h.test/a", .plainHTTP),
        ("ftp://h.test/a", .otherScheme), ("file:///srv/a", .fileAddress), ("https:///a", .noHost),
        ("https://u@/a", .noHost),
        ("https://:443/a", .noHost), ("https://h.test/a b", .unprintable), ("https://h.test/a\nurl=x", .unprintable),
        ("https://h\u{E9}.test/", .unprintable), ("https://h.test\\@i.test/", .unprintable),
        ("/srv/a\u{0}b", .unprintable),
        ("https://h.test/" + String(repeating: "a", count: 4096), .tooLong(limit: 4096)),
    ])
    func `what is no place for a list is refused`(text: String, error: FetchLocationError) {
        #expect(throws: error) { try FetchLocation(text) }
    }

    @Test func `the refusal of http says what to do, and nothing of the address`() {
        #expect(FetchLocationError.plainHTTP.description.contains("use https://"))
    }
}
