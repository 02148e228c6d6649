import SystemPackage

/// Reads a file line by line, in pieces of fixed size, whatever the file's length.
struct LineReader {
    /// Octets read at a time.
    private static let pieceSize = 1 << 18

    /// Octets after which a line may be cut: no list has longer ones, and what is cut is a comment or no name.
    private static let lineLimit = 1 << 16

    private let descriptor: FileDescriptor
    private var buffer: [UInt8]
    private var start = 0
    private var end = 0
    private var isAtEnd = false
    private var isFirst = true
    private var isCut = false

    /// A reader at the start of what `descriptor` gives.
    init(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
        buffer = Array(repeating: 0, count: Self.pieceSize)
    }

    /// Calls `body` with the next line, without its line end and, on the first, without a byte order mark.
    ///
    /// Of a line longer than any entry only the beginning may be given; the rest is passed over with it, so that it is never taken for
    /// a line of its own.
    /// - Returns: nil behind the last line.
    mutating func next<Result>(_ body: (Span<UInt8>) throws -> Result) throws -> Result? {
        var searched = start
        while true {
            if let lineEnd = newline(from: searched) {
                let line = start..<lineEnd
                start = lineEnd + 1
                searched = start
                guard isCut else { return try deliver(line, body) }
                isCut = false
                continue
            }
            searched = end
            if isAtEnd {
                guard end > start, isCut == false else { return nil }
                let line = start..<end
                start = end
                return try deliver(line, body)
            }
            if isCut || end - start >= Self.lineLimit {
                let line = start..<end
                start = end
                // White space alone does not tell yet what the line is.
                if isCut == false, isBlank(line) == false {
                    isCut = true
                    return try deliver(line, body)
                }
            }
            searched -= start
            try fill()
            searched += start
        }
    }

    private func newline(from index: Int) -> Int? {
        let bytes = buffer.span
        var index = index
        while index < end {
            if bytes[index] == 0x0A { return index }
            index += 1
        }
        return nil
    }

    private func isBlank(_ range: Range<Int>) -> Bool {
        let bytes = buffer.span
        for index in range where bytes[index] != 0x20 && bytes[index] != 0x09 { return false }
        return true
    }

    private mutating func deliver<Result>(_ line: Range<Int>, _ body: (Span<UInt8>) throws -> Result) throws -> Result {
        var line = line
        if isFirst {
            isFirst = false
            if line.count >= 3, buffer[line.lowerBound] == 0xEF, buffer[line.lowerBound + 1] == 0xBB,
                buffer[line.lowerBound + 2] == 0xBF
            {
                line = line.lowerBound + 3..<line.upperBound
            }
        }
        if line.isEmpty == false, buffer[line.upperBound - 1] == 0x0D { line = line.lowerBound..<line.upperBound - 1 }
        return try body(buffer.span.extracting(line))
    }

    /// Moves the unread octets to the front and reads on behind them.
    private mutating func fill() throws {
        if start > 0 {
            for index in start..<end { buffer[index - start] = buffer[index] }
            end -= start
            start = 0
        }
        if end == buffer.count { buffer.append(contentsOf: repeatElement(0, count: Self.pieceSize)) }
        // SAFETY: the slice lies in `buffer`, which is held exclusively while the call lasts.
        let count = try unsafe buffer.withUnsafeMutableBytes { bytes in
            try unsafe descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[end...]))
        }
        if count == 0 { isAtEnd = true }
        end += count
    }
}
