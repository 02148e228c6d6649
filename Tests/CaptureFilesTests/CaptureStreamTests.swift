import Glibc
import TestSupport
import Testing

@testable import CaptureFiles

@Suite("Capture stream")
struct CaptureStreamTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// What reading a capture gave, and how many frames each batch had.
    struct Reading: Equatable {
        var sums: [Int] = []
        var numbers: [Int] = []
        var batches: [Int] = []
    }

    func read(_ capture: consuming CaptureFile) throws -> Reading {
        var capture = capture
        var reading = Reading()
        while try capture.advance() {
            if capture.batchCount > 0 {
                reading.batches.append(capture.batchCount)
                let first = capture.bytes.count
                let same = capture.bytes(inBatch: 0).count
                #expect(first == same)
            }
            let bytes = capture.bytes
            reading.sums.append(bytes.indices.reduce(0) { $0 &* 31 &+ Int(bytes[$1]) })
            reading.numbers.append(capture.frame)
        }
        return reading
    }

    /// Frames of all lengths, some longer than what is read at a time.
    static let frames: [[UInt8]] = (0..<400).map { index in
        let length = index % 97 == 96 ? PcapFile.frameLimit : (index * 7919) % 9_000
        return (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ index) }
    }

    static let sums = frames.map { $0.reduce(0) { $0 &* 31 &+ Int($1) } }

    static let files = [CaptureBuilder().pcap(frames), CaptureBuilder(isBigEndian: true).pcapng(frames)]

    @Test(arguments: files.indices)
    func `frames that lie across the ends of what is read at a time are whole`(file: Int) throws {
        let path = try folder.write(Self.files[file], to: "a.pcap")
        let reading = try read(try CaptureFile(opening: CapturePath(path)))
        #expect(reading.sums == Self.sums)
        #expect(reading.numbers == Array(1...Self.frames.count))
        #expect(reading.batches.reduce(0, +) == Self.frames.count)
        #expect(reading.batches.allSatisfy { $0 <= CaptureFile.batchLimit })
        #expect(reading.batches.contains { $0 > 10 })
    }

    @Test func `a pipe is read as it comes, and no frame waits for the next`() throws {
        var ends: [Int32] = [0, 0]
        // SAFETY: the array has room for the two descriptors.
        let isOpen = unsafe pipe(&ends) == 0
        #expect(isOpen)
        let frames = [[UInt8](repeating: 7, count: 300), [UInt8](repeating: 8, count: 10)]
        let content = CaptureBuilder().pcap(frames)
        let cut = content.count - 20
        // SAFETY: the array has more octets than are announced.
        let written = unsafe write(ends[1], content, cut)
        #expect(written == cut)
        var capture = try CaptureFile(opening: .standardInput, standardInput: ends[0])
        let isFirstThere = try capture.advance()
        let count = capture.bytes.count
        #expect(isFirstThere && count == 300)
        let rest = Array(content[cut...])
        // SAFETY: the array has as many octets as are announced.
        let writtenRest = unsafe write(ends[1], rest, rest.count)
        #expect(writtenRest == rest.count)
        close(ends[1])
        let isSecondThere = try capture.advance()
        let first = capture.bytes[0]
        #expect(isSecondThere && first == 8)
        #expect(try capture.advance() == false)
        close(ends[0])
    }

    @Test func `what was read before a fault is inspected before it is told`() throws {
        var content = CaptureBuilder().pcap([[1], [2], [3]])
        content.replaceSubrange(24 + 17 * 2 + 8..<24 + 17 * 2 + 12, with: [0, 0, 5, 0])
        let path = try folder.write(content, to: "a.pcap")
        var capture = try CaptureFile(opening: CapturePath(path))
        for number in 1...2 {
            #expect(try capture.advance())
            let first = capture.bytes[0]
            #expect(first == UInt8(number))
        }
        let error = #expect(throws: CaptureError.self) { _ = try capture.advance() }
        #expect(error == .damaged(afterFrame: 2, "a frame states a length of 327680"))
    }

    /// A file header of a version, with the magic number.
    private static func header(_ magic: [UInt8], _ major: UInt8, _ minor: UInt8) -> [UInt8] {
        magic + [major, 0, minor, 0] + [UInt8](repeating: 0, count: 12) + [1, 0, 0, 0]
    }

    private static let magic: [UInt8] = [0xD4, 0xC3, 0xB2, 0xA1]

    private func lengths(_ content: [UInt8]) throws -> [Int] {
        let path = try folder.write(content, to: "a.pcap")
        var capture = try CaptureFile(opening: CapturePath(path))
        var lengths: [Int] = []
        while try capture.advance() { lengths += [capture.bytes.count, capture.originalLength] }
        return lengths
    }

    @Test func `older versions have the two lengths in the other order`() throws {
        let time = [UInt8](repeating: 0, count: 8)
        let (two, nine): ([UInt8], [UInt8]) = ([2, 0, 0, 0], [9, 0, 0, 0])
        let octets: [UInt8] = [1, 2]
        #expect(try lengths(Self.header(Self.magic, 2, 4) + time + two + nine + octets) == [2, 9])
        #expect(try lengths(Self.header(Self.magic, 2, 2) + time + nine + two + octets) == [2, 9])
        #expect(try lengths(Self.header(Self.magic, 2, 3) + time + nine + two + octets) == [2, 9])
        #expect(try lengths(Self.header(Self.magic, 2, 3) + time + two + nine + octets) == [2, 9])
    }

    @Test func `frames with longer headers are read`() throws {
        let time = [UInt8](repeating: 0, count: 8)
        let frame: [UInt8] = time + [2, 0, 0, 0, 9, 0, 0, 0] + [UInt8](repeating: 0xAA, count: 8) + [1, 2]
        #expect(try lengths(Self.header([0x34, 0xCD, 0xB2, 0xA1], 2, 4) + frame + frame) == [2, 9, 2, 9])
    }

    @Test func `a version that is not known is refused`() throws {
        let error = #expect(throws: CaptureError.self) { _ = try lengths(Self.header(Self.magic, 3, 0)) }
        #expect(error == .notACapture("pcap version 3.0 is not known"))
    }
}
