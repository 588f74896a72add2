/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "elf/kernel-image.h"

#define TEXT(s) bytes_of(s, sizeof(s) - 1)

static void set(struct buf *b, size_t off, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++)
		b->base[off + i] = (uint8_t)(v >> 8 * i);
}

static void put_zeros(struct buf *b, size_t n)
{
	memset(buf_reserve(b, n), 0, n);
	b->size += n;
}

#define PAYLOAD "PAYLOAD-PAYLOAD\x39\x30\0\0" /* ends with the number 12345 */
#define RELEASE "6.1.0-56-amd64"

/* Two sectors of setup code; the payload 16 bytes into the protected-mode code; 8 bytes behind it. */
static void put_bzimage(struct buf *b)
{
	static const char version[] = RELEASE " (builder@host) #1 SMP";

	put_zeros(b, 3 * 512 + 16);
	memcpy(b->base, "MZ", 2);
	set(b, 0x1f1, 2, 1);
	set(b, 0x1fe, 0xaa55, 2);
	memcpy(b->base + 0x202, "HdrS", 4);
	set(b, 0x206, 0x20f, 2);
	set(b, 0x20e, 0x300 - 0x200, 2);
	set(b, 0x248, 16, 4);
	set(b, 0x24c, sizeof(PAYLOAD) - 1, 4);
	memcpy(b->base + 0x300, version, sizeof(version));
	buf_put(b, PAYLOAD, sizeof(PAYLOAD) - 1);
	put_zeros(b, 8);
}

/* A PE header at 0x40, no optional header, sections .text and .linux. */
static void put_unified(struct buf *b, uint32_t memory_size, uint32_t file_size)
{
	put_zeros(b, 0x200);
	memcpy(b->base, "MZ", 2);
	set(b, 0x3c, 0x40, 4);
	memcpy(b->base + 0x40, "PE\0\0", 4);
	set(b, 0x46, 2, 2);
	memcpy(b->base + 0x58, ".text", 5);
	memcpy(b->base + 0x80, ".linux", 6);
	set(b, 0x88, memory_size, 4);
	set(b, 0x90, file_size, 4);
	set(b, 0x94, 0x200, 4);
	buf_put_string(b, "the kernel, padded..............");
}

static void expect_refused(struct bytes file, int r, const char *what)
{
	struct kernel_image image, untouched;
	struct diag diag = { 0 };

	memset(&image, 0xa5, sizeof(image));
	memset(&untouched, 0xa5, sizeof(untouched));
	assert_int_equal(kernel_image_find(file, &image, &diag), r);
	assert_memory_equal(&image, &untouched, sizeof(image));
	assert_non_null(strstr(diag.what, what));
}

/* As a whole, with the field at @off changed. */
static void expect_field_refused(size_t off, uint64_t v, size_t size, int r, const char *what)
{
	CLEANUP_BUF struct buf b = { 0 };

	put_bzimage(&b);
	set(&b, off, v, size);
	expect_refused(buf_bytes(&b), r, what);
}

static void a_bzimage_says_where_its_payload_is(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct kernel_image image;
	struct diag diag = { 0 };

	(void)state;
	put_bzimage(&b);
	assert_int_equal(kernel_image_find(buf_bytes(&b), &image, &diag), 0);
	assert_int_equal(image.kind, KERNEL_IMAGE_BZIMAGE);
	assert_string_equal(kernel_image_kind_name(image.kind), "bzImage");
	assert_int_equal(image.payload_off, 3 * 512 + 16);
	assert_int_equal(image.payload.size, sizeof(PAYLOAD) - 1);
	assert_memory_equal(image.payload.base, PAYLOAD, sizeof(PAYLOAD) - 1);
	assert_int_equal(image.release.size, strlen(RELEASE));
	assert_memory_equal(image.release.base, RELEASE, strlen(RELEASE));
	assert_true(image.is_size_known);
	assert_int_equal(image.plain_size, 12345);
}

/* Not a PE file either: no EFI stub. */
static void setup_sectors_of_none_are_four(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct kernel_image image;

	(void)state;
	put_bzimage(&b);
	memset(b.base, 0, 2);
	set(&b, 0x1f1, 0, 1);
	put_zeros(&b, 1024);
	memcpy(b.base + 5 * 512 + 16, PAYLOAD, sizeof(PAYLOAD) - 1);
	assert_int_equal(kernel_image_find(buf_bytes(&b), &image, NULL), 0);
	assert_int_equal(image.payload_off, 5 * 512 + 16);
}

