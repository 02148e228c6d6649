#!/usr/bin/env python3
"""Writes a capture of what never becomes whole to standard output: half-open.py tls|quic|fragments|mixed COUNT

    tls        the first 600 octets of a ClientHello, each from another flow
    quic       an Initial with the first 300 octets of a ClientHello, each from another flow
    fragments  the first fragment of a datagram, each of another one
    mixed      COUNT of each, in turns

Among each thousand is an innocent connection: SYN, and a whole ClientHello that names host-NUMBER.example.

    Benchmarks/replay/half-open.py mixed 333333 | /usr/bin/time -f '%e s %M kB' .build/release/grindvakt replay -
"""
import struct
import sys

LINKTYPE_RAW = 101
CLIENTS, FRAGMENT_CLIENTS, INNOCENT_CLIENTS = 0x0A000000, 0x0A800000, 0x0AC00000
SERVER = 0xC6336402
UDP, TCP = 17, 6
MORE_FRAGMENTS = 0x2000
HELLO = bytes.fromhex("16030106a201" "00069e0303") + bytes(589)  # record and handshake headers, version; the rest is missing

# An Initial of version 1 (RFC 9001): Destination Connection ID 8394c8f03e515708, packet number 0 in four octets, and one CRYPTO frame:
# offset 0, 300 octets of a ClientHello that states 1,792 (01000700 0303, then zeros). No padding. The keys follow from the connection ID
# alone, so that it is every client's. Sealed with AESGCM of the Python package cryptography; the standard library has no AES.
INITIAL = bytes.fromhex(
    "c300000001088394c8f03e51570800004144a71f262946b450f69b7ca427c0a54f95c68877c3221010feab50171bb176bf6e9a26"
    "00b40c75e46e440b77597c1727fb11f6e475e90268d731e3ba76a4ddd08b31691433aa505bf8f9038ebd6e418d7cda3cbe41acb4"
    "32ee9dfc88506517df4421a0040282e225fa6c1851223c9cfd105e2354f095ec25c1c69f4bc38b4ac708865e751ef718eafd7394"
    "7f175c53352952a4c4ad4915ccd27ff3427312f0432a0c869b0d54d96b2e4e685ac5cfcd74081e022f797b9dc00bac96579e770b"
    "3d476eda129909e271445ddf02025ea00c2d0259f618bf53904afa456dccfde05f3c9885aab414419ab18308ebca313228235cf1"
    "56a8f1aa9f695e2ea8751aa89ee3d60eeea95a3e85ea7fc663b48e5304bf7c7a618e44bf69067a5912b11c84fb9ccc668b8e43cc"
    "198870bd8308279b5021a13addd618e522f49c9c7c87e87b91d9f31a8b00"
)


def packet(source, protocol, payload, identification=1, fragment=0):
    header = struct.pack(
        ">BBHHHBBHII", 0x45, 0, 20 + len(payload), identification, fragment, 64, protocol, 0, source, SERVER
    )
    return header + payload


def tcp(source, port, sequence, flags, payload=b""):
    header = struct.pack(">HHIIBBHHH", port, 443, sequence, 0, 0x50, flags, 65535, 0, 0)
    return packet(source, TCP, header + payload)


def half_open_tls(flow):
    return tcp(CLIENTS + (flow >> 14), 1024 + (flow & 0x3FFF), 1000, 0x18, HELLO)


def half_open_quic(flow):
    datagram = struct.pack(">HHHH", 1024 + (flow & 0x3FFF), 443, 8 + len(INITIAL), 0) + INITIAL
    return packet(CLIENTS + (flow >> 14), UDP, datagram)


def first_fragment(number):
    datagram = struct.pack(">HHHH", 1024 + (number & 0x3FFF), 443, 1208, 0) + bytes(592)
    return packet(FRAGMENT_CLIENTS + (number >> 14), UDP, datagram, number & 0x3FFF, MORE_FRAGMENTS)


def innocent(number):
    name = b"host-%d.example" % number
    server_name = struct.pack(">HHHBH", 0, len(name) + 5, len(name) + 3, 0, len(name)) + name
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\2\x13\x01" + b"\1\0" + struct.pack(">H", len(server_name)) + server_name
    hello = b"\x16\3\1" + struct.pack(">HI", len(body) + 4, 1 << 24 | len(body)) + body
    source, port = INNOCENT_CLIENTS + (number >> 14), 1024 + (number & 0x3FFF)
    return [tcp(source, port, 1000, 2), tcp(source, port, 1001, 0x18, hello)]


KINDS = {
    "tls": [half_open_tls],
    "quic": [half_open_quic],
    "fragments": [first_fragment],
    "mixed": [half_open_tls, half_open_quic, first_fragment],
}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in KINDS or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    kinds, count = KINDS[sys.argv[1]], int(sys.argv[2])
    out = sys.stdout.buffer
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_RAW))
    for number in range(count):
        packets = [kind(number) for kind in kinds]
        if number % 1000 == 500:
            packets += innocent(number)
        for octets in packets:
            out.write(struct.pack("<IIII", 1700000000 + number // 100000, 0, len(octets), len(octets)) + octets)


main()
