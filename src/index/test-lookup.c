/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "index/lookup.h"
#include "index/test-build.h"

static const struct build_entry dep[] = {
	{ "ext4", 0, "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/fs/mbcache.ko" },
	{ "jbd2", 1, "kernel/fs/jbd2/jbd2.ko:" },
	{ "mbcache", 2, "kernel/fs/mbcache.ko:" },
	{ "crc32c_generic", 3, "kernel/crypto/crc32c_generic.ko:" },
	{ "twice", 4, "b/twice.ko:" },
	{ "twice", 4, "a/twice.ko:" },
};
static const struct build_entry symbols[] = {
	{ "symbol:jbd2_journal_start", 1, "jbd2" },
};
static const struct build_entry aliases[] = {
	{ "fs_ext4", 0, "ext4" },
	{ "fs_ext3", 0, "ext4" },
	{ "crypto_crc32c", 3, "crc32c_generic" },
	{ "crypto_crc32c", 1, "libcrc32c" },
	{ "symbol:from_alias", 3, "odd" },
	{ "jbd2", 9, "never" },
	{ "pci:v00008086d*", 4, "twice" },
	{ "range[0-9]", 4, "twice" },
};
static const struct build_entry builtin[] = { { "kernel_thing", 0, "" }, { "fs_ext4", 0, "" } };
static const struct build_entry builtin_alias[] = {
	{ "acpi*:PNP0A08:*", 0, "pcieport" },
	{ "kernel_thing", 0, "never" },
	{ "char_major_1_*", 0, "mem" },
};

struct set {
	struct lookup lookup;
	struct built files[LOOKUP_SOURCES];
};

static void set_up(struct set *s)
{
	*s = (struct set){ 0 };
	s->files[LOOKUP_DEP] = build(dep, N_ELEMENTS(dep), false);
	s->files[LOOKUP_SYMBOLS] = build(symbols, N_ELEMENTS(symbols), true);
	s->files[LOOKUP_ALIAS] = build(aliases, N_ELEMENTS(aliases), false);
	s->files[LOOKUP_BUILTIN] = build(builtin, N_ELEMENTS(builtin), true);
	s->files[LOOKUP_BUILTIN_ALIAS] = build(builtin_alias, N_ELEMENTS(builtin_alias), false);
	for (enum lookup_source i = 0; i < LOOKUP_SOURCES; i++)
		assert_int_equal(lookup_add(&s->lookup, i,
					    bytes_of(s->files[i].base, s->files[i].size)), 0);
}

static void take_down(struct set *s)
{
	for (size_t i = 0; i < LOOKUP_SOURCES; i++)
		free(s->files[i].base);
}

static void assert_answer(int r, const struct lookup_answer *answer, int source,
			  const char *modules)
{
	struct buf b = { 0 };

	assert_int_equal(r, *modules ? 0 : -ENOENT);
	for (size_t i = 0; i < answer->values.n; i++)
		buf_printf(&b, "%s%s", i ? " " : "", lookup_answer_module(answer, i));
	buf_put_u8(&b, 0);
	assert_string_equal((const char *)b.base, modules);
	if (*modules)
		assert_int_equal(answer->source, source);
	buf_done(&b);
}

static void assert_find(struct set *s, const char *request, int source, const char *modules)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	int r = lookup_find(&s->lookup, request, &answer);

	assert_answer(r, &answer, source, modules);
}

static void assert_find_name(struct set *s, const char *name, int source, const char *modules)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	int r = lookup_find_name(&s->lookup, name, &answer);

	assert_answer(r, &answer, source, modules);
}

static void test_order(void **state)
{
	struct set s;

	(void)state;
	set_up(&s);
	assert_find(&s, "jbd2", LOOKUP_DEP, "jbd2");
	assert_find(&s, "twice", LOOKUP_DEP, "twice");
	assert_find(&s, "symbol:jbd2_journal_start", LOOKUP_SYMBOLS, "jbd2");
	assert_find(&s, "symbol:from_alias", LOOKUP_ALIAS, "odd");
	assert_find(&s, "fs-ext4", LOOKUP_ALIAS, "ext4");
	assert_find(&s, "crypto-crc32c", LOOKUP_ALIAS, "libcrc32c crc32c_generic");
	assert_find(&s, "pci:v00008086d00001234", LOOKUP_ALIAS, "twice");
	assert_find(&s, "kernel-thing", LOOKUP_BUILTIN, "kernel_thing");
	assert_find(&s, "acpi:PNP0A08:PNP0A03:", LOOKUP_BUILTIN_ALIAS, "pcieport");
	assert_find(&s, "char-major-1-8", LOOKUP_BUILTIN_ALIAS, "mem");
	assert_find(&s, "nobody", 0, "");
	assert_find(&s, "", 0, "");
	take_down(&s);
}

