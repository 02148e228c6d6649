import CaptureFiles
import Testing

/// Some name of some packet.
func nameRecord(
    frame: Int = 17,
    name: String = "www.example.org",
    source: String = "10.0.0.2",
    verdict: String = "drop",
    list: String? = "police"
) -> NameRecord {
    NameRecord(
        frame: frame,
        inspectedProtocol: "tls",
        source: "hello",
        name: name,
        sourceAddress: source,
        sourcePort: 50124,
        destinationAddress: source.contains(":") ? "2001:db8::1" : "192.0.2.1",
        destinationPort: 443,
        verdict: verdict,
        list: list
    )
}

@Suite("Replay record")
struct ReplayRecordTests {
    func text(_ format: ReplayFormat, _ append: (ReplayReport, inout [UInt8]) -> Void) -> String {
        var output: [UInt8] = []
        append(ReplayReport(format: format, lists: ["police", "eu"]), &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test func `a name as jsonl`() {
        let line = text(.jsonl) { $0.append(nameRecord(), to: &$1) }
        #expect(
            line
                == #"{"type":"name","frame":17,"protocol":"tls","source":"hello","name":"www.example.org","src":"10.0.0.2","#
                + #""sport":50124,"dst":"192.0.2.1","dport":443,"verdict":"drop","list":"police"}"# + "\n"
        )
    }

    @Test func `a name on no list has a null list`() {
        let line = text(.jsonl) {
            $0.append(nameRecord(name: #"a\255.example"#, verdict: "accept", list: nil), to: &$1)
        }
        #expect(line.hasSuffix(#""verdict":"accept","list":null}"# + "\n"))
        #expect(line.contains(#""name":"a\\255.example""#))
    }

    @Test func `a summary as jsonl lists causes in the order they are declared`() {
        var summary = SummaryRecord(file: "a\"\u{FFFD}.pcap")
        summary.packets = 210
        summary.names = 31
        summary.matches = 2
        summary.events = 8
        summary.attempts = 7
        summary.dropped = 3
        summary.undecided = ["over-budget": 1, "malformed": 4, "truncated": 2]
        summary.anomalies = ["tunnelled": 1, "record-split": 2, "of-a-later-release": 3]
        summary.encryptedDNSFlows = ["doh": 5, "dot": 6]
        let line = text(.jsonl) { $0.append(summary, to: &$1) }
        #expect(
            line == #"{"type":"summary","file":"a\"\#u{FFFD}.pcap","packets":210,"names":31,"matches":2,"dropped":3,"#
                + #""undecided":{"malformed":4,"truncated":2,"over-budget":1},"#
                + #""anomalies":{"record-split":2,"tunnelled":1,"of-a-later-release":3},"#
                + #""encrypted_dns_flows":{"dot":6,"doh":5},"events":8,"attempts":7}"# + "\n"
        )
    }

    @Test func `names as text stand in columns`() {
        let lines = text(.text) {
            $0.append(nameRecord(), to: &$1)
            $0.append(
                nameRecord(frame: 1_234_567, name: "b.example", source: "2001:db8::2", verdict: "accept", list: nil),
                to: &$1
            )
        }
        #expect(
            lines == """
                     17  tls   drop    police  www.example.org                   10.0.0.2:50124 → 192.0.2.1:443
                1234567  tls   accept  -       b.example                         [2001:db8::2]:50124 → [2001:db8::1]:443

                """
        )
    }

    @Test func `a summary as text counts in words and cannot steer a terminal`() {
        var summary = SummaryRecord(file: "a\u{1B}[2J.pcap")
        summary.packets = 2
        summary.names = 1
        summary.undecided = ["malformed": 1, "truncated": 2]
        summary.anomalies = ["ech": 3]
        summary.encryptedDNSFlows = ["doq": 1, "doh": 2]
        #expect(
            text(.text) { $0.append(summary, to: &$1) }
                == "a\u{FFFD}[2J.pcap: 2 packets, 1 name, 0 matches, 0 dropped; undecided: 1 malformed, 2 truncated; odd: 3 ech; "
                + "encrypted DNS: 1 doq, 2 doh\n"
        )
    }
}
