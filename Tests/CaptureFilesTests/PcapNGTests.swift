import TestSupport
import Testing

@testable import CaptureFiles

@Suite("pcapng (draft-ietf-opsawg-pcapng)")
struct PcapNGTests {
    /// What reading a file to its end gave.
    struct Reading: Equatable {
        var frames: [[UInt8]] = []
        var numbers: [Int] = []
        var layers: [LinkLayer?] = []
        var timestamps: [UInt64] = []
        var lengths: [Int] = []
        var error: CaptureError?
    }

    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    func read(_ content: [UInt8]) throws -> Reading {
        let path = try folder.write(content, to: "a.pcapng")
        var reading = Reading()
        do throws(CaptureError) {
            var capture = try CaptureFile(opening: CapturePath(path))
            while try capture.advance() {
                let bytes = capture.bytes
                reading.frames.append(bytes.indices.map { bytes[$0] })
                reading.numbers.append(capture.frame)
                reading.layers.append(capture.linkLayer)
                reading.timestamps.append(capture.timestamp)
                reading.lengths.append(capture.originalLength)
            }
        } catch {
            reading.error = error
        }
        return reading
    }

    @Test func `each frame has the link layer of its interface`() throws {
        var file = PcapNGBuilder()
        file.interface(1, snapLength: 96)
        file.interface(113, snapLength: 262_144)
        file.frame([1], interface: 1)
        file.frame([2, 2], interface: 0)
        file.interface(101, snapLength: 0)
        file.frame([3, 3, 3], interface: 2)
        let reading = try read(file.bytes)
        #expect(reading.error == nil)
        #expect(reading.frames == [[1], [2, 2], [3, 3, 3]])
        #expect(reading.layers == [.linuxCooked, .ethernet, .rawIP])
    }

