import Glibc

/// Text on its way to a descriptor, in large writes.
///
/// A reader that has gone away is no error: what comes after is dropped in silence, and ``isClosed`` tells.
package struct BufferedOutput {
    /// Whether nothing more can be written, be it that the reader is gone or that writing failed.
    package private(set) var isClosed = false

    /// Why writing failed, in the system's words; nil where it did not, or where only the reader is gone.
    package private(set) var failure: String?

    /// What waits for the next ``flush()``.
    package var buffer: [UInt8] = []

    /// Octets that are enough for a write.
    package static let chunk = 1 << 18

    private let descriptor: Int32

    /// A stream to an open descriptor, which stays its opener's.
    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Writes everything that waits.
    package mutating func flush() {
        // Emptied first, and put back for its memory: what is written is not changed meanwhile.
        var waiting: [UInt8] = []
        swap(&waiting, &buffer)
        write(waiting.span)
        waiting.removeAll(keepingCapacity: true)
        swap(&waiting, &buffer)
    }

    /// Writes everything that waits, and then lines.
    mutating func write(_ lines: borrowing TextLine) {
        flush()
        write(lines.octets)
    }

    private mutating func write(_ octets: Span<UInt8>) {
        var written = 0
        while written < octets.count, !isClosed {
            // SAFETY: the rest of the span lies in its memory, which is borrowed during the call.
            let count = unsafe octets.extracting(written...).withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                // SAFETY: one `pollfd` is passed and one is announced.
                unsafe _ = poll(&waiting, 1, -1)
            } else if errno != EINTR {
                isClosed = true
                if errno != EPIPE { failure = systemErrorText(errno) }
            }
        }
    }

    /// Makes a write to a closed pipe an error instead of the end of the process.
    package static func ignoreClosedPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }
}
