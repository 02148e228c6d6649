import Blocklists
import FoundationEssentials
import ListFiles
import Telemetry
import TestSupport
import Testing

/// Signatures and approvals from the file to the blocklist.
@Suite("Trusted updates")
struct TrustedUpdateTests {
    private static let now = Timestamp(seconds: 1_800_000_000) ?? .now

    private let publishers = [SigningKey.generate(), SigningKey.generate(), SigningKey.generate()]
    private let own = SigningKey.generate()
    private let stranger = SigningKey.generate()

    /// Two of three publishers and the operator have to sign.
    private func strictPolicy() throws -> TrustPolicy {
        try TrustPolicy(
            publishers: publishers.map(\.verificationKey),
            threshold: 2,
            operatorKey: own.verificationKey
        )
    }

    /// What may be wrong with a signed text list.
    enum TextFault: String, CaseIterable, Sendable {
        case noStatement, emptyStatement, cutStatement, strangersOnly, oneOfTwo, twiceTheSame, noOperator, operatorOnly
        case otherList, otherPurpose, longer, sameLength, signedAsOtherKind, olderSequence
    }

    @Test(arguments: TextFault.allCases)
    func `a text list with this fault is refused`(fault: TextFault) throws {
        var scene = try UpdaterScene()
        scene.plan.lists[0].trust = try strictPolicy()
        scene.plan.lists[0].gates.purpose = "csam"
        try scene.write(names("good"))
        let enough = [publishers[0], publishers[2], own]
        try scene.sign(sequence: 5, by: enough)
        let (updater, outcome) = try scene.started(at: Self.now)
        #expect(outcome.lists.first?.keys == enough.map(\.verificationKey.id))
        #expect(outcome.lists.first?.edition.sequence == 5)

        var next = names("good")
        next.append("planted-entry.test")
        try scene.write(next)
        try scene.sign(sequence: 6, by: enough)
        let signature = SignedStatement.path(beside: "police.txt")
        var cause = ListRefusal.signature
        switch fault {
        case .noStatement: try scene.remove(signature)
        case .emptyStatement: try scene.folder.write("", to: signature)
        case .cutStatement:
            try scene.folder.write(Array((scene.folder.content(signature) ?? []).dropLast(9)), to: signature)
        case .strangersOnly: try scene.sign(sequence: 6, by: [stranger, SigningKey.generate()])
        case .oneOfTwo: try scene.sign(sequence: 6, by: [publishers[1], own, stranger])
        case .twiceTheSame:
            try scene.sign(sequence: 6, by: [publishers[1], own])
            let text = String(decoding: scene.folder.content(signature) ?? [], as: UTF8.self)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("signature:") })
            try scene.folder.write(text + line + "\n", to: signature)
        case .noOperator: try scene.sign(sequence: 6, by: publishers)
        case .operatorOnly: try scene.sign(sequence: 6, by: [own])
        case .otherList: try scene.sign(as: "other", sequence: 6, by: enough)
        case .otherPurpose:
            try scene.sign(sequence: 6, purpose: "gambling", by: enough)
            cause = .purpose
        case .longer: try scene.write(next + ["one-more.test"])
        case .sameLength: try scene.write(next.map { $0.replacing("planted-", with: "changed-") })
        case .signedAsOtherKind:
            let statement = try SignedStatement.load(scene.folder[signature]).statement
            var block = SignatureBlock()
            for key in enough { try block.add(try key.sign(statement.encoded, as: .snapshot)) }
            let text = String(decoding: scene.folder.content(signature) ?? [], as: UTF8.self)
            var lines = text.split(separator: "\n").filter { $0.hasPrefix("signature:") == false }.map(String.init)
            for signature in block.signatures {
                lines.append("signature: \(signature.keyID) \(Data(signature.octets).base64EncodedString())")
            }
            try scene.folder.write(lines.map { $0 + "\n" }.joined(), to: signature)
        case .olderSequence:
            try scene.sign(sequence: 4, by: enough)
            cause = .replay
        }
        let generation = updater.source.generation
        let refusal = try scene.update(updater, at: Self.now)
        #expect(refusal.refused.map(\.causes) == [[cause]])
        #expect(refusal.generation == generation)
        #expect(try updater.blocks("planted-entry.test") == false)
        #expect(try updater.blocks(names("good")[99]))
        try scene.expectSecrecy(of: next.suffix(2), in: refusal.refused.map(\.reason))

        // What was refused leaves no trace: a good release of the next number is accepted.
        try scene.write(next)
        try scene.sign(sequence: 6, by: enough)
        #expect(try scene.update(updater, at: Self.now).refused == [])
        #expect(try updater.blocks("planted-entry.test"))
        #expect(updater.report.lists.map(\.isFallback) == [false])
    }

    /// What may be wrong with a signed snapshot.
    enum SnapshotFault: String, CaseIterable, Sendable {
        case unsigned, strangersOnly, oneOfTwo, noOperator, noSequence, otherList, otherBody, signaturesOfAnother
        case cut, trailing, text, olderSequence, sameSequence, otherSealKey
    }

    @Test(arguments: SnapshotFault.allCases)
    func `a snapshot with this fault is refused`(fault: SnapshotFault) throws {
        var scene = try UpdaterScene()
        scene.plan.lists[0].trust = try strictPolicy()
        scene.plan.lists[0].path = scene.folder["police.snapshot"]
        scene.plan.lists[0].sealKey = scene.folder["seal.key"]
        let path = scene.plan.lists[0].path
        let key = try SealKey.generate(at: scene.folder["seal.key"]).hashKey()
        let enough = [publishers[0], publishers[1], own]
        func write(
            _ names: [String],
            id: String = "police",
            key: HashKey = key,
            sequence: UInt64? = 6,
            by keys: [SigningKey]
        ) throws {
            try writeSnapshot(of: [(id, names)], to: path, key: key, isSealed: true, sequence: sequence, by: keys)
        }
        try write(names("good"), sequence: 5, by: enough)
        let good = try #require(scene.folder.content("police.snapshot"))
        let (updater, outcome) = try scene.started(at: Self.now)
        #expect(outcome.lists.first?.keys == enough.map(\.verificationKey.id))

        let next = names("good").dropLast() + ["planted-entry.test"]
        try write(Array(next), by: enough)
        let signed = try #require(scene.folder.content("police.snapshot"))
        let trailer = 8 + 3 * 72
        var cause = ListRefusal.signature
        switch fault {
        case .unsigned: try write(Array(next), by: [])
        case .strangersOnly: try write(Array(next), by: [stranger, SigningKey.generate()])
        case .oneOfTwo: try write(Array(next), by: [publishers[2], own])
        case .noOperator: try write(Array(next), by: publishers)
        case .noSequence: try write(Array(next), sequence: nil, by: enough)
        case .otherList:
            try write(Array(next), id: "other", by: enough)
            cause = .damaged
        case .otherBody:
            // The header of one, with its signatures, around the body of the other, of the same length.
            try #require(signed.count == good.count)
            let start = try SnapshotFile(path) { _ in key }.signedOctets.count
            let mixed = signed[..<start] + good[start...].dropLast(trailer) + signed.suffix(trailer)
            try scene.folder.write(Array(mixed), to: "police.snapshot")
            cause = .damaged
        case .signaturesOfAnother:
            try scene.folder.write(Array(signed.dropLast(trailer) + good.suffix(trailer)), to: "police.snapshot")
        case .cut:
            try scene.folder.write(Array(signed[..<(signed.count / 2)]), to: "police.snapshot")
            cause = .damaged
        case .trailing: try scene.folder.write(signed + [0], to: "police.snapshot")
        case .text: try scene.folder.write("planted-entry.test\n", to: "police.snapshot")
        case .olderSequence:
            try write(Array(next), sequence: 4, by: enough)
            cause = .replay
        case .sameSequence:
            try write(Array(next), sequence: 5, by: enough)
            cause = .replay
        case .otherSealKey:
            try write(Array(next), key: .random(), by: enough)
            cause = .damaged
        }
        let generation = updater.source.generation
        let refusal = try scene.update(updater, at: Self.now)
        #expect(refusal.refused.map(\.causes) == [[cause]])
        #expect(refusal.generation == generation)
        #expect(try updater.blocks("planted-entry.test") == false)
        #expect(try updater.blocks(names("good")[99]))
        try scene.expectSecrecy(of: next.suffix(2), in: refusal.refused.map(\.reason))

        try write(Array(next), by: enough)
        #expect(try scene.update(updater, at: Self.now).refused == [])
        #expect(try updater.blocks("planted-entry.test"))
    }

    // MARK: - Approvals

    /// What approvals there are of an update that grows too much.
    enum Approvals: String, CaseIterable, Sendable {
        case two, none, one, twiceTheSame, strangers, expired, notYet, otherDigest, otherList, otherGate, damaged

        var suffices: Bool { self == .two }
    }

    private func approve(
        _ scene: UpdaterScene,
        _ gate: String,
        _ digest: ContentDigest,
        list: String = "police",
        by key: SigningKey,
        to file: String,
        from: Timestamp = now.advanced(by: -60),
        until end: Timestamp = now.advanced(by: 3_600)
    ) throws {
        try FileManager.default.createDirectory(atPath: scene.folder["approvals"], withIntermediateDirectories: true)
        let approval = try Approval.sign(
            digest,
            of: try word(list),
            gate: try word(gate),
            with: key,
            now: from,
            expiresAt: end
        )
        try approval.write(to: scene.folder["approvals/" + file])
    }

    @Test(arguments: Approvals.allCases, [true, false])
    func `only two people's word for this very file lets it pass`(approvals: Approvals, isSnapshot: Bool) throws {
        let approvers = [SigningKey.generate(), SigningKey.generate()]
        var scene = try UpdaterScene()
        scene.plan.approvers = try ApprovalPolicy(approvers: approvers.map(\.verificationKey))
        let key = HashKey.random()
        func write(_ names: [String]) throws -> ContentDigest {
            guard isSnapshot else {
                try scene.write(names)
                return try ContentHasher.file(scene.plan.lists[0].path).digest
            }
            return try writeSnapshot(of: [("police", names)], to: scene.plan.lists[0].path, key: key)
        }
        let other = try write(names("good"))
        let (updater, _) = try scene.started(at: Self.now)
        let digest = try write(names("good") + names("more", 200))
        for (index, approver) in approvers.enumerated() {
            let file = "\(index).approval"
            switch approvals {
            case .two: try approve(scene, "growth", digest, by: approver, to: file)
            case .none: break
            case .one: if index == 0 { try approve(scene, "growth", digest, by: approver, to: file) }
            case .twiceTheSame: try approve(scene, "growth", digest, by: approvers[0], to: file)
            case .strangers: try approve(scene, "growth", digest, by: SigningKey.generate(), to: file)
            case .expired: try approve(scene, "growth", digest, by: approver, to: file, until: Self.now)
            case .notYet: try approve(scene, "growth", digest, by: approver, to: file, from: Self.now.advanced(by: 1))
            case .otherDigest: try approve(scene, "growth", other, by: approver, to: file)
            case .otherList: try approve(scene, "growth", digest, list: "other", by: approver, to: file)
            case .otherGate: try approve(scene, "shrink", digest, by: approver, to: file)
            case .damaged:
                try approve(scene, "growth", digest, by: approver, to: file)
                var octets = try #require(scene.folder.content("approvals/" + file))
                octets[octets.count - 20] ^= 1
                try scene.folder.write(octets, to: "approvals/" + file)
            }
        }
        let outcome = try scene.update(updater, at: Self.now)
        #expect(outcome.refused.map(\.causes) == (approvals.suffices ? [] : [[.growth]]))
        #expect(try updater.blocks(names("more")[0]) == approvals.suffices)
        #expect(try updater.blocks(names("good")[0]))
        // What is said names the digest that would have to be approved.
        if let reason = outcome.refused.first?.reason { #expect(reason.contains(digest.description)) }
    }

    @Test func `an approval of one gate opens no other`() throws {
        let approvers = [SigningKey.generate(), SigningKey.generate(), SigningKey.generate()]
        var scene = try UpdaterScene()
        scene.plan.approvers = try ApprovalPolicy(approvers: approvers.map(\.verificationKey))
        scene.plan.protected = try scene.folder.write("platform.test\n", to: "protected.txt")
        try scene.write(names("good"))
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("good") + names("more", 200) + ["bad.platform.test"])
        let digest = try ContentHasher.file(scene.plan.lists[0].path).digest
        #expect(try scene.update(updater, at: Self.now).refused.map(\.causes) == [[.growth, .protectedName]])
        for (index, key) in approvers.prefix(2).enumerated() {
            try approve(scene, "growth", digest, by: key, to: "growth-\(index)")
        }
        #expect(try scene.update(updater, at: Self.now).refused.map(\.causes) == [[.protectedName]])
        #expect(try updater.blocks(names("more")[0]) == false)
        // One of the first two and a third: two for each gate, whoever they are.
        for (index, key) in approvers.suffix(2).enumerated() {
            try approve(scene, "protected-name", digest, by: key, to: "protected-\(index)")
        }
        #expect(try scene.update(updater, at: Self.now).refused == [])
        #expect(try updater.blocks("bad.platform.test"))
        #expect(try updater.blocks("platform.test") == false)
        let ids = approvers.map(\.verificationKey.id.description)
        let approved =
            #""approved":{"growth":["\#(ids[0])","\#(ids[1])"],"protected-name":["\#(ids[1])","\#(ids[2])"]}"#
        let activation = try #require(scene.auditLines.last)
        #expect(activation.contains(#""event":"activate""#) && activation.contains(approved), "\(activation)")
        // Approved and in use, it is not lost when the approvals have run out and the process begins anew.
        let later = Self.now.advanced(by: 86_400)
        try scene.remove("approvals")
        let (restarted, _) = try scene.started(at: later)
        #expect(try restarted.blocks("bad.platform.test"))
        #expect(try restarted.blocks(names("more")[0]))
        // Nothing has grown since.
        let standing = #""approved":{"protected-name":["\#(ids[1])","\#(ids[2])"]}"#
        #expect(scene.auditLines.last?.contains(standing) == true)
    }

    @Test func `what one list may block by approval the others still may not`() throws {
        let approvers = [SigningKey.generate(), SigningKey.generate()]
        var scene = try UpdaterScene(["police", "other"])
        scene.plan.approvers = try ApprovalPolicy(approvers: approvers.map(\.verificationKey))
        scene.plan.protected = try scene.folder.write("platform.test\n", to: "protected.txt")
        scene.plan.lists[1].path = scene.folder["other.snapshot"]
        try scene.write(["bad.platform.test"])
        // Below a protected name, as only the shield sees it.
        try writeSnapshot(
            of: [("other", ["bad.platform.test", "worse.platform.test"])],
            to: scene.plan.lists[1].path
        )
        let digest = try ContentHasher.file(scene.plan.lists[0].path).digest
        for (index, key) in approvers.enumerated() {
            try approve(scene, "protected-name", digest, by: key, to: "\(index)")
        }
        let (updater, _) = try scene.started(at: Self.now)
        #expect(try updater.blocklist.blocking("bad.platform.test") == ["police"])
        #expect(try updater.blocklist.says(of: "worse.platform.test").exemption?.reason == .protected)
    }
}
