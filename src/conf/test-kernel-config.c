/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "conf/kernel-config.h"

static void note_bad(void *ctx, const struct diag *diag)
{
	assert_int_equal(diag->place, DIAG_LINE);
	assert_true(diag->what[0] != '\0');
	buf_printf(ctx, "%u ", (unsigned int)diag->where);
}

/* @bad: numbers of lines that are no use, a blank behind each */
static struct kernel_config read_text(const char *text, size_t size, const char *bad)
{
	CLEANUP_BUF struct buf lines = { 0 };
	struct kernel_config config = { 0 };
	struct diag diag = { 0 };

	assert_int_equal(kernel_config_read(&config, bytes_of(text, size), note_bad, &lines, &diag), 0);
	buf_put_u8(&lines, 0);
	assert_string_equal((const char *)lines.base, bad);
	return config;
}

static void assert_value(const struct kernel_config *config, const char *name, const char *value)
{
	if (!value)
		assert_null(kernel_config_get(config, name));
	else
		assert_string_equal(kernel_config_get(config, name), value);
	assert_int_equal(kernel_config_is(config, name), value && strcmp(value, "y") == 0);
}

static void test_options(void **state)
{
	static const char text[] = "#\n"
				   "# Automatically generated file; DO NOT EDIT.\n"
				   "# CONFIG_EMBEDDED is not settled\n"
				   "\n"
				   "CONFIG_MODULES=y\n"
				   "CONFIG_DRM=m\n"
				   "# CONFIG_MODULE_SIG_FORCE is not set\n"
				   "CONFIG_HZ=250\n"
				   "CONFIG_BASE=0xffff0000\n"
				   "CONFIG_LOCALVERSION=\"-a b=c#\"\n"
				   "CONFIG_EMPTY=\"\"\n"
				   "CONFIG_x86=y";
	struct kernel_config config = read_text(text, sizeof(text) - 1, "");

	(void)state;
	assert_int_equal(config.n, 8);
	assert_value(&config, "CONFIG_MODULES", "y");
	assert_value(&config, "CONFIG_DRM", "m");
	assert_value(&config, "CONFIG_MODULE_SIG_FORCE", "n");
	assert_value(&config, "CONFIG_HZ", "250");
	assert_value(&config, "CONFIG_BASE", "0xffff0000");
	assert_value(&config, "CONFIG_LOCALVERSION", "-a b=c#");
	assert_value(&config, "CONFIG_EMPTY", "");
	assert_value(&config, "CONFIG_x86", "y"); /* without an end of its line */
	assert_value(&config, "CONFIG_EMBEDDED", NULL);
	assert_value(&config, "CONFIG_MODULE", NULL);
	assert_value(&config, "CONFIG_MODULES2", NULL);
	kernel_config_done(&config);
	assert_value(&config, "CONFIG_MODULES", NULL);
}

/* As a later line does in a build. */
static void test_last_counts(void **state)
{
	static const char text[] = "CONFIG_B=y\nCONFIG_A=m\n# CONFIG_B is not set\nCONFIG_A=y\nCONFIG_C=y\n";
	struct kernel_config config = read_text(text, sizeof(text) - 1, "");

	(void)state;
	assert_int_equal(config.n, 3);
	assert_value(&config, "CONFIG_A", "y");
	assert_value(&config, "CONFIG_B", "n");
	assert_value(&config, "CONFIG_C", "y");
	kernel_config_done(&config);
}

static void test_dos_lines(void **state)
{
	static const char text[] = "CONFIG_A=y\r\n# CONFIG_B is not set\r\nCONFIG_C=\"x\"\r\n";
	struct kernel_config config = read_text(text, sizeof(text) - 1, "");

	(void)state;
	assert_value(&config, "CONFIG_A", "y");
	assert_value(&config, "CONFIG_B", "n");
	assert_value(&config, "CONFIG_C", "x");
	kernel_config_done(&config);
}

static void test_bad_lines(void **state)
{
	static const char text[] = "CONFIG_A=y\n"
				   "CONFIG_=y\n"
				   "CONFIG_B\n"
				   "CONFIG_C-D=y\n"
				   " CONFIG_E=y\n"
				   "config_f=y\n"
				   "CONFIG_G=a\0b\n"
				   "CONFIG_H=\"\n"
				   "CONFIG_I=y\n";
	struct kernel_config config = read_text(text, sizeof(text) - 1, "2 3 4 5 6 7 ");

	(void)state;
	assert_value(&config, "CONFIG_A", "y");
	assert_value(&config, "CONFIG_G", NULL);
	assert_value(&config, "CONFIG_H", "\""); /* one quote is no pair */
	assert_value(&config, "CONFIG_I", "y");
	kernel_config_done(&config);
}

static void check_none(const char *text, size_t size, int error)
{
	struct kernel_config config = { 0 };
	struct diag diag = { 0 };

	assert_int_equal(kernel_config_read(&config, bytes_of(text, size), NULL, NULL, &diag), error);
	assert_true(error == -E2BIG || diag.what[0] != '\0');
	kernel_config_done(&config);
}

static void test_none(void **state)
{
	(void)state;
	check_none("", 0, -EBADMSG);
	check_none("\n\n# a remark\n", 13, -EBADMSG);
	check_none("ELF\0\0\0\n\xff\xfe", 9, -EBADMSG);
	check_none("\n", 1, -EBADMSG);
	check_none("#", 1, -EBADMSG);
}

static void test_too_many(void **state)
{
	static const char line[] = "CONFIG_A=y\n";
	CLEANUP_BUF struct buf text = { 0 };

	(void)state;
	for (unsigned int i = 0; i <= KERNEL_CONFIG_MAX; i++)
		buf_put(&text, line, sizeof(line) - 1);
	check_none((const char *)text.base, text.size, -E2BIG);
}

/* Whatever the order in which the options stand. */
static void test_sorted(void **state)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct kernel_config config;
	char name[32], value[32];

	(void)state;
	for (unsigned int i = 0; i < 5000; i++)
		buf_printf(&text, "CONFIG_O%u=%u\n", i * 7919 % 5000, i);
	config = read_text((const char *)text.base, text.size, "");
	assert_int_equal(config.n, 5000);
	for (unsigned int i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "CONFIG_O%u", i * 7919 % 5000);
		(void)snprintf(value, sizeof(value), "%u", i);
		assert_value(&config, name, i == 0 ? "0" : value);
	}
	kernel_config_done(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_last_counts),
		cmocka_unit_test(test_dos_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_sorted),
	};

	return cmocka_run_group_tests_name("conf-kernel-config", tests, NULL, NULL);
}
