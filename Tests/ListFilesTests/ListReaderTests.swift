import Blocklists
import CZlib
import Crypto
import ListFiles
import TestSupport
import Testing
import Wire

@Suite("List reader")
struct ListReaderTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// What a file says: its entries as text, exceptions with a leading `@`, those for what is under a name alone with a `*`.
    private func read(
        _ content: [UInt8],
        as format: ListFormat? = nil,
        match: MatchKind = .subdomains,
        limit: Int = ListReader.defaultLimit
    ) throws -> (names: [String], reading: ListReading) {
        let path = try folder.write(content)
        var names: [String] = []
        let reader = ListReader(path: path, format: format, match: match, limit: limit)
        let reading = try reader.read { entry, isException in
            names.append(
                (isException ? "@" : "") + (entry.scope.contains(.itself) ? "" : "*.") + entry.name.presentation()
            )
        }
        return (names, reading)
    }

    private func read(_ content: String, as format: ListFormat? = nil) throws -> (names: [String], reading: ListReading)
    {
        try read(Array(content.utf8), as: format)
    }

    /// Why a file is refused; nil where it is not.
    private func refusal(
        _ content: [UInt8],
        as format: ListFormat? = nil,
        limit: Int = ListReader.defaultLimit
    ) throws -> ListFileError? {
        do {
            _ = try read(content, as: format, limit: limit)
            return nil
        } catch let error as ListFileError {
            return error
        }
    }

    private var path: String { folder["list.txt"] }

    @Test(arguments: [
        (ListFormat.domains, "one.test\n*.two.test\n", ["one.test", "*.two.test"]),
        (.hosts, "0.0.0.0 one.test two.test\n0.0.0.0 localhost\n", ["one.test", "two.test"]),
        (.adblock, "||one.test^\n@@||two.test^\n", ["one.test", "@two.test"]),
        (
            .rpz, "$ORIGIN rpz.test.\none.test CNAME .\n*.two.test CNAME rpz-passthru.\n",
            ["one.test", "@*.two.test"]
        ),
        (.cncpo, "17;20240521\nhttp://one.test/;one.test;;\n;two.test;;\n", ["one.test", "two.test"]),
        (.urls, "https://one.test/\ntwo.test\n", ["one.test", "two.test"]),
    ])
    func `each format is read, declared or told from the content`(
        format: ListFormat,
        text: String,
        names: [String]
    ) throws {
        for declared in [format, nil] {
            let result = try read(text, as: declared)
            #expect(result.names == names)
            #expect(result.reading.format == format)
            #expect(result.reading.entryCount == names.count { $0.hasPrefix("@") == false })
            #expect(result.reading.exceptionCount == names.count { $0.hasPrefix("@") })
            #expect(result.reading.rejectedCount == 0)
        }
    }

    @Test func `a declared format is not doubted`() throws {
        let result = try read("one.test\ntwo.test\n", as: .hosts)
        #expect(result.names == [])
        #expect(result.reading.causes == [.addressMissing: 2])
    }

    @Test(arguments: ["<html>\n<body>\n</body>\n", "some words of prose\n", "192.0.2.1\n"])
    func `a file that fits no format is refused with what was looked for`(text: String) throws {
        let error = try #require(try refusal(Array(text.utf8)))
        #expect(error == .formatUnknown(path: path))
        for word in ["domains", "hosts", "||", "RPZ", "CNCPO", "URL"] { #expect(error.description.contains(word)) }
    }

    @Test func `every line that is left out has its number and cause, and reading goes on`() throws {
        let text = """
            https://one.test/
            https://secret.test/page
            https://two.test/
            https://192.0.2.1/
            secret..test
            https://secret.test:8443/
            å\u{1F600}.test
            https://three.test
            """
        let (names, reading) = try read(text)
        #expect(names == ["one.test", "two.test", "three.test"])
        #expect(reading.format == .urls)
        #expect(reading.lineCount == 8)
        #expect(
            reading.rejectedLines == [
                RejectedLine(path: path, line: 4, cause: .addressNotAllowed),
                RejectedLine(path: path, line: 5, cause: .emptyLabel),
                RejectedLine(path: path, line: 7, cause: .notAnInternationalName),
            ]
        )
        #expect(
            reading.notEnforceableLines == [
                RejectedLine(path: path, line: 2, cause: .pathNotEnforceable),
                RejectedLine(path: path, line: 6, cause: .portNotEnforceable),
            ]
        )
        #expect(reading.rejectedCount == 3 && reading.notEnforceableCount == 2)
        #expect(reading.causes.values.reduce(0, +) == 5)
        #expect("\(reading)".contains("secret") == false)
    }

    @Test func `each bad name of a line with several is left out alone`() throws {
        let (names, reading) = try read("0.0.0.0 one.test -two.test three.test 192.0.2.1\n", as: .hosts)
        #expect(names == ["one.test", "three.test"])
        #expect(reading.rejectedLines.map(\.line) == [1, 1])
    }

    @Test func `many bad lines are counted, and the first are told`() throws {
        let text = String(repeating: "192.0.2.1\n", count: 2_500) + String(repeating: "one.test\n", count: 2_500)
        let (_, reading) = try read(text, as: .domains)
        #expect(reading.rejectedCount == 2_500)
        #expect(reading.rejectedLines.count == ListReading.maximumToldLines)
        #expect(reading.rejectedLines.last?.line == ListReading.maximumToldLines)
    }

    @Test func `what the last line has begun and not ended is told`() throws {
        let (names, reading) = try read("$ORIGIN rpz.test.\none.test CNAME .\ntwo.test CNAME (\n.\n")
        #expect(names == ["one.test"])
        #expect(reading.rejectedLines == [RejectedLine(path: path, line: 4, cause: .parenthesisNotClosed)])
    }

    @Test(arguments: [0, 1, 300_000])
    func `the digest and the length are those of the file`(count: Int) throws {
        let text = Array(String(repeating: "one.test\n", count: count).utf8)
        for content in [text, try gzip(text)] {
            let (_, reading) = try read(content)
            #expect(reading.digest == Array(SHA256.hash(data: content)))
            #expect(reading.octets == content.count)
            #expect(reading.lineCount == count)
        }
    }

    @Test func `progress is told at most once for each mebioctet, and the last is the whole file`() throws {
        let content = Array(String(repeating: "one.test\n", count: 400_000).utf8)
        var told: [Int] = []
        let reader = ListReader(path: try folder.write(content), format: nil, match: .exact)
        _ = try reader.read(
            progress: { octets, total in
                told.append(octets)
                #expect(total == content.count)
            }
        ) { _, _ in }
        #expect(told.last == content.count)
        #expect(told.count >= 3)
        let steps = zip(told, told.dropFirst()).map { $1 - $0 }
        #expect(steps.dropLast().allSatisfy { $0 >= 1 << 20 } && steps.allSatisfy { $0 > 0 })
    }

    // MARK: gzip

    @Test(arguments: [0, 1, 2, 10, 20_000, 29_127, 29_128, 400_000])
    func `a packed list is read whatever it is called`(count: Int) throws {
        let text = Array((0..<count).map { "n\($0).test\n" }.joined().utf8)
        let plain = try read(text)
        let packed = try read(try gzip(text))
        #expect(packed.names == plain.names)
        #expect(packed.reading.lineCount == plain.reading.lineCount)
        #expect(packed.reading.isPacked && plain.reading.isPacked == false)
    }

    @Test func `members one behind another are one list`() throws {
        let whole = try gzip(Array("one.test\ntwo.".utf8)) + gzip([]) + gzip(Array("test\nthree.test".utf8))
        #expect(try read(whole).names == ["one.test", "two.test", "three.test"])
    }

    @Test func `a line that unpacks to more than a piece is read`() throws {
        let text = Array(("# " + String(repeating: "x", count: 3_000_000) + "\none.test\n").utf8)
        #expect(try read(try gzip(text)).names == ["one.test"])
    }

    @Test func `a packed list cut anywhere is no list`() throws {
        let first = try gzip(Array((0..<40).map { "n\($0).test\n" }.joined().utf8))
        let whole = first + (try gzip(Array("last.test\n".utf8)))
        #expect(try read(whole).names.count == 41)
        for count in 2..<whole.count where count != first.count {
            #expect(try refusal(Array(whole[..<count]), as: .domains) == .cut(path: path), "\(count)")
        }
    }

    @Test func `every flipped bit of a packed list is found, or changes nothing`() throws {
        let content = try gzip(Array((0..<40).map { "n\($0).test\n" }.joined().utf8))
        let names = try read(content).names
        var found = 0
        for index in 2..<content.count {
            for bit in 0..<8 {
                var damaged = content
                damaged[index] ^= 1 << UInt8(bit)
                if let result = try? read(damaged, as: .domains) {
                    #expect(result.names == names, "\(index)")
                } else {
                    found += 1
                }
            }
        }
        // the header's time and the bits that fill up an octet say nothing of the content
        #expect(found > (content.count - 20) * 8)
    }

    @Test(arguments: [[0x00], [0x6F, 0x6E, 0x65], [0x1F, 0x8B, 0x07, 0, 0, 0, 0, 0, 0, 0]] as [[UInt8]])
    func `what is no member behind a packed list refuses it`(rest: [UInt8]) throws {
        let content = try gzip(Array("one.test\n".utf8)) + rest
        let error = try refusal(content)
        #expect(error == .damaged(path: path) || error == .cut(path: path))
    }

    @Test func `a bomb is refused`() throws {
        // a hundred megaoctets of one comment pack to a thousandth
        let bomb = try gzip([UInt8](repeating: 0x23, count: 100 << 20))
        guard case .tooLarge = try refusal(bomb, as: .domains) else {
            Issue.record("a file of \(bomb.count) octets was unpacked")
            return
        }
    }

    @Test func `a list longer than the limit is refused, packed or not`() throws {
        let text = Array(String(repeating: "one.test\n", count: 1_000).utf8)
        #expect(try refusal(text, limit: text.count) == nil)
        #expect(try refusal(text, limit: text.count - 1) == .tooLarge(path: path, limit: text.count - 1))
        #expect(try refusal(try gzip(text), limit: text.count) == nil)
        #expect(try refusal(try gzip(text), limit: text.count - 1) == .tooLarge(path: path, limit: text.count - 1))
    }

    @Test func `a file that grows while it is read is refused`() throws {
        let content = Array(String(repeating: "one.test\n", count: 200_000).utf8)
        let path = try folder.write(content)
        let longer = content + content
        var hasGrown = false
        #expect(throws: ListFileError.changedMeanwhile(path: path)) {
            _ = try ListReader(path: path, format: .domains, match: .exact).read { _, _ in
                guard hasGrown == false else { return }
                hasGrown = true
                do { _ = try folder.write(longer) } catch { Issue.record(error) }
            }
        }
    }

    @Test func `errors name the file`() {
        let errors: [ListFileError] = [
            .cut(path: "a.gz"), .damaged(path: "a.gz"), .tooLarge(path: "a.gz", limit: 7),
            .changedMeanwhile(path: "a.gz"),
            .formatUnknown(path: "a.gz"),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        #expect(errors.allSatisfy { $0.description.hasPrefix("a.gz: ") && $0.description.contains("\n") == false })
    }

    /// `content` as a gzip file of one member.
    private func gzip(_ content: [UInt8]) throws -> [UInt8] {
        var stream = unsafe z_stream()
        // SAFETY: the stream stays where it is until deflateEnd, and both buffers outlive the one call that uses them.
        return try unsafe withUnsafeMutablePointer(to: &stream) { stream in
            let status = unsafe deflateInit2_(
                stream,
                Z_BEST_COMPRESSION,
                Z_DEFLATED,
                MAX_WBITS + 16,
                8,
                Z_DEFAULT_STRATEGY,
                ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)
            )
            try #require(status == Z_OK)
            defer { unsafe _ = deflateEnd(stream) }
            var input = content + [0]
            var output = [UInt8](repeating: 0, count: Int(unsafe deflateBound(stream, UInt(content.count))))
            let room = output.count
            let result = unsafe input.withUnsafeMutableBufferPointer { input in
                unsafe output.withUnsafeMutableBufferPointer { output in
                    unsafe stream.pointee.next_in = input.baseAddress
                    unsafe stream.pointee.avail_in = UInt32(content.count)
                    unsafe stream.pointee.next_out = output.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(room)
                    return unsafe deflate(stream, Z_FINISH)
                }
            }
            try #require(result == Z_STREAM_END)
            return unsafe Array(output[..<(room - Int(stream.pointee.avail_out))])
        }
    }
}
