import Blocklists
import NetfilterRules
import SensorConfiguration
import TestSupport
import Testing

@Suite("Sensor configuration")
struct SensorConfigurationTests {
    private func read(_ text: String, path: String = "/etc/grindvakt/test.toml") throws -> SensorConfiguration {
        try SensorConfiguration(text: text, path: path)
    }

    private func refusal(_ text: String) -> ConfigurationError? { SectionTests.refusal(text) }

    /// The example of the project's design.
    private static let example = """
        [sensor]
        queues = "0:1"                     # first:last queue number, one worker each
        fail-open = true                   # kernel accepts when a queue is full or nobody listens

        [inspect]                          # each mechanism has its own switch
        dns = true
        tls = true
        quic = true
        http = true

        [[list]]
        id = "police"                      # [a-z0-9-]
        path = "police.txt"                # relative to this file
        format = "domains"                 # default: told from the content
        match = "subdomains"               # or "exact"
        action = "drop"

        [allow]
        path = "allow.txt"                 # never blocked, whatever any list says

        [metrics]
        socket = "/run/grindvakt/metrics.sock"
        """

    @Test func `the example says what its comments say`() throws {
        let configuration = try read(Self.example)
        #expect(configuration.queues == 0...1)
        #expect(configuration.failOpen)
        #expect(configuration.inspectsDNS)
        #expect(configuration.inspectsTLS)
        #expect(
            configuration.lists == [
                SensorConfiguration.List(
                    id: "police",
                    path: "/etc/grindvakt/police.txt",
                    format: .text(.domains),
                    match: .subdomains,
                    action: .drop
                )
            ]
        )
        #expect(configuration.allow == "/etc/grindvakt/allow.txt")
        #expect(configuration.socket == "/run/grindvakt/metrics.sock")
        #expect(configuration.rules.queues == 0...1)
        #expect(configuration.rules.failOpen)
    }

    @Test func `an empty file means the defaults`() throws {
        for text in ["", "\n", "# nothing\n", "[sensor]\n[inspect]\n[rules]\n[metrics]\n", "\u{FEFF}"] {
            let configuration = try read(text)
            #expect(configuration == SensorConfiguration())
            #expect(configuration.queues == 0...0)
            #expect(configuration.failOpen)
            #expect(configuration.lists == [])
            #expect(configuration.allow == nil)
            #expect(configuration.inspectsQUIC)
            #expect(configuration.inspectsHTTP)
            #expect(configuration.inspectsDNSAnswers)
            #expect(configuration.countsEncryptedDNS)
            #expect(configuration.readsTunnels == false)
            #expect(configuration.endpoints == nil)
            #expect(configuration.rules == RuleSet())
            #expect(configuration.socket == SensorConfiguration.defaultSocket)
        }
    }

    @Test func `every key of the sensor is read`() throws {
        let configuration = try read(
            """
            [sensor]
            queues = "4:7"
            fail-open = false
            queue-length = 2048
            copy-range = 1500
            receive-buffer = 1_048_576
            realtime = false
            flows = 4096
            flow-memory = 16_777_216
            mark-mask = 0x1C00_0000
            """
        )
        #expect(configuration.queues == 4...7)
        #expect(configuration.failOpen == false)
        #expect(configuration.queueLength == 2_048)
        #expect(configuration.copyRange == 1_500)
        #expect(configuration.receiveBuffer == 1_048_576)
        #expect(configuration.isRealTime == false)
        #expect(configuration.flows == 4_096)
        #expect(configuration.flowMemory == 16_777_216)
        #expect(configuration.rules.mark == FlowMark(mask: 0x1C00_0000))
        #expect(configuration.rules.queues == 4...7)
        #expect(configuration.rules.failOpen == false)
    }

    @Test func `each mechanism has its own switch`() throws {
        let configuration = try read("[inspect]\ndns = false\ntls = false\nquic = false\nhttp = false\n")
        #expect(configuration.inspectsDNS == false)
        #expect(configuration.inspectsTLS == false)
        #expect(configuration.inspectsQUIC == false)
        #expect(configuration.inspectsHTTP == false)
        #expect(configuration.rules.dns == false)
        #expect(configuration.rules.tls == false)
        #expect(configuration.rules.quic == false)
        #expect(configuration.rules.http == false)
        #expect(configuration.rules.encryptedDNS)
        #expect(try read("[inspect]\ndns = false\n").inspectsTLS)
        #expect(try read("[inspect]\ntunnels = true\n").readsTunnels)
        let open = try read("[inspect]\ndns-answers = false\nencrypted-dns = false\n")
        #expect(open.inspectsDNS)
        #expect(open.inspectsDNSAnswers == false)
        #expect(open.countsEncryptedDNS == false)
        #expect(open.rules.answerPorts == [])
        #expect(open.rules.udpPorts == [53, 443])
        #expect(open.rules.tcpPorts == [53, 80, 443])
    }

    @Test func `endpoints of encrypted DNS have a file and a name of their own`() throws {
        let configuration = try read("[inspect]\ndoh-endpoints = \"lists/doh.txt\"\n")
        #expect(configuration.endpoints == "/etc/grindvakt/lists/doh.txt")
        #expect(configuration.lists == [])
        let error = refusal("[[list]]\nid = \"doh-endpoints\"\npath = \"a\"\n")
        #expect(error?.line == 2)
        #expect(error?.problem.contains("choose another") == true)
    }

    @Test func `every key of the rules is read`() throws {
        let configuration = try read(
            """
            [rules]
            forwarded = false
            received = true
            generated = true
            dns-ports = [53, 5353]
            tls-ports = [443, 8443, 65535]
            quic-ports = [443, 4433]
            http-ports = [80, 8080]
            """
        )
        #expect(configuration.rules.forwarded == false)
        #expect(configuration.rules.received)
        #expect(configuration.rules.generated)
        #expect(configuration.rules.dnsPorts == [53, 5_353])
        #expect(configuration.rules.tlsPorts == [443, 8_443, 65_535])
        #expect(configuration.rules.quicPorts == [443, 4_433])
        #expect(configuration.rules.httpPorts == [80, 8_080])
    }

    @Test func `every word for a list is read, in the order of the file`() throws {
        let configuration = try read(
            """
            [[list]]
            id = "interpol"
            path = "/srv/lists/interpol.txt"
            match = "exact"
            action = "observe"

            [[list]]
            id = "police-2"
            path = "lists/../police.txt"
            """
        )
        #expect(configuration.lists.map(\.id) == ["interpol", "police-2"])
        #expect(configuration.lists.map(\.path) == ["/srv/lists/interpol.txt", "/etc/grindvakt/lists/../police.txt"])
        #expect(configuration.lists.map { $0.descriptor().match } == [.exact, .subdomains])
        #expect(configuration.lists.map { $0.descriptor().action } == [.observe, .drop])
        #expect(configuration.lists.map(\.format) == [.detected, .detected])
    }

    @Test(arguments: [
        ("/etc/grindvakt/test.toml", "/etc/grindvakt/"), ("test.toml", ""), ("./test.toml", "./"),
        ("../a/test.toml", "../a/"),
        ("/test.toml", "/"),
    ])
    func `paths are relative to the file's folder`(path: String, folder: String) throws {
        let text =
            "[[list]]\nid = \"a\"\npath = \"a.txt\"\n[allow]\npath = \"b/allow.txt\"\n[metrics]\nsocket = \"m.sock\"\n"
        let configuration = try read(text, path: path)
        #expect(configuration.lists.map(\.path) == [folder + "a.txt"])
        #expect(configuration.allow == folder + "b/allow.txt")
        #expect(configuration.socket == folder + "m.sock")
    }

    @Test(
        arguments: [
            ("0", 0...0), ("0:0", 0...0), ("0:1", 0...1), ("7", 7...7), ("65535", 65_535...65_535),
            ("0:65535", 0...65_535),
        ] as [(String, ClosedRange<UInt16>)]
    )
    func `queues are one number or two`(text: String, expected: ClosedRange<UInt16>) throws {
        #expect(SensorConfiguration.queueRange(text) == expected)
        #expect(try read("[sensor]\nqueues = \"\(text)\"\n").queues == expected)
    }

    @Test(arguments: [
        "", ":", "1:", ":1", "1:0", "0:1:2", "a", "0:b", "-1", "65536", "0:65536", "0 : 1", " 0", "0-1", "0,1", "1.5",
    ])
    func `anything else is no range of queues`(text: String) {
        #expect(SensorConfiguration.queueRange(text) == nil)
        let error = refusal("[sensor]\nfail-open = true\nqueues = \"\(text)\"\n")
        #expect(error?.line == 3)
        #expect(error?.problem.contains("FIRST:LAST") == true)
    }

    @Test(arguments: [0, 1, 0x0003_0000, 0x8000_0000])
    func `a mark mask of fewer than three bits is refused`(mask: Int) {
        let error = refusal("[sensor]\nmark-mask = \(mask)\n")
        #expect(error?.line == 2)
        #expect(error?.problem.contains("three bits") == true)
    }

    @Test(arguments: [
        (7, [1, 2, 4]), (0x0007_0000, [0x0001_0000, 0x0002_0000, 0x0004_0000]), (0x8000_0101, [1, 0x100, 0x8000_0000]),
        (0xFFFF_FFFF, [1, 2, 4]),
    ])
    func `a mark mask gives its three lowest bits`(mask: Int, bits: [UInt32]) throws {
        let mark = try read("[sensor]\nmark-mask = \(mask)\n").rules.mark
        #expect(mark == FlowMark(accepted: bits[0], blocked: bits[1], refused: bits[2], mask: UInt32(mask)))
    }

    @Test(arguments: [0x1_0000_0000, -1])
    func `a mark mask has 32 bits`(mask: Int) {
        #expect(refusal("[sensor]\nmark-mask = \(mask)\n")?.line == 2)
    }

    @Test(arguments: ["", "Police", "a_b", "a b", "å", "a.b", String(repeating: "x", count: 65)])
    func `a bad identifier is refused`(id: String) {
        let error = refusal("[[list]]\nid = \"\(id)\"\npath = \"a\"\n")
        #expect(error?.line == 2)
        #expect(error?.problem.contains("a-z") == true)
    }

    @Test func `an identifier that is used twice is refused at the second list`() {
        let error = refusal("[[list]]\nid = \"a\"\npath = \"a\"\n\n[[list]]\nid = \"a\"\npath = \"b\"\n")
        #expect(error?.line == 6)
        #expect(error?.problem.contains("twice") == true)
    }

    @Test(arguments: [("id = \"a\"", "path"), ("path = \"a\"", "id"), ("", "id")])
    func `a list needs an identifier and a path`(key: String, missing: String) {
        let error = refusal("[[list]]\nid = \"z\"\npath = \"z\"\n\n[[list]]\n\(key)\n")
        #expect(error?.line == 5)
        #expect(error?.problem == "[[list]] needs \(missing == "id" ? "an" : "a") \(missing)")
    }

    @Test func `an allow list needs a path`() {
        #expect(refusal("[allow]\n") == refusal("[allow]\n# path = \"a\"\n"))
        #expect(refusal("\n[allow]\n")?.line == 2)
        #expect(refusal("\n[allow]\n")?.problem == "[allow] needs a path")
    }

    @Test(arguments: [
        ("match", "all", ["subdomains", "exact"]), ("action", "block", ["observe", "drop"]),
        ("format", "csv", ["domains", "snapshot"]), ("format", "detected", ["domains"]),
        ("match", "Exact", ["exact"]), ("action", "", ["drop"]),
    ])
    func `a word that is not known is refused with those that are`(key: String, word: String, known: [String]) {
        let error = refusal("[[list]]\nid = \"a\"\npath = \"a\"\n\(key) = \"\(word)\"\n")
        #expect(error?.line == 4)
        for known in known { #expect(error?.problem.contains("\"\(known)\"") == true) }
    }

    @Test(arguments: [
        ("[sensor]\nqueues = 0:1\n", 2), ("[sensor\n", 1), ("\n\n= 1\n", 3), ("[sensor]\nfail-open = yes\n", 2),
        ("[sensor]\nqueues = \"0\"\nqueues = \"1\"\n", 3), ("[sensor]\n[sensor]\n", 2), ("a = \"\n", 1),
        ("[sensor]\nfail-open true\n", 2),
        ("[sensor]\r\nqueues = 0:1\r\n", 2), ("[.sensor]\n", 1), ("\n[\n", 2), ("[[\n", 1), ("[[[list]]]\n", 1),
        ("[#sensor]\n", 1),
        ("[å]\n", 1), ("[[=]]\n", 1), ("\u{FEFF}[/]\n", 1), ("[ ]\n", 1), ("[", 1), ("list = [\n  },\n]\n", 2),
        ("a = [1, # [\n }\n", 2),
    ])
    func `a fault of syntax has its line, on one line`(text: String, line: Int) throws {
        let error = try #require(refusal(text))
        #expect(error.line == line, "\(error)")
        #expect(error.description.hasPrefix("/etc/grindvakt/test.toml:\(line): "))
        #expect(error.description.contains("\n") == false)
    }

    @Test(arguments: ["\u{0}", "\\u0000", "\\U00000000"])
    func `a character that would end the text early is refused`(character: String) throws {
        let error = try #require(refusal("[allow]\npath = \"a\(character)b\"\nx = 1\n"))
        #expect(error.line == 2)
        #expect(error.problem.contains("NUL"))
        #expect(refusal("# \u{0}\n[allow]\n")?.line == 1)
    }

    @Test func `random texts are read or refused`() {
        var random = SeededRandom(seed: 4)
        var refused = 0
        for _ in 0..<400 {
            var text = Array(Self.example.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: text[index] = UInt8.random(in: 0x20...0x7E, using: &random)
                case 1: text.remove(at: index)
                default: text[index] = Array("[]\"=\n.#".utf8).randomElement(using: &random) ?? 0x0A
                }
            }
            if let error = refusal(String(decoding: text, as: UTF8.self)) {
                refused += 1
                #expect(error.line != nil, "\(error)\n\(String(decoding: text, as: UTF8.self))")
                #expect(error.description.contains("\n") == false)
            }
        }
        #expect(refused > 50)
    }
}
