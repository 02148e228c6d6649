"""Names, packets and capture files of made-up traffic: the same from the same seed. `generate` and `../growth/run` use it.

Addresses are private ones, those for benchmarks (RFC 2544) and for documentation (RFC 3849); names are of reserved domains (RFC 2606). AES is
taken from the system's libcrypto, as the standard library of Python has none.
"""

import ctypes
import ctypes.util
import functools
import hashlib
import hmac
import struct
import sys

from processes import Failure

TCP, UDP, ICMP = 6, 17, 1
SYN, ACK, FIN, PUSH = 0x02, 0x10, 0x01, 0x08
SEGMENT = 1460
CLIENT_MAC, ROUTER_MAC = bytes.fromhex("02005e005301"), bytes.fromhex("02005e005302")
QUIC_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")  # RFC 9001, 5.2
INITIAL_SIZE = 1250

SYLLABLES = [first + second for first in "bdfghjklmnprstvyz" for second in "aeiouy"]
ZONES = ("test", "test", "test", "co.test", "org.test", "example", "example", "net.example", "invalid", "ac.invalid")
HOSTS = ("www", "www", "www", "api", "cdn", "static", "img", "mail", "m", "edge-07", "eu-north-1", "beacon.prod", "9f3c2a", "sync.eu")


def name(number):
    """A name for each number below 2**32; no two are the same, nor does one lie below another."""
    scattered = number * 0x9E3779B1 % (1 << 32)
    parts, rest = [], scattered
    while not parts or rest:
        rest, digit = divmod(rest, len(SYLLABLES))
        parts.append(SYLLABLES[digit])
    chance = (scattered ^ scattered >> 13) % 1009
    domain = f"{''.join(parts)}.{ZONES[chance % len(ZONES)]}"
    return domain if chance % 5 < 2 else f"{HOSTS[chance % len(HOSTS)]}.{domain}"


def number16(value):
    return value.to_bytes(2, "big")


def vector(width, content):
    """The content behind its length, as TLS and QUIC write it."""
    return len(content).to_bytes(width, "big") + content


def checksum(octets):
    """The Internet checksum (RFC 1071) as it stands in the packet: a sum of words in either byte order, in that order."""
    total = sum(memoryview(octets + b"\0" if len(octets) & 1 else octets).cast("H"))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2, sys.byteorder)


class Capture:
    """A pcap file of Ethernet frames, as they are added."""

    def __init__(self, path):
        self.file = open(path, "wb", buffering=1 << 20)
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self.microseconds = 1_760_000_000 * 1_000_000
        self.packets = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def add(self, frame, pause=10):
        """Adds a frame, so many microseconds after the last one."""
        self.microseconds += pause
        seconds, rest = divmod(self.microseconds, 1_000_000)
        self.file.write(struct.pack("<IIII", seconds, rest, len(frame), len(frame)))
        self.file.write(frame)
        self.packets += 1


class Conversation:
    """A client and a server with their ports; makes the frames that they send. Every fifth speaks IPv6."""

    def __init__(self, number, server, port):
        self.is_six = number % 5 == 0
        digest = hashlib.sha256(server.encode()).digest()
        client = number % 60_000
        if self.is_six:
            self.client = bytes.fromhex("20010db80000c11e00000000") + struct.pack(">I", client)
            self.server = bytes.fromhex("20010db85e00") + digest[:8] + b"\0\x01"
        else:
            self.client = struct.pack(">I", 0x0A000100 + client)
            self.server = bytes((198, 18 + digest[0] % 2, digest[1], digest[2] | 1))
        self.client_port, self.server_port = 20_000 + number * 11 % 40_000, port
        self.sent = [number * 0x01000193 % (1 << 32), number * 0x811C9DC5 % (1 << 32)]
        self.identification = number % (1 << 16)

    def packet(self, protocol, head, hole, payload, up):
        """A frame around a transport header whose checksum goes into the hole at this offset."""
        source, destination = (self.client, self.server) if up else (self.server, self.client)
        length = len(head) + len(payload)
        text = head + payload
        if hole is not None:
            found = checksum(source + destination + struct.pack(">IHBB", length, 0, 0, protocol) + text)
            # In UDP a checksum of 0 would say that there is none (RFC 768).
            found = b"\xff\xff" if protocol == UDP and found == b"\0\0" else found
            text = head[:hole] + found + head[hole + 2:] + payload
        macs = ROUTER_MAC + CLIENT_MAC if up else CLIENT_MAC + ROUTER_MAC
        if self.is_six:
            return macs + struct.pack(">HIHBB", 0x86DD, 6 << 28, length, protocol, 62) + source + destination + text
        self.identification = (self.identification + 1) % (1 << 16)
        fields = struct.pack(">BBHHHBB", 0x45, 0, 20 + length, self.identification, 0x4000, 62, protocol)
        found = checksum(fields + b"\0\0" + source + destination)
        return macs + b"\x08\0" + fields + found + source + destination + text

    def datagram(self, payload, up=True):
        ports = (self.client_port, self.server_port) if up else (self.server_port, self.client_port)
        return self.packet(UDP, struct.pack(">HHHH", *ports, 8 + len(payload), 0), 6, payload, up)

    def segment(self, flags, payload=b"", up=True):
        """The next segment of this side's stream."""
        mine, other = (0, 1) if up else (1, 0)
        ports = (self.client_port, self.server_port) if up else (self.server_port, self.client_port)
        options = bytes.fromhex("020405b401010402") if flags & SYN else b""
        confirmed = self.sent[other] if flags & ACK else 0
        words = 5 + len(options) // 4
        head = struct.pack(">HHIIBBHHH", *ports, self.sent[mine], confirmed, words << 4, flags, 64_000, 0, 0) + options
        used = len(payload) + (1 if flags & (SYN | FIN) else 0)
        self.sent[mine] = (self.sent[mine] + used) % (1 << 32)
        return self.packet(TCP, head, 16, payload, up)

    def opening(self):
        """The three packets that a connection begins with."""
        return [self.segment(SYN), self.segment(SYN | ACK, up=False), self.segment(ACK)]

    def stream(self, octets, up=True):
        """Octets in as few segments as they fit in."""
        pieces = [octets[at:at + SEGMENT] for at in range(0, len(octets), SEGMENT)]
        return [self.segment(ACK | PUSH if piece is pieces[-1] else ACK, piece, up) for piece in pieces]


