import TestSupport
import Testing

@testable import BenchmarkRecords
@testable import Figures
@testable import Telemetry

@Suite("Comparison")
struct ComparisonTests {
    /// The file of a member's day, with the figures changed.
    private func file(
        _ member: String,
        _ offset: Int64 = 0,
        _ change: (inout PeriodFigures) -> Void = { _ in }
    ) throws -> RecordFile {
        var figures = member == "alpha" ? Sample.alpha(offset) : Sample.beta(offset)
        change(&figures)
        let record = try BenchmarkRecord(figures, member: member, now: Sample.now)
        return RecordFile(name: "\(member)/\(record.fileName)", octets: record.encoded)
    }

    @Test func `two members are set side by side as the kept files have them`() throws {
        let comparison = try Comparison([
            file("alpha"), file("alpha", 1), file("alpha", 2), file("beta"), file("beta", 1),
        ])
        try Golden.expect(comparison.text, "comparison.txt")
        try Golden.expect(comparison.csv, "comparison.csv")
        try Golden.expect(comparison.json, "comparison.json")
        try Golden.expect(comparison.picture, "comparison.svg")
        #expect(comparison.days.map(\.label) == ["2026-11-20", "2026-11-21"])
        #expect(comparison.members.map(\.daysLeftOut) == [1, 0])
    }

    @Test func `the order of the files changes nothing`() throws {
        var random = SeededRandom(seed: 31)
        var files = try [file("alpha"), file("alpha", 1), file("beta"), file("beta", 1)]
        let expected = try Comparison(files)
        for _ in 0..<10 {
            files.shuffle(using: &random)
            let other = try Comparison(files)
            #expect(other.text == expected.text && other.json == expected.json)
        }
    }

    @Test func `coverage, lag and unblock come before attempts`() throws {
        let comparison = try Comparison([file("alpha"), file("beta")])
        for text in [comparison.text, comparison.picture] {
            let places = try ["Coverage:", "List lag", "Time to unblock", "any list"].map { word in
                try #require(text.firstRange(of: word), "\(word)").lowerBound
            }
            #expect(places == places.sorted())
        }
    }

    @Test func `a cell under the threshold is a range in every sum, and never a number`() throws {
        let member = try #require(Comparison([file("beta"), file("beta", 1)]).members.first)
        // Nine attempts a day, of which the record says that they are one to nine.
        #expect(member.attempts("police") == CountRange(least: 2, most: 18))
        #expect(member.attempts(nil) == CountRange(least: 2, most: 18))
        let alpha = try #require(Comparison([file("alpha")]).members.first)
        // Over TLS 612 and 8, of which one list has 610 to 614... of which the total says nothing.
        #expect(alpha.records[0].anyRange(.tlsSNI) == CountRange(least: 608, most: 621))
    }

    @Test func `rates are of the days that are compared, and rounded outwards`() throws {
        let member = try #require(Comparison([file("alpha"), file("alpha", 1)]).members.first)
        let rate = try #require(member.rate(CountRange(least: 2_470, most: 2_471)))
        #expect(rate.text == "100.0 to 100.1")
        let beta = try #require(Comparison([file("beta")]).members.first)
        #expect(beta.rate(.zero) == nil)
    }

    @Test func `records of two windows are not compared`() throws {
        let files = try [file("alpha"), file("beta") { $0.attemptWindow = 10 }]
        let refusal = #expect(throws: ComparisonRefusal.self) { try Comparison(files) }
        #expect(
            refusal
                == .windows(file: files[1].name, seconds: 10, other: files[0].name, otherSeconds: 2)
        )
    }

    @Test func `a day twice, no day in common and no file are refused`() throws {
        let twice = try [file("alpha"), RecordFile(name: "copy.json", octets: file("alpha").octets)]
        #expect(
            throws: ComparisonRefusal.twice(
                file: "copy.json",
                other: twice[0].name,
                what: "alpha/se on 2026-11-20"
            )
        ) { try Comparison(twice) }
        let apart = try [file("alpha"), file("beta", 1)]
        #expect(throws: ComparisonRefusal.noCommonDay(members: ["alpha/se", "beta/no"])) { try Comparison(apart) }
        #expect(throws: ComparisonRefusal.nothing) { try Comparison([]) }
    }

    @Test func `another version is refused with the file's name`() throws {
        let text = String(decoding: try file("alpha").octets, as: UTF8.self)
        let other = text.split(separator: "\"schema_version\": 1").joined(separator: "\"schema_version\": 2")
        let files = [try file("beta"), RecordFile(name: "new.json", octets: Array(other.utf8))]
        let refusal = #expect(throws: ComparisonRefusal.self) { try Comparison(files) }
        #expect(refusal == .notARecord(file: "new.json", RecordFault("schema_version", .otherVersion(2))))
        #expect(refusal?.description.hasPrefix("new.json: schema_version: schema version 2; ") == true)
    }

    @Test func `the picture says everything in words, and needs nothing else`() throws {
        let comparison = try Comparison([file("alpha"), file("beta")])
        let picture = comparison.picture
        #expect(picture.contains("role=\"img\" aria-labelledby=\"title desc\""))
        let description = try #require(picture.firstMatch(of: /<desc id="desc">(.*)<\/desc>/)).output.1
        for measure in comparison.measures where measure.key == "blocked" || measure.key.hasPrefix("rate") {
            for value in measure.values.compactMap(\.self) { #expect(description.contains(value.text)) }
        }
        #expect(description.contains("beta/no no figure"))
        for word in ["<script", "href", "url(", "@import", "<image", "<foreignObject", "&"] {
            #expect(picture.contains(word) == false, "\(word)")
        }
        #expect(picture.split(separator: "http").count == 2, "the name of SVG itself, and no other address")
        #expect(picture.split(separator: "<text").count == picture.split(separator: "</text>").count)
    }

    @Test func `CSV has as many fields in every line, and nothing that needs quotes`() throws {
        let lines = try Comparison([file("alpha"), file("beta")]).csv.split(separator: "\r\n")
        #expect(lines.count > 20)
        for line in lines {
            #expect(line.split(separator: ",", omittingEmptySubsequences: false).count == 9, "\(line)")
            #expect(line.contains("\"") == false && line.contains("=") == false)
        }
    }
}
