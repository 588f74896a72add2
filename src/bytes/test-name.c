/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/name.h"

static void test_suffix(void **state)
{
	static const struct {
		const char *name;
		enum module_suffix want;
	} cases[] = {
		{ "a.ko", SUFFIX_KO },		{ "a.ko.gz", SUFFIX_KO_GZ },
		{ "a.ko.xz", SUFFIX_KO_XZ },	{ "a.ko.zst", SUFFIX_KO_ZST },
		{ ".ko", SUFFIX_KO },		{ "a.b.ko.xz", SUFFIX_KO_XZ },
		{ "", SUFFIX_NONE },		{ "ko", SUFFIX_NONE },
		{ "ako", SUFFIX_NONE },		{ "a.ko ", SUFFIX_NONE },
		{ "a.KO", SUFFIX_NONE },	{ "a.ko.bz2", SUFFIX_NONE },
		{ "a.ko.zstd", SUFFIX_NONE },	{ "a.ko.xz.sig", SUFFIX_NONE },
		{ "a.xz", SUFFIX_NONE },	{ "a.o", SUFFIX_NONE },
		{ "a.ko~", SUFFIX_NONE },	{ "a.kox", SUFFIX_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(name_suffix(cases[i].name), cases[i].want);
}

static void assert_name(const char *path, const char *want)
{
	char name[MODULE_NAME_MAX + 1] = "untouched";

	assert_int_equal(name_of_path(path, name), strlen(want));
	assert_string_equal(name, want);
}

static void test_of_path(void **state)
{
	char name[MODULE_NAME_MAX + 1], path[400];

	(void)state;
	assert_name("kernel/fs/ext4/ext4.ko", "ext4");
	assert_name("/abs/snd-hda-intel.ko.xz", "snd_hda_intel");
	assert_name("a.b-c.ko", "a"); /* up to the first dot */
	assert_name("just-a_name", "just_a_name");
	assert_name("dir.d/x.ko", "x");
	assert_int_equal(name_of_path("", name), -EINVAL);
	assert_int_equal(name_of_path("kernel/", name), -EINVAL);
	assert_int_equal(name_of_path("kernel/.ko", name), -EINVAL);

	memset(path, 'n', sizeof(path));
	strcpy(path + 255, ".ko");
	assert_int_equal(name_of_path(path, name), 255);
	assert_int_equal(strlen(name), 255);
	strcpy(path + 255, "n.ko");
	assert_int_equal(name_of_path(path, name), -EINVAL);
}

static void assert_alias(const char *alias, const char *want)
{
	char normal[ALIAS_MAX + 1];

	assert_int_equal(name_normalize_alias(alias, normal), strlen(want));
	assert_string_equal(normal, want);
}

static void assert_unmatched(const char *alias)
{
	char normal[ALIAS_MAX + 1];

	assert_int_equal(name_normalize_alias(alias, normal), -EINVAL);
}

static void test_normalize(void **state)
{
	(void)state;
	assert_alias("", "");
	assert_alias("fs-ext4", "fs_ext4");
	assert_alias("pci:v0000-d[0-9a-f]-x", "pci:v0000_d[0-9a-f]_x");
	assert_alias("[-]", "[-]");
	assert_alias("[]", "[]");
	assert_alias("[a][b-c]-[d]", "[a][b-c]_[d]");
	assert_alias("[a[b-c]-", "[a[b-c]_"); /* a bracket inside of a set is a member */
	assert_alias("a_b-c\xc3\xa9", "a_b_c\xc3\xa9");
}

static void test_unmatched_brackets(void **state)
{
	(void)state;
	assert_unmatched("[");
	assert_unmatched("]");
	assert_unmatched("a]b");
	assert_unmatched("a[b");
	assert_unmatched("a[b]c]");
	assert_unmatched("[a][");
}

static void test_alias_limit(void **state)
{
	char alias[ALIAS_MAX + 2], normal[ALIAS_MAX + 1];

	(void)state;
	memset(alias, '-', sizeof(alias));
	alias[ALIAS_MAX] = '\0';
	assert_int_equal(name_normalize_alias(alias, normal), ALIAS_MAX);
	assert_int_equal(strspn(normal, "_"), ALIAS_MAX);
	alias[ALIAS_MAX] = '-';
	alias[ALIAS_MAX + 1] = '\0';
	assert_int_equal(name_normalize_alias(alias, normal), -E2BIG);
}

static void test_same(void **state)
{
	(void)state;
	assert_true(name_is_same("", ""));
	assert_true(name_is_same("a-b_c", "a_b-c"));
	assert_true(name_is_same("[a-c]-d", "[a-c]_d"));
	assert_false(name_is_same("[a-c]", "[a_c]"));
	assert_false(name_is_same("a", "a-"));
	assert_false(name_is_same("a-b", "a.b"));
	assert_false(name_is_same("a", "b"));
}

static void test_clean(void **state)
{
	(void)state;
	assert_true(name_is_clean(""));
	assert_true(name_is_clean(" ~[]*?:"));
	assert_false(name_is_clean("a\nb"));
	assert_false(name_is_clean("a\tb"));
	assert_false(name_is_clean("\x1f"));
	assert_false(name_is_clean("\x7f"));
	assert_false(name_is_clean("\xc3\xa9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suffix),	  cmocka_unit_test(test_of_path),
		cmocka_unit_test(test_normalize), cmocka_unit_test(test_unmatched_brackets),
		cmocka_unit_test(test_alias_limit), cmocka_unit_test(test_clean),
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
