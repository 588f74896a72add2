/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "bytes/arena.h"
#include "bytes/diag.h"
#include "codec/pkcs7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkcs7_reader *reader;
	static struct arena arena;
	struct pkcs7 p = { 0 };
	struct diag diag = { 0 };
	int r;

	if (!reader)
		reader = pkcs7_reader_new();
	arena_reset(&arena, (size_t)1024 * 1024);
	r = pkcs7_read(reader, bytes_of(data, size), &arena, &p, &diag);
	if (r == 0 ? p.signer.size + p.key_id.size + p.signature.size > 8 * size || !p.hash
		   : diag.what[0] == '\0')
		abort();
	return 0;
}
