/// The programs of the hosts that no packaged client or server stands for: Python 3, standard library alone.
enum Script {
    /// Answers every DNS query over UDP port 53 with an empty answer; tells at SIGTERM how many numbered ones came.
    ///
    /// Arguments: the addresses to answer on.
    static let responder = #"""
        import select, signal, socket, sys

        def end(number, frame):
            raise SystemExit

        signal.signal(signal.SIGTERM, end)
        sockets = []
        for address in sys.argv[1:]:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            answering = socket.socket(family, socket.SOCK_DGRAM)
            answering.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
            answering.bind((address, 53))
            answering.setblocking(False)
            sockets.append(answering)
        print("ready", flush=True)
        received, numbers = 0, set()
        try:
            while True:
                for answering in select.select(sockets, [], [])[0]:
                    for _ in range(64):
                        try:
                            query, client = answering.recvfrom(65535)
                        except BlockingIOError:
                            break
                        end = 12
                        while end < len(query) and query[end]:
                            end += 1 + query[end]
                        if end + 5 > len(query):
                            continue
                        if query[12:14] == b"\7n" and query[14:20].isdigit():
                            received += 1
                            numbers.add(query[14:20])
                        head = query[:2] + b"\x81\x80" + query[4:6] + bytes(6)
                        answering.sendto(head + query[12:end + 5], client)
        finally:
            print(f"received={received} distinct={len(numbers)}", flush=True)
        """#

    /// Sends numbered DNS queries at a rate and counts the answers, each number once.
    ///
    /// Arguments: address, fewest and most queries, queries a second, seconds to wait for the last answers, domain of the names.
    /// After the fewest it ends at SIGUSR1, at the latest after the most.
    static let flood = #"""
        import select, signal, socket, struct, sys, time

        address, least, most, rate, patience, domain = sys.argv[1:7]
        least, most, rate, patience = int(least), int(most), float(rate), float(patience)
        told = []
        signal.signal(signal.SIGUSR1, lambda number, frame: told.append(number))
        print("begun", flush=True)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        asking = socket.socket(family, socket.SOCK_DGRAM)
        asking.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
        asking.connect((address, 53))
        asking.setblocking(False)
        suffix = b"".join(bytes([len(label)]) + label.encode() for label in domain.split(".")) + b"\0" + struct.pack("!HH", 1, 1)
        seen, answered, sent = bytearray(most), 0, 0

        def drain():
            global answered
            while True:
                try:
                    answer = asking.recv(65535)
                except BlockingIOError:
                    return
                number = int(answer[14:20])
                if not seen[number]:
                    seen[number] = 1
                    answered += 1
                    if answered == 1 or answered % 500 == 0:
                        print(f"so far {answered}", flush=True)

