import EvasionCases
import Testing

extension EvasionCase: CustomTestStringConvertible {
    /// The case's id.
    public var testDescription: String { id }
}

@Suite("Evasion cases")
struct EvasionCaseTests {
    @Test(arguments: EvasionCase.all)
    func `the case meets its expectation, and its innocent twin passes`(_ evasionCase: EvasionCase) {
        let outcome = EvasionCard([evasionCase]).outcomes[0]
        #expect(outcome.faults == [])
    }

    @Test func `ids are unique and made of small letters, digits and hyphens`() {
        let ids = EvasionCase.all.map(\.id)
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") } })
        #expect(Set(EvasionCase.all.map(\.group)) == Set(EvasionGroup.allCases))
        #expect(ids.count >= 100)
    }

    @Test(arguments: EvasionCase.all)
    func `the same scene gives the same packets`(_ evasionCase: EvasionCase) {
        #expect(evasionCase.packets == evasionCase.packets)
        #expect(evasionCase.packets.isEmpty == false)
        let times = evasionCase.packets.map(\.time)
        #expect(times == times.sorted())
    }

    @Test(arguments: EvasionCase.all)
    func `what is to be blocked has one packet that completes the name, and the twin has the same form`(
        _ evasionCase: EvasionCase
    ) {
        let packets = evasionCase.packets
        let twin = evasionCase.innocentTwin()
        #expect(packets.map(\.bytes.count) == twin.map(\.bytes.count))
        #expect(packets.map(\.demand) == twin.map(\.demand))
        switch evasionCase.expectation {
        case .blocked:
            #expect(packets.contains { $0.demand == .completes })
            #expect(packets != twin)
        case .passed:
            #expect(packets.allSatisfy { $0.demand == .accept })
        }
    }

    @Test(arguments: EvasionCase.all)
    func `packets state their own length and have right header checksums`(_ evasionCase: EvasionCase) {
        for packet in evasionCase.packets.map(\.bytes) {
            if packet[0] >> 4 == 4 {
                #expect(Int(packet[2]) << 8 | Int(packet[3]) == packet.count)
                #expect(onesSum(packet[..<(Int(packet[0] & 15) * 4)]) == 0xFFFF)
            } else {
                #expect(Int(packet[4]) << 8 | Int(packet[5]) == packet.count - 40)
            }
            #expect(packet.count <= 1_500)
        }
    }

    @Test(arguments: EvasionCase.all)
    func `another scene's packets carry its addresses and equally right checksums`(_ evasionCase: EvasionCase) {
        var scene = EvasionScene(name: EvasionScene.listedName)
        scene.client4 = [10, 99, 1, 2]
        scene.server4 = [10, 99, 2, 2]
        scene.client6 = [0xFD] + [UInt8](repeating: 0, count: 14) + [1]
        scene.server6 = [0xFD] + [UInt8](repeating: 0, count: 14) + [2]
        scene.clientPort = 51_234
        let packets = evasionCase.packets(in: scene)
        let plain = evasionCase.packets
        #expect(packets.count == plain.count)
        for (packet, other) in zip(packets, plain) {
            let ends = packet.direction == .toServer ? (1, 2) : (2, 1)
            if packet.bytes[0] >> 4 == 4 {
                #expect(Array(packet.bytes[12..<20]) == [10, 99, UInt8(ends.0), 2, 10, 99, UInt8(ends.1), 2])
            } else {
                #expect((Int(packet.bytes[23]), Int(packet.bytes[39])) == ends)
            }
            #expect(hasRightTCPChecksum(packet.bytes) == hasRightTCPChecksum(other.bytes))
        }
        #expect(
            packets.contains { hasRightTCPChecksum($0.bytes) == false } == (evasionCase.id == "tcp-fake-bad-checksum")
        )
    }

    /// Whether the checksum of an unfragmented TCP packet is right; nil for any other packet.
    private func hasRightTCPChecksum(_ packet: [UInt8]) -> Bool? {
        let isIPv4 = packet[0] >> 4 == 4
        guard packet[isIPv4 ? 9 : 6] == 6, isIPv4 == false || packet[6] & 0x3F == 0 && packet[7] == 0 else {
            return nil
        }
        let start = isIPv4 ? Int(packet[0] & 15) * 4 : 40
        let length = packet.count - start
        let pseudo = (isIPv4 ? packet[12..<20] : packet[8..<40]) + [UInt8(length >> 8), UInt8(length & 255), 0, 6]
        return onesSum(pseudo + packet[start...]) == 0xFFFF
    }

    private func onesSum(_ bytes: some Collection<UInt8>) -> Int {
        var sum = 0
        for (index, byte) in bytes.enumerated() { sum += index % 2 == 0 ? Int(byte) << 8 : Int(byte) }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        return sum
    }

    @Test func `cases are chosen by id and by regular expression`() throws {
        #expect(try EvasionCase.selected(by: []).count == EvasionCase.all.count)
        #expect(try EvasionCase.selected(by: ["tcp-split-name"]).map(\.id) == ["tcp-split-name"])
        #expect(
            try EvasionCase.selected(by: ["^quic-v[12]$", "dns-plain"]).map(\.id) == [
                "quic-v1", "quic-v2", "dns-plain",
            ]
        )
        for pattern in ["nothing-like-it", "("] {
            let error = #expect(throws: EvasionError.self) { _ = try EvasionCase.selected(by: [pattern]) }
            #expect(error?.description.contains("--only \(pattern)") == true)
        }
    }
}
