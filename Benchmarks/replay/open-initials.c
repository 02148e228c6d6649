// The least that a client's QUIC Initial costs: its keys are derived from the connection ID, one AES block uncovers the header, and
// AES-128-GCM opens the rest (RFC 9001, sections 5.2 to 5.4). What is inside is not read, and no keys are kept.
//
//     open-initials CAPTURE
//
// SHA-256 is called by its own functions: those of EVP look their parts up each time, which would be most of what is measured.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { HASH = SHA256_DIGEST_LENGTH, BLOCK = SHA256_CBLOCK, KEY = 16, NONCE = 12, TAG = 16, ETHERNET = 14, UDP_HEADER = 8 };

// HMAC-SHA-256 (RFC 2104) whose key has been taken in.
struct hmac {
    SHA256_CTX inner, outer;
};

static void hmac_key(struct hmac *hmac, const uint8_t *key, size_t length) {
    uint8_t block[BLOCK] = {0};
    memcpy(block, key, length);
    for (int at = 0; at < BLOCK; at++) block[at] ^= 0x36;
    SHA256_Init(&hmac->inner);
    SHA256_Update(&hmac->inner, block, BLOCK);
    for (int at = 0; at < BLOCK; at++) block[at] ^= 0x36 ^ 0x5C;
    SHA256_Init(&hmac->outer);
    SHA256_Update(&hmac->outer, block, BLOCK);
}

static void hmac_of(const struct hmac *hmac, const uint8_t *text, size_t length, uint8_t result[HASH]) {
    SHA256_CTX inner = hmac->inner, outer = hmac->outer;
    SHA256_Update(&inner, text, length);
    SHA256_Final(result, &inner);
    SHA256_Update(&outer, result, HASH);
    SHA256_Final(result, &outer);
}

// HKDF-Expand-Label (RFC 8446, section 7.1) up to one hash's length; the last octet of the text is HKDF's counter.
static void expand(const struct hmac *secret, const char *label, uint8_t length, uint8_t result[HASH]) {
    uint8_t text[32] = {0, length, (uint8_t)strlen(label)};
    size_t end = 3 + strlen(label);
    memcpy(text + 3, label, strlen(label));
    text[end++] = 0;
    text[end++] = 1;
    hmac_of(secret, text, end, result);
}

// The length of a QUIC variable-length integer and its value (RFC 9000, section 16); false where it is cut short.
static bool take_integer(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    if (*at >= end) return false;
    int length = 1 << (**at >> 6);
    if (end - *at < length) return false;
    *value = **at & 0x3F;
    for (int index = 1; index < length; index++) *value = *value << 8 | (*at)[index];
    *at += length;
    return true;
}

static struct hmac salt;
static EVP_CIPHER_CTX *ecb, *gcm;

// Opens the Initial that the datagram begins with; false where it holds none, or one that does not open.
static bool open_initial(const uint8_t *packet, const uint8_t *end) {
    if (end - packet < 7 || (packet[0] & 0xF0) != 0xC0 || memcmp(packet + 1, "\0\0\0\1", 4) != 0) return false;
    const uint8_t *at = packet + 5;
    size_t id_length = *at++;
    if (id_length > 20 || (size_t)(end - at) <= id_length) return false;
    const uint8_t *id = at;
    at += id_length;
    size_t source_length = *at++;
    if ((size_t)(end - at) < source_length) return false;
    at += source_length;
    uint64_t token, length;
    if (!take_integer(&at, end, &token) || (uint64_t)(end - at) < token) return false;
    at += token;
    if (!take_integer(&at, end, &length) || (uint64_t)(end - at) < length || length < 4 + TAG) return false;

    uint8_t secret[HASH], key[HASH], nonce[HASH], header_key[HASH], mask[KEY];
    struct hmac hmac;
    hmac_of(&salt, id, id_length, secret);
    hmac_key(&hmac, secret, HASH);
    expand(&hmac, "tls13 client in", HASH, secret);
    hmac_key(&hmac, secret, HASH);
    expand(&hmac, "tls13 quic key", KEY, key);
    expand(&hmac, "tls13 quic iv", NONCE, nonce);
    expand(&hmac, "tls13 quic hp", KEY, header_key);

    int count;
    EVP_EncryptInit_ex(ecb, NULL, NULL, header_key, NULL);
    EVP_EncryptUpdate(ecb, mask, &count, at + 4, KEY);
    uint8_t header[128], plain[2048];
    size_t number_length = ((packet[0] ^ mask[0]) & 3) + 1, header_length = (size_t)(at - packet) + number_length;
    size_t sealed = length - number_length - TAG;
    if (header_length > sizeof header || sealed > sizeof plain) return false;
    memcpy(header, packet, header_length);
    header[0] ^= mask[0] & 0x0F;
    for (size_t index = 0; index < number_length; index++) {
        header[header_length - number_length + index] ^= mask[1 + index];
        nonce[NONCE - number_length + index] ^= header[header_length - number_length + index];
    }
    EVP_DecryptInit_ex(gcm, NULL, NULL, key, nonce);
    EVP_DecryptUpdate(gcm, NULL, &count, header, (int)header_length);
    EVP_DecryptUpdate(gcm, plain, &count, packet + header_length, (int)sealed);
    EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_GCM_SET_TAG, TAG, (void *)(packet + header_length + sealed));
    return EVP_DecryptFinal_ex(gcm, plain + count, &count) == 1;
}

int main(int count, char **words) {
    if (count != 2) {
        fprintf(stderr, "usage: open-initials CAPTURE\n");
        return 2;
    }
    char fault[PCAP_ERRBUF_SIZE];
    pcap_t *capture = pcap_open_offline(words[1], fault);
    if (capture == NULL) {
        fprintf(stderr, "open-initials: %s\n", fault);
        return 2;
    }
    static const uint8_t version1[] = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                                       0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
    hmac_key(&salt, version1, sizeof version1);
    ecb = EVP_CIPHER_CTX_new();
    gcm = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(ecb, EVP_aes_128_ecb(), NULL, NULL, NULL);
    EVP_DecryptInit_ex(gcm, EVP_aes_128_gcm(), NULL, NULL, NULL);

    struct pcap_pkthdr *header;
    const u_char *frame;
    unsigned long packets = 0, opened = 0;
    while (pcap_next_ex(capture, &header, &frame) == 1) {
        packets++;
        if (header->caplen < ETHERNET) continue;
        size_t start = ETHERNET + (frame[12] == 0x86 ? 40 : 20) + UDP_HEADER;
        if (header->caplen > start) opened += open_initial(frame + start, frame + header->caplen);
    }
    printf("%lu packets, %lu opened\n", packets, opened);
    pcap_close(capture);
    return opened == packets ? 0 : 1;
}
