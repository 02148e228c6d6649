"""The server of `fallback`, run by a Python that has aioquic: quic.py CERTIFICATE KEY ADDRESS… answers every request on port 443, over QUIC
and over TCP, there with the word that QUIC is spoken too. The page's title says which way it came.
"""

import asyncio
import ssl
import sys

import web
from aioquic.asyncio import QuicConnectionProtocol, serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated


class Pages(QuicConnectionProtocol):
    http = None

    def quic_event_received(self, event):
        if isinstance(event, ProtocolNegotiated):
            self.http = H3Connection(self._quic)
        for part in self.http.handle_event(event) if self.http else []:
            if isinstance(part, HeadersReceived):
                self.http.send_headers(part.stream_id, [(b":status", b"200"), (b"content-type", b"text/html")])
                self.http.send_data(part.stream_id, b"<!DOCTYPE html><title>over QUIC</title>", end_stream=True)
                self.transmit()


async def main(certificate, key, *addresses):
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    configuration.load_cert_chain(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    for address in addresses:
        web.listen(address, 443, context, web.answer("over TCP", 'Alt-Svc: h3=":443"; ma=3600'))
        await serve(address, 443, configuration=configuration, create_protocol=Pages)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