static void test_spelling(void **state)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	struct set s;
	char *request;

	(void)state;
	set_up(&s);
	assert_find(&s, "crc32c-generic", LOOKUP_DEP, "crc32c_generic");
	assert_find(&s, "range5", LOOKUP_ALIAS, "twice");
	assert_int_equal(lookup_find(&s.lookup, "a]b", &answer), -EINVAL);
	assert_int_equal(lookup_find(&s.lookup, "a[b", &answer), -EINVAL);
	request = calloc(1, ALIAS_MAX + 2);
	assert_non_null(request);
	memset(request, 'a', ALIAS_MAX + 1);
	assert_int_equal(lookup_find(&s.lookup, request, &answer), -E2BIG);
	assert_int_equal(lookup_find_name(&s.lookup, request, &answer), -E2BIG);
	request[ALIAS_MAX] = '\0';
	assert_int_equal(lookup_find(&s.lookup, request, &answer), -ENOENT);
	free(request);
	take_down(&s);
}

static void test_names_only(void **state)
{
	struct set s;

	(void)state;
	set_up(&s);
	assert_find_name(&s, "ext4", LOOKUP_DEP, "ext4");
	assert_find_name(&s, "ext4.ko", LOOKUP_DEP, "ext4");
	assert_find_name(&s, "crc32c-generic", LOOKUP_DEP, "crc32c_generic");
	assert_find_name(&s, "fs-ext4", LOOKUP_BUILTIN, "fs_ext4");
	assert_find_name(&s, "char-major-1-8", LOOKUP_BUILTIN_ALIAS, "mem");
	assert_find_name(&s, "crypto-crc32c", 0, "");
	assert_find_name(&s, "symbol:jbd2_journal_start", 0, "");
	take_down(&s);
}

static void test_missing(void **state)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	struct lookup none = { 0 };
	struct dep_line line;
	struct set s;

	(void)state;
	assert_int_equal(lookup_find(&none, "ext4", &answer), -ENOENT);
	assert_int_equal(answer.broken, 0);
	assert_int_equal(lookup_dep(&none, "ext4", &line), -ENOENT);

	set_up(&s);
	s.lookup.parts[LOOKUP_DEP] = (struct lookup_part){ 0 };
	assert_find(&s, "jbd2", LOOKUP_ALIAS, "never");
	s.lookup.parts[LOOKUP_ALIAS] = (struct lookup_part){ 0 };
	assert_find(&s, "jbd2", 0, "");
	assert_find(&s, "kernel_thing", LOOKUP_BUILTIN, "kernel_thing");
	take_down(&s);
}

/* No bytes are an index of built-in modules, as older depmods write it, and no other index. */
static void test_empty(void **state)
{
	struct lookup lookup = { 0 };

	(void)state;
	for (enum lookup_source i = 0; i < LOOKUP_SOURCES; i++) {
		bool may_be = i == LOOKUP_BUILTIN || i == LOOKUP_BUILTIN_ALIAS;

		assert_int_equal(lookup_add(&lookup, i, bytes_of(NULL, 0)), may_be ? 0 : -EBADMSG);
		assert_int_equal(lookup.parts[i].is_open, may_be);
	}
}

