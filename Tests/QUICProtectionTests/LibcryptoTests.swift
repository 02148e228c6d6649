import Crypto
import CryptoExtras
import TestSupport
import Testing
import Wire

@testable import QUICProtection

/// What libcrypto reckons is held against swift-crypto, with keys, messages and packets that are random and the same on every run.
@Suite("libcrypto agrees with swift-crypto")
struct LibcryptoTests {
    private var random = SeededRandom(seed: 5_869)

    private mutating func octets(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private mutating func array<let count: Int>() -> InlineArray<count, UInt8> {
        InlineArray<count, UInt8> { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func list<let count: Int>(_ octets: InlineArray<count, UInt8>) -> [UInt8] {
        octets.indices.map { octets[$0] }
    }

    @Test mutating func `codes of messages of every length`() {
        for length in 0...HMACMessage.limit {
            let key = octets(32)
            let message = octets(length)
            var words = HMACCode(repeating: 0)
            words.take(key.span)
            let code: InlineArray<32, UInt8> = HMACKey(words).code(of: HMACMessage(message.span)).octets()
            let expected = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key))
            #expect(list(code) == Array(expected), "\(length) octets")
        }
    }

    @Test mutating func `a longer message is cut, not read past`() {
        let message = octets(60)
        let key = HMACKey(HMACCode(repeating: 7))
        let cut: InlineArray<32, UInt8> = key.code(of: HMACMessage(message.span)).octets()
        let same: InlineArray<32, UInt8> = key.code(of: HMACMessage(message.span.extracting(first: 55))).octets()
        #expect(list(cut) == list(same))
    }

    @Test mutating func `masks of headers`() throws {
        var ciphers = InitialCiphers()
        for _ in 0..<200 {
            let key: InlineArray<16, UInt8> = array()
            var sample = octets(16)
            let mask = ciphers.mask(sample: sample.span, key: key)
            try AES.permute(&sample, key: SymmetricKey(data: list(key)))
            #expect(mask.map { list($0) } == sample)
        }
        let short = octets(15)
        let mask = ciphers.mask(sample: short.span, key: InlineArray(repeating: 1))
        #expect(mask == nil)
    }

    /// What opening comes to, the header in pieces that end at `cuts`.
    private func open(
        _ sealed: [UInt8],
        _ header: [UInt8],
        cuts: [Int],
        key: InlineArray<16, UInt8>,
        nonce: InlineArray<12, UInt8>,
        with ciphers: inout InitialCiphers
    ) -> [UInt8]? {
        guard ciphers.begin(key: key, nonce: nonce) else { return nil }
        for (start, end) in zip([0] + cuts, cuts + [header.count]) {
            guard ciphers.authenticate(header.span.extracting(start..<end)) else { return nil }
        }
        var text: [UInt8] = []
        var isOpen = false
        text.append(addingCapacity: sealed.count) { room in isOpen = ciphers.open(sealed.span, into: &room) }
        if isOpen == false { #expect(text.isEmpty) }
        return isOpen ? text : nil
    }

    @Test mutating func `what is sealed opens, and nothing else does`() throws {
        var ciphers = InitialCiphers()
        for round in 0..<300 {
            let key: InlineArray<16, UInt8> = array()
            let nonce: InlineArray<12, UInt8> = array()
            let text = octets(round < 40 ? round : Int.random(in: 0...1_500, using: &random))
            let header = octets(Int.random(in: 2...300, using: &random))
            let cuts = [1, Int.random(in: 1..<header.count, using: &random)]
            let box = try AES.GCM.seal(
                text,
                using: SymmetricKey(data: list(key)),
                nonce: AES.GCM.Nonce(data: list(nonce)),
                authenticating: header
            )
            let sealed = Array(box.ciphertext + box.tag)
            #expect(open(sealed, header, cuts: cuts, key: key, nonce: nonce, with: &ciphers) == text)
            var damaged = sealed
            damaged[Int.random(in: damaged.indices, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
            #expect(open(damaged, header, cuts: cuts, key: key, nonce: nonce, with: &ciphers) == nil)
            var otherHeader = header
            otherHeader[Int.random(in: header.indices, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
            #expect(open(sealed, otherHeader, cuts: cuts, key: key, nonce: nonce, with: &ciphers) == nil)
        }
        let nothing = octets(15)
        #expect(open(nothing, [1, 2], cuts: [1], key: array(), nonce: array(), with: &ciphers) == nil)
    }

    @Test mutating func `what has no room is not opened`() {
        var ciphers = InitialCiphers()
        let sealed = octets(64)
        var text: [UInt8] = []
        let hasBegun = ciphers.begin(key: array(), nonce: array())
        #expect(hasBegun)
        text.append(addingCapacity: 4_096) { room in
            room.append(repeating: 1, count: room.freeCapacity &- 47)
            let isOpen = ciphers.open(sealed.span, into: &room)
            let free = room.freeCapacity
            #expect(isOpen == false && free == 47)
        }
    }

    @Test mutating func `packets of random connections`() throws {
        var opener = InitialOpener()
        for _ in 0..<500 {
            var builder = QUICInitialBuilder(connectionID: octets(Int.random(in: 0...20, using: &random)))
            builder.version = try #require(QUICVersionUnderTest.all.randomElement(using: &random))
            builder.sourceConnectionID = octets(Int.random(in: 0...20, using: &random))
            builder.token = octets(Int.random(in: 0...60, using: &random))
            builder.packetNumberLength = Int.random(in: 1...4, using: &random)
            builder.packetNumber = UInt32.random(in: 0...0xFF, using: &random)
            builder.paddedLength = 0
            let frames = octets(Int.random(in: 4...1_300, using: &random))
            let bytes = builder.packet(frames)
            let packet = try QUICInitialPacket(parsing: bytes.span)
            var opened: [UInt8] = []
            let isOpen = opener.open(packet, initialConnectionID: packet.destinationConnectionID, into: &opened)
            #expect(isOpen && opened == frames)
        }
    }

    @Test(arguments: [("none", "AES-128-GCM"), ("AES-128-ECB", "none"), ("none", "none")])
    func `without a cipher nothing opens and nothing traps`(header: String, payload: String) throws {
        var opener = InitialOpener(InitialCiphers(header: header, payload: payload))
        let canOpen = opener.canOpen
        #expect(canOpen == false)
        var frames: [UInt8] = [1]
        let bytes = Vectors.clientV1
        let packet = try QUICInitialPacket(parsing: bytes.span)
        let isOpen = opener.open(packet, initialConnectionID: packet.destinationConnectionID, into: &frames)
        #expect(isOpen == false && frames.isEmpty)
        let ready = InitialOpener()
        let isReady = ready.canOpen
        #expect(isReady)
    }

    @Test func `an opener that is not prepared asks for no cipher until it is`() throws {
        var opener = InitialOpener(isPrepared: false)
        let canOpenAtFirst = opener.canOpen
        #expect(canOpenAtFirst == false)
        var frames: [UInt8] = []
        let bytes = Vectors.clientV1
        let packet = try QUICInitialPacket(parsing: bytes.span)
        let isOpenAtFirst = opener.open(packet, initialConnectionID: packet.destinationConnectionID, into: &frames)
        #expect(isOpenAtFirst == false && frames.isEmpty)
        opener.prepare()
        let isOpen = opener.open(packet, initialConnectionID: packet.destinationConnectionID, into: &frames)
        #expect(isOpen && frames.isEmpty == false)
    }
}
