/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/fuzz-payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_payload(PAYLOAD_LZ4, "liblz4.so.1", data, size);
}
