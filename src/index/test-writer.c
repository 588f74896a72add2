/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is written is read back by a reader of the simplest kind, which stands here, and compared
 * with a sorted list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "index/writer.h"

struct entry {
	char key[64];
	char value[32];
	uint32_t priority;
	size_t order; /* of adding */
};

/* The order that the format wants. */
static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	if (c)
		return c;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->order > y->order ? -1 : 1;
}

/* Reads all values in the order of the trie, and checks the form of each node on the way. */
struct reading {
	const uint8_t *base;
	size_t size;
	size_t next; /* where the next node must start: nodes follow each other without a gap */
	char path[5000];
	size_t path_size;
	struct entry *found;
	size_t n_found, max_found;
};

static uint32_t number_at(const struct reading *r, size_t at)
{
	assert_true(at + 4 <= r->size);
	return (uint32_t)r->base[at] << 24 | (uint32_t)r->base[at + 1] << 16 |
	       (uint32_t)r->base[at + 2] << 8 | r->base[at + 3];
}

static size_t string_end(const struct reading *r, size_t at)
{
	while (at < r->size && r->base[at])
		at++;
	assert_true(at < r->size);
	return at;
}

static size_t read_values(struct reading *r, size_t at)
{
	uint32_t n = number_at(r, at);

	at += 4;
	assert_true(n > 0);
	for (uint32_t i = 0; i < n; i++) {
		size_t end = string_end(r, at + 4);
		struct entry *e = &r->found[r->n_found++];

		assert_true(r->n_found <= r->max_found);
		assert_true(r->path_size < sizeof(e->key));
		memcpy(e->key, r->path, r->path_size);
		e->key[r->path_size] = '\0';
		e->priority = number_at(r, at);
		assert_true(end - (at + 4) < sizeof(e->value));
		memcpy(e->value, r->base + at + 4, end - (at + 4) + 1);
		at = end + 1;
	}
	return at;
}

static void read_node(struct reading *r, uint32_t node, bool is_root)
{
	size_t at = node & 0x0fffffffu, path_size = r->path_size, children = 0;
	unsigned int first = 0, last = 0, n_children = 0;

	assert_int_equal(at, r->next);
	assert_false(is_root && (node & 0x80000000u));
	if (node & 0x80000000u) {
		size_t end = string_end(r, at);

		assert_true(end > at);
		memcpy(r->path + r->path_size, r->base + at, end - at);
		r->path_size += end - at;
		at = end + 1;
	}
	if (node & 0x20000000u) {
		assert_true(at + 2 <= r->size);
		first = r->base[at];
		last = r->base[at + 1];
		assert_true(first <= last && last < 128);
		children = at + 2;
		at = children + 4 * (last - first + 1);
	}
	if (node & 0x40000000u)
		at = read_values(r, at);
	r->next = at;
	for (unsigned int c = first; children && c <= last; c++) {
		uint32_t child = number_at(r, children + 4 * (size_t)(c - first));

		assert_true(child || (c != first && c != last));
		if (!child)
			continue;
		n_children++;
		r->path[r->path_size++] = (char)c;
		read_node(r, child, false);
		r->path_size--;
	}
	assert_true(is_root || (node & 0x40000000u) || n_children > 1);
	r->path_size = path_size;
}

static void read_index(struct reading *r, const struct buf *b)
{
	r->base = b->base;
	r->size = b->size;
	r->next = 12;
	assert_true(number_at(r, 0) == 0xb007f457u);
	assert_true(number_at(r, 4) == 0x00020001u);
	read_node(r, number_at(r, 8), true);
	assert_int_equal(r->next, r->size);
	assert_int_equal(r->n_found, r->max_found);
}

static void assert_entries(const struct entry *want, const struct entry *found, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(found[i].key, want[i].key);
		assert_int_equal(found[i].priority, want[i].priority);
		assert_string_equal(found[i].value, want[i].value);
	}
}

