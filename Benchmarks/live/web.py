"""The web server of `clients`: web.py CERTIFICATE KEY ADDRESS… answers every request on ports 80 and 443, each connection in a thread."""

import socket
import ssl
import sys
import threading


def answer(title, *fields):
    """A page's head, with further fields, and the page."""
    body = f"<!DOCTYPE html><title>{title}</title><p>What the server says.\n"
    head = ("HTTP/1.1 200 OK", "Content-Type: text/html", "Connection: close", f"Content-Length: {len(body)}", *fields, "", "")
    return ("\r\n".join(head) + body).encode()


def serve(connection, context, page):
    connection.settimeout(20)
    try:
        with context.wrap_socket(connection, server_side=True) if context else connection as stream:
            if stream.recv(65_536):
                stream.sendall(page)
    except (OSError, ValueError):
        connection.close()


def listen(address, port, context, page):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.create_server((address, port), family=family, backlog=128)
    threading.Thread(target=accept, args=(listening, context, page)).start()


def accept(listening, context, page):
    while True:
        threading.Thread(target=serve, args=(listening.accept()[0], context, page), daemon=True).start()


if __name__ == "__main__":
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[1], sys.argv[2])
    for address in sys.argv[3:]:
        listen(address, 80, None, answer("open page"))
        listen(address, 443, tls, answer("open page"))
    print("ready", flush=True)
