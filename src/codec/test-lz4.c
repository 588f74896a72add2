/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/test-payload.h"

#include <lz4.h>

const enum payload_kind payload_battery_kind = PAYLOAD_LZ4;
const bool payload_is_checked = false, payload_is_continued = true;

#define FULL ((size_t)8 * 1024 * 1024)

static void put_u32(struct buf *b, size_t v)
{
	for (int i = 0; i < 4; i++)
		buf_put_u8(b, (uint8_t)(v >> 8 * i));
}

/* Blocks of 8 MiB, as `lz4 -l` makes them. */
void battery_pack(struct bytes in, struct buf *out)
{
	put_u32(out, 0x184c2102);
	while (in.size > 0) {
		size_t part = in.size < FULL ? in.size : FULL, at = out->size;
		size_t room = (size_t)LZ4_compressBound((int)part);
		int n;

		put_u32(out, 0);
		n = LZ4_compress_default((const char *)in.base, (char *)buf_reserve(out, room),
					 (int)part, (int)room);
		assert_true(n > 0);
		out->size = at;
		put_u32(out, (size_t)n);
		out->size += (size_t)n;
		in = bytes_of(in.base + part, in.size - part);
	}
}

/* A last block that is full does not tell that it is the last. */
static void test_full_blocks(void **state)
{
	CLEANUP_BUF struct buf zeros = { 0 }, packed = { 0 };
	size_t size;

	(void)state;
	memset(buf_reserve(&zeros, 2 * FULL), 0, 2 * FULL);
	zeros.size = 2 * FULL;
	battery_pack(buf_bytes(&zeros), &packed);
	size = packed.size;
	expect_unpacked(buf_bytes(&packed), buf_bytes(&zeros), size);
	put_u32(&packed, zeros.size);
	expect_unpacked(buf_bytes(&packed), buf_bytes(&zeros), size);
	packed.size = size;
	put_u32(&packed, 0);
	expect_unpacked(buf_bytes(&packed), buf_bytes(&zeros), size);
	packed.size = size;
	buf_put(&packed, "\0\0\0", 3);
	expect_unpacked(buf_bytes(&packed), buf_bytes(&zeros), size);
	packed.size = size;
	put_u32(&packed, 1000);
	expect_refused(buf_bytes(&packed), 3 * FULL, -EBADMSG, "cut off");
}

static void test_full_block_and_another_frame(void **state)
{
	CLEANUP_BUF struct buf zeros = { 0 }, packed = { 0 };

	(void)state;
	memset(buf_reserve(&zeros, FULL + 5), 0, FULL + 5);
	zeros.size = FULL + 5;
	battery_pack(bytes_of(zeros.base, FULL), &packed);
	battery_pack(bytes_of(zeros.base, 5), &packed);
	expect_unpacked(buf_bytes(&packed), buf_bytes(&zeros), packed.size);
}

#define MAGIC "\x02\x21\x4c\x18"

static void test_block_sizes(void **state)
{
	(void)state;
	expect_refused(bytes_of(MAGIC "\0\0\0\0", 8), DECODED_MAX, -EBADMSG, "block of 0 bytes");
	expect_refused(bytes_of(MAGIC "\xff\xff\xff\x7f", 8), DECODED_MAX, -EBADMSG,
		       "block of 2147483647 bytes");
	expect_refused(bytes_of(MAGIC "\x05\0\0\0" "abcd", 12), DECODED_MAX, -EBADMSG, "cut off");
	/* A match that reaches behind the start. */
	expect_refused(bytes_of(MAGIC "\x05\0\0\0" "\x1f" "a\x09\0\x10", 13), DECODED_MAX, -EBADMSG,
		       "damaged");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAYLOAD_BATTERY,
		cmocka_unit_test(test_full_blocks),
		cmocka_unit_test(test_full_block_and_another_frame),
		cmocka_unit_test(test_block_sizes),
	};

	return cmocka_run_group_tests_name("lz4", tests, NULL, NULL);
}
