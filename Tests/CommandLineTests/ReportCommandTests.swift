import Testing

/// A server that answers every question of PromQL alike, and keeps what it was asked.
private enum AnsweringServer {
    /// Arguments: a status of HTTP and a body. Says its port first, then a line for each question: the fields of its head, and its body.
    static let script = #"""
        import http.server, sys
        class Server(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with open(sys.argv[3], "a") as log:
                    fields = " ".join(f"{name}={value}" for name, value in self.headers.items())
                    log.write(f"{self.path} {fields} {body}\n")
                self.send_response(int(sys.argv[1]))
                self.end_headers()
                self.wfile.write(sys.argv[2].encode())
            def log_message(self, *_): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Server)
        print(server.server_port, flush=True)
        import threading, subprocess
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = subprocess.run([text.replace("PORT", str(server.server_port)) for text in sys.argv[4:]],
                              capture_output=True, text=True)
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        sys.exit(done.returncode)
        """#

    /// Runs the program while the server is there; the word PORT stands for its port.
    static func run(_ folder: Folder, status: Int = 200, _ body: String, _ arguments: [String]) async throws
        -> Program.Outcome
    {
        let file = try await folder.write(script, to: "server.py")
        let program = try await Program.path()
        let words = ["\(status)", body, "\(folder.path)/asked", program] + arguments
        var outcome = try await Program.run("/usr/bin/python3", [file] + words)
        // The port.
        outcome.output = String(outcome.output.drop { $0 != "\n" }.dropFirst())
        return outcome
    }
}

@Suite("report", .timeLimit(.minutes(10)))
struct ReportCommandTests {
    private static let none = #"{"status":"success","data":{"resultType":"vector","result":[]}}"#
    private static let address = ["--prometheus", "http://127.0.0.1:PORT"]

    @Test func `help tells of every option`() async throws {
        let help = try await Program.run(["report", "show", "--help"])
        #expect(help.status == 0)
        for word in [
            "--prometheus", "--recorded", "--token-file", "--header", "--job", "--subscribers", "--by", "--from",
            "--to", "--market",
            "--list", "--output", "--language", "-o", "UTC", "unlabelled", "Exit status",
        ] { #expect(help.output.contains(word), "\(word)") }
    }

    @Test(arguments: ["text", "csv", "json", "html"])
    func `where nothing is known that is said, and all is well`(format: String) async throws {
        try await Folder.with { folder in
            let arguments = ["report", "--from", "2026-11-01", "--to", "2026-11-03", "--output", format] + Self.address
            let outcome = try await AnsweringServer.run(folder, Self.none, arguments)
            #expect(outcome.status == 0, "\(outcome)")
            let said = outcome.output + outcome.errors
            #expect(said.lowercased().contains("nothing is known of 2026-11-01 to 2026-11-03"), "\(outcome)")
            #expect(outcome.output.isEmpty == false)
        }
    }

    @Test func `a token and fields go with each question, and what is asked is no secret of the list of processes`()
        async throws
    {
        try await Folder.with { folder in
            let token = try await folder.write("open-sesame\n", to: "token")
            let outcome = try await AnsweringServer.run(
                folder,
                Self.none,
                ["report", "--token-file", token, "--header", "X-Scope-OrgID: alpha", "--market", "se"] + Self.address
            )
            #expect(outcome.status == 0, "\(outcome)")
            let asked = try await Program.run("cat", ["\(folder.path)/asked"]).output.split(separator: "\n")
            #expect(asked.isEmpty == false)
            for question in asked {
                #expect(question.hasPrefix("/api/v1/query"), "\(question)")
                #expect(
                    question.contains("Authorization=Bearer open-sesame") && question.contains("X-Scope-OrgID=alpha")
                )
                #expect(question.contains("market%3D%22se%22"), "\(question)")
            }
        }
    }

    @Test func `a file appears whole or not at all`() async throws {
        try await Folder.with { folder in
            let path = "\(folder.path)/report.json"
            let arguments = ["report", "--output", "json", "-o", path] + Self.address
            let outcome = try await AnsweringServer.run(folder, Self.none, arguments)
            #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome)")
            #expect(try await Program.run("cat", [path]).output.hasPrefix(#"{"schema":"grindvakt-report-1""#))
            let lost = try await AnsweringServer.run(
                folder,
                Self.none,
                ["report", "-o", "\(folder.path)/nowhere/report"] + Self.address
            )
            #expect(lost.status == 2 && lost.errorLines.count == 1, "\(lost)")
        }
    }

    @Test(
        arguments: [
            (200, "<html>", "is none of a Prometheus HTTP API"),
            (400, #"{"status":"error","errorType":"bad_data","error":"no such thing"}"#, "no such thing"),
            (401, "who are you?", "--token-file"), (404, "not found", "/api/v1"),
        ]
    )
    func `a server that does not answer as it should is told of in one line`(
        status: Int,
        body: String,
        words: String
    ) async throws {
        try await Folder.with { folder in
            let outcome = try await AnsweringServer.run(folder, status: status, body, ["report"] + Self.address)
            #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
            #expect(outcome.errorLines.count == 1 && outcome.errors.contains(words), "\(outcome)")
        }
    }

    @Test func `a server that is not there is told of in one line`() async throws {
        let outcome = try await Program.run(["report", "--prometheus", "http://127.0.0.1:9"])
        #expect(outcome.status == 2 && outcome.errorLines.count == 1, "\(outcome)")
        #expect(outcome.errors.contains("http://127.0.0.1:9: "), "\(outcome)")
    }

    @Test(arguments: [
        ["report"], ["report", "--by", "hour"], ["report", "--from", "2026-02-30"], ["report", "--output", "xml"],
        ["report", "--language", "de"], ["report", "--subscribers", "se"], ["report", "--subscribers", "SE=1"],
        ["report", "--market", "Sweden!"], ["report", "--list", "../police"],
        ["report", "--from", "2026-11-02", "--to", "2026-11-01"], ["report", "--from", "9999-01-01"],
        ["report", "--from", "1970-01-01", "--to", "2026-11-01"],
    ])
    func `bad usage ends with status 2 and one line`(arguments: [String]) async throws {
        let address = arguments.count > 1 ? ["--prometheus", "http://127.0.0.1:9"] : []
        let outcome = try await Program.run(arguments + address)
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.hasPrefix("grindvakt: "), "\(outcome)")
    }
}
