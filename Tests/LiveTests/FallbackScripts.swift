/// The server of the test of browsers that turn from QUIC to TCP, and the reader of the browser's log.
extension Script {
    /// Answers every request on port 443, over QUIC and over TCP, there with the word that QUIC is spoken too (Alt-Svc); needs aioquic.
    ///
    /// Arguments: certificate, key, the names to ask, separated by commas, addresses. The page `/` asks each name twice, for a script at a time, and
    /// shows of each whether it came over TCP or QUIC. Of the first name the second is asked for until it comes over QUIC: from then on the browser
    /// trusts in QUIC, and does not begin with TCP at the same time.
    static let twoWayServer = #"""
        import asyncio, json, ssl, sys

        from aioquic.asyncio import QuicConnectionProtocol, serve
        from aioquic.h3.connection import H3Connection
        from aioquic.h3.events import HeadersReceived
        from aioquic.quic.configuration import QuicConfiguration
        from aioquic.quic.events import ProtocolNegotiated

        certificate, key, names = sys.argv[1:4]
        # Each script asks for the next one while it runs, so that the page is not whole before the last has come.
        PAGE = """<!DOCTYPE html><title>lab</title><body><script>
        const waiting = %s, first = waiting[1];
        function next() {
            if (waiting.length == 0) return;
            const script = document.createElement("script");
            script.src = "https://" + waiting.shift();
            document.body.append(script);
        }
        let patience = 50;
        function came(way) {
            const address = document.currentScript.src.slice(8);
            if (address == first && way == "TCP" && patience-- > 0) waiting.unshift(address);
            const line = document.createElement("p");
            line.textContent = address + " came over " + way;
            document.body.append(line);
            next();
        }
        next();
        </script>""" % json.dumps([f"{name}/{time}" for name in names.split(",") for time in ("once", "again")])

        def answer(path, way):
            return ("text/html", PAGE.encode()) if path == "/" else ("text/javascript", f'came("{way}")'.encode())

        class Pages(QuicConnectionProtocol):
            http = None

            def quic_event_received(self, event):
                if isinstance(event, ProtocolNegotiated):
                    self.http = H3Connection(self._quic)
                for request in self.http.handle_event(event) if self.http else []:
                    if isinstance(request, HeadersReceived):
                        kind, body = answer(dict(request.headers)[b":path"].decode(), "QUIC")
                        self.http.send_headers(request.stream_id, [(b":status", b"200"), (b"content-type", kind.encode())])
                        self.http.send_data(request.stream_id, body, end_stream=True)
                        self.transmit()

        async def take(reader, writer):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                kind, body = answer(head.split()[1].decode(), "TCP")
                fields = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\nAlt-Svc: h3=\":443\"; ma=3600"
                writer.write(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode() + body)
                await writer.drain()
            except (OSError, EOFError):
                pass
            finally:
                writer.close()

        async def main():
            configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
            configuration.load_cert_chain(certificate, key)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            for address in sys.argv[4:]:
                await serve(address, 443, configuration=configuration, create_protocol=Pages)
                await asyncio.start_server(take, address, 443, ssl=context)
            print("ready", flush=True)
            await asyncio.Event().wait()

        asyncio.run(main())
        """#

    /// Tells of a browser's log (`--log-net-log`) what became of requests that it began over QUIC, one event a line, in their order: `HOST quic
    /// begins`, `HOST quic ends: CAUSE` and `HOST tcp begins`, the last for those alone that were to wait for QUIC first.
    ///
    /// Arguments: the log.
    static let netLog = #"""
        import json, sys

        with open(sys.argv[1]) as file:
            log = json.load(file)
        kinds = {number: name for name, number in log["constants"]["logEventTypes"].items()}
        begin = log["constants"]["logEventPhase"]["PHASE_BEGIN"]
        sessions, jobs = {}, {}
        for event in log["events"]:
            kind, source, said = kinds[event["type"]], event["source"]["id"], event.get("params", {})
            if kind == "QUIC_SESSION" and event["phase"] == begin:
                sessions[source] = said["host"]
                print(said["host"], "quic begins")
            elif kind == "QUIC_SESSION_CLOSED" and source in sessions:
                # The log has it twice.
                print(sessions.pop(source), "quic ends:", said["details"])
            elif kind == "HTTP_STREAM_JOB" and event["phase"] == begin:
                jobs[source] = said["destination"].removeprefix("https://")
            elif kind == "HTTP_STREAM_JOB_RESUMED":
                print(jobs[source], "tcp begins")
        """#
}
