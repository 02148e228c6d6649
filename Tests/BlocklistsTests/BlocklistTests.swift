import Blocklists
import TestSupport
import Testing
import Wire

@Suite("Blocklist")
struct BlocklistTests {
    static func descriptors(_ count: Int) -> [ListDescriptor] {
        (0..<count).map { ListDescriptor(id: "list-\($0)", action: .drop, counterSlot: $0) }
    }

    static func blocklist(_ names: String..., scope: ListEntry.Scope = [.itself, .subdomains]) throws -> Blocklist {
        var builder = BlocklistBuilder(lists: descriptors(1))
        for name in names { builder.add(try ListEntry(name, scope), list: 0) }
        return builder.build()
    }

    @Test func `an empty blocklist matches nothing`() throws {
        let empty = BlocklistBuilder(lists: []).build()
        #expect(try empty.list(of: "example.org") == nil)
        #expect(try empty.list(of: ".") == nil)
        #expect(empty.lists == [])
        #expect(empty.entryCounts == [])
        #expect(empty.allowedCount == 0)
    }

    @Test func `a list without entries matches nothing`() throws {
        let blocklist = try Self.blocklist()
        #expect(try blocklist.list(of: "example.org") == nil)
        #expect(blocklist.entryCounts == [0])
    }

    @Test(arguments: [
        "org", "notexample.org", "example.orgx", "xexample.org", "example.org.test", "example", "ample.org",
        "example-org",
        "e.xample.org", "exam.ple.org", "www.notexample.org", ".",
    ])
    func `a near miss is a miss`(name: String) throws {
        #expect(try Self.blocklist("example.org").list(of: name) == nil)
    }

    @Test(arguments: [
        "example.org", "www.example.org", "a.b.c.d.example.org", "EXAMPLE.ORG.", "notexample.example.org",
    ])
    func `a name and all under it are found`(name: String) throws {
        #expect(try Self.blocklist("example.org").list(of: name) == "list-0")
    }

    @Test func `an entry stands for itself, for what is under it, or for both`() throws {
        let itself = try Self.blocklist("example.org", scope: .itself)
        #expect(try itself.list(of: "example.org") == "list-0")
        #expect(try itself.list(of: "www.example.org") == nil)
        let under = try Self.blocklist("example.org", scope: .subdomains)
        #expect(try under.list(of: "example.org") == nil)
        #expect(try under.list(of: "www.example.org") == "list-0")
    }

    @Test func `a dot inside a label does not make a name lie under another`() throws {
        let blocklist = try Self.blocklist("example.org")
        // one label `www.example` under org, as only the wire can spell it
        let query = hex("0000 0000 0001 0000 0000 0000  0B 7777772E6578616D706C65 03 6F7267 00 0001 0001")
        var name = DomainName()
        _ = try DNSMessage(parsing: query.span).readQuestion(at: DNSMessage.firstQuestion, into: &name)
        #expect(name.presentation() == #"www\.example.org"#)
        #expect(blocklist.match(name) == nil)
    }

