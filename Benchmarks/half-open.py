#!/usr/bin/env python3
"""Writes a capture of half-open TLS connections to standard output: half-open.py COUNT

Each packet is the first 600 octets of a ClientHello that never goes on, from another flow.

    Benchmarks/half-open.py 1000000 | /usr/bin/time -f '%e s %M kB' .build/release/grindvakt replay -
"""
import struct
import sys

LINKTYPE_RAW = 101
HELLO = bytes.fromhex("16030106a201" "00069e0303") + bytes(589)  # record and handshake headers, version; the rest is missing


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    out = sys.stdout.buffer
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_RAW))
    for flow in range(int(sys.argv[1])):
        source, port = 0x0A000000 + (flow >> 14), 1024 + (flow & 0x3FFF)
        tcp = struct.pack(">HHIIBBHHH", port, 443, 1000, 0, 0x50, 0x18, 65535, 0, 0) + HELLO
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, source, 0xC6336402) + tcp
        out.write(struct.pack("<IIII", 1700000000 + flow // 100000, 0, len(ip), len(ip)) + ip)


main()
