/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: bzip2 or lzma; or gzip, xz or zstd with whatever behind it, what fuzz-gzip.c and its kin do
 * not try.
 */
#include "codec/fuzz-payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum payload_kind kind = payload_detect(bytes_of(data, size));

	if (kind == PAYLOAD_UNKNOWN || kind == PAYLOAD_LZO || kind == PAYLOAD_LZ4)
		return 0;
	return fuzz_payload(kind, "libbz2.so.1.0", data, size);
}
