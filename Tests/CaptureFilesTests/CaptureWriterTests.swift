import CaptureFiles
import FoundationEssentials
import TestSupport
import Testing

@Suite("Capture writer")
struct CaptureWriterTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Copies a capture's frames, and gives the target up or puts it in place.
    func copy(_ source: String, to target: String, commits: Bool = true) throws {
        var capture = try CaptureFile(opening: CapturePath(source))
        var writer = try CaptureWriter(path: target, dataLinkType: capture.dataLinkType)
        while try capture.advance() { writer.append(capture) }
        if commits { try writer.commit() }
    }

    @Test(arguments: [1, 101, 113, 276, 0, 108, 228, 229])
    func `a copy is the same capture`(linkType: Int) throws {
        let builder = CaptureBuilder(linkType: linkType, hasNanoseconds: true)
        let content = builder.pcap([Packets.arp, Packets.query("a.example")], originalLength: 1000)
        try copy(folder.write(content, to: "in"), to: folder["out"])
        #expect(folder.content("out") == content)
        #expect(folder.names == ["in", "out"])
    }

    @Test func `a writer that is given up leaves nothing`() throws {
        let source = try folder.write(CaptureBuilder().pcap([Packets.arp]), to: "in")
        try copy(source, to: folder["out"], commits: false)
        #expect(folder.names == ["in"])
        try folder.write([1, 2, 3], to: "out")
        try copy(source, to: folder["out"], commits: false)
        #expect(folder.content("out") == [1, 2, 3])
        #expect(folder.names == ["in", "out"])
    }

    @Test func `an earlier file is replaced, through a link too`() throws {
        let content = CaptureBuilder(hasNanoseconds: true).pcap([Packets.arp])
        let source = try folder.write(content, to: "in")
        try folder.write([1, 2, 3], to: "old")
        try FileManager.default.createSymbolicLink(atPath: folder["link"], withDestinationPath: folder["old"])
        try copy(source, to: folder["link"])
        #expect(folder.content("old") == content)
        #expect(folder.names == ["in", "link", "old"])
    }

    @Test func `what cannot be written says so before anything is`() throws {
        for target in [folder.path, folder["none/out"], "/dev/null"] {
            let error = #expect(throws: OutputError.self) { _ = try CaptureWriter(path: target, dataLinkType: 1) }
            #expect(error?.explanation.hasPrefix(target) == true)
        }
        #expect(folder.names == [])
    }
}
