import EvasionCases
import TestSupport
import Testing

@Suite("QUIC sealer")
struct QUICSealerTests {
    /// RFC 9001 appendix A.1 and RFC 9369 appendix A.1.
    @Test func `keys are those of the documents`() {
        let connectionID = hex("8394c8f03e515708")
        let client = QUICInitialKeys(version: .v1, connectionID: connectionID)
        #expect(client.key == hex("1f369613dd76d5467730efcbe3b1a22d"))
        #expect(client.iv == hex("fa044b2f42a3fd3b46fb255c"))
        #expect(client.headerProtection == hex("9f50449e04a0e810283a1e9933adedd2"))
        let server = QUICInitialKeys(version: .v1, connectionID: connectionID, ofServer: true)
        #expect(server.key == hex("cf3a5331653c364c88f0f379b6067e37"))
        #expect(server.iv == hex("0ac1493ca1905853b0bba03e"))
        #expect(server.headerProtection == hex("c206b8d9b9f0f37644430b490eeaa314"))
        let second = QUICInitialKeys(version: .v2, connectionID: connectionID)
        #expect(second.key == hex("8b1a0bc121284290a29e0971b5cd045d"))
        #expect(second.iv == hex("91f73e2351d8fa91660e909f"))
        #expect(second.headerProtection == hex("45b95e15235d6f45a6b19cbcb0294ba9"))
    }

    /// RFC 9001 appendix A.2: the header as it is protected, which depends on the whole payload's first octets.
    @Test func `a sealed packet starts as the document's`() {
        var sealer = QUICSealer(destination: hex("8394c8f03e515708"), source: [])
        sealer.packetNumberLength = 4
        let frame = hex(
            """
            060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
            04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578
            616d706c652e636f6dff01000100000a00080006001d00170018001000070005
            04616c706e000500050100000000003300260024001d00209370b2c9caa47fba
            baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400
            0d0010000e0403050306030203080408050806002d00020101001c0002400100
            3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000
            75300901100f088394c8f03e51570806048000ffff
            """
        )
        let packet = sealer.initial(frame, number: 2, paddedTo: 1_200)
        #expect(packet.count == 1_200)
        #expect(Array(packet.prefix(22)) == hex("c000000001088394c8f03e5157080000449e7b9aec34"))
        #expect(Array(packet[22..<38]) == hex("d1b1c98dd7689fb8ec11d242b123dc9b"))
        #expect(Array(packet.suffix(16)) == hex("e221af44860018ab0856972e194cd934"))
    }

    /// RFC 9001 appendix A.4.
    @Test func `a Retry is the document's`() {
        let sealer = QUICSealer(destination: hex("8394c8f03e515708"), source: [])
        let retry = sealer.retry(token: Array("token".utf8), from: hex("f067a5502a4262b5"))
        #expect(retry == hex("ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba"))
    }
}
