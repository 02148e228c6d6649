/// The programs of the test of ten thousand refused connections; each runs one loop over many sockets.
extension Script {
    /// Serves port 443 and reads hellos without keys: what a client gets begins as a ServerHello does, and tells that its hello got through.
    ///
    /// Arguments: addresses. A connection whose hello names `held.` stays open; every other is closed once the reply is sent. At SIGTERM tells
    /// how many hellos came that named a listed name, and how many others.
    static let helloServer = #"""
        import select, signal, socket, sys

        def end(number, frame):
            raise SystemExit

        signal.signal(signal.SIGTERM, end)
        reply = b"\x16\3\3\0\x06\2\0\0\2\3\3" + bytes(3000)
        poll, listening, streams, kept = select.epoll(), {}, {}, set()
        for address in sys.argv[1:]:
            made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((address, 443))
            made.listen(4096)
            made.setblocking(False)
            listening[made.fileno()] = made
            poll.register(made.fileno(), select.EPOLLIN)
        listed = others = 0

        def drop(number):
            poll.unregister(number)
            streams.pop(number)[0].close()
            kept.discard(number)

        print("ready", flush=True)
        try:
            while True:
                for number, event in poll.poll():
                    if number in listening:
                        for _ in range(64):
                            try:
                                stream = listening[number].accept()[0]
                            except OSError:
                                break
                            stream.setblocking(False)
                            streams[stream.fileno()] = stream, bytearray()
                            poll.register(stream.fileno(), select.EPOLLIN)
                        continue
                    stream, data = streams[number]
                    try:
                        piece = stream.recv(65536)
                        data += piece
                        if piece and (len(data) < 5 or len(data) < 5 + int.from_bytes(data[3:5], "big")):
                            continue
                        if piece:
                            if b".listed.test" in data:
                                listed += 1
                            else:
                                others += 1
                            stream.send(reply)
                            if b"held." in data or number in kept:
                                kept.add(number)
                                data.clear()
                                continue
                            stream.shutdown(socket.SHUT_WR)
                            poll.modify(number, select.EPOLLIN)
                            data.clear()
                            data += b"\x16\3\1\xff\xff"
                            continue
                    except OSError:
                        pass
                    drop(number)
        finally:
            print(f"hellos listed={listed} others={others}", flush=True)
        """#

    /// Opens TCP connections at a rate, sends in each a real ClientHello, and tells how each kind ended.
    ///
    /// Arguments: how many connections to listed names, how many a second in all, the most at once, addresses. Every sixth connection is to a
    /// name on no list. SIGUSR1 begins a gap, in which nobody may be inspecting, and SIGUSR2 ends it: connections that have seen a part of it
    /// come on top of those that were asked for. Tells of each kind and time how many connections ended in which way.
    static let crowd = #"""
        import errno, select, signal, socket, ssl, sys, time

        wanted, rate, most = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
        addresses = sys.argv[4:]