/* Each index broken in turn, as a whole and in its first node: the others answer as before. */
static void test_one_broken(void **state)
{
	static const struct {
		const char *request, *module;
	} cases[LOOKUP_SOURCES] = {
		{ "ext4", "ext4" },
		{ "symbol:jbd2_journal_start", "jbd2" },
		{ "pci:v00008086d00001234", "twice" },
		{ "kernel_thing", "kernel_thing" },
		{ "char-major-1-8", "mem" },
	};

	(void)state;
	for (enum lookup_source bad = 0; bad < LOOKUP_SOURCES; bad++)
		for (int how = 0; how < 2; how++) {
			struct set s;
			struct lookup_part *part = &s.lookup.parts[bad];
			size_t size;

			set_up(&s);
			size = s.files[bad].size;
			if (how == 0)
				s.files[bad].base[0] ^= 1;
			else
				size = 16;
			/* What is wrong behind the header shows when it is read. */
			if (how == 1)
				built_set_u32(&s.files[bad], 8, 0x20000000u | 12);
			assert_int_equal(lookup_add(&s.lookup, bad,
						    bytes_of(s.files[bad].base, size)),
					 how == 0 ? -EBADMSG : 0);
			for (enum lookup_source i = 0; i < LOOKUP_SOURCES; i++) {
				CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
				int r = lookup_find(&s.lookup, cases[i].request, &answer);

				if (i == bad) {
					assert_int_equal(answer.broken & 1u << bad, 1u << bad);
					assert_int_equal(part->error, -EBADMSG);
					assert_int_equal(part->diag.place, DIAG_OFFSET);
					assert_true(part->diag.where <= size);
					continue;
				}
				assert_answer(r, &answer, (int)i, cases[i].module);
			}
			take_down(&s);
		}
}

static void assert_next(struct dep_line *line, const char *want)
{
	const char *path;
	size_t size;

	assert_int_equal(dep_line_next(line, &path, &size), want != NULL);
	if (!want)
		return;
	assert_int_equal(size, strlen(want));
	assert_memory_equal(path, want, size);
}

static void test_dep(void **state)
{
	struct dep_line line;
	struct set s;

	(void)state;
	set_up(&s);
	assert_int_equal(lookup_dep(&s.lookup, "ext4", &line), 0);
	assert_int_equal(line.path_size, strlen("kernel/fs/ext4/ext4.ko"));
	assert_memory_equal(line.path, "kernel/fs/ext4/ext4.ko", line.path_size);
	assert_next(&line, "kernel/fs/jbd2/jbd2.ko");
	assert_next(&line, "kernel/fs/mbcache.ko");
	assert_next(&line, NULL);
	assert_next(&line, NULL);
	/* Of equals the one that was added last stands first; kmod uses the first. */
	assert_int_equal(lookup_dep(&s.lookup, "twice", &line), 0);
	assert_memory_equal(line.path, "a/twice.ko", line.path_size);
	assert_next(&line, NULL);
	assert_int_equal(lookup_dep(&s.lookup, "fs_ext4", &line), -ENOENT);
	take_down(&s);
}

static void test_dep_line(void **state)
{
	struct dep_line line = { .path = "before" };

	(void)state;
	assert_int_equal(dep_line_open("a.ko:  b.ko\tc.ko ", &line), 0);
	assert_next(&line, "b.ko");
	assert_next(&line, "c.ko");
	assert_next(&line, NULL);
	assert_int_equal(dep_line_open("/opt/x:y/a.ko: b:c.ko", &line), 0);
	assert_int_equal(line.path_size, strlen("/opt/x:y/a.ko"));
	assert_next(&line, "b:c.ko");
	line.path = "before";
	assert_int_equal(dep_line_open("", &line), -EBADMSG);
	assert_int_equal(dep_line_open(": b.ko", &line), -EBADMSG);
	assert_int_equal(dep_line_open("a.ko b.ko", &line), -EBADMSG);
	assert_string_equal(line.path, "before");
}

static void test_bad_dep_line(void **state)
{
	static const struct build_entry entries[] = { { "a", 0, "no colon" } };
	struct built b = build(entries, 1, false);
	struct lookup lookup = { 0 };
	struct dep_line line;

	(void)state;
	assert_int_equal(lookup_add(&lookup, LOOKUP_DEP, bytes_of(b.base, b.size)), 0);
	assert_int_equal(lookup_dep(&lookup, "a", &line), -EBADMSG);
	assert_int_equal(lookup.parts[LOOKUP_DEP].error, -EBADMSG);
	assert_int_equal(lookup.parts[LOOKUP_DEP].diag.where, b.size - sizeof("no colon"));
	free(b.base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	   cmocka_unit_test(test_spelling),
		cmocka_unit_test(test_names_only), cmocka_unit_test(test_missing),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_one_broken), cmocka_unit_test(test_dep),
		cmocka_unit_test(test_dep_line),   cmocka_unit_test(test_bad_dep_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
