/*
 * libcrypto, whose contexts are made once and used for each packet: the keys and ciphers of QUIC Initials.
 * QUICProtection alone imports this. Signatures and digests of adapters are swift-crypto's.
 */
#ifndef GRINDVAKT_CCRYPTO_H
#define GRINDVAKT_CCRYPTO_H

/*
 * Of what OpenSSL 3 calls deprecated, SHA256_Init and SHA256_Transform are used: a state that is a plain value, which is copied without the
 * heap. A context of EVP_MD is copied by an allocation, and cannot go on from where a key was taken in without one.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#endif
