/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bytes/release.h"
#include "elf/namespace.h"

static void test_lists(void **state)
{
	(void)state;
	assert_true(namespace_lists("module:kvm", "kvm"));
	assert_true(namespace_lists("module:a,kvm-intel", "kvm_intel"));
	assert_true(namespace_lists("module:kvm_*", "kvm-amd"));
	assert_true(namespace_lists("module:kvm*,x", "kvm"));
	assert_true(namespace_lists("module:*", "anything"));
	assert_false(namespace_lists("module:kvm", "kvm_intel"));
	assert_false(namespace_lists("module:kvm_intel", "kvm"));
	assert_false(namespace_lists("module:kvm_*", "kvm"));
	assert_false(namespace_lists("module:a, kvm", "kvm"));
	assert_false(namespace_lists("module:a*b", "aXb"));
	assert_false(namespace_lists("module:", "kvm"));
	assert_false(namespace_lists("module:,,", "kvm"));
	assert_false(namespace_lists("MODULE:kvm", "kvm"));
	assert_false(namespace_lists("kvm", "kvm"));
}

static void test_release(void **state)
{
	(void)state;
	assert_false(namespace_has_modules("6.12.117+deb12-amd64"));
	assert_false(namespace_has_modules("6.15.99"));
	assert_true(namespace_has_modules("6.16.0-rc1"));
	assert_true(namespace_has_modules("6.100"));
	assert_true(namespace_has_modules("10.0.1"));
	assert_false(namespace_has_modules("5.99"));
	assert_false(namespace_has_modules(""));
	assert_false(namespace_has_modules(NULL));
	assert_true(release_is_since("5.4", 5, 4));
	assert_false(release_is_since("5.3.18", 5, 4));
	assert_true(release_is_since("6.0.0", 5, 4));
	assert_false(release_is_since("6", 5, 4));
	assert_false(release_is_since("x6.1", 5, 4));
	assert_false(release_is_since("6.x", 5, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
