/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/bytes.h"
#include "bytes/diag.h"
#include "bytes/source.h"

static const uint8_t ten[10] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void test_slice(void **state)
{
	struct bytes b = bytes_of(ten, 10), part = { 0 };

	(void)state;
	assert_int_equal(bytes_slice(b, 2, 3, &part), 0);
	assert_ptr_equal(part.base, ten + 2);
	assert_int_equal(part.size, 3);
	assert_int_equal(bytes_slice(b, 0, 10, &part), 0);
	assert_int_equal(part.size, 10);
	assert_int_equal(bytes_slice(b, 10, 0, &part), 0);
	assert_int_equal(part.size, 0);
}

static void test_slice_outside(void **state)
{
	static const uint64_t outside[][2] = {
		{ 0, 11 }, { 10, 1 }, { 11, 0 }, { 5, 6 }, { UINT64_MAX, 0 }, { 0, UINT64_MAX },
		{ UINT64_MAX, 1 }, { 1, UINT64_MAX }, { UINT64_MAX, UINT64_MAX },
		{ 2, UINT64_MAX - 1 }, { (uint64_t)1 << 32, 1 }, { 1, (uint64_t)1 << 32 },
	};
	struct bytes b = bytes_of(ten, 10), part = bytes_of(ten, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		assert_int_equal(bytes_slice(b, outside[i][0], outside[i][1], &part), -EBADMSG);
	assert_ptr_equal(part.base, ten);
	assert_int_equal(part.size, 1);
}

static void test_empty(void **state)
{
	struct bytes none = { 0 }, part = { 0 };
	const char *s = "untouched";
	uint32_t v = 7;
	size_t n = 7;

	(void)state;
	assert_int_equal(bytes_slice(none, 0, 0, &part), 0);
	assert_int_equal(bytes_slice(none, 0, 1, &part), -EBADMSG);
	assert_int_equal(bytes_string(none, 0, &s), -EBADMSG);
	assert_int_equal(bytes_string_within(none, 0, 10, &s, &n), -EBADMSG);
	assert_int_equal(bytes_u32(none, 0, false, &v), -EBADMSG);
	assert_int_equal(bytes_table(none, 8).n, 0);
	assert_string_equal(s, "untouched");
	assert_int_equal(v, 7);
	assert_int_equal(n, 7);
}

static void test_string(void **state)
{
	struct bytes b = bytes_of("ab\0c\0no end", 11);
	const char *s = NULL;

	(void)state;
	assert_int_equal(bytes_string(b, 0, &s), 0);
	assert_string_equal(s, "ab");
	assert_int_equal(bytes_string(b, 2, &s), 0);
	assert_string_equal(s, "");
	assert_int_equal(bytes_string(b, 3, &s), 0);
	assert_string_equal(s, "c");
	assert_int_equal(bytes_string(b, 5, &s), -EBADMSG);
	assert_int_equal(bytes_string(b, 10, &s), -EBADMSG);
	assert_int_equal(bytes_string(b, 11, &s), -EBADMSG);
	assert_int_equal(bytes_string(b, UINT64_MAX, &s), -EBADMSG);
	assert_string_equal(s, "c");
}

static void test_string_within(void **state)
{
	struct bytes b = bytes_of("abc\0tail", 8);
	const char *s = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(bytes_string_within(b, 0, 3, &s, &n), 0);
	assert_string_equal(s, "abc");
	assert_int_equal(n, 3);
	assert_int_equal(bytes_string_within(b, 3, 0, &s, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(bytes_string_within(b, 0, 2, &s, &n), -EBADMSG);
	assert_int_equal(bytes_string_within(b, 4, 100, &s, &n), -EBADMSG);
	assert_int_equal(bytes_string_within(b, 4, SIZE_MAX, &s, &n), -EBADMSG);
	assert_int_equal(bytes_string_within(b, 8, 100, &s, &n), -EBADMSG);
	assert_int_equal(bytes_string_within(b, UINT64_MAX, 100, &s, &n), -EBADMSG);
	assert_int_equal(n, 0);
}

static void test_table(void **state)
{
	struct table t = bytes_table(bytes_of(ten, 10), 4);

	(void)state;
	assert_int_equal(t.n, 2);
	assert_int_equal(*table_entry(&t, 0), 1);
	assert_int_equal(*table_entry(&t, 1), 5);
	assert_int_equal(bytes_table(bytes_of(ten, 10), 11).n, 0);
	assert_int_equal(bytes_table(bytes_of(ten, 10), 10).n, 1);
	assert_int_equal(bytes_table(bytes_of(ten, 10), 1).n, 10);
}

static void test_integers(void **state)
{
	static const uint8_t p[8] = { 0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0xf8 };
	uint32_t v = 0;

	(void)state;
	assert_int_equal(get_u16(p, false), 0x0281);
	assert_int_equal(get_u16(p, true), 0x8102);
	assert_true(get_u32(p, false) == 0x04030281u);
	assert_true(get_u32(p, true) == 0x81020304u);
	assert_true(get_u64(p, false) == 0xf807060504030281u);
	assert_true(get_u64(p, true) == 0x81020304050607f8u);
	assert_true(get_u32(p + 3, true) == 0x04050607u);
	assert_int_equal(bytes_u32(bytes_of(p, 8), 4, true, &v), 0);
	assert_true(v == 0x050607f8u);
	assert_int_equal(bytes_u32(bytes_of(p, 8), 5, true, &v), -EBADMSG);
	assert_int_equal(bytes_u32(bytes_of(p, 8), 8, true, &v), -EBADMSG);
	assert_int_equal(bytes_u32(bytes_of(p, 8), UINT64_MAX - 1, true, &v), -EBADMSG);
	assert_int_equal(bytes_u32(bytes_of(p, 3), 0, true, &v), -EBADMSG);
	assert_true(v == 0x050607f8u);
}

static int refuse(void *ctx, uint64_t off, size_t size, const uint8_t **ret_p)
{
	(void)ctx;
	(void)off;
	(void)size;
	(void)ret_p;
	return -EIO;
}

static void test_source(void **state)
{
	struct bytes b = bytes_of(ten, 10), part = { 0 };
	struct source memory = source_of_bytes(&b);
	const struct source broken = { refuse, NULL, 10 };

	(void)state;
	assert_int_equal(source_get(&memory, 8, 2, &part), 0);
	assert_ptr_equal(part.base, ten + 8);
	assert_int_equal(part.size, 2);
	assert_int_equal(source_get(&memory, 8, 3, &part), -EBADMSG);
	assert_int_equal(source_get(&memory, 11, 0, &part), -EBADMSG);
	assert_int_equal(source_get(&memory, 1, UINT64_MAX, &part), -EBADMSG);
	assert_int_equal(source_get(&broken, 0, 1, &part), -EIO);
	assert_int_equal(part.size, 2);
	assert_int_equal(source_get(&broken, 10, 0, &part), 0); /* nothing to fetch */
	assert_int_equal(part.size, 0);
}

static void test_diag(void **state)
{
	struct diag d = { 0 };
	char text[300];

	(void)state;
	assert_int_equal(diag_offset(&d, -EBADMSG, (uint64_t)1 << 40, "section %d", 7), -EBADMSG);
	assert_int_equal(d.place, DIAG_OFFSET);
	assert_true(d.where == (uint64_t)1 << 40);
	assert_string_equal(d.what, "section 7");
	assert_int_equal(diag_line(&d, -EINVAL, 3, "no %s", "word"), -EINVAL);
	assert_int_equal(d.place, DIAG_LINE);
	assert_int_equal(d.where, 3);
	assert_string_equal(d.what, "no word");
	assert_int_equal(diag_plain(&d, 0, "%s", ""), 0);
	assert_int_equal(d.place, DIAG_NOWHERE);
	assert_int_equal(d.where, 0);
	assert_string_equal(d.what, "");
	assert_int_equal(diag_plain(NULL, -ENOENT, "nobody reads this"), -ENOENT);

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	diag_plain(&d, 0, "%s", text);
	assert_int_equal(strlen(d.what), sizeof(d.what) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slice),	 cmocka_unit_test(test_slice_outside),
		cmocka_unit_test(test_empty),	 cmocka_unit_test(test_string),
		cmocka_unit_test(test_string_within), cmocka_unit_test(test_table),
		cmocka_unit_test(test_integers), cmocka_unit_test(test_source),
		cmocka_unit_test(test_diag),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
