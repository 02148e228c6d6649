extension Script {
    /// Clients of the counters that mean no good, on the socket and on the listener until they are ended: connections that say nothing, heads
    /// that trickle in, and requests without end whose answers nobody reads. Arguments: the socket, the listener's host and port.
    static let loiterers = #"""
        import errno, socket, sys, time

        path, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
        request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
        kinds = [(250, b"", b""), (60, b"GET /metrics HTTP/1.1\r\nX: ", b"x"), (40, request * 200, request * 200)]
        places = [(socket.AF_UNIX, path), (socket.AF_INET, (host, port))]
        held = {(place, kind): [] for place in range(len(places)) for kind in range(len(kinds))}

        def send(connection, octets):
            try:
                connection.send(octets)
            except BlockingIOError:
                return True
            except OSError as error:
                return error.errno == errno.ENOTCONN
            return True

        rounds, made = 0, 0
        while True:
            for (place, kind), connections in held.items():
                most, first, more = kinds[kind]
                for connection in list(connections):
                    if more and not send(connection, more):
                        connection.close()
                        connections.remove(connection)
                for _ in range(most - len(connections)):
                    family, address = places[place]
                    connection = socket.socket(family)
                    connection.setblocking(False)
                    if connection.connect_ex(address) not in (0, errno.EINPROGRESS):
                        connection.close()
                        break
                    send(connection, first)
                    connections.append(connection)
                    made += 1
            rounds += 1
            if rounds == 20:
                print(f"loitering on {made} connections", flush=True)
            time.sleep(0.01)
        """#
}
