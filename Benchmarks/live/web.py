"""The web server of `clients`: web.py CERTIFICATE KEY ADDRESS… answers every request on ports 80 and 443, each connection in a thread."""

import socket
import ssl
import sys
import threading

BODY = b"<!DOCTYPE html><title>open page</title><p>What the server says.\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


def serve(connection, context):
    connection.settimeout(20)
    try:
        with context.wrap_socket(connection, server_side=True) if context else connection as stream:
            if stream.recv(65_536):
                stream.sendall(ANSWER)
    except (OSError, ValueError):
        connection.close()


def listen(address, port, context):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.create_server((address, port), family=family, backlog=128)
    threading.Thread(target=accept, args=(listening, context)).start()


def accept(listening, context):
    while True:
        threading.Thread(target=serve, args=(listening.accept()[0], context), daemon=True).start()


if __name__ == "__main__":
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[1], sys.argv[2])
    for address in sys.argv[3:]:
        listen(address, 80, None)
        listen(address, 443, tls)
    print("ready", flush=True)
