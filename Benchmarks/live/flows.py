"""Both ends of the connections that `transfer` measures: flows.py server ADDRESS | bulk ADDRESS PORT up|down SECONDS | short ADDRESS RATE SECONDS

Each connection begins as TLS does: a ClientHello made by OpenSSL for a name on no list, a server's flight, and the client's end of the
handshake with a request in it. Only the cryptography is left out, which would be most of the time and the same with and without a sensor. On
port 80 HTTP requests take the place of all that, for data upwards one for every 64 MiB. Clients print one JSON object.
"""

import gc
import json
import selectors
import socket
import ssl
import sys
import threading
import time

from network import family

TLS, HTTP = 443, 80
FLIGHT = b"\x16\x03\x03\x0b\xb8" + bytes(3_000)
FINISHED = b"\x14\x03\x03\x00\x01\x01" + b"\x17\x03\x03\x00\x80" + bytes(128)
REPLY = b"\x17\x03\x03\x04\x00" + bytes(1_024)
CHUNK = 1 << 20
# After FINISHED the client says what it wants: octets that stand where encrypted ones would.
SHORT, UP, DOWN = b"S", b"U", b"D"
REQUEST = 8
PATIENCE = 10


def hello(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise RuntimeError("OpenSSL made no hello")


HELLO = hello("short-000000.unlisted.test")
# A body that is said to be longer than a GiB would be let go.
BODY_CHUNKS = 64


def put(length):
    return b"PUT / HTTP/1.1\r\nHost: www.unlisted.test\r\nContent-Length: %d\r\n\r\n" % length


OPENING = {TLS: HELLO, HTTP: put(len(FINISHED) + REQUEST)}
NUMBER = HELLO.index(b"short-000000") + 6


def request(kind, seconds=0):
    return FINISHED + kind + b"%07d" % int(seconds * 1_000)


def receive(stream, count):
    data = b""
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            raise ConnectionError("ended early")
        data += piece
    return data


def drain(stream):
    """Octets of the rest of the stream, and the seconds from its first to its last."""
    buffer, total, begin = bytearray(CHUNK), 0, None
    while True:
        count = stream.recv_into(buffer)
        if begin is None:
            begin = time.monotonic()
        if count == 0:
            return total, time.monotonic() - begin
        total += count


def pour(stream, seconds, head=b""):
    data, end = memoryview(bytes(CHUNK)), time.monotonic() + seconds
    while time.monotonic() < end:
        if head:
            stream.sendall(head)
        for _ in range(BODY_CHUNKS if head else 1):
            stream.sendall(data)


# ---- server ----


def serve_bulk(stream, kind, seconds):
    with stream:
        stream.settimeout(seconds + PATIENCE)
        try:
            if kind == DOWN:
                pour(stream, seconds)
            else:
                stream.sendall(json.dumps(drain(stream)).encode())
        except OSError:
            pass


def serve(address):
    """Answers short connections in one thread, and gives each bulk one a thread of its own."""
    ready = selectors.DefaultSelector()
    for port in OPENING:
        listening = socket.create_server((address, port), family=family(address), backlog=4_096)
        listening.setblocking(False)
        ready.register(listening, selectors.EVENT_READ, None)
    print("ready", flush=True)
    while True:
        for key, _ in ready.select():
            if key.data is None:
                try:
                    while True:
                        stream = key.fileobj.accept()[0]
                        stream.setblocking(False)
                        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        ready.register(stream, selectors.EVENT_READ, bytearray())
                except BlockingIOError:
                    continue
            stream, data = key.fileobj, key.data
            try:
                opening = len(OPENING[stream.getsockname()[1]])
                piece = stream.recv(opening + len(FINISHED) + REQUEST - len(data))
                data += piece
                if piece and len(data) < opening + len(FINISHED) + REQUEST:
                    if len(data) == opening:
                        stream.send(FLIGHT)
                    continue
                if piece and data[-REQUEST:][:1] != SHORT:
                    ready.unregister(stream)
                    words = stream, bytes(data[-REQUEST:][:1]), int(data[1 - REQUEST:]) / 1_000
                    threading.Thread(target=serve_bulk, args=words, daemon=True).start()
                    continue
                if piece:
                    stream.send(REPLY)
                    # The client ends it.
                    data.clear()
                    continue
            except OSError:
                pass
            ready.unregister(stream)
            stream.close()


# ---- clients ----


def bulk(address, port, direction, seconds):
    with socket.create_connection((address, port), timeout=seconds + PATIENCE) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.sendall(OPENING[port])
        receive(stream, len(FLIGHT))
        stream.sendall(request(DOWN if direction == "down" else UP, seconds))
        if direction == "down":
            octets, took = drain(stream)
        else:
            pour(stream, seconds, put(BODY_CHUNKS * CHUNK) if port == HTTP else b"")
            stream.shutdown(socket.SHUT_WR)
            octets, took = json.loads(b"".join(iter(lambda: stream.recv(4_096), b"")))
    return {"bits": octets * 8 / took, "octets": octets, "seconds": took}


class Short:
    """One short connection: from the moment at which it was due to the server's reply."""

    def __init__(self, address, number, due):
        self.due, self.wanted = due, len(FLIGHT)
        self.stream = socket.socket(family(address))
        self.stream.setblocking(False)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.hello = HELLO[:NUMBER] + b"%06d" % number + HELLO[NUMBER + 6:]
        self.stream.connect_ex((address, TLS))

    def go_on(self, events):
        """Whether it is over."""
        if events & selectors.EVENT_WRITE:
            self.stream.send(self.hello)
            return False
        self.wanted -= len(self.stream.recv(65_536))
        if self.wanted == 0 and self.hello:
            self.stream.send(request(SHORT))
            self.hello, self.wanted = None, len(REPLY)
        return self.wanted == 0


def short(address, rate, seconds):
    """Connections at a rate that does not wait for answers, so that a slow one is not left out of the figures by being slow."""
    count, begun, failed, late, times = int(rate * seconds), 0, 0, 0.0, []
    ready = selectors.DefaultSelector()
    start = time.monotonic() + 0.05
    last = start + seconds + PATIENCE
    while len(times) + failed < count and time.monotonic() < last:
        while begun < count and start + begun / rate <= time.monotonic():
            due = start + begun / rate
            late = max(late, time.monotonic() - due)
            connection = Short(address, begun, due)
            ready.register(connection.stream, selectors.EVENT_WRITE, connection)
            begun += 1
        wait = start + begun / rate - time.monotonic() if begun < count else 0.1
        for key, events in ready.select(max(wait, 0)):
            connection = key.data
            try:
                is_over = connection.go_on(events)
                if is_over:
                    times.append(time.monotonic() - connection.due)
                elif events & selectors.EVENT_WRITE:
                    ready.modify(connection.stream, selectors.EVENT_READ, connection)
            except OSError:
                failed, is_over = failed + 1, True
            if is_over:
                ready.unregister(connection.stream)
                connection.stream.close()
    took = time.monotonic() - start
    return {"times": times, "unanswered": count - len(times), "rate": len(times) / took, "late": late}


if __name__ == "__main__":
    gc.disable()
    mode, address, *words = sys.argv[1:]
    if mode == "server":
        serve(address)
    elif mode == "bulk":
        print(json.dumps(bulk(address, int(words[0]), words[1], float(words[2]))))
    else:
        print(json.dumps(short(address, float(words[0]), float(words[1]))))
