/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Would a kernel that trusts these keys take the signature of a module? Verified as the kernel does
 * it: by the key whose issuer and serial number, or key identifier, the signature names; without a
 * look at dates, chains or purposes of certificates. libcrypto is opened when the first key is read;
 * keyring-none.c is the twin for builds without it.
 */
#include "bytes/bytes.h"

struct diag;

/* Keys of one keyring; a kernel's own have a handful. Each signature is compared with all of them. */
#define KEYRING_KEYS_MAX 1024u

/* A file of certificates; the keys of all machine owners of a distribution have some hundred KiB. */
#define KEYRING_FILE_MAX ((size_t)4 * 1024 * 1024)

/** struct keyring - public keys, and what signatures name them by */
struct keyring;

/** keyring_new() - an empty one; NULL without memory; does not open the library yet */
struct keyring *keyring_new(void);
void keyring_free(struct keyring *keyring);

/**
 * keyring_add() - all keys of a file
 * @file: certificates and public keys: PEM, as many as there are (private keys among them are passed
 *        over), or DER, one behind the other
 *
 * Return: how many, 1 or more; -EBADMSG there is none, or one is damaged (diag: offset or line);
 * -E2BIG over a limit; -EOPNOTSUPP neither built in nor installed (diag says which); -ENOMEM. Keys in
 * front of a damaged one stay.
 */
int keyring_add(struct keyring *keyring, struct bytes file, struct diag *diag);

/**
 * keyring_verify() - is @der a good signature of @content?
 * @der: as in a module file: PKCS#7 or CMS, without the content
 *
 * May be called on several threads at once when nothing is added any more. A public key that came
 * without a certificate has no name: it is tried where none of the others is named.
 * Reads @content once for each signer, which are few.
 * Return: 0; -EKEYREJECTED the key is there, and the content is not what it signed, or the signature
 * is of a kind that the kernel never takes; -ENOKEY no key of this keyring signed it; -ENOPKG signed
 * with a hash that is not known here; -EBADMSG no signature; -E2BIG over PKCS7_SIZE_MAX; -ENOMEM. The
 * diag says why in all cases but the first and the last.
 */
int keyring_verify(const struct keyring *keyring, struct bytes der, struct bytes content,
		   struct diag *diag);
