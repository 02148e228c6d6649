"""Packets that break every format, the same for the same seed: garbage.py SERVER SEED

Datagrams to the ports of DNS and QUIC, and TCP segments of no connection to those of TLS and HTTP: noise, and messages that begin as they should.
None holds a number that the server of the traffic could take for a question.
"""

import random
import socket
import struct
import sys
import time

COUNT, PAUSE_EVERY = 3_000, 50
DATAGRAM_PORTS, STREAM_PORTS = (53, 443), (53, 80, 443)
QUERY = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0)
BEGINNINGS = (
    b"", QUERY, QUERY + b"\xc0\x0c", QUERY + b"\3www\xc0\x0e", QUERY + b"\x3f", b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03",
    b"\xc3\x00\x00\x00\x01\x08", b"\xc3\x00\x00\x00\x01\xff", b"GET / HTTP/1.1\r\nHost: ", b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
)


def payload(dice):
    # Letters and up: no digits.
    return dice.choice(BEGINNINGS) + bytes(dice.randrange(128, 256) for _ in range(dice.choice((0, 1, 7, 60, 1_200))))


def segment(dice, port):
    flags, offset = dice.choice((0, 2, 4, 16, 17, 18, 24, 41, 63)), dice.choice((5, 5, 5, 0, 4, 6, 15))
    own, numbers = dice.randrange(1_024, 60_000), (dice.getrandbits(32), dice.getrandbits(32))
    return struct.pack("!HHIIBBHHH", own, port, *numbers, offset << 4, flags, 1_000, 0, 0)


def main(server, seed):
    dice = random.Random(int(seed))
    datagrams, segments = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    for number in range(COUNT):
        try:
            if dice.random() < 0.5:
                datagrams.sendto(payload(dice), (server, dice.choice(DATAGRAM_PORTS)))
            else:
                segments.sendto(segment(dice, dice.choice(STREAM_PORTS)) + payload(dice), (server, 0))
        except OSError:
            # The kernel does not send everything.
            pass
        if number % PAUSE_EVERY == PAUSE_EVERY - 1:
            time.sleep(0.005)


if __name__ == "__main__":
    main(*sys.argv[1:])
