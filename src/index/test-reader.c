/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "index/reader.h"
#include "index/test-build.h"

static struct index_reader open_built(const struct built *b)
{
	struct index_reader reader;

	assert_int_equal(index_reader_open(bytes_of(b->base, b->size), &reader, NULL), 0);
	return reader;
}

/* "priority:text priority:text" */
static void assert_values(const struct index_values *values, const char *want)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < values->n; i++)
		buf_printf(&b, "%s%u:%s", i ? " " : "", values->items[i].priority,
			   values->items[i].text);
	buf_put_u8(&b, 0);
	assert_string_equal((const char *)b.base, want);
	buf_done(&b);
}

static void assert_found(const struct index_reader *reader, const char *key, const char *want)
{
	struct index_values values = { 0 };

	assert_int_equal(index_reader_find(reader, key, &values, NULL), *want ? 0 : -ENOENT);
	assert_values(&values, want);
	index_values_done(&values);
}

static void assert_search(const struct index_reader *reader, const char *request, const char *want)
{
	struct index_values values = { 0 };

	assert_int_equal(index_reader_search(reader, request, &values, NULL), *want ? 0 : -ENOENT);
	assert_values(&values, want);
	index_values_done(&values);
}

static const struct build_entry modules[] = {
	{ "ext4", 3, "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/fs/mbcache.ko" },
	{ "jbd2", 2, "kernel/fs/jbd2/jbd2.ko:" },
	{ "mbcache", 1, "kernel/fs/mbcache.ko:" },
	{ "ext2", 7, "kernel/fs/ext2/ext2.ko: kernel/fs/mbcache.ko" },
	{ "e", 9, "kernel/e.ko:" },
};

static void test_find(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		struct built b = build(modules, N_ELEMENTS(modules), order);
		struct index_reader reader = open_built(&b);

		assert_found(&reader, "ext4",
			     "3:kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko "
			     "kernel/fs/mbcache.ko");
		assert_found(&reader, "jbd2", "2:kernel/fs/jbd2/jbd2.ko:");
		assert_found(&reader, "e", "9:kernel/e.ko:");
		assert_found(&reader, "ext", "");
		assert_found(&reader, "ext44", "");
		assert_found(&reader, "", "");
		assert_found(&reader, "x", "");
		assert_found(&reader, "ext\xe4", "");
		free(b.base);
	}
}

static void test_values_by_priority(void **state)
{
	static const struct build_entry entries[] = {
		{ "a", 5, "five" }, { "a", 1, "one" },	   { "a", 0xffffffff, "last" },
		{ "a", 3, "old" },  { "a", 3, "younger" }, { "a", 0, "" },
	};
	struct built b = build(entries, N_ELEMENTS(entries), false);
	struct index_reader reader = open_built(&b);

	(void)state;
	assert_found(&reader, "a", "0: 1:one 3:younger 3:old 5:five 4294967295:last");
	free(b.base);
}

static void test_empty_key(void **state)
{
	static const struct build_entry entries[] = { { "", 1, "nothing" }, { "a", 1, "a" } };
	struct built b = build(entries, N_ELEMENTS(entries), false);
	struct index_reader reader = open_built(&b);

	(void)state;
	assert_found(&reader, "", "1:nothing");
	assert_search(&reader, "", "1:nothing");
	free(b.base);
}

