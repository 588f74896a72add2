/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the fuzz targets of the decoders have in common.
 */
#include <stdlib.h>

#include "bytes/diag.h"
#include "codec/codec.h"

#define FUZZ_OUTPUT_MAX ((size_t)8 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* State and buffer live on from input to input, as they do from file to file. */
static inline int fuzz_codec(enum codec_kind kind, const uint8_t *data, size_t size)
{
	static struct codec *codec;
	static struct buf out = { .max = FUZZ_OUTPUT_MAX };
	struct diag diag = { 0 };
	uint64_t hint;
	int r;

	if (!codec)
		codec = codec_new();
	out.size = 0;
	out.error = 0;
	(void)codec_size_hint(kind, bytes_of(data, size), &hint);
	r = codec_decode(codec, kind, bytes_of(data, size), &out, &diag);
	if (out.size > FUZZ_OUTPUT_MAX || (r < 0 && out.size != 0) ||
	    (r == -EBADMSG && (diag.what[0] == '\0' || diag.where > size)))
		abort();
	return 0;
}
