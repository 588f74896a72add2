/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "elf/kernel-version.h"

#define HEADER_SIZE 64u
#define ENTRY_SIZE 64u
#define NAMES "\0.data\0.names"

enum { PROGBITS = 1, STRTAB = 3, NOBITS = 8, ALLOC = 2, EXECUTABLE = 4 };

static void put(struct buf *b, uint64_t v, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		buf_put_u8(b, (uint8_t)(v >> 8 * i));
}

static void put_entry(struct buf *b, size_t name, uint32_t type, uint32_t flags, size_t off, size_t size)
{
	put(b, name, 4);
	put(b, type, 4);
	put(b, flags, 8);
	put(b, 0, 8);
	put(b, off, 8);
	put(b, size, 8);
	put(b, 0, 24);
}

/* @n sections that all have the same content. */
static void put_vmlinux(struct buf *b, struct bytes data, uint32_t type, uint32_t flags, size_t n)
{
	size_t table = HEADER_SIZE + data.size + sizeof(NAMES);

	buf_put(b, "\177ELF\2\1\1", 7);
	put(b, 0, 9);
	put(b, 2, 2);
	put(b, 62, 2);
	put(b, 1, 4);
	put(b, 0, 16);
	put(b, table, 8);
	put(b, 0, 4);
	put(b, HEADER_SIZE, 2);
	put(b, 0, 4);
	put(b, ENTRY_SIZE, 2);
	put(b, n + 2, 2);
	put(b, n + 1, 2);
	buf_put(b, data.base, data.size);
	buf_put(b, NAMES, sizeof(NAMES));
	put_entry(b, 0, 0, 0, 0, 0);
	for (size_t i = 0; i < n; i++)
		put_entry(b, 1, type, flags, HEADER_SIZE, data.size);
	put_entry(b, 7, STRTAB, 0, HEADER_SIZE + data.size, sizeof(NAMES));
}

static void expect_of(struct bytes data, uint32_t type, uint32_t flags, const char *known,
		      const char *release, const char *vermagic)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct kernel_version version;
	struct diag diag = { 0 };

	put_vmlinux(&b, data, type, flags, 1);
	assert_int_equal(kernel_version_read(buf_bytes(&b), known, &version, &diag), 0);
	assert_string_equal(version.release, release);
	assert_string_equal(version.vermagic, vermagic);
}

#define EXPECT(data, known, release, vermagic) \
	expect_of(bytes_of(data, sizeof(data)), PROGBITS, ALLOC, known, release, vermagic)

#define BANNER "Linux version 6.1-a (me@here) (cc) #1 SMP"
#define VERMAGIC "6.1-a SMP preempt mod_unload modversions "

static void both_are_found(void **state)
{
	(void)state;
	EXPECT("x\0" BANNER "\0" VERMAGIC "\0y", "", "6.1-a", VERMAGIC);
	EXPECT("x\0" BANNER "\0" VERMAGIC "\0y", "6.1-a", "6.1-a", VERMAGIC);
	EXPECT(VERMAGIC "\0" BANNER, "", "6.1-a", VERMAGIC);
	EXPECT("\0" VERMAGIC "\0" VERMAGIC, "6.1-a", "6.1-a", VERMAGIC);
	/* Other words, and no words at all. */
	EXPECT("\0" "6.1-a SMP mod_unload ARMv7 p2v8 RANDSTRUCT_0a1b", "6.1-a", "6.1-a",
	       "6.1-a SMP mod_unload ARMv7 p2v8 RANDSTRUCT_0a1b");
	EXPECT("\0" "6.1-a ", "6.1-a", "6.1-a", "6.1-a ");
}

static void the_release_that_is_known_counts(void **state)
{
	(void)state;
	EXPECT(BANNER "\0" VERMAGIC, "6.1-b", "6.1-b", "");
	EXPECT(BANNER "\0" VERMAGIC, "6.1", "6.1", "");
	EXPECT("no banner\0" VERMAGIC, "", "", "");
}

