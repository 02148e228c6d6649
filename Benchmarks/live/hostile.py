"""Hostile clients of the metrics socket: hostile.py SOCKET runs until it is ended, and says every second how many answers and connections it has.

Connections that say nothing, heads that trickle in, requests without end whose answers nobody reads, heads that are too large; and scrapes one after
the other, on connections of their own.
"""

import socket
import sys
import time

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
SCRAPE = REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
# Of each kind: how many at most, what a connection begins with, and what is sent again and again.
KINDS = (
    (300, b"", b""),
    (60, b"GET /metrics HTTP/1.1\r\nX: ", b"x"),
    (40, REQUEST * 500, REQUEST * 500),
    (20, b"GET / HTTP/1.1\r\nX: " + b"x" * 60_000, b"x" * 60_000),
)
AT_ONCE = 20


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.setblocking(False)
    try:
        connection.connect(path)
    except OSError:
        # No room for it, or nobody there just now.
        connection.close()
        return None
    return connection


def send(connection, octets):
    """Whether the connection is still there."""
    try:
        connection.send(octets)
    except BlockingIOError:
        pass
    except OSError:
        connection.close()
        return False
    return True


def is_there(connection):
    try:
        if connection.recv(1) != b"":
            return True
    except BlockingIOError:
        return True
    except OSError:
        pass
    connection.close()
    return False


def is_answered(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.2)
        try:
            connection.connect(path)
            connection.sendall(SCRAPE)
            return connection.recv(100).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def main(path):
    held = [[] for _ in KINDS]
    answers, told = 0, time.monotonic()
    while True:
        for (most, first, more), connections in zip(KINDS, held):
            connections[:] = [one for one in connections if (send(one, more) if more else is_there(one))]
            for _ in range(min(AT_ONCE, most - len(connections))):
                connection = connect(path)
                if connection is None:
                    break
                if not first or send(connection, first):
                    connections.append(connection)
        answers += sum(is_answered(path) for _ in range(AT_ONCE))
        if time.monotonic() - told >= 1:
            told = time.monotonic()
            print(answers, sum(len(connections) for connections in held), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
