/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bzip2 through libbz2, which is opened when a kernel image needs it.
 *
 *   | "BZh" | block size in 100 kB, '1' to '9' | blocks, each with a CRC | end with a CRC of all |
 */
#include <bzlib.h>
#include <dlfcn.h>
#include <limits.h>

#include "codec/codec-internal.h"
#include "codec/library.h"

DLOPEN_NOTE({"feature": "bzip2",
	     "description": "Reads exports of kernel images that are packed with bzip2",
	     "priority": "suggested",
	     "soname": ["libbz2.so.1.0"]});

#define LIBRARY "libbz2.so.1.0"

struct functions {
	__typeof__(BZ2_bzDecompressInit) *init;
	__typeof__(BZ2_bzDecompress) *decompress;
	__typeof__(BZ2_bzDecompressEnd) *end;
};

static const struct library_function names[] = {
	{ "BZ2_bzDecompressInit", offsetof(struct functions, init) },
	{ "BZ2_bzDecompress", offsetof(struct functions, decompress) },
	{ "BZ2_bzDecompressEnd", offsetof(struct functions, end) },
};

static int error_of(int ret, uint64_t off, struct diag *diag)
{
	if (ret == BZ_MEM_ERROR)
		return -ENOMEM;
	if (ret == BZ_OK)
		return diag_offset(diag, -EBADMSG, off, "bzip2 data is cut off");
	if (ret == BZ_DATA_ERROR_MAGIC)
		return diag_offset(diag, -EBADMSG, off, "no bzip2 header where one must be");
	return diag_offset(diag, -EBADMSG, off, "bzip2 data is damaged");
}

/* Goes on until the end of the stream, or until there is an error, or nothing goes in or out. */
static int run(const struct functions *f, bz_stream *z, struct bytes in, struct codec_sink *sink,
	       size_t *ret_used, int *ret_bz)
{
	size_t given = 0, room = 0;
	int ret = BZ_OK;

	do {
		uint8_t *to;
		int r;

		if (z->avail_in == 0) {
			size_t rest = in.size - given;

			z->next_in = (char *)(uintptr_t)in.base + given;
			z->avail_in = rest < UINT_MAX ? (unsigned int)rest : UINT_MAX;
			given += z->avail_in;
		}
		r = codec_sink_room(sink, &to, &room);
		if (r < 0)
			return r;
		room = room < UINT_MAX ? room : UINT_MAX;
		z->next_out = (char *)to;
		z->avail_out = (unsigned int)room;
		ret = f->decompress(z);
		r = codec_sink_wrote(sink, room - z->avail_out);
		if (r < 0)
			return r;
	} while (ret == BZ_OK && (z->avail_in > 0 || given < in.size || z->avail_out < room));
	*ret_used = given - z->avail_in;
	*ret_bz = ret;
	return 0;
}

static int decode(const struct functions *f, struct bytes in, struct codec_sink *sink,
		  size_t *ret_used, struct diag *diag)
{
	bz_stream z = { 0 };
	size_t used = 0;
	int r, ret;

	if (f->init(&z, 0, 0) != BZ_OK)
		return -ENOMEM;
	r = run(f, &z, in, sink, &used, &ret);
	if (r == 0 && ret != BZ_STREAM_END)
		r = error_of(ret, used, diag);
	if (r == 0)
		*ret_used = used;
	f->end(&z);
	return r;
}

static int bzip2_first(struct bytes in, struct codec_sink *sink, size_t *ret_used,
		       struct diag *diag)
{
	struct functions f;
	void *library;
	int r;

	r = library_open(LIBRARY, "cannot decompress a kernel packed with bzip2", names,
			 sizeof(names) / sizeof(names[0]), &f, &library, diag);
	if (r < 0)
		return r;
	r = decode(&f, in, sink, ret_used, diag);
	dlclose(library);
	return r;
}

const struct payload_ops payload_bzip2 = { bzip2_first };
