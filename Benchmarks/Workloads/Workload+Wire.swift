import TestSupport
import Wire

/// Floor 1: what each parser of `Wire` takes for one message.
extension Workload {
    /// Each protocol that is read on the way to a name.
    static let wire = [
        Workload("wire-ipv4", "the header of an IPv4 packet is read", pass: inputCount) {
            packets { PacketBuilder(from: .v4(1, port: 40_000), to: .v4(2, port: 53)).udp(DNSBuilder.query($0)) }
        },
        Workload("wire-ipv6", "the header of an IPv6 packet without extension headers is read", pass: inputCount) {
            packets { PacketBuilder(from: .v6(1, port: 40_000), to: .v6(2, port: 53)).udp(DNSBuilder.query($0)) }
        },
        Workload("wire-ipv6-options", "the header of an IPv6 packet and two of options are read", pass: inputCount) {
            packets {
                var builder = PacketBuilder(from: .v6(1, port: 40_000), to: .v6(2, port: 53))
                builder.extensionHeaders = [.options(type: 0), .options(type: 60, units: 2)]
                return builder.udp(DNSBuilder.query($0))
            }
        },
        Workload("wire-udp", "the header of a UDP datagram is read", pass: inputCount) {
            let builder = PacketBuilder(from: .v4(1, port: 40_000), to: .v4(2, port: 53))
            var inputs = Inputs(inputCount) {
                Array(builder.udp(DNSBuilder.query(BenchmarkNames.unlisted($0))).dropFirst(20))
            }
            return { count in
                inputs.read(count) { bytes in
                    guard let datagram = try? UDPDatagram(parsing: bytes) else { return false }
                    return datagram.destinationPort == 53 && datagram.payload.count == bytes.count &- 8
                }
            }
        },
        Workload("wire-tcp", "the header of a TCP segment with 12 octets of options is read", pass: inputCount) {
            let builder = PacketBuilder(from: .v4(1, port: 40_000), to: .v4(2, port: 443))
            let timestamps: [UInt8] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]
            var inputs = Inputs(inputCount) {
                let hello = PacketPool.hello(for: BenchmarkNames.unlisted($0))
                return Array(builder.tcp(hello, sequence: 0x1000_0001, options: timestamps).dropFirst(20))
            }
            return { count in
                inputs.read(count) { bytes in
                    guard let segment = try? TCPSegment(parsing: bytes) else { return false }
                    return segment.destinationPort == 443 && segment.payload.count == 517
                }
            }
        },
        Workload("wire-name-text", "a name of three labels is made of its text", pass: inputCount) {
            var inputs = Inputs(inputCount) { Array(BenchmarkNames.unlisted($0).utf8) }
            var name = DomainName()
            return { count in
                inputs.read(count, into: &name) { text, name in
                    guard (try? name.assign(text: text)) != nil else { return false }
                    return name.length == text.count &+ 1
                }
            }
        },
        Workload("wire-dns-query", "header, question and name of a DNS query are read", pass: inputCount) {
            var inputs = Inputs(inputCount) { DNSBuilder.query(BenchmarkNames.unlisted($0)) }
            var name = DomainName()
            return { count in
                inputs.read(count, into: &name) { bytes, name in
                    guard let message = try? DNSMessage(parsing: bytes),
                        let question = try? message.readQuestion(at: DNSMessage.firstQuestion, into: &name)
                    else { return false }
                    return question.type == 1 && name.labelCount == 3
                }
            }
        },
        Workload(
            "wire-dns-response",
            "header, question and three records of a DNS response are read, and the name of its alias",
            pass: inputCount
        ) {
            let address = DNSBuilder.record(type: 1, data: [192, 0, 2, 1])
            var inputs = Inputs(inputCount) {
                let name = BenchmarkNames.unlisted($0)
                return DNSBuilder.response(name, answers: [DNSBuilder.alias("alias.\(name)"), address, address])
            }
            var name = DomainName()
            return { count in
                inputs.read(count, into: &name) { bytes, name in (try? readAnswers(bytes, aliasInto: &name)) == 4 }
            }
        },
        Workload("wire-client-hello", "record and ClientHello of 517 octets are read", pass: inputCount) {
            var inputs = Inputs(inputCount) { PacketPool.hello(for: BenchmarkNames.unlisted($0)) }
            return { count in
                inputs.read(count) { bytes in
                    guard let record = try? TLSRecord(parsing: bytes),
                        let hello = try? TLSClientHello(
                            parsing: record.fragment.extracting(droppingFirst: TLSClientHello.handshakeHeaderLength)
                        )
                    else { return false }
                    return hello.serverName.count > 0
                }
            }
        },
        Workload("wire-http-head", "the head of a request with seven fields is read", pass: inputCount) {
            var inputs = Inputs(inputCount) { PacketPool.request(for: BenchmarkNames.unlisted($0)) }
            return { count in
                inputs.read(count) { bytes in
                    guard let head = try? HTTPRequestHead(parsing: bytes) else { return false }
                    return head.isComplete && head.hostCount == 1
                }
            }
        },
        Workload("wire-quic-header", "the header of a QUIC Initial is read, nothing opened", pass: inputCount) {
            var inputs = Inputs(inputCount) { number in
                let builder = QUICInitialBuilder(connectionID: bigEndian(UInt32(number)) + bigEndian(~UInt32(number)))
                let hello = Array(PacketPool.hello(for: BenchmarkNames.unlisted(number)).dropFirst(5))
                return builder.packet(builder.crypto(hello, at: 0))
            }
            return { count in
                inputs.read(count) { bytes in
                    guard let packet = try? QUICInitialPacket(parsing: bytes) else { return false }
                    return packet.destinationConnectionID.count == 8
                }
            }
        },
    ]

    /// Inputs of each parser, that no branch is learnt by heart.
    private static let inputCount = 1_024

    /// Reads the IP headers of packets, each with a query for the name that `make` is given.
    private static func packets(_ make: (String) -> [UInt8]) -> Run {
        var inputs = Inputs(inputCount) { make(BenchmarkNames.unlisted($0)) }
        return { count in
            inputs.read(count) { bytes in
                guard let packet = try? IPPacket(parsing: bytes) else { return false }
                return packet.transport == TransportProtocol.udp
            }
        }
    }

    /// Reads a response with one question: how many labels the name of its last alias has.
    @inline(__always)
    private static func readAnswers(_ bytes: Span<UInt8>, aliasInto name: inout DomainName) throws(WireError) -> Int {
        let message = try DNSMessage(parsing: bytes)
        var offset = try message.skipQuestion(at: DNSMessage.firstQuestion)
        for _ in 0..<message.answerCount {
            let record = try message.readRecord(at: offset)
            if record.type == 5 { _ = try message.readTarget(of: record, into: &name) }
            offset = record.end
        }
        return name.labelCount
    }
}
