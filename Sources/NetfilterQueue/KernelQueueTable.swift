import CNetfilterQueue
import Glibc

/// One line of the kernel's own table of queues, `/proc/net/netfilter/nfnetlink_queue`.
package struct KernelQueue: Equatable, Sendable {
    /// The queue's number.
    package let number: UInt16

    /// The netlink port of the socket that has it.
    package let port: UInt32

    /// Packets that wait for a verdict.
    package let length: UInt64

    /// Octets of each packet that are copied.
    package let copyRange: Int

    /// Packets dropped because the queue was full.
    package let kernelDropped: UInt64

    /// Packets dropped because the socket's buffer was full.
    package let userDropped: UInt64

    /// The number of the packet that was queued last.
    package var lastID: UInt32 = 0
}

/// The kernel's own table of queues.
package enum KernelQueueTable {
    /// Where the kernel shows it.
    package static let path = "/proc/self/net/netfilter/nfnetlink_queue"

    /// The table as it is now; nil where the kernel has none, or does not show it to this process.
    package static func read() -> [KernelQueue]? {
        if isStandardInput { return read(STDIN_FILENO) }
        // SAFETY: the path is a string that outlives the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return read(descriptor)
    }

    /// Whether the table lies open already: only root and the group root may open it, and a unit can have systemd do that for the sensor.
    private static let isStandardInput: Bool = {
        // The path is not to be seen where a unit shows processes alone (ProcSubset=pid); the link says what was opened before that.
        var target = [UInt8](repeating: 0, count: 256)
        let size = target.count
        // SAFETY: the buffer is held exclusively while the call lasts, and `size` is its length.
        let count = unsafe target.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe readlink("/proc/self/fd/0", start.assumingMemoryBound(to: CChar.self), size)
        }
        var system = statfs()
        // SAFETY: the result outlives the call.
        guard count > 0, unsafe fstatfs(STDIN_FILENO, &system) == 0 else { return false }
        let procfs = 0x9FA0
        return system.f_type == procfs
            && String(decoding: target[..<count], as: UTF8.self).hasSuffix("/net/netfilter/nfnetlink_queue")
    }()

    private static func read(_ descriptor: Int32) -> [KernelQueue]? {
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4_096)
        while true {
            let size = piece.count
            // SAFETY: the buffer lives across the call and `size` is its length.
            let count = unsafe piece.withUnsafeMutableBytes { bytes in
                // Not from where the last reader stopped: one who has it open all the time shares the place.
                unsafe pread(descriptor, bytes.baseAddress, size, text.count)
            }
            guard count > 0 else { break }
            text.append(contentsOf: piece[..<count])
        }
        return parse(String(decoding: text, as: UTF8.self))
    }

    /// Packets that the kernel has dropped because one of these queues, or its socket's buffer, was full.
    package static func dropped(by queues: ClosedRange<UInt16>) -> UInt64 {
        (read() ?? []).filter { queues.contains($0.number) }.reduce(0) { $0 &+ $1.kernelDropped &+ $1.userDropped }
    }

    /// Reads the table's text: number, port, length, copy mode, copy range, dropped by the kernel, dropped for the socket, last number, 1.
    static func parse(_ text: String) -> [KernelQueue] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ").compactMap { UInt64($0) }
            guard fields.count >= 7, let number = UInt16(exactly: fields[0]), let port = UInt32(exactly: fields[1])
            else { return nil }
            return KernelQueue(
                number: number,
                port: port,
                length: fields[2],
                copyRange: Int(clamping: fields[4]),
                kernelDropped: fields[5],
                userDropped: fields[6],
                lastID: fields.count > 7 ? UInt32(truncatingIfNeeded: fields[7]) : 0
            )
        }
    }
}