/* Writes the entries, reads them back, compares; sorts @entries. */
static void check(struct entry *entries, size_t n)
{
	CLEANUP_BUF struct buf out = { 0 };
	struct index_writer w = { 0 };
	struct reading r = { .max_found = n };

	r.found = calloc(n + 1, sizeof(*r.found));
	for (size_t i = 0; i < n; i++) {
		entries[i].order = i;
		assert_int_equal(index_writer_add(&w, entries[i].key, strlen(entries[i].key),
						  entries[i].value, strlen(entries[i].value),
						  entries[i].priority), 0);
	}
	assert_int_equal(index_writer_write(&w, &out), 0);
	read_index(&r, &out);
	index_writer_done(&w);
	qsort(entries, n, sizeof(*entries), compare);
	assert_entries(entries, r.found, n);
	free(r.found);
}

static void test_empty(void **state)
{
	static const uint8_t want[] = { 0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1, 0, 0, 0, 12 };
	CLEANUP_BUF struct buf out = { 0 };
	struct index_writer w = { 0 };

	(void)state;
	assert_int_equal(index_writer_write(&w, &out), 0);
	assert_int_equal(out.size, sizeof(want));
	assert_memory_equal(out.base, want, sizeof(want));
	index_writer_done(&w);
	index_writer_done(NULL);
}

/* Laid out by hand from the description of the format. */
static void test_bytes(void **state)
{
	static const uint8_t want[] = {
		0xb0, 0x07, 0xf4, 0x57, 0, 2, 0, 1, 0x20, 0, 0, 12,
		/* 12: the root has one child, 'a' */
		'a', 'a', 0xe0, 0, 0, 18,
		/* 18: "ab" is common, two values end here, and two go on */
		'b', 0,
		'c', 'e', 0x40, 0, 0, 51, 0, 0, 0, 0, 0xc0, 0, 0, 61,
		0, 0, 0, 2, 0, 0, 0, 1, 'y', 0, 0, 0, 0, 3, 'x', 'x', 0,
		/* 51: "abc" */
		0, 0, 0, 1, 0, 0, 0, 0, 'z', 0,
		/* 61: "abe" and "f-" behind it */
		'f', '-', 0, 0, 0, 0, 1, 0x01, 0x02, 0x03, 0x84, 0,
	};
	CLEANUP_BUF struct buf out = { 0 };
	struct index_writer w = { 0 };

	(void)state;
	assert_int_equal(index_writer_add(&w, "abef-", 5, "", 0, 0x01020384u), 0);
	assert_int_equal(index_writer_add(&w, "ab", 2, "xx", 2, 3), 0);
	assert_int_equal(index_writer_add(&w, "abc", 3, "z", 1, 0), 0);
	assert_int_equal(index_writer_add(&w, "ab", 2, "y", 1, 1), 0);
	assert_int_equal(index_writer_write(&w, &out), 0);
	assert_int_equal(out.size, sizeof(want));
	assert_memory_equal(out.base, want, sizeof(want));
	index_writer_done(&w);
}

/* A key that differs inside of another one's prefix, before it and behind it. */
static void test_prefixes(void **state)
{
	struct entry entries[] = {
		{ "pci:v0001d0002", "a", 1, 0 }, { "pci:v0001d0003", "b", 2, 0 },
		{ "pci:v0001", "c", 3, 0 },	 { "pci:", "d", 4, 0 },
		{ "pc", "e", 5, 0 },		 { "pci:v0001d00021", "f", 6, 0 },
		{ "usb", "g", 7, 0 },		 { "p", "h", 8, 0 },
		{ "\x01", "i", 9, 0 },		 { "\x7f", "j", 10, 0 },
		{ "pci:v0001d0002sv*", "k", 0, 0 }, { "12345678", "l", 0, 0 },
		{ "1234567", "m", 0, 0 },	 { "123456789", "n", 0, 0 },
		{ "1234567812345678", "o", 0, 0 }, { "123456781234567", "p", 0, 0 },
	};

	(void)state;
	check(entries, sizeof(entries) / sizeof(entries[0]));
}