    @Test func `an entry of one label covers the names under it`() throws {
        let blocklist = try Self.blocklist("invalid", "example.org")
        for name in ["invalid", "a.invalid", "a.b.invalid", "example.org"] {
            #expect(try blocklist.list(of: name) == "list-0")
        }
        for name in ["valid", "invalid.test", "org", "a.org"] { #expect(try blocklist.list(of: name) == nil) }
    }

    @Test func `an entry of one label for itself says nothing of the names under it`() throws {
        let blocklist = try Self.blocklist("invalid", scope: .itself)
        #expect(try blocklist.list(of: "invalid") == "list-0")
        #expect(try blocklist.list(of: "a.invalid") == nil)
    }

    @Test func `the root is no entry`() throws {
        var builder = BlocklistBuilder(lists: Self.descriptors(1))
        builder.add(try ListEntry("."), list: 0)
        let blocklist = builder.build()
        #expect(blocklist.entryCounts == [0])
        #expect(try blocklist.list(of: "example.org") == nil)
        #expect(try blocklist.list(of: ".") == nil)
    }

    @Test func `the longest names are found, label by label`() throws {
        let labels = [61, 63, 63, 63].map { String(repeating: "a", count: $0) }
        let longest = labels.joined(separator: ".")
        #expect(longest.utf8.count == 253)
        let blocklist = try Self.blocklist(longest)
        #expect(try blocklist.list(of: longest) == "list-0")
        #expect(try blocklist.list(of: String(longest.dropFirst())) == nil)
        #expect(try blocklist.list(of: labels.dropFirst().joined(separator: ".")) == nil)

        let short = Array(repeating: "a", count: 126).joined(separator: ".")
        #expect(try Self.blocklist(short).list(of: "a." + short) == "list-0")
        #expect(try Self.blocklist("a." + short).list(of: short) == nil)
        #expect(try Self.blocklist("a.a").list(of: "a." + short) == "list-0")
    }

    @Test func `the first list that has a name or its parent counts`() throws {
        var builder = BlocklistBuilder(lists: Self.descriptors(3))
        builder.add(try ListEntry("www.example.org"), list: 2)
        builder.add(try ListEntry("example.org"), list: 1)
        builder.add(try ListEntry("deep.www.example.org"), list: 0)
        let blocklist = builder.build()
        #expect(try blocklist.list(of: "example.org") == "list-1")
        #expect(try blocklist.list(of: "www.example.org") == "list-1")
        #expect(try blocklist.list(of: "deep.www.example.org") == "list-0")
        #expect(blocklist.entryCounts == [1, 1, 1])
    }

    @Test(arguments: [[Action.observe, .drop], [.drop, .observe], [.observe, .observe, .drop, .drop, .observe]])
    func `the strictest action wins, in whatever order the lists come`(actions: [Action]) throws {
        let descriptors = actions.enumerated().map { ListDescriptor(id: "list-\($0)", action: $1) }
        let strictest = try #require(actions.firstIndex(of: .drop))
        let mildest = try #require(actions.firstIndex(of: .observe))
        for order in [Array(actions.indices), actions.indices.reversed()] {
            var builder = BlocklistBuilder(lists: descriptors)
            for list in order { builder.add(try ListEntry("example.org"), list: list) }
            // A longer entry on a list that lets pass does not hide the shorter one, nor the other way round.
            builder.add(try ListEntry("watched.example.org"), list: mildest)
            builder.add(try ListEntry("deep.example.org"), list: strictest)
            builder.add(try ListEntry("allowed.example.org"), list: nil)
            let blocklist = builder.build()
            for name in ["example.org", "watched.example.org", "a.deep.example.org"] {
                #expect(try blocklist.list(of: name) == "list-\(strictest)")
            }
            #expect(try blocklist.list(of: "allowed.example.org") == nil)
        }
    }

    @Test func `every action has a strictness, and to let pass is the least`() {
        for action in Action.allCases where action != .observe {
            #expect(action.strictness > Action.observe.strictness)
        }
    }

    @Test func `a list of endpoints gives no match and hides none`() throws {
        let descriptors = [
            ListDescriptor(id: "endpoints", purpose: .encryptedDNS, action: .drop),
            ListDescriptor(id: "watch", action: .observe),
        ]
        var builder = BlocklistBuilder(lists: descriptors)
        for name in ["dns.example", "both.example", "allowed.example"] { builder.add(try ListEntry(name), list: 0) }
        builder.add(try ListEntry("both.example"), list: 1)
        builder.add(try ListEntry("allowed.example"), list: nil)
        let blocklist = builder.build()
        #expect(blocklist.lookUp(try DomainName("dns.example")) == Lookup(match: nil, isEncryptedDNS: true))
        #expect(
            blocklist.lookUp(try DomainName("a.both.example")) == Lookup(match: Match(list: 1), isEncryptedDNS: true)
        )
        #expect(blocklist.lookUp(try DomainName("allowed.example")) == Lookup(match: nil, isEncryptedDNS: true))
        #expect(blocklist.lookUp(try DomainName("other.example")) == .nothing)
    }

    @Test(arguments: [true, false])
    func `the allow list wins over every list, in whatever order they come`(isFirst: Bool) throws {
        var builder = BlocklistBuilder(lists: Self.descriptors(2))
        if isFirst { builder.add(try ListEntry("allowed.example.org"), list: nil) }
        for list in 0..<2 {
            builder.add(try ListEntry("example.org"), list: list)
            builder.add(try ListEntry("allowed.example.org"), list: list)
            builder.add(try ListEntry("deep.allowed.example.org"), list: list)
        }
        if isFirst == false { builder.add(try ListEntry("allowed.example.org"), list: nil) }
        let blocklist = builder.build()
        #expect(try blocklist.list(of: "example.org") == "list-0")
        #expect(try blocklist.list(of: "other.example.org") == "list-0")
        #expect(try blocklist.list(of: "allowed.example.org") == nil)
        #expect(try blocklist.list(of: "deep.allowed.example.org") == nil)
        #expect(blocklist.allowedCount == 1)
        #expect(blocklist.entryCounts == [3, 3])
    }

    @Test func `an allowed parent covers what a list has under it`() throws {
        var builder = BlocklistBuilder(lists: Self.descriptors(1))
        builder.add(try ListEntry("test"), list: nil)
        builder.add(try ListEntry("a.b.c.test"), list: 0)
        #expect(try builder.build().list(of: "a.b.c.test") == nil)
    }

