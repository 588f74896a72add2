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

#include "bytes/diag.h"
#include "index/manifest.h"
#include "index/reader.h"
#include "index/test-build.h"

struct entries {
	struct build_entry items[32];
	char keys[32][64], values[32][64];
	size_t n;
	size_t stop_at; /* fail there; 0 never */
};

static int put(void *ctx, const char *key, const char *value)
{
	struct entries *e = ctx;
	size_t i = e->n++;

	if (e->n == e->stop_at)
		return -ENOSPC;
	assert_true(i < N_ELEMENTS(e->items));
	assert_true(strlen(key) < sizeof(e->keys[i]) && strlen(value) < sizeof(e->values[i]));
	strcpy(e->keys[i], key);
	strcpy(e->values[i], value);
	e->items[i] = (struct build_entry){ e->keys[i], 0, e->values[i] };
	return 0;
}

static struct manifest example(void)
{
	struct manifest m = { .input = 0x0123456789abcdef };

	for (unsigned int i = 0; i < INDEX_CLASSIC_FILES; i++)
		m.files[i] = (struct manifest_file){ i * 1000, 0xfedcba9876543210u + i };
	return m;
}

static char *value_of(struct entries *e, const char *key)
{
	for (size_t i = 0; i < e->n; i++)
		if (strcmp(e->keys[i], key) == 0)
			return e->values[i];
	fail_msg("no %s", key);
	return NULL;
}

static int parse(const struct entries *e, struct manifest *m, struct diag *diag)
{
	struct built b = build(e->items, e->n, false);
	struct index_reader reader;
	int r;

	assert_int_equal(index_reader_open(bytes_of(b.base, b.size), &reader, NULL), 0);
	r = manifest_parse(&reader, m, diag);
	if (r < 0 && diag->place == DIAG_OFFSET)
		assert_true(diag->where > 12 && diag->where < b.size);
	free(b.base);
	return r;
}

static void test_text(void **state)
{
	struct manifest m = example();
	struct entries e = { 0 };

	(void)state;
	assert_int_equal(manifest_write(&m, put, &e), 0);
	assert_int_equal(e.n, 3 + 11);
	assert_string_equal(value_of(&e, "manifest:format"), "1");
	assert_string_equal(value_of(&e, "manifest:input"), "0123456789abcdef");
	assert_int_equal(strlen(value_of(&e, "manifest:generation")), 16);
	assert_string_equal(value_of(&e, "manifest:file:modules.dep"),
			    "size=0 hash=fedcba9876543210");
	assert_string_equal(value_of(&e, "manifest:file:modules.devname"),
			    "size=10000 hash=fedcba987654321a");
}

static void test_read_back(void **state)
{
	struct manifest m = example(), back = { 0 };
	struct entries e = { 0 };
	struct diag diag = { 0 };

	(void)state;
	m.files[3].size = UINT64_MAX;
	assert_int_equal(manifest_write(&m, put, &e), 0);
	/* Keys of other parts of the file don't matter. */
	put(&e, "harddep:a", "b");
	assert_int_equal(parse(&e, &back, &diag), 0);
	assert_int_equal(back.input, m.input);
	for (unsigned int i = 0; i < INDEX_CLASSIC_FILES; i++) {
		assert_int_equal(back.files[i].size, m.files[i].size);
		assert_int_equal(back.files[i].hash, m.files[i].hash);
	}
	assert_int_equal(back.generation, manifest_generation(&m));
}

static void test_writing_fails(void **state)
{
	struct manifest m = example();

	(void)state;
	for (size_t i = 1; i <= 14; i++) {
		struct entries e = { .stop_at = i };

		assert_int_equal(manifest_write(&m, put, &e), -ENOSPC);
		assert_int_equal(e.n, i);
	}
}

/* Any single change makes another generation. */
static void test_generation(void **state)
{
	struct manifest m = example();
	uint64_t before = manifest_generation(&m);

	(void)state;
	m.input ^= 1;
	assert_true(manifest_generation(&m) != before);
	m = example();
	for (size_t i = 0; i < INDEX_CLASSIC_FILES; i++) {
		m.files[i].size++;
		assert_true(manifest_generation(&m) != before);
		m.files[i].size--;
		m.files[i].hash ^= 1ull << 63;
		assert_true(manifest_generation(&m) != before);
		m.files[i].hash ^= 1ull << 63;
	}
	assert_int_equal(manifest_generation(&m), before);
}

