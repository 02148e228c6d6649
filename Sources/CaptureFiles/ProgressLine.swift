/// A line on a terminal that tells how far a long file has been read; nothing at all where there is no terminal.
package struct ProgressLine {
    /// How long a line stands before it is written anew.
    private static let interval = Duration.milliseconds(200)
    /// How many columns of a file's name are shown.
    private static let nameWidth = 40

    private let isTerminal: Bool
    private let patience: Duration
    private var output: BufferedOutput
    private var name = ""
    private var due = ContinuousClock.now
    private var isShown = false

    /// A progress line on a descriptor.
    ///
    /// - Parameters:
    ///   - descriptor: where the line goes.
    ///   - isTerminal: whether that is a terminal; there is no line otherwise.
    ///   - patience: how long a file may take before the line appears.
    package init(descriptor: Int32, isTerminal: Bool, patience: Duration = .milliseconds(500)) {
        self.isTerminal = isTerminal
        self.patience = patience
        output = BufferedOutput(descriptor: descriptor)
    }

    /// Starts anew for a file.
    package mutating func begin(_ name: String) {
        guard isTerminal else { return }
        self.name = Self.shortened(printable(name))
        due = .now + patience
    }

    /// Writes the line anew if it is time.
    ///
    /// - Parameters:
    ///   - position: bytes read.
    ///   - size: bytes in all; nil where that is not known.
    ///   - packets: frames read.
    package mutating func update(position: @autoclosure () -> Int64, size: Int64?, packets: Int) {
        guard isTerminal, ContinuousClock.now >= due else { return }
        due = .now + Self.interval
        isShown = true
        output.buffer += Array("\r\(Self.line(name, position: position(), size: size, packets: packets))\u{1B}[K".utf8)
        output.flush()
    }

    /// Writes the line anew if it is time, of a file that is no capture.
    ///
    /// - Parameters:
    ///   - position: octets read.
    ///   - size: octets in all; nil where that is not known.
    package mutating func update(octets position: Int, of size: Int?) {
        guard isTerminal, ContinuousClock.now >= due else { return }
        due = .now + Self.interval
        isShown = true
        let share = size.map { $0 > 0 ? "\(min(100, Int(100 * Double(position) / Double($0)))) %" : "" }
        let line = "\(name): \(share ?? "\(Self.grouped(position)) octets")"
        output.buffer += Array("\r\(line)\u{1B}[K".utf8)
        output.flush()
    }

    /// Takes the line off the terminal before anything else is written to it.
    package mutating func erase() {
        guard isShown else { return }
        isShown = false
        output.buffer += Array("\r\u{1B}[K".utf8)
        output.flush()
    }

    /// The line itself: `a.pcap: 34 % 1,234,567 packets`, without the share where the size is not known.
    package static func line(_ name: String, position: Int64, size: Int64?, packets: Int) -> String {
        var share = ""
        if let size, size > 0 { share = "\(min(100, Int(100 * Double(position) / Double(size)))) % " }
        return "\(name): \(share)\(grouped(packets)) packets"
    }

    /// The last columns of a long name, which tell more than the first.
    private static func shortened(_ name: String) -> String {
        name.count <= nameWidth ? name : "…" + name.suffix(nameWidth - 1)
    }

    /// A number with a comma between groups of three digits.
    static func grouped(_ number: Int) -> String {
        var digits = Array("\(number)")
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return String(digits)
    }
}
