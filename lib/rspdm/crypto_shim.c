// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's hashes, X.509 and signatures in the shape that crypto.rs wants.
 */

#include <crypto/internal/rsa.h>
#include <crypto/mldsa.h>
#include <crypto/public_key.h>
#include <keys/x509-parser.h>
#include <linux/err.h>
#include <linux/string.h>

#include "crypto_shim.h"

/**
 * rspdm_sha_init() - Start a hash
 * @sha: Its state
 * @hash: Which one
 *
 * Return: False if this kernel lacks it.
 */
bool rspdm_sha_init(struct rspdm_sha *sha, enum rspdm_hash hash)
{
	sha->hash = hash;

	switch (hash) {
	case RSPDM_SHA256:
		sha256_init(&sha->sha256);
		return true;
	case RSPDM_SHA384:
		sha384_init(&sha->sha384);
		return true;
	case RSPDM_SHA512:
		sha512_init(&sha->sha512);
		return true;
	case RSPDM_SHA3_256:
		sha3_256_init(&sha->sha3);
		return IS_ENABLED(CONFIG_RSPDM_SHA3);
	case RSPDM_SHA3_384:
		sha3_384_init(&sha->sha3);
		return IS_ENABLED(CONFIG_RSPDM_SHA3);
	case RSPDM_SHA3_512:
		sha3_512_init(&sha->sha3);
		return IS_ENABLED(CONFIG_RSPDM_SHA3);
	}
	return false;
}

/**
 * rspdm_sha_update() - Hash some more
 * @sha: What rspdm_sha_init() started
 * @data: The bytes
 * @len: How many
 */
void rspdm_sha_update(struct rspdm_sha *sha, const u8 *data, size_t len)
{
	switch (sha->hash) {
	case RSPDM_SHA256:
		sha256_update(&sha->sha256, data, len);
		break;
	case RSPDM_SHA384:
		sha384_update(&sha->sha384, data, len);
		break;
	case RSPDM_SHA512:
		sha512_update(&sha->sha512, data, len);
		break;
	case RSPDM_SHA3_256:
	case RSPDM_SHA3_384:
	case RSPDM_SHA3_512:
		if (IS_ENABLED(CONFIG_RSPDM_SHA3))
			sha3_update(&sha->sha3, data, len);
		break;
	}
}

/**
 * rspdm_sha_final() - End a hash
 * @sha: What rspdm_sha_init() started
 * @digest: Takes as many bytes as the hash gives
 */
void rspdm_sha_final(struct rspdm_sha *sha, u8 *digest)
{
	switch (sha->hash) {
	case RSPDM_SHA256:
		sha256_final(&sha->sha256, digest);
		break;
	case RSPDM_SHA384:
		sha384_final(&sha->sha384, digest);
		break;
	case RSPDM_SHA512:
		sha512_final(&sha->sha512, digest);
		break;
	case RSPDM_SHA3_256:
	case RSPDM_SHA3_384:
	case RSPDM_SHA3_512:
		if (IS_ENABLED(CONFIG_RSPDM_SHA3))
			sha3_final(&sha->sha3, digest);
		break;
	}
}

/**
 * rspdm_x509_parse() - Parse one certificate
 * @der: The certificate; its memory must outlive @cert
 * @len: Its length in bytes
 * @cert: Where to store the result, to be freed by rspdm_x509_free()
 *
 * If issuer and subject are the same, the parser verifies the certificate's
 * signature with its own key already.
 *
 * Context: Process context, may sleep.
 * Return: 0, -ENOPKG if the algorithm of the key or of the signature is
 * unknown to the parser, -EKEYREJECTED if the certificate is blacklisted or
 * its self-signature wrong, -ENOMEM, or another negative errno if it is
 * malformed.
 */
int rspdm_x509_parse(const u8 *der, size_t len, struct x509_certificate **cert)
{
	struct x509_certificate *parsed __free(x509_free_certificate) =
		x509_cert_parse(der, len);

	if (IS_ERR(parsed))
		return PTR_ERR(parsed);

	if (parsed->blacklisted)
		return -EKEYREJECTED;

	*cert = no_free_ptr(parsed);
	return 0;
}

