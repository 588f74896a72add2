/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gzip through zlib.
 *
 *   | 1f 8b, header | deflate data | CRC32 4 | size modulo 2^32, little endian 4 | more members
 *
 * Source: RFC 1952. Zero bytes may follow the last member, as padding.
 */
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "codec/codec-internal.h"

#define MEMBER_SIZE_MIN 18

/* Deflate cannot do better, so a larger claim is a lie. */
#define RATIO_MAX 1032u

/* The header decides: gzip only (16), any window (15). */
#define WINDOW_BITS (16 + 15)

static void *gzip_new(void)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z && inflateInit2(z, WINDOW_BITS) != Z_OK) {
		free(z);
		z = NULL;
	}
	return z;
}

static void gzip_free(void *state)
{
	inflateEnd(state);
	free(state);
}

static int gzip_size_hint(struct bytes in, uint64_t *ret_size)
{
	uint32_t size;

	if (in.size < MEMBER_SIZE_MIN)
		return -ENODATA;
	size = get_u32(in.base + in.size - 4, false);
	if (size / RATIO_MAX > in.size)
		return -ENODATA;
	*ret_size = size;
	return 0;
}

static bool is_zero(struct bytes b)
{
	for (size_t i = 0; i < b.size; i++)
		if (b.base[i] != 0)
			return false;
	return true;
}

static int error_of(const z_stream *z, int ret, uint64_t off, struct diag *diag)
{
	if (ret == Z_MEM_ERROR)
		return -ENOMEM;
	if (ret == Z_BUF_ERROR)
		return diag_offset(diag, -EBADMSG, off, "gzip data is cut off");
	return diag_offset(diag, -EBADMSG, off, "gzip data is damaged: %s",
			   z->msg ? z->msg : "needs a dictionary");
}

/* One member at the start of @in. */
static int member(z_stream *z, struct bytes in, struct codec_sink *sink, size_t *ret_used, int *ret_z)
{
	size_t given = 0;
	int ret = Z_OK;

	z->avail_in = 0;
	while (ret == Z_OK) {
		size_t room;
		int r;

		if (z->avail_in == 0) {
			size_t rest = in.size - given;

			z->next_in = (Bytef *)(uintptr_t)in.base + given;
			z->avail_in = rest < UINT_MAX ? (uInt)rest : UINT_MAX;
			given += z->avail_in;
		}
		r = codec_sink_room(sink, &z->next_out, &room);
		if (r < 0)
			return r;
		room = room < UINT_MAX ? room : UINT_MAX;
		z->avail_out = (uInt)room;
		ret = inflate(z, Z_NO_FLUSH);
		r = codec_sink_wrote(sink, room - z->avail_out);
		if (r < 0)
			return r;
	}
	*ret_used = given - z->avail_in;
	*ret_z = ret;
	return 0;
}

static int gzip_decode(void *state, struct bytes in, struct codec_sink *sink, struct diag *diag)
{
	z_stream *z = state;
	size_t at = 0;

	do {
		size_t used;
		int r, ret;

		if (inflateReset2(z, WINDOW_BITS) != Z_OK)
			return -ENOMEM;
		r = member(z, bytes_of(in.base + at, in.size - at), sink, &used, &ret);
		if (r < 0)
			return r;
		at += used;
		if (ret != Z_STREAM_END)
			return error_of(z, ret, at, diag);
	} while (!is_zero(bytes_of(in.base + at, in.size - at)));
	return 0;
}

const struct codec_ops codec_gzip = { gzip_new, gzip_free, gzip_size_hint, gzip_decode };

static int gzip_first(struct bytes in, struct codec_sink *sink, size_t *ret_used, struct diag *diag)
{
	z_stream z = { 0 };
	size_t used;
	int r, ret;

	if (inflateInit2(&z, WINDOW_BITS) != Z_OK)
		return -ENOMEM;
	r = member(&z, in, sink, &used, &ret);
	if (r == 0 && ret != Z_STREAM_END)
		r = error_of(&z, ret, used, diag);
	if (r == 0)
		*ret_used = used;
	inflateEnd(&z);
	return r;
}

const struct payload_ops payload_gzip = { gzip_first };
