/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/arena.h"

/* Asking for too much must fail as it does without sanitizers. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* Every piece keeps its own bytes, aligned, whatever comes after it. */
static void fill(struct arena *a, uint8_t **pieces, size_t n, uint8_t mark)
{
	for (size_t i = 0; i < n; i++) {
		size_t size = i * 37 % 5000;

		pieces[i] = arena_alloc(a, size);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % 8, 0);
		memset(pieces[i], (int)(uint8_t)(mark + i), size);
	}
}

static void check(uint8_t *const *pieces, size_t n, uint8_t mark)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i * 37 % 5000; k++)
			assert_int_equal(pieces[i][k], (uint8_t)(mark + i));
}

static void test_pieces(void **state)
{
	CLEANUP_ARENA struct arena a = { 0 };
	uint8_t *pieces[1000];

	(void)state;
	fill(&a, pieces, 1000, 1);
	check(pieces, 1000, 1);
}

static void test_large(void **state)
{
	CLEANUP_ARENA struct arena a = { 0 };
	char *small = arena_string(&a, "small", 5), *large = arena_alloc(&a, 10 << 20);
	char *after = arena_string(&a, "after", 5);

	(void)state;
	assert_non_null(large);
	memset(large, 'x', 10 << 20);
	assert_string_equal(small, "small");
	assert_string_equal(after, "after");
}

static void test_string(void **state)
{
	CLEANUP_ARENA struct arena a = { 0 };
	char *s = arena_string(&a, "abcdef", 3), *empty = arena_string(&a, "x", 0);

	(void)state;
	assert_string_equal(s, "abc");
	assert_string_equal(empty, "");
	assert_ptr_not_equal(s, empty);
}

static void test_impossible_sizes(void **state)
{
	CLEANUP_ARENA struct arena a = { 0 };
	char *s = arena_string(&a, "kept", 4);

	(void)state;
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 7));
	assert_null(arena_alloc(&a, SIZE_MAX - 64));
	assert_null(arena_string(&a, "", SIZE_MAX));
	assert_string_equal(s, "kept");
	assert_non_null(arena_alloc(&a, 0));
}

static void test_reset(void **state)
{
	CLEANUP_ARENA struct arena a = { 0 };
	uint8_t *pieces[300], *first;

	(void)state;
	fill(&a, pieces, 300, 1);
	arena_reset(&a, (size_t)1 << 20);
	first = arena_alloc(&a, 8);
	arena_reset(&a, (size_t)1 << 20);
	assert_ptr_equal(arena_alloc(&a, 8), first); /* the chunk was kept */
	arena_reset(&a, 0);
	fill(&a, pieces, 300, 9);
	check(pieces, 300, 9);
}

static void test_absorb(void **state)
{
	CLEANUP_ARENA struct arena a = { 0 };
	struct arena b = { 0 };
	uint8_t *of_a[200], *of_b[200], *more[200];

	(void)state;
	arena_absorb(&a, &b); /* nothing into nothing */
	fill(&b, of_b, 200, 50);
	arena_absorb(&a, &b); /* into nothing */
	assert_null(b.chunks);
	fill(&a, of_a, 200, 1);
	fill(&b, more, 200, 90);
	arena_absorb(&a, &b);
	assert_null(b.chunks);
	arena_absorb(&a, &b); /* nothing into something */
	arena_done(&b);
	fill(&a, more, 200, 120);
	check(of_b, 200, 50);
	check(of_a, 200, 1);
	check(more, 200, 120);
}

static void test_done(void **state)
{
	struct arena a = { 0 };

	(void)state;
	arena_done(NULL);
	arena_done(&a);
	assert_non_null(arena_alloc(&a, 100));
	arena_done(&a);
	arena_done(&a);
	assert_null(a.chunks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces), cmocka_unit_test(test_large),
		cmocka_unit_test(test_string), cmocka_unit_test(test_impossible_sizes),
		cmocka_unit_test(test_reset),  cmocka_unit_test(test_absorb),
		cmocka_unit_test(test_done),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
