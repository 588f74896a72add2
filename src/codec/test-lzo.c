/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/test-payload.h"

#include <lzo/lzo1x.h>

const enum payload_kind payload_battery_kind = PAYLOAD_LZO;
const bool payload_is_checked = true, payload_is_continued = true;

#define BLOCK ((size_t)256 * 1024)

enum {
	SUMS = 0x3, /* Adler-32 of plain and of packed bytes: what lzop writes */
	CRCS = 0x300,
	EXTRA = 0x40,
	FILTER = 0x800,
	HEADER_CRC = 0x1000,
};

/** struct shape - a file that differs from what lzop writes; all zero is none */
struct shape {
	unsigned int version, method;
	uint32_t flags;
	size_t block;
	const char *name;
	bool is_sum_wrong, is_extra_sum_wrong;
};

static void put_u16_big(struct buf *b, unsigned int v)
{
	buf_put_u8(b, (uint8_t)(v >> 8));
	buf_put_u8(b, (uint8_t)v);
}

static void put_sum(struct buf *b, size_t start, const struct shape *s, bool is_wrong)
{
	uint32_t sum = s->flags & HEADER_CRC
		? lzo_crc32(0, b->base + start, b->size - start)
		: lzo_adler32(1, b->base + start, b->size - start);

	buf_put_u32_big(b, sum + is_wrong);
}

static void put_header(struct buf *b, const struct shape *s)
{
	size_t start;

	buf_put(b, "\x89LZO\0\r\n\x1a\n", 9);
	start = b->size;
	put_u16_big(b, s->version ? s->version : 0x1040);
	put_u16_big(b, 0x20a0);
	put_u16_big(b, 0x0940);
	buf_put_u8(b, (uint8_t)(s->method ? s->method : 1));
	buf_put_u8(b, 5);
	buf_put_u32_big(b, s->flags);
	if (s->flags & FILTER)
		buf_put_u32_big(b, 1);
	for (int i = 0; i < 3; i++)
		buf_put_u32_big(b, 0);
	buf_put_u8(b, (uint8_t)(s->name ? strlen(s->name) : 0));
	buf_put_string(b, s->name ? s->name : "");
	put_sum(b, start, s, s->is_sum_wrong);
	if (s->flags & EXTRA) {
		start = b->size;
		buf_put_u32_big(b, 5);
		buf_put_string(b, "extra");
		put_sum(b, start, s, s->is_extra_sum_wrong);
	}
}

static void put_sums(struct buf *b, const uint8_t *p, size_t n, uint32_t flags)
{
	if (flags & SUMS)
		buf_put_u32_big(b, lzo_adler32(1, p, n));
	if (flags & CRCS)
		buf_put_u32_big(b, lzo_crc32(0, p, n));
}

static void put_block(struct buf *b, struct bytes in, uint32_t flags)
{
	CLEANUP_BUF struct buf packed = { 0 }, work = { 0 };
	lzo_uint n = 0;

	assert_int_equal(lzo1x_1_compress(in.base, in.size,
					  buf_reserve(&packed, in.size + in.size / 16 + 67), &n,
					  buf_reserve(&work, LZO1X_1_MEM_COMPRESS)), LZO_E_OK);
	n = n < in.size ? n : in.size;
	buf_put_u32_big(b, (uint32_t)in.size);
	buf_put_u32_big(b, (uint32_t)n);
	put_sums(b, in.base, in.size, flags);
	if (n < in.size)
		put_sums(b, packed.base, n, flags);
	buf_put(b, n < in.size ? packed.base : in.base, n);
}

static void pack_as(struct bytes in, const struct shape *s, struct buf *out)
{
	size_t block = s->block ? s->block : BLOCK;

	put_header(out, s);
	while (in.size > 0) {
		size_t part = in.size < block ? in.size : block;

		put_block(out, bytes_of(in.base, part), s->flags);
		in = bytes_of(in.base + part, in.size - part);
	}
	buf_put_u32_big(out, 0);
}

void battery_pack(struct bytes in, struct buf *out)
{
	const struct shape shape = { .flags = SUMS };

	pack_as(in, &shape, out);
}