/**
 * rspdm_x509_free() - Free a certificate
 * @cert: What rspdm_x509_parse() made
 */
void rspdm_x509_free(struct x509_certificate *cert)
{
	x509_free_certificate(cert);
}

/**
 * rspdm_x509_is_root() - Tell whether a certificate says that it issued itself
 * @cert: The certificate
 *
 * Return: True if issuer and subject are the same, and the signature verifies
 * with the certificate's own key or cannot be verified by this kernel.
 */
bool rspdm_x509_is_root(const struct x509_certificate *cert)
{
	if (cert->self_signed)
		return true;

	return cert->unsupported_sig &&
	       cert->raw_issuer_size == cert->raw_subject_size &&
	       !memcmp(cert->raw_issuer, cert->raw_subject,
		       cert->raw_issuer_size);
}

/**
 * rspdm_x509_is_self_signed() - Tell whether a certificate did issue itself
 * @cert: The certificate
 *
 * Return: True if issuer and subject are the same, and the signature verifies
 * with the certificate's own key.
 */
bool rspdm_x509_is_self_signed(const struct x509_certificate *cert)
{
	return cert->self_signed;
}

/**
 * rspdm_x509_may_sign() - Tell whether the key may sign messages
 * @cert: The certificate
 *
 * Return: True if keyUsage has digitalSignature, and basicConstraints has no
 * cA: DSP0274 wants a leaf to be no certificate authority.
 */
bool rspdm_x509_may_sign(const struct x509_certificate *cert)
{
	return (cert->pub->key_eflags & BIT(KEY_EFLAG_DIGITALSIG)) &&
	       !(cert->pub->key_eflags & BIT(KEY_EFLAG_CA));
}

/**
 * rspdm_x509_may_certify() - Tell whether the key may sign certificates
 * @cert: The certificate
 *
 * A certificate without keyUsage restricts its key to nothing, RFC 5280 sec
 * 4.2.1.3, and roots without it are in use. The parser does not tell whether
 * there was one; if it is known to allow something else only, it is refused.
 *
 * Return: True if basicConstraints has cA, and keyUsage may have keyCertSign.
 */
bool rspdm_x509_may_certify(const struct x509_certificate *cert)
{
	unsigned long usage = cert->pub->key_eflags;

	return (usage & BIT(KEY_EFLAG_CA)) &&
	       ((usage & BIT(KEY_EFLAG_KEYCERTSIGN)) ||
		!(usage & BIT(KEY_EFLAG_DIGITALSIG)));
}

/**
 * rspdm_x509_verify() - Verify that one certificate was issued by another
 * @cert: The certificate
 * @issuer: Whose subject and key it must fit
 *
 * Context: Process context, may sleep.
 * Return: 0, -EKEYREJECTED if the name or the signature is wrong, -ENOPKG or
 * -ENOENT if this kernel lacks the algorithm, another negative errno if the
 * signature is malformed or memory is short.
 */
int rspdm_x509_verify(const struct x509_certificate *cert,
		      const struct x509_certificate *issuer)
{
	if (cert->raw_issuer_size != issuer->raw_subject_size ||
	    memcmp(cert->raw_issuer, issuer->raw_subject,
		   cert->raw_issuer_size))
		return -EKEYREJECTED;

	if (cert->unsupported_sig)
		return -ENOPKG;

	return public_key_verify_signature(issuer->pub, cert->sig);
}

/**
 * rspdm_x509_take_key() - Take the public key out of a certificate
 * @cert: The certificate, good for nothing but rspdm_x509_free() hereafter
 *
 * Return: The key, which owns its memory; to be freed by rspdm_key_free().
 */
struct public_key *rspdm_x509_take_key(struct x509_certificate *cert)
{
	return no_free_ptr(cert->pub);
}