static void a_bzimage_may_keep_its_release_to_itself(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct kernel_image image;

	(void)state;
	put_bzimage(&b);
	set(&b, 0x20e, 0, 2);
	assert_int_equal(kernel_image_find(buf_bytes(&b), &image, NULL), 0);
	assert_int_equal(image.release.size, 0);
}

static void wrong_fields_are_refused(void **state)
{
	(void)state;
	expect_field_refused(0x206, 0x207, 2, -EOPNOTSUPP, "protocol 2.07");
	expect_field_refused(0x1f1, 200, 1, -EBADMSG, "setup code is cut off");
	expect_field_refused(0x20e, 0x400, 2, -EBADMSG, "outside of the setup code");
	expect_field_refused(0x20e, 0xffff, 2, -EBADMSG, "outside of the setup code");
	expect_field_refused(0x20e, 0x300 - 0x200 + strlen(RELEASE), 2, -EBADMSG, "no release");
	expect_field_refused(0x302, 0x80, 1, -EBADMSG, "no release");
	expect_field_refused(0x24c, 0, 4, -EBADMSG, "payload of 0 bytes");
	expect_field_refused(0x24c, 4, 4, -EBADMSG, "payload of 4 bytes");
	expect_field_refused(0x24c, sizeof(PAYLOAD) - 1 + 9, 4, -EBADMSG, "behind the end");
	expect_field_refused(0x24c, 0xffffffff, 4, -EBADMSG, "behind the end");
	expect_field_refused(0x248, 0xffffffff, 4, -EBADMSG, "behind the end");
}

static void a_release_is_no_longer_than_the_kernel_allows(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct kernel_image image;

	(void)state;
	put_bzimage(&b);
	memset(b.base + 0x300, 'r', KERNEL_RELEASE_MAX);
	b.base[0x300 + KERNEL_RELEASE_MAX] = '\0';
	assert_int_equal(kernel_image_find(buf_bytes(&b), &image, NULL), 0);
	assert_int_equal(image.release.size, KERNEL_RELEASE_MAX);
	b.base[0x300 + KERNEL_RELEASE_MAX] = 'r';
	expect_refused(buf_bytes(&b), -EBADMSG, "no release");
}

/* Whatever is found lies inside; a refusal has a reason, and a place inside. */
static int look(struct bytes file)
{
	struct kernel_image image;
	struct diag diag = { 0 };
	int r;

	r = kernel_image_find(file, &image, &diag);
	if (r < 0) {
		assert_true(r == -EBADMSG || r == -ENOEXEC || r == -EOPNOTSUPP);
		assert_int_not_equal(diag.what[0], '\0');
		assert_true(diag.place != DIAG_OFFSET || diag.where <= file.size);
		return r;
	}
	assert_true(image.payload.size > 0 && image.payload_off < file.size);
	assert_true(image.payload.base == file.base + image.payload_off);
	assert_true(image.payload.size <= file.size - image.payload_off);
	assert_true(image.release.size <= KERNEL_RELEASE_MAX);
	return 0;
}

/* Memory is allocated for each length, so that a sanitizer sees a read behind the end. */
static void try_cuts(const struct buf *b, size_t enough)
{
	for (size_t n = 0; n < b->size; n++) {
		uint8_t *part = malloc(n ? n : 1);

		memcpy(part, b->base, n);
		assert_int_equal(look(bytes_of(part, n)) == 0, n >= enough);
		free(part);
	}
}

static void try_bytes(struct buf *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const uint8_t was = b->base[i], values[] = { 0, 1, 0x7f, 0xff, was ^ 0x80, was + 1 };

		for (size_t k = 0; k < sizeof(values); k++) {
			b->base[i] = values[k];
			(void)look(buf_bytes(b));
		}
		b->base[i] = was;
	}
}

static void no_beginning_and_no_byte_leads_astray(void **state)
{
	CLEANUP_BUF struct buf image = { 0 }, unified = { 0 };

	(void)state;
	put_bzimage(&image);
	try_cuts(&image, image.size - 8);
	try_bytes(&image, 0x340);
	put_unified(&unified, 18, 32);
	try_cuts(&unified, 0x200 + 18);
	try_bytes(&unified, 0x200);
}

