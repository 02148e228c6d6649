import Glibc

/// A capture on its way from a descriptor: read in large blocks, of which what has not been taken yet lies in one piece.
///
/// Files are read, not mapped: another process may cut a file at any time, and what lies behind the cut of a mapped one ends the process that
/// looks at it. Pipes are read alike.
struct CaptureStream: ~Copyable {
    /// Octets asked of the system at a time: so many that calls are rare, so few that they are still in the processor's cache when they are
    /// inspected.
    static let blockSize = 1 << 18

    /// Whether octets are there.
    enum Supply {
        case ready
        case later
        case ended
    }

    /// How many octets of the file have been taken.
    var position: Int64 { passed + Int64(start) }

    /// Where the octets begin that have not been taken yet.
    private(set) var start = 0

    private let descriptor: Int32
    private var memory = [UInt8](repeating: 0, count: blockSize)
    private var end = 0
    /// Octets of the file that came before those in memory.
    private var passed: Int64 = 0

    /// The octets that a descriptor gives, which is closed at the end.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The octets that were read and have not been taken yet.
    var waiting: Span<UInt8> {
        @_lifetime(borrow self)
        get { memory.span.extracting(start..<end) }
    }

    /// Octets that have been taken; void once ``supply(_:mayRead:)`` has read on.
    @_lifetime(borrow self)
    func octets(_ range: Range<Int>) -> Span<UInt8> { memory.span.extracting(range) }

    /// Sees to it that so many octets wait, where the file has them.
    ///
    /// - Parameters:
    ///   - count: how many.
    ///   - mayRead: whether the system may be asked for more, whereupon all that was taken before is void.
    /// - Returns: `ended` where nothing waits and nothing comes any more.
    /// - Throws: `cut` where the file has some of them but not all, and `unreadable`.
    @inline(__always)
    mutating func supply(_ count: Int, mayRead: Bool) throws(CaptureFault) -> Supply {
        if end - start >= count { return .ready }
        return mayRead ? try fill(count) : .later
    }

    /// Takes octets that wait.
    mutating func take(_ count: Int) {
        precondition(count >= 0 && count <= end - start)
        start += count
    }

    /// Passes over octets, whether they wait or are still to be read.
    mutating func passOver(_ count: Int) throws(CaptureFault) {
        var left = count
        while left > 0 {
            let piece = min(left, max(end - start, 1))
            guard case .ready = try fill(piece) else { throw .cut }
            take(piece)
            left -= piece
        }
    }

    private mutating func fill(_ count: Int) throws(CaptureFault) -> Supply {
        if start > 0 {
            for index in start..<end { memory[index - start] = memory[index] }
            passed += Int64(start)
            end -= start
            start = 0
        }
        while end < count {
            // Room grows with what is there, not with what a damaged length states.
            if end == memory.count { memory += repeatElement(0, count: memory.count) }
            let room = end..<memory.count
            // SAFETY: the range lies in the array, which is held exclusively during the call.
            let got = unsafe memory.withUnsafeMutableBytes { bytes in
                unsafe read(descriptor, bytes.baseAddress.map { unsafe $0 + room.lowerBound }, room.count)
            }
            if got > 0 {
                end += got
            } else if got == 0 {
                guard end == 0 else { throw .cut }
                return .ended
            } else if errno != EINTR {
                throw .unreadable(systemErrorText(errno))
            }
        }
        return .ready
    }
}
