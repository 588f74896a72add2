/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/diag.h"
#include "conf/proc-modules.h"

static void assert_bytes(struct bytes found, const char *expected)
{
	assert_int_equal(found.size, strlen(expected));
	assert_memory_equal(found.base, expected, found.size);
}

static struct proc_module next(struct proc_modules *modules, const char *name)
{
	struct proc_module m = { 0 };

	assert_int_equal(proc_modules_next(modules, &m, NULL), 1);
	assert_bytes(m.name, name);
	return m;
}

static void test_lines(void **state)
{
	static const char text[] =
		"r8169 122880 0 - Live 0xffffffffc0c5e000\n"
		"mii 16384 2 r8169,e100, Live 0xffffffffc0a2e000 (OE)\n"
		"\n"
		"stuck 20480 1 - Loading 0x0000000000000000 ()\n"
		"gone 9223372036854775807 -1 - Unloading 0x0\n"
		"pinned 4096 1 [permanent], Live 0x0\n"
		"both 4096 3 a-b,[permanent], Live\n"
		"old 4096 - - Live 0x0";
	struct proc_modules modules = { .text = bytes_of(text, sizeof(text) - 1) };
	struct proc_module m;
	struct bytes holder;

	(void)state;
	m = next(&modules, "r8169");
	assert_int_equal(m.size, 122880);
	assert_true(m.has_users && m.n_users == 0 && !m.is_permanent);
	assert_int_equal(m.state, PROC_MODULE_LIVE);
	assert_false(proc_modules_holder(&m.holders, &holder));
	assert_int_equal(m.taints.size, 0);

	m = next(&modules, "mii");
	assert_int_equal(m.n_users, 2);
	assert_bytes(m.taints, "OE");
	assert_true(proc_modules_holder(&m.holders, &holder));
	assert_bytes(holder, "r8169");
	assert_true(proc_modules_holder(&m.holders, &holder));
	assert_bytes(holder, "e100");
	assert_false(proc_modules_holder(&m.holders, &holder));

	m = next(&modules, "stuck");
	assert_int_equal(m.state, PROC_MODULE_LOADING);
	assert_int_equal(m.taints.size, 0);
	m = next(&modules, "gone");
	assert_int_equal(m.state, PROC_MODULE_UNLOADING);
	assert_true(m.has_users && m.n_users == 0 && m.size == INT64_MAX);
	m = next(&modules, "pinned");
	assert_true(m.is_permanent && m.n_users == 1 && m.holders.size == 0);
	m = next(&modules, "both");
	assert_true(m.is_permanent && proc_modules_holder(&m.holders, &holder));
	assert_bytes(holder, "a-b");
	assert_false(proc_modules_holder(&m.holders, &holder));
	m = next(&modules, "old");
	assert_false(m.has_users);
	assert_int_equal(proc_modules_next(&modules, &m, NULL), 0);
}

static void test_bad_lines(void **state)
{
	static const char *const lines[] = {
		"x",
		"x 1",
		"x 1 0",
		"x 1 0 -",
		"x -1 0 - Live 0x0",
		"x 0x10 0 - Live 0x0",
		"x 9223372036854775808 0 - Live 0x0",
		"x 1 -2 - Live 0x0",
		"x 1 many - Live 0x0",
		"x 1 1 a Live 0x0",
		"x 1 1 a,b Live 0x0",
		"x 1 1 , Live 0x0",
		"x 1 1 a,,b, Live 0x0",
		"x 1 1 ../a, Live 0x0",
		"x 1 0 - Dead 0x0",
		"x 1 0 - Live 0x0 OE",
		"x 1 0 - Live 0x0 (",
		"a/x 1 0 - Live 0x0",
		"\x1b[m 1 0 - Live 0x0",
		"\xc3\xa4 1 0 - Live 0x0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct proc_module m = { .size = 42 };
		struct diag diag = { 0 };
		char text[128];
		int n = snprintf(text, sizeof(text), "\n%s\ngood 1 0 - Live 0x0\n", lines[i]);
		struct proc_modules modules = { .text = bytes_of(text, (size_t)n) };

		assert_int_equal(proc_modules_next(&modules, &m, &diag), -EBADMSG);
		assert_int_equal(m.size, 42);
		assert_int_equal(diag.place, DIAG_LINE);
		assert_int_equal(diag.where, 2);
		(void)next(&modules, "good");
		assert_int_equal(proc_modules_next(&modules, &m, &diag), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bad_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
