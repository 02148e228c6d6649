/// What the operator wants of one name: that it passes for a while, or no longer.
///
/// Guarantees: the name is 1 to 1024 octets of UTF-8 without control characters; whether it can be a domain name is for
/// the receiver to judge. The type describes itself without the name, so that a log line cannot take it by accident.
package struct PassRequest: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// What is to happen.
    package enum Change: Sendable, Equatable {
        /// The name passes for so many seconds, at least 1 and at most ``PassRequest/longestPass``.
        case letPass(seconds: UInt32)
        /// The name passes no longer.
        case takeBack
    }

    /// The most seconds that a name can be asked to pass for, a year of 365 days; a sensor may allow less.
    package static let longestPass: UInt32 = 31_536_000

    /// The most octets that the text of a request may have.
    static let longestText = 1024

    /// The name as it was sent.
    package let name: [UInt8]
    /// What is to happen to it.
    package let change: Change

    /// The change, without the name.
    package var description: String {
        switch change {
        case .letPass(let seconds): "let pass for \(seconds) s"
        case .takeBack: "take back"
        }
    }

    /// The change, without the name.
    package var customMirror: Mirror { Mirror(self, children: ["change": change]) }

    /// Why a request's text cannot be used; a line that repeats nothing of it.
    enum Fault: String, Error {
        case duration = "the first line is not a number of seconds from 1 to 31536000"
        case lines = "there is not just one line for the seconds and one for the name"
        case line = "there is not just one line for the name"
        case name = "the name is empty, not UTF-8, or has control characters in it"
    }

    /// Reads the text of a request: the seconds in decimal digits and the name, a line each, or to take back the name
    /// alone; the last line may be ended or not.
    init(text: [UInt8], takesBack: Bool) throws(Fault) {
        var text = text[...]
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count == (takesBack ? 1 : 2) else { throw takesBack ? .line : .lines }
        change = takesBack ? .takeBack : .letPass(seconds: try Self.seconds(lines[0]))
        let name = lines[lines.count - 1]
        let hasControl = name.contains { $0 < 0x20 || $0 == 0x7F }
        guard name.isEmpty == false, hasControl == false, String(validating: name, as: UTF8.self) != nil else {
            throw .name
        }
        self.name = Array(name)
    }

    /// The text that ``init(text:takesBack:)`` reads.
    static func text(_ name: [UInt8], _ change: Change) -> [UInt8] {
        switch change {
        case .letPass(let seconds): Array("\(seconds)\n".utf8) + name + [UInt8(ascii: "\n")]
        case .takeBack: name + [UInt8(ascii: "\n")]
        }
    }

    private static func seconds(_ digits: ArraySlice<UInt8>) throws(Fault) -> UInt32 {
        guard (1...10).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .duration
        }
        let seconds = digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 0x30) }
        guard (1...UInt64(longestPass)).contains(seconds) else { throw .duration }
        return UInt32(seconds)
    }
}
