/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Compressed bytes to plain bytes, told apart by magic, in bounded memory. Each library is one
 * file (xz.c, zstd.c, gzip.c), with a twin (x-none.c) for builds without it.
 */
#include <stdint.h>

#include "bytes/buf.h"
#include "bytes/bytes.h"

struct diag;

/* The largest module file that is read, decompressed; amdgpu with full debug data has 400 MiB. */
#define CODEC_OUTPUT_MAX ((uint64_t)1024 * 1024 * 1024)

/* What a decoder may use beside input and output: an xz dictionary of 64 MiB and its overhead. */
#define CODEC_WORK_MAX ((uint64_t)80 * 1024 * 1024)

enum codec_kind {
	CODEC_PLAIN, /* no magic known: not compressed */
	CODEC_XZ,
	CODEC_ZSTD,
	CODEC_GZIP,
	CODEC_KINDS,
};

/** struct codec - decoder state that is worth keeping from file to file; one a thread */
struct codec;

/** codec_new() - NULL without memory */
struct codec *codec_new(void);
void codec_free(struct codec *codec);

/** codec_detect() - what the first bytes (6 are enough) of a file say */
enum codec_kind codec_detect(struct bytes head);

/** codec_name() - "none", "xz", "zstd", "gzip" */
const char *codec_name(enum codec_kind kind);

/** codec_is_built() - can this build read @kind? */
bool codec_is_built(enum codec_kind kind);

/**
 * codec_size_hint() - decompressed size that the file claims, in bytes
 * @in: the whole file
 * A claim, not a promise: for budgets and first allocations.
 * Return: 0; -ENODATA the file does not say.
 */
int codec_size_hint(enum codec_kind kind, struct bytes in, uint64_t *ret_size);

/**
 * codec_decode() - decompress a whole file
 * @in:  the whole file; concatenated streams or frames are one file
 * @out: appended to; its max bounds the output (CODEC_OUTPUT_MAX at the most)
 *
 * Grows @out by what really comes out of the stream (at first by no more than 64 MiB, whatever the
 * file claims), so that memory is bounded by twice the true size. Integrity checks of the format
 * are verified.
 * Return: 0; -EBADMSG damaged or cut off (diag: offset in @in); -E2BIG over @out's limit, or the
 * decoder would need more than CODEC_WORK_MAX; -EOPNOTSUPP this build cannot read @kind, or the
 * stream uses what the library cannot do; -ENOMEM.
 */
int codec_decode(struct codec *codec, enum codec_kind kind, struct bytes in, struct buf *out,
		 struct diag *diag);