    @Test func `each section has interfaces and a byte order of its own`() throws {
        var file = PcapNGBuilder()
        file.interface(1, snapLength: 0)
        file.frame([1], interface: 0)
        file.section(isBigEndian: true)
        file.interface(113, snapLength: 0)
        file.frame([2], interface: 0)
        file.section(isBigEndian: false)
        file.frame([3], interface: 0)
        let reading = try read(file.bytes)
        #expect(reading.frames == [[1], [2]])
        #expect(reading.layers == [.ethernet, .linuxCooked])
        #expect(
            reading.error == .damaged(afterFrame: 2, "a frame is of interface 0, which is not described")
        )
    }

    @Test func `simple packets end at the snap length, packets of before are read`() throws {
        var file = PcapNGBuilder(isBigEndian: true)
        file.interface(1, snapLength: 6)
        file.block(3, file.number(9, 4) + [1, 2, 3, 4, 5, 6, 0, 0])
        file.block(3, file.number(2, 4) + [1, 2, 0, 0])
        // interface and drops in two octets each, time, captured length, length
        let time = file.number(0, 4) + file.number(5_000_000, 4)
        file.block(2, [0, 0, 0, 7] + time + file.number(3, 4) + file.number(60, 4) + [7, 8, 9, 0])
        let reading = try read(file.bytes)
        #expect(reading.error == nil)
        #expect(reading.frames == [[1, 2, 3, 4, 5, 6], [1, 2], [7, 8, 9]])
        #expect(reading.lengths == [9, 2, 60])
        #expect(reading.timestamps == [0, 0, 5_000_000_000])
    }

    @Test func `blocks without frames are passed over, long ones too`() throws {
        var file = PcapNGBuilder()
        // name resolution before any interface, and a block longer than any that is kept
        file.block(4, file.number(0, 4))
        file.interface(1, snapLength: 0)
        file.block(5, [UInt8](repeating: 1, count: 64))
        file.block(0x7777, [UInt8](repeating: 0xAB, count: PcapNGFile.blockLimit + 8))
        file.frame([1], interface: 0)
        let reading = try read(file.bytes)
        #expect(reading.error == nil)
        #expect(reading.frames == [[1]])
        #expect(reading.numbers == [1])
    }

    @Test func `custom blocks and journal entries have numbers, as Wireshark counts`() throws {
        var file = PcapNGBuilder()
        file.block(0xBAD, file.number(32_473, 4))
        file.interface(1, snapLength: 0)
        file.frame([1], interface: 0)
        file.block(0x4000_0BAD, file.number(32_473, 4))
        file.block(9, Array("A=B\n".utf8))
        file.frame([2], interface: 0)
        #expect(try read(file.bytes).numbers == [2, 5])
    }

    /// A time stamp of an interface, and the nanoseconds that it comes to.
    struct Time: Sendable {
        var ticks: UInt64
        var resolution: UInt8
        var offset: Int64 = 0
        var nanoseconds: UInt64
    }

    static let times: [Time] = [
        Time(ticks: 1_700_000_000_123_456, resolution: 6, nanoseconds: 1_700_000_000_123_456_000),
        Time(ticks: 1_700_000_000_123, resolution: 3, nanoseconds: 1_700_000_000_123_000_000),
        Time(ticks: 1_700_000_000_123_456_789, resolution: 9, nanoseconds: 1_700_000_000_123_456_789),
        Time(ticks: 1_700_000_000, resolution: 0, nanoseconds: 1_700_000_000_000_000_000),
        // past nanoseconds: what is finer is cut off
        Time(ticks: 1_700_000_123_456_789_999, resolution: 12, nanoseconds: 1_700_000_123_456_789),
        Time(ticks: .max, resolution: 19, nanoseconds: 1_844_674_407),
        Time(ticks: .max, resolution: 20, nanoseconds: 0),
        // powers of two
        Time(ticks: 1_700_000_000 << 30 | 1 << 29, resolution: 0x9E, nanoseconds: 1_700_000_000_500_000_000),
        Time(ticks: 3 << 62, resolution: 0xBF, nanoseconds: 1_500_000_000),
        Time(ticks: 7, resolution: 0x80, nanoseconds: 7_000_000_000),
        Time(ticks: .max, resolution: 0xFF, nanoseconds: 0),
        Time(ticks: 500, resolution: 3, offset: 1_700_000_000, nanoseconds: 1_700_000_000_500_000_000),
        Time(ticks: 5_000_000, resolution: 6, offset: -4, nanoseconds: 1_000_000_000),
        Time(ticks: 5_000_000, resolution: 6, offset: -6, nanoseconds: 0),
        // past all bounds
        Time(ticks: .max, resolution: 0, nanoseconds: .max),
        Time(ticks: 0, resolution: 6, offset: .max, nanoseconds: .max),
        Time(ticks: 0, resolution: 6, offset: .min, nanoseconds: 0),
        Time(ticks: .max, resolution: 0, offset: .min, nanoseconds: 0),
    ]

    @Test(arguments: times)
    func `ticks are what the interface says`(time: Time) throws {
        for isBigEndian in [false, true] {
            var file = PcapNGBuilder(isBigEndian: isBigEndian)
            let seconds = file.number(Int(time.offset), 8)
            let name = Array("eth0".utf8)
            file.interface(1, snapLength: 0, options: [(2, name), (9, [time.resolution]), (14, seconds)])
            file.frame([1], interface: 0, ticks: time.ticks)
            #expect(try read(file.bytes).timestamps == [time.nanoseconds])
        }
    }

    /// A block that breaks the format, and the words for it.
    struct Fault: Sendable {
        let reason: String
        let type: Int
        let body: [UInt8]
        /// The length that the block states first, where it is not its own.
        var length: Int?
    }

    static let faults: [Fault] = [
        // link type, reserved, snap length, and an option of nine octets that are not there
        Fault(
            reason: "an option leaves its block",
            type: 1,
            body: [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 9, 0]
        ),
        // interface, time, five octets captured of five, of which four are there
        Fault(
            reason: "a frame leaves its block",
            type: 6,
            body: [UInt8](repeating: 0, count: 12) + [5, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 4]
        ),
        Fault(
            reason: "a frame is of interface 1, which is not described",
            type: 6,
            body: [1] + [UInt8](repeating: 0, count: 19)
        ),
        Fault(reason: "a block is too short for its type", type: 6, body: [UInt8](repeating: 0, count: 12)),
        Fault(reason: "a block states a length of 8", type: 5, body: [], length: 8),
        Fault(reason: "a block states a length of 4294967292", type: 6, body: [], length: 0xFFFF_FFFC),
        Fault(reason: "the two lengths of a block differ", type: 5, body: [1, 2, 3, 4], length: 12),
        Fault(reason: "a section header states no byte order", type: 0x0A0D_0D0A, body: [1, 2, 3, 4]),
        Fault(
            reason: "pcapng version 2.0 is not known",
            type: 0x0A0D_0D0A,
            body: [0x4D, 0x3C, 0x2B, 0x1A, 2, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8)
        ),
    ]

    @Test(arguments: faults)
    func `what breaks the format ends the file after what was read`(fault: Fault) throws {
        var file = PcapNGBuilder()
        file.interface(1, snapLength: 0)
        file.frame([1], interface: 0)
        let start = file.bytes.count
        file.block(fault.type, fault.body)
        if let length = fault.length { file.replace(at: start + 4, file.number(length, 4)) }
        file.frame([2], interface: 0)
        let reading = try read(file.bytes)
        #expect(reading.frames == [[1]])
        #expect(reading.error == .damaged(afterFrame: 1, fault.reason))
    }

    @Test func `a file that describes no interface is no capture`() throws {
        #expect(try read(PcapNGBuilder().bytes).error == .notACapture("no interface is described"))
        #expect(try read([0x0A] + Array("some text\n".utf8)).error == .notACapture("no section header"))
    }

    @Test func `damaged files are read or refused`() throws {
        var file = PcapNGBuilder()
        file.interface(1, snapLength: 40, options: [(9, [9]), (14, file.number(5, 8))])
        file.frame([1, 2, 3, 4, 5], interface: 0)
        file.block(3, file.number(9, 4) + [UInt8](repeating: 3, count: 12))
        file.section(isBigEndian: true)
        file.interface(113, snapLength: 0)
        file.frame([1, 2, 3, 4, 5], interface: 0)
        let whole = file.bytes
        #expect(try read(whole).frames.count == 3)
        var random = SeededRandom(seed: 5)
        var refused = 0
        for _ in 0..<1_500 {
            var damaged = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] =
                    [0, 1, 4, 6, 0x7F, 0xFF].randomElement(using: &random) ?? 0
            }
            if try read(damaged).error != nil { refused += 1 }
        }
        #expect(refused > 100)
    }

    @Test func `a copy holds the same frames`() throws {
        var file = PcapNGBuilder()
        file.interface(113, snapLength: 0)
        file.interface(1, snapLength: 3)
        file.interface(101, snapLength: 0)
        for number in 0..<7 { file.frame([UInt8](repeating: 7, count: number), interface: number % 3, ticks: 1 << 50) }
        file.block(3, file.number(3, 4) + [1, 2, 3, 0])
        let source = try folder.write(file.bytes, to: "in")
        var capture = try CaptureFile(opening: CapturePath(source))
        var writer = try CaptureWriter(path: folder["out"], dataLinkType: nil)
        while try capture.advance() { writer.append(capture) }
        try writer.commit()
        let copy = try read(folder.content("out") ?? [])
        #expect(try copy == read(file.bytes))
        #expect(copy.error == nil)
        #expect(copy.frames.count == 8)
    }
}