        start = time.monotonic()
        while sent < most and not (told and sent >= least):
            due = min(most, int((time.monotonic() - start) * rate) + 1)
            for _ in range(min(due - sent, 64)):
                name = b"\7n%06d" % sent
                try:
                    asking.send(struct.pack("!HHHHHH", sent & 0xFFFF, 0x0100, 1, 0, 0, 0) + name + suffix)
                except BlockingIOError:
                    break
                sent += 1
            drain()
            if rate < 50000:
                time.sleep(0.0005)
        print(f"all sent {sent}", flush=True)
        deadline = time.monotonic() + patience
        while answered < sent and time.monotonic() < deadline:
            select.select([asking], [], [], 0.1)
            drain()
        print(f"sent={sent} answered={answered}", flush=True)
        """#

    /// A TLS server on port 443 that serves every connection on its own and answers with a page.
    ///
    /// Arguments: certificate, key, addresses.
    static let tlsServer = #"""
        import socket, ssl, sys, threading

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])

        def serve(connection):
            try:
                with context.wrap_socket(connection, server_side=True) as stream:
                    if stream.recv(65535):
                        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
            except (OSError, ValueError):
                pass

        def listen(address):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listening = socket.socket(family, socket.SOCK_STREAM)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address, 443))
            listening.listen(64)
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

        threads = [threading.Thread(target=listen, args=(address,)) for address in sys.argv[3:]]
        for thread in threads:
            thread.start()
        """#

    /// Opens a TCP connection by hand, sends a ClientHello in pieces, and tells whether a ServerHello comes back.
    ///
    /// Arguments: server, port, own port, server name, octets a segment (0 for all in one), `forward`, `reverse` or `again`, seconds to wait.
    /// With `again` it takes no notice of answers and resets, and sends the pieces ten times a second until it is ended.
    /// The host's own resets of the connection have to be kept back, since its kernel knows nothing of it.
    static let hello = #"""
        import os, select, socket, ssl, struct, sys, time

        server, port, own, name, size, order, patience = sys.argv[1:8]
        port, own, size, patience = int(port), int(own), int(size), float(patience)
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
        raw.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
        probe = socket.socket(family, socket.SOCK_DGRAM)
        probe.connect((server, 9))
        ends = socket.inet_pton(family, probe.getsockname()[0]), socket.inet_pton(family, server)

        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client = context.wrap_bio(incoming, outgoing, server_hostname=name)
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            pass
        hello = outgoing.read()

        def checksum(data):
            data += b"\0" * (len(data) % 2)
            total = sum(struct.unpack(f"!{len(data) // 2}H", data))
            while total >> 16:
                total = (total & 0xFFFF) + (total >> 16)
            return ~total & 0xFFFF

        def send(sequence, acknowledged, flags, data=b""):
            head = struct.pack("!HHIIBBHHH", own, port, sequence & 0xFFFFFFFF, acknowledged, 5 << 4, flags, 64000, 0, 0)
            pseudo = ends[0] + ends[1] + struct.pack("!II", len(head) + len(data), socket.IPPROTO_TCP)
            head = head[:16] + struct.pack("!H", checksum(pseudo + head + data)) + head[18:]
            raw.sendto(head + data, (server, 0))

        def receive(deadline):
            while True:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([raw], [], [], left)[0]:
                    return None
                packet = raw.recv(65535)
                if family == socket.AF_INET:
                    packet = packet[(packet[0] & 15) * 4:]
                source, destination, sequence, acknowledged, offset, flags = struct.unpack("!HHIIBB", packet[:14])
                if (source, destination) == (port, own):
                    return sequence, acknowledged, flags, packet[(offset >> 4) * 4:]

        first = struct.unpack("!I", os.urandom(4))[0]
        send(first, 0, 0x02)
        answer = receive(time.monotonic() + 10)
        if answer is None or answer[2] & 0x12 != 0x12:
            sys.exit("no handshake")
        theirs = answer[0] + 1 & 0xFFFFFFFF
        send(first + 1, theirs, 0x10)
        size = size or len(hello)
        pieces = [(at, hello[at:at + size]) for at in range(0, len(hello), size)]
        for at, piece in reversed(pieces) if order == "reverse" else pieces:
            send(first + 1 + at, theirs, 0x18, piece)
        print(f"segments={len(pieces)}", flush=True)
        while order == "again":
            time.sleep(0.1)
            for at, piece in pieces:
                send(first + 1 + at, theirs, 0x18, piece)
        deadline, verdict = time.monotonic() + patience, "nothing"
        while verdict == "nothing":
            answer = receive(deadline)
            if answer is None:
                break
            data = answer[3]
            if len(data) > 5 and data[0] == 22 and data[5] == 2:
                verdict = "ServerHello"
        print(f"answer={verdict}", flush=True)
        """#

    /// Prints every UDP and TCP packet of an interface, with its direction, as `in HEX` or `out HEX`.
    ///
    /// Arguments: the interface.
    static let capture = #"""
        import signal, socket, sys

        def end(number, frame):
            raise SystemExit

        signal.signal(signal.SIGTERM, end)
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        tap.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
        tap.bind((sys.argv[1], 3))
        print("ready", flush=True)
        while True:
            packet, origin = tap.recvfrom(65535)
            protocol = packet[9] if packet[0] >> 4 == 4 else packet[6]
            if protocol in (6, 17):
                print("out" if origin[2] == 4 else "in", packet.hex(), flush=True)
        """#

    /// Sends broken and odd packets: the same for the same seed.
    ///
    /// Arguments: server, how many, seed.
    static let hostile = #"""
        import random, socket, struct, sys, time

        server, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        dice = random.Random(seed)
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        probe.connect((server, 9))
        ends = socket.inet_aton(probe.getsockname()[0]), socket.inet_aton(server)
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

        def noise(length):
            return bytes(dice.getrandbits(8) for _ in range(length))

        def query():
            head = struct.pack("!HHHHHH", dice.getrandbits(16), 0x0100, dice.choice([0, 1, 2, 65535]), 0, 0, dice.choice([0, 1]))
            name = b"".join(bytes([5]) + noise(5) for _ in range(dice.randrange(60))) + b"\0"
            return head + name + struct.pack("!HH", 1, 1)

        def loop():
            return struct.pack("!HHHHHH", 7, 0x0100, dice.choice([1, 40]), 0, 0, 0) + dice.choice(
                [b"\xc0\x0c", b"\xc0\x0e\xc0\x0c", b"\1a\xc0\x0c", b"\xff\xff", b"\x80abc", b"\x40"]) + struct.pack("!HH", 1, 1)

        def hello():
            body = struct.pack("!H", 0x0303) + noise(32) + bytes([dice.choice([0, 32, 255])]) + noise(dice.randrange(200))
            size = dice.choice([len(body), 0, 1, 0xFFFFFF])
            record = b"\1" + struct.pack("!I", size)[1:] + body
            return b"\x16\3" + bytes([dice.choice([0, 1, 3, 4])]) + struct.pack("!H", dice.choice([len(record), 0, 16384, 65535])) + record

        def mutated(data):
            data = bytearray(data)
            for _ in range(dice.randrange(6)):
                if data:
                    data[dice.randrange(len(data))] = dice.getrandbits(8)
            return bytes(data[:dice.randrange(len(data) + 1)] if dice.random() < 0.4 else data)

        def datagram(payload):
            length = 8 + len(payload)
            if dice.random() < 0.3:
                length = dice.choice([0, 7, 8, length - 1, length + 9, 65535]) & 0xFFFF
            return struct.pack("!HHHH", dice.randrange(1024, 60000), 53, length, 0) + payload

        def segment(payload):
            offset = dice.choice([5, 5, 5, 0, 1, 4, 6, 10, 15])
            flags = dice.choice([0, 2, 16, 24, 17, 18, 41, 63, 255])
            return struct.pack("!HHIIBBHHH", dice.randrange(1024, 1100), dice.choice([53, 443]), dice.getrandbits(32),
                               dice.getrandbits(32), offset << 4 | dice.getrandbits(4), flags, 1000, 0, 0) + payload

        def packet():
            protocol = dice.choice([6, 17])
            payload = mutated(dice.choice([query, loop, hello, lambda: noise(dice.randrange(300)), lambda: b""])())
            transport = datagram(payload) if protocol == 17 else segment(payload)
            if dice.random() < 0.1:
                transport = transport[:dice.randrange(len(transport) + 1)]
            options = dice.choice([b""] * 6 + [b"\1\1\1\0", b"\x82\4\0\0", b"\x9e\4ab", b"\x9e\x28" + noise(38), b"\7\3\4\0", b"\x9e\0\0\0"])
            fragment = dice.choice([0] * 12 + [0x4000, 0x8000])
            head = struct.pack("!BBHHHBBH", 0x40 | 5 + len(options) // 4, dice.getrandbits(8), 0, dice.getrandbits(16),
                               fragment, dice.choice([1, 2, 64, 255]), protocol, 0) + ends[0] + ends[1]
            return head + options + transport

        sent = refused = 0
        for number in range(count):
            try:
                raw.sendto(packet(), (server, 0))
                sent += 1
            except OSError:
                refused += 1
            if number % 50 == 49:
                time.sleep(0.001)
        print(f"sent={sent} refused={refused}", flush=True)
        """#

    /// Prints the messages that come to a Unix datagram socket, each with the queues that are bound at that time.
    ///
    /// Arguments: the socket's path.
    static let notifications = #"""
        import socket, sys

        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listening.bind(sys.argv[1])
        print("ready", flush=True)
        while True:
            message = listening.recv(4096).decode().replace("\n", " ")
            with open("/proc/self/net/netfilter/nfnetlink_queue") as table:
                bound = [line.split()[0] for line in table]
            print(f"{message} queues={','.join(bound)}", flush=True)
        """#

    /// Starts a program and sends it a signal again and again from the moment at which its socket is there; tells how it ended.
    ///
    /// Arguments: the socket's path, the signal's number, seconds after which SIGTERM ends what still runs, the program with its arguments.
    static let impatient = #"""
        import os, subprocess, sys, time

        path, number, patience = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
        child = subprocess.Popen(sys.argv[4:], stderr=subprocess.DEVNULL)
        while child.poll() is None and not os.path.exists(path):
            pass
        end = time.monotonic() + patience
        sent = 0
        while child.poll() is None and time.monotonic() < end:
            child.send_signal(number)
            sent += 1
            time.sleep(0.0005)
        child.terminate()
        print(f"sent={sent > 0} status={child.wait()}", flush=True)
        """#
}
