/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys, certificates and signatures are made here with libcrypto, signatures the way that the
 * kernel's sign-file makes them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "codec/keyring.h"
#include "codec/pkcs7.h"

#define SIGN_FLAGS (CMS_NOCERTS | CMS_PARTIAL | CMS_BINARY | CMS_DETACHED | CMS_STREAM | CMS_NOSMIMECAP)

static const char content[] = "the bytes of a module";
#define CONTENT bytes_of(content, sizeof(content))

struct signer {
	EVP_PKEY *key;
	X509 *cert;
};

/* @days: from now on, below 0 it is expired; @id: subject key identifier, NULL without. */
static struct signer signer_new(EVP_PKEY *key, const char *name, long serial, int days, const char *id)
{
	struct signer s = { key, X509_new() };
	ASN1_OCTET_STRING *key_id = ASN1_OCTET_STRING_new();
	X509_NAME *subject;

	assert_non_null(key);
	X509_set_version(s.cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(s.cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(s.cert), days < 0 ? days * 2L * 86400 : 0);
	X509_gmtime_adj(X509_getm_notAfter(s.cert), days * 86400L);
	subject = X509_get_subject_name(s.cert);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
	X509_set_issuer_name(s.cert, subject);
	if (id) {
		ASN1_OCTET_STRING_set(key_id, (const uint8_t *)id, (int)strlen(id));
		X509_add1_ext_i2d(s.cert, NID_subject_key_identifier, key_id, 0, 0);
	}
	X509_set_pubkey(s.cert, s.key);
	assert_true(X509_sign(s.cert, s.key, EVP_sha256()) > 0);
	ASN1_OCTET_STRING_free(key_id);
	return s;
}

static struct signer usual(const char *name, long serial)
{
	return signer_new(EVP_EC_gen("P-256"), name, serial, 1, "key");
}

static void signer_free(struct signer *s)
{
	X509_free(s->cert);
	EVP_PKEY_free(s->key);
}

static void sign(const struct signer *s, const EVP_MD *md, unsigned int flags, struct buf *der)
{
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, SIGN_FLAGS);
	BIO *bio = BIO_new_mem_buf(content, sizeof(content));
	unsigned char *out = NULL;
	int n;

	assert_non_null(CMS_add1_signer(cms, s->cert, s->key, md, SIGN_FLAGS | flags));
	assert_int_equal(CMS_final(cms, bio, NULL, CMS_NOCERTS | CMS_BINARY), 1);
	n = i2d_CMS_ContentInfo(cms, &out);
	assert_true(n > 0);
	buf_put(der, out, (size_t)n);
	OPENSSL_free(out);
	BIO_free(bio);
	CMS_ContentInfo_free(cms);
}

static void put_der(const struct signer *s, struct buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_X509(s->cert, &der);

	buf_put(out, der, (size_t)n);
	OPENSSL_free(der);
}

static void put_pem(const struct signer *s, bool is_bare, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	assert_int_equal(is_bare ? PEM_write_bio_PUBKEY(bio, s->key) : PEM_write_bio_X509(bio, s->cert), 1);
	n = BIO_get_mem_data(bio, &text);
	buf_put(out, text, (size_t)n);
	BIO_free(bio);
}

static struct keyring *keyring_of(const struct signer *s)
{
	CLEANUP_BUF struct buf file = { 0 };
	struct keyring *k = keyring_new();

	put_der(s, &file);
	assert_int_equal(keyring_add(k, buf_bytes(&file), NULL), 1);
	return k;
}

static int verify(const struct keyring *k, const struct buf *der)
{
	struct diag diag = { 0 };
	int r = keyring_verify(k, buf_bytes(der), CONTENT, &diag);

	assert_int_equal(diag.what[0] == 0, r == 0);
	return r;
}