/* What Debian's kmod 30 answers to the same files, in its order. */
static void test_search_order(void **state)
{
	static const struct build_entry entries[] = {
		{ "x:a*", 0, "star1" }, { "x:a*", 0, "star2" }, { "x:a?", 0, "q" },
		{ "x:a[b]", 0, "set" }, { "x:ab", 0, "lit1" },	{ "x:ab", 0, "lit2" },
		{ "x:*", 0, "up" },	{ "x:a*b", 5, "five" }, { "x:?b", 0, "qq" },
		{ "y:*", 0, "yy" },	{ "y:*z", 0, "yz" },	{ "w:a[b]*", 0, "wset" },
	};
	static const struct build_entry more[] = {
		{ "v:*", 0, "v1" },	{ "v:b", 0, "v2" },	  { "v:*z", 0, "v3" },
		{ "v:[b]*", 0, "vset" }, { "v:[bc]", 0, "vs2" },  { "t:*", 0, "t1" },
		{ "t:*b", 0, "t2" },	{ "t:*bc", 0, "t3" },	  { "t:*bd*", 0, "t5" },
		{ "t:?b*", 0, "t4" },	{ "t:x", 0, "tx" },	  { "t:a\\*b", 0, "esc" },
		{ "t:a\\?b", 0, "esc2" }, { "s:a\\*b", 0, "sesc" },
	};

	(void)state;
	for (int order = 0; order < 2; order++) {
		struct built b = build(entries, N_ELEMENTS(entries), order);
		struct index_reader reader = open_built(&b);

		assert_search(&reader, "x:ab",
			      "0:lit1 0:lit2 0:set 0:q 0:star1 0:star2 0:qq 0:up 5:five");
		assert_search(&reader, "y:*", "0:yy");
		assert_search(&reader, "y:*z", "0:yy 0:yz");
		assert_search(&reader, "w:a[b]c", "");
		free(b.base);

		b = build(more, N_ELEMENTS(more), order);
		reader = open_built(&b);
		assert_search(&reader, "v:*", "0:v1 0:v1");
		assert_search(&reader, "v:*z", "0:v3 0:v1 0:v3");
		assert_search(&reader, "v:[b]c", "0:vset 0:v1");
		assert_search(&reader, "t:bbcbdb", "0:t4 0:t1 0:t2 0:t5");
		assert_search(&reader, "t:xbd", "0:t4 0:t1 0:t5");
		assert_search(&reader, "t:*b", "0:t2 0:t4 0:t1 0:t2");
		assert_search(&reader, "t:a\\xb", "0:esc2 0:esc 0:t1 0:t2");
		assert_search(&reader, "t:a\\*b", "0:esc 0:esc2 0:esc 0:t1 0:t2");
		assert_search(&reader, "s:a*b", "");
		assert_search(&reader, "s:a\\b", "0:sesc");
		assert_search(&reader, "t:\xe4", "0:t1");
		free(b.base);
	}
}

static int list(void *ctx, const char *key, size_t key_size, const struct index_value *value)
{
	assert_int_equal(strlen(key), key_size);
	buf_printf(ctx, "%s %u %s\n", key, value->priority, value->text);
	return 0;
}

static int stop(void *ctx, const char *key, size_t key_size, const struct index_value *value)
{
	(void)key, (void)key_size, (void)value;
	return ++*(int *)ctx == 2 ? 77 : 0;
}

static void test_dump(void **state)
{
	static const struct build_entry entries[] = {
		{ "b", 2, "two" }, { "ab", 4, "four" }, { "a", 1, "one" },
		{ "b", 1, "one" }, { "abc", 0, "" },	{ "", 9, "root" },
	};

	(void)state;
	for (int order = 0; order < 2; order++) {
		struct built b = build(entries, N_ELEMENTS(entries), order);
		struct index_reader reader = open_built(&b);
		struct buf text = { 0 };
		int n = 0;

		assert_int_equal(index_reader_dump(&reader, list, &text, NULL), 0);
		buf_put_u8(&text, 0);
		assert_string_equal((const char *)text.base,
				    " 9 root\na 1 one\nab 4 four\nabc 0 \nb 1 one\nb 2 two\n");
		buf_done(&text);
		assert_int_equal(index_reader_dump(&reader, stop, &n, NULL), 77);
		assert_int_equal(n, 2);
		assert_int_equal(index_reader_dump(&reader, NULL, NULL, NULL), 0);
		free(b.base);
	}
}

static void test_no_keys(void **state)
{
	struct built b = build(NULL, 0, false);
	struct index_reader reader = open_built(&b);
	struct diag diag = { 0 };

	(void)state;
	assert_int_equal(b.size, 12);
	assert_found(&reader, "a", "");
	assert_search(&reader, "a", "");
	assert_int_equal(index_reader_dump(&reader, NULL, NULL, NULL), 0);
	free(b.base);

	assert_int_equal(index_reader_open(bytes_of(NULL, 0), &reader, &diag), 0);
	assert_non_null(strstr(diag.what, "empty"));
	assert_found(&reader, "a", "");
	assert_search(&reader, "a", "");
	assert_int_equal(index_reader_dump(&reader, NULL, NULL, NULL), 0);
}

static void assert_not_opened(const void *base, size_t size, uint64_t off)
{
	struct index_reader reader = { .root = 42 };
	struct diag diag = { 0 };

	assert_int_equal(index_reader_open(bytes_of(base, size), &reader, &diag), -EBADMSG);
	assert_int_equal(diag.place, DIAG_OFFSET);
	assert_int_equal(diag.where, off);
	assert_int_equal(reader.root, 42);
}