# ---- messages ----


def encoded(text):
    """A name as DNS writes it."""
    return b"".join(vector(1, label.encode()) for label in text.split(".")) + b"\0"


def dns_messages(asked, chance):
    """A query and its answer, the question repeated and often with an alias in front of the addresses."""
    kind = chance.choices((1, 28, 65), (60, 25, 15))[0]
    number = chance.randrange(1 << 16)
    question = encoded(asked) + struct.pack(">HH", kind, 1)
    options = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0)
    records, owner = [], 12
    if chance.random() < 0.4:
        target = encoded(f"pop{chance.randrange(40)}.cache.net.example")
        records.append(struct.pack(">HHHIH", 0xC000 | owner, 5, 1, 300, len(target)) + target)
        owner = 12 + len(question) + 12
    for _ in range(1 if kind == 65 else chance.randrange(1, 4)):
        data = {1: lambda: chance.randbytes(4), 28: lambda: chance.randbytes(16), 65: lambda: b"\0\1\0\0\1\0\3\2h3"}[kind]()
        records.append(struct.pack(">HHHIH", 0xC000 | owner, kind, 1, 60, len(data)) + data)
    query = struct.pack(">6H", number, 0x0100, 1, 0, 0, 1) + question + options
    return query, struct.pack(">6H", number, 0x8180, 1, len(records), 0, 1) + question + b"".join(records) + options


def client_hello(asked, noise, chance, is_large=False, over_quic=False):
    """A ClientHello as browsers send it; the large ones have a post-quantum key share and their extensions in any order."""
    shares = struct.pack(">HH", 0x001D, 32) + noise(32)
    if is_large:
        shares = struct.pack(">HH", 0x11EC, 1216) + noise(1216) + shares
    extensions = [
        (10, vector(2, bytes.fromhex("11ec001d00170018"))),
        (16, vector(2, b"\2h3" if over_quic else b"\2h2\x08http/1.1")),
        (13, vector(2, bytes.fromhex("0403080404010503080505010806"))),
        (51, vector(2, shares)),
        (45, b"\1\1"),
        (43, vector(1, bytes.fromhex("0304") if over_quic else bytes.fromhex("03040303"))),
    ]
    if over_quic:
        extensions.append((57, bytes.fromhex("0104800075300504800600000604800600000704800600000802406409024064") + b"\x0f\0"))
    else:
        extensions += [(23, b""), (0xFF01, b"\0"), (11, b"\1\0"), (35, b""), (5, b"\1\0\0\0\0")]
    if is_large:
        chance.shuffle(extensions)
    host = vector(2, b"\0" + vector(2, asked.encode()))
    extensions.insert(chance.randrange(len(extensions)) if is_large else 1, (0, host))
    if is_large:
        # What a client sends where it knows no key for the hidden hello (RFC 9849).
        extensions.append((0xFE0D, b"\0\0\1\0\1" + noise(1) + vector(2, noise(32)) + vector(2, noise(208))))
    ciphers = bytes.fromhex("130113021303") + (b"" if over_quic else bytes.fromhex("c02bc02fc02cc030cca9cca8c013c014"))
    fixed = b"\3\3" + noise(32) + vector(1, b"" if over_quic else noise(32)) + vector(2, ciphers) + b"\1\0"
    body = b"".join(number16(kind) + vector(2, content) for kind, content in extensions)
    if not over_quic and not is_large:
        # Padding (RFC 7685), so that the record has 517 octets.
        body += number16(21) + vector(2, bytes(517 - 9 - len(fixed) - 2 - len(body) - 4))
    return b"\1" + vector(3, fixed + vector(2, body))


