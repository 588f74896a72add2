/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bytes/diag.h"
#include "codec/kernel-decoder.h"

static int check(enum codec_kind kind, const char *head, size_t size, struct diag *diag)
{
	*diag = (struct diag){ 0 };
	return kernel_decoder_check(kind, bytes_of(head, size), diag);
}

static void expect(enum codec_kind kind, const char *head, size_t size, int r, const char *what)
{
	struct diag diag;

	assert_int_equal(check(kind, head, size, &diag), r);
	if (what)
		assert_non_null(strstr(diag.what, what));
	else
		assert_string_equal(diag.what, "");
}

#define OF(head) (head), sizeof(head) - 1

/* A block header of 16 bytes, with both sizes in front of the filter. */
#define XZ_SIZES "\xfd" "7zXZ\0" "\0\1" "CRC." "\3\xc0\x85\1\x90\2\x21\1\x10\0\0\0" "CRC."

/* Stream header with check type, then a block header of 12 bytes: flags, filter, dictionary. */
#define XZ(check, flags, filter, dict) \
	"\xfd" "7zXZ\0" "\0" check "CRC." "\2" flags filter "\1" dict "\0\0\0" "CRC."

static void test_xz(void **state)
{
	(void)state;
	expect(CODEC_XZ, OF(XZ("\1", "\0", "\x21", "\x10")), 0, NULL); /* as the kernel's build: 1 MiB */
	expect(CODEC_XZ, OF(XZ("\0", "\0", "\x21", "\x16")), 0, NULL); /* xz -C none: 8 MiB */
	expect(CODEC_XZ, OF(XZ("\1", "\0", "\x21", "\x1c")), 0, NULL); /* 64 MiB */
	expect(CODEC_XZ, OF(XZ("\1", "\0", "\x21", "\x1d")), -EOPNOTSUPP, "dictionary of 96 MiB");
	expect(CODEC_XZ, OF(XZ("\1", "\0", "\x21", "\x28")), -EOPNOTSUPP, "dictionary of 4095 MiB");
	expect(CODEC_XZ, OF(XZ("\1", "\0", "\x21", "\x29")), -EBADMSG, "dictionary");
	expect(CODEC_XZ, OF(XZ("\4", "\0", "\x21", "\x16")), -EOPNOTSUPP, "check type 4"); /* CRC64 */
	expect(CODEC_XZ, OF(XZ("\x0a", "\0", "\x21", "\x16")), -EOPNOTSUPP, "check type 10");
	expect(CODEC_XZ, OF(XZ("\1", "\1", "\4", "\0")), -EOPNOTSUPP, "2 xz filters"); /* x86, LZMA2 */
	expect(CODEC_XZ, OF(XZ("\1", "\0", "\3", "\0")), -EOPNOTSUPP, "filter 0x03"); /* delta */
	expect(CODEC_XZ, OF(XZ("\1", "\4", "\x21", "\x10")), -EOPNOTSUPP, "flags");
	expect(CODEC_XZ, OF("\xfd" "7zXZ\0\0\1CRC.\0"), 0, NULL);
	expect(CODEC_XZ, OF(XZ_SIZES), 0, NULL);
}

