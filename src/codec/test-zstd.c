/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/test-payload.h"

#include <zstd.h>

const enum codec_kind battery_kind = CODEC_ZSTD;
const enum payload_kind payload_battery_kind = PAYLOAD_ZSTD;
const bool payload_is_checked = true, payload_is_continued = true;

void battery_pack(struct bytes in, struct buf *out)
{
	size_t room = ZSTD_compressBound(in.size), n;
	uint8_t *to = buf_reserve(out, room);
	ZSTD_CCtx *c = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(c, to, room, in.base, in.size);
	assert_false(ZSTD_isError(n));
	out->size += n;
	ZSTD_freeCCtx(c);
}

/*
 * Frames by hand. Magic, descriptor (0x20 single segment, 0xc0 content size of 8 bytes, 0x01
 * dictionary id of 1 byte), window (log - 10 in the top 5 bits), then a last raw block of 4 bytes.
 * Source: RFC 8878, section 3.1.1.
 */
#define MAGIC "\x28\xb5\x2f\xfd"
#define LAST_BLOCK "\x21\x00\x00" "body"
#define FRAME(head) bytes_of(MAGIC head LAST_BLOCK, sizeof(MAGIC head LAST_BLOCK) - 1)

static void test_window_limit(void **state)
{
	struct codec *codec = codec_new();

	(void)state;
	expect_content(codec, FRAME("\x00\x80"), bytes_of("body", 4));
	expect_result(FRAME("\x00\x88"), DECODED_MAX, -E2BIG);
	codec_free(codec);
}

static void test_dictionary(void **state)
{
	(void)state;
	expect_result(FRAME("\x01\x58\x07"), DECODED_MAX, -EOPNOTSUPP);
}

static void test_hint_lies(void **state)
{
	struct bytes frame = FRAME("\xc0\x58\x00\x00\x00\x00\x00\x01\x00\x00");
	CLEANUP_BUF struct buf out = { 0 };
	struct codec *codec = codec_new();
	uint64_t hint = 0;

	(void)state;
	assert_int_equal(codec_size_hint(CODEC_ZSTD, frame, &hint), 0);
	assert_true(hint == (uint64_t)1 << 40);
	assert_int_equal(decode_to(codec, frame, &out, NULL), -EBADMSG);
	assert_true(out.capacity <= 64 * 1024 * 1024);
	codec_free(codec);
}

/* What `zstd < file` writes: the size is not known in advance. */
static void test_unknown_size(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 };
	struct codec *codec = codec_new();
	ZSTD_CStream *c = ZSTD_createCStream();
	ZSTD_inBuffer from;
	ZSTD_outBuffer to = { .size = 1024 * 1024 };
	uint64_t hint = 77;

	(void)state;
	fill_sample(&sample, 500000);
	to.dst = buf_reserve(&packed, to.size);
	from = (ZSTD_inBuffer){ sample.base, sample.size, 0 };
	assert_false(ZSTD_isError(ZSTD_compressStream(c, &to, &from)));
	assert_int_equal(ZSTD_endStream(c, &to), 0);
	packed.size = to.pos;
	assert_int_equal(codec_size_hint(CODEC_ZSTD, buf_bytes(&packed), &hint), -ENODATA);
	assert_int_equal(hint, 77);
	expect_content(codec, buf_bytes(&packed), buf_bytes(&sample));
	ZSTD_freeCStream(c);
	codec_free(codec);
}

static void test_skippable_frame(void **state)
{
	CLEANUP_BUF struct buf packed = { 0 };
	struct codec *codec = codec_new();

	(void)state;
	battery_pack(bytes_of("one", 3), &packed);
	buf_put(&packed, "\x50\x2a\x4d\x18\x03\x00\x00\x00" "xyz", 11);
	battery_pack(bytes_of("two", 3), &packed);
	expect_content(codec, buf_bytes(&packed), bytes_of("onetwo", 6));
	codec_free(codec);
}

/* Kernels are packed by level 22 from a pipe: a window of 128 MiB, more than modules may have. */
static void test_payload_window_limit(void **state)
{
	(void)state;
	expect_unpacked(FRAME("\x00\x88"), bytes_of("body", 4), FRAME("\x00\x88").size);
	expect_refused(FRAME("\x00\x90"), DECODED_MAX, -E2BIG, "limit of 128 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BATTERY,
		PAYLOAD_BATTERY_ALSO,
		cmocka_unit_test(test_window_limit),
		cmocka_unit_test(test_dictionary),
		cmocka_unit_test(test_hint_lies),
		cmocka_unit_test(test_unknown_size),
		cmocka_unit_test(test_skippable_frame),
		cmocka_unit_test(test_payload_window_limit),
	};

	return cmocka_run_group_tests_name("zstd", tests, NULL, NULL);
}