static void assert_refused(const char *key, const char *value, int error)
{
	struct manifest m = example(), back;
	struct entries e = { 0 };
	struct diag diag = { 0 };

	memset(&back, 0x55, sizeof(back));
	assert_int_equal(manifest_write(&m, put, &e), 0);
	strcpy(value_of(&e, key), value);
	assert_int_equal(parse(&e, &back, &diag), error);
	assert_true(diag.what[0] != '\0');
	assert_int_equal(back.input, 0x5555555555555555);
}

static void test_malformed(void **state)
{
	(void)state;
	assert_refused("manifest:format", "2", -EOPNOTSUPP);
	assert_refused("manifest:format", "", -EBADMSG);
	assert_refused("manifest:format", "1x", -EBADMSG);
	assert_refused("manifest:generation", "0000000000000000", -EBADMSG);
	assert_refused("manifest:generation", "123", -EBADMSG);
	assert_refused("manifest:input", "0123456789ABCDEF", -EBADMSG);
	assert_refused("manifest:input", "00123456789abcdef", -EBADMSG);
	assert_refused("manifest:input", "0123456789abcdee", -EBADMSG);
	assert_refused("manifest:file:modules.dep", "size=0", -EBADMSG);
	assert_refused("manifest:file:modules.dep", "size= hash=fedcba9876543210", -EBADMSG);
	assert_refused("manifest:file:modules.dep", "size=-1 hash=fedcba9876543210", -EBADMSG);
	assert_refused("manifest:file:modules.dep", "size=0 hash=fedcba9876543210 ", -EBADMSG);
	assert_refused("manifest:file:modules.dep", "size=1 hash=fedcba9876543210", -EBADMSG);
	assert_refused("manifest:file:modules.dep",
		       "size=18446744073709551616 hash=fedcba9876543210", -EBADMSG);
}

static void test_missing_keys(void **state)
{
	struct manifest m = example(), back;

	(void)state;
	for (size_t skip = 0; skip < 14; skip++) {
		struct entries e = { 0 };
		struct diag diag = { 0 };
		int want = -EBADMSG;

		assert_int_equal(manifest_write(&m, put, &e), 0);
		if (strcmp(e.keys[skip], "manifest:format") == 0)
			want = -ENOENT;
		e.items[skip].key = "other";
		assert_int_equal(parse(&e, &back, &diag), want);
	}
}

static void test_doubled_key(void **state)
{
	struct manifest m = example(), back;
	struct entries e = { 0 };
	struct diag diag = { 0 };

	(void)state;
	assert_int_equal(manifest_write(&m, put, &e), 0);
	put(&e, "manifest:input", "0123456789abcdef");
	assert_int_equal(parse(&e, &back, &diag), -EBADMSG);
}

static void test_compare(void **state)
{
	struct manifest m = example();
	int64_t sizes[INDEX_CLASSIC_FILES];
	enum index_file first = INDEX_MODSURE_BIN;

	(void)state;
	for (unsigned int i = 0; i < INDEX_CLASSIC_FILES; i++)
		sizes[i] = i * 1000;
	assert_int_equal(manifest_compare(&m, sizes, &first), MANIFEST_WHOLE);
	assert_int_equal(first, INDEX_MODSURE_BIN);
	sizes[INDEX_DEVNAME]++;
	assert_int_equal(manifest_compare(&m, sizes, &first), MANIFEST_MIXED);
	assert_int_equal(first, INDEX_DEVNAME);
	sizes[INDEX_ALIAS_BIN] = -1;
	assert_int_equal(manifest_compare(&m, sizes, &first), MANIFEST_MIXED);
	assert_int_equal(first, INDEX_ALIAS_BIN);
	sizes[INDEX_DEP] = -1;
	assert_int_equal(manifest_compare(&m, sizes, NULL), MANIFEST_MIXED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	     cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_writing_fails), cmocka_unit_test(test_generation),
		cmocka_unit_test(test_malformed),    cmocka_unit_test(test_missing_keys),
		cmocka_unit_test(test_doubled_key),  cmocka_unit_test(test_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
