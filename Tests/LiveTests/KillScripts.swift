/// The program of the test of kills.
extension Script {
    /// Asks over UDP for names on the list and for others in turns, at a rate, until SIGTERM.
    ///
    /// Arguments: server, queries in a second, entries of the list, the file of the account. The listed names are `m0.test` and so on, one after
    /// another. At the end the file has a line for each time that it sent: seconds by the clock that only goes on, and the listed names until then.
    static let steadyLoad = #"""
        import signal, socket, struct, sys, time

        server, rate, entries, account = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
        ended = []
        signal.signal(signal.SIGTERM, lambda number, frame: ended.append(number))
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

        def query(name):
            labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
            return b"\0\0\1\0\0\1\0\0\0\0\0\0" + labels + b"\0" + struct.pack("!HH", 1, 1)

        listed = [query(f"www.m{number}.test") for number in range(entries)]
        other = query("www.other.test")
        sent, times = 0, []
        print("begun", flush=True)
        start = time.monotonic()
        while not ended:
            due = int((time.monotonic() - start) * rate / 2) + 1
            for _ in range(min(due - sent, 64)):
                asking.sendto(listed[sent % entries], (server, 53))
                asking.sendto(other, (server, 53))
                sent += 1
            times.append(f"{time.monotonic():.6f} {sent}\n")
            time.sleep(0.001)
        with open(account, "w") as file:
            file.writelines(times)
        print(f"sent={sent}", flush=True)
        """#
}
