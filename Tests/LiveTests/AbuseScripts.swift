/// The programs of the test of spoofed floods.
extension Script {
    /// Sends DNS queries under the addresses of others, with and without EDNS, for addresses of both versions.
    ///
    /// Arguments: server in IPv4 and IPv6, listed name, queries a second, seconds. Tells when it begins, and how many it has sent, with how many
    /// octets of IP packets.
    static let spoofed = #"""
        import socket, struct, sys, time

        server4, server6, name, rate, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5])
        raw4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
        for raw in (raw4, raw6):
            raw.setsockopt(socket.SOL_SOCKET, 32, 64 << 20)
        question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
        option = b"\0" + struct.pack("!HHIH", 41, 4096, 0x8000, 0)

        def checksum(data):
            data += b"\0" * (len(data) % 2)
            total = sum(struct.unpack(f"!{len(data) // 2}H", data))
            while total >> 16:
                total = (total & 0xFFFF) + (total >> 16)
            return ~total & 0xFFFF or 0xFFFF

        def packet(number):
            kind = 28 if number & 1 else 1
            hasOptions = number & 2
            message = struct.pack("!HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 1 if hasOptions else 0) + question
            message += struct.pack("!HH", kind, 1) + (option if hasOptions else b"")
            datagram = struct.pack("!HHHH", 1024 + number % 60000, 53, 8 + len(message), 0) + message
            if number & 4:
                source = socket.inet_pton(socket.AF_INET6, f"2001:db8:bad::{number % 65000 + 1:x}")
                ends = source + socket.inet_pton(socket.AF_INET6, server6)
                sum_ = checksum(ends + struct.pack("!II", len(datagram), 17) + datagram)
                head = struct.pack("!IHBB", 6 << 28, len(datagram), 17, 64) + ends
            else:
                ends = socket.inet_aton(f"203.0.113.{number // 8 % 250 + 1}") + socket.inet_aton(server4)
                sum_ = checksum(ends + struct.pack("!HH", 17, len(datagram)) + datagram)
                head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), number & 0xFFFF, 0, 64, 17, 0) + ends
            return head + datagram[:6] + struct.pack("!H", sum_) + datagram[8:]

        packets = [packet(number) for number in range(4000)]
        sent = octets = 0
        print("begins", flush=True)
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            due = int((time.monotonic() - begun) * rate) + 1
            for _ in range(min(due - sent, 200)):
                made = packets[sent % len(packets)]
                if made[0] >> 4 == 4:
                    raw4.sendto(made, (server4, 0))
                else:
                    raw6.sendto(made, (server6, 0))
                sent += 1
                octets += len(made)
            time.sleep(0.0005)
        print(f"sent {sent} {octets} {time.monotonic() - begun:.2f}", flush=True)
        """#

    /// Asks for names on no list, one query after the other, and tells how long the answers take.
    ///
    /// Arguments: server, queries a second. SIGUSR1 begins another measure, SIGTERM ends the last. Tells of each how many were asked, how many
    /// answered within five seconds, and the median and the 99th percentile in milliseconds.
    static let honest = #"""
        import select, signal, socket, struct, sys, time

        server, rate = sys.argv[1], float(sys.argv[2])
        measures, isEnding = [[]], []
        signal.signal(signal.SIGUSR1, lambda number, frame: measures.append([]))
        signal.signal(signal.SIGTERM, lambda number, frame: isEnding.append(number))
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asking.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
        asking.connect((server, 53))
        suffix = b"\4free\4test\0" + struct.pack("!HH", 1, 1)
        # Of each query in which measure it is, and when it was sent.
        pending, number, begun = {}, 0, time.monotonic()

        def take(seconds):
            if not select.select([asking], [], [], seconds)[0]:
                return
            answer = asking.recv(65535)
            now = time.monotonic()
            measure, sent = pending.pop(int(answer[14:20]), (None, 0))
            if measure is not None:
                measure.append(now - sent)

        asked = {}
        print("ready", flush=True)
        while not isEnding:
            now = time.monotonic()
            if number < (now - begun) * rate:
                name = b"\7n%06d" % number
                measure = measures[-1]
                asked[id(measure)] = asked.get(id(measure), 0) + 1
                pending[number] = measure, time.monotonic()
                asking.send(struct.pack("!HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + name + suffix)
                number += 1
                if number % 50 == 0:
                    print(f"so far {number}", flush=True)
            take(0.001)
        deadline = time.monotonic() + 5
        while pending and time.monotonic() < deadline:
            take(0.1)
        for measure in measures:
            delays = sorted(measure) or [float("inf")]
            parts = [delays[int(len(delays) * part)] * 1000 for part in (0.5, 0.99)]
            print("measure", asked.get(id(measure), 0), len(measure), *(f"{part:.3f}" for part in parts))
        sys.stdout.flush()
        """#
}
