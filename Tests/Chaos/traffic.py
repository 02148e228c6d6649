"""Both ends of the traffic under which faults happen: traffic.py client RATE SERVER SERVER_6 ADDRESS… | traffic.py server SERVER SERVER_6

The client asks numbered questions (composition.py) at a rate, each from a socket of its own, and each end tells what happens as records on
standard output: a letter, the time of the monotonic clock, and the question's number. The client begins (S), sends the name (O), is answered (A) or
has waited for long enough (W); the server receives (R). The client does what lines of standard input say: `go`, `pause`, `burst COUNT`; an I follows
a pause once no question is open.
"""

import collections
import gc
import os
import re
import selectors
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Benchmarks/live"))

import flows
from composition import BURST, DATAGRAMS, DIGITS, DOMAINS, is_listed, is_version_6, name, protocol
from initial import Cipher, initial

RECORD = struct.Struct("<cdI")
PORTS = {"dns": 53, "tls": 443, "quic": 443, "http": 80}
NUMBER = re.compile(rb"n(\d{%d})" % DIGITS)
# A listed name that is not answered by then is not going to be; an open one may wait for what is lost being sent again.
LISTED_PATIENCE, DATAGRAM_PATIENCE, STREAM_PATIENCE = 0.6, 4.0, 8.0
# What waits behind a burst waits for long; listed or not, since those that find no room are answered, too.
BURST_PATIENCE, LISTED_BURST_PATIENCE = 8.0, 3.0
# Each question from the next port: between the same addresses and ports a blocked QUIC connection blocks others for as long as it is remembered.
FIRST_PORT, PORTS_IN_TURN = 10_000, 50_000
TELL_EVERY = 0.01
BURST_PAUSE = 100
# Not in this Python's module.
SO_RCVBUFFORCE = 33


class Telling:
    """Records on their way to standard output."""

    def __init__(self):
        self.waiting, self.told = bytearray(), 0.0

    def note(self, letter, number):
        self.waiting += RECORD.pack(letter, time.monotonic(), number)

    def tell(self, now):
        if self.waiting and now - self.told >= TELL_EVERY:
            sys.stdout.buffer.write(self.waiting)
            sys.stdout.buffer.flush()
            self.waiting.clear()
            self.told = now


