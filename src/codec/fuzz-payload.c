/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: gzip, xz or zstd, with whatever behind it: what fuzz-gzip.c and its kin do not try. */
#include "codec/fuzz-payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum payload_kind kind = payload_detect(bytes_of(data, size));

	if (kind != PAYLOAD_GZIP && kind != PAYLOAD_XZ && kind != PAYLOAD_ZSTD)
		return 0;
	return fuzz_payload(kind, NULL, data, size);
}
