/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What codec.c, payload.c and the files behind them (one a library) share; not for others.
 */
#include "bytes/diag.h"
#include "codec/codec.h"
#include "codec/payload.h"

/* Decoder state above this is given back after the file that needed it. */
#define CODEC_KEEP_MAX ((uint64_t)16 * 1024 * 1024)

/**
 * struct codec_sink - where a decoder writes: the free end of a buffer, up to a limit
 *
 * A decoder that stands at the limit still has to read the end of its stream. It gets one byte
 * to write to then, and writing there is the proof that more comes out than is allowed.
 */
struct codec_sink {
	struct buf *out;
	size_t limit; /* for out->size */
	bool is_probe;
	bool is_over; /* more came out than is allowed */
	uint8_t probe;
};

/**
 * codec_sink_room() - where to write next, at least 1 byte
 * Return: 0; -ENOMEM.
 */
int codec_sink_room(struct codec_sink *sink, uint8_t **ret_p, size_t *ret_size);

/**
 * codec_sink_wrote() - @n bytes were written to what codec_sink_room() gave
 * Return: 0; -E2BIG over the limit.
 */
int codec_sink_wrote(struct codec_sink *sink, size_t n);

/**
 * codec_sink_put() - write @n bytes that were decompressed elsewhere, all or none
 * Return: 0; -E2BIG over the limit; -ENOMEM.
 */
int codec_sink_put(struct codec_sink *sink, const void *p, size_t n);

/**
 * struct codec_ops - one library; without @decode it is not built in
 * @new:       decoder state, to be used for many files; NULL without memory
 * @size_hint: see codec_size_hint()
 * @decode:    see codec_decode(); what codec_sink_wrote() returns needs no diag
 */
struct codec_ops {
	void *(*new)(void);
	void (*free)(void *state);
	int (*size_hint)(struct bytes in, uint64_t *ret_size);
	int (*decode)(void *state, struct bytes in, struct codec_sink *sink, struct diag *diag);
};

extern const struct codec_ops codec_xz, codec_zstd, codec_gzip;

/**
 * struct payload_ops - one way to pack a kernel; without @decode it is not built in
 * @decode: one stream or frame at the start of @in, whatever stands behind it; offsets in the diag
 *          are from there, @ret_used is written only on success. What codec_sink_wrote() and
 *          codec_sink_put() return needs no diag
 */
struct payload_ops {
	int (*decode)(struct bytes in, struct codec_sink *sink, size_t *ret_used,
		      struct diag *diag);
};

extern const struct payload_ops payload_gzip, payload_bzip2, payload_lzma, payload_xz, payload_lzo,
	payload_lz4, payload_zstd;
