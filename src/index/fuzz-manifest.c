/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/diag.h"
#include "index/manifest.h"
#include "index/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t sizes[INDEX_CLASSIC_FILES] = { 0 };
	struct index_reader reader;
	struct manifest m;
	struct diag diag;

	if (index_reader_open(bytes_of(data, size), &reader, &diag) == 0 &&
	    manifest_parse(&reader, &m, &diag) == 0)
		(void)manifest_compare(&m, sizes, NULL);
	return 0;
}