static void a_unified_image_holds_another(void **state)
{
	static const struct {
		uint32_t memory_size, file_size;
		size_t size;
	} cases[] = { { 18, 32, 18 }, { 32, 32, 32 }, { 100, 32, 32 }, { 0, 32, 32 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP_BUF struct buf b = { 0 };
		struct kernel_image image;

		put_unified(&b, cases[i].memory_size, cases[i].file_size);
		assert_int_equal(kernel_image_find(buf_bytes(&b), &image, NULL), 0);
		assert_int_equal(image.kind, KERNEL_IMAGE_UNIFIED);
		assert_int_equal(image.payload_off, 0x200);
		assert_int_equal(image.payload.size, cases[i].size);
		assert_memory_equal(image.payload.base, "the kernel, padded", 18);
		assert_int_equal(image.release.size, 0);
		assert_false(image.is_size_known);
	}
}

static void other_pe_files_are_refused(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	put_unified(&b, 18, 33);
	set(&b, 0x88, 33, 4);
	expect_refused(buf_bytes(&b), -EBADMSG, ".linux lies behind the end");
	set(&b, 0x90, 0, 4);
	expect_refused(buf_bytes(&b), -EBADMSG, ".linux is empty");
	memcpy(b.base + 0x80, ".linuxes", 8);
	expect_refused(buf_bytes(&b), -ENOEXEC, "without a section .linux");
	set(&b, 0x46, 0xffff, 2);
	expect_refused(buf_bytes(&b), -EBADMSG, "section table lies behind");
	set(&b, 0x40, 0, 4);
	expect_refused(buf_bytes(&b), -ENOEXEC, "a DOS program");
	set(&b, 0x3c, 0xfffffff0, 4);
	expect_refused(buf_bytes(&b), -EBADMSG, "PE header lies behind");
}

static void an_elf_file_is_the_kernel_itself(void **state)
{
	struct bytes file = TEXT("\177ELF and more");
	struct kernel_image image;

	(void)state;
	assert_int_equal(kernel_image_find(file, &image, NULL), 0);
	assert_int_equal(image.kind, KERNEL_IMAGE_ELF);
	assert_int_equal(image.payload_off, 0);
	assert_ptr_equal(image.payload.base, file.base);
	assert_int_equal(image.payload.size, file.size);
	assert_false(image.is_size_known);
}

/* Kernels of other architectures: known, but what they hold has no exports that can be told. */
static void raw_images_are_named(void **state)
{
	static const struct {
		size_t off;
		const char *magic, *start, *what;
	} cases[] = {
		{ 4, "zimg", "MZ", "EFI zboot" },
		{ 0x38, "ARM\x64", "MZ", "arm64" },
		{ 0x38, "ARM\x64", "", "arm64" },
		{ 0x38, "RSC\x05", "MZ", "riscv" },
		{ 0x38, "\xcd\x23\x82\x81", "MZ", "LoongArch" },
		{ 0x24, "\x18\x28\x6f\x01", "", "ARM zImage" },
		{ 0x10008, "S390EP", "", "s390" },
		{ 0, "\x27\x05\x19\x56", "", "U-Boot" },
		{ 0, "\xd0\x0d\xfe\xed", "", "flattened image tree" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP_BUF struct buf b = { 0 };

		put_zeros(&b, cases[i].off + 16);
		memcpy(b.base, cases[i].start, strlen(cases[i].start));
		memcpy(b.base + cases[i].off, cases[i].magic, strlen(cases[i].magic));
		expect_refused(buf_bytes(&b), -EOPNOTSUPP, cases[i].what);
	}
}

static void other_files_are_named(void **state)
{
	(void)state;
	expect_refused(bytes_of(NULL, 0), -ENOEXEC, "an empty file");
	expect_refused(TEXT("just text\n"), -ENOEXEC, "text");
	expect_refused(TEXT("\0\0\0\0"), -ENOEXEC, "all zero bytes");
	expect_refused(TEXT("070701"), -ENOEXEC, "a cpio archive");
	expect_refused(TEXT("MZ"), -EBADMSG, "cut off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bzimage_says_where_its_payload_is),
		cmocka_unit_test(setup_sectors_of_none_are_four),
		cmocka_unit_test(a_bzimage_may_keep_its_release_to_itself),
		cmocka_unit_test(wrong_fields_are_refused),
		cmocka_unit_test(a_release_is_no_longer_than_the_kernel_allows),
		cmocka_unit_test(no_beginning_and_no_byte_leads_astray),
		cmocka_unit_test(a_unified_image_holds_another),
		cmocka_unit_test(other_pe_files_are_refused),
		cmocka_unit_test(an_elf_file_is_the_kernel_itself),
		cmocka_unit_test(raw_images_are_named),
		cmocka_unit_test(other_files_are_named),
	};

	return cmocka_run_group_tests_name("kernel-image", tests, NULL, NULL);
}
