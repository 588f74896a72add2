/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the fuzz targets of the decoders of kernel images have in common.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include "bytes/diag.h"
#include "codec/payload.h"

#define FUZZ_OUTPUT_MAX ((size_t)8 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* @library: stays open, so that not every input opens it anew */
static inline int fuzz_payload(enum payload_kind kind, const char *library, const uint8_t *data,
			       size_t size)
{
	static struct buf out = { .max = FUZZ_OUTPUT_MAX };
	static void *kept;
	struct diag diag = { 0 };
	size_t used = 0;
	int r;

	if (!kept)
		kept = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!kept) /* nothing would be tried */
		abort();
	out.size = 0;
	out.error = 0;
	if (payload_detect(bytes_of(data, size)) != kind)
		return 0;
	r = payload_decode(kind, bytes_of(data, size), &out, &used, &diag);
	if (out.size > FUZZ_OUTPUT_MAX || used > size || (r < 0 && (out.size != 0 || used != 0)) ||
	    (r < 0 && r != -ENOMEM && diag.what[0] == '\0') ||
	    (diag.place == DIAG_OFFSET && diag.where > size))
		abort();
	return 0;
}
