/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "elf/strings.h"

#define HEADER_SIZE 64u
#define ENTRY_SIZE 64u

/** struct part - a section of a file for a test; the last one holds the names */
struct part {
	const char *name, *content;
	size_t size;
	uint32_t type;
};

static void put(struct buf *b, uint64_t v, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		buf_put_u8(b, (uint8_t)(v >> 8 * i));
}

static void put_entry(struct buf *b, size_t name, uint32_t type, uint64_t off, uint64_t size)
{
	put(b, name, 4);
	put(b, type, 4);
	put(b, 0, 16);
	put(b, off, 8);
	put(b, size, 8);
	put(b, 0, 24);
}

static void put_header(struct buf *b, uint64_t table_off, size_t n)
{
	buf_put(b, "\177ELF\2\1\1", 7);
	put(b, 0, 9);
	put(b, 1, 2);
	put(b, 62, 2);
	put(b, 1, 4);
	put(b, 0, 16);
	put(b, table_off, 8);
	put(b, 0, 4);
	put(b, HEADER_SIZE, 2);
	put(b, 0, 4);
	put(b, ENTRY_SIZE, 2);
	put(b, n + 2, 2);
	put(b, n + 1, 2);
}

/* @repeat: entries of the table that all say where the one content is */
static void put_file(struct buf *b, const struct part *parts, size_t n, size_t repeat)
{
	struct buf names = { 0 };
	size_t at = HEADER_SIZE;

	put(&names, 0, 1);
	for (size_t i = 0; i < n; i++) {
		buf_put(&names, parts[i].name, strlen(parts[i].name) + 1);
		at += parts[i].size;
	}
	put_header(b, at + names.size, n * repeat);
	for (size_t i = 0; i < n; i++)
		buf_put(b, parts[i].content, parts[i].size);
	buf_put(b, names.base, names.size);
	put_entry(b, 0, 0, 0, 0);
	for (size_t k = 0; k < repeat; k++) {
		size_t name = 1, off = HEADER_SIZE;

		for (size_t i = 0; i < n; i++) {
			put_entry(b, name, parts[i].type, off, parts[i].size);
			name += strlen(parts[i].name) + 1;
			off += parts[i].size;
		}
	}
	put_entry(b, 0, 3, at, names.size);
	buf_done(&names);
}

static int read_file(const struct buf *file, struct buf *out)
{
	const struct bytes b = buf_bytes(file);
	const struct source source = source_of_bytes(&b);
	struct diag diag = { 0 };

	return strings_read(&source, out, &diag);
}

#define PART(name, content) { name, content, sizeof(content) - 1, 1 }

static void texts_of_data_sections_are_found(void **state)
{
	static const struct part parts[] = {
		PART(".rodata.str1.8", "one text\n\0\001" "3with a level\0\377\376tail\0ab\0no end"),
		PART(".text", "code\0"),
		PART(".data", "name\0"),
		PART(".dataxyz", "other\0"),
		PART(".init.rodata", "a\tb c\0"),
		{ ".data.none", "", 0, 8 },
	};
	static const char expected[] = "one text\n\0with a level\0tail\0name\0a\tb c";
	CLEANUP_BUF struct buf file = { 0 }, out = { 0 };

	(void)state;
	put_file(&file, parts, sizeof(parts) / sizeof(parts[0]), 1);
	assert_int_equal(read_file(&file, &out), 0);
	assert_int_equal(out.size, sizeof(expected));
	assert_memory_equal(out.base, expected, sizeof(expected));
}

static void sections_that_overlap_cost_no_more_than_the_file(void **state)
{
	static const char text[65536] = { 'a', 'b', 'c' };
	const struct part part = { ".rodata", text, sizeof(text), 1 };
	CLEANUP_BUF struct buf file = { 0 }, out = { 0 };

	(void)state;
	put_file(&file, &part, 1, 100);
	assert_int_equal(read_file(&file, &out), 0);
	assert_int_equal(out.size, 4);
}

static void a_file_that_is_none_is_refused(void **state)
{
	CLEANUP_BUF struct buf file = { 0 }, out = { 0 };

	(void)state;
	buf_put_string(&file, "no module");
	assert_int_equal(read_file(&file, &out), -ENOEXEC);
	assert_int_equal(out.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_data_sections_are_found),
		cmocka_unit_test(sections_that_overlap_cost_no_more_than_the_file),
		cmocka_unit_test(a_file_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
