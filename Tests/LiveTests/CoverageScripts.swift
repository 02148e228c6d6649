extension Script {
    /// Answers every QUIC packet with a long header by a Version Negotiation packet (RFC 8999 §6).
    ///
    /// Arguments: the addresses to answer on, UDP port 443.
    static let quicNegotiator = #"""
        import select, socket, sys

        sockets = []
        for address in sys.argv[1:]:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            answering = socket.socket(family, socket.SOCK_DGRAM)
            answering.bind((address, 443))
            sockets.append(answering)
        print("ready", flush=True)
        while True:
            for answering in select.select(sockets, [], [])[0]:
                packet, client = answering.recvfrom(65535)
                if len(packet) < 7 or not packet[0] & 0x80:
                    continue
                end = 6 + packet[5]
                destination = packet[5:end]
                source = packet[end:end + 1 + packet[end]]
                answering.sendto(b"\xc0\0\0\0\0" + source + destination + b"\x1a\x2a\x3a\x4a", client)
        """#
}
