import CaptureFiles
import FoundationEssentials
import TestSupport
import Testing

@Suite("Capture path")
struct CapturePathTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `a folder stands for its captures by byte order of their paths`() throws {
        for name in [
            "b.pcap", "a.pcapng", "Z.CAP", "sub/c.pcap1", "sub/deeper/d.pcap", "e.pcap10", "notes.txt", "pcap",
            "cap.gz", ".pcap/x.txt",
        ] {
            try folder.write([], to: name)
        }
        try FileManager.default.createSymbolicLink(atPath: folder["linked.pcap"], withDestinationPath: folder["b.pcap"])
        try FileManager.default.createSymbolicLink(atPath: folder["dangling.pcap"], withDestinationPath: folder["none"])
        try FileManager.default.createSymbolicLink(atPath: folder["sub/loop"], withDestinationPath: folder.path)
        let expected = ["Z.CAP", "a.pcapng", "b.pcap", "linked.pcap", "sub/c.pcap1", "sub/deeper/d.pcap"]
        #expect(try CapturePath.expand(folder.path).map(\.displayName) == expected.map { folder[$0] })
        #expect(try CapturePath.expand(folder.path + "/").map(\.displayName) == expected.map { folder[$0] })
    }

    @Test func `a folder without captures says so`() throws {
        #expect(throws: CaptureError.self) { try CapturePath.expand(folder.path) }
    }

    @Test func `a file stands for itself whatever its name`() throws {
        let path = try folder.write([], to: "day.bin")
        #expect(try CapturePath.expand(path) == [.file(Array(path.utf8))])
        #expect(try CapturePath.expand(folder["missing"]) == [.file(Array(folder["missing"].utf8))])
        #expect(try CapturePath.expand("-") == [.standardInput])
    }

    @Test func `bytes that are not UTF-8 are shown repaired`() {
        #expect(CapturePath.file([0x61, 0xFF, 0x62]).displayName == "a\u{FFFD}b")
        #expect(CapturePath.standardInput.displayName == "-")
    }
}
