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
    func `a list that only observes never decides while another acts`(actions: [Action]) throws {
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

    @Test func `a list of endpoints gives no match and hides none`() throws {
        let descriptors = [
            ListDescriptor(id: "endpoints", use: .encryptedDNS, action: .drop),
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

    @Test func `the most lists of one snapshot are told apart`() throws {
        let count = Snapshot.maximumLists
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

    /// What a lookup can come to.
    private enum Answer: Hashable {
        case nothing, acted, observed, behindAnother, test, encryptedDNS
        case exempt(Exemption.Reason)
    }

    private func answers(_ found: Lookup, _ blocklist: Blocklist) -> Set<Answer> {
        guard found != .nothing else { return [.nothing] }
        var answers: Set<Answer> = found.isEncryptedDNS ? [.encryptedDNS] : []
        if let exemption = found.exemption { answers.insert(.exempt(exemption.reason)) }
        guard let match = found.match else { return answers }
        answers.insert(blocklist.lists[match.list].action == .drop ? .acted : .observed)
        if match.tests != 0 { answers.insert(.test) }
        if match.lists.trailingZeroBitCount < match.list { answers.insert(.behindAnother) }
        return answers
    }

    @Test func `random blocklists agree with a plain comparison of text`() throws {
        var seen: Set<Answer> = []
        for seed in UInt64(0)..<72 {
            var random = try RandomBlocklist(seed: seed)
            let (blocklist, naive) = (random.blocklist, random.naive)
            var different: [String] = []
            for name in random.askedNames() {
                let wire = try DomainName(name)
                for protocols in [.all, ListProtocols(rawValue: UInt8(random.number(16)))] {
                    let found = blocklist.lookUp(wire, in: protocols)
                    if found != naive.lookUp(name, in: protocols) { different.append(name) }
                    seen.formUnion(answers(found, blocklist))
                }
                if blocklist.match(wire) != blocklist.lookUp(wire).match { different.append(name) }
            }
            #expect(different.sorted() == [], "seed \(seed)")

            #expect(blocklist.lists == naive.parts.flatMap(\.lists).compactMap { $0 })
            let allowed = naive.parts.map(\.names) + [naive.allowed]
            #expect(blocklist.allowedCount == allowed.reduce(0) { $0 + $1.count { $0.list == nil } })
            let counts = naive.parts.flatMap { part in
                part.lists.indices.filter { part.lists[$0] != nil }.map { list in
                    part.names.count { $0.list == list && $0.role != .exception }
                }
            }
            #expect(blocklist.entryCounts == counts, "seed \(seed)")
        }
        let all: Set<Answer> = [
            .nothing, .acted, .observed, .behindAnother, .test, .encryptedDNS, .exempt(.allowed), .exempt(.passed),
            .exempt(.protected),
        ]
        #expect(seen == all)
    }

    @Test func `63 lists of three snapshots are told apart`() throws {
        var parts: [Blocklist.Part] = []
        for part in 0..<3 {
            let ids = (0..<Snapshot.maximumLists).map { part * Snapshot.maximumLists + $0 }
            var builder = BlocklistBuilder(
                lists: ids.map { ListDescriptor(id: "list-\($0)", action: .drop, precedence: 1000 - $0) },
                key: HashKey(1, part == 0 ? 0 : 1)
            )
            for (list, id) in ids.enumerated() {
                builder.add(try ListEntry("only-\(id).example.org"), list: list, role: part == 1 ? .test : .listed)
                builder.add(try ListEntry("all.example.org"), list: list)
            }
            parts.append(Blocklist.Part(builder.buildSnapshot()))
        }
        let blocklist = Blocklist(parts)
        #expect(blocklist.lists.count == Blocklist.maximumLists)
        for list in 0..<Blocklist.maximumLists {
            let tests: UInt64 = list / Snapshot.maximumLists == 1 ? 1 << UInt64(list) : 0
            let match = blocklist.match(try DomainName("www.only-\(list).example.org"))
            #expect(match == Match(list: list, tests: tests))
        }
        let every = UInt64.max >> 1
        #expect(blocklist.match(try DomainName("all.example.org")) == Match(list: 62, others: every))
        #expect(blocklist.match(try DomainName("other.example.org")) == nil)
        // All but one of the lists of the first snapshot left out: the places move up.
        let first = parts[0].snapshot
        let lists = first.lists.indices.map { $0 == 20 ? first.lists[20].descriptor : nil }
        let fewer = Blocklist([Blocklist.Part(first, lists: lists)] + parts.dropFirst())
        #expect(fewer.lists.map(\.id) == (20...62).map { "list-\($0)" })
        #expect(try fewer.list(of: "only-20.example.org") == "list-20")
        #expect(try fewer.list(of: "only-19.example.org") == nil)
        #expect(try fewer.list(of: "only-62.example.org") == "list-62")
    }

    @Test func `a list that is in two snapshots has what either has, each with its own exceptions`() throws {
        var one = BlocklistBuilder(lists: Self.descriptors(1), key: HashKey(1, 1))
        one.add(try ListEntry("one.test"), list: 0)
        one.add(try ListEntry("both.test"), list: 0)
        one.add(try ListEntry("other.test"), list: 0, role: .exception)
        var other = BlocklistBuilder(lists: Self.descriptors(1), key: HashKey(2, 2))
        other.add(try ListEntry("other.test"), list: 0)
        other.add(try ListEntry("both.test"), list: 0)
        other.add(try ListEntry("one.test"), list: nil)
        let blocklist = Blocklist([Blocklist.Part(one.buildSnapshot()), Blocklist.Part(other.buildSnapshot())])
        #expect(blocklist.lists.map(\.id) == ["list-0", "list-0"])
        #expect(blocklist.match(try DomainName("one.test")) == Match(list: 0))
        #expect(blocklist.match(try DomainName("other.test")) == Match(list: 1))
        #expect(blocklist.match(try DomainName("both.test")) == Match(list: 0, others: 3))
    }

    @Test func `parts without lists or without entries say nothing and hide nothing`() throws {
        let empty = BlocklistBuilder(lists: []).buildSnapshot()
        let bare = BlocklistBuilder(lists: Self.descriptors(2)).buildSnapshot()
        var builder = BlocklistBuilder(lists: Self.descriptors(1))
        builder.add(try ListEntry("example.org"), list: 0)
        let full = builder.buildSnapshot()
        let blocklist = Blocklist([
            Blocklist.Part(empty), Blocklist.Part(bare), Blocklist.Part(full), Blocklist.Part(full, lists: [nil]),
            Blocklist.Part(empty),
        ])
        #expect(blocklist.match(try DomainName("www.example.org")) == Match(list: 2))
        #expect(blocklist.entryCounts == [0, 0, 1])
        #expect(blocklist.byteCount == 2 * (empty.byteCount + full.byteCount) + bare.byteCount)
        #expect(Blocklist([]).lookUp(try DomainName("www.example.org")) == .nothing)
        #expect(Blocklist([Blocklist.Part(full, lists: [nil])]).lookUp(try DomainName("example.org")) == .nothing)
    }

    @Test func `what a list of an allow list's snapshot has is not exempt`() throws {
        var builder = BlocklistBuilder(lists: Self.descriptors(1))
        builder.add(try ListEntry("example.org"), list: 0)
        builder.add(try ListEntry("allowed.example.org"), list: nil)
        let snapshot = builder.buildSnapshot()
        var list = BlocklistBuilder(lists: Self.descriptors(1))
        list.add(try ListEntry("example.org"), list: 0)
        let part = Blocklist.Part(list.buildSnapshot())
        for exemptions in [
            Blocklist.Exemptions(allowed: snapshot), Blocklist.Exemptions(passes: snapshot),
            Blocklist.Exemptions(protected: snapshot),
        ] {
            let blocklist = Blocklist([part], exemptions: exemptions)
            #expect(try blocklist.list(of: "example.org") == "list-0")
            #expect(try blocklist.list(of: "allowed.example.org") == nil)
            #expect(blocklist.byteCount == part.snapshot.byteCount + snapshot.byteCount)
        }
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
