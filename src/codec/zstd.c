/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zstd through libzstd.
 *
 * A frame whose decompressed size is known and fits into the free room is decoded in place by the
 * library; otherwise it keeps a window of its own, of at most 2^WINDOW_LOG_MAX bytes.
 */
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "codec/codec-internal.h"

/* 64 MiB, so that a window and the library's tables stay below CODEC_WORK_MAX. */
#define WINDOW_LOG_MAX 26

/* 128 MiB: what level 22 takes when it reads from a pipe; below PAYLOAD_WORK_MAX. */
#define PAYLOAD_WINDOW_LOG_MAX 27

struct zstd_state {
	ZSTD_DCtx *decoder;
};

static void *zstd_new(void)
{
	return calloc(1, sizeof(struct zstd_state));
}

static void zstd_free(void *state)
{
	struct zstd_state *z = state;

	ZSTD_freeDCtx(z->decoder);
	free(z);
}

static int zstd_size_hint(struct bytes in, uint64_t *ret_size)
{
	uint64_t sum = 0;

	while (in.size > 0) {
		unsigned long long size = ZSTD_getFrameContentSize(in.base, in.size);
		size_t packed;

		if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
		    __builtin_add_overflow(sum, size, &sum))
			return -ENODATA;
		packed = ZSTD_findFrameCompressedSize(in.base, in.size);
		if (ZSTD_isError(packed) || packed == 0 || packed > in.size)
			return -ENODATA;
		in = bytes_of(in.base + packed, in.size - packed);
	}
	*ret_size = sum;
	return 0;
}

static int error_of(size_t ret, unsigned int window_log, uint64_t off, struct diag *diag)
{
	switch (ZSTD_getErrorCode(ret)) {
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	case ZSTD_error_frameParameter_windowTooLarge:
		return diag_offset(diag, -E2BIG, off,
				   "zstd window needs more memory than the limit of %u MiB",
				   1u << (window_log - 20));
	case ZSTD_error_frameParameter_unsupported:
	case ZSTD_error_version_unsupported:
		return diag_offset(diag, -EOPNOTSUPP, off, "zstd options that libzstd does not know");
	case ZSTD_error_dictionary_wrong:
		return diag_offset(diag, -EOPNOTSUPP, off, "zstd data needs a dictionary");
	case ZSTD_error_checksum_wrong:
		return diag_offset(diag, -EBADMSG, off, "zstd checksum is wrong");
	case ZSTD_error_prefix_unknown:
		return diag_offset(diag, -EBADMSG, off, "no zstd header where one must be");
	default:
		return diag_offset(diag, -EBADMSG, off, "zstd data is damaged: %s",
				   ZSTD_getErrorName(ret));
	}
}

/**
 * struct stream - what is being read
 * @left: 0 at the end of a frame
 */
struct stream {
	ZSTD_DCtx *decoder;
	ZSTD_inBuffer from;
	unsigned int window_log_max;
	size_t left;
};

/* As much as the sink has room for. */
static int step(struct stream *s, struct codec_sink *sink, struct diag *diag)
{
	ZSTD_outBuffer to = { 0 };
	uint8_t *p;
	int r;

	r = codec_sink_room(sink, &p, &to.size);
	if (r < 0)
		return r;
	to.dst = p;
	s->left = ZSTD_decompressStream(s->decoder, &to, &s->from);
	r = codec_sink_wrote(sink, to.pos);
	if (r < 0)
		return r;
	if (ZSTD_isError(s->left))
		return error_of(s->left, s->window_log_max, s->from.pos, diag);
	return s->left != 0 && s->from.pos == s->from.size && to.pos < to.size
		       ? diag_offset(diag, -EBADMSG, s->from.pos, "zstd data is cut off")
		       : 0;
}

/* All frames. */
static int run(ZSTD_DCtx *decoder, struct bytes in, struct codec_sink *sink, struct diag *diag)
{
	struct stream s = { decoder, { in.base, in.size, 0 }, WINDOW_LOG_MAX, 1 };
	int r = 0;

	while (r == 0 && (s.left != 0 || s.from.pos < s.from.size))
		r = step(&s, sink, diag);
	return r;
}

static int zstd_decode(void *state, struct bytes in, struct codec_sink *sink, struct diag *diag)
{
	struct zstd_state *z = state;
	int r;

	if (!z->decoder)
		z->decoder = ZSTD_createDCtx();
	if (!z->decoder)
		return -ENOMEM;
	ZSTD_DCtx_reset(z->decoder, ZSTD_reset_session_only);
	ZSTD_DCtx_setParameter(z->decoder, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	r = run(z->decoder, in, sink, diag);
	if (ZSTD_sizeof_DCtx(z->decoder) > CODEC_KEEP_MAX) {
		ZSTD_freeDCtx(z->decoder);
		z->decoder = NULL;
	}
	return r;
}

const struct codec_ops codec_zstd = { zstd_new, zstd_free, zstd_size_hint, zstd_decode };

static int run_first(ZSTD_DCtx *decoder, struct bytes in, struct codec_sink *sink, size_t *ret_used,
		     struct diag *diag)
{
	struct stream s = { decoder, { in.base, in.size, 0 }, PAYLOAD_WINDOW_LOG_MAX, 1 };
	int r = 0;

	while (r == 0 && s.left != 0)
		r = step(&s, sink, diag);
	if (r == 0)
		*ret_used = s.from.pos;
	return r;
}

static int zstd_first(struct bytes in, struct codec_sink *sink, size_t *ret_used, struct diag *diag)
{
	ZSTD_DCtx *decoder = ZSTD_createDCtx();
	int r;

	if (!decoder)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(decoder, ZSTD_d_windowLogMax, PAYLOAD_WINDOW_LOG_MAX);
	r = run_first(decoder, in, sink, ret_used, diag);
	ZSTD_freeDCtx(decoder);
	return r;
}

const struct payload_ops payload_zstd = { zstd_first };