static void test_not_an_index(void **state)
{
	struct built b = build(modules, N_ELEMENTS(modules), false);

	(void)state;
	assert_not_opened("\x7f" "ELF\2\1\1\0\0\0\0\0\0\0", 14, 0);
	assert_not_opened(b.base, 11, 11);
	built_set_u32(&b, 4, 0x00030000);
	assert_not_opened(b.base, b.size, 4);
	built_set_u32(&b, 4, 0x00020001);
	built_set_u32(&b, 8, 4);
	assert_not_opened(b.base, b.size, 8);
	built_set_u32(&b, 8, 0x20000000u | (uint32_t)(b.size + 1));
	assert_not_opened(b.base, b.size, 8);
	free(b.base);
}

/* Every call must fail as malformed, at an offset inside the file, and leave the values alone. */
static void assert_malformed(const struct built *b, const char *key)
{
	struct index_reader reader = open_built(b);
	struct index_values values = { 0 };
	struct diag diag = { 0 };

	assert_int_equal(index_reader_find(&reader, key, &values, &diag), -EBADMSG);
	assert_int_equal(diag.place, DIAG_OFFSET);
	assert_true(diag.where >= 8 && diag.where <= b->size);
	assert_int_equal(index_reader_search(&reader, key, &values, &diag), -EBADMSG);
	assert_int_equal(index_reader_dump(&reader, NULL, NULL, &diag), -EBADMSG);
	assert_int_equal(diag.place, DIAG_OFFSET);
	assert_int_equal(values.n, 0);
	index_values_done(&values);
}

static struct built header(uint32_t root)
{
	struct built b = { 0 };

	built_u32(&b, 0xb007f457u);
	built_u32(&b, 0x00020001u);
	built_u32(&b, root);
	return b;
}

static void test_bad_nodes(void **state)
{
	struct built b;

	(void)state;
	b = header(0x20000000u | 12); /* children cut off */
	assert_malformed(&b, "a");
	built_put(&b, "ab", 2);
	assert_malformed(&b, "a");
	built_u32(&b, 0x40000000u | 4); /* child in the header */
	built_u32(&b, 0x40000000u | 22);
	assert_malformed(&b, "a");
	built_set_u32(&b, 14, 0x40000000u | 22); /* count cut off */
	assert_malformed(&b, "a");
	built_u32(&b, 0xffffffff); /* more values than bytes */
	assert_malformed(&b, "a");
	built_set_u32(&b, 22, 1);
	built_u32(&b, 0);
	built_put(&b, "text", 4); /* no NUL */
	assert_malformed(&b, "a");
	built_put(&b, "", 1);
	{
		struct index_reader reader = open_built(&b);

		assert_found(&reader, "a", "0:text");
		assert_found(&reader, "b", "0:text");
	}
	b.base[12] = 'b';
	b.base[13] = 'a'; /* first > last */
	assert_malformed(&b, "a");
	b.base[12] = 0; /* a NUL in the key */
	assert_malformed(&b, "a");
	b.base[12] = 'a';
	b.base[13] = 200;
	assert_malformed(&b, "a");
	b.base[13] = 'b';
	built_set_u32(&b, 14, 0x10000000u | 22); /* unknown kind */
	assert_malformed(&b, "a");
	built_set_u32(&b, 14, 22); /* nothing in it */
	assert_malformed(&b, "a");
	free(b.base);

	b = header(0x80000000u | 12);
	built_put(&b, "abc", 3);
	assert_malformed(&b, "abc");
	free(b.base);
}

