extension Script {
    /// Serves TLS connections that go on for as long as their clients want: what comes in goes back.
    ///
    /// Arguments: certificate, key, addresses to listen on.
    static let patientServer = #"""
        import socket, ssl, sys, threading

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])

        def serve(connection):
            try:
                with context.wrap_socket(connection, server_side=True) as stream:
                    while data := stream.recv(65535):
                        stream.sendall(data)
            except (OSError, ValueError):
                pass

        def listen(listening):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

        threads = []
        for address in sys.argv[3:]:
            listening = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address, 443))
            listening.listen(64)
            threads.append(threading.Thread(target=listen, args=(listening,)))
        for thread in threads:
            thread.start()
        print("ready", flush=True)
        """#

    /// Opens a TLS connection and keeps asking in it; tells after every twentieth answer, and how it ends.
    ///
    /// Arguments: certificate to trust, server, name.
    static let patientClient = #"""
        import socket, ssl, sys, time

        context = ssl.create_default_context(cafile=sys.argv[1])
        context.check_hostname = False
        answers = 0
        try:
            with socket.create_connection((sys.argv[2], 443), timeout=20) as connection:
                with context.wrap_socket(connection, server_hostname=sys.argv[3]) as stream:
                    while True:
                        stream.sendall(b"x" * 100)
                        received = 0
                        while received < 100:
                            data = stream.recv(100)
                            if not data:
                                raise EOFError
                            received += len(data)
                        answers += 1
                        if answers % 20 == 0:
                            print("echoed", answers, flush=True)
                        time.sleep(0.01)
        except (ConnectionResetError, BrokenPipeError, EOFError):
            # The server never ends a connection; which of these a reset is depends on what the client is doing when it comes.
            print("cut", flush=True)
        except OSError as error:
            print("ended", type(error).__name__, flush=True)
        """#
}
