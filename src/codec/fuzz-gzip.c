/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/fuzz-codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_codec(CODEC_GZIP, data, size);
}
