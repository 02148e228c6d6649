import Blocklists
import SensorConfiguration
import Testing

@Suite("Table [[list]]")
struct ListTableTests {
    private func list(_ keys: String, before: String = "") throws -> SensorConfiguration.List {
        let text = "\(before)[[list]]\nid = \"a\"\npath = \"a.txt\"\n\(keys)\n"
        let configuration = try SensorConfiguration(text: text, path: "/etc/grindvakt/test.toml")
        return try #require(configuration.lists.first)
    }

    /// Expects the key on the list's fourth line to be refused.
    private func expect(_ keys: String, says parts: [String], _ location: SourceLocation = #_sourceLocation) throws {
        try SectionTests.expect(
            "[[list]]\nid = \"a\"\npath = \"a.txt\"\n\(keys)\n",
            line: 4,
            says: parts,
            location
        )
    }

    @Test func `every key is read`() throws {
        let list = try list(
            """
            url = "https://lists.example/police.txt?token=1"
            format = "domains"
            match = "exact"
            action = "observe"
            protocols = ["quic", "dns"]
            precedence = 7
            publisher = "Polisen, Nationella operativa avdelningen"
            purpose = "csam"
            legal-basis = "Överenskommelse 2007 § 3"
            test-names = "tests/police.txt"
            publishers = ["keys/a.pem", "/srv/b.pem"]
            threshold = 2
            seal-key = "keys/seal.key"
            rejected-percent = 3
            """
        )
        #expect(list.url == "https://lists.example/police.txt?token=1")
        #expect(list.format == .text(.domains))
        #expect(list.match == .exact)
        #expect(list.action == .observe)
        #expect(list.protocols == [.dns, .quic])
        #expect(list.precedence == 7)
        #expect(list.publisher == "Polisen, Nationella operativa avdelningen")
        #expect(list.purpose == "csam")
        #expect(list.legalBasis == "Överenskommelse 2007 § 3")
        #expect(list.testNames == "/etc/grindvakt/tests/police.txt")
        #expect(list.publishers == ["/etc/grindvakt/keys/a.pem", "/srv/b.pem"])
        #expect(list.threshold == 2)
        #expect(list.sealKey == "/etc/grindvakt/keys/seal.key")
        #expect(list.rejectedPercent == 3)
        #expect(
            list.descriptor(counterSlot: 5)
                == ListDescriptor(
                    id: "a",
                    action: .observe,
                    match: .exact,
                    protocols: [.dns, .quic],
                    precedence: 7,
                    publisher: "Polisen, Nationella operativa avdelningen",
                    purpose: "csam",
                    legalBasis: "Överenskommelse 2007 § 3",
                    counterSlot: 5
                )
        )
    }

    @Test func `what is left out is nothing in the list and a default in its policy`() throws {
        let list = try list("")
        #expect(list == SensorConfiguration.List(id: "a", path: "/etc/grindvakt/a.txt"))
        #expect(list.format == .detected)
        #expect(list.descriptor() == ListDescriptor(id: "a", action: .drop))
    }

    @Test func `what is left out is as the snapshot says`() throws {
        let snapshot = ListDescriptor(
            id: "other",
            use: .encryptedDNS,
            action: .observe,
            match: .exact,
            protocols: [.tls],
            precedence: 9,
            publisher: "P",
            purpose: "fraud",
            legalBasis: "L",
            counterSlot: 3
        )
        var expected = snapshot
        expected.id = "a"
        expected.counterSlot = 4
        let silent = try list("format = \"snapshot\"")
        #expect(silent.format == .snapshot)
        #expect(silent.action == nil)
        #expect(silent.descriptor(over: snapshot, counterSlot: 4) == expected)

        let speaking = try list(
            """
            format = "snapshot"
            match = "subdomains"
            action = "drop"
            protocols = ["http"]
            precedence = 0
            publisher = ""
            purpose = "csam"
            legal-basis = "M"
            """
        )
        #expect(
            speaking.descriptor(over: snapshot)
                == ListDescriptor(
                    id: "a",
                    use: .encryptedDNS,
                    action: .drop,
                    match: .subdomains,
                    protocols: .http,
                    precedence: 0,
                    publisher: "",
                    purpose: "csam",
                    legalBasis: "M"
                )
        )
    }

    @Test(arguments: ListFormat.allCases)
    func `every format has its word`(format: ListFormat) throws {
        #expect(try list("format = \"\(format.rawValue)\"").format == .text(format))
    }

    @Test(arguments: ListProtocols.words.map { ($0.protocols.rawValue, $0.word) })
    func `every protocol has its word`(rawValue: UInt8, word: String) throws {
        #expect(try list("protocols = [\"\(word)\"]").protocols == ListProtocols(rawValue: rawValue))
    }

    @Test(arguments: [
        ("protocols = []", "none"), ("protocols = [\"dns\", \"dns\"]", "twice"),
        ("protocols = \"dns\"", "list of texts"),
        ("protocols = [\"dns\", 1]", "list of texts"),
        ("protocols = [\"DNS\"]", "\"dns\", \"tls\", \"quic\", \"http\""),
        ("protocols = [\"dns\", \"smtp\"]", "\"smtp\""),
    ])
    func `protocols that are not known, none or twice are refused`(keys: String, part: String) throws {
        try expect(keys, says: ["protocols", part])
    }

    @Test(arguments: [("precedence", 0, 65_535), ("threshold", 1, 16), ("rejected-percent", 0, 100)])
    func `numbers have limits`(key: String, least: Int, most: Int) throws {
        let keys = (1...16).map { "\"\($0)\"" }.joined(separator: ", ")
        let trust = "[trust]\npublishers = [\(keys)]\n"
        for value in [least, most] { _ = try list("\(key) = \(value)", before: trust) }
        for value in [least - 1, most + 1, Int.max] {
            try expect("\(key) = \(value)", says: [key, "from \(least) to \(most)"])
        }
    }

    @Test(arguments: [("publisher", 200), ("legal-basis", 500)])
    func `texts for people are short and on one line`(key: String, limit: Int) throws {
        _ = try list("\(key) = \"\(String(repeating: "x", count: limit))\"")
        // an å is two octets
        _ = try list("\(key) = \"\(String(repeating: "å", count: limit / 2))\"")
        try expect("\(key) = \"\(String(repeating: "x", count: limit + 1))\"", says: [key, "\(limit) octets"])
        try expect("\(key) = \"\(String(repeating: "å", count: limit / 2))x\"", says: [key, "\(limit) octets"])
        for control in ["\\n", "\\t", "\\u0001", "\\u001B[2J", "\\u007F", "\\u0085", "\\u2028"] {
            try expect("\(key) = \"a\(control)b\"", says: [key, "control character"])
        }
    }

    @Test(arguments: ["", "CSAM", "child abuse", "a.example", "å", "a_b", String(repeating: "x", count: 65)])
    func `a purpose is one word`(purpose: String) throws {
        try expect("purpose = \"\(purpose)\"", says: ["purpose", "one word"])
        #expect(try list("purpose = \"\(String(repeating: "x", count: 64))\"").purpose?.count == 64)
    }

    @Test(arguments: [
        "https://lists.example", "https://lists.example/a", "HTTPS://lists.example:8443/a?b=c",
        "https://u:p@lists.example/",
        "https://[2001:db8::1]/a", "/mnt/share/police.txt",
    ])
    func `a list is fetched over TLS or from a path`(url: String) throws {
        #expect(try list("url = \"\(url)\"").url == url)
    }

    @Test(arguments: [
        ("http://secret.example/a", "https://"), ("ftp://secret.example/a", "https://"),
        ("secret.example/a", "https://"),
        ("file:///secret", "https://"), ("", "https://"), ("secret.txt", "absolute"), ("https://", "host"),
        ("https:///secret", "host"), ("https://:443/secret", "host"), ("https://secret@/a", "host"),
        ("https://a.example/secret a", "ASCII"), ("https://a.example/secrét", "ASCII"),
        ("https://a.example/secret\\\\b", "backslash"), ("https://a.example/secret\\n", "ASCII"),
        ("https://a.example/" + String(repeating: "x", count: 4_096), "4096"),
    ])
    func `another place to fetch from is refused and not repeated`(url: String, part: String) throws {
        try expect("url = \"\(url)\"", says: ["url", part])
        let refusal = try #require(SectionTests.refusal("[[list]]\nid = \"a\"\npath = \"a\"\nurl = \"\(url)\"\n"))
        #expect(refusal.problem.contains("secr") == false)
    }

    @Test func `plain HTTP is refused with its reason`() throws {
        try expect("url = \"http://lists.example/a\"", says: ["url must begin with https://", "http:// lets anyone"])
    }

    @Test func `a list that is fetched needs a path of its own`() throws {
        let url = "url = \"https://lists.example/a\"\n"
        try SectionTests.expect(
            "[[list]]\nid = \"a\"\n\(url)",
            line: 1,
            says: ["needs a path", "fetched list is kept"]
        )
        try SectionTests.expect("[[list]]\nid = \"a\"\n", line: 1, says: ["[[list]] needs a path"])
        try expect("url = \"/etc/grindvakt/a.txt\"", says: ["url and path are the same"])
        try expect("url = \"/etc/./grindvakt//a.txt\"", says: ["url and path are the same"])
    }

    @Test(arguments: ["credential:seal", "credential:a.b-c_1"])
    func `a seal key can be a credential`(key: String) throws {
        #expect(try list("seal-key = \"\(key)\"").sealKey == key)
    }

    @Test(arguments: [
        "credential:", "credential:.", "credential:..", "credential:a/b", "credential:a b", "credential:å",
    ])
    func `a credential has a name`(key: String) throws {
        try expect("seal-key = \"\(key)\"", says: ["seal-key", "credential:NAME"])
    }

    @Test(arguments: [
        "publishers = \"a\"", "publishers = [1]", "publishers = [\"a\", \"\"]", "publishers = [[\"a\"]]",
        "test-names = \"\"",
        "seal-key = \"\"", "publishers = [\"a\", \"a\"]",
    ])
    func `a path that is none is refused`(keys: String) throws {
        try expect(keys, says: [String(keys.prefix { $0 != " " })])
    }

    @Test func `more publishers than a list can have signatures are refused`() throws {
        let keys = (1...17).map { "\"\($0)\"" }.joined(separator: ", ")
        try expect("publishers = [\(keys)]", says: ["publishers", "16"])
    }

    @Test func `publishers and threshold of a list go before those of the trust`() throws {
        let text = """
            [trust]
            publishers = ["a", "b", "c"]
            threshold = 2
            operator = "o"
            seal-key = "s"
            [[list]]
            id = "plain"
            path = "1"
            [[list]]
            id = "own"
            path = "2"
            publishers = ["d", "e"]
            [[list]]
            id = "all"
            path = "3"
            threshold = 3
            seal-key = "credential:t"
            [[list]]
            id = "none"
            path = "4"
            publishers = []
            """
        let configuration = try SensorConfiguration(text: text, path: "test.toml")
        let trusts = configuration.lists.map { configuration.trust(for: $0) }
        #expect(trusts.map(\.publishers) == [["a", "b", "c"], ["d", "e"], ["a", "b", "c"], []])
        #expect(trusts.map(\.threshold) == [2, 2, 3, 1])
        #expect(trusts.map(\.sealKey) == ["s", "s", "credential:t", "s"])
        #expect(trusts.map(\.operatorKey) == ["o", "o", "o", "o"])
    }

    @Test(arguments: [
        ("threshold = 2", "", 4, "threshold = 2"), ("publishers = [\"a\"]\nthreshold = 2", "", 5, "(1, one key"),
        ("publishers = []\nthreshold = 2", "", 5, "(0, one key"),
        ("publishers = [\"a\"]", "[trust]\npublishers = [\"a\", \"b\"]\nthreshold = 2\n", 7, "threshold = 2"),
        ("threshold = 3", "[trust]\npublishers = [\"a\", \"b\"]\nthreshold = 2\n", 7, "list \"a\": threshold = 3"),
    ])
    func `a threshold above the number of keys is refused`(
        keys: String,
        trust: String,
        line: Int,
        part: String
    ) throws {
        try SectionTests.expect("\(trust)[[list]]\nid = \"a\"\npath = \"a\"\n\(keys)\n", line: line, says: [part])
    }

    @Test(arguments: [
        ("", "", "a.txt"), ("format = \"snapshot\"", "", "a.txt"), ("", "format = \"snapshot\"", "a.txt"),
        ("format = \"domains\"", "format = \"domains\"", "./a.txt"), ("", "", "/etc/grindvakt//a.txt"),
    ])
    func `two lists of one text are refused at the second`(first: String, second: String, path: String) throws {
        try SectionTests.expect(
            "[[list]]\nid = \"a\"\npath = \"a.txt\"\n\(first)\n[[list]]\nid = \"b\"\npath = \"\(path)\"\n\(second)\n",
            line: 7,
            says: ["path", "list \"a\"", "snapshot"]
        )
    }

    @Test func `two lists of one snapshot share its path and where it is fetched from`() throws {
        let text = { (first: String, second: String) in
            """
            [[list]]
            id = "a"
            path = "all.gv"
            format = "snapshot"
            \(first)
            [[list]]
            id = "b"
            path = "all.gv"
            format = "snapshot"
            \(second)
            """
        }
        let url = "url = \"https://lists.example/all.gv\""
        #expect(SectionTests.refusal(text("", "")) == nil)
        #expect(SectionTests.refusal(text(url, url)) == nil)
        try SectionTests.expect(text(url, ""), line: 8, says: ["\"a\"", "\"b\"", "not the same url"])
        try SectionTests.expect(text("", url), line: 10, says: ["not the same url"])
        try SectionTests.expect(text(url, "url = \"https://b.example\""), line: 10, says: ["not the same url"])
    }

    @Test func `there are no more lists than a blocklist holds`() throws {
        let lists = { (count: Int) in (0..<count).map { "[[list]]\nid = \"l\($0)\"\npath = \"\($0)\"\n" }.joined() }
        let most = Blocklist.maximumLists
        #expect(SectionTests.refusal(lists(most)) == nil)
        try SectionTests.expect(lists(most + 1), line: most * 3 + 1, says: ["more than \(most) lists"])
        let endpoints = "[inspect]\ndoh-endpoints = \"d\"\n"
        #expect(SectionTests.refusal(endpoints + lists(most - 1)) == nil)
        try SectionTests.expect(endpoints + lists(most), line: 2 + (most - 1) * 3 + 1, says: ["lists"])
    }
}
