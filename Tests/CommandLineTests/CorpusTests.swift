import FoundationEssentials
import Testing

/// The replay over captures that lie beside the package, where they are there.
@Suite("Corpus of captures", .timeLimit(.minutes(10)))
struct CorpusTests {
    private static let corpus = Program.packageRoot() + "/../shared/corpus"

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: corpus + "/score.py"),
            "the captures are not there: ../shared/corpus"
        )
    )
    func `replay finds the names of the corpus, and no others`() async throws {
        let command = ["--", try await Program.path(), "replay", "--output", "jsonl", "--names"]
        let score = try await Program.run("python3", ["\(Self.corpus)/score.py"] + command)
        // A line per protocol: `tls 12 of 13 found, 0 late, 1 missed, 0 extra`; then the sum: `score: … 0 crashed, … files`.
        let protocols = score.output.split(separator: "\n").filter { $0.contains(" found, ") && $0.contains(" late, ") }
        try #require(protocols.count == 5, "\(score)")
        for line in protocols {
            let numbers = line.split { !$0.isNumber }.compactMap { Int($0) }
            try #require(numbers.count == 5, "\(line)")
            let (found, rows, late, missed, extra) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4])
            #expect(rows > 0 && found == rows && late == 0 && missed == 0, "\(line)\n\(score.output)")
            // Three captures hold requests of HTTP/2 with prior knowledge, of which the expected rows do not know.
            #expect(extra <= (line.hasPrefix("http") ? 3 : 0), "\(line)\n\(score.output)")
        }
        #expect(score.output.contains(" 0 crashed"), "\(score.output)")
    }
}
