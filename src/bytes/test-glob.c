/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bytes/glob.h"

static void test_plain(void **state)
{
	(void)state;
	assert_true(glob_matches("ext4", "ext4"));
	assert_false(glob_matches("ext4", "ext"));
	assert_false(glob_matches("ext", "ext4"));
	assert_true(glob_matches("", ""));
	assert_false(glob_matches("", "x"));
	assert_true(glob_matches("*", ""));
	assert_false(glob_matches("?", ""));
	assert_true(glob_matches("a?c", "abc"));
}

static void test_aliases(void **state)
{
	(void)state;
	assert_true(glob_matches("pci:v00008086d00001533sv*sd*bc*sc*i*",
				 "pci:v00008086d00001533sv00008086sd00000001bc02sc00i00"));
	assert_false(glob_matches("pci:v00008086d00001533sv*sd*bc*sc*i*",
				  "pci:v00008086d00001539sv00008086sd00000001bc02sc00i00"));
	assert_true(glob_matches("usb:v0403p600[1-6]d*", "usb:v0403p6004d0100"));
	assert_false(glob_matches("usb:v0403p600[1-6]d*", "usb:v0403p6007d0100"));
	assert_true(glob_matches("mdio:000000000001110011001????????????",
				 "mdio:000000000001110011001001000010100"));
}

static void test_sets(void **state)
{
	(void)state;
	assert_true(glob_matches("[]a]", "]"));
	assert_true(glob_matches("[!]a]", "b"));
	assert_false(glob_matches("[!]a]", "a"));
	assert_true(glob_matches("[^a]", "b"));
	assert_false(glob_matches("[!^a]", "^"));
	assert_true(glob_matches("[a-]", "-"));
	assert_true(glob_matches("[\\]]", "]"));
	assert_true(glob_matches("[\\a-c]", "b"));
	assert_true(glob_matches("[a-\\c]", "b"));
	assert_true(glob_matches("[[:digit:][:upper:]x]", "5"));
	assert_true(glob_matches("[[:digit:][:upper:]x]", "Q"));
	assert_true(glob_matches("[[:digit:][:upper:]x]", "x"));
	assert_false(glob_matches("[[:digit:][:upper:]x]", "q"));
	assert_true(glob_matches("[[.-.]-a]", "0"));
	assert_true(glob_matches("[[=a=]]", "a"));
	assert_true(glob_matches("[\xe0-\xff]", "\xf0"));
	assert_true(glob_matches("?", "\xf0"));
	assert_false(glob_matches("[[:alpha:]]", "\xe4"));
}

/* Each class against each byte, by what the C library says of it in the C locale. */
static void test_classes(void **state)
{
	static const struct {
		const char *pattern;
		int (*has)(int c);
	} classes[] = {
		{ "[[:alnum:]]", isalnum }, { "[[:alpha:]]", isalpha }, { "[[:blank:]]", isblank },
		{ "[[:cntrl:]]", iscntrl }, { "[[:digit:]]", isdigit }, { "[[:graph:]]", isgraph },
		{ "[[:lower:]]", islower }, { "[[:print:]]", isprint }, { "[[:punct:]]", ispunct },
		{ "[[:space:]]", isspace }, { "[[:upper:]]", isupper }, { "[[:xdigit:]]", isxdigit },
	};
	char text[2] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		for (int c = 1; c < 256; c++) {
			text[0] = (char)c;
			assert_int_equal(glob_matches(classes[i].pattern, text), c < 128 && classes[i].has(c));
		}
}

static void test_malformed_pattern(void **state)
{
	(void)state;
	assert_true(glob_matches("[ab", "[ab"));
	assert_false(glob_matches("[ab", "a"));
	assert_false(glob_matches("a\\", "a"));
	assert_false(glob_matches("a\\", "a\\"));
	assert_false(glob_matches("[[:nonsense:]]", "n"));
	/* A class without a name ends where it ends, and so does the set around it. */
	assert_true(glob_matches("[:[::]]", ":"));
	assert_true(glob_matches("[a[:nonsense:]]b", "ab"));
	assert_false(glob_matches("[:[::]]", "a"));
}

/* Backtracking to every star would take longer than anyone can wait. */
static void test_many_stars(void **state)
{
	char pattern[2 * 1000 + 2], text[3000];

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		memcpy(pattern + 2 * i, "*a", 2);
	memcpy(pattern + 2000, "b", 2);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(glob_matches(pattern, text));
	text[sizeof(text) - 2] = 'b';
	assert_true(glob_matches(pattern, text));
}

static void test_limit(void **state)
{
	uint64_t steps = 10;

	(void)state;
	assert_int_equal(glob_matches_within("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaa", &steps), -E2BIG);
	steps = 10;
	assert_int_equal(glob_matches_within("a*c", "abc", &steps), 1);
	assert_true(steps < 10);
}

static size_t put(char *to, size_t n, const char *s)
{
	memcpy(to + n, s, strlen(s));
	return n + strlen(s);
}

/*
 * A pattern of few different bytes, so that matches are common. A class stands only where no range
 * can swallow its bracket: there fnmatch(3) of glibc depends on which byte of the set matched.
 */
static void random_pattern(char *to)
{
	static const char bytes[] = "aabbcd-]![^\\*?*x5";
	static const char *const sets[] = { "[ab]", "[!ab]", "[^a-c]", "[a-d]", "[]a]", "[!]-a]",
					    "[a-]", "[[:digit:]a-b]", "[![:alpha:]]", "[\\]\\-x]",
					    "[[:lower:][:digit:]]", "[[:punct:]]", "[-a]",
					    "[d-a]", "[[:xdigit:]" };
	size_t n = 0;

	for (unsigned int i = (unsigned int)rand() % 9; i > 0; i--) {
		if (rand() % 5 == 0)
			n = put(to, n, sets[(size_t)rand() % (sizeof(sets) / sizeof(sets[0]))]);
		else
			to[n++] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
	}
	to[n] = '\0';
}

static void random_text(char *to)
{
	static const char bytes[] = "aaabbbcd-]![^\\*?x5\xe4";
	size_t n = (size_t)rand() % 9;

	for (size_t i = 0; i < n; i++)
		to[i] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
	to[n] = '\0';
}

static void test_agrees_with_fnmatch(void **state)
{
	const char *given = getenv("TEST_SEED");
	unsigned int seed = (unsigned int)(given ? strtol(given, NULL, 10) : time(NULL));
	unsigned int n_matches = 0;
	char pattern[256], text[16];

	(void)state;
	print_message("# TEST_SEED=%u\n", seed);
	srand(seed);
	for (unsigned int i = 0; i < 400000; i++) {
		bool ours, theirs;

		random_pattern(pattern);
		random_text(text);
		ours = glob_matches(pattern, text);
		theirs = fnmatch(pattern, text, 0) == 0;
		if (ours != theirs)
			fail_msg("pattern '%s' text '%s': ours %d, fnmatch %d (TEST_SEED=%u)",
				 pattern, text, ours, theirs, seed);
		n_matches += theirs;
	}
	assert_true(n_matches > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_malformed_pattern),
		cmocka_unit_test(test_many_stars),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_agrees_with_fnmatch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
