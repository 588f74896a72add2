/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bytes/diag.h"
#include "codec/codec.h"

#define TEXT(s) bytes_of(s, sizeof(s) - 1)

static void test_detect(void **state)
{
	(void)state;
	assert_int_equal(codec_detect(TEXT("\xfd" "7zXZ\0")), CODEC_XZ);
	assert_int_equal(codec_detect(TEXT("\xfd" "7zXZ")), CODEC_PLAIN);
	assert_int_equal(codec_detect(TEXT("\x28\xb5\x2f\xfd\x00\x00")), CODEC_ZSTD);
	assert_int_equal(codec_detect(TEXT("\x1f\x8b\x08\x00\x00\x00")), CODEC_GZIP);
	assert_int_equal(codec_detect(TEXT("\177ELF\x02\x01")), CODEC_PLAIN);
	assert_int_equal(codec_detect(bytes_of(NULL, 0)), CODEC_PLAIN);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(codec_name(CODEC_PLAIN), "none");
	assert_string_equal(codec_name(CODEC_XZ), "xz");
	assert_string_equal(codec_name(CODEC_ZSTD), "zstd");
	assert_string_equal(codec_name(CODEC_GZIP), "gzip");
}

static void test_plain(void **state)
{
	CLEANUP_BUF struct buf out = { .max = 10 };
	struct codec *codec = codec_new();
	uint64_t size;

	(void)state;
	assert_int_equal(codec_size_hint(CODEC_PLAIN, TEXT("0123456789"), &size), 0);
	assert_int_equal(size, 10);
	assert_int_equal(codec_decode(codec, CODEC_PLAIN, TEXT("0123456789"), &out, NULL), 0);
	assert_int_equal(out.size, 10);
	assert_memory_equal(out.base, "0123456789", 10);
	assert_int_equal(codec_decode(codec, CODEC_PLAIN, TEXT("x"), &out, NULL), -E2BIG);
	assert_int_equal(out.size, 10);
	codec_free(codec);
}

/* Formats that this build lacks are refused by name; the others have tests of their own. */
static void test_not_built(void **state)
{
	struct codec *codec = codec_new();

	(void)state;
	assert_true(codec_is_built(CODEC_PLAIN));
	for (int i = CODEC_XZ; i < CODEC_KINDS; i++) {
		CLEANUP_BUF struct buf out = { 0 };
		struct diag diag = { 0 };
		uint64_t size;

		if (codec_is_built((enum codec_kind)i))
			continue;
		assert_int_equal(codec_size_hint((enum codec_kind)i, TEXT("abcdef"), &size), -ENODATA);
		assert_int_equal(codec_decode(codec, (enum codec_kind)i, TEXT("abcdef"), &out, &diag),
				 -EOPNOTSUPP);
		assert_non_null(strstr(diag.what, codec_name((enum codec_kind)i)));
	}
	codec_free(codec);
	codec_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_detect),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_not_built),
	};

	return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
