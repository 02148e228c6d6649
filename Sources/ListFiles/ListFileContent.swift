/// A list file's text: its octets, unpacked where the file is packed.
///
/// Whether a file is packed is told from its first two octets, whatever it is called. What is read is the whole file or an error: a
/// packed file that ends early, and one whose length changes meanwhile, never passes for a shorter list.
struct ListFileContent: ~Copyable {
    /// Octets read at a time.
    static let pieceSize = 1 << 18

    /// How many times as long as its file an unpacked list may be; names pack to a tenth at best, and a bomb is a thousand times as long.
    private static let maximumRatio = 100

    /// Octets of text up to which that does not matter: a short list of one name over and over does no harm.
    private static let ratioFloor = 1 << 26

    /// The file.
    private(set) var file: ListFile

    private let limit: Int

    /// Octets of text read.
    private var produced = 0

    private var hasBegun = false
    private var gzip: GzipStream?
    private var isInsideMember = false

    /// Whether the text read last filled its room, so that more of it may be to come without further octets.
    private var hasMoreToGive = false

    /// Octets of the file that are yet to be handed over or unpacked.
    private var waiting: [UInt8] = []
    private var waitingStart = 0
    private var waitingEnd = 0

    /// What is in `file`, at most `limit` octets of text.
    init(of file: consuming ListFile, limit: Int) {
        self.file = file
        self.limit = limit
    }

    /// Whether the file is packed; known once something is read.
    var isPacked: Bool { gzip != nil }

    /// Reads on, into `buffer` from `start` to its end.
    ///
    /// - Returns: how many octets of text were read; zero at the end.
    mutating func read(into buffer: inout [UInt8], from start: Int) throws(ListFileError) -> Int {
        if hasBegun == false {
            hasBegun = true
            try begin()
        }
        var end = start
        if isPacked {
            while end == start, try unpack(into: &buffer, &end) {}
        } else if waitingStart < waitingEnd {
            handOver(to: &buffer, &end)
        } else {
            end += try file.read(into: &buffer, from: start)
        }
        produced += end - start
        guard produced <= limit else { throw .tooLarge(path: file.path, limit: limit) }
        guard produced <= Self.ratioFloor || produced / Self.maximumRatio <= file.octets else {
            throw .tooLarge(path: file.path, limit: file.octets * Self.maximumRatio)
        }
        return end - start
    }

    /// Reads the first octets and looks whether they are those of a packed file.
    private mutating func begin() throws(ListFileError) {
        waiting = Array(repeating: 0, count: Self.pieceSize)
        while waitingEnd < 2 {
            let count = try file.read(into: &waiting, from: waitingEnd)
            guard count > 0 else { return }
            waitingEnd += count
        }
        guard waiting[0] == 0x1F, waiting[1] == 0x8B else { return }
        guard let stream = GzipStream() else { throw .unreadable(path: file.path, cause: "Cannot allocate memory") }
        gzip = consume stream
    }

    /// Hands over what ``begin()`` has read of a file that is not packed.
    private mutating func handOver(to buffer: inout [UInt8], _ end: inout Int) {
        let count = min(waitingEnd - waitingStart, buffer.count - end)
        for index in 0..<count { buffer[end + index] = waiting[waitingStart + index] }
        waitingStart += count
        end += count
    }

    /// Unpacks what fits behind `end`; false at the end of the file.
    private mutating func unpack(into buffer: inout [UInt8], _ end: inout Int) throws(ListFileError) -> Bool {
        if waitingStart == waitingEnd, hasMoreToGive == false {
            waitingStart = 0
            waitingEnd = try file.read(into: &waiting, from: 0)
            guard waitingEnd > 0 else {
                guard isInsideMember == false else { throw .cut(path: file.path) }
                return false
            }
        }
        isInsideMember = true
        switch gzip?.unpack(waiting, &waitingStart, upTo: waitingEnd, into: &buffer, &end) {
        case .goesOn: hasMoreToGive = end == buffer.count
        case .memberEnded:
            isInsideMember = false
            hasMoreToGive = false
            gzip?.beginMember()
        case .damaged, nil: throw .damaged(path: file.path)
        }
        return true
    }
}
