import Blocklists
import Glibc
import ListFiles
import TestSupport
import Testing
import Wire

@Suite("List loader")
struct ListLoaderTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func source(_ path: String, id: String = "police", match: MatchKind = .subdomains) -> ListSource {
        ListSource(
            path: path,
            format: .text(.domains),
            descriptor: ListDescriptor(id: id, action: .drop),
            match: match,
            trust: .off
        )
    }

    private func load(_ content: [UInt8], isLenient: Bool = false) throws -> LoadedLists {
        try LoadedLists([source(try folder.write(content))], isLenient: isLenient)
    }

    private func load(_ content: String) throws -> Blocklist { try load(Array(content.utf8)).blocklist }

    /// Why the content is refused; nil where it is not.
    private func refusal(_ content: [UInt8]) throws -> ListFileError? {
        let path = try folder.write(content)
        do throws(ListFileError) {
            _ = try LoadedLists([source(path)])
            return nil
        } catch {
            return error
        }
    }

    private func list(of name: String, in blocklist: Blocklist) throws -> String? {
        let text = Array(name.utf8)
        return blocklist.match(try DomainName(text: text.span)).map { blocklist.lists[$0.list].id }
    }

    @Test(arguments: [
        ("one name", "example.org\n"),
        ("no line end behind the last", "example.com\nexample.org"),
        ("CRLF", "example.com\r\nexample.org\r\n"),
        ("CRLF, none behind the last", "# a comment\r\nexample.org"),
        ("a byte order mark", "\u{FEFF}example.org\n"),
        ("a byte order mark and a comment", "\u{FEFF}# list\r\nexample.org\r\n"),
        ("blank lines and comments", "\n\n# list\n \t\nexample.org # why\n\n"),
        ("capitals and a trailing dot", "EXAMPLE.org.\n"),
        ("white space around", "   example.org\t \n"),
    ])
    func `a list is read`(what: String, content: String) throws {
        let blocklist = try load(content)
        #expect(try list(of: "www.example.org", in: blocklist) == "police")
        #expect(try list(of: "example.org", in: blocklist) == "police")
        #expect(try list(of: "notexample.org", in: blocklist) == nil)
    }

    @Test(arguments: ["", "\n", "\r\n", "\u{FEFF}", "\u{FEFF}\n", "# only\n# comments", "\n\n\n", "   "])
    func `a list may be empty`(content: String) throws {
        let loaded = try load(Array(content.utf8))
        let (blocklist, rejected) = (loaded.blocklist, loaded.rejected)
        #expect(blocklist.entryCounts == [0])
        #expect(rejected == [])
    }

    @Test func `a byte order mark further on is no white space`() throws {
        let error = try refusal(Array("example.org\n\u{FEFF}example.com\n".utf8))
        // IDNA maps the mark to nothing, or does not allow it
        #expect(
            error == nil
                || error?.isRefusal(
                    because: .badLine(path: folder["list.txt"], line: 2, cause: .notAnInternationalName)
                ) == true
        )
    }

    @Test(arguments: [
        ("åäö.test", "xn--4cab6c.test"),
        ("ÅÄÖ.TEST", "xn--4cab6c.test"),
        ("a\u{30A}a\u{308}o\u{308}.test", "xn--4cab6c.test"),
        ("straße.test", "xn--strae-oqa.test"),
        ("faß.test.", "xn--fa-hia.test"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("ｅｘａｍｐｌｅ.org", "example.org"),
        ("åäö。test", "xn--4cab6c.test"),
    ])
    func `names outside ASCII become the A-labels that are on the wire`(line: String, expected: String) throws {
        let blocklist = try load("\(line)\n")
        #expect(try list(of: expected, in: blocklist) == "police")
        #expect(try list(of: "www." + expected, in: blocklist) == "police")
        #expect(blocklist.entryCounts == [1])
    }

    @Test func `a wildcard before a name outside ASCII stands for what is under it`() throws {
        let blocklist = try load("*.åäö.test\n")
        #expect(try list(of: "xn--4cab6c.test", in: blocklist) == nil)
        #expect(try list(of: "www.xn--4cab6c.test", in: blocklist) == "police")
    }

    @Test(arguments: [
        ("example.org secret.test", ListLineError.severalNames),
        ("192.0.2.1", .addressNotAllowed),
        ("2001:db8::5ec:4e7", .addressNotAllowed),
        ("https://secret.test/path", .pathNotAllowed),
        ("secret..test", .emptyLabel),
        ("*", .wildcardNotLeading),
        (".", .notAName),
        ("-secret.test", .labelBeginsOrEndsWithHyphen),
        ("secret!.test", .characterNotAllowed),
        (String(repeating: "secret", count: 11) + ".test", .labelTooLong),
        (String(repeating: "secret.", count: 40) + "test", .nameTooLong),
        ("secret\u{1F600}.test", .notAnInternationalName),
        ("secret\u{202E}å.test", .notAnInternationalName),
        ("xn--sécret.test", .notAnInternationalName),
        ("sécret/path.test", .notAnInternationalName),
        ("sécret*.test", .notAnInternationalName),
    ])
    func `a bad line refuses the list with its place, and without its text`(line: String, cause: ListLineError) throws {
        let error = try refusal(Array("# a list\n\nexample.org\n\(line)\nexample.com\n".utf8))
        #expect(error?.isRefusal(because: .badLine(path: folder["list.txt"], line: 4, cause: cause)) == true)
        let text = try #require(error?.description)
        #expect(text.hasPrefix("\(folder["list.txt"]):4: "))
        #expect(text.contains("cret") == false)
        #expect(text.contains(line) == false || line.count == 1)
        #expect(text.contains("\n") == false)
        #expect(text.contains("--lenient"))
    }

    @Test(arguments: [hex("FF"), hex("73E972"), hex("C3"), hex("E28A"), hex("EDA080"), hex("C080"), hex("F4908080")])
    func `octets that are not UTF-8 refuse the list with that cause`(octets: [UInt8]) throws {
        let error = try refusal(Array("example.org\n".utf8) + octets + Array(".test\n".utf8))
        #expect(error?.isRefusal(because: .badLine(path: folder["list.txt"], line: 2, cause: .notUTF8)) == true)
    }

    @Test func `octets that are not UTF-8 may stand in a comment`() throws {
        let blocklist = try load(hex("23 FF FE E9 0A") + Array("example.org # ".utf8) + hex("E9 0A")).blocklist
        #expect(blocklist.entryCounts == [1])
    }

    @Test func `a zero octet is no part of a name`() throws {
        #expect(
            try refusal(hex("61 00 62 0A"))?.isRefusal(
                because: .badLine(path: folder["list.txt"], line: 1, cause: .characterNotAllowed)
            ) == true
        )
        #expect(
            try refusal(hex("C3A5 00 62 0A"))?.isRefusal(
                because: .badLine(path: folder["list.txt"], line: 1, cause: .notAnInternationalName)
            ) == true
        )
    }

    @Test func `lenient loading leaves bad lines out and tells where they are`() throws {
        let content = "example.org\n192.0.2.1\n# comment\nå..test\r\nexample.com\na b"
        let loaded = try load(Array(content.utf8), isLenient: true)
        let (blocklist, rejected) = (loaded.blocklist, loaded.rejected)
        #expect(blocklist.entryCounts == [2])
        #expect(try list(of: "example.com", in: blocklist) == "police")
        #expect(rejected.map(\.line) == [2, 4, 6])
        #expect(rejected.map(\.path) == Array(repeating: folder["list.txt"], count: 3))
        #expect(rejected.first?.cause == .addressNotAllowed)
        #expect(rejected.last?.cause == .severalNames)
    }

    @Test func `each list keeps its identifier, its action and its kind of match`() throws {
        let lists = [
            ListSource(
                path: try folder.write("one.test\n", to: "one"),
                descriptor: ListDescriptor(id: "one", action: .observe, match: .exact),
                match: .exact,
                trust: .off
            ),
            source(try folder.write("two.test\nsub.one.test\n", to: "two"), id: "two"),
        ]
        let blocklist = try LoadedLists(lists).blocklist
        #expect(blocklist.lists.map(\.id) == ["one", "two"])
        #expect(blocklist.lists.map(\.action) == [.observe, .drop])
        #expect(blocklist.lists.map(\.match) == [.exact, .subdomains])
        #expect(blocklist.entryCounts == [1, 2])
        #expect(try list(of: "one.test", in: blocklist) == "one")
        #expect(try list(of: "www.one.test", in: blocklist) == nil)
        #expect(try list(of: "sub.one.test", in: blocklist) == "two")
        #expect(try list(of: "www.two.test", in: blocklist) == "two")
    }

    @Test func `names on the allow list are never blocked`() throws {
        let path = try folder.write("example.org\nallowed.test\n")
        let allow = try folder.write("allowed.test\nwww.example.org\n", to: "allow")
        let blocklist = try LoadedLists([source(path)], allow: allow).blocklist
        #expect(blocklist.allowedCount == 2)
        #expect(try list(of: "example.org", in: blocklist) == "police")
        for name in ["www.example.org", "a.www.example.org", "allowed.test"] {
            #expect(try list(of: name, in: blocklist) == nil)
        }
    }

    @Test func `a bad line of the allow list refuses it`() throws {
        let allow = try folder.write("192.0.2.1\n", to: "allow")
        #expect(throws: ListFileError.badLine(path: allow, line: 1, cause: .addressNotAllowed)) {
            _ = try LoadedLists([], allow: allow)
        }
    }

    @Test func `a missing file is named`() throws {
        let path = folder["missing.txt"]
        let refused = #expect(throws: ListFileError.self) { _ = try LoadedLists([source(path)]) }
        #expect(
            refused?.isRefusal(because: ListFileError.unreadable(path: path, cause: "No such file or directory"))
                == true
        )
        let error = ListFileError.unreadable(path: path, cause: "No such file or directory")
        #expect(error.description == "\(path): cannot be read: No such file or directory")
    }

    @Test func `a folder is no list`() throws {
        let refused = #expect(throws: ListFileError.self) { _ = try LoadedLists([source(folder.path)]) }
        #expect(
            refused?.isRefusal(because: ListFileError.unreadable(path: folder.path, cause: "Is a directory")) == true
        )
    }

    @Test func `a size that is not there takes no memory`() throws {
        // a file of a terabyte, all of it a hole: one endless line
        let path = try folder.write("")
        // SAFETY: the path is a string that outlives the call.
        #expect(unsafe truncate(path, 1 << 40) == 0)
        let refused = #expect(throws: ListFileError.self) { _ = try LoadedLists([source(path)]) }
        #expect(refused?.isRefusal(because: ListFileError.tooLarge(path: path, limit: ListReader.defaultLimit)) == true)
    }

    @Test(arguments: [Snapshot.maximumLists, Snapshot.maximumLists + 1, Blocklist.maximumLists])
    func `as many lists as a blocklist can hold are used, in as many snapshots as they need`(count: Int) throws {
        let path = try folder.write("example.org\n")
        let blocklist = try LoadedLists((0..<count).map { source(path, id: "list-\($0)") }).blocklist
        #expect(blocklist.entryCounts == [Int](repeating: 1, count: count))
        #expect(blocklist.lists.map(\.id) == (0..<count).map { "list-\($0)" })
        let text = Array("www.example.org".utf8)
        let match = blocklist.match(try DomainName(text: text.span))
        #expect(match?.list == 0)
        #expect(match?.lists.nonzeroBitCount == count)
    }

    @Test func `more lists than one blocklist can hold are refused`() throws {
        let path = try folder.write("example.org\n")
        let count = Blocklist.maximumLists
        #expect(throws: ListFileError.tooManyLists(count + 1)) {
            _ = try LoadedLists((0...count).map { source(path, id: "list-\($0)") })
        }
        #expect(ListFileError.tooManyLists(64).description.contains("64"))
    }

    @Test func `loading again keeps nothing of before`() throws {
        let path = try folder.write("example.org\n")
        let lists = [source(path)]
        #expect(try list(of: "example.org", in: LoadedLists(lists).blocklist) == "police")
        try folder.write("example.com\n")
        let blocklist = try LoadedLists(lists).blocklist
        #expect(try list(of: "example.org", in: blocklist) == nil)
        #expect(try list(of: "example.com", in: blocklist) == "police")
    }

    @Test(arguments: [1_000, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 300_000, 1_000_000])
    func `a long comment stays one line, wherever it is cut`(length: Int) throws {
        // Its last octets would be a name of their own.
        let comment = "# " + String(repeating: "x", count: length - 14) + " secret.test"
        for before in ["", String(repeating: "example.org\n", count: 17_000)] {
            let content = before + comment + "\nexample.com\n192.0.2.1\n"
            let loaded = try load(Array(content.utf8), isLenient: true)
            let (blocklist, rejected) = (loaded.blocklist, loaded.rejected)
            #expect(try list(of: "secret.test", in: blocklist) == nil)
            #expect(try list(of: "example.com", in: blocklist) == "police")
            #expect(rejected.map(\.line) == [before.utf8.count { $0 == 0x0A } + 3])
        }
    }

    @Test(arguments: [300, 65_536, 262_144, 1_000_000])
    func `a long line that is no comment is refused, and counts as one`(length: Int) throws {
        let line = [UInt8](repeating: 0x61, count: length)
        let content = Array("example.org\n".utf8) + line + Array("\n192.0.2.1\nexample.com".utf8)
        let loaded = try load(content, isLenient: true)
        let (blocklist, rejected) = (loaded.blocklist, loaded.rejected)
        #expect(rejected.map(\.line) == [2, 3])
        #expect(rejected.map(\.cause) == [.labelTooLong, .addressNotAllowed])
        #expect(blocklist.entryCounts == [2])
    }

    @Test func `white space before a name, however much, hides no entry`() throws {
        for count in [100, 65_536, 262_144, 300_000] {
            let content = String(repeating: " ", count: count) + "secret.test\nexample.org\n"
            let loaded = try load(Array(content.utf8), isLenient: true)
            let (blocklist, rejected) = (loaded.blocklist, loaded.rejected)
            let isBlocked = try list(of: "secret.test", in: blocklist) == "police"
            #expect(isBlocked || rejected.map(\.line) == [1])
            #expect(try list(of: "example.org", in: blocklist) == "police")
        }
    }

    @Test func `200,000 lines are read`() throws {
        var content: [UInt8] = []
        for index in 0..<200_000 { content += Array("n\(index).example.test\n".utf8) }
        let loaded = try load(content)
        let (blocklist, rejected) = (loaded.blocklist, loaded.rejected)
        #expect(blocklist.entryCounts == [200_000])
        #expect(rejected == [])
        for index in stride(from: 0, to: 200_000, by: 9_973) {
            #expect(try list(of: "n\(index).example.test", in: blocklist) == "police")
        }
        #expect(try list(of: "n200000.example.test", in: blocklist) == nil)
    }

    @Test func `a bad line far down is found at its number`() throws {
        let content = String(repeating: "some-name.example.test\n", count: 30_000) + "192.0.2.1\n"
        #expect(
            try refusal(Array(content.utf8))?.isRefusal(
                because: .badLine(path: folder["list.txt"], line: 30_001, cause: .addressNotAllowed)
            ) == true
        )
    }

    @Test func `random octets are loaded or refused`() throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<150 {
            let content = (0..<Int.random(in: 0...400, using: &random)).map { _ in
                Int.random(in: 0..<3, using: &random) == 0
                    ? UInt8.random(in: 0...255, using: &random)
                    : Array("ab.\n\r #*å".utf8).randomElement(using: &random) ?? 0
            }
            let loaded = try load(content, isLenient: true)
            let (blocklist, rejected) = (loaded.blocklist, loaded.rejected)
            let lines = content.count { $0 == 0x0A } + 1
            #expect(blocklist.entryCounts[0] + rejected.count <= lines)
            #expect(rejected.allSatisfy { (1...lines).contains($0.line) })
        }
    }
}
