import CaptureFiles
import TestSupport
import Testing

@Suite("Capture file")
struct CaptureFileTests {
    /// What reading a capture to its end gave.
    struct Reading: Equatable {
        var frames: [[UInt8]] = []
        var timestamps: [UInt64] = []
        var lengths: [Int] = []
        var layer: LinkLayer?
        var error: CaptureError?
    }

    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    func read(_ content: [UInt8]) throws -> Reading {
        let path = try folder.write(content, to: "a.pcap")
        var reading = Reading()
        do throws(CaptureError) {
            var capture = try CaptureFile(opening: CapturePath(path))
            reading.layer = capture.linkLayer
            while try capture.advance() {
                let bytes = capture.bytes
                reading.frames.append(bytes.indices.map { bytes[$0] })
                reading.timestamps.append(capture.timestamp)
                reading.lengths.append(capture.originalLength)
                #expect(capture.frame == reading.frames.count)
                #expect(capture.position > 0)
            }
            let remaining = capture.bytes.count
            #expect(remaining == 0)
            #expect(capture.size == Int64(content.count))
        } catch {
            reading.error = error
        }
        return reading
    }

    static let frames = [
        Packets.ethernet(Packets.query("one.example")), Packets.arp, Packets.ethernet(Packets.query("two.example")),
    ]

    @Test(arguments: [false, true], [false, true])
    func `pcap is read in both byte orders and precisions`(isBigEndian: Bool, hasNanoseconds: Bool) throws {
        let builder = CaptureBuilder(isBigEndian: isBigEndian, hasNanoseconds: hasNanoseconds)
        let reading = try read(builder.pcap(Self.frames, originalLength: 1514))
        #expect(reading.error == nil)
        #expect(reading.layer == .ethernet)
        #expect(reading.frames == Self.frames)
        #expect(reading.lengths == [1514, 1514, 1514])
        let fraction: UInt64 = hasNanoseconds ? 123 : 123_000
        #expect(reading.timestamps == (0..<3).map { (1_700_000_000 + $0) * 1_000_000_000 + fraction })
    }

    @Test(arguments: [false, true])
    func `pcapng is read in both byte orders`(isBigEndian: Bool) throws {
        let reading = try read(CaptureBuilder(isBigEndian: isBigEndian).pcapng(Self.frames))
        #expect(reading.error == nil)
        #expect(reading.frames == Self.frames)
        #expect(reading.timestamps == (0..<3).map { (1_700_000_000 + $0) * 1_000_000_000 + 123_000 })
    }

    @Test func `seconds after January 2038 do not go backwards`() throws {
        let reading = try read(CaptureBuilder(firstSecond: 0x7FFF_FFFF).pcap(Self.frames))
        #expect(reading.timestamps == (0..<3).map { (0x7FFF_FFFF + $0) * 1_000_000_000 + 123_000 })
    }

    @Test(arguments: [
        (1, LinkLayer.ethernet), (101, .rawIP), (228, .rawIP), (229, .rawIP), (113, .linuxCooked),
        (276, .linuxCookedV2),
        (0, .loopback), (108, .loopback),
    ])
    func `the link type of the file is known`(number: Int, layer: LinkLayer) throws {
        #expect(try read(CaptureBuilder(linkType: number).pcap(Self.frames)).layer == layer)
        #expect(try read(CaptureBuilder(linkType: number).pcapng(Self.frames)).layer == layer)
    }

    @Test func `a file cut anywhere gives the frames before the cut`() throws {
        let whole = CaptureBuilder().pcap(Self.frames)
        var ends = [24]
        for frame in Self.frames { ends.append((ends.last ?? 0) + 16 + frame.count) }
        for length in 0..<whole.count {
            let reading = try read(Array(whole[..<length]))
            let complete = max(0, ends.count { $0 <= length } - 1)
            #expect(reading.frames == Array(Self.frames[..<complete]))
            if ends.contains(length) {
                #expect(reading.error == nil)
            } else if case .cut(let frame, _)? = reading.error {
                #expect(frame == complete)
            } else {
                Issue.record("length \(length): \(String(describing: reading.error))")
            }
        }
    }