/* A file as kmod crashes on: a node that is its own child, for one byte and for every byte. */
static void test_loops(void **state)
{
	struct built b = header(0x20000000u | 12);
	struct index_values values = { 0 };
	struct index_reader reader;
	char key[2 * INDEX_KEY_MAX];
	struct diag diag = { 0 };

	(void)state;
	built_put(&b, "\x01\x7f", 2);
	for (int i = 0; i < 127; i++)
		built_u32(&b, 0x20000000u | 12);
	memset(key, 'a', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	reader = open_built(&b);
	assert_int_equal(index_reader_find(&reader, key, &values, &diag), -ENOENT);
	assert_int_equal(index_reader_search(&reader, key, &values, &diag), -EBADMSG);
	assert_int_equal(diag.where, 12);
	assert_int_equal(index_reader_dump(&reader, NULL, NULL, &diag), -EBADMSG);
	assert_int_equal(diag.where, 12);
	free(b.base);

	/* Two nodes, each the other's only child, in a file with room to spare. */
	b = header(0x20000000u | 12);
	built_put(&b, "aa", 2);
	built_u32(&b, 0x20000000u | 18);
	built_put(&b, "**", 2);
	built_u32(&b, 0x20000000u | 12);
	for (int i = 0; i < 100000; i++)
		built_u32(&b, 0);
	reader = open_built(&b);
	assert_int_equal(index_reader_dump(&reader, NULL, NULL, &diag), -EBADMSG);
	assert_int_equal(index_reader_search(&reader, key, &values, &diag), -EBADMSG);
	index_values_done(&values);
	free(b.base);
}

/* All nodes share one long run of values: each is whole by itself, but reading all is quadratic. */
static void test_shared_values(void **state)
{
	struct built b = header(0x20000000u | 12);
	struct index_reader reader;
	struct diag diag = { 0 };
	uint32_t values_off;

	(void)state;
	built_put(&b, "\x01\x7f", 2);
	values_off = (uint32_t)b.size + 127 * 4;
	for (int i = 0; i < 127; i++)
		built_u32(&b, 0x40000000u | values_off);
	built_u32(&b, 10000);
	for (int i = 0; i < 10000; i++)
		built_put(&b, "\0\0\0\0", 5);
	reader = open_built(&b);
	assert_int_equal(index_reader_dump(&reader, NULL, NULL, &diag), -EBADMSG);
	free(b.base);
}

static void test_long_keys(void **state)
{
	char key[INDEX_KEY_MAX + 2], pattern[INDEX_KEY_MAX + 1];
	struct build_entry entries[] = { { pattern, 1, "longest" }, { "b", 1, "b" } };
	struct index_reader reader;
	struct buf text = { 0 };
	struct built b;

	(void)state;
	memset(key, 'a', sizeof(key));
	key[INDEX_KEY_MAX] = '\0';
	memcpy(pattern, key, sizeof(pattern));
	b = build(entries, N_ELEMENTS(entries), false);
	reader = open_built(&b);
	assert_found(&reader, key, "1:longest");
	assert_int_equal(index_reader_dump(&reader, list, &text, NULL), 0);
	buf_done(&text);
	key[INDEX_KEY_MAX] = 'a';
	key[INDEX_KEY_MAX + 1] = '\0';
	assert_found(&reader, key, "");
	assert_search(&reader, key, "");
	free(b.base);

	pattern[0] = '*';
	b = build(entries, N_ELEMENTS(entries), true);
	reader = open_built(&b);
	assert_search(&reader, key, "1:longest");
	free(b.base);

	/* One byte more than any alias has. */
	b = header(0x80000000u | 0x20000000u | 12);
	for (size_t i = 0; i < INDEX_KEY_MAX; i++)
		built_put(&b, "a", 1);
	built_put(&b, "\0aa", 3);
	built_u32(&b, 0x40000000u | (uint32_t)(b.size + 4));
	built_u32(&b, 1);
	built_put(&b, "\0\0\0\0v", 6);
	reader = open_built(&b);
	assert_int_equal(index_reader_dump(&reader, NULL, NULL, NULL), -EBADMSG);
	free(b.base);
}

/* Keys made so that matching each takes long: the search gives up instead of taking minutes. */
static void test_costly_patterns(void **state)
{
	char prefix[3000], request[4000];
	struct build_entry entries[100];
	char keys[100][sizeof(prefix) + 4];
	struct index_values values = { 0 };
	struct index_reader reader;
	struct diag diag = { 0 };
	struct built b;

	(void)state;
	prefix[0] = '*';
	memset(prefix + 1, 'a', sizeof(prefix) - 2);
	prefix[sizeof(prefix) - 1] = '\0';
	memset(request, 'a', sizeof(request) - 1);
	request[sizeof(request) - 1] = '\0';
	for (size_t i = 0; i < N_ELEMENTS(entries); i++) {
		snprintf(keys[i], sizeof(keys[i]), "%s%02zu", prefix, i);
		entries[i] = (struct build_entry){ keys[i], 1, "v" };
	}
	b = build(entries, N_ELEMENTS(entries), false);
	reader = open_built(&b);
	assert_int_equal(index_reader_search(&reader, request, &values, &diag), -E2BIG);
	assert_int_equal(values.n, 0);
	assert_int_equal(diag.place, DIAG_OFFSET);
	assert_search(&reader, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "");
	index_values_done(&values);
	free(b.base);
}

static unsigned int seed_of_run(void)
{
	const char *given = getenv("TEST_SEED");
	unsigned int seed = (unsigned int)(given ? strtol(given, NULL, 10) : time(NULL));

	print_message("# TEST_SEED=%u\n", seed);
	srand(seed);
	return seed;
}

static void random_string(char *to, const char *bytes, size_t max)
{
	size_t n = (size_t)rand() % max;

	for (size_t i = 0; i < n; i++)
		to[i] = bytes[(size_t)rand() % strlen(bytes)];
	to[n] = '\0';
}

static bool key_matches(const char *key, const char *request)
{
	size_t literal = strcspn(key, "*?[");

	if (strncmp(key, request, literal) != 0)
		return false;
	return fnmatch(key + literal, request + literal, 0) == 0;
}

/* Against all entries in a plain list. */
static void test_agrees_with_model(void **state)
{
	enum { N = 60 };
	char keys[N][8], texts[N][8], request[8];
	struct build_entry entries[N];
	unsigned int seed = seed_of_run();

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct index_reader reader;
		struct built b;

		for (size_t i = 0; i < N; i++) {
			random_string(keys[i], "aaab:*?[]", sizeof(keys[i]));
			snprintf(texts[i], sizeof(texts[i]), "v%zu", i);
			/* Different ones, so that they alone decide the order. */
			entries[i] = (struct build_entry){ keys[i], (uint32_t)(i * 37 % N),
							   texts[i] };
		}
		b = build(entries, N, round % 2);
		reader = open_built(&b);
		for (int i = 0; i < 100; i++) {
			struct buf found = { 0 }, matching = { 0 };

			random_string(request, i % 2 ? "aaab:" : "ab:*[", sizeof(request));
			for (uint32_t p = 0; p < N; p++)
				for (size_t e = 0; e < N; e++) {
					const char *gap;

					if (entries[e].priority != p)
						continue;
					gap = found.size ? " " : "";
					if (strcmp(keys[e], request) == 0)
						buf_printf(&found, "%s%u:%s", gap, p, texts[e]);
					gap = matching.size ? " " : "";
					if (key_matches(keys[e], request))
						buf_printf(&matching, "%s%u:%s", gap, p, texts[e]);
				}
			buf_put_u8(&found, 0);
			buf_put_u8(&matching, 0);
			assert_found(&reader, request, (const char *)found.base);
			/* Wildcards in a request make kmod, and us, find some values twice. */
			if (i % 2)
				assert_search(&reader, request, (const char *)matching.base);
			buf_done(&found);
			buf_done(&matching);
		}
		free(b.base);
	}
	print_message("# done with TEST_SEED=%u\n", seed);
}