static void test_priorities(void **state)
{
	struct entry entries[] = {
		{ "k", "third", 7, 0 },	 { "k", "second", 7, 0 }, { "k", "first", 1, 0 },
		{ "k", "last", 4294967295u, 0 }, { "k", "zero", 0, 0 }, { "k", "zero", 0, 0 },
		{ "k", "high", 2147483648u, 0 },
	};

	(void)state;
	check(entries, sizeof(entries) / sizeof(entries[0]));
	assert_string_equal(entries[3].value, "second"); /* added later, so it stands before */
	assert_string_equal(entries[4].value, "third");
}

/* Many values of one key, as modules.symbols never has but a hostile alias may. */
static void test_many_values(void **state)
{
	enum { N = 3000 };
	struct entry *entries = calloc(N, sizeof(*entries));

	(void)state;
	for (uint32_t kind = 0; kind < 4; kind++) {
		for (uint32_t i = 0; i < N; i++) {
			strcpy(entries[i].key, i % 50 ? "many" : "few");
			(void)snprintf(entries[i].value, sizeof(entries[i].value), "v%u", i);
			entries[i].priority = kind == 0 ? 0
						: kind == 1 ? i
						: kind == 2 ? N - i : i * 7 % 10;
		}
		check(entries, N);
	}
	free(entries);
}

static void test_random(void **state)
{
	enum { ROUNDS = 400, N = 200 };
	const char *given = getenv("TEST_SEED");
	unsigned int seed = (unsigned int)(given ? strtol(given, NULL, 10) : time(NULL));
	struct entry *entries = calloc(N, sizeof(*entries));

	(void)state;
	(void)printf("# TEST_SEED=%u\n", seed);
	srandom(seed);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		size_t n = (size_t)random() % N;
		unsigned int letters = 1 + (unsigned int)random() % 4;
		unsigned int longest = 1 + (unsigned int)random() % 40;

		for (size_t i = 0; i < n; i++) {
			size_t size = 1 + (size_t)random() % longest;

			for (size_t k = 0; k < size; k++)
				entries[i].key[k] = "a-\x01\x7f"[(unsigned int)random() % letters];
			entries[i].key[size] = '\0';
			(void)snprintf(entries[i].value, sizeof(entries[i].value), "%ld",
				       random() % 5);
			entries[i].priority = (uint32_t)random() % 4;
		}
		check(entries, n);
	}
	free(entries);
}

/* The bytes do not depend on the order of adding, as long as no two entries are equal. */
static void test_order_of_adding(void **state)
{
	static const char *const keys[] = { "abc", "ab", "b", "abcdefghij", "abcdefghik", "a" };
	CLEANUP_BUF struct buf there = { 0 }, back = { 0 };
	struct index_writer w = { 0 }, v = { 0 };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		const char *a = keys[i], *b = keys[5 - i];

		assert_int_equal(index_writer_add(&w, a, strlen(a), "x", 1, 1), 0);
		assert_int_equal(index_writer_add(&v, b, strlen(b), "x", 1, 1), 0);
	}
	assert_int_equal(index_writer_write(&w, &there), 0);
	assert_int_equal(index_writer_write(&v, &back), 0);
	assert_int_equal(there.size, back.size);
	assert_memory_equal(there.base, back.base, there.size);
	index_writer_done(&w);
	index_writer_done(&v);
}

