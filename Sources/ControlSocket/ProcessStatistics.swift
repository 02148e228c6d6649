import FoundationEssentials
import Glibc
package import Telemetry

/// Reads what the kernel says of this process from `/proc` (proc(5)).
package struct ProcessStatisticsSource: Sendable {
    private let ticksPerSecond: Double
    private let pageSize: UInt64
    private let bootTime: Double

    /// Reads what stays the same while the process lives.
    package init() {
        ticksPerSecond = Double(max(sysconf(CInt(_SC_CLK_TCK)), 1))
        pageSize = UInt64(max(sysconf(CInt(_SC_PAGESIZE)), 1))
        bootTime = Self.seconds(CLOCK_REALTIME) - Self.seconds(CLOCK_BOOTTIME)
    }

    /// The present figures; nil when `/proc` is not mounted.
    package func read() -> ProcessStatistics? {
        guard let stat = Self.text("/proc/self/stat"),
            let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        else { return nil }
        return statistics(inProcessStat: stat, openDescriptors: UInt64(descriptors.count))
    }

    /// The figures in the line of `/proc/self/stat`; nil when the line is not as proc(5) says.
    func statistics(inProcessStat line: String, openDescriptors: UInt64) -> ProcessStatistics? {
        // The command's name is in parentheses and may hold blanks and parentheses itself; the third field follows it.
        guard let end = line.lastIndex(of: ")") else { return nil }
        let fields = line[line.index(after: end)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
        func field(_ number: Int) -> UInt64? {
            fields.indices.contains(number - 3) ? UInt64(fields[number - 3]) : nil
        }
        guard let user = field(14), let system = field(15), let start = field(22), let virtual = field(23),
            let resident = field(24)
        else { return nil }
        return ProcessStatistics(
            cpuSeconds: Double(user + system) / ticksPerSecond,
            residentBytes: resident * pageSize,
            virtualBytes: virtual,
            openDescriptors: openDescriptors,
            maximumDescriptors: Self.descriptorLimit(),
            startTime: bootTime + Double(start) / ticksPerSecond
        )
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        // SAFETY: the call fills the one element, seconds and nanoseconds, a word each.
        unsafe withUnsafeTemporaryAllocation(of: timespec.self, capacity: 1) { time in
            guard let start = time.baseAddress, unsafe clock_gettime(clock, start) == 0 else { return 0 }
            let words = UnsafeRawBufferPointer(time)
            let nanoseconds = unsafe words.load(fromByteOffset: MemoryLayout<Int>.size, as: Int.self)
            return Double(unsafe words.load(as: Int.self)) + Double(nanoseconds) / 1e9
        }
    }

    private static func descriptorLimit() -> UInt64 {
        var limit = rlimit()
        // SAFETY: getrlimit fills the structure, which outlives the call.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return UInt64(limit.rlim_cur)
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
