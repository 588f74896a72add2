/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bytes/diag.h"
#include "codec/payload.h"

#define TEXT(s) bytes_of(s, sizeof(s) - 1)

static void test_detect(void **state)
{
	(void)state;
	assert_int_equal(payload_detect(TEXT("\x1f\x8b\x08\0\0\0\0\0\0")), PAYLOAD_GZIP);
	assert_int_equal(payload_detect(TEXT("BZh91AY&S")), PAYLOAD_BZIP2);
	assert_int_equal(payload_detect(TEXT("\x5d\0\0\0\x04\xff\xff\xff\xff")), PAYLOAD_LZMA);
	assert_int_equal(payload_detect(TEXT("\xfd" "7zXZ\0\0\1\x69")), PAYLOAD_XZ);
	assert_int_equal(payload_detect(TEXT("\x89LZO\0\r\n\x1a\n")), PAYLOAD_LZO);
	assert_int_equal(payload_detect(TEXT("\x02\x21\x4c\x18\0\0\0\0\0")), PAYLOAD_LZ4);
	assert_int_equal(payload_detect(TEXT("\x28\xb5\x2f\xfd\0\0\0\0\0")), PAYLOAD_ZSTD);
}

/* Other formats, and a byte less than a magic has. */
static void test_detect_none(void **state)
{
	(void)state;
	assert_int_equal(payload_detect(TEXT("\177ELF\2\1\1\0\0")), PAYLOAD_UNKNOWN);
	assert_int_equal(payload_detect(TEXT("\x04\x22\x4d\x18\0\0\0\0\0")), PAYLOAD_UNKNOWN);
	assert_int_equal(payload_detect(TEXT("\x89LZO\0\r\n\x1a")), PAYLOAD_UNKNOWN);
	assert_int_equal(payload_detect(TEXT("\x5d\0")), PAYLOAD_UNKNOWN);
	assert_int_equal(payload_detect(TEXT("MZ")), PAYLOAD_UNKNOWN);
	assert_int_equal(payload_detect(bytes_of(NULL, 0)), PAYLOAD_UNKNOWN);
}

static void test_names(void **state)
{
	static const char *const names[] = { "none", "gzip", "bzip2", "lzma", "xz", "lzo", "lz4", "zstd" };

	(void)state;
	assert_int_equal(sizeof(names) / sizeof(names[0]), PAYLOAD_KINDS);
	for (int i = 0; i < PAYLOAD_KINDS; i++)
		assert_string_equal(payload_name((enum payload_kind)i), names[i]);
}

/* What this build lacks is refused by name; the others have tests of their own. */
static void test_not_built(void **state)
{
	(void)state;
	assert_false(payload_is_built(PAYLOAD_UNKNOWN));
	for (int i = PAYLOAD_UNKNOWN; i < PAYLOAD_KINDS; i++) {
		CLEANUP_BUF struct buf out = { 0 };
		struct diag diag = { 0 };
		size_t used = 77;

		if (payload_is_built((enum payload_kind)i))
			continue;
		assert_int_equal(payload_decode((enum payload_kind)i, TEXT("abcdef"), &out, &used, &diag),
				 -EOPNOTSUPP);
		assert_non_null(strstr(diag.what, payload_name((enum payload_kind)i)));
		assert_int_equal(used, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_detect),
		cmocka_unit_test(test_detect_none),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_not_built),
	};

	return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
