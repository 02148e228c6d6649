import TestSupport
import Testing
import Wire

@testable import Blocklists

@Suite("LookupBatch")
struct LookupBatchTests {
    typealias Question = (name: String, protocols: ListProtocols)

    /// What one batch says of at most 64 names.
    private func lookUp(_ questions: [Question], _ blocklist: Blocklist, _ batch: inout LookupBatch) throws -> [Lookup]
    {
        batch.removeAll()
        for question in questions {
            let name = try DomainName(question.name)
            batch.add(name.view, in: question.protocols)
        }
        batch.lookUp(in: blocklist)
        var answers: [Lookup] = []
        for index in 0..<batch.count { answers.append(batch[index]) }
        return answers
    }

    /// Looks names up in batches of so many and returns those of which single lookups say something else.
    private func differences(
        _ questions: [Question],
        _ blocklist: Blocklist,
        _ size: Int,
        _ batch: inout LookupBatch
    ) throws -> [String] {
        var different: [String] = []
        var rest = questions[...]
        while rest.isEmpty == false {
            let asked = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            let answers = try lookUp(asked, blocklist, &batch)
            if answers.count != asked.count { different.append("\(answers.count) answers") }
            for (question, answer) in zip(asked, answers) {
                let name = try DomainName(question.name)
                if answer != blocklist.lookUp(name, in: question.protocols) { different.append(question.name) }
            }
        }
        return different
    }

    @Test func `batches of random names say what single lookups and a plain comparison of text say`() throws {
        // One batch for all, so that nothing of the one before may be left.
        var batch = LookupBatch()
        for seed in UInt64(0)..<72 {
            var random = try RandomBlocklist(seed: seed)
            let (blocklist, naive) = (random.blocklist, random.naive)
            let names = random.askedNames().sorted()
            let questions = names.map { (name: $0, protocols: ListProtocols(rawValue: UInt8(random.number(16)))) }
            let different = try differences(questions + [(".", .all)], blocklist, 1 + Int(seed) % 64, &batch)
            #expect(different == [], "seed \(seed)")
            let last = Array(questions.suffix(64))
            let answers = try lookUp(last, blocklist, &batch)
            #expect(answers == last.map { naive.lookUp($0.name, in: $0.protocols) }, "seed \(seed)")
        }
    }

    @Test func `every batch size from one to the most gives the same answers`() throws {
        var batch = LookupBatch()
        var random = try RandomBlocklist(seed: 4)
        let names = random.askedNames().sorted().prefix(300).map { (name: $0, protocols: ListProtocols.all) }
        for size in 1...LookupBatch.capacity {
            let different = try differences(names, random.blocklist, size, &batch)
            #expect(different == [], "size \(size)")
        }
    }

    @Test func `more suffixes than there is room for are all searched`() throws {
        // Every suffix of names of 126 labels is listed, by parents of few and of many entries.
        var builder = BlocklistBuilder(lists: BlocklistTests.descriptors(2))
        var names: [Question] = []
        for top in ["a", "b", "c"] {
            var name = "x.\(top)"
            builder.add(try ListEntry(name), list: 0)
            for _ in 0..<(top == "a" ? 20 : 124) {
                name = "y.\(name)"
                builder.add(try ListEntry(name, [.itself]), list: 1)
            }
            names += (0..<21).map { _ in (name, .all) }
        }
        let blocklist = builder.build()
        var batch = LookupBatch()
        let different = try differences(names, blocklist, 63, &batch)
        #expect(different == [])
        let answers = try lookUp([names[0]], blocklist, &batch)
        #expect(answers.map(\.match) == [Match(list: 0, others: 3)])
    }

    @Test func `an entry of one label is found for every name of a batch`() throws {
        let blocklist = try BlocklistTests.blocklist("invalid", "example.org")
        let names = ["invalid", "a.invalid", "a.b.invalid", "example.org", "org", "b.test", "www.example.org"]
        var batch = LookupBatch()
        let asked = (0..<64).map { (name: names[$0 % names.count], protocols: ListProtocols.all) }
        let different = try differences(asked, blocklist, 64, &batch)
        #expect(different == [])
        let answers = try lookUp(asked, blocklist, &batch)
        #expect(answers[0].match == Match(list: 0))
        #expect(answers[4] == .nothing)
    }

    @Test func `names of the longest kind keep apart from their neighbours in a batch`() throws {
        let long = [61, 63, 63, 63].map { String(repeating: "a", count: $0) }.joined(separator: ".")
        let word = "abc.defg"
        let blocklist = try BlocklistTests.blocklist(long, word)
        var batch = LookupBatch()
        let names = [long, word, "x" + long.dropFirst(), long, "www.\(word)", "a.\(String(long.dropFirst(2)))", "abc"]
        let asked = (0..<64).map { (name: String(names[$0 % names.count]), protocols: ListProtocols.all) }
        let different = try differences(asked, blocklist, 64, &batch)
        #expect(different == [])
        let answers = try lookUp(asked, blocklist, &batch)
        #expect(answers.prefix(4).map { $0.match != nil } == [true, true, false, true])
    }

    @Test func `a batch without names and one in an empty blocklist say nothing`() throws {
        var batch = LookupBatch()
        let listed = try BlocklistTests.blocklist("example.org")
        let none = try lookUp([], listed, &batch)
        #expect(none == [])
        let question: Question = ("example.org", .all)
        for empty in [Blocklist([]), BlocklistBuilder(lists: []).build()] {
            let answers = try lookUp([question], empty, &batch)
            #expect(answers == [.nothing])
        }
        let answers = try lookUp([question], listed, &batch)
        #expect(answers.map(\.match) == [Match(list: 0)])
    }

    @Test(arguments: [24, 25, 26, 3_000])
    func `entries that share their last two labels are found however many they are`(count: Int) throws {
        var builder = BlocklistBuilder(lists: BlocklistTests.descriptors(1))
        for index in 0..<count { builder.add(try ListEntry("n\(index).crowd.test"), list: 0) }
        builder.add(try ListEntry("deep.below.n1.crowd.test"), list: 0)
        for index in 0..<200 { builder.add(try ListEntry("n\(index).other-\(index % 40).test"), list: 0) }
        let blocklist = builder.build()
        var names = (0..<count).flatMap { ["n\($0).crowd.test", "www.n\($0).crowd.test", "m\($0).crowd.test"] }
        names += (0..<200).map { "a.b.n\($0).other-\($0 % 40).test" }
        names += ["crowd.test", "test", "deep.below.n1.crowd.test", "below.n2.crowd.test", "other-1.test"]
        var wrong: [String] = []
        for name in names where (blocklist.match(try DomainName(name)) != nil) != isListed(name) { wrong.append(name) }
        #expect(wrong == [])
        var batch = LookupBatch()
        let different = try differences(names.map { ($0, .all) }, blocklist, 64, &batch)
        #expect(different == [])
    }

    private func isListed(_ name: String) -> Bool {
        let labels = name.split(separator: ".")
        return labels.count > 2 && labels[labels.count - 3].first == "n"
    }
}
