import CaptureFiles
import EvasionCases
import Foundation
import Inspection
import TestSupport
import Testing

@Suite("Evasion card")
struct EvasionCardTests {
    let cases = EvasionCase.all.filter { ["tcp-split-name", "link-vlan", "dns-plain"].contains($0.id) }

    /// The same cases to an inspection that looks at nothing.
    var blind: EvasionCard {
        var configuration = InspectorConfiguration()
        configuration.inspectsTLS = false
        configuration.inspectsDNS = false
        return EvasionCard(cases, configuration: configuration)
    }

    @Test func `a card of seen cases is passed, one of unseen cases is not`() {
        let card = EvasionCard(cases)
        #expect(card.isPassed)
        #expect(card.outcomes.map(\.seen) == [5, 1, 5])
        #expect(card.outcomes.map(\.blocked) == [5, 1, 5])
        #expect(card.outcomes.map(\.deadline) == [5, 1, 5])
        #expect(blind.isPassed == false)
        #expect(blind.metCount == 0)
        #expect(blind.outcomes.allSatisfy { $0.faults == ["not blocked", "name not seen"] })
    }

    @Test func `text is an aligned table and a summary`() {
        #expect(
            EvasionCard(cases).text(.text) == """
                case            protocol  seen  blocked  counted as  verdict
                tcp-split-name  tls       5/6   5/6      -           ok
                dns-plain       dns       1/1   1/1      -           ok
                link-vlan       tls       5/6   5/6      -           ok

                3 of 3 cases as expected, each with its innocent twin

                """
        )
        let lines = blind.text(.text).split(separator: "\n")
        #expect(lines[1] == "tcp-split-name  tls       no    no       -           NOT: not blocked, name not seen")
        #expect(lines.last == "0 of 3 cases as expected, each with its innocent twin; 3 NOT")
    }

    @Test func `Markdown has a row for each case with as many cells as the header`() {
        let rows = EvasionCard(cases).text(.markdown).split(separator: "\n").filter { $0.hasPrefix("|") }
        #expect(rows.count == 2 + cases.count)
        #expect(Set(rows.map { $0.count { $0 == "|" } }) == [9])
        #expect(rows[2].hasPrefix("| tcp-split-name | hello cut in the middle of the name | zapret multisplit"))
    }

    @Test func `every line of jsonl is an object`() throws {
        let lines = EvasionCard(EvasionCase.all).text(.jsonl).split(separator: "\n")
        #expect(lines.count == EvasionCase.all.count + 1)
        for (line, evasionCase) in zip(lines, EvasionCase.all) {
            let object = try #require(JSONValue(parsing: line.utf8))
            #expect(object["id"]?.string == evasionCase.id)
            #expect(object["packets"]?.integer == evasionCase.packets.count)
            #expect(object["verdict"]?.string != nil)
        }
        let last = try #require(lines.last.flatMap { JSONValue(parsing: $0.utf8) })
        #expect(last["cases"]?.integer == EvasionCase.all.count)
    }

    @Test func `captures are read again as they were built, and the index names each`() throws {
        let folder = try TemporaryFolder()
        try EvasionCaptures.write(EvasionCase.all, to: folder["cases"])
        let index = String(decoding: try #require(folder.content("cases/INDEX.md")), as: UTF8.self)
        for evasionCase in EvasionCase.all {
            for (path, packets) in [
                ("\(evasionCase.id).pcap", evasionCase.packets),
                ("innocent/\(evasionCase.id).pcap", evasionCase.innocentTwin()),
            ] {
                var capture = try CaptureFile(opening: CapturePath(folder["cases/" + path]))
                var first: UInt64?
                for packet in packets {
                    #expect(try capture.advance())
                    let bytes = capture.bytes
                    #expect((0..<bytes.count).map { bytes[$0] } == packet.frame)
                    let start = first ?? capture.timestamp
                    first = start
                    #expect(capture.timestamp - start == packet.time * 1_000)
                }
                #expect(try capture.advance() == false)
            }
            #expect(index.contains("| \(evasionCase.id).pcap | "))
        }
    }

    @Test func `a folder that cannot be made is named`() throws {
        let folder = try TemporaryFolder()
        try folder.write("no folder", to: "file")
        let error = #expect(throws: EvasionError.self) {
            try EvasionCaptures.write(cases, to: folder["file"] + "/cases")
        }
        #expect(error?.description.hasPrefix(folder["file"]) == true)
    }

    @Test func `the card in the README is the one of this version`() throws {
        let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        let readme = try String(contentsOfFile: root + "/README.md", encoding: .utf8)
        let start = "<!-- card: grindvakt selftest evasion --output markdown -->\n"
        let card = try #require(readme.components(separatedBy: start).last?.components(separatedBy: "<!-- end").first)
        #expect(
            card == EvasionCard().text(.markdown),
            "put in what `grindvakt selftest evasion --output markdown` prints"
        )
    }
}
