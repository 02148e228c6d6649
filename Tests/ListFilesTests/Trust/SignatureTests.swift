import ListFiles
import TestSupport
import Testing

@Suite("Signatures and trust")
struct SignatureTests {
    private let keys = (0..<4).map { _ in SigningKey.generate() }
    private let message = Array("what is signed".utf8)

    private func block(_ keys: [SigningKey], over message: [UInt8]? = nil) throws -> SignatureBlock {
        try SignatureBlock(try keys.map { try $0.sign(message ?? self.message, as: .snapshot) })
    }

    private func policy(_ publishers: Range<Int>, _ threshold: Int, operator owner: Int? = nil) throws -> TrustPolicy {
        try TrustPolicy(
            publishers: keys[publishers].map(\.verificationKey),
            threshold: threshold,
            operatorKey: owner.map { keys[$0].verificationKey }
        )
    }

    private func ids(_ indices: Int...) -> [KeyID] { indices.map { keys[$0].verificationKey.id } }

    // MARK: - One signature

    @Test func `each single bit of message and signature counts`() throws {
        let key = keys[0].verificationKey
        let signature = try keys[0].sign(message, as: .snapshot)
        #expect(key.isValid(signature, of: message, as: .snapshot))
        for octet in message.indices {
            for bit in 0..<8 {
                var other = message
                other[octet] ^= 1 << bit
                #expect(key.isValid(signature, of: other, as: .snapshot) == false)
            }
        }
        for octet in signature.octets.indices {
            for bit in 0..<8 {
                var octets = signature.octets
                octets[octet] ^= 1 << bit
                let other = try #require(Signature(keyID: key.id, octets: octets))
                #expect(key.isValid(other, of: message, as: .snapshot) == false)
            }
        }
        #expect(key.isValid(signature, of: message + [0], as: .snapshot) == false)
        #expect(key.isValid(signature, of: [], as: .snapshot) == false)
    }

    @Test func `a signature is one for its kind of document`() throws {
        for kind in DocumentKind.allCases {
            let signature = try keys[0].sign(message, as: kind)
            for other in DocumentKind.allCases {
                #expect(keys[0].verificationKey.isValid(signature, of: message, as: other) == (kind == other))
            }
        }
    }

    @Test func `no kind's prefix is the beginning of another's`() {
        for kind in DocumentKind.allCases {
            for other in DocumentKind.allCases where other != kind {
                #expect(other.prefix.starts(with: kind.prefix) == false)
            }
        }
    }

    // MARK: - The block

