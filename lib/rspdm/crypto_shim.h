/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's hashes, X.509 and signatures in the shape that crypto.rs wants.
 *
 * No policy and no SPDM here: bindgen translates neither inline functions nor
 * ERR_PTR(), so each function makes one plain call of what it wraps.
 */
#ifndef _RSPDM_CRYPTO_SHIM_H
#define _RSPDM_CRYPTO_SHIM_H

#include <crypto/sha2.h>
#include <crypto/sha3.h>
#include <linux/types.h>

struct public_key;
struct x509_certificate;

/* Those of SHA-3 need CONFIG_RSPDM_SHA3 */
enum rspdm_hash {
	RSPDM_SHA256,
	RSPDM_SHA384,
	RSPDM_SHA512,
	RSPDM_SHA3_256,
	RSPDM_SHA3_384,
	RSPDM_SHA3_512,
};

/**
 * struct rspdm_sha - a running hash of lib/crypto
 * @hash: Which one it is.
 * @sha256: State of SHA-256.
 * @sha384: State of SHA-384.
 * @sha512: State of SHA-512.
 * @sha3: State of all of SHA-3.
 */
struct rspdm_sha {
	enum rspdm_hash hash;
	union {
		struct sha256_ctx sha256;
		struct sha384_ctx sha384;
		struct sha512_ctx sha512;
		struct sha3_ctx sha3;
	};
};

/* Hashes: no allocation, any context */
bool rspdm_sha_init(struct rspdm_sha *sha, enum rspdm_hash hash);
void rspdm_sha_update(struct rspdm_sha *sha, const u8 *data, size_t len);
void rspdm_sha_final(struct rspdm_sha *sha, u8 *digest);

/* X.509 certificates; process context, may sleep */
int rspdm_x509_parse(const u8 *der, size_t len, struct x509_certificate **cert);
void rspdm_x509_free(struct x509_certificate *cert);
bool rspdm_x509_is_root(const struct x509_certificate *cert);
bool rspdm_x509_is_self_signed(const struct x509_certificate *cert);
bool rspdm_x509_may_sign(const struct x509_certificate *cert);
bool rspdm_x509_may_certify(const struct x509_certificate *cert);
int rspdm_x509_verify(const struct x509_certificate *cert,
		      const struct x509_certificate *issuer);
struct public_key *rspdm_x509_take_key(struct x509_certificate *cert);

/* Public keys; process context, may sleep */
void rspdm_key_free(struct public_key *key);
bool rspdm_key_is_rsa(const struct public_key *key, size_t modulus_len);
bool rspdm_key_is(const struct public_key *key, const char *algorithm);
int rspdm_key_verify(const struct public_key *key, const char *encoding,
		     const char *hash, const u8 *digest, size_t digest_len,
		     const u8 *signature, size_t signature_len);
int rspdm_key_verify_message(const struct public_key *key, const u8 *context,
			     size_t context_len, const u8 *message,
			     size_t message_len, const u8 *signature,
			     size_t signature_len);

#endif /* _RSPDM_CRYPTO_SHIM_H */