    @Test func `a cut pcapng gives the frames before the cut`() throws {
        let whole = CaptureBuilder().pcapng(Self.frames)
        let reading = try read(Array(whole.dropLast(10)))
        #expect(reading.frames == Array(Self.frames[..<2]))
        guard case .cut(afterFrame: 2, _)? = reading.error else {
            Issue.record("\(String(describing: reading.error))")
            return
        }
    }

    @Test func `a damaged frame header gives the frames before it`() throws {
        var content = CaptureBuilder().pcap(Self.frames)
        let second = 24 + 16 + Self.frames[0].count
        content.replaceSubrange(second + 8..<second + 12, with: [0xFF, 0xFF, 0xFF, 0x7F])
        let reading = try read(content)
        #expect(reading.frames == Array(Self.frames[..<1]))
        guard case .damaged(afterFrame: 1, _)? = reading.error else {
            Issue.record("\(String(describing: reading.error))")
            return
        }
    }

    @Test func `an interface of another link type changes nothing for the others`() throws {
        let reading = try read(CaptureBuilder().pcapng(Self.frames, furtherInterfaces: [113, 189]))
        #expect(reading.frames == Self.frames)
        #expect(reading.error == nil)
    }

    @Test(arguments: [false, true])
    func `a pcapng file cut anywhere gives the frames before the cut`(isBigEndian: Bool) throws {
        let whole = CaptureBuilder(isBigEndian: isBigEndian).pcapng(Self.frames)
        var ends = [48]
        for frame in Self.frames { ends.append((ends.last ?? 0) + 32 + (frame.count + 3) / 4 * 4) }
        for length in 0..<whole.count {
            let reading = try read(Array(whole[..<length]))
            let complete = max(0, ends.count { $0 <= length } - 1)
            #expect(reading.frames == Array(Self.frames[..<complete]))
            switch reading.error {
            case nil: #expect(ends.contains(length))
            case .cut(let frame, _): #expect(frame == complete && ends.contains(length) == false)
            case .notACapture: #expect(length == 28)
            default: Issue.record("length \(length): \(String(describing: reading.error))")
            }
        }
    }

    @Test func `no mutation of a capture does more than end it`() throws {
        var state: UInt64 = 42
        for whole in [CaptureBuilder().pcap(Self.frames), CaptureBuilder(isBigEndian: true).pcapng(Self.frames)] {
            for _ in 0..<300 {
                var content = whole
                for _ in 0..<3 {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    content[Int(state >> 33) % content.count] = UInt8(truncatingIfNeeded: state >> 20)
                }
                _ = try read(content)
            }
        }
    }

    @Test func `what is no capture says so`() throws {
        #expect(try read(Array("www.example.org\nwww.example.net\n".utf8)).error == .notACapture("unknown file format"))
        #expect(throws: CaptureError.unreadable("No such file or directory")) {
            _ = try CaptureFile(opening: CapturePath(folder["missing.pcap"]))
        }
        #expect(throws: CaptureError.self) { _ = try CaptureFile(opening: CapturePath(folder.path)) }
    }

    @Test func `a link type that is not ours is named`() throws {
        let reading = try read(CaptureBuilder(linkType: 189).pcap(Self.frames))
        #expect(reading.error == .unsupportedLinkType(name: "USB_LINUX", number: 189))
    }

    @Test func `an explanation is one line with a mend`() {
        let errors: [CaptureError] = [
            .unreadable("x"), .notACapture("x"), .unsupportedLinkType(name: "PPP", number: 9),
            .unsupportedFrames(1, name: "USB_LINUX", number: 189),
            .cut(afterFrame: 2, "x"), .damaged(afterFrame: 3, "x"),
        ]
        for error in errors {
            #expect(!error.explanation.contains("\n"))
            #expect(error.explanation.contains { $0 == ";" || $0 == "," })
        }
    }
}
