/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xz, and lzma of the time before it, through liblzma.
 *
 *   | header 12 | block.. | index | footer 12 | (zero padding, more streams)
 *                           |       |  CRC32 4, backward size 4, flags 2, "YZ"
 *                           0, number of records, then (unpadded size, uncompressed size) each
 *
 * Sizes in the index are variable-length integers. Source: The .xz File Format 1.1.0.
 *
 *   lzma: | lc, lp, pb 1 | dictionary size 4 | size 8, all ones: ends with a mark | data |
 */
#include <lzma.h>
#include <stdlib.h>

#include "codec/codec-internal.h"

static void *xz_new(void)
{
	lzma_stream *s = malloc(sizeof(*s));

	if (s)
		*s = (lzma_stream)LZMA_STREAM_INIT;
	return s;
}

static void xz_free(void *state)
{
	lzma_end(state);
	free(state);
}

static int add(uint64_t *sum, uint64_t v)
{
	return __builtin_add_overflow(*sum, v, sum) ? -ENODATA : 0;
}

/* Sums of an index: of the blocks in the file, and of what comes out of them. */
static int sum_index(struct bytes index, uint64_t *ret_packed, uint64_t *ret_plain)
{
	uint64_t packed = 0, plain = 0;
	lzma_vli n, size;
	size_t at = 1;

	if (index.base[0] != 0 ||
	    lzma_vli_decode(&n, NULL, index.base, &at, index.size) != LZMA_OK ||
	    n > index.size)
		return -ENODATA;
	for (; n > 0; n--) {
		if (lzma_vli_decode(&size, NULL, index.base, &at, index.size) != LZMA_OK ||
		    add(&packed, (size + 3) & ~(uint64_t)3) < 0)
			return -ENODATA;
		if (lzma_vli_decode(&size, NULL, index.base, &at, index.size) != LZMA_OK ||
		    add(&plain, size) < 0)
			return -ENODATA;
	}
	*ret_packed = packed;
	*ret_plain = plain;
	return 0;
}

/* The last stream of @in: what comes out of it, and where it starts. */
static int last_stream(struct bytes in, size_t *ret_start, uint64_t *ret_size)
{
	lzma_stream_flags flags;
	uint64_t packed, rest;
	struct bytes index;

	if (in.size < 2 * LZMA_STREAM_HEADER_SIZE)
		return -ENODATA;
	rest = in.size - LZMA_STREAM_HEADER_SIZE;
	if (lzma_stream_footer_decode(&flags, in.base + rest) != LZMA_OK ||
	    flags.backward_size > rest)
		return -ENODATA;
	rest -= flags.backward_size;
	if (bytes_slice(in, rest, flags.backward_size, &index) < 0 ||
	    sum_index(index, &packed, ret_size) < 0 ||
	    rest < LZMA_STREAM_HEADER_SIZE || packed > rest - LZMA_STREAM_HEADER_SIZE)
		return -ENODATA;
	*ret_start = (size_t)(rest - packed - LZMA_STREAM_HEADER_SIZE);
	return 0;
}

static int xz_size_hint(struct bytes in, uint64_t *ret_size)
{
	uint64_t sum = 0, size;

	while (in.size > 0) {
		static const uint8_t zero[4];

		if (in.size >= 4 && memcmp(in.base + in.size - 4, zero, 4) == 0) {
			in.size -= 4;
			continue;
		}
		if (last_stream(in, &in.size, &size) < 0 || add(&sum, size) < 0)
			return -ENODATA;
	}
	*ret_size = sum;
	return 0;
}

/** struct format - what a message calls the data, and the limit that it had to keep */
struct format {
	const char *name;
	uint64_t work_max;
};

static int error_of(lzma_ret ret, const struct format *format, uint64_t off, struct diag *diag)
{
	const char *name = format->name;

	switch (ret) {
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	case LZMA_MEMLIMIT_ERROR:
		return diag_offset(diag, -E2BIG, off,
				   "%s dictionary needs more memory than the limit of %llu MiB",
				   name, (unsigned long long)format->work_max >> 20);
	case LZMA_OPTIONS_ERROR:
		return diag_offset(diag, -EOPNOTSUPP, off, "%s options that liblzma does not know",
				   name);
	case LZMA_UNSUPPORTED_CHECK:
		return diag_offset(diag, -EOPNOTSUPP, off,
				   "%s integrity check that liblzma does not know", name);
	case LZMA_BUF_ERROR:
		return diag_offset(diag, -EBADMSG, off, "%s data is cut off", name);
	case LZMA_FORMAT_ERROR:
		return diag_offset(diag, -EBADMSG, off, "no %s header where one must be", name);
	default:
		return diag_offset(diag, -EBADMSG, off, "%s data is damaged", name);
	}
}

static int run(lzma_stream *s, const struct format *format, struct codec_sink *sink,
	       struct diag *diag)
{
	lzma_ret ret = LZMA_OK;

	while (ret == LZMA_OK) {
		size_t room;
		int r;

		r = codec_sink_room(sink, &s->next_out, &room);
		if (r < 0)
			return r;
		s->avail_out = room;
		ret = lzma_code(s, LZMA_FINISH);
		r = codec_sink_wrote(sink, room - s->avail_out);
		if (r < 0)
			return r;
	}
	return ret == LZMA_STREAM_END ? 0 : error_of(ret, format, s->total_in, diag);
}

static int xz_decode(void *state, struct bytes in, struct codec_sink *sink, struct diag *diag)
{
	static const struct format format = { "xz", CODEC_WORK_MAX };
	lzma_stream *s = state;
	lzma_ret ret;
	int r;

	ret = lzma_stream_decoder(s, CODEC_WORK_MAX, LZMA_CONCATENATED | LZMA_TELL_UNSUPPORTED_CHECK);
	if (ret != LZMA_OK)
		return error_of(ret, &format, 0, diag);
	s->next_in = in.base;
	s->avail_in = in.size;
	r = run(s, &format, sink, diag);
	if (lzma_memusage(s) > CODEC_KEEP_MAX) {
		lzma_end(s);
		*s = (lzma_stream)LZMA_STREAM_INIT;
	}
	return r;
}

const struct codec_ops codec_xz = { xz_new, xz_free, xz_size_hint, xz_decode };

/* @ret: of setting up the decoder @s */
static int first(lzma_stream *s, lzma_ret ret, const struct format *format, struct bytes in,
		 struct codec_sink *sink, size_t *ret_used, struct diag *diag)
{
	int r;

	s->next_in = in.base;
	s->avail_in = in.size;
	r = ret == LZMA_OK ? run(s, format, sink, diag) : error_of(ret, format, 0, diag);
	if (r == 0)
		*ret_used = in.size - s->avail_in;
	lzma_end(s);
	return r;
}

static int xz_first(struct bytes in, struct codec_sink *sink, size_t *ret_used, struct diag *diag)
{
	static const struct format format = { "xz", PAYLOAD_WORK_MAX };
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret ret = lzma_stream_decoder(&s, format.work_max, LZMA_TELL_UNSUPPORTED_CHECK);

	return first(&s, ret, &format, in, sink, ret_used, diag);
}

static int lzma_first(struct bytes in, struct codec_sink *sink, size_t *ret_used, struct diag *diag)
{
	static const struct format format = { "lzma", PAYLOAD_WORK_MAX };
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret ret = lzma_alone_decoder(&s, format.work_max);

	return first(&s, ret, &format, in, sink, ret_used, diag);
}

const struct payload_ops payload_xz = { xz_first };
const struct payload_ops payload_lzma = { lzma_first };
