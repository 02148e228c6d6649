import FoundationEssentials
import Glibc
import ListFiles
import Subprocess
import TestSupport
import Testing

/// Lets no file of this process grow beyond so many octets, and the attempt be an error.
func limitFileSize(_ size: Int) throws {
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit(rlim_cur: rlim_t(size), rlim_max: rlim_t(size))
    // SAFETY: `limit` is a whole `rlimit`.
    let result = unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    try #require(result == 0)
}

@Suite("Atomic file")
struct AtomicFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: [0o600, 0o644, 0o640] as [UInt32])
    func `a file appears whole, with its permissions`(permissions: UInt32) throws {
        let path = folder["file"]
        try AtomicFile.write([1, 2, 3], to: path, mode: permissions)
        #expect(folder.content("file") == [1, 2, 3])
        #expect(try mode(of: path) == Int(permissions))
        try AtomicFile.write([4], to: path, mode: 0o600)
        #expect(folder.content("file") == [4])
        #expect(try mode(of: path) == 0o600)
        #expect(folder.names == ["file"])
    }

    @Test func `octets and words are written in their order`() throws {
        var expected: [UInt8] = []
        var file = try AtomicFile(folder["file"], mode: 0o600)
        for size in [0, 1, 100_000, 200_000, 300_000, 7] {
            let octets = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try file.append(octets.span)
            expected += octets
            let words: [UInt64] = [UInt64(size), .max]
            try file.append(words: words.span)
            for word in words { expected += (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        }
        let header: [UInt8] = [9, 8, 7]
        try file.overwrite(header.span, at: 2)
        expected.replaceSubrange(2..<5, with: header)
        try file.append([5].span)
        expected.append(5)
        try file.commit()
        #expect(folder.content("file") == expected)
    }

    @Test func `a file that is not committed leaves nothing behind`() throws {
        try AtomicFile.write([1], to: folder["file"], mode: 0o600)
        do {
            var file = try AtomicFile(folder["file"], mode: 0o600)
            try file.append([2].span)
        }
        #expect(folder.content("file") == [1])
        #expect(folder.names == ["file"])
    }

    @Test func `a file that must not be there is kept, early and late`() throws {
        let path = folder["file"]
        var late = try AtomicFile(path, mode: 0o600, existing: .keep)
        try late.append([2].span)
        try AtomicFile.write([1], to: path, mode: 0o600, existing: .keep)
        #expect(try fault { try AtomicFile.write([3], to: path, mode: 0o600, existing: .keep) } == .exists)
        do throws(TrustError) {
            try late.commit()
            Issue.record("the late one took the place of the early one")
        } catch {
            #expect(error == TrustError(path, .exists))
        }
        #expect(folder.content("file") == [1])
        #expect(folder.names == ["file"])
    }

    @Test func `a symbolic link stays one`() throws {
        try AtomicFile.write([1], to: folder["file"], mode: 0o600)
        try FileManager.default.createSymbolicLink(atPath: folder["link"], withDestinationPath: "file")
        try AtomicFile.write([2], to: folder["link"], mode: 0o600)
        #expect(folder.content("file") == [2])
        #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: folder["link"])) == "file")
        #expect(folder.names == ["file", "link"])
    }

    @Test func `a path without a folder is one here`() async throws {
        // In a process of its own, because the working folder belongs to the whole process.
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            #expect(FileManager.default.changeCurrentDirectoryPath(folder.path))
            try AtomicFile.write([1], to: "file", mode: 0o600)
            try AtomicFile.write([2], to: "file", mode: 0o600)
            #expect(folder.content("file") == [2])
            #expect(folder.names == ["file"])
        }
    }

    @Test func `a folder that is missing or a target that is no file is told`() throws {
        #expect(
            try fault { try AtomicFile.write([1], to: folder["none/file"], mode: 0o600) }
                == .unwritable(SystemCause(ENOENT))
        )
        #expect(try fault { try AtomicFile.write([1], to: folder.path, mode: 0o600) } == .notAFile)
        #expect(try fault { try AtomicFile.write([1], to: "/dev/null", mode: 0o600) } == .notAFile)
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `where an open file cannot be named later it is hidden beside the target`() async throws {
        // In a process of its own, which sees nothing but the folder: without /proc nothing is named later.
        await #expect(processExitsWith: .success) { [root = folder.path as String] in
            // SAFETY: a string that ends in zero.
            let result = unsafe chroot(root)
            try #require(result == 0)
            func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: "/").sorted() }
            do {
                var file = try AtomicFile("/file", mode: 0o600)
                try file.append([1, 2, 3].span as Span<UInt8>)
                #expect(try names().count == 1)
                try file.commit()
            }
            #expect(try names() == ["file"])
            #expect(try fault { try AtomicFile.write([4], to: "/file", mode: 0o600, existing: .keep) } == .exists)
            try AtomicFile.write([5], to: "/other", mode: 0o600, existing: .keep)
            do { _ = try AtomicFile("/file", mode: 0o600) }
            #expect(try names() == ["file", "other"])
        }
        #expect(folder.content("file") == [1, 2, 3])
        #expect(folder.content("other") == [5])
    }

    @Test func `what a killed process left behind is in nobody's way`() throws {
        try folder.write([9], to: ".file.new")
        try AtomicFile.write([1], to: folder["file"], mode: 0o600)
        try AtomicFile.write([2], to: folder["file"], mode: 0o600)
        #expect(folder.content("file") == [2])
        #expect(folder.names == ["file"])
    }

    @Test func `a file that grows beyond a limit leaves the old one`() async throws {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            try AtomicFile.write([1], to: folder["file"], mode: 0o600)
            try limitFileSize(1 << 20)
            let large = [UInt8](repeating: 7, count: (1 << 20) + 1)
            #expect(
                try fault { try AtomicFile.write(large, to: folder["file"], mode: 0o600) }
                    == .unwritable(SystemCause(EFBIG))
            )
            #expect(folder.content("file") == [1])
            #expect(folder.names == ["file"])
        }
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `a full disk leaves the old file`() async throws {
        let disk = folder["disk"]
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
        _ = try await shell("mount -t tmpfs -o size=1m tmpfs \(disk)")
        do {
            try AtomicFile.write([1], to: disk + "/file", mode: 0o600)
            let large = [UInt8](repeating: 7, count: 2 << 20)
            let error = #expect(throws: TrustError.self) {
                try AtomicFile.write(large, to: disk + "/file", mode: 0o600)
            }
            #expect(error?.fault == .unwritable(SystemCause(ENOSPC)))
            #expect(error?.description.contains("No space left on device; make room") == true)
            #expect(folder.content("disk/file") == [1])
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk) == ["file"])
            // The room is given back.
            try AtomicFile.write(Array(large[..<(1 << 19)]), to: disk + "/file", mode: 0o600)
        } catch {
            _ = try await shell("umount \(disk)")
            throw error
        }
        _ = try await shell("umount \(disk)")
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `a full disk takes no line of the audit log apart`() async throws {
        let disk = folder["disk"]
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
        _ = try await shell("mount -t tmpfs -o size=64k tmpfs \(disk)")
        let log = AuditLog(disk + "/audit.log")
        let record = AuditRecord(.build, by: AuditCaller(uid: 0), at: try time("2027-01-31T12:00:00Z"))
        var written = 0
        var refused: TrustFault?
        while refused == nil, written < 10_000 {
            refused = try fault { try log.append(record) }
            if refused == nil { written += 1 }
        }
        let content = folder.content("disk/audit.log")
        _ = try await shell("umount \(disk)")
        #expect(refused == .unwritable(SystemCause(ENOSPC)))
        #expect(content?.count == written * record.encoded.count)
    }

    @Test(arguments: 0..<12)
    func `a kill at any moment leaves the old file or the new one`(round: Int) async throws {
        let path = folder["file"]
        let old = [UInt8](repeating: 1, count: 100_000)
        try AtomicFile.write(old, to: path, mode: 0o600)
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, round = round as Int] in
            var interval = itimerval()
            interval.it_value.tv_usec = 500 + round * 700
            signal(SIGALRM) { _ in _ = kill(getpid(), SIGKILL) }
            // SAFETY: `interval` is a whole `itimerval`.
            unsafe _ = setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &interval, nil)
            var value: UInt8 = 2
            while true {
                try AtomicFile.write([UInt8](repeating: value, count: 100_000), to: path, mode: 0o600)
                value = value % 100 + 1
            }
        }
        let content = try #require(folder.content("file"))
        #expect(content.count == old.count)
        #expect(content.allSatisfy { $0 == content.first })
        try AtomicFile.write([9], to: path, mode: 0o600)
        #expect(folder.names == ["file"])
    }

    @Test func `writers at once leave one of their contents whole`() async throws {
        let path = folder["file"]
        try await withThrowingTaskGroup { group in
            for value in 0..<8 as Range<UInt8> {
                group.addTask {
                    let content = [UInt8](repeating: value, count: 10_000)
                    for _ in 0..<50 { try AtomicFile.write(content, to: path, mode: 0o600) }
                }
            }
            try await group.waitForAll()
        }
        let content = try #require(folder.content("file"))
        #expect(content.count == 10_000)
        #expect(content.allSatisfy { $0 == content.first })
        #expect(folder.names == ["file"])
    }
}