static void test_zstd(void **state)
{
	(void)state;
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\x00\x58rest"), 0, NULL); /* window of 2 MiB */
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\x04\x80rest"), 0, NULL); /* 64 MiB, checksum */
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\x04\x81rest"), -EOPNOTSUPP, "window of 72 MiB");
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\x04\xf8rest"), -EOPNOTSUPP, "window");
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\x20\x05rest"), 0, NULL); /* one segment of 5 bytes */
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\xa0\0\0\0\x04rest"), 0, NULL); /* of 64 MiB */
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\xa0\1\0\0\x05rest"), -EOPNOTSUPP, "80 MiB");
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\xe0\0\0\0\0\1\0\0\0rest"), -EOPNOTSUPP, "4096 MiB");
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\x21\7\5rest"), -EOPNOTSUPP, "dictionary");
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\x21\0\5rest"), 0, NULL);
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\x08\x58rest"), -EOPNOTSUPP, "descriptor");
	expect(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\xe3\0\0\0\0\0\0\0\0\0\0\0"), -EBADMSG, "cut off");
}

static void test_gzip(void **state)
{
	char long_name[KERNEL_DECODER_HEAD_MAX];

	(void)state;
	expect(CODEC_GZIP, OF("\x1f\x8b\x08\0time..\3"), 0, NULL);
	expect(CODEC_GZIP, OF("\x1f\x8b\x08\1time..\3"), 0, NULL);
	expect(CODEC_GZIP, OF("\x1f\x8b\x08\x08time..name\0\3"), 0, NULL); /* gzip FILE */
	expect(CODEC_GZIP, OF("\x1f\x8b\x08\x02time..\3"), -EOPNOTSUPP, "fields 0x02");
	expect(CODEC_GZIP, OF("\x1f\x8b\x08\x04time..\3"), -EOPNOTSUPP, "fields 0x04");
	expect(CODEC_GZIP, OF("\x1f\x8b\x08\x10time..\3"), -EOPNOTSUPP, "fields 0x10");
	expect(CODEC_GZIP, OF("\x1f\x8b\x07\0time..\3"), -EOPNOTSUPP, "method 7");
	memset(long_name, 'x', sizeof(long_name));
	memcpy(long_name, "\x1f\x8b\x08\x08time..", 10);
	expect(CODEC_GZIP, long_name, sizeof(long_name), -EBADMSG, "cut off");
}

/* Every cut is an error with a place that lies in what is there, never a read behind it. */
static void test_cut_off(void **state)
{
	static const struct {
		enum codec_kind kind;
		const char *head;
		size_t size;
	} whole[] = {
		{ CODEC_XZ, OF(XZ_SIZES) },
		{ CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\x80\x58\1\2\3\4") },
		{ CODEC_GZIP, OF("\x1f\x8b\x08\x08time..name\0") },
	};
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		for (size_t n = 0; n < whole[i].size; n++) {
			char *copy = test_malloc(n + !n);
			int r;

			memcpy(copy, whole[i].head, n);
			r = check(whole[i].kind, copy, n, &diag);
			assert_int_equal(r, -EBADMSG);
			assert_true(diag.where <= n && diag.what[0]);
			test_free(copy);
		}
	}
}

static void expect_single(enum codec_kind kind, const char *file, size_t size, int r, uint64_t where)
{
	struct diag diag = { 0 };
	char *copy = test_malloc(size + !size);

	memcpy(copy, file, size);
	assert_int_equal(kernel_decoder_check_single(kind, bytes_of(copy, size), &diag), r);
	test_free(copy);
	assert_int_equal(diag.where, where);
	assert_int_equal(r == -EOPNOTSUPP, diag.what[0] != '\0');
}

/* What cannot begin one is content that looks like it. */
static void test_single(void **state)
{
	(void)state;
	expect_single(CODEC_XZ, OF("\xfd" "7zXZ\0..data..YZ" "\xfd" "7zXZ\0"), -EOPNOTSUPP, 16);
	expect_single(CODEC_XZ, OF("\xfd" "7zXZ\0....YZ\0\0\0\0" "\xfd" "7zXZ\0"), -EOPNOTSUPP, 16);
	expect_single(CODEC_XZ, OF("\xfd" "7zXZ\0.\xfd" "7zXZ\0"), 0, 0);
	expect_single(CODEC_XZ, OF("\xfd" "7zXZ\0.\xfd" "7zXZ\0..." "\xfd" "7zXZ\0"), -EOPNOTSUPP, 16);
	expect_single(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\0....\x28\xb5\x2f\xfd\x24"), -EOPNOTSUPP, 9);
	expect_single(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\0....\x28\xb5\x2f\xfd\x08"), 0, 0);
	expect_single(CODEC_ZSTD, OF("\x28\xb5\x2f\xfd\0....\x28\xb5\x2f\xfd"), 0, 0);
	expect_single(CODEC_GZIP, OF("\x1f\x8b\x08\0....\x1f\x8b\x08\x08"), -EOPNOTSUPP, 8);
	expect_single(CODEC_GZIP, OF("\x1f\x8b\x08\0....\x1f\x8b\x08\x20"), 0, 0);
	expect_single(CODEC_GZIP, OF("\x1f\x8b\x08\0....\x1f\x8b\x08"), 0, 0);
	expect_single(CODEC_GZIP, OF("\x1f"), 0, 0);
	expect_single(CODEC_GZIP, OF(""), 0, 0);
	expect_single(CODEC_PLAIN, OF("\177ELF"), -EINVAL, 0);
}

static void test_plain(void **state)
{
	(void)state;
	expect(CODEC_PLAIN, OF("\177ELF"), -EINVAL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xz),	cmocka_unit_test(test_zstd),
		cmocka_unit_test(test_gzip),	cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_single),	cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests_name("kernel-decoder", tests, NULL, NULL);
}
