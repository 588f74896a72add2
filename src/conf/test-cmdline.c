/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "conf/cmdline.h"

static struct bytes text_of(const char *s)
{
	return bytes_of(s, strlen(s));
}

static void put(struct buf *out, struct bytes part)
{
	buf_put(out, part.base, part.size);
}

/* "module|key" or "module|key=value", with '"' for what has to be quoted again; a blank behind each. */
static void assert_words(const char *text, size_t size, const char *want)
{
	struct cmdline line = { .text = bytes_of(text, size) };
	CLEANUP_BUF struct buf got = { 0 };
	struct cmdline_word word;

	while (cmdline_next(&line, &word)) {
		put(&got, word.module);
		buf_put_u8(&got, '|');
		put(&got, word.key);
		if (word.has_value)
			buf_put_u8(&got, '=');
		if (word.is_quoted)
			buf_put_u8(&got, '"');
		put(&got, word.value);
		if (word.is_quoted)
			buf_put_u8(&got, '"');
		buf_put_u8(&got, ' ');
	}
	assert_false(cmdline_next(&line, &word));
	buf_put_u8(&got, 0);
	assert_string_equal((const char *)got.base, want);
}

#define ASSERT_WORDS(text, want) assert_words(text, sizeof(text) - 1, want)

static void test_words(void **state)
{
	(void)state;
	ASSERT_WORDS("", "");
	ASSERT_WORDS(" \t\n", "");
	ASSERT_WORDS("quiet root=/dev/vda1\n", "|quiet |root=/dev/vda1 ");
	ASSERT_WORDS("  a.b\t c-d.e-f=1\v\fg.h=\rx", "a|b c-d|e-f=1 g|h= |x ");
	ASSERT_WORDS("a.b=c=d.e", "a|b=c=d.e ");
	ASSERT_WORDS("=x a=", "|=x |a= ");
}

/* A parameter has one '.', and something on both sides of it. */
static void test_dots(void **state)
{
	(void)state;
	ASSERT_WORDS("a.b.c=1 a.b=1.5 .x=1 y.=1 . a..b", "|a.b.c=1 a|b=1.5 |.x=1 |y.=1 |. |a..b ");
}

static void test_quotes(void **state)
{
	(void)state;
	ASSERT_WORDS("a.b=\"x y\" c", "a|b=\"x y\" |c ");
	ASSERT_WORDS("\"a.b=x y\" c", "a|b=\"x y\" |c ");
	ASSERT_WORDS("a.b=\"\" \"c.d=\" \"e.f\" \"g\"", "a|b=\"\" c|d=\"\" e|f |g ");
	ASSERT_WORDS("a.b=x\"y z\"w c", "a|b=x\"y z\"w |c ");
	ASSERT_WORDS("a.b=\"x\"y\" z\" c", "a|b=\"x\"y\" z\" |c ");
	ASSERT_WORDS("a.b=\"x\"y c", "a|b=\"x\"y |c ");
}

static void test_open_quotes(void **state)
{
	(void)state;
	ASSERT_WORDS("a.b=\"x y", "a|b=\"x y\" ");
	ASSERT_WORDS("\"a.b=x y", "a|b=\"x y\" ");
	ASSERT_WORDS("a.b=x\"y z", "a|b=x\"y z ");
	ASSERT_WORDS("a.b=\"x\"\"", "a|b=\"x\"\" ");
	ASSERT_WORDS("a.b=\"x\"\" y", "a|b=\"x\"\" y\" ");
	ASSERT_WORDS("a.b=\"", "a|b=\"\" ");
	ASSERT_WORDS("\"", "| ");
}

static void test_end(void **state)
{
	(void)state;
	ASSERT_WORDS("a.b -- c.d=1", "a|b ");
	ASSERT_WORDS("a.b \"--\" c.d=1", "a|b ");
	ASSERT_WORDS("--x --=1 c.d", "|--x |--=1 c|d ");
	ASSERT_WORDS("a.b c\0d e.f=1", "a|b |c ");
}

static void test_untouched_at_the_end(void **state)
{
	struct cmdline_word word = { .is_quoted = true, .value = { .size = 7 } };
	struct cmdline line = { .text = text_of("--") };

	(void)state;
	assert_false(cmdline_next(&line, &word));
	assert_true(word.is_quoted);
	assert_int_equal(word.value.size, 7);
}

static void test_list(void **state)
{
	static const char *const want[] = { "a", "b-c", "d" };
	struct bytes item;
	size_t off = 0;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(cmdline_list_next(text_of(",a,,b-c,d,"), &off, &item));
		assert_int_equal(item.size, strlen(want[i]));
		assert_memory_equal(item.base, want[i], item.size);
	}
	assert_false(cmdline_list_next(text_of(",a,,b-c,d,"), &off, &item));
	off = 0;
	assert_false(cmdline_list_next(bytes_of(NULL, 0), &off, &item));
}

static void test_blacklisted(void **state)
{
	(void)state;
	assert_true(cmdline_is_blacklisted(text_of("quiet module_blacklist=a,b_c,d"), "b_c"));
	assert_true(cmdline_is_blacklisted(text_of("module_blacklist=\"a,d\" quiet"), "d"));
	assert_true(cmdline_is_blacklisted(text_of("module-blacklist=a"), "a"));
	assert_false(cmdline_is_blacklisted(text_of("module_blacklist=a,b_c,d"), "b"));
	assert_false(cmdline_is_blacklisted(text_of("module_blacklist=a,b_c,d"), "b_cd"));
	assert_false(cmdline_is_blacklisted(text_of("modprobe.blacklist=a x.module_blacklist=a"), "a"));
	assert_false(cmdline_is_blacklisted(text_of("module_blacklist"), ""));
	assert_false(cmdline_is_blacklisted(text_of("-- module_blacklist=a"), "a"));
	assert_false(cmdline_is_blacklisted(text_of(""), "a"));
}

/* The kernel has one string for it, and compares byte by byte with a name that has no '-'. */
static void test_blacklisted_as_the_kernel(void **state)
{
	CLEANUP_BUF struct buf text = { 0 };

	(void)state;
	assert_false(cmdline_is_blacklisted(text_of("module_blacklist=a module_blacklist=b"), "a"));
	assert_true(cmdline_is_blacklisted(text_of("module_blacklist=a module_blacklist=b"), "b"));
	assert_true(cmdline_is_blacklisted(text_of("module_blacklist=a module_blacklist"), "a"));
	assert_false(cmdline_is_blacklisted(text_of("module_blacklist="), ""));
	assert_false(cmdline_is_blacklisted(text_of("module_blacklist=b-c"), "b_c"));
	buf_put_string(&text, "module_blacklist=a,");
	while (text.size < strlen("module_blacklist=") + 1024)
		buf_put_u8(&text, 'x');
	assert_true(cmdline_is_blacklisted(buf_bytes(&text), "a"));
	buf_put_u8(&text, 'x');
	assert_false(cmdline_is_blacklisted(buf_bytes(&text), "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_dots),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_open_quotes),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_untouched_at_the_end),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_blacklisted),
		cmocka_unit_test(test_blacklisted_as_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
