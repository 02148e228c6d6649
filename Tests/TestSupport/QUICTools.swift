import FoundationEssentials

/// The Python that has aioquic, a client and server of QUIC and HTTP/3; Debian 12 has no package of it.
package enum Aioquic {
    /// Where it is: named by `GRINDVAKT_AIOQUIC`, or where `make test` puts it; nil where it is not installed.
    package static let python: String? = {
        let folder = FileManager.default.currentDirectoryPath
        return [ProcessInfo.processInfo.environment["GRINDVAKT_AIOQUIC"], "\(folder)/.build-tools/aioquic/bin/python"]
            .compactMap(\.self)
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()
}

/// The browser without its windows.
package enum Chromium {
    /// Where it is in the search path; nil where it is not installed.
    package static let path: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/chromium-headless-shell" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}
