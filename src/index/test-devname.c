/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/diag.h"
#include "index/devname.h"

static void assert_bytes(struct bytes found, const char *expected)
{
	assert_int_equal(found.size, strlen(expected));
	assert_memory_equal(found.base, expected, found.size);
}

static void assert_node(struct devname_list *list, const char *module, const char *name, char type,
			uint32_t major, uint32_t minor)
{
	struct devname_node node;

	assert_int_equal(devname_next(list, &node, NULL), 1);
	assert_bytes(node.module, module);
	assert_bytes(node.name, name);
	assert_int_equal(node.type, type);
	assert_int_equal(node.major, major);
	assert_int_equal(node.minor, minor);
}

static void test_nodes(void **state)
{
	static const char text[] = "# Device nodes to trigger on-demand module loading.\n"
				   "tun net/tun c10:200\n"
				   "\n"
				   " \t\n"
				   "\tloop  loop-control\tc10:237 more words\r\n"
				   "a b/c/d.e b4095:1048575\n"
				   "last ..x c0:0";
	struct devname_list list = { .text = bytes_of(text, sizeof(text) - 1) };
	struct devname_node node;

	(void)state;
	assert_node(&list, "tun", "net/tun", 'c', 10, 200);
	assert_node(&list, "loop", "loop-control", 'c', 10, 237);
	assert_node(&list, "a", "b/c/d.e", 'b', 4095, 1048575);
	assert_node(&list, "last", "..x", 'c', 0, 0);
	assert_int_equal(devname_next(&list, &node, NULL), 0);
	assert_int_equal(devname_next(&list, &node, NULL), 0);
}

static void test_directory(void **state)
{
	static const char text[] = "a b/c/d c1:2\na b c1:2\n";
	struct devname_list list = { .text = bytes_of(text, sizeof(text) - 1) };
	struct devname_node node;

	(void)state;
	assert_int_equal(devname_next(&list, &node, NULL), 1);
	assert_bytes(node.directory, "b/c");
	assert_int_equal(devname_next(&list, &node, NULL), 1);
	assert_int_equal(node.directory.size, 0);
}

/* Each of these alone is an error with its line, and the line behind it is read. */
static void test_bad_lines(void **state)
{
	static const char *const lines[] = {
		"mod",		      "mod x",		   "mod x c",		"mod x c1",
		"mod x c1:",	      "mod x c:1",	   "mod x c1:2x",	"mod x z1:2",
		"mod x c-1:2",	      "mod x c+1:2",	   "mod x c1: 2",	"mod x c4096:1",
		"mod x c1:1048576",   "mod x c4294967297:1", "mod /x c1:2",	"mod x/ c1:2",
		"mod a//b c1:2",      "mod ../x c1:2",	   "mod a/../x c1:2",	"mod a/./x c1:2",
		"mod a/.. c1:2",      "mod . c1:2",	   "mod \"x c1:2",	"mod x' c1:2",
		"mod x\\x2e c1:2",    "mod %h c1:2",	   "mod \x1b[m c1:2",	"mod \xc3\xa4 c1:2",
		"m\x7fod x c1:2",     "mod x\v c1:2",	   "mod x C1:2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct devname_node node = { .major = 42 };
		struct diag diag = { 0 };
		char text[128];
		int n = snprintf(text, sizeof(text), "#\n%s\ngood x c1:2\n", lines[i]);
		struct devname_list list = { .text = bytes_of(text, (size_t)n) };

		assert_int_equal(devname_next(&list, &node, &diag), -EBADMSG);
		assert_int_equal(node.major, 42);
		assert_int_equal(diag.place, DIAG_LINE);
		assert_int_equal(diag.where, 2);
		assert_node(&list, "good", "x", 'c', 1, 2);
		assert_int_equal(devname_next(&list, &node, &diag), 0);
	}
}

static void test_nul_in_a_line(void **state)
{
	static const char text[] = "mod x\0y c1:2\nmod x c1:2\0\n";
	struct devname_list list = { .text = bytes_of(text, sizeof(text) - 1) };
	struct devname_node node;

	(void)state;
	assert_int_equal(devname_next(&list, &node, NULL), -EBADMSG);
	assert_int_equal(devname_next(&list, &node, NULL), -EBADMSG);
	assert_int_equal(devname_next(&list, &node, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_nul_in_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
