/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "conf/parameters.h"

#define NONE ((const char *)1) /* "name" without "=value" */

static enum parameter_verdict check(const char *type, const char *text, bool is_64, const char **wants)
{
	struct parameter_value value = { .has_text = text != NONE };

	if (value.has_text)
		value.text = bytes_of(text, strlen(text));
	return parameter_check(type, &value, is_64, wants);
}

static void expect(const char *type, enum parameter_verdict v, const char *const *texts)
{
	for (; *texts; texts++) {
		const char *wants = NULL;

		if (check(type, *texts, true, &wants) != v)
			fail_msg("%s=%s", type, *texts == NONE ? "(none)" : *texts);
		assert_int_equal(wants[0] != '\0', v == PARAMETER_REFUSED);
	}
}

#define TAKES(type, ...) expect(type, PARAMETER_TAKEN, (const char *const[]){ __VA_ARGS__, NULL })
#define REFUSES(type, ...) expect(type, PARAMETER_REFUSED, (const char *const[]){ __VA_ARGS__, NULL })

static void test_numbers(void **state)
{
	(void)state;
	TAKES("byte", "0", "255", "+255", "0xff", "0XFf", "0377", "00", "7\n");
	REFUSES("byte", "256", "0x100", "0400", "-1", "-0", "", "x", "1 ", " 1", "1x", "08", "0x", "0xg", "1\n\n", "+",
		"++1", "1,2", NONE);
	TAKES("short", "-32768", "32767", "-0x8000", "-0");
	REFUSES("short", "-32769", "32768", "-", "--1", "+-1", "-+1");
	TAKES("ushort", "65535");
	REFUSES("ushort", "65536", "-1");
	TAKES("int", "2147483647", "-2147483648");
	REFUSES("int", "2147483648", "-2147483649", "abc", "1.5", "1e3", "");
	TAKES("uint", "4294967295");
	REFUSES("uint", "4294967296", "-1");
	TAKES("long", "9223372036854775807", "-9223372036854775808");
	REFUSES("long", "9223372036854775808", "-9223372036854775809");
	TAKES("ulong", "18446744073709551615");
	REFUSES("ulong", "18446744073709551616", "99999999999999999999999999", "-1");
	TAKES("ullong", "0xffffffffffffffff");
	REFUSES("ullong", "0x10000000000000000");
	TAKES("hexint", "0xff");
}

static void test_long_of_32_bits(void **state)
{
	const char *wants;

	(void)state;
	assert_int_equal(check("long", "2147483647", false, &wants), PARAMETER_TAKEN);
	assert_int_equal(check("long", "2147483648", false, &wants), PARAMETER_REFUSED);
	assert_int_equal(check("ulong", "4294967296", false, &wants), PARAMETER_REFUSED);
	assert_int_equal(check("ullong", "4294967296", false, &wants), PARAMETER_TAKEN);
}

static void test_truth(void **state)
{
	(void)state;
	TAKES("bool", "y", "Y", "1", "n", "N", "0", "yes", "no", "on", "off", "ON", "oFf", "true", "False", NONE);
	REFUSES("bool", "", "2", "x", "o", "ox", " y", "-1");
	TAKES("invbool", "y", "0");
	REFUSES("bint", "2", "");
	TAKES("bint", "1");
}

static void test_text(void **state)
{
	char *text = calloc(1, PARAMETER_TEXT_MAX + 2);

	(void)state;
	memset(text, 'x', PARAMETER_TEXT_MAX);
	TAKES("charp", "", "anything at all", "1", text);
	text[PARAMETER_TEXT_MAX] = 'x';
	REFUSES("charp", text, NONE);
	free(text);
}

static void test_arrays(void **state)
{
	(void)state;
	TAKES("array of int", "1", "1,2,3", "-1,0x10");
	REFUSES("array of int", "", "1,", ",1", "1,,2", "1,x", NONE);
	TAKES("array of charp", "", "a,,b");
	TAKES("array of bool", "y,n,0");
	REFUSES("array of byte", "1,256");
}

static void test_types_of_their_own(void **state)
{
	static const char *const types[] = { "", "string", "queue_depth", "array of policy", "Int", "int " };
	const char *wants;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_int_equal(check(types[i], "whatever", true, &wants), PARAMETER_UNKNOWN);
}

static bool is_named(const char *key, const char *name)
{
	return parameter_is_named(bytes_of(key, strlen(key)), bytes_of(name, strlen(name)));
}

static void test_names(void **state)
{
	(void)state;
	assert_true(is_named("a-b_c", "a_b-c"));
	assert_false(is_named("ab", "a"));
	assert_false(is_named("A", "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_long_of_32_bits),
		cmocka_unit_test(test_truth),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_types_of_their_own),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("parameters", tests, NULL, NULL);
}
