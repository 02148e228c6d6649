/// The programs of the test of many swaps; both tell moments of the one clock that all hosts of a lab share.
extension Script {
    /// Puts one file after the other in the place of a list, and has the sensor read its lists anew each time.
    ///
    /// Arguments: socket, the list, how many times, seconds to wait between two, the files to take turns with.
    /// Tells of every swap when it was asked for and answered, and the sensor's resident size after the tenth and the last.
    static let swaps = #"""
        import http.client, os, socket, struct, sys, time

        path, place, count, pause = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
        files = sys.argv[5:]
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(path)
        # The sensor listens at the socket, so this is its number (unix(7), SO_PEERCRED).
        sensor = struct.unpack("iii", connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

        def resident():
            with open(f"/proc/{sensor}/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

        def settled():
            # What the workers have let go of is freed a moment after a swap.
            sizes = []
            while len(sizes) < 50:
                sizes.append(resident())
                time.sleep(0.02)
            return min(sizes)

        told = []
        for swap in range(1, count + 1):
            os.link(files[swap % len(files)], place + ".next")
            os.rename(place + ".next", place)
            asked = time.monotonic()
            connection.request("POST", "/reload", body=b"")
            answer = connection.getresponse()
            body = answer.read()
            told.append(f"swap {asked:.6f} {time.monotonic():.6f}")
            if answer.status != 200:
                sys.exit(f"swap {swap}: {answer.status} {body}")
            if swap in (10, count):
                told.append(f"resident {settled()}")
            time.sleep(pause)
        print("\n".join(told), flush=True)
        """#

    /// Asks for names in threes at a rate, over a socket for each address: one that is always listed, one that never is, and one that is
    /// in every other edition.
    ///
    /// Arguments: queries a second, seconds to wait for the last answers, how many names are always listed and how many in turns, addresses.
    /// Ends at SIGUSR1. Tells of the first two kinds how many were sent and answered; of every name listed in turns when it was asked for, when
    /// the answer to it, or to a later query that is never stopped, had come, in which editions it is listed, and whether it was answered.
    static let turns = #"""
        import select, signal, socket, struct, sys, time

        rate, patience, always, inTurns = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
        told = []
        signal.signal(signal.SIGUSR1, lambda number, frame: told.append(number))
        flows = []
        for address in sys.argv[5:]:
            flow = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
            flow.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
            flow.connect((address, 53))
            flow.setblocking(False)
            flows.append(flow)
        # Of each query when it was sent and when an answer to it came.
        sent, answered = [], {}

        def name(number):
            turn = number // 3
            if number % 3 == 0:
                return b"always-%d" % (turn % always)
            if number % 3 == 1:
                return b"never-%d" % (turn % 5000)
            return b"%s-%d" % (b"odd" if turn % 2 else b"even", turn // 2 % inTurns)

        def drain():
            for flow in flows:
                while True:
                    try:
                        answer = flow.recv(65535)
                    except BlockingIOError:
                        break
                    answered.setdefault(int(answer[14:20]), time.monotonic())

        start = time.monotonic()
        while not told:
            due = int((time.monotonic() - start) * rate) + 1
            for _ in range(min(due - len(sent), 64)):
                number = len(sent)
                first = name(number)
                query = struct.pack("!HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + b"\7n%06d" % number
                query += bytes([len(first)]) + first + b"\4swap\4test\0" + struct.pack("!HH", 1, 1)
                sent.append(time.monotonic())
                # Two rounds of three go over each socket in turn, so that each has every kind.
                flows[number // 6 % len(flows)].send(query)
                if number and number % 3000 == 0:
                    print(f"so far {number}", flush=True)
            drain()
            time.sleep(0.0005)
        # What is never stopped bounds what was sent before it on the same socket: a queue is judged in order.
        quiet = time.monotonic() + patience
        while time.monotonic() < quiet:
            # The last name listed in turns has nothing behind it: what comes for a while yet is waited for.
            isSilent = not select.select(flows, [], [], 2)[0]
            drain()
            if isSilent and all(number in answered for number in range(1, len(sent), 3)):
                break

        account = []
        for kind, label in enumerate(("always", "never")):
            numbers = range(kind, len(sent), 3)
            account.append(f"{label} {len(numbers)} {sum(number in answered for number in numbers)}")
        bounds = [float("inf")] * len(flows)
        for number in range(len(sent) - 1, -1, -1):
            flow = number // 6 % len(flows)
            if number % 3 == 1:
                bounds[flow] = answered.get(number, bounds[flow])
            elif number % 3 == 2:
                end = answered.get(number, bounds[flow])
                account.append(f"turn {sent[number]:.6f} {end:.6f} {number // 3 % 2} {int(number in answered)}")
        print("\n".join(account), flush=True)
        """#
}
