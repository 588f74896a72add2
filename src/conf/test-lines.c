/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/diag.h"
#include "conf/lines.h"

static void assert_line(struct conf_lines *lines, unsigned int number, const char *want)
{
	unsigned int line = 0;
	char *text = NULL;

	assert_int_equal(conf_lines_next(lines, &text, &line, NULL), want != NULL);
	if (!want)
		return;
	assert_string_equal(text, want);
	assert_int_equal(line, number);
}

static struct conf_lines lines_of(const char *text, size_t size)
{
	return (struct conf_lines){ .text = bytes_of(text, size) };
}

#define LINES_OF(text) lines_of(text, sizeof(text) - 1)

static void test_plain(void **state)
{
	CLEANUP_CONF_LINES struct conf_lines lines = LINES_OF("a b\n\n# no\n #yes\nlast # x");

	(void)state;
	assert_line(&lines, 1, "a b");
	assert_line(&lines, 4, " #yes");
	assert_line(&lines, 5, "last # x");
	assert_line(&lines, 0, NULL);
	assert_line(&lines, 0, NULL);
}

static void test_joined(void **state)
{
	CLEANUP_CONF_LINES struct conf_lines lines = LINES_OF("one\\\n two\\\n\\\n three\n"
							      "# a comment \\\nthat goes on\n"
							      "after\n"
							      "end\\");

	(void)state;
	assert_line(&lines, 1, "one two three");
	assert_line(&lines, 7, "after");
	assert_line(&lines, 8, "end");
	assert_line(&lines, 0, NULL);
}

static void test_escapes(void **state)
{
	CLEANUP_CONF_LINES struct conf_lines lines = LINES_OF("a\\b \\\\ \\\" c\n"
							      "\\# still a comment\n");

	(void)state;
	assert_line(&lines, 1, "ab \\ \" c");
	assert_line(&lines, 0, NULL);
}

static void test_dos(void **state)
{
	CLEANUP_CONF_LINES struct conf_lines lines = LINES_OF("a\r\nb\\\r\nc\r\n\r\nd\re\r\nf\r");

	(void)state;
	assert_line(&lines, 1, "a");
	assert_line(&lines, 2, "bc");
	assert_line(&lines, 5, "d\re");
	assert_line(&lines, 6, "f");
	assert_line(&lines, 0, NULL);
}

static void assert_bad(struct conf_lines *lines, unsigned int number)
{
	struct diag diag = { 0 };
	unsigned int line = 42;
	char *text = NULL;

	assert_int_equal(conf_lines_next(lines, &text, &line, &diag), -EBADMSG);
	assert_int_equal(diag.place, DIAG_LINE);
	assert_int_equal(diag.where, number);
	assert_int_equal(line, 42);
	assert_null(text);
}

static void test_nul(void **state)
{
	CLEANUP_CONF_LINES struct conf_lines lines = LINES_OF("a\nb\0c\n# fine \0\nd\n\\\0\ne\n");

	(void)state;
	assert_line(&lines, 1, "a");
	assert_bad(&lines, 2);
	assert_line(&lines, 4, "d");
	assert_bad(&lines, 5);
	assert_line(&lines, 6, "e");
	assert_line(&lines, 0, NULL);
}

static void test_long(void **state)
{
	size_t size = 2 * CONF_LINE_MAX + 10;
	char *text = malloc(size);
	struct conf_lines lines;
	unsigned int line;
	char *got;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	text[CONF_LINE_MAX] = '\n';
	memcpy(text + size - 7, "\nafter\n", 7);
	lines = lines_of(text, size);
	assert_int_equal(conf_lines_next(&lines, &got, &line, NULL), 1);
	assert_int_equal(strlen(got), CONF_LINE_MAX);
	assert_bad(&lines, 2);
	assert_line(&lines, 3, "after");
	conf_lines_done(&lines);
	free(text);
}

static void test_words(void **state)
{
	char text[] = " \tone  two\tthree four ";
	char *rest = text;

	(void)state;
	assert_string_equal(conf_word(&rest), "one");
	assert_string_equal(conf_word(&rest), "two");
	assert_string_equal(rest, "three four ");
	assert_string_equal(conf_word(&rest), "three");
	assert_string_equal(conf_word(&rest), "four");
	assert_null(conf_word(&rest));
	assert_null(conf_word(&rest));
}

static void test_empty(void **state)
{
	CLEANUP_CONF_LINES struct conf_lines lines = { 0 };

	(void)state;
	assert_line(&lines, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain), cmocka_unit_test(test_joined),
		cmocka_unit_test(test_escapes), cmocka_unit_test(test_dos),
		cmocka_unit_test(test_nul),   cmocka_unit_test(test_long),
		cmocka_unit_test(test_words), cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
