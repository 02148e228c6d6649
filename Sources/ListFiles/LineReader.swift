import Blocklists
import Wire

/// Reads a file line by line, in pieces of fixed size, whatever the file's length.
struct LineReader: ~Copyable {
    /// Octets after which a line may be cut: no list has longer ones, and what is cut is a comment or no name.
    private static let lineLimit = 1 << 16

    /// What is read.
    private(set) var content: ListFileContent

    private var buffer: [UInt8]
    private var start = 0
    private var end = 0
    private var isAtEnd = false
    private var isFirst = true
    private var isCut = false

    /// A reader at the start of `content`.
    init(_ content: consuming ListFileContent) {
        self.content = content
        buffer = Array(repeating: 0, count: ListFileContent.pieceSize)
    }

    /// Reads as much of the file as its format is told by, before the first line is asked for.
    mutating func readSample() throws(ListFileError) {
        while end < ListFormat.sampleSize, isAtEnd == false { try fill() }
    }

    /// The beginning of the file, as far as ``readSample()`` has read it.
    var sample: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.span.extracting(0..<min(end, ListFormat.sampleSize)) }
    }

    /// The octets of a line that ``next()`` has just given.
    @_lifetime(borrow self)
    func octets(of line: Range<Int>) -> Span<UInt8> {
        buffer.span.extracting(line)
    }

    /// The next line, without its line end and, on the first, without a byte order mark; nil behind the last.
    ///
    /// Of a line longer than any entry only the beginning may be given; the rest is passed over with it, so that it is never taken for
    /// a line of its own.
    mutating func next() throws(ListFileError) -> Range<Int>? {
        var searched = start
        while true {
            let lineEnd = buffer.span.extracting(0..<end).firstOffset(of: 0x0A, from: searched)
            if lineEnd < end {
                let line = start..<lineEnd
                start = lineEnd + 1
                searched = start
                guard isCut else { return trimmed(line) }
                isCut = false
                continue
            }
            searched = end
            if isAtEnd {
                guard end > start, isCut == false else { return nil }
                let line = start..<end
                start = end
                return trimmed(line)
            }
            if isCut || end - start >= Self.lineLimit {
                let line = start..<end
                start = end
                // White space alone does not tell yet what the line is.
                if isCut == false, isBlank(line) == false {
                    isCut = true
                    return trimmed(line)
                }
            }
            searched -= start
            try fill()
            searched += start
        }
    }

    private func isBlank(_ range: Range<Int>) -> Bool {
        let bytes = buffer.span
        for index in range where bytes[index] != 0x20 && bytes[index] != 0x09 { return false }
        return true
    }

    private mutating func trimmed(_ line: Range<Int>) -> Range<Int> {
        var line = line
        if isFirst {
            isFirst = false
            if line.count >= 3, buffer[line.lowerBound] == 0xEF, buffer[line.lowerBound + 1] == 0xBB,
                buffer[line.lowerBound + 2] == 0xBF
            {
                line = line.lowerBound + 3..<line.upperBound
            }
        }
        guard line.isEmpty == false, buffer[line.upperBound - 1] == 0x0D else { return line }
        return line.lowerBound..<line.upperBound - 1
    }

    /// Moves the unread octets to the front and reads on behind them.
    private mutating func fill() throws(ListFileError) {
        if start > 0 {
            for index in start..<end { buffer[index - start] = buffer[index] }
            end -= start
            start = 0
        }
        if end == buffer.count { buffer.append(contentsOf: repeatElement(0, count: ListFileContent.pieceSize)) }
        let count = try content.read(into: &buffer, from: end)
        if count == 0 { isAtEnd = true }
        end += count
    }
}
