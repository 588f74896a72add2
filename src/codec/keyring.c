/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   PEM or DER -> keys: certificate { issuer, serial number, (subject key identifier) } + public key
 *
 *   ContentInfo { signedData { data, no content, .. signerInfos {
 *       SignerInfo { sid: names a key, digest algorithm, no signed attributes, signature } .. } } }
 *
 * Source: RFC 5652, RFC 5280, RFC 7468; behaviour of Linux 4.3 to 6.12.
 */
#include "codec/keyring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "codec/libcrypto.h"
#include "codec/pkcs7.h"

/* A kernel module has one signer; the kernel asks all that there are. */
#define SIGNERS_MAX 16

/* One of the two, or both, name it; a bare public key has no certificate. */
struct key {
	X509 *certificate;
	EVP_PKEY *public;
};

struct keyring {
	struct libcrypto crypto;
	struct key *keys;
	unsigned int n, capacity;
};

struct keyring *keyring_new(void)
{
	return calloc(1, sizeof(struct keyring));
}

void keyring_free(struct keyring *k)
{
	if (!k)
		return;
	for (unsigned int i = 0; i < k->n; i++) {
		k->crypto.f.X509_free(k->keys[i].certificate);
		k->crypto.f.EVP_PKEY_free(k->keys[i].public);
	}
	free(k->keys);
	libcrypto_close(&k->crypto);
	free(k);
}

/* Takes over both. */
static int keep(struct keyring *k, X509 *certificate, EVP_PKEY *public, struct diag *diag)
{
	int r = 0;

	if (k->n == KEYRING_KEYS_MAX) {
		r = diag_plain(diag, -E2BIG, "more than %u keys", KEYRING_KEYS_MAX);
	} else if (k->n == k->capacity) {
		unsigned int capacity = k->capacity ? k->capacity * 2 : 8;
		struct key *keys = realloc(k->keys, capacity * sizeof(*keys));

		r = keys ? 0 : -ENOMEM;
		k->keys = keys ? keys : k->keys;
		k->capacity = keys ? capacity : k->capacity;
	}
	if (r < 0) {
		k->crypto.f.X509_free(certificate);
		k->crypto.f.EVP_PKEY_free(public);
		return r;
	}
	k->keys[k->n++] = (struct key){ certificate, public };
	return 1;
}

/* A certificate whose key is of no kind that libcrypto knows is of no use. */
static int keep_certificate(struct keyring *k, X509 *certificate, uint64_t off, struct diag *diag)
{
	EVP_PKEY *public = k->crypto.f.X509_get_pubkey(certificate);

	if (public)
		return keep(k, certificate, public, diag);
	k->crypto.f.X509_free(certificate);
	return diag_offset(diag, -EBADMSG, off, "certificate with a key of an unknown kind");
}

/* Certificates stand behind each other as they do in a kernel. */
static int add_der(struct keyring *k, struct bytes file, struct diag *diag)
{
	const unsigned char *at = file.base, *end = at + file.size;
	int n = 0;

	while (at < end) {
		const unsigned char *start = at;
		uint64_t off = (uint64_t)(start - (const unsigned char *)file.base);
		X509 *certificate = k->crypto.f.d2i_X509(NULL, &at, (long)(end - at));
		EVP_PKEY *public = NULL;
		int r;

		if (!certificate) {
			at = start;
			public = k->crypto.f.d2i_PUBKEY(NULL, &at, (long)(end - at));
		}
		if (!certificate && !public)
			return diag_offset(diag, -EBADMSG, off, "no certificate and no public key");
		r = certificate ? keep_certificate(k, certificate, off, diag) : keep(k, NULL, public, diag);
		if (r < 0)
			return r;
		n += r;
	}
	return n;
}

/* Return: 1; 0 nothing of interest; below 0. */
static int add_block(struct keyring *k, const char *name, const unsigned char *der, long size,
		     uint64_t off, struct diag *diag)
{
	const unsigned char *at = der;
	X509 *certificate = NULL;
	EVP_PKEY *public;

	if (strcmp(name, PEM_STRING_PUBLIC) == 0) {
		public = k->crypto.f.d2i_PUBKEY(NULL, &at, size);
		return public ? keep(k, NULL, public, diag)
			      : diag_offset(diag, -EBADMSG, off, "damaged public key");
	}
	if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
		certificate = k->crypto.f.d2i_X509(NULL, &at, size);
	else if (strcmp(name, PEM_STRING_X509_TRUSTED) == 0)
		certificate = k->crypto.f.d2i_X509_AUX(NULL, &at, size);
	else
		return 0;
	return certificate ? keep_certificate(k, certificate, off, diag)
			   : diag_offset(diag, -EBADMSG, off, "damaged certificate");
}

