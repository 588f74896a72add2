/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signatures are made here with libcrypto, the way that the kernel's sign-file makes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "bytes/arena.h"
#include "bytes/buf.h"
#include "bytes/diag.h"
#include "codec/pkcs7.h"

#define SIGN_FLAGS (CMS_NOCERTS | CMS_PARTIAL | CMS_BINARY | CMS_DETACHED | CMS_STREAM | CMS_NOATTR)

static const uint8_t serial_bytes[] = { 0x15, 0xfd, 0x60, 0x7c, 0x01, 0xae };
static const uint8_t key_id_bytes[] = { 0xde, 0xad, 0xbe, 0xef, 0x00, 0x42 };

struct signer {
	EVP_PKEY *key;
	X509 *cert;
};

static void set_name(X509 *cert, const char *common_name, int encoding)
{
	X509_NAME *name = X509_get_subject_name(cert);

	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"Some Maker", -1, -1, 0);
	if (common_name)
		assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, encoding,
							    (const uint8_t *)common_name, -1, -1, 0),
				 1);
	X509_set_issuer_name(cert, name);
}

static struct signer signer_new(const char *common_name)
{
	struct signer s = { EVP_EC_gen("P-256"), X509_new() };
	BIGNUM *serial = BN_bin2bn(serial_bytes, sizeof(serial_bytes), NULL);
	ASN1_OCTET_STRING *key_id = ASN1_OCTET_STRING_new();

	X509_set_version(s.cert, X509_VERSION_3);
	BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(s.cert));
	X509_gmtime_adj(X509_getm_notBefore(s.cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(s.cert), 3600);
	set_name(s.cert, common_name, MBSTRING_UTF8);
	ASN1_OCTET_STRING_set(key_id, key_id_bytes, sizeof(key_id_bytes));
	X509_add1_ext_i2d(s.cert, NID_subject_key_identifier, key_id, 0, 0);
	X509_set_pubkey(s.cert, s.key);
	assert_true(X509_sign(s.cert, s.key, EVP_sha256()) > 0);
	ASN1_OCTET_STRING_free(key_id);
	BN_free(serial);
	return s;
}

static void signer_free(struct signer *s)
{
	X509_free(s->cert);
	EVP_PKEY_free(s->key);
}

/* Signs some content; @ret_plain gets the bare signature. */
static void sign(const struct signer *s, const EVP_MD *md, unsigned int flags, struct buf *der,
		 struct buf *ret_plain)
{
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, SIGN_FLAGS);
	BIO *content = BIO_new_mem_buf("a module", -1);
	unsigned char *out = NULL;
	ASN1_OCTET_STRING *plain;
	int n;

	assert_non_null(CMS_add1_signer(cms, s->cert, s->key, md, SIGN_FLAGS | CMS_NOSMIMECAP | flags));
	assert_int_equal(CMS_final(cms, content, NULL, CMS_NOCERTS | CMS_BINARY), 1);
	n = i2d_CMS_ContentInfo(cms, &out);
	assert_true(n > 0);
	buf_put(der, out, (size_t)n);
	plain = CMS_SignerInfo_get0_signature(sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0));
	buf_put(ret_plain, ASN1_STRING_get0_data(plain), (size_t)ASN1_STRING_length(plain));
	OPENSSL_free(out);
	BIO_free(content);
	CMS_ContentInfo_free(cms);
}

static void assert_bytes(struct bytes b, const void *expected, size_t size)
{
	assert_int_equal(b.size, size);
	if (size > 0)
		assert_memory_equal(b.base, expected, size);
}

static void check(const char *common_name, const EVP_MD *md, unsigned int flags, const char *signer,
		  struct bytes key_id, const char *hash)
{
	CLEANUP_BUF struct buf der = { 0 }, plain = { 0 };
	CLEANUP_ARENA struct arena arena = { 0 };
	struct pkcs7_reader *reader = pkcs7_reader_new();
	struct signer s = signer_new(common_name);
	struct pkcs7 p = { 0 };

	sign(&s, md, flags, &der, &plain);
	assert_int_equal(pkcs7_read(reader, buf_bytes(&der), &arena, &p, NULL), 0);
	assert_bytes(p.signer, signer, strlen(signer));
	assert_bytes(p.key_id, key_id.base, key_id.size);
	assert_string_equal(p.hash, hash);
	assert_bytes(p.signature, plain.base, plain.size);
	signer_free(&s);
	pkcs7_reader_free(reader);
}

#define SERIAL bytes_of(serial_bytes, sizeof(serial_bytes))
#define KEY_ID bytes_of(key_id_bytes, sizeof(key_id_bytes))

static void test_issuer_and_serial(void **state)
{
	(void)state;
	check("Build time key", EVP_sha256(), 0, "Build time key", SERIAL, "sha256");
	check("Build time key", EVP_sha512(), 0, "Build time key", SERIAL, "sha512");
}

