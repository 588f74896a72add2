/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/keyring.h"

#include <errno.h>
#include <stdlib.h>

#include "bytes/diag.h"

struct keyring *keyring_new(void)
{
	return malloc(1);
}

void keyring_free(struct keyring *keyring)
{
	free(keyring);
}

int keyring_add(struct keyring *keyring, struct bytes file, struct diag *diag)
{
	(void)keyring;
	(void)file;
	return diag_plain(diag, -EOPNOTSUPP, "this build cannot verify signatures");
}

int keyring_verify(const struct keyring *keyring, struct bytes der, struct bytes content,
		   struct diag *diag)
{
	(void)keyring;
	(void)der;
	(void)content;
	return diag_plain(diag, -EOPNOTSUPP, "this build cannot verify signatures");
}
