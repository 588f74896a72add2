/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of lzop; their blocks through liblzo2, which is opened when a kernel image needs it.
 *
 *   | magic 9 | version 2, of the library 2, needed to read 2 | method 1, level 1 | flags 4 |
 *   | filter 4, with FLAG_FILTER | mode 4 | time 8 | size of a name 1, name | checksum 4 |
 *   | size 4, extra field, checksum 4, with FLAG_EXTRA |
 *   block: | plain size 4 | packed size 4 | checksums of the plain bytes | of the packed | bytes |
 *   end:   | 0 4 |
 *
 * All integers are big-endian. Checksums of a block are those that the flags name, Adler-32 before
 * CRC-32; those of packed bytes, and packing itself, are missing where the sizes are equal.
 * Source: the files themselves, as lzop 1.04 writes them; doc/formats/kernel-image.md.
 */
#include <dlfcn.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>

#include "codec/codec-internal.h"
#include "codec/library.h"

DLOPEN_NOTE({"feature": "lzo",
	     "description": "Reads exports of kernel images that are packed with lzo",
	     "priority": "suggested",
	     "soname": ["liblzo2.so.2"]});

#define LIBRARY "liblzo2.so.2"

/* lzop cuts into blocks of this size, and kernels read no larger ones. */
#define BLOCK_PLAIN_MAX (256u * 1024)

#define MAGIC_SIZE 9u

/* Level and the upper half of the time are there from this version on. */
#define VERSION_MIN 0x0940u

/* LZO1X-1, LZO1X-1(15) and LZO1X-999 differ in how they pack only. */
#define METHOD_MIN 1
#define METHOD_MAX 3

enum {
	FLAG_PLAIN_ADLER32 = 0x1,
	FLAG_PACKED_ADLER32 = 0x2,
	FLAG_EXTRA = 0x40,
	FLAG_PLAIN_CRC32 = 0x100,
	FLAG_PACKED_CRC32 = 0x200,
	FLAG_FILTER = 0x800,
	FLAG_HEADER_CRC32 = 0x1000,
};

struct functions {
	__typeof__(__lzo_init_v2) *init;
	__typeof__(lzo1x_decompress_safe) *decompress;
	__typeof__(lzo_adler32) *adler32;
	__typeof__(lzo_crc32) *crc32;
};

static const struct library_function names[] = {
	{ "__lzo_init_v2", offsetof(struct functions, init) },
	{ "lzo1x_decompress_safe", offsetof(struct functions, decompress) },
	{ "lzo_adler32", offsetof(struct functions, adler32) },
	{ "lzo_crc32", offsetof(struct functions, crc32) },
};

struct lzop {
	struct functions f;
	struct bytes in;
	size_t at;
	uint32_t flags;
	uint8_t *block; /* room for one, decompressed */
	struct diag *diag;
};

/** struct block - what stands in front of the bytes of one */
struct block {
	uint32_t plain_size, packed_size;
	uint32_t plain_adler32, plain_crc32, packed_adler32, packed_crc32;
};

static int cut_off(const struct lzop *l)
{
	diag_offset(l->diag, -EBADMSG, l->in.size, "lzo data is cut off");
	return -EBADMSG;
}

static int take(struct lzop *l, uint64_t size, struct bytes *ret_b)
{
	if (bytes_slice(l->in, l->at, size, ret_b) < 0)
		return cut_off(l);
	l->at += (size_t)size;
	return 0;
}

static int take_u32(struct lzop *l, uint32_t *ret_v)
{
	struct bytes b;
	int r = take(l, 4, &b);

	if (r == 0)
		*ret_v = get_u32(b.base, true);
	return r;
}

/* A checksum that the file may not have; then it is not looked at either. */
static int take_sum(struct lzop *l, uint32_t flag, uint32_t *ret_sum)
{
	return l->flags & flag ? take_u32(l, ret_sum) : 0;
}

static uint32_t adler32(const struct lzop *l, struct bytes b)
{
	return l->f.adler32(1, b.base, b.size);
}

static uint32_t crc32(const struct lzop *l, struct bytes b)
{
	return l->f.crc32(0, b.base, b.size);
}

/* Everything from @start on has a checksum behind it. */
static int check_header_part(struct lzop *l, size_t start)
{
	struct bytes part = bytes_of(l->in.base + start, l->at - start);
	uint32_t sum;
	int r = take_u32(l, &sum);

	if (r < 0)
		return r;
	if (sum != (l->flags & FLAG_HEADER_CRC32 ? crc32(l, part) : adler32(l, part)))
		return diag_offset(l->diag, -EBADMSG, start,
				   "checksum of the lzop header is wrong");
	return 0;
}

static int take_extra(struct lzop *l)
{
	size_t start = l->at;
	struct bytes extra;
	uint32_t size;
	int r;

	if (!(l->flags & FLAG_EXTRA))
		return 0;
	r = take_u32(l, &size);
	if (r == 0)
		r = take(l, size, &extra);
	return r == 0 ? check_header_part(l, start) : r;
}

/* Version, three of them; method and level; flags. */
static int take_method(struct lzop *l)
{
	struct bytes b;
	int r;

	r = take(l, 3 * 2 + 2, &b);
	if (r < 0)
		return r;
	if (get_u16(b.base, true) < VERSION_MIN)
		return diag_offset(l->diag, -EOPNOTSUPP, MAGIC_SIZE, "lzop file of version %x",
				   get_u16(b.base, true));
	if (b.base[6] < METHOD_MIN || b.base[6] > METHOD_MAX)
		return diag_offset(l->diag, -EOPNOTSUPP, MAGIC_SIZE + 6,
				   "lzop method %u is none of LZO1X", b.base[6]);
	r = take_u32(l, &l->flags);
	if (r == 0 && l->flags & FLAG_FILTER)
		return diag_offset(l->diag, -EOPNOTSUPP, l->at - 4, "lzop file with a filter");
	return r;
}

