import Blocklists
import Inspection
import TestSupport
import Testing
import Wire

@testable import CaptureFiles

@Suite("Line pieces")
struct LinePiecesTests {
    /// Names in queries, answers, hellos and requests, from hosts of either version.
    static var frames: [[UInt8]] {
        var frames: [[UInt8]] = []
        for (client, server) in [
            (Endpoint.v4(7, port: 40_000), Endpoint.v4(253, port: 53)), (.v6(0xA0, port: 9), .v6(3, port: 53)),
        ] {
            let type = client.address.count == 4 ? 0x0800 : 0x86DD
            let dns = PacketBuilder(from: client, to: server)
            for name in [
                "www.example", "x.example",
                "a.\(String(repeating: "b", count: 63)).\(String(repeating: "c", count: 60)).example",
            ] {
                frames.append(Packets.ethernet(dns.udp(DNSBuilder.query(name)), type: type))
            }
            for name in ["a\"b.example", "a\\b.example", "a b.example", "blocked.example", "sub.blocked.example"] {
                frames.append(Packets.ethernet(dns.udp(DNSBuilder.query(name)), type: type))
            }
            let answer = DNSBuilder.response("www.example", answers: [DNSBuilder.alias("other.example")])
            frames.append(Packets.ethernet(dns.reversed.udp(answer), type: type))
            for (port, stream) in [
                (443, ClientHelloBuilder(serverName: "hello.example").bytes),
                (80, Array("GET / HTTP/1.1\r\nHost: host.example\r\n\r\n".utf8)),
            ] as [(UInt16, [UInt8])] {
                var tcp = dns
                tcp.destination.port = port
                frames.append(Packets.ethernet(tcp.tcp([], flags: .syn, sequence: 99), type: type))
                frames.append(Packets.ethernet(tcp.tcp(stream, sequence: 100), type: type))
            }
        }
        return frames
    }

    @Test func `lines are those that are written part by part`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(CaptureBuilder().pcap(Self.frames), to: "a.pcap")
        var replay = Replay(
            try CaptureFile(opening: .file(Array(path.utf8))),
            named: "a.pcap",
            configuration: InspectorConfiguration(),
            blocklists: BlocklistSource(try policeList("blocked.example"))
        )
        let report = ReplayReport(format: .jsonl, lists: ["police"])
        var counts = (written: 0, left: 0)
        var line = NameLine()
        while try replay.advance() {
            for index in 0..<replay.nameCount {
                var expected = TextLine()
                let isThere = replay.read(nameAt: index, matchesOnly: false, into: &line)
                #expect(isThere)
                report.write(line, to: &expected)
                var written = TextLine()
                written.append("before" as StaticString)
                let isWritten = replay.write(nameAt: index, report.pieces, to: &written)
                #expect(written.text == "before" + (isWritten ? expected.text : ""))
                #expect(isWritten == (line.isPlain && line.list == nil))
                if isWritten { counts.written += 1 } else { counts.left += 1 }
            }
        }
        #expect(counts == (2 * 6, 2 * 5))
    }

    @Test func `each octet of an address is dotted`() {
        let table = LinePieces().octets
        for octet in UInt32(0)...255 {
            var line = TextLine()
            var expected = TextLine()
            var end = line.end(room: LineEnd.addressRoom)
            end.append(dotted: UInt64(octet << 16 | octet), table.span)
            line.extend(to: end)
            expected.append(.address(IPAddress(v4: octet << 16 | octet)))
            #expect(line.text == expected.text)
        }
    }
}
