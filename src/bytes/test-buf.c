/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/buf.h"

/* Asking for too much must fail as it does without sanitizers. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void assert_content(const struct buf *b, const char *want, size_t size)
{
	assert_int_equal(b->error, 0);
	assert_int_equal(b->size, size);
	if (size)
		assert_memory_equal(b->base, want, size);
}

static void test_put(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	assert_content(&b, "", 0);
	buf_put(&b, "a\0b", 3);
	buf_put_string(&b, "cd");
	buf_put_u8(&b, 0xff);
	buf_put_u32_big(&b, 0x01020384u);
	buf_put(&b, NULL, 0);
	assert_content(&b, "a\0bcd\xff\x01\x02\x03\x84", 10);
	assert_ptr_equal(buf_bytes(&b).base, b.base);
	assert_int_equal(buf_bytes(&b).size, 10);
}

/* What was written stays while the buffer moves. */
static void test_growth(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 100000; i++)
		buf_put_u32_big(&b, i);
	assert_int_equal(b.error, 0);
	assert_int_equal(b.size, 400000);
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(get_u32(b.base + 4 * (size_t)i, true), i);
}

static void test_limit(void **state)
{
	CLEANUP_BUF struct buf b = { .max = 5 };

	(void)state;
	buf_put_string(&b, "hello");
	assert_content(&b, "hello", 5);
	buf_put(&b, "", 0);
	assert_int_equal(b.error, 0);
	buf_put_u8(&b, '!');
	assert_int_equal(b.error, -E2BIG);
	assert_int_equal(b.size, 5);
}

static void test_first_error_sticks(void **state)
{
	CLEANUP_BUF struct buf b = { .max = 3 };

	(void)state;
	buf_put_string(&b, "four");
	assert_int_equal(b.error, -E2BIG);
	assert_int_equal(b.size, 0);
	buf_put_u8(&b, 'x'); /* would fit */
	buf_put_u32_big(&b, 1);
	buf_printf(&b, "%d", 1);
	assert_null(buf_reserve(&b, 1));
	assert_int_equal(b.error, -E2BIG);
	assert_int_equal(b.size, 0);
	buf_done(&b);
	assert_int_equal(b.error, 0);
	assert_int_equal(b.max, 3);
	buf_put_u8(&b, 'x');
	assert_content(&b, "x", 1);
}

static void test_overflow(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	buf_put_string(&b, "ab");
	assert_null(buf_reserve(&b, SIZE_MAX - 1));
	assert_int_equal(b.error, -E2BIG);
	assert_int_equal(b.size, 2);
}

/* Memory is asked for in vain; what is there stays. */
static void test_no_memory(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	buf_put_string(&b, "ab");
	assert_null(buf_reserve(&b, SIZE_MAX / 2 + 1));
	assert_int_equal(b.error, -ENOMEM);
	assert_int_equal(b.size, 2);
	assert_memory_equal(b.base, "ab", 2);
}

static void test_reserve_writes_nothing(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	uint8_t *to;

	(void)state;
	to = buf_reserve(&b, 1000);
	assert_non_null(to);
	assert_int_equal(b.size, 0);
	memset(to, 'x', 1000);
	assert_ptr_equal(buf_reserve(&b, 500), to);
	b.size = 1000;
	assert_int_equal(b.base[999], 'x');
}

static void test_printf(void **state)
{
	CLEANUP_BUF struct buf b = { 0 }, tight = { .max = 5 };

	(void)state;
	buf_printf(&b, "%s %u", "a", 4294967295u);
	buf_printf(&b, "%s", "");
	buf_printf(&b, "|%0600d|", 7);
	assert_int_equal(b.error, 0);
	assert_int_equal(b.size, 12 + 602);
	assert_memory_equal(b.base, "a 4294967295|000", 16);
	assert_int_equal(b.base[b.size - 2], '7');
	/* The NUL that printf writes is no part of the content. */
	buf_printf(&tight, "%s", "hello");
	assert_content(&tight, "hello", 5);
	buf_printf(&tight, "%s", "!");
	assert_int_equal(tight.error, -E2BIG);
}

static void test_steal(void **state)
{
	struct buf b = { .max = 100 };
	uint8_t *stolen;
	size_t size = 0;

	(void)state;
	buf_put_string(&b, "mine");
	stolen = buf_steal(&b, &size);
	assert_int_equal(size, 4);
	assert_memory_equal(stolen, "mine", 4);
	assert_null(b.base);
	assert_int_equal(b.size, 0);
	assert_int_equal(b.max, 100);
	buf_put_string(&b, "new");
	assert_memory_equal(stolen, "mine", 4);
	free(stolen);
	buf_done(&b);
	buf_done(&b);
	buf_done(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),	cmocka_unit_test(test_growth),
		cmocka_unit_test(test_limit),	cmocka_unit_test(test_first_error_sticks),
		cmocka_unit_test(test_overflow), cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_reserve_writes_nothing), cmocka_unit_test(test_printf),
		cmocka_unit_test(test_steal),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
