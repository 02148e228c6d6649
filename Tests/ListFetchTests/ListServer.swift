import Subprocess
import TestSupport
import Testing

/// A web server with TLS and a proxy on loopback, with a certificate of an authority of its own.
///
/// The first part of a path says how the rest, a file of the server's folder, is served.
struct ListServer: Sendable {
    /// The files of one test; the server's are below `www`, what was asked of it is in `log`.
    let folder: TemporaryFolder
    let port: Int
    let proxyPort: Int

    /// The certificate that clients have to trust. The server's own is for 127.0.0.1 and no name.
    var authority: String { folder["authority.pem"] }

    func address(_ path: String, user: String = "") -> String { "https://\(user)127.0.0.1:\(port)/\(path)" }

    /// What the server was asked, one request a line: method, path, then the two conditions.
    var requests: [String] { lines("log") }

    /// Which hosts the proxy was asked for, and as whom.
    var tunnels: [String] { lines("proxy-log") }

    private func lines(_ name: String) -> [String] {
        String(decoding: folder.content(name) ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Starts both, runs `body` and ends them.
    static func with(_ body: (ListServer) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        try folder.write(script, to: "server.py")
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        try await openssl(
            ["req", "-x509"] + key + ["-subj", "/CN=authority", "-keyout", folder["authority.key"]]
                + ["-out", folder["authority.pem"]]
        )
        try await openssl(
            ["req", "-x509", "-CA", folder["authority.pem"], "-CAkey", folder["authority.key"]] + key
                + ["-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1"]
                + [
                    "-addext", "basicConstraints=CA:FALSE", "-keyout", folder["server.key"], "-out",
                    folder["server.pem"],
                ]
        )
        _ = try await Subprocess.run(
            .name("python3"),
            arguments: [folder["server.py"], folder.path],
            input: .none,
            output: .sequence,
            error: .discarded
        ) { execution in
            var lines = execution.standardOutput.strings().makeAsyncIterator()
            let ports = try #require(try await lines.next()).split(whereSeparator: \.isWhitespace).compactMap {
                Int($0)
            }
            try #require(ports.count == 2)
            try await body(ListServer(folder: folder, port: ports[0], proxyPort: ports[1]))
            try execution.send(signal: .kill)
        }
    }

    private static func openssl(_ arguments: [String]) async throws {
        let result = try await Subprocess.run(
            .name("openssl"),
            arguments: Arguments(arguments),
            output: .discarded,
            error: .string(limit: 1 << 16)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
    }

    private static let script = #"""
        import base64, email.utils, hashlib, http.server, os, select, socket, ssl, sys, threading, time

        folder = sys.argv[1]
        lock = threading.Lock()
        asked = {}

        def log(name, line):
            with lock, open(os.path.join(folder, name), "a") as file:
                file.write(line + "\n")

        def wait_for(name):
            while not os.path.exists(os.path.join(folder, name)):
                time.sleep(0.01)

        class Server(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def answer(self, status, body=b"", headers={}, length=None):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                self.wfile.write(body)

            def chunk(self, body):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))

            def do_GET(self):
                path = self.path.partition("?")[0].lstrip("/")
                mode, _, name = path.partition("/")
                tag, since = self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")
                log("log", f"GET /{path} {tag or '-'} {since or '-'}")
                with lock:
                    asked[path] = asked.get(path, 0) + 1
                    count = asked[path]
                file = os.path.join(folder, "www", name)
                if mode == "status":
                    return self.answer(int(name), b"no list\n")
                if mode == "redirect":
                    return self.answer(302, b"moved\n" * 100, {"Location": "/" + name, "ETag": '"not-this-one"'})
                if mode == "away":
                    return self.answer(302, headers={"Location": f"http://127.0.0.1:{self.server.server_port}/{name}"})
                if mode == "loop":
                    return self.answer(302, headers={"Location": "/loop"})
                if mode == "silent":
                    return wait_for("go")
                if mode == "flaky" and count < 3:
                    return self.answer(503)
                if mode == "user" and self.headers.get("Authorization") != "Basic " + base64.b64encode(b"ann:s3cret").decode():
                    return self.answer(401)
                if not os.path.exists(file):
                    return self.answer(404)
                with open(file, "rb") as opened:
                    body = opened.read()
                headers = {}
                if mode == "etag":
                    headers["ETag"] = '"' + hashlib.sha256(body).hexdigest() + '"'
                    if tag == headers["ETag"]:
                        return self.answer(304, headers=headers)
                if mode == "modified":
                    headers["Last-Modified"] = email.utils.formatdate(int(os.stat(file).st_mtime), usegmt=True)
                    if since == headers["Last-Modified"]:
                        return self.answer(304, headers=headers)
                if mode == "oddtag":
                    headers["ETag"] = '"a b" \\ x'
                if mode in ("chunked", "cutchunked"):
                    self.send_response(200)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for start in range(0, len(body), 4096):
                        self.chunk(body[start:start + 4096])
                    if mode == "chunked":
                        self.chunk(b"")
                    self.close_connection = True
                    return
                if mode == "short":
                    self.answer(200, body, length=len(body) + 100)
                    self.close_connection = True
                    return
                if mode == "gate":
                    self.answer(200, body[:len(body) // 2], length=len(body))
                    self.wfile.flush()
                    wait_for("go")
                    self.wfile.write(body[len(body) // 2:])
                    return
                self.answer(200, body, headers)

        class TLSServer(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def __init__(self):
                super().__init__(("127.0.0.1", 0), Server)
                self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self.context.load_cert_chain(os.path.join(folder, "server.pem"), os.path.join(folder, "server.key"))

            def finish_request(self, request, address):
                with self.context.wrap_socket(request, server_side=True) as tls:
                    super().finish_request(tls, address)

            def handle_error(self, request, address):
                pass

        class Proxy(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def do_CONNECT(self):
                user = self.headers.get("Proxy-Authorization", "-").split(" ")[-1]
                log("proxy-log", f"{self.path} {base64.b64decode(user).decode() if user != '-' else '-'}")
                if os.path.exists(os.path.join(folder, "proxy-refuses")):
                    return self.send_error(407)
                host, _, port = self.path.rpartition(":")
                with socket.create_connection((host, int(port))) as other:
                    self.send_response(200)
                    self.end_headers()
                    ends = {self.connection: other, other: self.connection}
                    while True:
                        for ready in select.select(list(ends), [], [])[0]:
                            octets = ready.recv(65536)
                            if not octets:
                                return
                            ends[ready].sendall(octets)

        server = TLSServer()
        proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        proxy.daemon_threads = True
        for one in (server, proxy):
            threading.Thread(target=one.serve_forever, daemon=True).start()
        print(server.server_port, proxy.server_port, flush=True)
        threading.Event().wait()
        """#
}