static void test_shapes(void **state)
{
	static const struct shape shapes[] = {
		{ .flags = 0 },
		{ .flags = SUMS, .method = 2 },
		{ .flags = SUMS, .method = 3, .name = "vmlinux.bin.all" },
		{ .flags = CRCS | HEADER_CRC },
		{ .flags = CRCS | SUMS | EXTRA },
		{ .flags = EXTRA | HEADER_CRC, .version = 0x0940 },
		{ .flags = SUMS, .block = 1000 },
		{ .flags = SUMS, .block = 3 },	/* stored: none gets smaller */
	};
	CLEANUP_BUF struct buf sample = { 0 };

	(void)state;
	fill_sample(&sample, 9000);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		CLEANUP_BUF struct buf packed = { 0 };

		pack_as(buf_bytes(&sample), &shapes[i], &packed);
		expect_unpacked(buf_bytes(&packed), buf_bytes(&sample), packed.size);
	}
}

static void test_refused_shapes(void **state)
{
	static const struct {
		struct shape shape;
		int r;
		const char *what;
	} cases[] = {
		{ { .version = 0x093f }, -EOPNOTSUPP, "version 93f" },
		{ { .method = 4 }, -EOPNOTSUPP, "method 4" },
		{ { .method = 128 }, -EOPNOTSUPP, "method 128" },
		{ { .flags = FILTER }, -EOPNOTSUPP, "filter" },
		{ { .is_sum_wrong = true }, -EBADMSG, "header is wrong" },
		{ { .flags = EXTRA, .is_extra_sum_wrong = true }, -EBADMSG, "header is wrong" },
		{ { .block = BLOCK + 1 }, -EBADMSG, "block of 262145 bytes" },
	};
	CLEANUP_BUF struct buf sample = { 0 };

	(void)state;
	fill_sample(&sample, BLOCK + 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP_BUF struct buf packed = { 0 };

		pack_as(buf_bytes(&sample), &cases[i].shape, &packed);
		expect_refused(buf_bytes(&packed), DECODED_MAX, cases[i].r, cases[i].what);
	}
}

/* Every checksum of a block is looked at, with the other ones left out. */
static void test_sums(void **state)
{
	static const uint32_t flags[] = { 0x1, 0x2, 0x100, 0x200 };
	CLEANUP_BUF struct buf sample = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		buf_put_string(&sample, "as good as new ");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		CLEANUP_BUF struct buf packed = { 0 }, plain = { 0 };
		const struct shape shape = { .flags = flags[i] };
		size_t at;

		put_header(&packed, &shape);
		at = packed.size + 8;
		put_block(&plain, buf_bytes(&sample), 0);
		buf_put(&packed, plain.base, 8);
		if (flags[i] == 0x1 || flags[i] == 0x2)
			buf_put_u32_big(&packed, flags[i] == 0x1
				? lzo_adler32(1, sample.base, sample.size)
				: lzo_adler32(1, plain.base + 8, plain.size - 8));
		else
			buf_put_u32_big(&packed, flags[i] == 0x100
				? lzo_crc32(0, sample.base, sample.size)
				: lzo_crc32(0, plain.base + 8, plain.size - 8));
		buf_put(&packed, plain.base + 8, plain.size - 8);
		buf_put_u32_big(&packed, 0);
		expect_unpacked(buf_bytes(&packed), buf_bytes(&sample), packed.size);
		packed.base[at] ^= 1;
		expect_refused(buf_bytes(&packed), DECODED_MAX, -EBADMSG, "checksum is wrong");
	}
}

static void test_block_sizes(void **state)
{
	static const struct shape none = { 0 };
	static const char *const heads[] = { "\0\0\0\1\0\0\0\2", "\0\0\0\1\0\0\0\0", "\xff\xff\xff\xff\0\0\0\1" };

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		CLEANUP_BUF struct buf packed = { 0 };

		put_header(&packed, &none);
		buf_put(&packed, heads[i], 8);
		/* Were the sizes believed, these were two bytes and the end. */
		buf_put(&packed, "ab\0\0\0\0", 6);
		expect_refused(buf_bytes(&packed), DECODED_MAX, -EBADMSG, "an lzo block of");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAYLOAD_BATTERY,
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_refused_shapes),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_block_sizes),
	};

	return lzo_init() == LZO_E_OK ? cmocka_run_group_tests_name("lzo", tests, NULL, NULL) : 1;
}
