import Subprocess
import Testing

/// A web server with TLS on loopback for the files of a folder, with a certificate of an authority of its own.
enum ListServer {
    /// Starts the server and runs `body` with its port.
    ///
    /// The certificate that clients have to trust is in `authority.pem` of the fixture's folder; the server's own is for 127.0.0.1 and no name.
    static func with(_ lists: ListFixture, serving folder: String, _ body: (Int) async throws -> Void) async throws {
        let authority = ["-CA", lists["authority.pem"], "-CAkey", lists["authority.key"]]
        try await certify(lists, "authority", ["-subj", "/CN=authority"])
        let names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"]
        try await certify(lists, "server", ["-subj", "/CN=server"] + authority + names)
        let script = try await lists.folder.write(script, to: "server.py")
        _ = try await Subprocess.run(
            .name("python3"),
            arguments: [script, lists["server.pem"], lists["server.key"], lists[folder]],
            input: .none,
            output: .sequence,
            error: .discarded
        ) { execution in
            var lines = execution.standardOutput.strings().makeAsyncIterator()
            do {
                let line = try #require(try await lines.next())
                try await body(try #require(Int(line.filter(\.isNumber))))
            } catch {
                try execution.send(signal: .kill)
                throw error
            }
            try execution.send(signal: .kill)
        }
    }

    private static func certify(_ lists: ListFixture, _ name: String, _ more: [String]) async throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        let files = ["-keyout", lists[name + ".key"], "-out", lists[name + ".pem"]]
        let made = try await Program.run("openssl", ["req", "-x509"] + key + files + more)
        try #require(made.status == 0, "\(made)")
    }

    private static let script = """
        import functools, http.server, ssl, sys

        certificate, key, folder = sys.argv[1:]

        class Files(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=folder))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_port, flush=True)
        server.serve_forever()

        """
}
