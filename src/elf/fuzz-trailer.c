/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a file's end before the magic; with an odd last byte the magic is put behind it, so that
 * the parts in front of it are reached at once.
 */
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "elf/trailer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct bytes b)
{
	const struct source source = source_of_bytes(&b);
	struct facts_signature s, none = { 0 };
	struct diag diag = { 0 };
	int r;

	memset(&s, 0xa5, sizeof(s));
	r = trailer_read(&source, &s, &diag);
	if (r < 0 ? diag.what[0] == '\0' || diag.where > b.size
		  : s.is_present ? s.off > b.size || s.size > b.size - s.off ||
					   s.off < (uint64_t)s.signer_size + s.key_id_size
				 : memcmp(&s, &none, sizeof(s)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char magic[28] = "~Module signature appended~\n";
	uint8_t *whole;

	if (size == 0 || !(data[size - 1] & 1)) {
		check(bytes_of(data, size));
		return 0;
	}
	whole = malloc(size - 1 + sizeof(magic));
	if (!whole)
		return 0;
	memcpy(whole, data, size - 1);
	memcpy(whole + size - 1, magic, sizeof(magic));
	check(bytes_of(whole, size - 1 + sizeof(magic)));
	free(whole);
	return 0;
}
