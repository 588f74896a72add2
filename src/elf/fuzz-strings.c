/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a module file. Texts are whole, printable and not longer than the file. */
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "elf/strings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t n)
{
	if (n < STRINGS_LENGTH_MIN)
		abort();
	for (size_t i = 0; i < n; i++)
		if ((text[i] < 0x20 || text[i] >= 0x7f) && text[i] != '\t' && text[i] != '\n')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes b = bytes_of(data, size);
	const struct source source = source_of_bytes(&b);
	CLEANUP_BUF struct buf out = { 0 };
	struct diag diag = { 0 };
	int r;

	r = strings_read(&source, &out, &diag);
	if (r > 0 || out.size > size || (r < 0 && r != -ENOMEM && diag.what[0] == '\0'))
		abort();
	for (size_t at = 0, n; at < out.size; at += n + 1) {
		n = strnlen((const char *)out.base + at, out.size - at);
		if (n == out.size - at)
			abort();
		check_text((const char *)out.base + at, n);
	}
	return 0;
}