static int take_header(struct lzop *l)
{
	struct bytes b;
	int r;

	l->at = MAGIC_SIZE;
	r = take_method(l);
	if (r == 0)
		r = take(l, 4 + 8 + 1, &b);
	if (r == 0)
		r = take(l, b.base[4 + 8], &b);
	if (r == 0)
		r = check_header_part(l, MAGIC_SIZE);
	return r == 0 ? take_extra(l) : r;
}

static int take_block_head(struct lzop *l, struct block *b)
{
	size_t start = l->at;
	int r;

	r = take_u32(l, &b->plain_size);
	if (r < 0 || b->plain_size == 0)
		return r;
	r = take_u32(l, &b->packed_size);
	if (r < 0)
		return r;
	if (b->plain_size > BLOCK_PLAIN_MAX || b->packed_size > b->plain_size ||
	    b->packed_size == 0)
		return diag_offset(l->diag, -EBADMSG, start, "an lzo block of %u bytes in %u",
				   b->plain_size, b->packed_size);
	r = take_sum(l, FLAG_PLAIN_ADLER32, &b->plain_adler32);
	if (r == 0)
		r = take_sum(l, FLAG_PLAIN_CRC32, &b->plain_crc32);
	if (r < 0 || b->packed_size == b->plain_size)
		return r;
	r = take_sum(l, FLAG_PACKED_ADLER32, &b->packed_adler32);
	return r == 0 ? take_sum(l, FLAG_PACKED_CRC32, &b->packed_crc32) : r;
}

static bool is_sum_right(const struct lzop *l, struct bytes b, uint32_t adler_flag, uint32_t adler,
			 uint32_t crc_flag, uint32_t crc)
{
	return (!(l->flags & adler_flag) || adler32(l, b) == adler) &&
	       (!(l->flags & crc_flag) || crc32(l, b) == crc);
}

static int unpack(struct lzop *l, const struct block *b, struct bytes packed,
		  struct bytes *ret_plain)
{
	uint64_t off = l->at - packed.size;
	lzo_uint size = b->plain_size;

	*ret_plain = packed;
	if (b->packed_size < b->plain_size) {
		if (!is_sum_right(l, packed, FLAG_PACKED_ADLER32, b->packed_adler32,
				  FLAG_PACKED_CRC32, b->packed_crc32))
			return diag_offset(l->diag, -EBADMSG, off, "lzo checksum is wrong");
		if (l->f.decompress(packed.base, packed.size, l->block, &size, NULL) != LZO_E_OK ||
		    size != b->plain_size)
			return diag_offset(l->diag, -EBADMSG, off, "lzo data is damaged");
		*ret_plain = bytes_of(l->block, size);
	}
	if (!is_sum_right(l, *ret_plain, FLAG_PLAIN_ADLER32, b->plain_adler32, FLAG_PLAIN_CRC32,
			  b->plain_crc32))
		return diag_offset(l->diag, -EBADMSG, off, "lzo checksum is wrong");
	return 0;
}

static int read_blocks(struct lzop *l, struct codec_sink *sink)
{
	for (;;) {
		struct block block = { 0 };
		struct bytes packed, plain;
		int r;

		r = take_block_head(l, &block);
		if (r < 0 || block.plain_size == 0)
			return r;
		r = take(l, block.packed_size, &packed);
		if (r == 0)
			r = unpack(l, &block, packed, &plain);
		if (r == 0)
			r = codec_sink_put(sink, plain.base, plain.size);
		if (r < 0)
			return r;
	}
}

static int decode(struct lzop *l, struct codec_sink *sink, size_t *ret_used)
{
	int r;

	/* What the macro lzo_init() calls: do its types have the sizes that they have here? */
	if (l->f.init(LZO_VERSION, (int)sizeof(short), (int)sizeof(int), (int)sizeof(long),
		      (int)sizeof(lzo_uint32_t), (int)sizeof(lzo_uint), (int)lzo_sizeof_dict_t,
		      (int)sizeof(char *), (int)sizeof(lzo_voidp),
		      (int)sizeof(lzo_callback_t)) != LZO_E_OK)
		return diag_plain(l->diag, -EOPNOTSUPP, "%s does not fit this build", LIBRARY);
	l->block = malloc(BLOCK_PLAIN_MAX);
	if (!l->block)
		return -ENOMEM;
	r = take_header(l);
	if (r == 0)
		r = read_blocks(l, sink);
	if (r == 0)
		*ret_used = l->at;
	free(l->block);
	return r;
}

static int lzo_first(struct bytes in, struct codec_sink *sink, size_t *ret_used, struct diag *diag)
{
	struct lzop l = { .in = in, .diag = diag };
	void *library;
	int r;

	r = library_open(LIBRARY, "cannot decompress a kernel packed with lzo", names,
			 sizeof(names) / sizeof(names[0]), &l.f, &library, diag);
	if (r < 0)
		return r;
	r = decode(&l, sink, ret_used);
	dlclose(library);
	return r;
}

const struct payload_ops payload_lzo = { lzo_first };