        def hello(name):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname=name)
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                return outgoing.read()

        listed = [hello(f"{label}.listed.test") for label in ("www", "cdn", "a.b", "x" * 60)]
        plain = [hello(name) for name in ("www.test", "cdn.unlisted.test")]
        gaps = []

        def begin(number, frame):
            gaps.append([time.monotonic(), None])
            print("gap begins", flush=True)

        def end(number, frame):
            gaps[-1][1] = time.monotonic()
            print("gap ended", flush=True)

        signal.signal(signal.SIGUSR1, begin)
        signal.signal(signal.SIGUSR2, end)

        def isInGap(start, finish):
            return any(start <= (gap[1] or finish) and finish >= gap[0] for gap in gaps)

        poll, open_, counts, delays = select.epoll(), {}, {}, []
        # Of connections to listed names, how many have ended of those that count.
        done = started = 0

        def finish(number, how):
            global done
            stream, isListed, started_at, state, sent_at = open_.pop(number)
            poll.unregister(number)
            stream.close()
            now = time.monotonic()
            isGap = isInGap(started_at, now)
            key = ("listed" if isListed else "plain", "gap" if isGap else "watched", how)
            counts[key] = counts.get(key, 0) + 1
            if isListed and not isGap:
                done += 1
                if how == "reset":
                    delays.append(now - sent_at)
                if done % 500 == 0:
                    print(f"so far {done}", flush=True)

        def start():
            global started
            number = started
            started += 1
            address = addresses[number // 6 % len(addresses)]
            stream = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            stream.setblocking(False)
            status = stream.connect_ex((address, 443))
            if status not in (0, errno.EINPROGRESS):
                sys.exit(f"connect: {status}")
            open_[stream.fileno()] = [stream, number % 6 != 5, time.monotonic(), "connecting", 0]
            poll.register(stream.fileno(), select.EPOLLOUT)

        def go_on(number, event):
            entry = open_[number]
            stream = entry[0]
            try:
                if entry[3] == "connecting":
                    status = stream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if status:
                        return finish(number, "refused" if status == errno.ECONNREFUSED else f"error{status}")
                    choices = listed if entry[1] else plain
                    entry[3], entry[4] = "asking", time.monotonic()
                    stream.send(choices[number % len(choices)])
                    return poll.modify(number, select.EPOLLIN)
                data = stream.recv(65536)
                if entry[3] == "asking":
                    if data[:1] == b"\x16" and data[5:6] == b"\2":
                        entry[3] = "answered"
                        if entry[1]:
                            return finish(number, "passed")
                    else:
                        return finish(number, "closed")
                elif not data:
                    finish(number, "complete")
            except ConnectionResetError:
                finish(number, "reset")
            except OSError as error:
                finish(number, f"error{error.errno}")

        begun, swept = time.monotonic(), time.monotonic()
        while done < wanted:
            now = time.monotonic()
            for _ in range(min(int((now - begun) * rate) + 1 - started, most - len(open_), 32)):
                start()
            for number, event in poll.poll(0.002):
                if number in open_:
                    go_on(number, event)
            if now - swept > 0.5:
                swept = now
                for number in [number for number, entry in open_.items() if now - entry[2] > 20]:
                    finish(number, "silence")
        # The last ones end too, whatever they are.
        deadline = time.monotonic() + 20
        while open_ and time.monotonic() < deadline:
            for number, event in poll.poll(0.1):
                if number in open_:
                    go_on(number, event)
        for number in list(open_):
            finish(number, "silence")
        for key, count in sorted(counts.items()):
            print("count", *key, count)
        delays.sort()
        print("delays", *(f"{delays[int(len(delays) * part)] * 1000:.2f}" for part in (0.5, 0.99)))
        print(f"took {time.monotonic() - begun:.2f}", flush=True)
        """#

    /// Sends without end to the client that says a hello on port 443, at a bounded pace. Arguments: address, octets a second.
    static let bulkServer = #"""
        import signal, socket, sys

        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((sys.argv[1], 443))
        listening.listen(1)
        print("ready", flush=True)
        stream = listening.accept()[0]
        # SO_MAX_PACING_RATE
        stream.setsockopt(socket.SOL_SOCKET, 47, int(sys.argv[2]))
        stream.recv(65536)
        block = bytes(1 << 20)
        try:
            while True:
                stream.sendall(block)
        except OSError as error:
            print(f"ended {error}", flush=True)
        """#

    /// Takes what a server sends, and keeps one connection to a name on no list open beside it.
    ///
    /// Arguments: the address of the one who sends, and that of the one who answers hellos. Tells every half second how many octets have come; at SIGUSR1 whether the other connection is there still.
    static let bulkClient = #"""
        import select, signal, socket, ssl, sys, time

        told = []
        signal.signal(signal.SIGUSR1, lambda number, frame: told.append(number))
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname="held.test")
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            hello = outgoing.read()
        held = socket.create_connection((sys.argv[2], 443))
        held.settimeout(20)
        # What a client says next in a handshake: by it the sensor knows that no other hello follows.
        rest = b"\x14\3\3\0\1\1\x17\3\3\0\x20" + bytes(32)

        def answers(data):
            held.sendall(data)
            count = 0
            while count < 3011:
                piece = held.recv(65536)
                if not piece:
                    return False
                count += len(piece)
            return True

        if not (answers(hello) and answers(rest)):
            sys.exit("held: closed")

        stream = socket.create_connection((sys.argv[1], 443))
        stream.sendall(hello)
        stream.recv(1)
        stream.sendall(rest)
        buffer, total, longest = bytearray(1 << 20), 0, 0
        begun = last = told_at = time.monotonic()
        while not told:
            if select.select([stream], [], [], 0.1)[0]:
                count = stream.recv_into(buffer)
                if count == 0:
                    sys.exit("bulk: closed")
                now = time.monotonic()
                longest, last, total = max(longest, now - last), now, total + count
            if time.monotonic() - told_at > 0.5:
                told_at = time.monotonic()
                print(f"so far {total}", flush=True)
        seconds = time.monotonic() - begun
        print(f"bulk {total} {seconds:.2f} {longest:.3f}", flush=True)
        print(f"held {answers(rest)}", flush=True)
        signal.pause()
        """#

    /// Opens TCP connections by hand, sends in each a hello for a listed name, and goes on sending it after it was reset.
    ///
    /// Arguments: server, first own port, how many. The host's own resets of these ports have to be kept back. Ends at SIGTERM and tells how
    /// many answers of which kind came: before SIGUSR1, after it, and after SIGUSR2.
    static let stubborn = #"""
        import ctypes, os, select, signal, socket, ssl, struct, sys, time

        server, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        phase, isEnding = [0], []

        def move(number, frame):
            phase[0] += 1

        signal.signal(signal.SIGUSR1, move)
        signal.signal(signal.SIGUSR2, move)
        signal.signal(signal.SIGTERM, lambda number, frame: isEnding.append(number))
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        raw.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
        # SO_ATTACH_FILTER: only what goes to these ports, since a raw socket gets all segments of the host.
        code = [(0xB1, 0, 0, 0), (0x48, 0, 0, 2), (0x35, 0, 2, first), (0x25, 1, 0, first + count - 1), (6, 0, 0, 65535), (6, 0, 0, 0)]
        program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
        raw.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", len(code), ctypes.addressof(program)))
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        probe.connect((server, 9))
        ends = socket.inet_aton(probe.getsockname()[0]) + socket.inet_aton(server)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname="stubborn.listed.test")
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            hello = outgoing.read()

        def checksum(data):
            data += b"\0" * (len(data) % 2)
            total = sum(struct.unpack(f"!{len(data) // 2}H", data))
            while total >> 16:
                total = (total & 0xFFFF) + (total >> 16)
            return ~total & 0xFFFF

        def send(port, sequence, acknowledged, flags, data=b""):
            head = struct.pack("!HHIIBBHHH", port, 443, sequence & 0xFFFFFFFF, acknowledged, 5 << 4, flags, 64000, 0, 0)
            pseudo = ends + struct.pack("!HH", socket.IPPROTO_TCP, len(head) + len(data))
            head = head[:16] + struct.pack("!H", checksum(pseudo + head + data)) + head[18:]
            raw.sendto(head + data, (server, 0))

        ports = range(first, first + count)
        begins = {port: struct.unpack("!I", os.urandom(4))[0] for port in ports}
        theirs, isReset = {}, set()
        counts = [{"reset": 0, "hello": 0, "sent": 0} for _ in range(3)]
        isTold = False
        for port in ports:
            send(port, begins[port], 0, 2)
        sent = time.monotonic()
        while not isEnding:
            if select.select([raw], [], [], 0.02)[0]:
                packet = raw.recv(65535)
                packet = packet[(packet[0] & 15) * 4:]
                source, port, sequence, acknowledged, offset, flags = struct.unpack("!HHIIBB", packet[:14])
                if source != 443 or port not in begins:
                    continue
                data = packet[(offset >> 4) * 4:]
                if flags & 0x12 == 0x12 and port not in theirs:
                    theirs[port] = sequence + 1 & 0xFFFFFFFF
                    send(port, begins[port] + 1, theirs[port], 0x10)
                    send(port, begins[port] + 1, theirs[port], 0x18, hello)
                elif flags & 4:
                    counts[phase[0]]["reset"] += 1
                    isReset.add(port)
                elif data[:1] == b"\x16":
                    counts[phase[0]]["hello"] += 1
                if len(isReset) == count and not isTold:
                    isTold = True
                    print("all reset", flush=True)
            if time.monotonic() - sent > 0.1:
                sent = time.monotonic()
                for port in isReset:
                    send(port, begins[port] + 1, theirs[port], 0x18, hello)
                    counts[phase[0]]["sent"] += 1
        for number, seen in enumerate(counts):
            print("phase", number, seen["sent"], seen["reset"], seen["hello"])
        sys.stdout.flush()
        """#
}