    @Test func `a block is read as it was written`() throws {
        for count in 0...SignatureBlock.maximumCount {
            let signatures = try (0..<count).map {
                try #require(
                    Signature(
                        keyID: KeyID(number: UInt64($0) << 56 | 1),
                        octets: Array(repeating: UInt8($0), count: 64)
                    )
                )
            }
            let block = try SignatureBlock(signatures)
            #expect(try SignatureBlock(parsing: block.encoded) == block)
            #expect(block.encoded.count == 8 + 72 * count)
            #expect(block.encoded.count <= SignatureBlock.maximumLength)
        }
    }

    @Test func `every prefix, every longer block and every other version are refused`() throws {
        let octets = try block([keys[0], keys[1]]).encoded
        for end in octets.indices {
            #expect(try fault { _ = try SignatureBlock(parsing: Array(octets[..<end])) } == .malformedSignatures)
        }
        #expect(try fault { _ = try SignatureBlock(parsing: octets + [0]) } == .malformedSignatures)
        for index in [0, 1, 2, 3, 4, 6, 7] {
            var other = octets
            other[index] ^= 2
            #expect(try fault { _ = try SignatureBlock(parsing: other) } == .malformedSignatures)
        }
        var many = octets
        many[5] = 17
        #expect(try fault { _ = try SignatureBlock(parsing: many) } == .tooManySignatures(limit: 16))
    }

    @Test func `what is read of a mutation is written as it was`() throws {
        var random = SeededRandom(seed: 4)
        let octets = try block([keys[0], keys[1]]).encoded
        var accepted = 0
        for _ in 0..<5000 {
            let mutant = mutation(of: octets, &random)
            guard let block = try? SignatureBlock(parsing: mutant) else { continue }
            accepted += 1
            #expect(block.encoded == mutant)
        }
        #expect(accepted > 0)
    }

    @Test func `a key's new signature takes the place of its old one`() throws {
        var block = try block([keys[0], keys[1]], over: [1])
        try block.add(try keys[0].sign(message, as: .snapshot))
        #expect(block.signatures.map(\.keyID) == ids(1, 0))
        let signature = try keys[0].sign(message, as: .snapshot)
        #expect(
            try fault { _ = try SignatureBlock(Array(repeating: signature, count: 17)) }
                == .tooManySignatures(limit: 16)
        )
    }

    // MARK: - The policy

    @Test func `the threshold counts different publishers`() throws {
        let policy = try policy(0..<3, 2)
        #expect(try policy.verify(message, as: .snapshot, signatures: block([keys[2], keys[0]])) == ids(0, 2))
        #expect(
            try fault { _ = try policy.verify(message, as: .snapshot, signatures: block([keys[0]])) }
                == .tooFewSignatures(found: 1, wanted: 2, unknown: [], wrong: [])
        )
        let twice = try SignatureBlock(Array(repeating: keys[0].sign(message, as: .snapshot), count: 2))
        #expect(
            try fault { _ = try policy.verify(message, as: .snapshot, signatures: twice) }
                == .tooFewSignatures(found: 1, wanted: 2, unknown: [], wrong: [])
        )
        #expect(
            try fault { _ = try policy.verify(message, as: .snapshot, signatures: SignatureBlock()) }
                == .tooFewSignatures(found: 0, wanted: 2, unknown: [], wrong: [])
        )
    }

    @Test func `unknown and wrong signatures are named where the threshold is missed`() throws {
        let policy = try policy(0..<2, 2)
        var signatures = try block([keys[0], keys[3]]).signatures
        signatures += try block([keys[1]], over: [1]).signatures
        let error = TrustFault.tooFewSignatures(found: 1, wanted: 2, unknown: ids(3), wrong: ids(1))
        #expect(
            try fault { _ = try policy.verify(message, as: .snapshot, signatures: SignatureBlock(signatures)) } == error
        )
        #expect(error.description.contains("unknown keys \(keys[3].verificationKey.id)"))
        #expect(error.description.contains("in the name of \(keys[1].verificationKey.id)"))
        // What anybody can append harms nothing.
        signatures += try block([keys[1]]).signatures
        #expect(try policy.verify(message, as: .snapshot, signatures: SignatureBlock(signatures)) == ids(0, 1))
    }

    @Test func `an unknown key that takes a known id is no publisher`() throws {
        let forged = try keys[3].sign(message, as: .snapshot)
        let signature = try #require(Signature(keyID: keys[0].verificationKey.id, octets: forged.octets))
        #expect(
            try fault {
                _ = try policy(0..<1, 1).verify(message, as: .snapshot, signatures: SignatureBlock([signature]))
            } == .tooFewSignatures(found: 0, wanted: 1, unknown: [], wrong: ids(0))
        )
    }

    @Test func `the operator must have signed besides`() throws {
        let policy = try policy(0..<2, 1, operator: 3)
        #expect(try policy.verify(message, as: .snapshot, signatures: block([keys[3], keys[1]])) == ids(1, 3))
        #expect(
            try fault { _ = try policy.verify(message, as: .snapshot, signatures: block([keys[0], keys[1]])) }
                == .operatorDidNotSign(ids(3)[0], isWrong: false)
        )
        #expect(
            try fault { _ = try policy.verify(message, as: .snapshot, signatures: block([keys[3]])) }
                == .tooFewSignatures(found: 0, wanted: 1, unknown: [], wrong: [])
        )
        let signatures = try block([keys[0]]).signatures + block([keys[3]], over: [1]).signatures
        #expect(
            try fault { _ = try policy.verify(message, as: .snapshot, signatures: SignatureBlock(signatures)) }
                == .operatorDidNotSign(ids(3)[0], isWrong: true)
        )
    }

    @Test func `without publishers trust is off, and the operator's key still holds`() throws {
        let off = try TrustPolicy(publishers: [])
        #expect(off.isOff)
        #expect(try off.verify(message, as: .snapshot, signatures: SignatureBlock()) == [])
        let own = try TrustPolicy(publishers: [], operatorKey: keys[3].verificationKey)
        #expect(own.isOff == false)
        #expect(try own.verify(message, as: .snapshot, signatures: block([keys[3]])) == ids(3))
        #expect(try fault { _ = try own.verify(message, as: .snapshot, signatures: block([keys[0]])) } != nil)
    }

    @Test(arguments: [-1, 0, 4, 5])
    func `a threshold that cannot be met is refused`(threshold: Int) throws {
        #expect(try fault { _ = try policy(0..<3, threshold) } == .badThreshold(threshold, keys: 3))
    }

    @Test func `a publisher who is named twice counts once`() throws {
        let key = keys[0].verificationKey
        #expect(
            try fault { _ = try TrustPolicy(publishers: [key, key], threshold: 2) } == .badThreshold(2, keys: 1)
        )
        #expect(
            try fault { _ = try ApprovalPolicy(approvers: [key, key]) } == .badThreshold(2, keys: 1)
        )
    }
}