static void test_key_id(void **state)
{
	(void)state;
	check("Build time key", EVP_sha384(), CMS_USE_KEYID, "", KEY_ID, "sha384");
}

static void test_names(void **state)
{
	(void)state;
	check(NULL, EVP_sha256(), 0, "", SERIAL, "sha256");
	check("Schl\303\274ssel \342\202\254", EVP_sha256(), 0, "Schl\303\274ssel \342\202\254", SERIAL,
	      "sha256");
}

/* sign-file -p of older kernels: PKCS7_sign() instead of CMS_sign(). */
static void test_pkcs7(void **state)
{
	CLEANUP_ARENA struct arena arena = { 0 };
	struct pkcs7_reader *reader = pkcs7_reader_new();
	struct signer s = signer_new("Old key");
	BIO *content = BIO_new_mem_buf("a module", -1);
	PKCS7 *pkcs7 = PKCS7_sign(s.cert, s.key, NULL, content,
				  PKCS7_NOCERTS | PKCS7_BINARY | PKCS7_DETACHED | PKCS7_NOATTR);
	unsigned char *out = NULL;
	int n = i2d_PKCS7(pkcs7, &out);
	struct pkcs7 p = { 0 };

	(void)state;
	assert_int_equal(pkcs7_read(reader, bytes_of(out, (size_t)n), &arena, &p, NULL), 0);
	assert_bytes(p.signer, "Old key", 7);
	assert_bytes(p.key_id, serial_bytes, sizeof(serial_bytes));
	assert_string_equal(p.hash, "sha256");
	assert_true(p.signature.size > 60);
	OPENSSL_free(out);
	PKCS7_free(pkcs7);
	BIO_free(content);
	signer_free(&s);
	pkcs7_reader_free(reader);
}

static void test_cut_off_anywhere(void **state)
{
	CLEANUP_BUF struct buf der = { 0 }, plain = { 0 };
	CLEANUP_ARENA struct arena arena = { 0 };
	struct pkcs7_reader *reader = pkcs7_reader_new();
	struct signer s = signer_new("Build time key");

	(void)state;
	sign(&s, EVP_sha256(), 0, &der, &plain);
	for (size_t n = 0; n < der.size; n++) {
		uint8_t *part = malloc(n ? n : 1);
		struct pkcs7 p = { .hash = "untouched" };
		struct diag diag = { 0 };

		memcpy(part, der.base, n);
		assert_int_equal(pkcs7_read(reader, bytes_of(part, n), &arena, &p, &diag), -EBADMSG);
		assert_string_equal(p.hash, "untouched");
		assert_non_null(strstr(diag.what, "signature"));
		free(part);
	}
	signer_free(&s);
	pkcs7_reader_free(reader);
}

static void test_changed_anywhere(void **state)
{
	CLEANUP_BUF struct buf der = { 0 }, plain = { 0 };
	CLEANUP_ARENA struct arena arena = { 0 };
	struct pkcs7_reader *reader = pkcs7_reader_new();
	struct signer s = signer_new("Build time key");
	size_t n_refused = 0;

	(void)state;
	sign(&s, EVP_sha256(), 0, &der, &plain);
	for (size_t bit = 0; bit < der.size * 8; bit++) {
		struct pkcs7 p;
		int r;

		der.base[bit / 8] ^= (uint8_t)(1u << bit % 8);
		r = pkcs7_read(reader, buf_bytes(&der), &arena, &p, NULL);
		der.base[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(r == 0 || r == -EBADMSG);
		n_refused += r < 0;
	}
	assert_true(n_refused > 100);
	signer_free(&s);
	pkcs7_reader_free(reader);
}

static void test_limits(void **state)
{
	CLEANUP_ARENA struct arena arena = { 0 };
	struct pkcs7_reader *reader = pkcs7_reader_new();
	struct pkcs7 p;
	uint8_t *much = calloc(1, PKCS7_SIZE_MAX + 1);

	(void)state;
	assert_int_equal(pkcs7_read(reader, bytes_of(much, PKCS7_SIZE_MAX + 1), &arena, &p, NULL),
			 -E2BIG);
	assert_int_equal(pkcs7_read(reader, bytes_of(much, PKCS7_SIZE_MAX), &arena, &p, NULL),
			 -EBADMSG);
	assert_int_equal(pkcs7_read(reader, bytes_of(NULL, 0), &arena, &p, NULL), -EBADMSG);
	free(much);
	pkcs7_reader_free(reader);
	pkcs7_reader_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_issuer_and_serial),
		cmocka_unit_test(test_key_id),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_pkcs7),
		cmocka_unit_test(test_cut_off_anywhere),
		cmocka_unit_test(test_changed_anywhere),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("pkcs7", tests, NULL, NULL);
}
