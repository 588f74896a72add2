/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/pkcs7.h"

#include <stdlib.h>

#include "bytes/diag.h"

struct pkcs7_reader *pkcs7_reader_new(void)
{
	return malloc(1);
}

void pkcs7_reader_free(struct pkcs7_reader *reader)
{
	free(reader);
}

int pkcs7_read(struct pkcs7_reader *reader, struct bytes der, struct arena *arena,
	       struct pkcs7 *ret, struct diag *diag)
{
	(void)reader;
	(void)der;
	(void)arena;
	(void)ret;
	return diag_plain(diag, -EOPNOTSUPP, "this build cannot read PKCS#7 signatures");
}
