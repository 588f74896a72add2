/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "bytes/buf.h"
#include "bytes/bytes.h"
#include "bytes/diag.h"
#include "index/namespaces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A value that can be read comes out of what is written for it as it was. */
static void check(const char *value)
{
	CLEANUP_BUF struct buf owner = { 0 }, again = { 0 };
	struct namespace_export export;
	struct diag diag;

	if (namespaces_get_symbol(value, &export, &diag) < 0)
		return;
	buf_put(&owner, export.owner, export.owner_size);
	buf_put_u8(&owner, '\0');
	if (owner.error)
		return;
	namespaces_put_symbol((const char *)owner.base, export.ns, &again);
	buf_put_u8(&again, '\0');
	if (again.error == 0 && strcmp((const char *)again.base, value) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf text = { 0 };

	buf_put(&text, data, size);
	buf_put_u8(&text, '\0');
	if (text.error == 0)
		check((const char *)text.base);
	return 0;
}
