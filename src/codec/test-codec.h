/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What is true of every decoder: a battery that test-xz.c, test-zstd.c and test-gzip.c run with
 * data that the library itself compressed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/diag.h"
#include "codec/codec.h"

/** battery_kind, battery_pack() - given by the test: the format, and a compressor with checksums */
extern const enum codec_kind battery_kind;
void battery_pack(struct bytes in, struct buf *out);

#define DECODED_MAX ((size_t)4 * 1024 * 1024)

/* Text-like bytes that compress, but not to nothing. */
static inline void fill_sample(struct buf *b, size_t size)
{
	uint32_t x = 12345;

	for (size_t i = 0; i < size; i++) {
		x = x * 1103515245 + 12345;
		buf_put_u8(b, (uint8_t)("module alias pci"[(x >> 16) & 15] + ((x >> 28) == 0)));
	}
}

static inline int decode_to(struct codec *codec, struct bytes in, struct buf *out, struct diag *diag)
{
	return codec_decode(codec, battery_kind, in, out, diag);
}

/* Decodes @in with a decoder of its own and expects @r; a failure must say why and leave @out. */
static inline void expect_result(struct bytes in, size_t max, int r)
{
	CLEANUP_BUF struct buf out = { .max = max };
	struct codec *codec = codec_new();
	struct diag diag = { 0 };

	buf_put_string(&out, "before");
	assert_int_equal(decode_to(codec, in, &out, &diag), r);
	assert_int_not_equal(diag.what[0], '\0');
	assert_int_equal(out.size, 6);
	assert_memory_equal(out.base, "before", 6);
	codec_free(codec);
}

static inline void expect_content(struct codec *codec, struct bytes in, struct bytes content)
{
	CLEANUP_BUF struct buf out = { .max = DECODED_MAX };
	struct diag diag = { 0 };

	assert_int_equal(decode_to(codec, in, &out, &diag), 0);
	assert_int_equal(out.size, content.size);
	if (content.size > 0)
		assert_memory_equal(out.base, content.base, content.size);
}

static inline void test_round_trip(void **state)
{
	static const size_t sizes[] = { 0, 1, 255, 4096, 300001, 3 * 1024 * 1024 };
	struct codec *codec = codec_new();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 };
		uint64_t hint = 0;

		fill_sample(&sample, sizes[i]);
		battery_pack(buf_bytes(&sample), &packed);
		assert_int_equal(codec_detect(buf_bytes(&packed)), battery_kind);
		expect_content(codec, buf_bytes(&packed), buf_bytes(&sample));
		assert_int_equal(codec_size_hint(battery_kind, buf_bytes(&packed), &hint), 0);
		assert_int_equal(hint, sizes[i]);
	}
	codec_free(codec);
}

static inline void test_appends(void **state)
{
	CLEANUP_BUF struct buf packed = { 0 }, out = { .max = 100 };
	struct codec *codec = codec_new();

	(void)state;
	battery_pack(bytes_of("behind", 6), &packed);
	buf_put_string(&out, "before ");
	assert_int_equal(decode_to(codec, buf_bytes(&packed), &out, NULL), 0);
	assert_int_equal(out.size, 13);
	assert_memory_equal(out.base, "before behind", 13);
	codec_free(codec);
}

static inline void test_concatenated(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 };
	struct codec *codec = codec_new();

	(void)state;
	fill_sample(&sample, 5000);
	battery_pack(bytes_of(sample.base, 1000), &packed);
	battery_pack(bytes_of(sample.base + 1000, 0), &packed);
	battery_pack(bytes_of(sample.base + 1000, 4000), &packed);
	expect_content(codec, buf_bytes(&packed), buf_bytes(&sample));
	codec_free(codec);
}

/* Memory is allocated for each length, so that a sanitizer sees a read behind the end. */
static inline void test_cut_off_anywhere(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 };

	(void)state;
	fill_sample(&sample, 2000);
	battery_pack(buf_bytes(&sample), &packed);
	for (size_t n = 0; n < packed.size; n++) {
		CLEANUP_BUF struct buf part = { 0 };

		part.base = malloc(n ? n : 1);
		part.size = n;
		memcpy(part.base, packed.base, n);
		expect_result(buf_bytes(&part), DECODED_MAX, -EBADMSG);
	}
}