    @Test func `63 lists are told apart`() throws {
        let count = Blocklist.maximumLists
        var builder = BlocklistBuilder(lists: Self.descriptors(count))
        for list in (0..<count).reversed() {
            builder.add(try ListEntry("only-\(list).example.org"), list: list)
            builder.add(try ListEntry("all.example.org"), list: list)
        }
        let blocklist = builder.build()
        for list in 0..<count { #expect(try blocklist.list(of: "only-\(list).example.org") == "list-\(list)") }
        #expect(try blocklist.list(of: "all.example.org") == "list-0")
        #expect(blocklist.entryCounts == [Int](repeating: 2, count: count))
    }

    @Test func `the same names under another key give the same answers`() throws {
        for seed in UInt64(0)..<20 {
            var builder = BlocklistBuilder(lists: Self.descriptors(1), key: HashKey(seed, ~seed))
            for name in ["example.org", "a.b.test", "invalid"] { builder.add(try ListEntry(name), list: 0) }
            let blocklist = builder.build()
            for name in ["www.example.org", "a.b.test", "x.invalid"] {
                #expect(try blocklist.list(of: name) == "list-0")
            }
            for name in ["org", "b.test", "test", "notexample.org"] { #expect(try blocklist.list(of: name) == nil) }
        }
    }

    @Test(arguments: UInt64(0)..<60)
    func `random lists agree with a plain comparison of text`(seed: UInt64) throws {
        var names = NameGenerator(seed: seed)
        // Every other seed has lists that observe and lists of endpoints among those that drop.
        let isMixed = seed & 1 == 1
        let listCount = [1, 2, 5, Blocklist.maximumLists][Int(seed % 4)]
        let descriptors = (0..<listCount).map { index in
            ListDescriptor(
                id: "list-\(index)",
                purpose: isMixed && Int.random(in: 0..<4, using: &names.random) == 0 ? .encryptedDNS : .action,
                action: isMixed && Bool.random(using: &names.random) ? .observe : .drop
            )
        }
        var naive = NaiveBlocklist()
        naive.descriptors = descriptors
        var builder = BlocklistBuilder(lists: descriptors, key: HashKey(seed, seed << 32))
        // every third blocklist has no allow list, and some have no more than an entry or two
        let entryCount = Int.random(in: 0...(seed % 5 == 0 ? 3 : 120), using: &names.random)
        for _ in 0..<entryCount {
            let name = names.name()
            let scope = names.scope()
            let isAllowed = seed % 3 != 0 && Int.random(in: 0..<8, using: &names.random) == 0
            let list = isAllowed ? nil : Int.random(in: 0..<listCount, using: &names.random)
            naive.entries.append((name, scope, list))
            builder.add(try ListEntry(name, scope), list: list)
        }
        let blocklist = builder.build()

        var asked = Set(naive.entries.map(\.name))
        for name in asked {
            // parents, children, siblings and near misses
            var parent = name[...]
            while let dot = parent.firstIndex(of: ".") {
                parent = parent[parent.index(after: dot)...]
                asked.insert(String(parent))
            }
            asked.formUnion([
                "www.\(name)", "a.b.\(name)", "not\(name)", "\(name).test", "\(name)x", String(name.dropFirst(2)),
            ])
        }
        for _ in 0..<100 { asked.insert(names.name()) }
        asked = asked.filter {
            $0.isEmpty == false && $0.utf8.count <= 253 && $0.first != "." && $0.contains("..") == false
        }

        var different: [String] = []
        for name in asked {
            let found = blocklist.lookUp(try DomainName(name))
            guard found.match?.list == naive.list(of: name), found.isEncryptedDNS == naive.isEncryptedDNS(name) else {
                different.append(name)
                continue
            }
        }
        #expect(different.sorted() == [])
        #expect(asked.count >= 20)

        struct Entry: Hashable { let name: String, scope: UInt8, list: Int? }
        let distinct = Set(naive.entries.map { Entry(name: $0.name, scope: $0.scope.rawValue, list: $0.list) })
        #expect(blocklist.allowedCount == distinct.count { $0.list == nil })
        #expect(blocklist.entryCounts == (0..<listCount).map { list in distinct.count { $0.list == list } })
    }

    @Test func `100,000 names take at most 20 octets each, are all found, and nothing else is`() throws {
        let count = 100_000
        var builder = BlocklistBuilder(lists: Self.descriptors(1))
        builder.reserve(count)
        var entry = try ListEntry("test")
        for index in 0..<count {
            let text = Array("host-\(index).domain-\(index % 5_000).test".utf8)
            try entry.name.assign(text: text.span)
            builder.add(entry, list: 0)
        }
        let blocklist = builder.build()
        #expect(blocklist.entryCounts == [count])
        #expect(blocklist.byteCount <= 20 * count)

        var wrong = 0
        var name = DomainName()
        for index in stride(from: 0, to: count, by: 7) {
            let listed = Array("www.host-\(index).domain-\(index % 5_000).test".utf8)
            try name.assign(text: listed.span)
            if blocklist.match(name) == nil { wrong += 1 }
            let missing = Array("host-\(index).domain-\((index + 1) % 5_000).test".utf8)
            try name.assign(text: missing.span)
            if blocklist.match(name) != nil { wrong += 1 }
        }
        #expect(wrong == 0)
    }
}