static void test_keys_that_cannot_be(void **state)
{
	CLEANUP_BUF struct buf out = { 0 };
	struct index_writer w = { 0 };
	char key[INDEX_KEY_MAX + 1];

	(void)state;
	memset(key, 'k', sizeof(key));
	assert_int_equal(index_writer_add(&w, "", 0, "x", 1, 0), -EINVAL);
	assert_int_equal(index_writer_add(&w, "a\x80", 2, "x", 1, 0), -EINVAL);
	assert_int_equal(index_writer_add(&w, "\xff", 1, "x", 1, 0), -EINVAL);
	assert_int_equal(index_writer_add(&w, "a\0b", 3, "x", 1, 0), -EINVAL);
	assert_int_equal(index_writer_add(&w, key, sizeof(key), "x", 1, 0), -EINVAL);
	assert_int_equal(w.n_entries, 0);
	assert_int_equal(index_writer_write(&w, &out), 0);
	assert_int_equal(out.size, 12);
	index_writer_done(&w);
}

/* A node for every byte of the longest key, each inside of the one before. */
static void test_deep(void **state)
{
	CLEANUP_BUF struct buf out = { 0 };
	struct index_writer w = { 0 };
	char key[INDEX_KEY_MAX];
	size_t at = 12, n = 0;

	(void)state;
	memset(key, 'k', sizeof(key));
	for (size_t i = 1; i <= INDEX_KEY_MAX; i++)
		assert_int_equal(index_writer_add(&w, key, i, "x", 1, 0), 0);
	assert_int_equal(index_writer_write(&w, &out), 0);
	for (uint32_t node = get_u32(out.base + 8, true); node; n++) {
		assert_int_equal(node & 0x0fffffffu, at);
		assert_int_equal(node & 0x80000000u, 0);
		if (!(node & 0x20000000u))
			break;
		node = get_u32(out.base + at + 2, true);
		at += n == 0 ? 6 : 6 + 4 + 4 + 2;
	}
	assert_int_equal(n, INDEX_KEY_MAX);
	index_writer_done(&w);
}

static void test_too_large(void **state)
{
	CLEANUP_BUF struct buf out = { 0 }, small = { .max = 20 };
	struct index_writer w = { 0 };
	char *large = calloc(1, INDEX_SIZE_MAX);

	(void)state;
	assert_int_equal(index_writer_add(&w, "a", 1, "value", 5, 0), 0);
	assert_int_equal(index_writer_write(&w, &small), -E2BIG);
	assert_int_equal(index_writer_add(&w, "b", 1, large, INDEX_SIZE_MAX - 20, 0), 0);
	assert_int_equal(index_writer_write(&w, &out), -E2BIG);
	index_writer_done(&w);
	free(large);
}

struct seen {
	char text[100];
};

static void note(void *ctx, const struct index_entry *entry)
{
	struct seen *seen = ctx;
	size_t n = strlen(seen->text);

	(void)snprintf(seen->text + n, sizeof(seen->text) - n, "%.*s=%.*s ", (int)entry->key_size,
		       entry->key, (int)entry->value_size, entry->value);
}

static void test_duplicates(void **state)
{
	static const char *const pairs[][2] = {
		{ "k", "x" }, { "b", "one" }, { "b", "two" }, { "k", "x" }, { "a", "z" },
		{ "k", "y" }, { "c", "" },    { "c", "" },    { "ab", "z" },
	};
	CLEANUP_BUF struct buf out = { 0 };
	struct index_writer w = { 0 };
	struct seen seen = { "" };

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_int_equal(index_writer_add(&w, pairs[i][0], strlen(pairs[i][0]), pairs[i][1],
						  strlen(pairs[i][1]), pairs[i][1][0] == 'y'), 0);
	assert_int_equal(index_writer_write(&w, &out), 0);
	index_writer_duplicates(&w, note, &seen);
	assert_string_equal(seen.text, "c= k=x ");
	index_writer_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),	     cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_prefixes),     cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_many_values),  cmocka_unit_test(test_random),
		cmocka_unit_test(test_order_of_adding), cmocka_unit_test(test_keys_that_cannot_be),
		cmocka_unit_test(test_deep),	     cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_duplicates),
	};

	return cmocka_run_group_tests_name("index writer", tests, NULL, NULL);
}
