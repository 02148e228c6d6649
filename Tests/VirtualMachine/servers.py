"""Answers HTTP on TCP port 80, TLS on TCP port 443, and every datagram on UDP port 443 with itself.

    servers.py CERTIFICATE KEY ADDRESS…

A page is given for GET, and what is PUT is read to its end.
"""

import http.server
import socket
import ssl
import sys
import threading


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer()

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 16)))
        self.answer()

    def answer(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"page\n")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, address, port, context=None):
        self.address_family = family(address)
        self.context = context
        super().__init__((address, port), Page)

    def finish_request(self, request, client_address):
        # In the thread of the connection: a client that is stopped in the handshake keeps nobody else waiting.
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, *_):
        pass


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def echo(opened):
    while True:
        data, client = opened.recvfrom(65_535)
        opened.sendto(data, client)


def main():
    certificate, key, *addresses = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    threads = []
    for address in addresses:
        for server in (Server(address, 80), Server(address, 443, context)):
            threads.append(threading.Thread(target=server.serve_forever))
        opened = socket.socket(family(address), socket.SOCK_DGRAM)
        opened.bind((address, 443))
        threads.append(threading.Thread(target=echo, args=(opened,)))
    for thread in threads:
        thread.start()
    print("ready", flush=True)


if __name__ == "__main__":
    main()
