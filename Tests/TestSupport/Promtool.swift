import FoundationEssentials

/// The checker of expositions that comes with Prometheus.
package enum Promtool {
    /// Where it is: named by `GRINDVAKT_PROMTOOL`, or in the search path; nil where it is not installed.
    package static let path: String? = {
        let environment = ProcessInfo.processInfo.environment
        let directories = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/promtool" }
        return ([environment["GRINDVAKT_PROMTOOL"]].compactMap(\.self) + directories)
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()
}
