/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a request up to the first NUL, then an index. */
#include <stdlib.h>

#include "bytes/diag.h"
#include "index/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int each(void *ctx, const char *key, size_t key_size, const struct index_value *value)
{
	*(size_t *)ctx += key_size - strlen(key) + strlen(value->text);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *request = (const char *)data;
	CLEANUP_INDEX_VALUES struct index_values values = { 0 };
	struct index_reader reader;
	size_t sum = 0, n;
	struct diag diag;

	if (!size || !memchr(data, 0, size))
		return 0;
	n = strlen(request) + 1;
	if (index_reader_open(bytes_of(data + n, size - n), &reader, &diag) < 0)
		return 0;
	(void)index_reader_find(&reader, request, &values, &diag);
	(void)index_reader_search(&reader, request, &values, &diag);
	for (size_t i = 0; i < values.n; i++)
		sum += strlen(values.items[i].text);
	(void)index_reader_dump(&reader, each, &sum, &diag);
	return 0;
}
