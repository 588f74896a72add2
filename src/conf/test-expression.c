/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/expression.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_ordinary(void **state)
{
	static const char *const expressions[] = {
		"", "^6\\.12\\.", ".*", "^(5|6)\\.[0-9]{1,3}-amd64$", "a{3}", "a{2,}", "{", "{,9}", "\\",
		"\\\\1", "x\\{9999}", "[0-9]+(-[a-z]+)*",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++)
		if (!expression_is_cheap(expressions[i]))
			fail_msg("%s", expressions[i]);
}

static void test_costly(void **state)
{
	static const char *const expressions[] = {
		"a{9999}", "a{1,9999}", "a{99999999999999999999999}", "(a{1,255}){1,255}",
		"((a{2,99}){99}){2}", "a{9999,1}", "(a*)*\\1", "\\\\\\1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++)
		if (expression_is_cheap(expressions[i]))
			fail_msg("%s", expressions[i]);
}

static void test_long(void **state)
{
	char text[EXPRESSION_COST_MAX + 2] = "";

	(void)state;
	memset(text, '(', EXPRESSION_COST_MAX);
	assert_true(expression_is_cheap(text));
	text[EXPRESSION_COST_MAX] = '(';
	assert_false(expression_is_cheap(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_costly),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