static void use_everything(struct bytes file)
{
	static const char *const requests[] = { "ext4", "a*", "usb:v1d", "", "pci:v0000" };
	struct index_reader reader;

	if (index_reader_open(file, &reader, NULL) < 0)
		return;
	for (size_t i = 0; i < N_ELEMENTS(requests); i++) {
		struct index_values values = { 0 };
		int r = index_reader_find(&reader, requests[i], &values, NULL);

		assert_true(r == 0 || r == -ENOENT || r == -EBADMSG);
		assert_int_equal(r == 0, values.n > 0);
		r = index_reader_search(&reader, requests[i], &values, NULL);
		assert_true(r == 0 || r == -ENOENT || r == -EBADMSG || r == -E2BIG);
		index_values_done(&values);
	}
	index_reader_dump(&reader, NULL, NULL, NULL);
}

/* Cut anywhere, and with any byte changed: an answer or an error, never more. */
static void test_any_damage(void **state)
{
	static const struct build_entry entries[] = {
		{ "ext4", 3, "ext4" }, { "usb:v*d*", 2, "usb" }, { "usb:v[0-9]*", 1, "u" },
		{ "pci:v?", 1, "p" },  { "a", 1, "a" },		 { "a", 1, "b" },
	};

	(void)state;
	for (int order = 0; order < 2; order++) {
		struct built b = build(entries, N_ELEMENTS(entries), order);

		for (size_t n = 0; n < b.size; n++) {
			uint8_t *cut = malloc(n ? n : 1);

			assert_non_null(cut);
			memcpy(cut, b.base, n);
			use_everything(bytes_of(cut, n));
			free(cut);
		}
		for (size_t i = 0; i < b.size; i++) {
			static const uint8_t with[] = { 0,    1,    12,	  '*', 0x7f,
							0x80, 0xc0, 0xe0, 0xff };
			uint8_t was = b.base[i];

			for (size_t k = 0; k < N_ELEMENTS(with); k++) {
				b.base[i] = with[k];
				use_everything(bytes_of(b.base, b.size));
			}
			b.base[i] = was;
		}
		free(b.base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_values_by_priority),
		cmocka_unit_test(test_empty_key),
		cmocka_unit_test(test_search_order),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_not_an_index),
		cmocka_unit_test(test_bad_nodes),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_shared_values),
		cmocka_unit_test(test_long_keys),
		cmocka_unit_test(test_costly_patterns),
		cmocka_unit_test(test_agrees_with_model),
		cmocka_unit_test(test_any_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
