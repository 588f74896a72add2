/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The legacy frame of lz4, as `lz4 -l` writes it and kernels read it; its blocks through liblz4,
 * which is opened when a kernel image needs it.
 *
 *   | 02 21 4c 18 | size of a block 4, little-endian | block | size | block | .. |
 *
 * Every block but the last gives 8 MiB. There is no end mark: a shorter block is the last one, and
 * behind a full one stands a block, the end, or what is no block's size. Nothing is checked.
 * Source: LZ4 Frame Format Description, "Legacy frame".
 */
#include <dlfcn.h>
#include <lz4.h>
#include <stdlib.h>

#include "codec/codec-internal.h"
#include "codec/library.h"

DLOPEN_NOTE({"feature": "lz4",
	     "description": "Reads exports of kernel images that are packed with lz4",
	     "priority": "suggested",
	     "soname": ["liblz4.so.1"]});

#define LIBRARY "liblz4.so.1"

#define MAGIC_SIZE 4u
#define BLOCK_PLAIN_SIZE (8u * 1024 * 1024)
#define BLOCK_PACKED_MAX LZ4_COMPRESSBOUND(BLOCK_PLAIN_SIZE)

struct functions {
	__typeof__(LZ4_decompress_safe) *decompress;
};

static const struct library_function names[] = {
	{ "LZ4_decompress_safe", offsetof(struct functions, decompress) },
};

/**
 * struct frame - what was read of one
 * @at:    where the next block's size stands
 * @plain: what came out of the blocks in front of it, bytes
 */
struct frame {
	struct bytes in;
	size_t at;
	uint64_t plain;
	uint8_t *block;	/* room for one, decompressed */
	bool is_last;	/* the last block was read */
};

/* The kernel's build appends the size of all that came out: no block, as is the magic of a frame. */
static bool is_end(const struct frame *frame, uint32_t size)
{
	return frame->plain > 0 && (size == 0 || size == 0x184c2102 ||
				    (size == frame->plain && size > frame->in.size - frame->at - 4));
}

static int read_block(const struct functions *f, struct frame *frame, struct codec_sink *sink,
		      struct diag *diag)
{
	struct bytes packed;
	uint32_t size;
	int n, r;

	if (bytes_u32(frame->in, frame->at, false, &size) < 0) {
		frame->is_last = frame->plain > 0;
		return frame->is_last ? 0 : diag_offset(diag, -EBADMSG, frame->in.size,
							"lz4 data is cut off");
	}
	frame->is_last = is_end(frame, size);
	if (frame->is_last)
		return 0;
	if (size == 0 || size > BLOCK_PACKED_MAX)
		return diag_offset(diag, -EBADMSG, frame->at, "an lz4 block of %u bytes", size);
	if (bytes_slice(frame->in, frame->at + 4, size, &packed) < 0)
		return diag_offset(diag, -EBADMSG, frame->in.size, "lz4 data is cut off");
	n = f->decompress((const char *)packed.base, (char *)frame->block, (int)size,
			  (int)BLOCK_PLAIN_SIZE);
	if (n < 0)
		return diag_offset(diag, -EBADMSG, frame->at + 4, "lz4 data is damaged");
	r = codec_sink_put(sink, frame->block, (size_t)n);
	if (r < 0)
		return r;
	frame->at += 4 + (size_t)size;
	frame->plain += (unsigned int)n;
	frame->is_last = (unsigned int)n < BLOCK_PLAIN_SIZE;
	return 0;
}

static int decode(const struct functions *f, struct bytes in, struct codec_sink *sink,
		  size_t *ret_used, struct diag *diag)
{
	struct frame frame = { .in = in, .at = MAGIC_SIZE };
	int r = 0;

	frame.block = malloc(BLOCK_PLAIN_SIZE);
	if (!frame.block)
		return -ENOMEM;
	while (r == 0 && !frame.is_last)
		r = read_block(f, &frame, sink, diag);
	if (r == 0)
		*ret_used = frame.at;
	free(frame.block);
	return r;
}

static int lz4_first(struct bytes in, struct codec_sink *sink, size_t *ret_used, struct diag *diag)
{
	struct functions f;
	void *library;
	int r;

	r = library_open(LIBRARY, "cannot decompress a kernel packed with lz4", names,
			 sizeof(names) / sizeof(names[0]), &f, &library, diag);
	if (r < 0)
		return r;
	r = decode(&f, in, sink, ret_used, diag);
	dlclose(library);
	return r;
}

const struct payload_ops payload_lz4 = { lz4_first };
