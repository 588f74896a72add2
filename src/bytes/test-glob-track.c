/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fnmatch.h>

#include "bytes/glob-track.h"

/* Steps through the whole pattern; @ret_may: what the last step said. */
static int track(const char *pattern, const char *text, size_t from, bool *ret_may)
{
	struct glob_text prepared;
	struct glob_state state;

	glob_text_init(&prepared, text);
	glob_state_init(&state, &prepared, from);
	*ret_may = true;
	for (; *pattern && *ret_may; pattern++)
		*ret_may = glob_state_step(&state, &prepared, *pattern);
	return *ret_may ? glob_state_matches(&state, &prepared) : 0;
}

/* The C library is the judge. */
static void assert_as_fnmatch(const char *pattern, const char *text)
{
	bool may;
	int got = track(pattern, text, 0, &may);

	if (got >= 0 && got != (fnmatch(pattern, text, 0) == 0))
		fail_msg("'%s' and '%s': %d", pattern, text, got);
}

static void test_examples(void **state)
{
	bool may;

	(void)state;
	assert_int_equal(track("pci:v*d*bc0C", "pci:v00008086d1521bc0C", 0, &may), 1);
	assert_int_equal(track("pci:v*d*bc0D", "pci:v00008086d1521bc0C", 0, &may), 0);
	assert_int_equal(track("a?c", "abc", 0, &may), 1);
	assert_int_equal(track("a?c", "ac", 0, &may), 0);
	assert_int_equal(track("*", "", 0, &may), 1);
	assert_int_equal(track("", "", 0, &may), 1);
	assert_int_equal(track("?", "", 0, &may), 0);
	assert_int_equal(track("b*", "abc", 1, &may), 1);
	assert_int_equal(track("x[a-c]", "xb", 0, &may), -1);
	assert_int_equal(track("x\\*", "x*", 0, &may), -1);
	assert_false((track("abx", "abc", 0, &may), may));
	assert_true((track("ab*", "abc", 0, &may), may));
}

/* Around the borders of the words that bits are kept in. */
static void test_sizes(void **state)
{
	static const size_t sizes[] = { 62, 63, 64, 65, 127, 128, 129, 510, 511 };
	char text[600], pattern[600];
	bool may;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i];

		memset(text, 'a', n);
		text[n] = '\0';
		snprintf(pattern, sizeof(pattern), "%s", text);
		assert_int_equal(track(pattern, text, 0, &may), 1);
		pattern[n - 1] = 'b';
		assert_int_equal(track(pattern, text, 0, &may), 0);
		pattern[n - 1] = '?';
		assert_int_equal(track(pattern, text, 0, &may), 1);
		strcpy(pattern + n, "?");
		assert_int_equal(track(pattern, text, 0, &may), 0);
		assert_int_equal(track("*a*", text, 0, &may), 1);
		assert_int_equal(track("*a*b", text, 0, &may), 0);
		assert_int_equal(track("*", text, n, &may), 1);
		assert_int_equal(track("?", text, n, &may), 0);
	}
	memset(text, 'a', 512);
	text[512] = '\0';
	assert_int_equal(track("a*", text, 0, &may), -1);
}

static void test_random(void **state)
{
	static const char letters[] = "ab*?ab*c", plain[] = "abc";
	char pattern[20], text[140];

	(void)state;
	srand(7);
	for (int i = 0; i < 200000; i++) {
		size_t n = (size_t)rand() % 12, m = (size_t)rand() % (i % 100 ? 10 : 139);

		for (size_t k = 0; k < n; k++)
			pattern[k] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		pattern[n] = '\0';
		for (size_t k = 0; k < m; k++)
			text[k] = plain[(size_t)rand() % (sizeof(plain) - 1)];
		text[m] = '\0';
		assert_as_fnmatch(pattern, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("glob-track", tests, NULL, NULL);
}
