import ListFiles
import TestSupport
import Testing

@Suite("Approvals")
struct ApprovalTests {
    private let folder: TemporaryFolder
    private let keys = (0..<4).map { _ in SigningKey.generate() }
    private let digest = ContentDigest(of: [1])

    init() throws {
        folder = try TemporaryFolder()
    }

    private func approval(
        _ key: Int,
        gate: String = "growth",
        list: String = "police",
        digest: ContentDigest? = nil,
        issued: String = "2027-01-31T12:00:00Z",
        expires: String? = nil
    ) throws -> Approval {
        try Approval.sign(
            digest ?? self.digest,
            of: try word(list),
            gate: try word(gate),
            with: keys[key],
            now: try time(issued),
            expiresAt: try expires.map { try time($0) }
        )
    }

    /// Three approvers, of whom two are required; the fourth key is nobody's.
    private func assess(
        _ approvals: [Approval],
        at now: String = "2027-02-01T00:00:00Z"
    ) throws -> ApprovalPolicy.Assessment {
        let policy = try ApprovalPolicy(approvers: keys[..<3].map(\.verificationKey))
        let assessment = policy.assess(approvals, for: digest, of: try word("police"), at: try time(now))
        #expect(
            policy.approvedGates(for: digest, list: try word("police"), now: try time(now), approvals: approvals)
                == assessment.approvers.filter { assessment.gates.contains($0.key) }
        )
        return assessment
    }

    @Test func `an approval is read as it was written, and lasts seven days`() throws {
        let approval = try approval(0)
        #expect(try Approval(parsing: approval.encoded) == approval)
        #expect(approval.expiresAt == (try time("2027-02-07T12:00:00Z")))
        try approval.write(to: folder["growth.approval"])
        #expect(try Approval.load(folder["growth.approval"]) == approval)
        let text = String(decoding: approval.encoded, as: UTF8.self)
        #expect(
            text.hasPrefix(
                """
                grindvakt approval 1
                list: police
                sha256: \(digest)
                gate: growth
                issued: 2027-01-31T12:00:00Z
                expires: 2027-02-07T12:00:00Z
                signature: \(keys[0].verificationKey.id)\u{20}
                """
            )
        )
    }

    @Test func `two different approvers open a gate`() throws {
        let growth = try word("growth")
        #expect(try assess([]).gates == [])
        #expect(try assess([approval(0)]).gates == [])
        #expect(try assess([approval(0), approval(0)]).gates == [])
        #expect(try assess([approval(0), approval(0, issued: "2027-01-31T13:00:00Z")]).gates == [])
        let both = try assess([approval(2), approval(0), approval(2)])
        #expect(both.gates == [growth])
        #expect(both.approvers == [growth: [keys[0].verificationKey.id, keys[2].verificationKey.id]])
        #expect(both.refusals == [nil, nil, nil])
    }

    @Test func `each gate is approved by itself`() throws {
        let assessment = try assess([
            approval(0), approval(1, gate: "shrink"), approval(2, gate: "shrink"), approval(1, gate: "empty"),
        ])
        #expect(assessment.gates == [try word("shrink")])
    }

    @Test func `anything but this list, this file and this time counts for nothing`() throws {
        let unknown = keys[3].verificationKey.id
        let cases: [(Approval, ApprovalPolicy.Refusal)] = [
            (try approval(1, list: "own"), .otherList),
            (try approval(1, digest: ContentDigest(of: [2])), .otherDigest),
            (try approval(1, issued: "2027-02-01T00:00:01Z"), .notYetIssued),
            (try approval(1, expires: "2027-02-01T00:00:00Z"), .expired),
            (try approval(3), .unknownKey(unknown)),
        ]
        for (other, refusal) in cases {
            let assessment = try assess([approval(0), other])
            #expect(assessment.gates == [])
            #expect(assessment.refusals == [nil, refusal])
        }
    }

    @Test func `a borrowed name is no signature`() throws {
        let text = String(decoding: try approval(3).encoded, as: UTF8.self)
        let borrowed = text.replacing(
            keys[3].verificationKey.id.description,
            with: keys[1].verificationKey.id.description
        )
        let forged = try Approval(parsing: Array(borrowed.utf8))
        let assessment = try assess([approval(0), forged])
        #expect(assessment.gates == [])
        #expect(assessment.refusals == [nil, .wrongSignature(keys[1].verificationKey.id)])
    }

    @Test func `each single bit of an approval breaks it`() throws {
        let first = try approval(0)
        let octets = try approval(1).encoded
        for index in octets.indices {
            for bit in 0..<8 {
                var changed = octets
                changed[index] ^= 1 << bit
                guard let read = try? Approval(parsing: changed) else { continue }
                #expect(try assess([first, read]).gates == [])
            }
        }
    }

    @Test func `every prefix is refused, and what is read of a mutation is written as it was`() throws {
        var random = SeededRandom(seed: 8)
        let octets = try approval(1).encoded
        for end in octets.indices {
            #expect(try fault { _ = try Approval(parsing: Array(octets[..<end])) } != nil)
        }
        for _ in 0..<5000 {
            let mutant = mutation(of: octets, &random)
            if let read = try? Approval(parsing: mutant) { #expect(read.encoded == mutant) }
        }
    }

    @Test func `an approval ends, after 31 days at most`() throws {
        #expect(try fault { _ = try approval(0, expires: "2027-03-03T12:00:01Z") } == .approvedTooLong)
        #expect(try approval(0, expires: "2027-03-03T12:00:00Z").expiresAt == time("2027-03-03T12:00:00Z"))
        #expect(
            try fault { _ = try approval(0, expires: "2027-01-31T12:00:00Z") } == .line(6, .endsBeforeItBegins)
        )
        let text = String(decoding: try approval(0).encoded, as: UTF8.self)
        let endless = text.replacing("expires: 2027-02-07T12:00:00Z\n", with: "")
        #expect(try fault { _ = try Approval(parsing: Array(endless.utf8)) } == .line(6, .missing(.expires)))
    }

    @Test func `a list statement's signature is no approval`() throws {
        let text = String(decoding: try approval(1).encoded, as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let message = Array(lines[..<6].joined(separator: "\n").utf8) + [0x0A]
        for kind in DocumentKind.allCases {
            let signature = try keys[1].sign(message, as: kind)
            let document = message + Array("signature: \(text64(signature))\n".utf8)
            let gates = try assess([approval(0), Approval(parsing: document)]).gates
            #expect(gates.isEmpty == (kind != .approval))
        }
    }

    /// A signature as a line has it.
    private func text64(_ signature: Signature) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        let octets = signature.octets + [0, 0]
        for start in stride(from: 0, to: 66, by: 3) {
            let group = octets[start..<start + 3].reduce(0) { $0 << 8 | Int($1) }
            text += [18, 12, 6, 0].map { String(alphabet[group >> $0 & 63]) }.joined()
        }
        return "\(signature.keyID) " + text.dropLast(2) + "=="
    }

    @Test func `a policy that cannot be met is refused`() throws {
        let key = keys[0].verificationKey
        #expect(try fault { _ = try ApprovalPolicy(approvers: [key]) } == .badThreshold(2, keys: 1))
        #expect(try fault { _ = try ApprovalPolicy(approvers: [key], required: 0) } == .badThreshold(0, keys: 1))
        let nobody = try ApprovalPolicy(approvers: [])
        #expect(
            nobody.assess([try approval(0)], for: digest, of: try word("police"), at: try time("2027-02-01T00:00:00Z"))
                .gates == []
        )
    }
}