static void what_only_looks_like_it_is_passed_over(void **state)
{
	(void)state;
	EXPECT("%s version %s (" "\0" "Linux version %s\0" "Linux version \0(", "", "", "");
	EXPECT("before 6.1-a SMP ", "6.1-a", "6.1-a", "");
	EXPECT("\0" "6.1-a SMP (builder) #1", "6.1-a", "6.1-a", "");
	EXPECT("\0" "6.1-a  SMP ", "6.1-a", "6.1-a", "");
	EXPECT("\0" "6.1-a SMP\n", "6.1-a", "6.1-a", "");
	expect_of(bytes_of("6.1-a SMP ", 10), PROGBITS, ALLOC, "6.1-a", "6.1-a", "");
}

static void two_that_differ_are_none(void **state)
{
	(void)state;
	EXPECT(BANNER "\0" "Linux version 6.1-b (me", "", "", "");
	EXPECT("\0" "6.1-a SMP \0" "6.1-a SMP preempt \0", "6.1-a", "6.1-a", "");
	EXPECT("\0" "6.1-a SMP \0" "6.1-a UP \0" "6.1-a SMP \0", "6.1-a", "6.1-a", "");
}

static void only_data_is_looked_at(void **state)
{
	static const char data[] = BANNER "\0" VERMAGIC;
	const struct bytes b = bytes_of(data, sizeof(data));

	(void)state;
	expect_of(b, PROGBITS, ALLOC | EXECUTABLE, "", "", "");
	expect_of(b, PROGBITS, 0, "", "", "");
	expect_of(b, NOBITS, ALLOC, "", "", "");
	expect_of(b, PROGBITS, ALLOC | 1, "", "6.1-a", VERMAGIC);
}

/* With more sections than the file has bytes, this would take hours. */
static void sections_that_overlap_cost_no_more_than_the_file(void **state)
{
	CLEANUP_BUF struct buf b = { 0 }, data = { 0 };
	struct kernel_version version;

	(void)state;
	buf_put(&data, VERMAGIC, sizeof(VERMAGIC));
	memset(buf_reserve(&data, 8 * 1024 * 1024), 'L', 8 * 1024 * 1024);
	data.size += 8 * 1024 * 1024;
	put_vmlinux(&b, buf_bytes(&data), PROGBITS, ALLOC, 60000);
	assert_int_equal(kernel_version_read(buf_bytes(&b), "6.1-a", &version, NULL), 0);
	assert_string_equal(version.vermagic, VERMAGIC);
}

static void limits_hold(void **state)
{
	CLEANUP_BUF struct buf data = { 0 };
	char release[KERNEL_RELEASE_MAX + 2];
	struct kernel_version version;

	(void)state;
	memset(release, 'r', sizeof(release));
	release[sizeof(release) - 1] = '\0';
	assert_int_equal(kernel_version_read(bytes_of("", 0), release, &version, NULL), -EINVAL);
	buf_printf(&data, "Linux version %s (me)", release);
	expect_of(buf_bytes(&data), PROGBITS, ALLOC, "", "", "");
	data.size = 0;
	buf_printf(&data, "Linux version %s (me)", release + 1);
	expect_of(buf_bytes(&data), PROGBITS, ALLOC, "", release + 1, "");
	data.size = 0;
	buf_printf(&data, "%s %0*d", release + 1, (int)(KERNEL_VERMAGIC_MAX - KERNEL_RELEASE_MAX), 0);
	buf_put_u8(&data, 0);
	expect_of(buf_bytes(&data), PROGBITS, ALLOC, release + 1, release + 1, "");
}

static void what_is_no_elf_file_is_refused(void **state)
{
	struct kernel_version version;
	struct diag diag = { 0 };

	(void)state;
	assert_int_equal(kernel_version_read(bytes_of("text", 4), "", &version, &diag), -ENOEXEC);
	assert_non_null(strstr(diag.what, "text"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_are_found),
		cmocka_unit_test(the_release_that_is_known_counts),
		cmocka_unit_test(what_only_looks_like_it_is_passed_over),
		cmocka_unit_test(two_that_differ_are_none),
		cmocka_unit_test(only_data_is_looked_at),
		cmocka_unit_test(sections_that_overlap_cost_no_more_than_the_file),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(what_is_no_elf_file_is_refused),
	};

	return cmocka_run_group_tests_name("kernel-version", tests, NULL, NULL);
}
