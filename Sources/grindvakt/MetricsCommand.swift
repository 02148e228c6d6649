import ArgumentParser
import ListFiles
import SystemPackage
import Telemetry

/// `grindvakt metrics`: the counters, as a scraper gets them.
struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        _superCommandName: Grindvakt.name,
        abstract: "Print the counters of a running sensor as a scraper gets them.",
        discussion: """
            The same as: curl --unix-socket /run/grindvakt/metrics.sock http://localhost/metrics

            --textfile is for the textfile collector of Prometheus' node exporter: the file appears whole or not at all, with mode 0644, and lacks \
            the process_ metrics, which the node exporter has of itself. Where no sensor answers, a file that is there stays as it is; \
            node_textfile_mtime_seconds tells how old it is.

              grindvakt metrics --textfile /var/lib/prometheus/node-exporter/grindvakt.prom
            """
    )

    /// How the counters are printed.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case prometheus
        case openmetrics
        case json
    }

    @OptionGroup var socket: SocketOption

    @Option(help: "The Prometheus text format, OpenMetrics 1.0, or JSON: prometheus, openmetrics or json.")
    var format: Format?

    @Option(
        help: ArgumentHelp("Write a file for the node exporter instead of printing.", valueName: "path"),
        completion: .file(extensions: ["prom"])
    )
    var textfile: String?

    @Flag(name: .customLong("openmetrics"), help: .hidden)
    var openMetrics = false

    func validate() throws {
        guard textfile == nil || (format ?? .prometheus) == .prometheus && openMetrics == false else {
            throw ValidationError("the node exporter reads the Prometheus text format alone; leave --format out")
        }
        // It reads no other files, and says nothing of them.
        guard textfile?.hasSuffix(".prom") != false else {
            throw ValidationError("the node exporter reads files that end in .prom alone; name the file so")
        }
    }

    func run() async throws {
        let body =
            switch format ?? (openMetrics ? .openmetrics : .prometheus) {
            case .prometheus: try await socket.request("/metrics")
            case .openmetrics:
                try await socket.request("/metrics", accept: ExpositionFormat.openMetrics.contentType)
            case .json: try await socket.request("/metrics.json")
            }
        guard let textfile else {
            try FileDescriptor.standardOutput.writeAll(body)
            return
        }
        let text = Exposition.withoutProcess(String(decoding: body, as: UTF8.self))
        try AtomicFile.write(Array(text.utf8), to: textfile, mode: 0o644)
    }
}
