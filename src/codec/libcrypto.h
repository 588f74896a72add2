/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The functions of libcrypto that signatures and keys are read with; the library is opened when one of
 * them is needed for the first time.
 */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct diag;

#define LIBCRYPTO_FUNCTIONS(X)                                                                     \
	X(CMS_ContentInfo_free)                                                                    \
	X(CMS_get0_type)                                                                           \
	X(CMS_get0_eContentType)                                                                   \
	X(CMS_get0_SignerInfos)                                                                    \
	X(CMS_signed_get_attr_count)                                                               \
	X(CMS_SignerInfo_get0_signer_id)                                                           \
	X(CMS_SignerInfo_get0_algs)                                                                \
	X(CMS_SignerInfo_get0_signature)                                                           \
	X(d2i_CMS_ContentInfo)                                                                     \
	X(d2i_X509)                                                                                \
	X(d2i_X509_AUX)                                                                            \
	X(d2i_PUBKEY)                                                                              \
	X(X509_ALGOR_get0)                                                                         \
	X(X509_free)                                                                               \
	X(X509_get0_serialNumber)                                                                  \
	X(X509_get0_subject_key_id)                                                                \
	X(X509_get_issuer_name)                                                                    \
	X(X509_get_pubkey)                                                                         \
	X(X509_NAME_get0_der)                                                                      \
	X(X509_NAME_get_index_by_NID)                                                              \
	X(X509_NAME_get_entry)                                                                     \
	X(X509_NAME_ENTRY_get_data)                                                                \
	X(OBJ_obj2nid)                                                                             \
	X(OBJ_nid2sn)                                                                              \
	X(ASN1_INTEGER_cmp)                                                                        \
	X(ASN1_STRING_cmp)                                                                         \
	X(ASN1_STRING_get0_data)                                                                   \
	X(ASN1_STRING_length)                                                                      \
	X(ASN1_STRING_to_UTF8)                                                                     \
	X(OPENSSL_sk_num)                                                                          \
	X(OPENSSL_sk_value)                                                                        \
	X(OPENSSL_init_crypto)                                                                     \
	X(EVP_PKEY_free)                                                                           \
	X(EVP_get_digestbyname)                                                                    \
	X(EVP_MD_CTX_new)                                                                          \
	X(EVP_MD_CTX_free)                                                                         \
	X(EVP_DigestVerifyInit)                                                                    \
	X(EVP_DigestVerify)                                                                        \
	X(PEM_read_bio)                                                                            \
	X(BIO_new_mem_buf)                                                                         \
	X(BIO_free)                                                                                \
	X(BIO_ctrl)                                                                                \
	X(CRYPTO_free)                                                                             \
	X(ERR_peek_last_error)                                                                     \
	X(ERR_clear_error)

struct functions {
#define X(name) __typeof__(name) *name;
	LIBCRYPTO_FUNCTIONS(X)
#undef X
};

/** struct libcrypto - all zero is closed */
struct libcrypto {
	void *library;
	struct functions f;
};

/**
 * libcrypto_open() - open it unless it is open, without what openssl.cnf may say: no kernel reads that
 * @what: what can't be done without it, for the diag
 * Return: as library_open().
 */
int libcrypto_open(struct libcrypto *crypto, const char *what, struct diag *diag);

/** libcrypto_close() - what the functions gave must have been freed; closed is fine */
void libcrypto_close(struct libcrypto *crypto);
