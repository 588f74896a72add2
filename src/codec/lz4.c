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

#include "codec/codec-internal.h"
#include "codec/library.h"

DLOPEN_NOTE({"feature": "lz4",
	     "description": "Reads exports of kernel images that are packed with lz4",
	     "priority": "suggested",
	     "soname": ["liblz4.so.1"]});

#define LIBRARY "liblz4.so.1"

#define MAGIC 0x184c2102u
#define MAGIC_SIZE 4u
#define BLOCK_PLAIN_SIZE (8u * 1024 * 1024)
#define BLOCK_PACKED_MAX LZ4_COMPRESSBOUND(BLOCK_PLAIN_SIZE)

/* A byte of a block that says how long a match is adds 255 at the most. */
#define RATIO_MAX 255u

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
	struct buf block; /* one, decompressed */
	bool is_last;	  /* the last block was read */
};

/* Four bytes that are no block's size: padding, the magic of another frame, or the size of all that
 * came out, which the kernel's build appends. */
static bool is_end(const struct frame *frame, uint32_t size)
{
	size_t rest = frame->in.size - frame->at - 4;

	return frame->plain > 0 &&
	       (size == 0 || size == MAGIC || (size == frame->plain && size > rest));
}

static int cut_off(const struct frame *frame, struct diag *diag)
{
	return diag_offset(diag, -EBADMSG, frame->in.size, "lz4 data is cut off");
}

/* Return: 0; 1 there is none, and the frame ends here. */
static int find_block(const struct frame *frame, struct bytes *ret_packed, struct diag *diag)
{
	uint32_t size;

	if (bytes_u32(frame->in, frame->at, false, &size) < 0)
		return frame->plain > 0 ? 1 : cut_off(frame, diag);
	if (is_end(frame, size))
		return 1;
	if (size == 0 || size > BLOCK_PACKED_MAX)
		return diag_offset(diag, -EBADMSG, frame->at, "an lz4 block of %u bytes", size);
	if (bytes_slice(frame->in, frame->at + 4, size, ret_packed) < 0)
		return cut_off(frame, diag);
	return 0;
}

static int read_block(const struct functions *f, struct frame *frame, struct bytes packed,
		      struct codec_sink *sink, struct diag *diag)
{
	size_t most = packed.size < BLOCK_PLAIN_SIZE / RATIO_MAX ? packed.size * RATIO_MAX
								 : BLOCK_PLAIN_SIZE;
	uint8_t *to = buf_reserve(&frame->block, most);
	int n, r;

	if (!to)
		return frame->block.error;
	n = f->decompress((const char *)packed.base, (char *)to, (int)packed.size, (int)most);
	if (n < 0)
		return diag_offset(diag, -EBADMSG, frame->at + 4, "lz4 data is damaged");
	r = codec_sink_put(sink, to, (size_t)n);
	frame->at += 4 + packed.size;
	frame->plain += (unsigned int)n;
	frame->is_last = (unsigned int)n < BLOCK_PLAIN_SIZE;
	return r;
}

static int decode(const struct functions *f, struct bytes in, struct codec_sink *sink,
		  size_t *ret_used, struct diag *diag)
{
	struct frame frame = { .in = in, .at = MAGIC_SIZE };
	int r = 0;

	while (r == 0 && !frame.is_last) {
		struct bytes packed = { 0 };

		r = find_block(&frame, &packed, diag);
		if (r == 0)
			r = read_block(f, &frame, packed, sink, diag);
	}
	if (r >= 0)
		*ret_used = frame.at;
	buf_done(&frame.block);
	return r < 0 ? r : 0;
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
