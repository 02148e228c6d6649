import CaptureFiles
import Glibc
import Inspection
import TestSupport
import Testing

@Suite("Replay run")
struct ReplayRunTests {
    /// What a run did.
    struct Result: Equatable {
        let status: Int32
        let output: String
        let messages: String
    }

    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    func run(_ options: ReplayOptions, input: String = "/dev/null") async throws -> Result {
        try folder.write([], to: "stdout")
        try folder.write([], to: "stderr")
        var descriptors = ReplayDescriptors()
        // SAFETY: the paths are bridged to NUL-terminated strings for the calls.
        unsafe descriptors.input = open(input, O_RDONLY)
        unsafe descriptors.output = open(folder["stdout"], O_WRONLY)
        unsafe descriptors.messages = open(folder["stderr"], O_WRONLY)
        defer { for descriptor in [descriptors.input, descriptors.output, descriptors.messages] { close(descriptor) } }
        let run = ReplayRun(
            options,
            configuration: InspectorConfiguration(),
            blocklist: try policeList("blocked.example"),
            descriptors: descriptors
        )
        let status = await run.run()
        return Result(status: status, output: text("stdout"), messages: text("stderr"))
    }

    func text(_ name: String) -> String {
        String(decoding: folder.content(name) ?? [], as: UTF8.self).replacing(folder.path + "/", with: "")
    }

    func options(_ captures: String..., format: ReplayFormat = .jsonl, every: Bool = true) -> ReplayOptions {
        var options = ReplayOptions(captures: captures.map { $0 == "-" ? $0 : folder[$0] })
        options.format = format
        options.listsEveryName = every
        return options
    }

    static let allowed = Packets.query("allowed.example")
    static let blocked = Packets.query("blocked.example")
    static let frames = [Packets.ethernet(allowed), Packets.arp, Packets.ethernet(blocked)]

    static let allowedLine =
        #"{"type":"name","frame":1,"protocol":"dns","source":"query","name":"allowed.example","src":"192.0.2.7","sport":40000,"#
        + #""dst":"198.51.100.53","dport":53,"verdict":"accept","list":null}"# + "\n"
    static let blockedLine =
        #"{"type":"name","frame":3,"protocol":"dns","source":"query","name":"blocked.example","src":"192.0.2.7","sport":40000,"#
        + #""dst":"198.51.100.53","dport":53,"verdict":"drop","list":"police"}"# + "\n"

    static func summaryLine(_ file: String) -> String {
        #"{"type":"summary","file":"\#(file)","packets":3,"names":2,"matches":1,"dropped":1,"undecided":{},"#
            + #""anomalies":{},"encrypted_dns_flows":{},"events":1,"attempts":1}"# + "\n"
    }