static inline void test_says_where_it_is_cut_off(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 }, out = { 0 };
	struct codec *codec = codec_new();
	struct diag diag = { 0 };

	(void)state;
	fill_sample(&sample, 2000);
	battery_pack(buf_bytes(&sample), &packed);
	packed.size -= 20;
	assert_int_equal(decode_to(codec, buf_bytes(&packed), &out, &diag), -EBADMSG);
	assert_int_equal(diag.place, DIAG_OFFSET);
	assert_int_equal(diag.where, packed.size);
	assert_non_null(strstr(diag.what, "cut off"));
	codec_free(codec);
}

/* A changed bit is found, or did not matter (a time stamp in a header); one decoder for all. */
static inline void test_changed_anywhere(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 }, out = { .max = DECODED_MAX };
	struct codec *codec = codec_new();
	size_t n_found = 0;

	(void)state;
	fill_sample(&sample, 2000);
	battery_pack(buf_bytes(&sample), &packed);
	for (size_t bit = 0; bit < packed.size * 8; bit++) {
		int r;

		packed.base[bit / 8] ^= (uint8_t)(1u << bit % 8);
		out.size = 0;
		r = decode_to(codec, buf_bytes(&packed), &out, NULL);
		packed.base[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (r < 0) {
			n_found++;
			assert_int_equal(out.size, 0);
			continue;
		}
		assert_int_equal(out.size, sample.size);
		assert_memory_equal(out.base, sample.base, sample.size);
	}
	assert_true(n_found > packed.size * 7);
	expect_content(codec, buf_bytes(&packed), buf_bytes(&sample));
	codec_free(codec);
}

static inline void test_garbage_behind(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 };

	(void)state;
	fill_sample(&sample, 2000);
	battery_pack(buf_bytes(&sample), &packed);
	buf_put_string(&packed, "something else altogether");
	expect_result(buf_bytes(&packed), DECODED_MAX, -EBADMSG);
}

static inline void test_limit(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 }, out = { .max = 300000 };
	struct codec *codec = codec_new();

	(void)state;
	fill_sample(&sample, 300000);
	battery_pack(buf_bytes(&sample), &packed);
	assert_int_equal(decode_to(codec, buf_bytes(&packed), &out, NULL), 0);
	assert_int_equal(out.size, 300000);
	expect_result(buf_bytes(&packed), 299999 + 6, -E2BIG);
	codec_free(codec);
}

static inline void test_bomb(void **state)
{
	CLEANUP_BUF struct buf zeros = { 0 }, packed = { 0 }, out = { .max = 1024 * 1024 };
	struct codec *codec = codec_new();
	struct diag diag = { 0 };

	(void)state;
	memset(buf_reserve(&zeros, 16 * 1024 * 1024), 0, 16 * 1024 * 1024);
	zeros.size = 16 * 1024 * 1024;
	battery_pack(buf_bytes(&zeros), &packed);
	assert_true(packed.size < 32 * 1024);
	assert_int_equal(decode_to(codec, buf_bytes(&packed), &out, &diag), -E2BIG);
	assert_non_null(strstr(diag.what, "1048576 bytes"));
	assert_true(out.capacity <= 2 * 1024 * 1024);
	codec_free(codec);
}

static inline void test_reuse_after_failure(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 }, out = { .max = DECODED_MAX };
	struct codec *codec = codec_new();

	(void)state;
	fill_sample(&sample, 100000);
	battery_pack(buf_bytes(&sample), &packed);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(decode_to(codec, bytes_of(packed.base, packed.size / 2), &out, NULL),
				 -EBADMSG);
		expect_content(codec, buf_bytes(&packed), buf_bytes(&sample));
	}
	codec_free(codec);
}

#define BATTERY                                                                                    \
	cmocka_unit_test(test_round_trip), cmocka_unit_test(test_appends),                         \
		cmocka_unit_test(test_concatenated), cmocka_unit_test(test_cut_off_anywhere),      \
		cmocka_unit_test(test_says_where_it_is_cut_off),                                   \
		cmocka_unit_test(test_changed_anywhere), cmocka_unit_test(test_garbage_behind),    \
		cmocka_unit_test(test_limit), cmocka_unit_test(test_bomb),                         \
		cmocka_unit_test(test_reuse_after_failure)
