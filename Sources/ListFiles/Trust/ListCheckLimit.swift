import Glibc

/// Bounds how many names can be asked for in a time, so that nobody draws a list out of a sealed snapshot by trying names.
///
/// A bucket of tokens, filled at a steady rate, in a small file in the state directory: it holds over processes and restarts.
package struct ListCheckLimit: Sendable {
    /// The file.
    package let path: String

    /// Names that may be asked for at once, after a pause that is long enough.
    package let burst: Int

    /// Microseconds after which one more name may be asked for.
    private let interval: Int64

    /// What a request comes to.
    package enum Answer: Equatable, Sendable {
        /// The names may be asked for, and are counted.
        case allowed
        /// Not now, but after so many seconds if nobody else asks. Nothing is counted.
        case wait(seconds: Int)
        /// Never so many at once.
        case tooMany(limit: Int)
    }

    private static let title = "grindvakt check limit 1"
    private static let digits = 20
    private static let fileLimit = 64

    /// A limit.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - burst: names that may be asked for at once, from 1 on.
    ///   - perSecond: names for which there is new room each second, above 0.
    package init(_ path: String, burst: Int, perSecond: Double) {
        self.path = path
        self.burst = max(1, min(burst, 1_000_000))
        // One name a day at least, so that sums cannot overflow.
        interval = perSecond > 0 ? Int64(max(1, min(1_000_000 / perSecond, 86_400e6)).rounded()) : 86_400_000_000
    }

    /// Microseconds since 1970 by the system's clock.
    package static func clock() -> Int64 {
        var time = timespec()
        // SAFETY: `time` is a whole `timespec` to be filled.
        unsafe _ = clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// Asks for room for `count` names.
    ///
    /// A damaged file is an empty bucket, and a clock that was set back never costs more than the time to fill one.
    /// - Parameters:
    ///   - count: names.
    ///   - now: microseconds since 1970.
    /// - Returns: whether they may be asked for.
    /// - Throws: where the file cannot be read or written; nothing may be asked for then.
    package func take(_ count: Int = 1, at now: Int64 = clock()) throws(TrustError) -> Answer {
        guard count <= burst else { return .tooMany(limit: burst) }
        do throws(SystemCause) {
            let file = try OpenFile(path, O_RDWR | O_CREAT, mode: 0o600)
            if try file.status().isRegular {
                try file.lock()
                let content = try file.readAll(limit: Self.fileLimit)
                let full = content == [] ? now : content.flatMap(Self.parse) ?? now + Int64(burst) * interval
                let (answer, next) = take(count, full: full, at: now)
                let text = Self.encode(next)
                try file.write(text.span, at: 0)
                try file.truncate(to: Int64(text.count))
                return answer
            }
        } catch {
            throw TrustError(path, .unwritable(error))
        }
        throw TrustError(path, .notAFile)
    }

    /// The answer, and what is to be kept: the time when the bucket is full again.
    func take(_ count: Int, full: Int64, at now: Int64) -> (answer: Answer, full: Int64) {
        let capacity = Int64(burst) * interval
        let begin = min(max(full, now), now + capacity)
        let end = begin + Int64(max(0, count)) * interval
        let excess = end - now - capacity
        guard excess > 0 else { return (.allowed, end) }
        return (.wait(seconds: Int((excess + 999_999) / 1_000_000)), begin)
    }

    /// The time in the file, or nil where it is damaged.
    static func parse(_ octets: [UInt8]) -> Int64? {
        let prefix = Array("\(title)\n".utf8)
        guard octets.count == prefix.count + digits + 1, octets.starts(with: prefix), octets.last == 0x0A else {
            return nil
        }
        let text = octets[prefix.count..<octets.count - 1]
        guard text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(String(decoding: text, as: UTF8.self))
    }

    /// The file's text, which has always the same length.
    static func encode(_ full: Int64) -> [UInt8] {
        let number = String(max(0, full))
        let zeros = String(repeating: "0", count: digits - number.utf8.count)
        return Array("\(title)\n\(zeros)\(number)\n".utf8)
    }
}