/**
 * rspdm_key_free() - Free a public key
 * @key: What rspdm_x509_take_key() returned
 */
void rspdm_key_free(struct public_key *key)
{
	public_key_free(key);
}

/**
 * rspdm_key_is_rsa() - Tell whether a key is an RSA key of one size
 * @key: The key
 * @modulus_len: Bytes of the modulus
 *
 * Return: True if it is.
 */
bool rspdm_key_is_rsa(const struct public_key *key, size_t modulus_len)
{
	struct rsa_key rsa = {};

	if (!rspdm_key_is(key, "rsa"))
		return false;

	if (rsa_parse_pub_key(&rsa, key->key, key->keylen))
		return false;

	/* DER puts a zero before an integer whose highest bit is set */
	while (rsa.n_sz && !*rsa.n) {
		rsa.n++;
		rsa.n_sz--;
	}

	return rsa.n_sz == modulus_len && (*rsa.n & 0x80);
}

/**
 * rspdm_key_is() - Tell whether a key is for one algorithm
 * @key: The key
 * @algorithm: Its name in the kernel's crypto, e.g. "ecdsa-nist-p384"
 *
 * Return: True if it is.
 */
bool rspdm_key_is(const struct public_key *key, const char *algorithm)
{
	return !strcmp(key->pkey_algo, algorithm);
}

/**
 * rspdm_key_verify() - Verify a signature over a digest
 * @key: The signer's public key
 * @encoding: How the signature is encoded: "pkcs1", or "p1363" for r || s
 * @hash: The hash's name in the kernel's crypto, e.g. "sha384"
 * @digest: What was signed
 * @digest_len: Its length in bytes
 * @signature: The signature
 * @signature_len: Its length in bytes
 *
 * Context: Process context, may sleep.
 * Return: 0, -EKEYREJECTED if the signature is wrong, -ENOPKG or -ENOENT if
 * this kernel lacks the algorithm, another negative errno if the signature is
 * malformed or memory is short.
 */
int rspdm_key_verify(const struct public_key *key, const char *encoding,
		     const char *hash, const u8 *digest, size_t digest_len,
		     const u8 *signature, size_t signature_len)
{
	/* Neither is written to: the structure serves signing as well */
	const struct public_key_signature sig = {
		.s = (u8 *)signature,
		.s_size = signature_len,
		.m = (u8 *)digest,
		.m_size = digest_len,
		.hash_algo = hash,
		.encoding = encoding,
	};

	return public_key_verify_signature(key, &sig);
}

/**
 * rspdm_key_verify_message() - Verify an ML-DSA signature over a message
 * @key: The signer's public key
 * @context: The context string
 * @context_len: Its length in bytes
 * @message: What was signed
 * @message_len: Its length in bytes
 * @signature: The signature
 * @signature_len: Its length in bytes
 *
 * Not by public_key_verify_signature(), which has no context string.
 *
 * Context: Process context, may sleep.
 * Return: 0, -EKEYREJECTED if the signature is wrong, -ENOPKG if the key is
 * not one of ML-DSA or CONFIG_RSPDM_MLDSA is not set, another negative errno if
 * key or signature is malformed or memory is short.
 */
int rspdm_key_verify_message(const struct public_key *key, const u8 *context,
			     size_t context_len, const u8 *message,
			     size_t message_len, const u8 *signature,
			     size_t signature_len)
{
	enum mldsa_alg alg;

	if (!IS_ENABLED(CONFIG_RSPDM_MLDSA))
		return -ENOPKG;

	if (rspdm_key_is(key, "mldsa44"))
		alg = MLDSA44;
	else if (rspdm_key_is(key, "mldsa65"))
		alg = MLDSA65;
	else if (rspdm_key_is(key, "mldsa87"))
		alg = MLDSA87;
	else
		return -ENOPKG;

	return mldsa_verify_ctx(alg, signature, signature_len, message,
				message_len, context, context_len, key->key,
				key->keylen);
}
