/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "bytes/name-set.h"

/* Many names, each put in twice: the second time, the first one's value comes back. */
static void test_names(void **state)
{
	static char names[5000][8], again[8];
	CLEANUP_NAME_SET struct name_set set = { 0 };
	uint32_t value;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(names[i], sizeof(names[i]), "n%u", i);
		assert_int_equal(name_set_put(&set, names[i], i, NULL), 1);
	}
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(again, sizeof(again), "n%u", i);
		assert_int_equal(name_set_put(&set, again, 7, &value), 0);
		assert_int_equal(value, i);
	}
	value = 9;
	assert_int_equal(name_set_put(&set, "", 1, &value), 1);
	assert_int_equal(value, 9);
	assert_int_equal(name_set_put(&set, "", 2, NULL), 0);
}

static void test_done(void **state)
{
	struct name_set set = { 0 };

	(void)state;
	assert_int_equal(name_set_put(&set, "a", 1, NULL), 1);
	name_set_done(&set);
	assert_int_equal(name_set_put(&set, "a", 1, NULL), 1);
	name_set_done(&set);
	name_set_done(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_done) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
