/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "index/namespaces.h"

static void assert_value(const char *owner, const char *ns, const char *text)
{
	CLEANUP_BUF struct buf out = { 0 };
	struct namespace_export got;

	namespaces_put_symbol(owner, ns, &out);
	buf_put_u8(&out, '\0');
	assert_int_equal(out.error, 0);
	assert_string_equal((const char *)out.base, text);
	assert_int_equal(namespaces_get_symbol(text, &got, NULL), 0);
	assert_int_equal(got.owner_size, strlen(owner));
	assert_memory_equal(got.owner, owner, got.owner_size);
	assert_string_equal(got.ns, ns);
}

static void test_values(void **state)
{
	(void)state;
	assert_value("usb_storage", "USB_STORAGE", "usb_storage USB_STORAGE");
	assert_value(NAMESPACES_KERNEL, "module:kvm,kvm-*", "vmlinux module:kvm,kvm-*");
	assert_value("m", "a b", "m a b");
	assert_value("m", " ", "m  ");
}

static void test_longest(void **state)
{
	char ns[NAMESPACES_NAME_MAX + 2];

	(void)state;
	memset(ns, 'n', sizeof(ns));
	ns[NAMESPACES_NAME_MAX + 1] = '\0';
	assert_non_null(namespaces_may_hold(ns));
	ns[NAMESPACES_NAME_MAX] = '\0';
	assert_null(namespaces_may_hold(ns));
}

static void test_what_cannot_be_held(void **state)
{
	(void)state;
	assert_non_null(namespaces_may_hold(""));
	assert_non_null(namespaces_may_hold("a\n"));
	assert_non_null(namespaces_may_hold("\xc3\xa4"));
	assert_null(namespaces_may_hold("a b"));
}

static void test_bad(void **state)
{
	static const char *const texts[] = { "", " ", "m", "m ", " NS", "m N\x1bS", "m\x01 NS", "m\xff NS" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct namespace_export got;
		struct diag diag = { 0 };

		assert_int_equal(namespaces_get_symbol(texts[i], &got, &diag), -EBADMSG);
		assert_string_equal(diag.what, "a namespace in it is malformed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_what_cannot_be_held),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
