import FoundationEssentials
import Glibc
import ListFiles
import TestSupport
import Testing

@Suite("Audit log")
struct AuditLogTests {
    private let folder: TemporaryFolder
    private let log: AuditLog

    init() throws {
        folder = try TemporaryFolder()
        log = AuditLog(folder["audit.log"])
    }

    private func record(_ event: AuditEvent = .activate) throws -> AuditRecord {
        AuditRecord(event, by: AuditCaller(uid: 4_294_967_294), at: try time("2027-01-31T12:00:00Z"))
    }

    private func lines() throws -> [String] {
        let text = String(decoding: try #require(folder.content("audit.log")), as: UTF8.self)
        #expect(text.hasSuffix("\n"))
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test func `a record is one JSON object`() throws {
        var record = try record(.approve)
        record.lists = [AuditRecord.List(try word("police"), sequence: .max, digest: ContentDigest(of: []))]
        record.lists[0].approvals = [try word("growth"): [KeyID(number: 1), KeyID(number: 2)]]
        record.snapshot = ContentDigest(of: Array("abc".utf8))
        record.file = ContentDigest(of: Array("abc".utf8))
        record.gates = [try word("growth")]
        record.keys = [KeyID(number: 0x0123_4567_89AB_CDEF)]
        record.counts = [.added: 3, .removed: 0]
        record.expiresAt = try time("2027-02-07T12:00:00Z")
        try log.append(record)
        #expect(
            try lines() == [
                #"{"caller":{"uid":4294967294},"counts":{"added":3,"removed":0},"event":"approve","#
                    + #""expires":"2027-02-07T12:00:00Z","#
                    + #""file":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","gates":["growth"],"keys":["0123456789abcdef"],"#
                    + #""lists":[{"approved":{"growth":["0000000000000001","0000000000000002"]},"#
                    + #""id":"police","sequence":18446744073709551615,"#
                    + #""sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}],"#
                    + #""snapshot":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","#
                    + #""time":"2027-01-31T12:00:00Z"}"#
            ]
        )
        #expect(try mode(of: log.path) == 0o640)
    }

    @Test(arguments: AuditEvent.allCases)
    func `every event is told`(event: AuditEvent) throws {
        try log.append(try record(event))
        #expect(
            try lines() == [
                #"{"caller":{"uid":4294967294},"event":"\#(event.rawValue)","time":"2027-01-31T12:00:00Z"}"#
            ]
        )
    }

    @Test func `who did it is the real user, and who called sudo`() async throws {
        #expect(AuditCaller(uid: 0) == AuditCaller(uid: 0))
        try log.append(AuditRecord(.build, by: AuditCaller(uid: 0), at: try time("2027-01-31T12:00:00Z")))
        #expect(try lines().first?.contains(#"{"uid":0,"user":"root"}"#) == true)
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            // SAFETY: strings that end in zero; no other thread of this process reads the environment meanwhile.
            unsafe _ = setenv("SUDO_UID", "4294967294", 1)
            let log = AuditLog(folder["audit.log"])
            try log.append(AuditRecord(.build, at: try time("2027-01-31T12:00:00Z")))
            let line = String(decoding: folder.content("audit.log") ?? [], as: UTF8.self)
            #expect(line.contains("\"uid\":\(getuid())"))
            // Only root can have been called by sudo; others can write anything into their environment.
            #expect(line.contains(#""sudo_uid":4294967294"#) == (getuid() == 0))
        }
    }

    @Test func `no name that is asked for can be read or reckoned from the log`() throws {
        let planted = ["planted.example", "secret.test", "www.planted.example"]
        let key = try SealKey.generate(at: folder["seal.key"])
        var record = try record(.check)
        record.names = planted.map { key.auditDigest(of: Array($0.utf8)) }
        record.counts = [.blocked: 1, .unlisted: 2]
        try log.append(record)
        let text = try #require(try lines().first)
        for name in planted {
            #expect(text.contains(name) == false)
            for part in name.split(separator: ".") { #expect(text.contains(part) == false) }
            #expect(text.contains(ContentDigest(of: Array(name.utf8)).description.prefix(16)) == false)
        }
        #expect(record.names.allSatisfy { text.contains($0.description) })
        // A domain name is no word of the log's.
        #expect(planted.allSatisfy { Identifier($0) == nil })
        let other = try SealKey.generate(at: folder["other.key"])
        #expect(other.auditDigest(of: Array(planted[0].utf8)) != record.names[0])
    }

    @Test func `lines of many at once are all whole`() async throws {
        let log = log
        try await withThrowingTaskGroup { group in
            for index in 0..<100 {
                group.addTask {
                    var record = AuditRecord(.fetch, by: AuditCaller(uid: 1), at: try time("2027-01-31T12:00:00Z"))
                    record.counts = [.octets: UInt64(index)]
                    try log.append(record)
                }
            }
            try await group.waitForAll()
        }
        let numbers = try lines().compactMap { line -> UInt64? in
            struct Line: Decodable { let counts: [String: UInt64] }
            return try JSONDecoder().decode(Line.self, from: Data(line.utf8)).counts["octets"]
        }
        #expect(numbers.sorted() == Array(0..<100))
    }

    @Test func `a line that was cut spoils itself only`() throws {
        try folder.write("{\"caller\":{\"ui", to: "audit.log")
        try log.append(try record())
        #expect(try lines().count == 2)
        #expect(try lines().last?.hasPrefix("{\"caller\":{\"uid\"") == true)
    }

    @Test func `a log that was moved away begins anew`() throws {
        try log.append(try record())
        try FileManager.default.moveItem(atPath: log.path, toPath: folder["audit.log.1"])
        try log.append(try record(.rollback))
        #expect(try lines().count == 1)
        #expect(folder.names == ["audit.log", "audit.log.1"])
    }

    @Test func `a log that cannot be written is told`() throws {
        let nowhere = AuditLog(folder["none/audit.log"])
        #expect(try fault { try nowhere.append(try record()) } == .unwritable(SystemCause(ENOENT)))
        #expect(try fault { try AuditLog(folder.path).append(try record()) } == .unwritable(SystemCause(EISDIR)))
        try #require(FileManager.default.isWritableFile(atPath: "/dev/null"))
        #expect(try fault { try AuditLog("/dev/null").append(try record()) } == .notAFile)
    }

    @Test func `a line that does not fit is taken back`() async throws {
        // In a process of its own, because limits and signals belong to the whole process.
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let log = AuditLog(folder["audit.log"])
            let record = AuditRecord(.build, by: AuditCaller(uid: 0), at: try time("2027-01-31T12:00:00Z"))
            try log.append(record)
            let before = try #require(folder.content("audit.log"))
            try limitFileSize(before.count + 10)
            #expect(try fault { try log.append(record) } == .unwritable(SystemCause(EFBIG)))
            #expect(folder.content("audit.log") == before)
        }
    }
}