def query(number):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name(number).split("."))
    return struct.pack("!HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


def answer(query):
    end = query.index(b"\0", 12) + 5
    return query[:2] + b"\x81\x80" + query[4:6] + bytes(6) + query[12:end]


class Openings:
    """What a connection begins with, by the question's number."""

    def __init__(self):
        self.cipher = Cipher()
        self.hellos = {listed: flows.hello(f"n{0:0{DIGITS}}.{domain}") for listed, domain in DOMAINS.items()}

    def hello(self, number):
        template = self.hellos[is_listed(number)]
        return template.replace(b"n%0*d." % (DIGITS, 0), b"n%0*d." % (DIGITS, number))

    def of(self, number):
        kind = protocol(number)
        if kind == "dns":
            return query(number)
        if kind == "quic":
            # Without the record's head.
            return initial(self.cipher, b"%0*d" % (DIGITS, number), self.hello(number)[5:])
        if kind == "tls":
            return self.hello(number)
        return f"GET / HTTP/1.1\r\nHost: {name(number)}\r\n\r\n".encode()


# ---- client ----


class Question:
    """One question, open until it is answered or has waited for long enough."""

    def __init__(self, number, source, target, opening):
        self.number, self.opening, self.is_open = number, opening, True
        self.is_datagram = protocol(number) in DATAGRAMS
        kind = socket.SOCK_DGRAM if self.is_datagram else socket.SOCK_STREAM
        self.stream = socket.socket(socket.AF_INET6 if ":" in target else socket.AF_INET, kind)
        self.stream.setblocking(False)
        if not self.is_datagram:
            # Ended by a reset: no port is kept for what is over.
            self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream.bind((source, FIRST_PORT + number % PORTS_IN_TURN))
        self.stream.connect_ex((target, PORTS[protocol(number)]))

    def patience(self):
        if is_listed(self.number):
            return LISTED_PATIENCE
        return DATAGRAM_PATIENCE if self.is_datagram else STREAM_PATIENCE


class Client:
    def __init__(self, rate, servers, addresses):
        self.rate, self.servers, self.addresses = rate, servers, addresses
        self.telling, self.openings, self.ready = Telling(), Openings(), selectors.DefaultSelector()
        self.next, self.next_of_burst, self.due, self.is_going, self.is_told = 1, BURST, 0.0, False, True
        self.open, self.queues = 0, {patience: collections.deque() for patience in (LISTED_PATIENCE, DATAGRAM_PATIENCE, STREAM_PATIENCE)}
        self.burst_sockets, self.burst_open, self.burst_looked = {}, {}, 0.0
        os.set_blocking(0, False)
        self.ready.register(0, selectors.EVENT_READ, self.obey)

    def source(self, number):
        mine = self.addresses[is_version_6(number)]
        return mine[number % len(mine)]

    def run(self):
        while True:
            now = time.monotonic()
            while self.is_going and self.due <= now:
                self.ask(now)
                self.due = max(self.due + 1 / self.rate, now - 0.02)
            self.give_up(now)
            if not (self.is_going or self.is_told or self.open or self.burst_open):
                self.telling.note(b"I", 0)
                self.is_told = True
            self.telling.tell(now)
            wait = min(max(self.due - time.monotonic(), 0), TELL_EVERY) if self.is_going else TELL_EVERY
            for key, events in self.ready.select(wait):
                key.data(events) if callable(key.data) else self.go_on(key.data, events)

    def obey(self, _):
        words = os.read(0, 4_096).decode()
        if not words:
            sys.exit(0)
        for line in words.splitlines():
            if line == "go":
                self.is_going, self.due = True, time.monotonic()
            elif line == "pause":
                self.is_going, self.is_told = False, False
            elif line.startswith("burst "):
                self.burst(int(line.split()[1]))

    def ask(self, now):
        number, self.next = self.next, self.next + 1
        question = Question(number, self.source(number), self.servers[is_version_6(number)], self.openings.of(number))
        self.telling.note(b"S", number)
        if question.is_datagram:
            self.send(question)
        if question.is_open:
            self.ready.register(question.stream, selectors.EVENT_READ if question.is_datagram else selectors.EVENT_WRITE, question)
            self.open += 1
            self.queues[question.patience()].append((now + question.patience(), question))

    def send(self, question):
        try:
            question.stream.send(question.opening)
            self.telling.note(b"O", question.number)
        except OSError:
            # It never left, and nobody waits for it longer than for one that did.
            pass

    def go_on(self, question, events):
        try:
            if events & selectors.EVENT_WRITE:
                question.stream.send(question.opening)
                self.telling.note(b"O", question.number)
                self.ready.modify(question.stream, selectors.EVENT_READ, question)
            elif b"%0*d" % (DIGITS, question.number) in question.stream.recv(4_096):
                self.end(question, b"A")
            elif not question.is_datagram:
                self.end(question, b"W")
        except BlockingIOError:
            pass
        except OSError:
            if not question.is_datagram:
                self.end(question, b"W")

    def end(self, question, letter):
        self.telling.note(letter, question.number)
        self.ready.unregister(question.stream)
        question.stream.close()
        question.is_open = False
        self.open -= 1

    def give_up(self, now):
        for queue in self.queues.values():
            while queue and (queue[0][0] <= now or not queue[0][1].is_open):
                question = queue.popleft()[1]
                if question.is_open:
                    self.end(question, b"W")
        if self.burst_open and now - self.burst_looked >= 0.1:
            self.burst_looked = now
            for number in [number for number, end in self.burst_open.items() if end <= now]:
                del self.burst_open[number]
                self.telling.note(b"W", number)

    def burst(self, count):
        """Queries without a pause, from one socket for each address."""
        for index in range(count):
            number, self.next_of_burst = self.next_of_burst, self.next_of_burst + 1
            source, target = self.source(number), self.servers[is_version_6(number)]
            if source not in self.burst_sockets:
                stream = socket.socket(socket.AF_INET6 if ":" in target else socket.AF_INET, socket.SOCK_DGRAM)
                stream.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
                stream.setblocking(False)
                stream.bind((source, FIRST_PORT - 1))
                stream.connect((target, PORTS["dns"]))
                self.burst_sockets[source] = stream
                self.ready.register(stream, selectors.EVENT_READ, lambda _, stream=stream: self.take_burst(stream))
            self.telling.note(b"S", number)
            self.burst_open[number] = time.monotonic() + (LISTED_BURST_PATIENCE if is_listed(number) else BURST_PATIENCE)
            try:
                self.burst_sockets[source].send(query(number))
                self.telling.note(b"O", number)
            except OSError:
                pass
            if index % BURST_PAUSE == BURST_PAUSE - 1:
                # The router's own backlog has an end, too.
                time.sleep(0.002)

    def take_burst(self, stream):
        while True:
            try:
                number = int(NUMBER.search(stream.recv(4_096))[1])
            except (OSError, TypeError):
                return
            if self.burst_open.pop(number, None) is not None:
                self.telling.note(b"A", number)


# ---- server ----


class Server:
    def __init__(self, addresses):
        self.telling, self.ready = Telling(), selectors.DefaultSelector()
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            for port in (PORTS["dns"], PORTS["quic"]):
                stream = socket.socket(family, socket.SOCK_DGRAM)
                stream.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
                stream.setblocking(False)
                stream.bind((address, port))
                self.ready.register(stream, selectors.EVENT_READ, self.reply_dns if port == PORTS["dns"] else self.reply_quic)
            for port in (PORTS["tls"], PORTS["http"]):
                listening = socket.create_server((address, port), family=family, backlog=4_096)
                listening.setblocking(False)
                self.ready.register(listening, selectors.EVENT_READ, self.accept)

    def run(self):
        while True:
            for key, _ in self.ready.select(TELL_EVERY):
                try:
                    key.data(key.fileobj)
                except BlockingIOError:
                    pass
            self.telling.tell(time.monotonic())

    def reply_dns(self, stream):
        while True:
            data, client = stream.recvfrom(4_096)
            found = NUMBER.search(data)
            if found:
                self.telling.note(b"R", int(found[1]))
                stream.sendto(answer(data), client)

    def reply_quic(self, stream):
        while True:
            data, client = stream.recvfrom(4_096)
            if data[6:6 + DIGITS].isdigit():
                self.telling.note(b"R", int(data[6:6 + DIGITS]))
                stream.sendto(b"n" + data[6:6 + DIGITS], client)

    def accept(self, listening):
        while True:
            stream = listening.accept()[0]
            stream.setblocking(False)
            gathered = bytearray()
            self.ready.register(stream, selectors.EVENT_READ, lambda stream, gathered=gathered: self.reply_stream(stream, gathered))

    def reply_stream(self, stream, gathered):
        try:
            data = stream.recv(65_536)
        except BlockingIOError:
            raise
        except OSError:
            data = b""
        had = NUMBER.search(gathered)
        gathered += data
        found = NUMBER.search(gathered)
        if found and not had:
            self.telling.note(b"R", int(found[1]))
            try:
                stream.send(found[0])
            except OSError:
                data = b""
        if not data:
            self.ready.unregister(stream)
            stream.close()


def main(mode, *words):
    # Nothing here goes round in circles, and a collection would be a pause.
    gc.disable()
    if mode == "server":
        end = Server(words)
    else:
        rate, server, server_6, *addresses = words
        mine = {is_6: [address for address in addresses if (":" in address) == is_6] for is_6 in (False, True)}
        end = Client(float(rate), {False: server, True: server_6}, mine)
    end.telling.note(b"I", 0)
    end.run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(1)
