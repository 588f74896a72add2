/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/arena.h"
#include "bytes/buf.h"
#include "conf/option-words.h"

/* @want: the words, each in < >. */
static void assert_split(const char *text, int n_want, const char *want)
{
	CLEANUP_ARENA struct arena arena = { 0 };
	CLEANUP_BUF struct buf got = { 0 };
	char **words = NULL;

	assert_int_equal(option_words_split(text, &arena, &words), n_want);
	for (int i = 0; i < n_want; i++)
		buf_printf(&got, "<%s>", words[i]);
	assert_null(words[n_want]);
	buf_put_u8(&got, 0);
	assert_string_equal((const char *)got.base, want);
}

static void test_split(void **state)
{
	(void)state;
	assert_split("", 0, "");
	assert_split(" \t\n ", 0, "");
	assert_split("-q", 1, "<-q>");
	assert_split(" -q\t-C  /etc/x\n--all ", 4, "<-q><-C></etc/x><--all>");
}

static void test_quotes(void **state)
{
	(void)state;
	assert_split("-C '/a b' -q", 3, "<-C></a b><-q>");
	assert_split("-C \"/a b\" -q", 3, "<-C></a b><-q>");
	assert_split("--config='/a b'/c -q", 2, "<--config=/a b/c><-q>");
	assert_split("'a\"b' \"c'd\"", 2, "<a\"b><c'd>");
	assert_split("a''b '' \"\"", 3, "<ab><><>");
	assert_split("''''", 1, "<>");
	assert_split("a\\ b \\'c d", 3, "<a\\><b><\\c d>");
	assert_split("x 'a b ", 2, "<x><a b >");
	assert_split("x \"", 2, "<x><>");
}

static void test_limit(void **state)
{
	CLEANUP_ARENA struct arena arena = { 0 };
	CLEANUP_BUF struct buf text = { 0 };
	char *untouched[] = { NULL }, **words = untouched;

	(void)state;
	for (unsigned int i = 0; i < OPTION_WORDS_MAX; i++)
		buf_put_string(&text, "a ");
	buf_put_u8(&text, 0);
	assert_int_equal(option_words_split((char *)text.base, &arena, &words), OPTION_WORDS_MAX);
	assert_string_equal(words[OPTION_WORDS_MAX - 1], "a");
	assert_null(words[OPTION_WORDS_MAX]);
	text.size--;
	buf_put(&text, "b", 2);
	words = untouched;
	assert_int_equal(option_words_split((char *)text.base, &arena, &words), -E2BIG);
	assert_ptr_equal(words, untouched);
}

static void assert_parameters(const char *const *parameters, const char *want)
{
	CLEANUP_BUF struct buf out = { 0 };

	for (; *parameters; parameters++)
		option_put_parameter(&out, *parameters);
	assert_int_equal(out.error, 0);
	buf_put_u8(&out, 0);
	assert_string_equal((const char *)out.base, want);
}

#define ASSERT_PARAMETERS(want, ...) \
	assert_parameters((const char *const[]){ __VA_ARGS__, NULL }, want)

static void test_parameters(void **state)
{
	(void)state;
	ASSERT_PARAMETERS("a=1 b c=", "a=1", "b", "c=");
	ASSERT_PARAMETERS("a=\"x y\" b=1", "a=x y", "b=1");
	ASSERT_PARAMETERS("a=\" \"", "a= ");
	ASSERT_PARAMETERS("a=\"x=y z\"", "a=x=y z");
	/* The user's own quotes stay as they are. */
	ASSERT_PARAMETERS("a=\"x y\"", "a=\"x y\"");
	ASSERT_PARAMETERS("a=x \"y\"", "a=x \"y\"");
	/* Without a value in front of the blank these are two. */
	ASSERT_PARAMETERS("x y", "x y");
}

static void test_other_blanks(void **state)
{
	(void)state;
	ASSERT_PARAMETERS("a=\"x y z\"", "a=x\ty\nz");
	ASSERT_PARAMETERS("x y", "x\ny");
	ASSERT_PARAMETERS("a=\"x y\"", "a=\"x\ny\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),	   cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_limit),	   cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_other_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
