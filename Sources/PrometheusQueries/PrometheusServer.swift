import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage

/// What speaks the HTTP API of Prometheus: Prometheus itself, Thanos, Mimir, VictoriaMetrics.
///
/// The program curl asks it, as it fetches lists: this program so holds no TLS client, and the proxies and authorities of the host hold
/// here too. What must not stand in the list of processes, the token and the addresses, goes to curl by a pipe. An answer has its form by
/// its status and its JSON; a redirect is not followed, since it would take the token along.
package struct PrometheusServer: QueryAnswering {
    /// Where `/api/v1/query` lies below, without a slash at its end.
    package let address: String
    private let token: String?
    private let headers: [String]
    private let timeout: Duration

    /// An answer of more octets is given up.
    static let maximumSize = 256 << 20

    /// A server at an address.
    ///
    /// - Parameters:
    ///   - address: `http` or `https`, with a path where the API lies below one.
    ///   - token: what stands behind `Authorization: Bearer`; nil for none.
    ///   - headers: further fields, `Name: value`, such as `X-Scope-OrgID: tenant`.
    ///   - timeout: how long one question may take.
    /// - Throws: ``QueryFailure`` where one of these has another form.
    package init(
        address: String,
        token: String? = nil,
        headers: [String] = [],
        timeout: Duration = .seconds(60)
    ) throws(QueryFailure) {
        guard address.hasPrefix("http://") || address.hasPrefix("https://"), Self.isPrintable(address),
            address.contains(where: { " ?#".contains($0) }) == false
        else {
            throw QueryFailure(
                "\(QueryAnswer.printable(address)): is no address; give one like http://prometheus.example:9090"
            )
        }
        guard let host = address.split(separator: "/").dropFirst().first, host.contains("@") == false else {
            throw QueryFailure("the address holds a user's name; give a token by a file instead (--token-file)")
        }
        if let token, token.isEmpty || Self.isPrintable(token) == false {
            throw QueryFailure("the token is no line of printable characters; write it alone into its file")
        }
        for header in headers {
            let name = header.prefix { $0 != ":" }
            guard header.contains(": "), name.isEmpty == false, Self.isPrintable(header),
                name.utf8.allSatisfy({ Self.isToken($0) })
            else {
                throw QueryFailure(
                    "a header has the form \"Name: value\"; \"\(QueryAnswer.printable(header))\" has not"
                )
            }
        }
        self.address = address.hasSuffix("/") ? String(address.dropLast()) : address
        self.token = token
        self.headers = headers
        self.timeout = timeout
    }

    /// The series that an expression gives at each step of a time.
    func range(
        _ expression: QueryExpression,
        from: Int64,
        to: Int64,
        step: Int64
    ) async throws(QueryFailure) -> [Series] {
        try await ask(
            "query_range",
            ["query": expression.text, "start": String(from), "end": String(to), "step": String(step)]
        )
    }

    /// The series that an expression gives at a time; of a range selector the samples themselves.
    func instant(_ expression: QueryExpression, at time: Int64) async throws(QueryFailure) -> [Series] {
        try await ask("query", ["query": expression.text, "time": String(time)])
    }

    private func ask(_ endpoint: String, _ parameters: [String: String]) async throws(QueryFailure) -> [Series] {
        let settings = settings(endpoint, parameters)
        do {
            let result = try await Subprocess.run(
                .name("curl"),
                // First of all: no file of the user's changes what is asked for.
                arguments: ["--disable", "--config", "-"],
                environment: .custom(Self.environment),
                input: .inputWriter,
                output: .bytes(limit: Self.maximumSize),
                error: .string(limit: 1 << 16)
            ) { execution in
                // Not `.string`: Subprocess 1.0 ends this process where the program ends before that is written.
                _ = try? await execution.standardInputWriter.write(settings)
            }
            guard case .exited(let status) = result.terminationStatus else {
                throw QueryFailure("\(address): curl was ended; ask again")
            }
            guard status == 0 else {
                let words = QueryAnswer.printable(result.standardError)
                throw QueryFailure("\(address): \(words.isEmpty ? "curl ended with status \(status)" : words)")
            }
            // Errors of the API come with a status of HTTP, and a body that says more.
            do {
                return try QueryAnswer.series(result.standardOutput)
            } catch {
                let words =
                    switch result.standardError {
                    case "401", "403": "asks for a token (--token-file), or refuses the one it got"
                    case "404": "has no /api/v1 below this address; give the path that it lies under as well"
                    default: error.description
                    }
                throw QueryFailure("\(address): \(words)")
            }
        } catch let failure as QueryFailure {
            throw failure
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw QueryFailure("curl is missing; install it: apt-get install curl")
        } catch {
            throw QueryFailure(
                "\(address): the answer could not be read, or is larger than \(Self.maximumSize >> 20) MiB; ask for less time or one market"
            )
        }
    }

    /// What curl is told, one option a line.
    func settings(_ endpoint: String, _ parameters: [String: String]) -> String {
        var lines = [
            "url = \(Self.quoted("\(address)/api/v1/\(endpoint)"))", "globoff", "proto = \"=http,https\"", "silent",
            "show-error", "compressed", "connect-timeout = 10", "max-time = \(timeout.components.seconds)",
            "max-filesize = \(Self.maximumSize)", "write-out = \"%{stderr}%{http_code}\"",
        ]
        // By POST: expressions outgrow addresses, and addresses stand in logs.
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            lines.append("data-urlencode = \(Self.quoted("\(name)=\(value)"))")
        }
        if let token { lines.append("header = \(Self.quoted("Authorization: Bearer \(token)"))") }
        for header in headers { lines.append("header = \(Self.quoted(header))") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    private static func isPrintable(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }

    private static func isToken(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
            || octet == 0x2D || octet == 0x5F
    }

    /// What of this process's environment curl gets to see.
    private static var environment: [Subprocess.Environment.Key: String] {
        var custom: [Subprocess.Environment.Key: String] = ["LANG": "C", "LC_ALL": "C"]
        for name in [
            "PATH", "http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "CURL_CA_BUNDLE",
            "SSL_CERT_FILE", "SSL_CERT_DIR",
        ] {
            guard let key = Subprocess.Environment.Key(rawValue: name),
                let value = ProcessInfo.processInfo.environment[name]
            else { continue }
            custom[key] = value
        }
        return custom
    }
}