static bool is_end(const struct functions *f)
{
	unsigned long e = f->ERR_peek_last_error();

	return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static int add_pem(struct keyring *k, struct bytes file, struct diag *diag)
{
	BIO *bio = k->crypto.f.BIO_new_mem_buf(file.base, (int)file.size);
	int n = 0, r = bio ? 0 : -ENOMEM;

	while (r == 0) {
		uint64_t off = file.size - (uint64_t)k->crypto.f.BIO_ctrl(bio, BIO_CTRL_PENDING, 0, NULL);
		unsigned char *der = NULL;
		char *name = NULL, *header = NULL;
		long size = 0;

		k->crypto.f.ERR_clear_error();
		if (!k->crypto.f.PEM_read_bio(bio, &name, &header, &der, &size)) {
			if (!is_end(&k->crypto.f))
				r = diag_offset(diag, -EBADMSG, off, "damaged PEM block");
			break;
		}
		r = add_block(k, name, der, size, off, diag);
		n += r > 0;
		r = r > 0 ? 0 : r;
		k->crypto.f.CRYPTO_free(name, __FILE__, __LINE__);
		k->crypto.f.CRYPTO_free(header, __FILE__, __LINE__);
		k->crypto.f.CRYPTO_free(der, __FILE__, __LINE__);
	}
	k->crypto.f.BIO_free(bio);
	return r < 0 ? r : n;
}

int keyring_add(struct keyring *k, struct bytes file, struct diag *diag)
{
	static const char dashes[] = "-----BEGIN ";
	int r;

	if (file.size > KEYRING_FILE_MAX)
		return diag_plain(diag, -E2BIG, "file of %zu bytes is too long for keys", file.size);
	r = libcrypto_open(&k->crypto, "cannot verify signatures", diag);
	if (r < 0)
		return r;
	r = memmem(file.base, file.size, dashes, sizeof(dashes) - 1) ? add_pem(k, file, diag)
								      : add_der(k, file, diag);
	k->crypto.f.ERR_clear_error();
	return r == 0 ? diag_plain(diag, -EBADMSG, "holds no certificate and no public key") : r;
}

static bool is_same_name(const struct functions *f, const X509_NAME *a, const X509_NAME *b)
{
	const unsigned char *x, *y;
	size_t n, m;

	return f->X509_NAME_get0_der((X509_NAME *)a, &x, &n) && f->X509_NAME_get0_der((X509_NAME *)b, &y, &m) &&
	       n == m && memcmp(x, y, n) == 0;
}

static bool is_named(const struct functions *f, const struct key *key, CMS_SignerInfo *signer)
{
	ASN1_OCTET_STRING *key_id = NULL;
	const ASN1_OCTET_STRING *own_id;
	ASN1_INTEGER *serial = NULL;
	X509_NAME *issuer = NULL;

	if (!key->certificate || !f->CMS_SignerInfo_get0_signer_id(signer, &key_id, &issuer, &serial))
		return false;
	own_id = f->X509_get0_subject_key_id(key->certificate);
	if (key_id)
		return own_id && f->ASN1_STRING_cmp(key_id, own_id) == 0;
	return issuer && serial && is_same_name(f, issuer, f->X509_get_issuer_name(key->certificate)) &&
	       f->ASN1_INTEGER_cmp(serial, f->X509_get0_serialNumber(key->certificate)) == 0;
}

/* Return: 0 good; -EKEYREJECTED bad; -ENOMEM. */
static int verify_by(const struct functions *f, const struct key *key, CMS_SignerInfo *signer,
		     const EVP_MD *md, struct bytes content)
{
	const ASN1_OCTET_STRING *signature = f->CMS_SignerInfo_get0_signature(signer);
	EVP_MD_CTX *ctx = f->EVP_MD_CTX_new();
	int good;

	if (!ctx)
		return -ENOMEM;
	good = f->EVP_DigestVerifyInit(ctx, NULL, md, NULL, key->public) == 1 &&
	       f->EVP_DigestVerify(ctx, f->ASN1_STRING_get0_data(signature),
				   (size_t)f->ASN1_STRING_length(signature), content.base,
				   content.size) == 1;
	f->EVP_MD_CTX_free(ctx);
	return good ? 0 : -EKEYREJECTED;
}

static const EVP_MD *digest_of(const struct functions *f, CMS_SignerInfo *signer, const char **ret_name)
{
	const ASN1_OBJECT *object = NULL;
	X509_ALGOR *algorithm = NULL;

	f->CMS_SignerInfo_get0_algs(signer, NULL, NULL, &algorithm, NULL);
	f->X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	*ret_name = object ? f->OBJ_nid2sn(f->OBJ_obj2nid(object)) : NULL;
	return *ret_name ? f->EVP_get_digestbyname(*ret_name) : NULL;
}

static int verify_signer(const struct keyring *k, CMS_SignerInfo *signer, struct bytes content,
			 struct diag *diag)
{
	const char *hash;
	const EVP_MD *md = digest_of(&k->crypto.f, signer, &hash);

	if (k->crypto.f.CMS_signed_get_attr_count(signer) >= 0)
		return diag_plain(diag, -EKEYREJECTED, "the signature has attributes, as modules' must not");
	if (!md)
		return diag_plain(diag, -ENOPKG, "the signature is of an unknown hash%s%s", hash ? " " : "",
				  hash ? hash : "");
	for (unsigned int i = 0; i < k->n; i++) {
		if (!is_named(&k->crypto.f, &k->keys[i], signer))
			continue;
		return verify_by(&k->crypto.f, &k->keys[i], signer, md, content) < 0
			       ? diag_plain(diag, -EKEYREJECTED,
					    "the content is not what the key that the signature names has signed")
			       : 0;
	}
	for (unsigned int i = 0; i < k->n; i++)
		if (!k->keys[i].certificate && verify_by(&k->crypto.f, &k->keys[i], signer, md, content) == 0)
			return 0;
	return diag_plain(diag, -ENOKEY, "no key of the keyring is the one that the signature names");
}

/* What one key rejects no other one makes good. */
static int verify_all(const struct keyring *k, CMS_ContentInfo *cms, struct bytes content,
		      struct diag *diag)
{
	const struct functions *f = &k->crypto.f;
	const OPENSSL_STACK *signers;
	int n, r, worst = -ENOKEY;

	if (f->OBJ_obj2nid(f->CMS_get0_type(cms)) != NID_pkcs7_signed)
		return diag_plain(diag, -EBADMSG, "the signature holds no signed data");
	if (f->OBJ_obj2nid(f->CMS_get0_eContentType(cms)) != NID_pkcs7_data)
		return diag_plain(diag, -EKEYREJECTED, "the signature is not one of plain data");
	signers = (const OPENSSL_STACK *)f->CMS_get0_SignerInfos(cms);
	n = signers ? f->OPENSSL_sk_num(signers) : 0;
	if (n < 1 || n > SIGNERS_MAX)
		return diag_plain(diag, -EBADMSG, "the signature has %d signers", n < 0 ? 0 : n);
	for (int i = 0; i < n; i++) {
		r = verify_signer(k, f->OPENSSL_sk_value(signers, i), content, diag);
		if (r < 0 && r != -ENOKEY && r != -ENOPKG)
			return r;
		worst = r == 0 || worst == 0 ? 0 : r;
	}
	return worst;
}

int keyring_verify(const struct keyring *k, struct bytes der, struct bytes content, struct diag *diag)
{
	const unsigned char *at = der.base;
	CMS_ContentInfo *cms;
	int r;

	if (der.size > PKCS7_SIZE_MAX)
		return diag_plain(diag, -E2BIG, "signature of %zu bytes is too long", der.size);
	if (!k->crypto.library)
		return diag_plain(diag, -ENOKEY, "the keyring is empty");
	cms = der.size > 0 ? k->crypto.f.d2i_CMS_ContentInfo(NULL, &at, (long)der.size) : NULL;
	r = cms ? verify_all(k, cms, content, diag)
		: diag_plain(diag, -EBADMSG, "the signature is not PKCS#7");
	k->crypto.f.CMS_ContentInfo_free(cms);
	k->crypto.f.ERR_clear_error();
	return r;
}
