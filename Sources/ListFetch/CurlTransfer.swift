import Glibc
import Subprocess
import SystemPackage

/// One HTTPS transfer, done by the program curl.
///
/// The sensor's own program so holds no TLS client. curl is told what to do by a pipe on its standard input: an address
/// or a proxy with a password stands neither in the list of processes nor on a disk. No shell is involved, no `.curlrc` is read, and
/// the octets are counted here, for curl's own limit does not hold for an answer that does not tell its length.
struct CurlTransfer: Sendable {
    /// What a transfer that ended well has brought.
    enum Answer: Equatable, Sendable {
        /// The list is what the validators speak of.
        case notModified
        /// A whole list of this many octets, and what the server says of its version.
        case complete(octets: Int, FetchRecord.Validators?)
    }

    var url: String
    var validators: FetchRecord.Validators?
    var proxy: String?
    var certificateAuthority: String?
    var maximumSize: Int
    var connectTimeout: Duration
    var stallTimeout: Duration
    var deadline: ContinuousClock.Instant
    var environment: [String: String]

    /// What of this process's environment curl gets to see.
    static let environmentNames = [
        "PATH", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]

    /// curl ends by itself at the deadline; this much later it is ended.
    private static let grace = Duration.seconds(2)

    /// Runs curl to its end.
    ///
    /// curl is ended where the task is cancelled, the time is up or the answer is too large; it alone, by SIGTERM, then SIGKILL.
    func run(into part: PartialFile, progress: @escaping @Sendable (Int) -> Void) async throws(FetchError.Cause)
        -> Answer
    {
        let result = await withTaskGroup(of: Result<Answer, FetchError.Cause>.self) { tasks in
            tasks.addTask {
                do throws(FetchError.Cause) {
                    return .success(try await execute(into: part, progress))
                } catch {
                    return .failure(error)
                }
            }
            tasks.addTask {
                let isUp = (try? await Task.sleep(until: deadline + Self.grace, clock: .continuous)) != nil
                return .failure(isUp ? .timedOut : .cancelled)
            }
            let first = await tasks.next() ?? .failure(.cancelled)
            tasks.cancelAll()
            await tasks.waitForAll()
            return first
        }
        guard !Task.isCancelled else { throw .cancelled }
        return try result.get()
    }