/* Signed by @s, taken by its certificate alone, and by that of nobody else. */
static void check_good(struct signer s, const EVP_MD *md, unsigned int flags)
{
	struct signer other = signer_new(EVP_EC_gen("P-256"), "Somebody else", 9, 1, "other");
	struct keyring *k = keyring_of(&s), *wrong = keyring_of(&other);
	CLEANUP_BUF struct buf der = { 0 };

	sign(&s, md, flags, &der);
	assert_int_equal(verify(k, &der), 0);
	assert_int_equal(verify(wrong, &der), -ENOKEY);
	assert_int_equal(keyring_verify(k, buf_bytes(&der), bytes_of(content, sizeof(content) - 1), NULL),
			 -EKEYREJECTED);
	keyring_free(wrong);
	keyring_free(k);
	signer_free(&other);
	signer_free(&s);
}

static void test_kinds_of_keys(void **state)
{
	(void)state;
	check_good(signer_new(EVP_RSA_gen(2048), "Build time key", 7, 1, "id"), EVP_sha256(), CMS_NOATTR);
	check_good(signer_new(EVP_RSA_gen(2048), "Build time key", 7, 1, "id"), EVP_sha512(), CMS_NOATTR);
	check_good(signer_new(EVP_EC_gen("P-256"), "Build time key", 7, 1, "id"), EVP_sha256(), CMS_NOATTR);
	check_good(signer_new(EVP_EC_gen("P-384"), "Build time key", 7, 1, "id"), EVP_sha512(), CMS_NOATTR);
}

static void test_by_key_id(void **state)
{
	(void)state;
	check_good(signer_new(EVP_EC_gen("P-256"), "Build time key", 7, 1, "id"), EVP_sha256(),
		   CMS_NOATTR | CMS_USE_KEYID);
}

/* A kernel asks no clock that may not be set yet. */
static void test_expired(void **state)
{
	(void)state;
	check_good(signer_new(EVP_EC_gen("P-256"), "Old key", 7, -30, "id"), EVP_sha256(), CMS_NOATTR);
}

static void test_no_key_id(void **state)
{
	(void)state;
	check_good(signer_new(EVP_EC_gen("P-256"), "Plain", 7, 1, NULL), EVP_sha256(), CMS_NOATTR);
}

/* The same name and number, but another key: the signature names this one, and is not by it. */
static void test_impostor(void **state)
{
	struct signer s = usual("Build time key", 7), other = usual("Build time key", 7);
	struct signer renumbered = usual("Build time key", 8), renamed = usual("Build time kez", 7);
	struct keyring *k[] = { keyring_of(&other), keyring_of(&renumbered), keyring_of(&renamed) };
	CLEANUP_BUF struct buf der = { 0 };

	(void)state;
	sign(&s, EVP_sha256(), CMS_NOATTR, &der);
	assert_int_equal(verify(k[0], &der), -EKEYREJECTED);
	assert_int_equal(verify(k[1], &der), -ENOKEY);
	assert_int_equal(verify(k[2], &der), -ENOKEY);
	for (size_t i = 0; i < 3; i++)
		keyring_free(k[i]);
	signer_free(&s);
	signer_free(&other);
	signer_free(&renumbered);
	signer_free(&renamed);
}

/* Kernels refuse signed attributes, whatever else is right. */
static void test_attributes(void **state)
{
	struct signer s = usual("Build time key", 7);
	struct keyring *k = keyring_of(&s);
	CLEANUP_BUF struct buf der = { 0 };

	(void)state;
	sign(&s, EVP_sha256(), 0, &der);
	assert_int_equal(verify(k, &der), -EKEYREJECTED);
	keyring_free(k);
	signer_free(&s);
}

static void test_files_of_several(void **state)
{
	struct signer a = usual("A", 1), b = usual("B", 2), c = usual("C", 3);
	CLEANUP_BUF struct buf pem = { 0 }, ders = { 0 }, der = { 0 };
	struct keyring *k = keyring_new(), *l = keyring_new();

	(void)state;
	buf_put_string(&pem, "Some words in front\n");
	put_pem(&a, false, &pem);
	buf_put_string(&pem, "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n");
	put_pem(&b, true, &pem);
	assert_int_equal(keyring_add(k, buf_bytes(&pem), NULL), 2);
	put_der(&c, &ders);
	put_der(&b, &ders);
	assert_int_equal(keyring_add(l, buf_bytes(&ders), NULL), 2);

	sign(&b, EVP_sha256(), CMS_NOATTR, &der); /* a bare key in k, a certificate in l */
	assert_int_equal(verify(k, &der), 0);
	assert_int_equal(verify(l, &der), 0);
	der.size = 0;
	sign(&c, EVP_sha256(), CMS_NOATTR, &der);
	assert_int_equal(verify(k, &der), -ENOKEY);
	assert_int_equal(verify(l, &der), 0);
	keyring_free(k);
	keyring_free(l);
	signer_free(&a);
	signer_free(&b);
	signer_free(&c);
}

