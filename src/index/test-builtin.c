/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/diag.h"
#include "index/builtin.h"

static void test_list(void **state)
{
	static const char text[] = "kernel/fs/ext4/ext4.ko\n"
				   "kernel/crypto/crc32c-generic.ko\n"
				   "\n"
				   "plain.ko.xz\n"
				   "kernel/last.ko";
	struct builtin_list list = { .text = bytes_of(text, sizeof(text) - 1) };
	char name[MODULE_NAME_MAX + 1];

	(void)state;
	assert_int_equal(builtin_list_next(&list, name, NULL), 1);
	assert_string_equal(name, "ext4");
	assert_int_equal(builtin_list_next(&list, name, NULL), 1);
	assert_string_equal(name, "crc32c_generic");
	assert_int_equal(builtin_list_next(&list, name, NULL), 1);
	assert_string_equal(name, "plain");
	assert_int_equal(builtin_list_next(&list, name, NULL), 1);
	assert_string_equal(name, "last");
	assert_int_equal(builtin_list_next(&list, name, NULL), 0);
	assert_int_equal(builtin_list_next(&list, name, NULL), 0);
}

static void test_bad_lines(void **state)
{
	static const char text[] = "/kernel/a.ko\n"
				   "# built in\n"
				   "kernel/\n"
				   "kernel/.ko\n"
				   "ker\0nel/b.ko\n"
				   "\xe4/b.ko\n"
				   "kernel/good.ko\n";
	struct builtin_list list = { .text = bytes_of(text, sizeof(text) - 1) };
	char name[MODULE_NAME_MAX + 1] = "before";
	struct diag diag = { 0 };

	(void)state;
	for (unsigned int line = 1; line <= 6; line++) {
		assert_int_equal(builtin_list_next(&list, name, &diag), -EBADMSG);
		assert_int_equal(diag.place, DIAG_LINE);
		assert_int_equal(diag.where, line);
		assert_string_equal(name, "before");
	}
	assert_int_equal(builtin_list_next(&list, name, &diag), 1);
	assert_string_equal(name, "good");
	assert_int_equal(builtin_list_next(&list, name, &diag), 0);
}

static void test_long_name(void **state)
{
	char text[MODULE_NAME_MAX + 16] = "kernel/";
	struct builtin_list list = { .text = bytes_of(text, sizeof(text)) };
	char name[MODULE_NAME_MAX + 1];

	(void)state;
	for (size_t i = 7; i < sizeof(text); i++)
		text[i] = 'x';
	assert_int_equal(builtin_list_next(&list, name, NULL), -EBADMSG);
	assert_int_equal(builtin_list_next(&list, name, NULL), 0);
}

static void test_list_empty(void **state)
{
	struct builtin_list list = { 0 };
	char name[MODULE_NAME_MAX + 1];

	(void)state;
	assert_int_equal(builtin_list_next(&list, name, NULL), 0);
}

static void assert_tag(struct builtin_modinfo *modinfo, const char *module, const char *key,
		       const char *value)
{
	struct builtin_tag tag;

	assert_int_equal(builtin_modinfo_next(modinfo, &tag, NULL), 1);
	assert_int_equal(tag.module_size, strlen(module));
	assert_memory_equal(tag.module, module, tag.module_size);
	assert_int_equal(tag.key_size, strlen(key));
	assert_memory_equal(tag.key, key, tag.key_size);
	assert_int_equal(tag.value_size, strlen(value));
	assert_string_equal(tag.value, value);
}

static void test_modinfo(void **state)
{
	static const char text[] = "ext4.license=GPL\0"
				   "ext4.alias=fs-ext4\0\0\0"
				   "libcrc32c.softdep=pre: crc32c\0"
				   "a.parm=x:y=z. of it\0"
				   "a.description=";
	struct builtin_modinfo modinfo = { .text = bytes_of(text, sizeof(text)) };

	(void)state;
	assert_tag(&modinfo, "ext4", "license", "GPL");
	assert_tag(&modinfo, "ext4", "alias", "fs-ext4");
	assert_tag(&modinfo, "libcrc32c", "softdep", "pre: crc32c");
	assert_tag(&modinfo, "a", "parm", "x:y=z. of it");
	assert_tag(&modinfo, "a", "description", "");
	assert_int_equal(builtin_modinfo_next(&modinfo, NULL, NULL), 0);
}

static void test_bad_entries(void **state)
{
	static const char text[] = "nodot=x\0"
				   "no.equals\0"
				   ".key=x\0"
				   "mod.=x\0"
				   "=a.b\0"
				   "good.key=x\0"
				   "cut.off=no";
	static const unsigned int at[] = { 0, 8, 18, 25, 32 };
	struct builtin_modinfo modinfo = { .text = bytes_of(text, sizeof(text) - 1) };
	struct builtin_tag tag = { .module_size = 42 };
	struct diag diag = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		assert_int_equal(builtin_modinfo_next(&modinfo, &tag, &diag), -EBADMSG);
		assert_int_equal(diag.place, DIAG_OFFSET);
		assert_int_equal(diag.where, at[i]);
		assert_int_equal(tag.module_size, 42);
	}
	assert_tag(&modinfo, "good", "key", "x");
	assert_int_equal(builtin_modinfo_next(&modinfo, &tag, &diag), -EBADMSG);
	assert_int_equal(diag.where, 48);
	assert_int_equal(builtin_modinfo_next(&modinfo, &tag, &diag), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),	   cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_long_name),  cmocka_unit_test(test_list_empty),
		cmocka_unit_test(test_modinfo),	   cmocka_unit_test(test_bad_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