    private func execute(
        into part: PartialFile,
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws(FetchError.Cause) -> Answer {
        let settings = try makeSettings()
        do {
            let result = try await Subprocess.run(
                .name("curl"),
                // First of all: no file of the user's changes what is asked for.
                arguments: ["--disable", "--config", "-"],
                environment: .custom(customEnvironment),
                platformOptions: Self.platformOptions,
                input: .fileDescriptor(settings, closeAfterSpawningProcess: true),
                output: .sequence,
                error: .string(limit: 1 << 20)
            ) { execution in
                var total = 0
                for try await buffer in execution.standardOutput {
                    total += buffer.count
                    guard total <= maximumSize else { throw FetchError.Cause.tooLarge(limit: maximumSize) }
                    // SAFETY: the octets live for the time of the closure.
                    try unsafe buffer.withUnsafeBytes { try unsafe part.write($0) }
                    progress(total)
                }
                return total
            }
            return try answer(result.terminationStatus, CurlReport(result.standardError), octets: result.closureResult)
        } catch let cause as FetchError.Cause {
            throw cause
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw .missingProgram
        } catch {
            throw .programStopped
        }
    }

    /// curl leads a process group of its own, so that an interrupt from the terminal ends this program first, which ends curl.
    private static let platformOptions: PlatformOptions = {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(1))]
        return options
    }()

    private var customEnvironment: [Subprocess.Environment.Key: String] {
        var custom: [Subprocess.Environment.Key: String] = ["LANG": "C", "LC_ALL": "C"]
        for name in Self.environmentNames {
            guard let value = environment[name], let key = Subprocess.Environment.Key(rawValue: name) else { continue }
            custom[key] = value
        }
        return custom
    }

    // MARK: settings

    /// What curl is told, one option a line.
    var settings: String {
        var lines = [
            "url = \(quoted(url))", "globoff", "proto = \"=https\"", "proto-redir = \"=https\"", "tlsv1.2", "location",
            "max-redirs = 5", "fail", "silent", "show-error", "max-filesize = \(maximumSize)",
            "connect-timeout = \(seconds(connectTimeout))",
            "max-time = \(seconds(ContinuousClock.now.duration(to: deadline)))",
            "speed-limit = 1024", "speed-time = \(max(1, Int(stallTimeout.components.seconds)))",
            "write-out = \(quoted(CurlReport.format))",
        ]
        if let proxy { lines.append("proxy = \(quoted(proxy))") }
        if let certificateAuthority { lines.append("cacert = \(quoted(certificateAuthority))") }
        if let entityTag = validators?.entityTag { lines.append("header = \(quoted("If-None-Match: \(entityTag)"))") }
        if let modified = validators?.modified { lines.append("header = \(quoted("If-Modified-Since: \(modified)"))") }
        return lines.joined(separator: "\n") + "\n"
    }

    private func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            if character == "\"" || character == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }

    /// Seconds with three places; never zero, which curl takes for no limit.
    private func seconds(_ duration: Duration) -> String {
        let milliseconds = max(
            1,
            duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        )
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }

    /// The settings in a pipe that is filled and closed already: curl reads them to their end, whenever it comes to it.
    private func makeSettings() throws(FetchError.Cause) -> FileDescriptor {
        guard proxy.map(isPrintable) ?? true else { throw .badProxy }
        guard certificateAuthority?.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) != true else {
            throw .unreadableAuthority
        }
        guard let (reading, writing) = try? FileDescriptor.pipe(options: .closeOnExec) else { throw .programStopped }
        // The kernel may give a user with many pipes a small one: better an error than to wait for a reader that has not been started.
        let isFilled =
            fcntl(writing.rawValue, F_SETFL, O_NONBLOCK) == 0 && (try? writing.writeAll(settings.utf8)) != nil
        try? writing.close()
        guard isFilled else {
            try? reading.close()
            throw .programStopped
        }
        return reading
    }

    // MARK: results

    private func answer(
        _ status: TerminationStatus,
        _ report: CurlReport?,
        octets: Int
    ) throws(FetchError.Cause) -> Answer {
        guard case .exited(let code) = status else { throw .programStopped }
        guard code == 0 else { throw cause(code, report) }
        guard let report else { throw .programStopped }
        switch report.status {
        case 200:
            // What curl has read and what has come through the pipe: no octet may have been lost in between.
            guard report.octets == octets else { throw .cutShort }
            return .complete(octets: octets, report.validators)
        case 304 where validators != nil: return .notModified
        default: throw .status(report.status)
        }
    }

    /// The cause behind curl's exit status (`EXIT CODES` in its manual page).
    private func cause(_ code: Int32, _ report: CurlReport?) -> FetchError.Cause {
        // Which exit status a proxy's refusal has depends on the version of curl.
        if let report, report.status == 0, report.proxyStatus >= 400 { return .proxyRefused(report.proxyStatus) }
        return switch code {
        case 1: .redirectedAway
        case 5: .unresolved(isProxy: true)
        case 6: .unresolved(isProxy: false)
        case 7: .unreachable
        case 22: .status(report?.status ?? 0)
        case 28: .timedOut
        case 47: .tooManyRedirects
        case 51, 60, 83, 90, 91: .untrusted(report?.message ?? "")
        case 63: .tooLarge(limit: maximumSize)
        case 77: .unreadableAuthority
        case 16, 18, 52, 55, 56, 92, 95: .cutShort
        case 35: .handshakeFailed(report?.message ?? "")
        default: .program(status: code)
        }
    }
}
