/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Who signed a module, by which key and hash: what a PKCS#7 or CMS signature says of itself. It
 * is shown, never verified. libcrypto is opened when the first signature is read; pkcs7-none.c
 * is the twin for builds without it.
 */
#include "bytes/bytes.h"

struct arena;
struct diag;
struct pkcs7_reader;

/* Signatures of modules have some hundred bytes, a few thousand with certificates in them. */
#define PKCS7_SIZE_MAX ((size_t)1024 * 1024)

/** struct pkcs7 - the first signer; all parts live in the caller's arena */
struct pkcs7 {
	struct bytes signer;	/* common name of the issuer, UTF-8; empty when only a key id is given */
	struct bytes key_id;	/* serial number, or subject key identifier */
	const char *hash;	/* "sha256", ...; what libcrypto calls it in small letters */
	struct bytes signature; /* the bare signature */
};

/** pkcs7_reader_new() - NULL without memory; does not open the library yet */
struct pkcs7_reader *pkcs7_reader_new(void);
void pkcs7_reader_free(struct pkcs7_reader *reader);

/**
 * pkcs7_read() - read a DER signature
 * @der: bytes behind the signature are ignored
 * @ret: written only on success
 *
 * Return: 0; -EOPNOTSUPP neither built in nor installed (diag says which); -EBADMSG not a
 * signature; -E2BIG over PKCS7_SIZE_MAX; -ENOMEM.
 */
int pkcs7_read(struct pkcs7_reader *reader, struct bytes der, struct arena *arena,
	       struct pkcs7 *ret, struct diag *diag);
