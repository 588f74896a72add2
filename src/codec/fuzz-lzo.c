/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/fuzz-payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_payload(PAYLOAD_LZO, "liblzo2.so.2", data, size);
}
