import Blocklists
import ListFiles
import TestSupport
import Testing
import Wire

/// Lines at the borders of the pieces in which a file is read.
@Suite("Line reader")
struct LineReaderTests {
    /// Octets that are read at a time.
    static let piece = 262_144

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Octets of comment lines, `count` in all, the last one ended.
    private func comments(_ count: Int) -> [UInt8] {
        var content: [UInt8] = []
        while count - content.count > 200 { content += [0x23] + [UInt8](repeating: 0x78, count: 98) + [0x0A] }
        let rest = count - content.count
        return content + [0x23] + [UInt8](repeating: 0x78, count: rest - 2) + [0x0A]
    }

    private func load(_ content: [UInt8]) throws -> (names: [String], count: Int) {
        let list = ListSource(
            path: try folder.write(content),
            descriptor: ListDescriptor(id: "police", action: .drop),
            trust: .off
        )
        let blocklist = try LoadedLists([list]).blocklist
        let found = try ["before.test", "across.test", "behind.test"].filter { name in
            let text = Array(name.utf8)
            return blocklist.match(try DomainName(text: text.span)) != nil
        }
        return (found, blocklist.entryCounts[0])
    }

    @Test(arguments: [1, 2], [-14, -13, -12, -11, -5, -1, 0, 1])
    func `a line that ends, begins or lies across a border is whole`(pieces: Int, shift: Int) throws {
        let start = pieces * Self.piece + shift
        for lineEnd in ["\n", "\r\n"] {
            let before = Array("before.test\(lineEnd)".utf8)
            let content =
                before + comments(start - before.count) + Array("across.test\(lineEnd)behind.test\(lineEnd)".utf8)
            let result = try load(content)
            #expect(result.names == ["before.test", "across.test", "behind.test"])
            #expect(result.count == 3)
        }
    }

    @Test(arguments: -2...2)
    func `the last line is read where it ends at a border, with its line end or without`(shift: Int) throws {
        let name = Array("across.test".utf8)
        for lineEnd in [[], [0x0A], [0x0D, 0x0A]] as [[UInt8]] {
            let content = comments(Self.piece + shift - name.count - lineEnd.count) + name + lineEnd
            #expect(content.count == Self.piece + shift)
            let result = try load(content)
            #expect(result.names == ["across.test"])
            #expect(result.count == 1)
        }
    }

    @Test func `a byte order mark is passed over at the start of the file only`() throws {
        let result = try load(
            [0xEF, 0xBB, 0xBF] + Array("before.test\n".utf8) + comments(Self.piece) + Array("behind.test".utf8)
        )
        #expect(result.names == ["before.test", "behind.test"])
    }
}