static void check_none(const char *text, enum diag_place place)
{
	struct keyring *k = keyring_new();
	struct diag diag = { 0 };

	assert_int_equal(keyring_add(k, bytes_of(text, strlen(text)), &diag), -EBADMSG);
	assert_int_equal(diag.place, place);
	assert_true(diag.what[0]);
	keyring_free(k);
}

static void test_no_keys(void **state)
{
	struct keyring *k = keyring_new();
	uint8_t *much = calloc(1, KEYRING_FILE_MAX + 1);

	(void)state;
	check_none("", DIAG_NOWHERE);
	check_none("these are no keys\n", DIAG_OFFSET);
	check_none("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", DIAG_OFFSET);
	check_none("-----BEGIN CERTIFICATE-----\nMAA=\n", DIAG_OFFSET);
	check_none("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", DIAG_OFFSET);
	check_none("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", DIAG_NOWHERE);
	assert_int_equal(keyring_add(k, bytes_of(much, KEYRING_FILE_MAX + 1), NULL), -E2BIG);
	assert_int_equal(keyring_verify(k, bytes_of(much, 1), CONTENT, NULL), -ENOKEY);
	free(much);
	keyring_free(k);
	keyring_free(NULL);
}

/* No change of a bit in the bare signature is taken for good, and no cut. */
static void test_changed_anywhere(void **state)
{
	struct signer s = usual("Build time key", 7);
	struct keyring *k = keyring_of(&s);
	CLEANUP_BUF struct buf der = { 0 };
	size_t from;

	(void)state;
	sign(&s, EVP_sha256(), CMS_NOATTR, &der);
	from = der.size - 60; /* the signature is last, of some 70 bytes */
	for (size_t bit = 0; bit < der.size * 8; bit++) {
		int r;

		der.base[bit / 8] ^= (uint8_t)(1u << bit % 8);
		r = keyring_verify(k, buf_bytes(&der), CONTENT, NULL);
		der.base[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(r == 0 || r == -EKEYREJECTED || r == -ENOKEY || r == -ENOPKG || r == -EBADMSG);
		if (bit / 8 >= from)
			assert_true(r == -EKEYREJECTED || r == -EBADMSG);
	}
	for (size_t n = 0; n < der.size; n++)
		assert_int_equal(keyring_verify(k, bytes_of(der.base, n), CONTENT, NULL), -EBADMSG);
	keyring_free(k);
	signer_free(&s);
}

static void test_cut_off_keys(void **state)
{
	struct signer s = usual("Build time key", 7);
	CLEANUP_BUF struct buf der = { 0 };

	(void)state;
	put_der(&s, &der);
	for (size_t n = 0; n < der.size; n++) {
		struct keyring *k = keyring_new();
		uint8_t *part = malloc(n ? n : 1);

		memcpy(part, der.base, n);
		assert_int_equal(keyring_add(k, bytes_of(part, n), NULL), -EBADMSG);
		free(part);
		keyring_free(k);
	}
	signer_free(&s);
}

static void test_too_many_keys(void **state)
{
	struct signer s = usual("Build time key", 7);
	struct keyring *k = keyring_new();
	CLEANUP_BUF struct buf ders = { 0 };

	(void)state;
	for (unsigned int i = 0; i <= KEYRING_KEYS_MAX; i++)
		put_der(&s, &ders);
	assert_int_equal(keyring_add(k, buf_bytes(&ders), NULL), -E2BIG);
	keyring_free(k);
	signer_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_of_keys),
		cmocka_unit_test(test_by_key_id),
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_no_key_id),
		cmocka_unit_test(test_impostor),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_files_of_several),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_changed_anywhere),
		cmocka_unit_test(test_cut_off_keys),
		cmocka_unit_test(test_too_many_keys),
	};

	return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
