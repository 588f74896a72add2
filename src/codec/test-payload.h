/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What is true of every way to pack a kernel: a battery for the tests of each, with data that the
 * library itself packed.
 */
#include "codec/payload.h"
#include "codec/test-codec.h"

/**
 * payload_battery_kind  - given by the test, with battery_pack(): which way to pack
 * payload_is_checked    - has the format a checksum, so that every change is found?
 * payload_is_continued  - may another stream follow the first?
 */
extern const enum payload_kind payload_battery_kind;
extern const bool payload_is_checked, payload_is_continued;

static inline int unpack_to(struct bytes in, struct buf *out, size_t *used, struct diag *diag)
{
	return payload_decode(payload_battery_kind, in, out, used, diag);
}

/* Expects @r; a failure must say why, leave @out and write no size. */
static inline void expect_refused(struct bytes in, size_t max, int r, const char *what)
{
	CLEANUP_BUF struct buf out = { .max = max };
	struct diag diag = { 0 };
	size_t used = 77;

	buf_put_string(&out, "before");
	assert_int_equal(unpack_to(in, &out, &used, &diag), r);
	assert_non_null(strstr(diag.what, what));
	assert_true(diag.place != DIAG_OFFSET || diag.where <= in.size);
	assert_int_equal(used, 77);
	assert_int_equal(out.size, 6);
	assert_memory_equal(out.base, "before", 6);
}

static inline void expect_unpacked(struct bytes in, struct bytes content, size_t used_wanted)
{
	CLEANUP_BUF struct buf out = { 0 };
	struct diag diag = { 0 };
	size_t used = 0;

	buf_put_string(&out, "before");
	assert_int_equal(unpack_to(in, &out, &used, &diag), 0);
	assert_int_equal(used, used_wanted);
	assert_int_equal(out.size, 6 + content.size);
	assert_memory_equal(out.base, "before", 6);
	assert_memory_equal(out.base + 6, content.base, content.size);
}

static inline void payload_round_trip(void **state)
{
	static const size_t sizes[] = { 1, 255, 4096, 1024 * 1024 + 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 };

		fill_sample(&sample, sizes[i]);
		battery_pack(buf_bytes(&sample), &packed);
		assert_int_equal(payload_detect(buf_bytes(&packed)), payload_battery_kind);
		expect_unpacked(buf_bytes(&packed), buf_bytes(&sample), packed.size);
	}
}

/* A size, as the kernel's build appends it; then what may fill up a section. */
static inline void payload_followed_by_others(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 };
	size_t size;

	(void)state;
	fill_sample(&sample, 5000);
	battery_pack(buf_bytes(&sample), &packed);
	size = packed.size;
	for (int i = 0; i < 4; i++)
		buf_put_u8(&packed, (uint8_t)(5000u >> 8 * i));
	expect_unpacked(buf_bytes(&packed), buf_bytes(&sample), size);
	buf_put(&packed, "\0\0\0\0\0\0\0\0\0\0\0\0rest", 16);
	expect_unpacked(buf_bytes(&packed), buf_bytes(&sample), size);
}

static inline void payload_streams(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 };
	size_t first, both;

	(void)state;
	fill_sample(&sample, 5000);
	battery_pack(bytes_of(sample.base, 1000), &packed);
	first = packed.size;
	battery_pack(bytes_of(sample.base + 1000, 4000), &packed);
	both = packed.size;
	buf_put(&packed, "\x88\x13\0\0", 4);
	if (payload_is_continued)
		expect_unpacked(buf_bytes(&packed), buf_bytes(&sample), both);
	else
		expect_unpacked(buf_bytes(&packed), bytes_of(sample.base, 1000), first);
}

/* Memory is allocated for each length, so that a sanitizer sees a read behind the end. */
static inline void payload_cut_off_anywhere(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 };

	(void)state;
	fill_sample(&sample, 300);
	battery_pack(buf_bytes(&sample), &packed);
	for (size_t n = 0; n < packed.size; n++) {
		CLEANUP_BUF struct buf part = { 0 };

		part.base = malloc(n ? n : 1);
		part.size = n;
		memcpy(part.base, packed.base, n);
		expect_refused(buf_bytes(&part), DECODED_MAX, -EBADMSG, "");
	}
}

/* Reads @packed with the byte at @i changed. */
static inline bool is_change_found(struct buf *packed, size_t i, uint8_t flip,
				   const struct buf *sample, struct buf *out)
{
	struct diag diag = { 0 };
	size_t used;
	int r;

	packed->base[i] ^= flip;
	out->size = 0;
	r = unpack_to(buf_bytes(packed), out, &used, &diag);
	packed->base[i] ^= flip;
	assert_true(r == 0 || (diag.what[0] != '\0' && out->size == 0));
	if (r == 0 && payload_is_checked) {
		assert_int_equal(out->size, sample->size);
		assert_memory_equal(out->base, sample->base, sample->size);
	}
	return r < 0;
}

/* A change is found, or did not matter; without a checksum, nothing worse than other bytes. */
static inline void payload_changed_anywhere(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 }, out = { .max = DECODED_MAX };
	size_t n_found = 0;

	(void)state;
	fill_sample(&sample, 300);
	battery_pack(buf_bytes(&sample), &packed);
	for (size_t i = 0; i < packed.size; i++) {
		n_found += is_change_found(&packed, i, (uint8_t)(1u << i % 8), &sample, &out);
		n_found += is_change_found(&packed, i, 0xff, &sample, &out);
	}
	assert_true(!payload_is_checked || n_found > packed.size * 3 / 2);
}

static inline void payload_limit(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 }, out = { .max = 300000 };
	size_t used;

	(void)state;
	fill_sample(&sample, 300000);
	battery_pack(buf_bytes(&sample), &packed);
	assert_int_equal(unpack_to(buf_bytes(&packed), &out, &used, NULL), 0);
	assert_int_equal(out.size, 300000);
	expect_refused(buf_bytes(&packed), 299999 + 6, -E2BIG, "limit of 300005 bytes");
}

static inline void payload_bomb(void **state)
{
	CLEANUP_BUF struct buf zeros = { 0 }, packed = { 0 }, out = { .max = 512 * 1024 };
	struct diag diag = { 0 };
	size_t used;

	(void)state;
	memset(buf_reserve(&zeros, 4 * 1024 * 1024), 0, 4 * 1024 * 1024);
	zeros.size = 4 * 1024 * 1024;
	battery_pack(buf_bytes(&zeros), &packed);
	assert_true(packed.size < 64 * 1024);
	assert_int_equal(unpack_to(buf_bytes(&packed), &out, &used, &diag), -E2BIG);
	assert_non_null(strstr(diag.what, "524288 bytes"));
	assert_true(out.capacity <= 1024 * 1024);
}

/* For a decoder that the battery of test-codec.h has been through. */
#define PAYLOAD_BATTERY_ALSO                                                                       \
	cmocka_unit_test(payload_followed_by_others), cmocka_unit_test(payload_streams),           \
		cmocka_unit_test(payload_cut_off_anywhere), cmocka_unit_test(payload_limit)

#define PAYLOAD_BATTERY                                                                            \
	PAYLOAD_BATTERY_ALSO, cmocka_unit_test(payload_round_trip),                                \
		cmocka_unit_test(payload_changed_anywhere), cmocka_unit_test(payload_bomb)
