"""QUIC Initials with a ClientHello (RFC 9001 section 5), by the libcrypto that the sensor is linked with."""

import ctypes
import ctypes.util
import hashlib
import hmac
import struct

SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
SMALLEST = 1_200
TAG = 16


class Cipher:
    """AES-128 of libcrypto: blocks for the header's protection, GCM for the packet's."""

    ENCRYPT_TAG = 0x10

    def __init__(self):
        library = ctypes.util.find_library("crypto")
        if library is None:
            raise OSError("libcrypto is missing; install libssl3")
        self.crypto = ctypes.CDLL(library)
        for function in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm", "EVP_aes_128_ecb"):
            getattr(self.crypto, function).restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.crypto.EVP_CIPHER_CTX_new())
        self.gcm, self.ecb = ctypes.c_void_p(self.crypto.EVP_aes_128_gcm()), ctypes.c_void_p(self.crypto.EVP_aes_128_ecb())

    def run(self, cipher, key, nonce, extra, data):
        out, length = ctypes.create_string_buffer(len(data) + 2 * TAG), ctypes.c_int()
        steps = [self.crypto.EVP_EncryptInit_ex(self.context, cipher, None, key, nonce)]
        if extra:
            steps.append(self.crypto.EVP_EncryptUpdate(self.context, None, ctypes.byref(length), extra, len(extra)))
        steps.append(self.crypto.EVP_EncryptUpdate(self.context, out, ctypes.byref(length), data, len(data)))
        if not all(steps):
            raise OSError("libcrypto does not encrypt")
        return out.raw[:len(data)]

    def block(self, key, data):
        return self.run(self.ecb, key, None, b"", data)

    def seal(self, key, nonce, extra, data):
        sealed, length, tag = self.run(self.gcm, key, nonce, extra, data), ctypes.c_int(), ctypes.create_string_buffer(TAG)
        rest = ctypes.create_string_buffer(TAG)
        if not (self.crypto.EVP_EncryptFinal_ex(self.context, rest, ctypes.byref(length))
                and self.crypto.EVP_CIPHER_CTX_ctrl(self.context, self.ENCRYPT_TAG, TAG, tag)):
            raise OSError("libcrypto does not seal")
        return sealed + tag.raw


def expand(secret, label, length):
    words = b"tls13 " + label
    information = struct.pack("!HB", length, len(words)) + words + b"\0"
    return hmac.digest(secret, information + b"\1", hashlib.sha256)[:length]


def xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other))


def initial(cipher, connection, message):
    """An Initial of version 1 with a connection ID, and a handshake message in its one CRYPTO frame."""
    secret = expand(hmac.digest(SALT, connection, hashlib.sha256), b"client in", 32)
    key, vector, mask_key = expand(secret, b"quic key", 16), expand(secret, b"quic iv", 12), expand(secret, b"quic hp", 16)
    frame = b"\x06\x00" + struct.pack("!H", 0x4000 | len(message)) + message
    head = b"\xc3" + struct.pack("!I", 1) + bytes([len(connection)]) + connection + b"\x00\x00"
    number = bytes(4)
    padded = frame.ljust(SMALLEST - len(head) - 2 - len(number) - TAG, b"\0")
    head += struct.pack("!H", 0x4000 | len(number) + len(padded) + TAG) + number
    sealed = cipher.seal(key, vector, head, padded)
    # Packet number zero: the nonce is the vector itself, and the sample begins where four octets of number end.
    mask = cipher.block(mask_key, sealed[:16])
    return bytes([head[0] ^ mask[0] & 0x0F]) + head[1:-4] + xor(number, mask[1:5]) + sealed