    @Test func `jsonl with all names`() async throws {
        try folder.write(CaptureBuilder().pcap(Self.frames), to: "a.pcap")
        #expect(
            try await run(options("a.pcap"))
                == Result(
                    status: 0,
                    output: Self.allowedLine + Self.blockedLine + Self.summaryLine("a.pcap"),
                    messages: ""
                )
        )
    }

    @Test func `events and attempts go by the capture's time, and are the same each time`() async throws {
        // A packet each second, so that every other one finds the window of two seconds closed.
        let frames = [[UInt8]](repeating: Packets.ethernet(Self.blocked), count: 5)
        try folder.write(CaptureBuilder().pcap(frames), to: "a.pcap")
        let first = try await run(options("a.pcap", every: false)).output
        #expect(first.hasSuffix(#""events":5,"attempts":3}"# + "\n"))
        for _ in 0..<3 { #expect(try await run(options("a.pcap", every: false)).output == first) }
    }

    @Test func `without all names only matches are listed, and all are counted`() async throws {
        try folder.write(CaptureBuilder().pcapng(Self.frames), to: "a.pcapng")
        #expect(
            try await run(options("a.pcapng", every: false)).output == Self.blockedLine + Self.summaryLine("a.pcapng")
        )
    }

    @Test func `text for people`() async throws {
        try folder.write(CaptureBuilder().pcap(Self.frames), to: "a.pcap")
        #expect(
            try await run(options("a.pcap", format: .text)).output == """
                      1  dns   accept  -       allowed.example                   192.0.2.7:40000 → 198.51.100.53:53
                      3  dns   drop    police  blocked.example                   192.0.2.7:40000 → 198.51.100.53:53
                a.pcap: 3 packets, 2 names, 1 match, 1 dropped

                """
        )
    }

    @Test func `a folder is read in order and the same twice`() async throws {
        for name in ["d/b.pcap", "d/a.pcap", "d/sub/c.pcap"] {
            try folder.write(CaptureBuilder().pcap(Self.frames), to: name)
        }
        let result = try await run(options("d", every: false))
        #expect(
            result.output
                == ["d/a.pcap", "d/b.pcap", "d/sub/c.pcap"].map { Self.blockedLine + Self.summaryLine($0) }.joined()
        )
        #expect(try await run(options("d", every: false)) == result)
    }

    @Test func `the standard input is a capture`() async throws {
        let path = try folder.write(CaptureBuilder().pcap(Self.frames), to: "a.pcap")
        #expect(
            try await run(options("-", every: false), input: path).output == Self.blockedLine + Self.summaryLine("-")
        )
        let twice = try await run(options("-", "-"), input: path)
        #expect(
            twice
                == Result(
                    status: 2,
                    output: "",
                    messages: "grindvakt: standard input can be read only once; give - once\n"
                )
        )
    }

    @Test func `a bad file does not keep the others from being read`() async throws {
        try folder.write(Array(CaptureBuilder().pcap(Self.frames + Self.frames).dropLast(5)), to: "cut.pcap")
        try folder.write(Array("hello".utf8), to: "text.pcap")
        try folder.write(CaptureBuilder().pcap(Self.frames), to: "good.pcap")
        let result = try await run(options("cut.pcap", "text.pcap", "none.pcap", "good.pcap", every: false))
        #expect(result.status == 2)
        #expect(result.output.hasPrefix(Self.blockedLine))
        #expect(result.output.contains(#""file":"cut.pcap","packets":5,"names":3"#))
        #expect(result.output.hasSuffix(Self.blockedLine + Self.summaryLine("good.pcap")))
        let messages = result.messages.split(separator: "\n")
        #expect(messages.count == 3)
        #expect(messages[0].hasPrefix("grindvakt: cut.pcap is cut short after frame 5 ("))
        #expect(messages[1].hasPrefix("grindvakt: text.pcap is not a capture ("))
        #expect(messages[2].hasPrefix("grindvakt: none.pcap cannot be read: No such file or directory"))
    }

    @Test(arguments: [0, 300, 16 << 20])
    func `what is written does not depend on how many captures are read at a time`(waitingLimit: Int) async throws {
        for (number, count) in [2_000, 1, 300, 0, 5_000, 40].enumerated() {
            let frames = Array(repeating: Self.frames, count: count).joined()
            try folder.write(CaptureBuilder().pcap(Array(frames)), to: "\(number).pcap")
        }
        let whole = CaptureBuilder().pcap(Self.frames)
        try folder.write(Array(whole.dropLast(7)), to: "cut.pcap")
        var options = options(
            "4.pcap",
            "1.pcap",
            "none.pcap",
            "2.pcap",
            "cut.pcap",
            "0.pcap",
            "3.pcap",
            "5.pcap",
            "1.pcap"
        )
        options.waitingLimit = waitingLimit
        let alone = try await run(options)
        #expect(alone.status == 2)
        #expect(alone.output.split(separator: "\n").count(where: { $0.contains(#""type":"summary""#) }) == 8)
        for jobs in [2, 3, 16] {
            options.jobs = jobs
            #expect(try await run(options) == alone, "\(jobs) at a time")
        }
        var comparing = options
        try folder.write(Array(alone.output.utf8), to: "expected.jsonl")
        comparing.expectation = folder["expected.jsonl"]
        let compared = try await run(comparing)
        #expect(compared.output == "")
        #expect(compared.messages == alone.messages)
    }

    @Test func `an unchanged run meets its expectation`() async throws {
        try folder.write(CaptureBuilder().pcap(Self.frames), to: "a.pcap")
        for every in [true, false] {
            let earlier = try await run(options("a.pcap", every: every)).output
            try folder.write(Array(earlier.utf8), to: "expected.jsonl")
            var again = options("a.pcap", every: false)
            again.expectation = folder["expected.jsonl"]
            #expect(try await run(again) == Result(status: 0, output: "", messages: ""))
        }
    }

    @Test func `a changed run prints what differs and ends with 1`() async throws {
        try folder.write(CaptureBuilder().pcap(Self.frames), to: "a.pcap")
        let earlier = Self.blockedLine.replacing("police", with: "eu") + Self.summaryLine("a.pcap")
        try folder.write(Array(earlier.utf8), to: "expected.jsonl")
        var options = options("a.pcap", every: false)
        options.expectation = folder["expected.jsonl"]
        #expect(
            try await run(options)
                == Result(
                    status: 1,
                    output: "@@ a.pcap @@\n-" + Self.blockedLine.replacing("police", with: "eu") + "+"
                        + Self.blockedLine,
                    messages: "grindvakt: 2 lines differ from expected.jsonl\n"
                )
        )
    }

    @Test func `an expectation that cannot be read is bad input`() async throws {
        try folder.write(CaptureBuilder().pcap(Self.frames), to: "a.pcap")
        try folder.write(Array("\nno json\n".utf8), to: "expected.jsonl")
        var options = options("a.pcap")
        options.expectation = folder["expected.jsonl"]
        #expect(
            try await run(options)
                == Result(
                    status: 2,
                    output: "",
                    messages: "grindvakt: expected.jsonl:2 is not a JSON object; make it anew with --output jsonl\n"
                )
        )
        options.expectation = folder["none.jsonl"]
        #expect(try await run(options).status == 2)
    }

    @Test func `packets are sorted into two captures that can be read again`() async throws {
        let path = try folder.write(CaptureBuilder(hasNanoseconds: true).pcap(Self.frames), to: "a.pcap")
        try folder.write(CaptureBuilder(hasNanoseconds: true).pcap(Self.frames), to: "b.pcap")
        var options = options("-", "b.pcap")
        options.passed = folder["passed.pcap"]
        options.blocked = folder["blocked.pcap"]
        #expect(try await run(options, input: path).status == 0)

        // both inputs start at the same second, so the frames of the second one repeat the times of the first
        let one = CaptureBuilder(hasNanoseconds: true).pcap(Array(Self.frames[..<2]))
        #expect(folder.content("passed.pcap") == one + one[24...])
        let dropped = CaptureBuilder(hasNanoseconds: true, firstSecond: 1_700_000_002).pcap([Self.frames[2]])
        #expect(folder.content("blocked.pcap") == dropped + dropped[24...])
        #expect(
            try await run(self.options("blocked.pcap")).output.contains(
                #""packets":2,"names":2,"matches":2,"dropped":2"#
            )
        )
        #expect(folder.names == ["a.pcap", "b.pcap", "blocked.pcap", "passed.pcap", "stderr", "stdout"])
    }

    @Test func `captures of two link types are sorted into pcapng`() async throws {
        try folder.write(CaptureBuilder().pcap(Self.frames, originalLength: 1514), to: "a.pcap")
        try folder.write(CaptureBuilder(linkType: 101, hasNanoseconds: true).pcap([Self.blocked]), to: "b.pcap")
        var options = options("a.pcap", "b.pcap")
        options.passed = folder["passed"]
        options.blocked = folder["blocked"]
        #expect(try await run(options).status == 0)

        var capture = try CaptureFile(opening: CapturePath(folder["blocked"]))
        #expect(capture.format == .pcapng)
        var seen: [(LinkLayer?, UInt64, Int)] = []
        while try capture.advance() { seen.append((capture.linkLayer, capture.timestamp, capture.originalLength)) }
        #expect(seen.map(\.0) == [.ethernet, .rawIP])
        #expect(seen.map(\.1) == [1_700_000_002_000_123_000, 1_700_000_000_000_000_123])
        #expect(seen.map(\.2) == [1514, Self.blocked.count])
        #expect(
            try await run(self.options("blocked")).output.contains(#""packets":2,"names":2,"matches":2,"dropped":2"#)
        )
        #expect(
            try await run(self.options("passed")).output.contains(#""packets":2,"names":1,"matches":0,"dropped":0"#)
        )
    }

    @Test func `a pcapng file is sorted into pcapng, whatever its interfaces are`() async throws {
        var builder = PcapNGBuilder()
        builder.interface(1, snapLength: 1_024)
        builder.frame(Self.frames[0], interface: 0)
        builder.interface(113, snapLength: 0)
        builder.frame([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0] + Self.blocked, interface: 1)
        try folder.write(builder.bytes, to: "a.pcapng")
        var options = options("a.pcapng")
        options.passed = folder["passed"]
        options.blocked = folder["blocked"]
        #expect(try await run(options).status == 0)
        #expect(
            try await run(self.options("blocked")).output.contains(#""packets":1,"names":1,"matches":1,"dropped":1"#)
        )
        #expect(
            try await run(self.options("passed")).output.contains(#""packets":1,"names":1,"matches":0,"dropped":0"#)
        )
    }

    @Test func `frames of a link type that is not ours pass, and the run says so`() async throws {
        var builder = PcapNGBuilder()
        builder.interface(189, snapLength: 0)
        builder.interface(1, snapLength: 0)
        builder.frame([1, 2, 3], interface: 0)
        builder.frame(Self.frames[2], interface: 1)
        builder.frame([1, 2, 3], interface: 0)
        try folder.write(builder.bytes, to: "a.pcapng")
        let result = try await run(options("a.pcapng", every: false))
        #expect(result.status == 2)
        #expect(result.output.contains(#""packets":3,"names":1,"matches":1,"dropped":1"#))
        #expect(result.messages.hasPrefix("grindvakt: a.pcapng holds 2 frames of link type USB_LINUX (189) "))
    }

    @Test func `a packet whose fragments do not all come is counted`() async throws {
        var fragment = Self.blocked
        fragment.replaceSubrange(6..<8, with: [0x20, 0])
        try folder.write(CaptureBuilder(linkType: 101).pcap([fragment]), to: "a.pcap")
        #expect(
            try await run(options("a.pcap")).output.contains(
                #""names":0,"matches":0,"dropped":0,"undecided":{"fragment":1}"#
            )
        )
    }

    @Test func `an output that is an input or the other output is refused`() async throws {
        let content = CaptureBuilder().pcap(Self.frames)
        try folder.write(content, to: "a.pcap")
        var options = options("a.pcap")
        options.blocked = folder["a.pcap"]
        #expect(try await run(options).status == 2)
        #expect(folder.content("a.pcap") == content)
        options.blocked = folder["out.pcap"]
        options.passed = folder["out.pcap"]
        #expect(try await run(options).status == 2)
        #expect(folder.content("out.pcap") == nil)
    }

    @Test func `what a cut capture held is sorted all the same`() async throws {
        try folder.write(Array(CaptureBuilder(hasNanoseconds: true).pcap(Self.frames).dropLast(5)), to: "cut.pcap")
        var options = options("cut.pcap", "none.pcap")
        options.passed = folder["passed.pcap"]
        #expect(try await run(options).status == 2)
        #expect(folder.content("passed.pcap") == CaptureBuilder(hasNanoseconds: true).pcap(Array(Self.frames[..<2])))
    }

    @Test func `a reader that goes away ends the run in silence`() async throws {
        let path = try folder.write(CaptureBuilder().pcap(Self.frames), to: "a.pcap")
        try folder.write([], to: "stderr")
        BufferedOutput.ignoreClosedPipes()
        var ends: [Int32] = [0, 0]
        // SAFETY: the array has room for the two descriptors that `pipe` fills in.
        try #require(unsafe pipe(&ends) == 0)
        close(ends[0])
        var descriptors = ReplayDescriptors()
        descriptors.output = ends[1]
        // SAFETY: the path is bridged to a NUL-terminated string for the call.
        unsafe descriptors.messages = open(folder["stderr"], O_WRONLY)
        defer { for descriptor in [ends[1], descriptors.messages] { close(descriptor) } }
        let run = ReplayRun(
            ReplayOptions(captures: [path, folder["none.pcap"]]),
            configuration: InspectorConfiguration(),
            blocklist: try policeList("blocked.example"),
            descriptors: descriptors
        )
        #expect(await run.run() == 0)
        #expect(text("stderr") == "")
    }

    @Test func `a full disk is told`() async throws {
        let path = try folder.write(CaptureBuilder().pcap(Self.frames), to: "a.pcap")
        try folder.write([], to: "stderr")
        var descriptors = ReplayDescriptors()
        // SAFETY: the paths are bridged to NUL-terminated strings for the calls.
        unsafe descriptors.output = open("/dev/full", O_WRONLY)
        unsafe descriptors.messages = open(folder["stderr"], O_WRONLY)
        defer { for descriptor in [descriptors.output, descriptors.messages] { close(descriptor) } }
        let run = ReplayRun(
            ReplayOptions(captures: [path]),
            configuration: InspectorConfiguration(),
            blocklist: try policeList("blocked.example"),
            descriptors: descriptors
        )
        #expect(await run.run() == 2)
        #expect(text("stderr").hasPrefix("grindvakt: standard output cannot be written: No space left on device;"))
    }

    /// A link type's number and what stands before the packet.
    static let linkHeaders: [(linkType: Int, header: [UInt8])] = [
        (1, Packets.ethernet([])),
        (1, Packets.ethernet([], tags: [0x88A8, 0x8100, 0x8100])),
        (101, []),
        (228, []),
        (113, [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0]),
        (276, [8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]),
        (0, [2, 0, 0, 0]),
        (108, [0, 0, 0, 2]),
        (9, [0xFF, 0x03, 0x00, 0x21]),
        (104, [0x0F, 0, 8, 0]),
        (239, [2, 0, 0, 0, 8, 0, 1, 0, 0, 0, 0, 0, 92, 0, 9, 0]),
    ]

    @Test(arguments: linkHeaders)
    func `the name is found on every link layer`(linkType: Int, header: [UInt8]) async throws {
        try folder.write(CaptureBuilder(linkType: linkType).pcap([header + Self.blocked]), to: "a.pcap")
        #expect(
            try await run(options("a.pcap", every: false)).output.hasPrefix(
                #"{"type":"name","frame":1,"protocol":"dns""#
            )
        )
    }

    @Test func `a file name of any kind is valid JSON`() async throws {
        let name = "a \"b\"\\\n\u{1B}ä.pcap"
        let path = try folder.write(CaptureBuilder().pcap([]), to: name)
        var options = ReplayOptions(captures: [path])
        options.format = .jsonl
        _ = try await run(options)
        let value = JSONValue(parsing: (folder.content("stdout") ?? []).dropLast())
        #expect(value?["file"]?.string == path)
    }
}
