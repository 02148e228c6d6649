extension Script {
    /// Takes what clients send over TCP and says nothing.
    ///
    /// Arguments: an address, and ports.
    static let silentServer = #"""
        import selectors, socket, sys

        waiting = selectors.DefaultSelector()
        for port in sys.argv[2:]:
            listening = socket.socket()
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((sys.argv[1], int(port)))
            listening.listen(128)
            waiting.register(listening, selectors.EVENT_READ, True)
        print("ready", flush=True)
        while True:
            for key, _ in waiting.select():
                if key.data:
                    client, _ = key.fileobj.accept()
                    waiting.register(client, selectors.EVENT_READ, False)
                    continue
                try:
                    octets = key.fileobj.recv(65536)
                except OSError:
                    octets = b""
                if not octets:
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()
        """#

    /// Sends messages one after the other, each from a port of its own.
    ///
    /// Arguments: the address to send to, and a file with a line for each: udp or tcp, the port, and the octets in hex. A TCP connection is reset
    /// at once, before anything lost could be sent again.
    static let messages = #"""
        import socket, struct, sys, time

        for line in open(sys.argv[2]):
            # Two queues have a worker each, and whichever is the later would begin the attempt of both.
            time.sleep(0.1)
            transport, port, octets = line.split()
            there = (sys.argv[1], int(port))
            if transport == "udp":
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
                    sending.sendto(bytes.fromhex(octets), there)
                continue
            with socket.create_connection(there, timeout=30) as sending:
                sending.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sending.sendall(bytes.fromhex(octets))
        print("sent")
        """#
}
