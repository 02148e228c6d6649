import Glibc

/// Text on its way to a descriptor, in large writes.
///
/// A reader that has gone away is no error: what comes after is dropped in silence, and ``isClosed`` tells.
package struct BufferedOutput {
    /// Whether nothing more can be written, be it that the reader is gone or that writing failed.
    package private(set) var isClosed = false

    /// Why writing failed, in the system's words; nil where it did not, or where only the reader is gone.
    package private(set) var failure: String?

    /// Whether enough has come together for a write.
    package var isFull: Bool { buffer.count >= Self.chunk }

    /// What waits for the next ``flush()``.
    package var buffer: [UInt8] = []

    private static let chunk = 1 << 16
    private let descriptor: Int32

    /// A stream to an open descriptor, which stays its opener's.
    package init(descriptor: Int32) {
        self.descriptor = descriptor
        buffer.reserveCapacity(Self.chunk + Self.chunk / 4)
    }

    /// Writes everything that waits.
    package mutating func flush() {
        var written = 0
        while written < buffer.count, !isClosed {
            // SAFETY: the range from `written` to the end lies in the buffer, which is not changed during the call.
            let count = unsafe buffer.withUnsafeBytes { bytes in
                unsafe write(descriptor, bytes.baseAddress.map { unsafe $0 + written }, bytes.count - written)
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
        buffer.removeAll(keepingCapacity: true)
    }

    /// Makes a write to a closed pipe an error instead of the end of the process.
    package static func ignoreClosedPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }
}
