import CaptureFiles
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@Suite("Progress line")
struct ProgressLineTests {
    @Test(arguments: [
        (Int64(34), Int64?(100), 1_234_567, "a.pcap: 34 % 1,234,567 packets"),
        (3_400_000_000, 10_000_000_000, 0, "a.pcap: 34 % 0 packets"),
        (7, 5, 12_345, "a.pcap: 100 % 12,345 packets"),
        (7, nil, 999, "a.pcap: 999 packets"),
        (0, 0, 1_000, "a.pcap: 1,000 packets"),
        (.max, .max, 100_000, "a.pcap: 100 % 100,000 packets"),
    ])
    func `the line tells share and packets`(position: Int64, size: Int64?, packets: Int, line: String) {
        #expect(ProgressLine.line("a.pcap", position: position, size: size, packets: packets) == line)
    }

    /// What a progress line writes for one file.
    func written(isTerminal: Bool, patience: Duration) throws -> String? {
        let folder = try TemporaryFolder()
        try folder.write([], to: "out")
        // SAFETY: the path is bridged to a NUL-terminated string for the call.
        let descriptor = unsafe open(folder["out"], O_WRONLY)
        defer { close(descriptor) }
        var progress = ProgressLine(descriptor: descriptor, isTerminal: isTerminal, patience: patience)
        progress.begin("a.pcap")
        progress.update(position: 1, size: 2, packets: 3)
        progress.update(position: 1, size: 2, packets: 4)
        progress.erase()
        progress.erase()
        return folder.content("out").map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `a terminal sees the line and loses it at the end`() throws {
        #expect(try written(isTerminal: true, patience: .zero) == "\ra.pcap: 50 % 3 packets\u{1B}[K\r\u{1B}[K")
    }

    @Test func `a short file shows nothing`() throws {
        #expect(try written(isTerminal: true, patience: .seconds(3600)) == "")
    }

    @Test func `what is no terminal sees nothing`() throws {
        #expect(try written(isTerminal: false, patience: .zero) == "")
    }
}
