/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "elf/force.h"

#define NAMES "\0.modinfo\0__versions\0__version_ext_crcs\0__version_ext_names\0.shstrtab"
#define TAGS "license=GPL\0vermagic=6.1 SMP\0\0x=vermagic=y\0vermagic=again"
#define NOT_LOADED "vermagic=kept"
#define SECTIONS 8u

/** struct kind - one of the four kinds of ELF files */
struct kind {
	bool is_64, is_big;
};

static const struct kind kinds[] = { { true, false }, { true, true }, { false, false }, { false, true } };

static void put(struct buf *b, const struct kind *k, uint64_t v, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		buf_put_u8(b, (uint8_t)(v >> 8 * (k->is_big ? size - 1 - i : i)));
}

static void put_section(struct buf *b, const struct kind *k, uint32_t name, uint32_t type, uint64_t flags,
			uint64_t off, uint64_t size)
{
	unsigned int word = k->is_64 ? 8 : 4;

	put(b, k, name, 4);
	put(b, k, type, 4);
	put(b, k, flags, word);
	put(b, k, 0, word);
	put(b, k, off, word);
	put(b, k, size, word);
	put(b, k, 0, 8);
	put(b, k, 1, word);
	put(b, k, 0, word);
}

static size_t header_size(const struct kind *k)
{
	return k->is_64 ? 64 : 52;
}

/*
 * Header, tags, names, section headers. Two more .modinfo, which the kernel never looks at: one that
 * is not allocated comes first, one behind the true one.
 */
static void put_module(struct buf *b, const struct kind *k)
{
	size_t at = header_size(k), names = at + sizeof(TAGS) + sizeof(NOT_LOADED);

	buf_put(b, "\177ELF", 4);
	buf_put_u8(b, k->is_64 ? 2 : 1);
	buf_put_u8(b, k->is_big ? 2 : 1);
	buf_put(b, "\1\0\0\0\0\0\0\0\0\0", 10);
	put(b, k, 1, 2);
	put(b, k, 62, 2);
	put(b, k, 1, 4);
	put(b, k, 0, k->is_64 ? 16 : 8);
	put(b, k, names + sizeof(NAMES), k->is_64 ? 8 : 4);
	put(b, k, 0, 4);
	put(b, k, header_size(k), 2);
	put(b, k, 0, 4);
	put(b, k, k->is_64 ? 64 : 40, 2);
	put(b, k, SECTIONS, 2);
	put(b, k, 6, 2);
	assert_int_equal(b->size, at);
	buf_put(b, TAGS, sizeof(TAGS));
	buf_put(b, NOT_LOADED, sizeof(NOT_LOADED));
	buf_put(b, NAMES, sizeof(NAMES));
	put_section(b, k, 0, 0, 0, 0, 0);
	put_section(b, k, 1, 1, 0, at + sizeof(TAGS), sizeof(NOT_LOADED));
	put_section(b, k, 1, 1, 2, at, sizeof(TAGS));
	put_section(b, k, 10, 1, 2, at, 4);
	put_section(b, k, 21, 1, 0xf2, at, 4);
	put_section(b, k, 40, 1, 3, at, 4);
	put_section(b, k, 60, 3, 0, names, sizeof(NAMES));
	put_section(b, k, 1, 1, 2, at + sizeof(TAGS), sizeof(NOT_LOADED));
}

static uint64_t flags_of(const struct buf *b, const struct kind *k, unsigned int section)
{
	size_t at = header_size(k) + sizeof(TAGS) + sizeof(NOT_LOADED) + sizeof(NAMES) + section * (k->is_64 ? 64u : 40u) + 8;

	return k->is_64 ? get_u64(b->base + at, k->is_big) : get_u32(b->base + at, k->is_big);
}

static void edit(struct buf *b, bool vermagic, bool modversions)
{
	struct force_image image = { b->base, b->size };
	struct diag diag = { 0 };

	assert_int_equal(force_edit(&image, vermagic, modversions, &diag), 0);
	b->size = image.size;
}

static void test_vermagic(void **state)
{
	static const char left[] = "license=GPL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x=vermagic=y\0";

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		CLEANUP_BUF struct buf b = { 0 }, before = { 0 };
		size_t at = header_size(&kinds[i]);

		put_module(&b, &kinds[i]);
		put_module(&before, &kinds[i]);
		edit(&b, true, false);
		assert_int_equal(b.size, before.size);
		assert_memory_equal(b.base, before.base, at);
		assert_memory_equal(b.base + at, left, sizeof(left) - 1);
		for (size_t j = sizeof(left) - 1; j < sizeof(TAGS); j++)
			assert_int_equal(b.base[at + j], 0);
		at += sizeof(TAGS);
		assert_memory_equal(b.base + at, before.base + at, b.size - at);
	}
}

static void test_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		CLEANUP_BUF struct buf b = { 0 }, before = { 0 };
		unsigned int changed = 0;

		put_module(&b, &kinds[i]);
		put_module(&before, &kinds[i]);
		edit(&b, false, true);
		assert_int_equal(flags_of(&b, &kinds[i], 2), 2);
		assert_int_equal(flags_of(&b, &kinds[i], 3), 0);
		assert_int_equal(flags_of(&b, &kinds[i], 4), 0xf0);
		assert_int_equal(flags_of(&b, &kinds[i], 5), 1);
		assert_int_equal(b.size, before.size);
		for (size_t j = 0; j < b.size; j++)
			changed += b.base[j] != before.base[j];
		assert_int_equal(changed, 3);
	}
}

static void test_signature_is_cut_off(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	size_t size;

	(void)state;
	put_module(&b, &kinds[0]);
	size = b.size;
	buf_put_string(&b, "SomeoneKEYsignature");
	buf_put(&b, "\1\4\1\7\3\0\0\0\0\0\0\11", 12);
	buf_put_string(&b, "~Module signature appended~\n");
	edit(&b, true, false);
	assert_int_equal(b.size, size);
}

static void test_damaged(void **state)
{
	CLEANUP_BUF struct buf b = { 0 }, before = { 0 };
	struct force_image image;
	struct diag diag = { 0 };

	(void)state;
	put_module(&b, &kinds[0]);
	put_module(&before, &kinds[0]);
	for (size_t size = 0; size < b.size; size++) {
		image = (struct force_image){ b.base, size };
		assert_true(force_edit(&image, true, true, &diag) < 0);
		assert_int_equal(image.size, size);
		assert_memory_equal(b.base, before.base, before.size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vermagic),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_signature_is_cut_off),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests_name("force", tests, NULL, NULL);
}