def tls_record(kind, content):
    return bytes((kind, 3, 1 if kind == 22 else 3)) + vector(2, content)


# ---- QUIC Initials (RFC 9001) ----


class Cipher:
    """AES-128 of libcrypto."""

    def __init__(self):
        path = ctypes.util.find_library("crypto") or "libcrypto.so.3"
        try:
            self.library = ctypes.CDLL(path)
        except OSError:
            raise Failure(f"{path}: cannot be loaded; run: sudo apt-get install libssl3") from None
        for function in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm", "EVP_aes_128_ecb"):
            getattr(self.library, function).restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.EVP_CIPHER_CTX_new())
        self.kinds = {
            kind: ctypes.c_void_p(getattr(self.library, f"EVP_aes_128_{kind}")()) for kind in ("gcm", "ecb")
        }
        self.length = ctypes.c_int()
        self.room = ctypes.create_string_buffer(4096)

    def call(self, function, *arguments):
        if getattr(self.library, function)(self.context, *arguments) != 1:
            raise Failure(f"libcrypto refuses {function}")

    def update(self, room, octets):
        self.call("EVP_EncryptUpdate", room, ctypes.byref(self.length), octets, len(octets))

    def sealed(self, key, nonce, associated, octets):
        """AES-128-GCM: what is encrypted, and its tag behind it."""
        self.call("EVP_EncryptInit_ex", self.kinds["gcm"], None, key, nonce)
        self.update(None, associated)
        self.update(self.room, octets)
        tag = ctypes.create_string_buffer(16)
        self.call("EVP_EncryptFinal_ex", tag, ctypes.byref(self.length))
        self.call("EVP_CIPHER_CTX_ctrl", 0x10, 16, tag)
        return self.room.raw[:len(octets)] + tag.raw

    def block(self, key, octets):
        """AES-128 of one block."""
        self.call("EVP_EncryptInit_ex", self.kinds["ecb"], None, key, None)
        self.update(self.room, octets)
        return self.room.raw[:16]


cipher = functools.cache(Cipher)


def expanded(secret, label, length):
    """HKDF-Expand-Label (RFC 8446, 7.1) for no more than one hash's length."""
    info = number16(length) + vector(1, b"tls13 " + label) + b"\0"
    return hmac.digest(secret, info + b"\1", "sha256")[:length]


def initial(connection, packet_number, frames):
    """A client's Initial for this Destination Connection ID, padded to what a datagram must have (RFC 9000, 14.1)."""
    secret = expanded(hmac.digest(QUIC_SALT, connection, "sha256"), b"client in", 32)
    key, start, mask_key = (expanded(secret, b"quic " + part, size) for part, size in ((b"key", 16), (b"iv", 12), (b"hp", 16)))
    head = b"\xc1\0\0\0\1" + vector(1, connection) + b"\0\0"
    frames += bytes(max(INITIAL_SIZE - len(head) - 4 - len(frames) - 16, 0))
    head += number16(0x4000 | 2 + len(frames) + 16) + number16(packet_number)
    nonce = start[:8] + (int.from_bytes(start[8:], "big") ^ packet_number).to_bytes(4, "big")
    body = cipher().sealed(key, nonce, head, frames)
    mask = cipher().block(mask_key, body[2:18])
    hidden = bytes((head[-2] ^ mask[1], head[-1] ^ mask[2]))
    return bytes((head[0] ^ mask[0] & 0x0F,)) + head[1:-2] + hidden + body


def crypto_frame(message, start, end):
    """A CRYPTO frame with these octets of the message (RFC 9000, 19.6)."""
    return b"\6" + number16(0x4000 | start) + number16(0x4000 | end - start) + message[start:end]


def initials(connection, message, form, chance):
    """The Initials of a hello: `whole` in one frame, `scattered` over frames of one packet in any order, or `split` over two packets."""
    size = len(message)
    if form == "split":
        cut = min(1100, size // 2 + 400)
        return [initial(connection, 0, crypto_frame(message, 0, cut)), initial(connection, 1, crypto_frame(message, cut, size))]
    if form == "whole":
        return [initial(connection, 0, crypto_frame(message, 0, size))]
    cuts = [0, *sorted(chance.sample(range(1, size), 5)), size]
    frames = [crypto_frame(message, start, end) for start, end in zip(cuts, cuts[1:])]
    chance.shuffle(frames)
    # A PING and some padding between the pieces, as Chromium does it.
    return [initial(connection, 0, (b"\1" + bytes(chance.randrange(12))).join(frames))]
