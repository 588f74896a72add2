/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What a kernel image is packed with, in all the ways that kernels are: more than modules are, and
 * with something behind it. liblzma, libzstd and zlib are those that codec.h uses; libbz2, liblzo2
 * and liblz4 are opened when an image needs them, and have twins (x-none.c) for builds without.
 */
#include "bytes/buf.h"
#include "bytes/bytes.h"

struct diag;

/* The kernel proper; without debug data, and with all drivers built in, it has 200 MiB. */
#define PAYLOAD_OUTPUT_MAX ((size_t)512 * 1024 * 1024)

/* What a decoder may use beside input and output: kernels are packed with xz dictionaries and zstd
 * windows of up to 128 MiB, which their own decoders need not hold. */
#define PAYLOAD_WORK_MAX ((uint64_t)160 * 1024 * 1024)

enum payload_kind {
	PAYLOAD_UNKNOWN, /* no magic known: maybe not compressed */
	PAYLOAD_GZIP,
	PAYLOAD_BZIP2,
	PAYLOAD_LZMA,
	PAYLOAD_XZ,
	PAYLOAD_LZO,
	PAYLOAD_LZ4, /* the legacy frame of `lz4 -l` */
	PAYLOAD_ZSTD,
	PAYLOAD_KINDS,
};

/** payload_detect() - what the first bytes (9 are enough) say */
enum payload_kind payload_detect(struct bytes head);

/** payload_name() - "none", "gzip", "bzip2", "lzma", "xz", "lzo", "lz4", "zstd" */
const char *payload_name(enum payload_kind kind);

/** payload_is_built() - can this build read @kind, given the library? */
bool payload_is_built(enum payload_kind kind);

/**
 * payload_decode() - decompress what @in begins with
 * @kind: not PAYLOAD_UNKNOWN
 * @in:   streams or frames of one kind, and whatever may stand behind them
 * @out:  appended to; its max bounds the output (PAYLOAD_OUTPUT_MAX at the most)
 * @ret_used: bytes of @in that were streams or frames; written only on success
 *
 * Ends where no stream or frame of the kind follows: behind the payload of an x86 kernel stand four
 * bytes with its size. Integrity checks are verified where the format has any; lzma has none, and
 * lz4 no end: there the caller has to know how much must come out.
 * Grows @out by what really comes out, so memory is bounded by twice that and PAYLOAD_WORK_MAX.
 * Return: 0; -EBADMSG damaged or cut off (diag: offset in @in); -E2BIG over @out's limit, or the
 * decoder would need more than PAYLOAD_WORK_MAX; -EOPNOTSUPP this build cannot read @kind, its
 * library is not installed (diag names it), or the stream uses what no kernel can read; -ENOMEM.
 */
int payload_decode(enum payload_kind kind, struct bytes in, struct buf *out, size_t *ret_used,
		   struct diag *diag);
