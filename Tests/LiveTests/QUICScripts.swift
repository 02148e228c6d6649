/// The clients and servers of QUIC; the first two need aioquic, the tap Python's standard library alone.
extension Script {
    /// An HTTP/3 server on UDP port 443 that answers every request with a page. It prints `begun PORT` when a client's first
    /// packet has come, and `completed PORT` after the handshake.
    ///
    /// Arguments: certificate, key, `plain` or `retry` (clients prove their address first, RFC 9000 §8.1.2), addresses.
    static let quicServer = #"""
        import asyncio, sys

        from aioquic.asyncio import QuicConnectionProtocol, serve
        from aioquic.h3.connection import H3Connection
        from aioquic.h3.events import HeadersReceived
        from aioquic.quic.configuration import QuicConfiguration
        from aioquic.quic.events import HandshakeCompleted, ProtocolNegotiated

        class Pages(QuicConnectionProtocol):
            http, port = None, None

            def datagram_received(self, data, address):
                if self.port is None:
                    self.port = address[1]
                    print("begun", self.port, flush=True)
                super().datagram_received(data, address)

            def quic_event_received(self, event):
                if isinstance(event, ProtocolNegotiated):
                    self.http = H3Connection(self._quic)
                if isinstance(event, HandshakeCompleted):
                    print("completed", self.port, flush=True)
                for request in self.http.handle_event(event) if self.http else []:
                    if isinstance(request, HeadersReceived):
                        head = [(b":status", b"200"), (b"content-type", b"text/html")]
                        self.http.send_headers(request.stream_id, head)
                        page = b"<!DOCTYPE html><title>lab</title><p>a page over QUIC</p>"
                        self.http.send_data(request.stream_id, page, end_stream=True)
                        self.transmit()

        async def main():
            certificate, key, retry = sys.argv[1:4]
            configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
            configuration.load_cert_chain(certificate, key)
            for address in sys.argv[4:]:
                await serve(address, 443, configuration=configuration, create_protocol=Pages, retry=retry == "retry")
            print("ready", flush=True)
            await asyncio.Event().wait()

        asyncio.run(main())
        """#

    /// Asks an HTTP/3 server for a page, and prints its `port=PORT`, then `answer=STATUS` or `answer=nothing`.
    ///
    /// Arguments: address, server name, QUIC version 1 or 2, form, certificate to trust, seconds to wait, the client's port or zero. Form `short`: a hello
    /// in one datagram; `long`: in two; `joined`: in two that stay one packet until a wire or socket is reached, since the kernel
    /// is asked to cut them (UDP_SEGMENT).
    static let quicClient = #"""
        import asyncio, os, socket, struct, sys

        from aioquic.asyncio import QuicConnectionProtocol, connect
        from aioquic.h3.connection import H3Connection
        from aioquic.h3.events import HeadersReceived
        from aioquic.quic.configuration import QuicConfiguration

        address, name, version, form, certificate, patience, own_port = sys.argv[1:8]

        class Asking(QuicConnectionProtocol):
            http = None

            def connection_made(self, transport):
                super().connection_made(transport)
                print(f"port={transport.get_extra_info('sockname')[1]}", flush=True)

            def transmit(self):
                if form == "joined":
                    self.send_joined(self._quic.datagrams_to_send(now=self._loop.time()))
                super().transmit()

            def send_joined(self, datagrams):
                while datagrams:
                    size, peer = len(datagrams[0][0]), datagrams[0][1]
                    joined, last = b"", size
                    while datagrams and last == size and len(datagrams[0][0]) <= size:
                        last = len(datagrams[0][0])
                        joined += datagrams.pop(0)[0]
                    # asyncio's own socket has no sendmsg.
                    with socket.socket(fileno=os.dup(self._transport.get_extra_info("socket").fileno())) as sending:
                        sending.sendmsg([joined], [(socket.IPPROTO_UDP, 103, struct.pack("=H", size))], 0, peer)

            def quic_event_received(self, event):
                for part in self.http.handle_event(event) if self.http else []:
                    if isinstance(part, HeadersReceived) and not self.answer.done():
                        self.answer.set_result(dict(part.headers)[b":status"].decode())

        async def ask():
            configuration = QuicConfiguration(alpn_protocols=["h3"], server_name=name, cafile=certificate)
            if form != "short":
                configuration.alpn_protocols += [letter * 200 for letter in "abcdefgh"]
            configuration.original_version = {"1": 0x00000001, "2": 0x6B3343CF}[version]
            configuration.supported_versions = [configuration.original_version]
            options = {"configuration": configuration, "create_protocol": Asking, "local_port": int(own_port)}
            async with connect(address, 443, **options) as client:
                client.answer = asyncio.get_running_loop().create_future()
                client.http = H3Connection(client._quic)
                head = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", name.encode()), (b":path", b"/")]
                client.http.send_headers(client._quic.get_next_available_stream_id(), head, end_stream=True)
                client.transmit()
                print(f"answer={await client.answer}", flush=True)

        async def main():
            asking = asyncio.create_task(ask())
            done, waiting = await asyncio.wait([asking], timeout=float(patience))
            if waiting:
                print("answer=nothing", flush=True)
                os._exit(0)
            asking.result()

        asyncio.run(main())
        """#

    /// Prints a line for every UDP packet of port 443 on an interface: direction, the client's port, the kind of its first
    /// QUIC packet, the version, octets of token, octets of UDP payload.
    ///
    /// Arguments: the interface.
    static let quicTap = #"""
        import signal, socket, sys

        def leave(number, frame):
            raise SystemExit

        def number(data, at):
            size = 1 << (data[at] >> 6)
            return int.from_bytes(data[at:at + size], "big") & (1 << 8 * size - 2) - 1

        kinds = {1: ["initial", "0rtt", "handshake", "retry"], 0x6B3343CF: ["retry", "initial", "0rtt", "handshake"]}
        signal.signal(signal.SIGTERM, leave)
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        tap.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
        tap.bind((sys.argv[1], 3))
        print("ready", flush=True)
        while True:
            packet, origin = tap.recvfrom(65535)
            isFour = packet[0] >> 4 == 4
            datagram = packet[(packet[0] & 15) * 4:] if isFour else packet[40:]
            if packet[9 if isFour else 6] != 17 or b"\x01\xbb" not in (datagram[0:2], datagram[2:4]):
                continue
            data, kind, version, token = datagram[8:], "short", 0, 0
            if data[0] & 0x80:
                version = int.from_bytes(data[1:5], "big")
                kind = kinds.get(version, ["unknown"] * 4)[data[0] >> 4 & 3]
                if kind == "initial":
                    at = 6 + data[5]
                    token = number(data, at + 1 + data[at])
            direction, end = ("out", datagram[2:4]) if origin[2] == 4 else ("in", datagram[0:2])
            port = int.from_bytes(end, "big")
            print(f"{direction} {port} {kind} version={version:#x} token={token} octets={len(data)}", flush=True)
        """#
}
