/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What does the signature of a module say?
 *
 *   ContentInfo { signedData { .. signerInfos { SignerInfo {
 *       sid: issuer name and serial number, or subject key identifier
 *       digest algorithm, .., signature } .. } } }
 *
 * Parsed by libcrypto's CMS functions, which read PKCS#7 as well. Source: RFC 5652.
 */
#include "codec/pkcs7.h"

#include <ctype.h>
#include <stdlib.h>

#include "bytes/arena.h"
#include "bytes/diag.h"
#include "codec/libcrypto.h"

struct pkcs7_reader {
	struct libcrypto crypto;
};

struct pkcs7_reader *pkcs7_reader_new(void)
{
	return calloc(1, sizeof(struct pkcs7_reader));
}

void pkcs7_reader_free(struct pkcs7_reader *reader)
{
	if (!reader)
		return;
	libcrypto_close(&reader->crypto);
	free(reader);
}

static int copy(struct arena *arena, const void *p, int size, struct bytes *ret)
{
	char *to;

	if (!p || size <= 0) {
		*ret = (struct bytes){ 0 };
		return 0;
	}
	to = arena_string(arena, p, (size_t)size);
	if (!to)
		return -ENOMEM;
	*ret = bytes_of(to, (size_t)size);
	return 0;
}

static int copy_string(const struct functions *f, struct arena *arena, const ASN1_STRING *s,
		       struct bytes *ret)
{
	return copy(arena, s ? f->ASN1_STRING_get0_data(s) : NULL, s ? f->ASN1_STRING_length(s) : 0,
		    ret);
}

static int copy_common_name(const struct functions *f, struct arena *arena, const X509_NAME *name,
			    struct bytes *ret)
{
	int i = name ? f->X509_NAME_get_index_by_NID(name, NID_commonName, -1) : -1;
	X509_NAME_ENTRY *entry = i >= 0 ? f->X509_NAME_get_entry(name, i) : NULL;
	unsigned char *text = NULL;
	int n, r;

	if (!entry)
		return copy(arena, NULL, 0, ret);
	n = f->ASN1_STRING_to_UTF8(&text, f->X509_NAME_ENTRY_get_data(entry));
	if (n < 0)
		return copy(arena, NULL, 0, ret);
	r = copy(arena, text, n, ret);
	f->CRYPTO_free(text, __FILE__, __LINE__);
	return r;
}

static int copy_hash(const struct functions *f, struct arena *arena, const X509_ALGOR *algo,
		     const char **ret)
{
	const ASN1_OBJECT *object = NULL;
	const char *name;
	char *to;

	f->X509_ALGOR_get0(&object, NULL, NULL, algo);
	name = object ? f->OBJ_nid2sn(f->OBJ_obj2nid(object)) : NULL;
	if (!name || strcmp(name, "UNDEF") == 0)
		name = "unknown";
	else if (strcmp(name, "RIPEMD160") == 0)
		name = "rmd160"; /* the kernel's name, and kmod's */
	to = arena_string(arena, name, strlen(name));
	if (!to)
		return -ENOMEM;
	*ret = to;
	for (; *to; to++)
		*to = (char)tolower((unsigned char)*to);
	return 0;
}

static int read_signer(const struct functions *f, CMS_ContentInfo *cms, struct arena *arena,
		       struct pkcs7 *ret, struct diag *diag)
{
	const OPENSSL_STACK *signers = (const OPENSSL_STACK *)f->CMS_get0_SignerInfos(cms);
	ASN1_OCTET_STRING *key_id = NULL;
	ASN1_INTEGER *serial = NULL;
	X509_NAME *issuer = NULL;
	X509_ALGOR *algo = NULL;
	CMS_SignerInfo *signer;
	struct pkcs7 p;
	int r;

	if (!signers || f->OPENSSL_sk_num(signers) < 1)
		return diag_plain(diag, -EBADMSG, "signature without a signer");
	signer = f->OPENSSL_sk_value(signers, 0);
	f->CMS_SignerInfo_get0_signer_id(signer, &key_id, &issuer, &serial);
	f->CMS_SignerInfo_get0_algs(signer, NULL, NULL, &algo, NULL);
	r = copy_common_name(f, arena, issuer, &p.signer);
	if (r < 0)
		return r;
	r = copy_string(f, arena, key_id ? key_id : serial, &p.key_id);
	if (r < 0)
		return r;
	r = copy_string(f, arena, f->CMS_SignerInfo_get0_signature(signer), &p.signature);
	if (r < 0)
		return r;
	r = copy_hash(f, arena, algo, &p.hash);
	if (r < 0)
		return r;
	*ret = p;
	return 0;
}

int pkcs7_read(struct pkcs7_reader *reader, struct bytes der, struct arena *arena,
	       struct pkcs7 *ret, struct diag *diag)
{
	const unsigned char *at = der.base;
	CMS_ContentInfo *cms;
	int r;

	if (der.size > PKCS7_SIZE_MAX)
		return diag_plain(diag, -E2BIG, "signature of %zu bytes is too long", der.size);
	r = libcrypto_open(&reader->crypto, "cannot read PKCS#7 signatures", diag);
	if (r < 0)
		return r;
	cms = der.size > 0 ? reader->crypto.f.d2i_CMS_ContentInfo(NULL, &at, (long)der.size) : NULL;
	r = cms ? read_signer(&reader->crypto.f, cms, arena, ret, diag)
		: diag_plain(diag, -EBADMSG, "signature is not PKCS#7");
	reader->crypto.f.CMS_ContentInfo_free(cms);
	reader->crypto.f.ERR_clear_error();
	return r;
}
