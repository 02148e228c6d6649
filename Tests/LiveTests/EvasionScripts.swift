/// The program that plays cases of evasion on the wires; Python's standard library alone.
extension Script {
    /// Sends the packets of scenes, exactly as they are, and tells which of them have come through the router.
    ///
    /// Behind each packet it sends a sentinel through the same queue, a DNS message with a name on no list, and waits until that arrives at
    /// the other side; what has not come until then has been dropped.
    ///
    /// Arguments: the namespaces of client, router and server, the metrics socket, a file with `scene ID`, `> HEX` for a packet of the
    /// client, `< HEX` for one of the server, `end`. It prints for each scene `scene ID`, `arrived` with a 1 or a 0 for each packet, each
    /// counter that has grown as `counter BY SAMPLE` (less the sentinels' names), and `end`. Of a scene with fragments it prints the payload of
    /// each IP packet whose pieces have all come, or that came in one, as `whole HEX`.
    static let evasion = #"""
        import ctypes, fcntl, http.client, os, select, socket, struct, sys, time

        names, metrics, plan = sys.argv[1:4], sys.argv[4], sys.argv[5]
        # On one processor packets of one sender stay in order until they are queued.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        system = ctypes.CDLL(None, use_errno=True)

        def enter(namespace):
            with open(f"/run/netns/{namespace}") as file:
                if system.setns(file.fileno(), 0x40000000):
                    raise OSError(ctypes.get_errno(), f"setns {namespace}")

        def hardware(link):
            with socket.socket() as any_socket:
                return fcntl.ioctl(any_socket, 0x8927, struct.pack("256s", link.encode()))[18:24]

        def tap(link):
            opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            opened.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
            opened.bind((link, 3))
            return opened, hardware(link)

        enter(names[1])
        gateways = hardware("clients"), hardware("servers")
        sides = []
        for namespace, gateway in zip((names[0], names[2]), gateways):
            enter(namespace)
            opened, own = tap("uplink")
            sides.append((opened, gateway + own))

        def normal(packet):
            if packet[0] >> 4 == 4:
                return packet[:8] + b"\0" + packet[9:10] + b"\0\0" + packet[12:]
            return packet[:7] + b"\0" + packet[8:]

        def checksum(data):
            total = sum(struct.unpack(f"!{len(data) // 2}H", data))
            while total >> 16:
                total = (total & 0xFFFF) + (total >> 16)
            return ~total & 0xFFFF

        far = socket.inet_aton("203.0.113.80")
        count = 0

        def sentinel(way):
            global count
            count += 1
            # Each from another port, so that no flow of theirs is ever decided.
            near, port = struct.pack("!BBH", 10, 78, count // 50000), 1024 + count % 50000
            label = b"s%08d" % count
            message = struct.pack("!HHHHHH", 7, 0x8180 if way else 0x0100, 1, 0, 0, 0)
            message += bytes([len(label)]) + label + b"\4test\0" + struct.pack("!HH", 1, 1)
            ports, ends = ((53, port), far + near) if way else ((port, 53), near + far)
            datagram = struct.pack("!HHHH", *ports, 8 + len(message), 0) + message
            head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, 64, 17, 0) + ends
            return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + datagram

        def send(way, packet):
            opened, addresses = sides[way]
            opened.send(addresses + (b"\x08\0" if packet[0] >> 4 == 4 else b"\x86\xdd") + packet)

        def ask(way, packet):
            # What has come out at the other side when the sentinel behind the packet does.
            last = sentinel(way)
            send(way, packet)
            send(way, last)
            last, seen, opened = normal(last), [], sides[1 - way][0]
            deadline = time.monotonic() + 20
            while True:
                if not select.select([opened], [], [], max(0, deadline - time.monotonic()))[0]:
                    sys.exit("a sentinel has not come through")
                frame, origin = opened.recvfrom(65535)
                if origin[2] == 4 or frame[12:14] not in (b"\x08\0", b"\x86\xdd"):
                    continue
                # What neighbours say to each other of themselves (RFC 4861 §4, RFC 3810 §5) comes when it likes.
                if frame[14] >> 4 == 6 and 58 in (frame[20], frame[54] if frame[20] == 0 else 0):
                    continue
                came = normal(frame[14:])
                if came == last:
                    return seen
                seen.append(came)

        kinds = ("names", "matches", "anomalies", "undecided", "packets")

        def counters():
            # Another connection each time: one that stays open may ask four times a second.
            connection = http.client.HTTPConnection("localhost")
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(metrics)
            connection.request("GET", "/metrics", headers={"Connection": "close"})
            found = {}
            for line in connection.getresponse().read().decode().splitlines():
                if line.startswith(tuple(f"grindvakt_{kind}_total" for kind in kinds)):
                    sample, value = line.rsplit(" ", 1)
                    found[sample] = int(value)
            return found

        def part(packet):
            # What a fragment belongs to, its offset, whether more follow, its payload.
            if packet[0] >> 4 == 4:
                field, = struct.unpack("!H", packet[6:8])
                key, body = packet[12:20] + packet[4:6] + packet[9:10], packet[(packet[0] & 15) * 4:]
                return key, (field & 0x1FFF) * 8, bool(field & 0x2000), body
            if packet[6] != 44:
                return packet[8:40], 0, False, packet[40:]
            field, = struct.unpack("!H", packet[42:44])
            return packet[8:40] + packet[44:48], field & 0xFFF8, bool(field & 1), packet[48:]

        def wholes(packets):
            waiting = {}
            for packet in packets:
                key, offset, more, body = part(packet)
                pieces = waiting.setdefault(key, {})
                pieces[offset] = body, more
                joined = b""
                while len(joined) in pieces:
                    body, more = pieces[len(joined)]
                    joined += body
                    if not more or not body:
                        break
                else:
                    continue
                if not more:
                    del waiting[key]
                    yield joined

        before = counters()
        with open(plan) as file:
            for line in file:
                word, _, rest = line.strip().partition(" ")
                if word == "scene":
                    print("scene", rest)
                    arrived, came, asked, is_cut = "", [], 0, False
                elif word == "end":
                    now = counters()
                    now['grindvakt_names_total{protocol="dns"}'] -= asked
                    print("arrived", arrived)
                    for sample, value in now.items():
                        if value != before.get(sample, 0):
                            print("counter", value - before.get(sample, 0), sample)
                    for whole in wholes(came) if is_cut else ():
                        print("whole", whole.hex())
                    print("end", flush=True)
                    now['grindvakt_names_total{protocol="dns"}'] += asked
                    before = now
                else:
                    way, packet = int(word == "<"), bytes.fromhex(rest)
                    is_cut = is_cut or part(packet)[1:3] != (0, False) or packet[0] >> 4 == 6 and packet[6] == 44
                    seen = ask(way, packet)
                    asked += way == 0
                    arrived += "1" if normal(packet) in seen else "0"
                    came += seen if way == 0 else []
        """#
}
