/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/arena.h"
#include "bytes/diag.h"
#include "engine/modfile.h"

struct fixture {
	char dir[32];
	int fd;
	struct modfile_reader *reader;
	struct arena arena;
	uint64_t held, held_most; /* of the budget */
	unsigned int n_acquired;
};

static void acquire(void *ctx, uint64_t bytes)
{
	struct fixture *f = ctx;

	f->held += bytes;
	f->n_acquired++;
	if (f->held > f->held_most)
		f->held_most = f->held;
}

static void release(void *ctx, uint64_t bytes)
{
	struct fixture *f = ctx;

	assert_true(f->held >= bytes);
	f->held -= bytes;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct modfile_budget budget = { acquire, release, f };

	strcpy(f->dir, "/tmp/modfile-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->reader = modfile_reader_new(&budget);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	(void)unlinkat(f->fd, "m.ko", 0);
	(void)rmdir(f->dir);
	(void)close(f->fd);
	modfile_reader_free(f->reader);
	arena_done(&f->arena);
	free(f);
	return 0;
}

static void write_file(const struct fixture *f, const struct buf *b)
{
	int fd = openat(f->fd, "m.ko", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, b->base, b->size), b->size);
	close(fd);
}

static int read_file(struct fixture *f, struct modfile *file, struct diag *diag)
{
	*diag = (struct diag){ 0 };
	return modfile_read(f->reader, f->fd, "m.ko", FACTS_WANT_EVERYTHING, &f->arena, file, diag);
}

static void put(struct buf *b, uint64_t v, int size)
{
	for (int i = 0; i < size; i++)
		buf_put_u8(b, (uint8_t)(v >> 8 * i));
}

struct section {
	uint32_t name, type;
	uint64_t off, size, entry_size;
	uint32_t link;
};

/* An ELF64 relocatable file: header, @body at 64, section headers behind it. */
static void put_elf(struct buf *b, struct bytes body, const struct section *sections, unsigned int n,
		    unsigned int names)
{
	buf_put(b, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16);
	put(b, 1, 2);
	put(b, 62, 2);
	put(b, 1, 4);
	put(b, 0, 16);
	put(b, 64 + body.size, 8);
	put(b, 0, 4);
	put(b, 64, 2);
	put(b, 0, 4);
	put(b, 64, 2);
	put(b, n, 2);
	put(b, names, 2);
	buf_put(b, body.base, body.size);
	for (unsigned int i = 0; i < n; i++) {
		put(b, sections[i].name, 4);
		put(b, sections[i].type, 4);
		put(b, 0, 16);
		put(b, sections[i].off, 8);
		put(b, sections[i].size, 8);
		put(b, sections[i].link, 4);
		put(b, 0, 4);
		put(b, 1, 8);
		put(b, sections[i].entry_size, 8);
	}
}

#define NAMES "\0.modinfo\0.shstrtab"
#define TAGS "license=GPL\0description=A test"

/* A module with two tags, and @padding bytes in front of them. */
static void put_module(struct buf *b, size_t padding)
{
	const struct section sections[] = {
		{ 0 },
		{ 1, 1, 64 + padding, sizeof(TAGS), 0, 0 },
		{ 10, 3, 64 + padding + sizeof(TAGS), sizeof(NAMES), 0, 0 },
	};
	CLEANUP_BUF struct buf body = { 0 };

	put(&body, 0, 0);
	memset(buf_reserve(&body, padding + 1), 'x', padding);
	body.size = padding;
	buf_put(&body, TAGS, sizeof(TAGS));
	buf_put(&body, NAMES, sizeof(NAMES));
	put_elf(b, buf_bytes(&body), sections, 3, 2);
}

static uint32_t crc32_of(struct bytes b)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < b.size; i++) {
		crc ^= b.base[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* gzip without a compressor: stored blocks. Source: RFC 1951, 3.2.4; RFC 1952. */
static void put_gzip(struct buf *b, struct bytes content)
{
	buf_put(b, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	for (size_t at = 0, n; at < content.size; at += n) {
		n = content.size - at < 65535 ? content.size - at : 65535;
		put(b, at + n == content.size, 1);
		put(b, n, 2);
		put(b, ~n, 2);
		buf_put(b, content.base + at, n);
	}
	put(b, crc32_of(content), 4);
	put(b, content.size, 4);
}

static void test_plain(void **state)
{
	static const size_t paddings[] = { 0, 3, 65536, 3000000 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(paddings) / sizeof(paddings[0]); i++) {
		CLEANUP_BUF struct buf b = { 0 };
		struct modfile file;
		struct diag diag;

		put_module(&b, paddings[i]);
		write_file(f, &b);
		assert_int_equal(read_file(f, &file, &diag), 0);
		assert_int_equal(file.codec, CODEC_PLAIN);
		assert_int_equal(file.size, b.size);
		assert_int_equal(file.plain_size, b.size);
		assert_int_equal(file.facts->n_modinfo, 2);
		assert_string_equal(facts_first(file.facts, "license"), "GPL");
		assert_string_equal(facts_first(file.facts, "description"), "A test");
		assert_int_equal(file.signature.size, 0);
	}
	assert_int_equal(f->n_acquired, 0);
}

static void test_packed(void **state)
{
	CLEANUP_BUF struct buf b = { 0 }, packed = { 0 };
	struct fixture *f = *state;
	struct modfile file;
	struct diag diag;

	put_module(&b, 200000);
	put_gzip(&packed, buf_bytes(&b));
	write_file(f, &packed);
	if (!codec_is_built(CODEC_GZIP)) {
		assert_int_equal(read_file(f, &file, &diag), -EOPNOTSUPP);
		assert_non_null(strstr(diag.what, "gzip"));
		return;
	}
	assert_int_equal(read_file(f, &file, &diag), 0);
	assert_int_equal(file.codec, CODEC_GZIP);
	assert_int_equal(file.size, packed.size);
	assert_int_equal(file.plain_size, b.size);
	assert_string_equal(facts_first(file.facts, "license"), "GPL");
	assert_int_equal(f->n_acquired, 1);
	assert_int_equal(f->held, 0);
	assert_int_equal(f->held_most, packed.size);

	packed.base[packed.size / 2] ^= 1;
	write_file(f, &packed);
	assert_int_equal(read_file(f, &file, &diag), -EBADMSG);
	assert_non_null(strstr(diag.what, "gzip data is damaged"));
	assert_int_equal(f->held, 0);
}

static void test_signature(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct fixture *f = *state;
	struct modfile file;
	struct diag diag;

	put_module(&b, 100000);
	buf_put_string(&b, "SomeoneKEYsignature");
	buf_put(&b, "\1\4\1\7\3\0\0\0\0\0\0\11", 12);
	buf_put_string(&b, "~Module signature appended~\n");
	write_file(f, &b);
	assert_int_equal(read_file(f, &file, &diag), 0);
	assert_int_equal(file.signer.size, 7);
	assert_memory_equal(file.signer.base, "Someone", 7);
	assert_int_equal(file.key_id.size, 3);
	assert_memory_equal(file.key_id.base, "KEY", 3);
	assert_int_equal(file.signature.size, 9);
	assert_memory_equal(file.signature.base, "signature", 9);
}

/* Four tables, each as large as the file: what is read stays below 2 * size + 1 MiB. */
static void test_overlapping_tables(void **state)
{
	const uint64_t size = 24 * 100000;
	const struct section sections[] = {
		{ 0 },
		{ 1, 1, 64, size, 0, 0 },	    /* .modinfo */
		{ 1, 3, 64, size, 0, 0 },	    /* section names */
		{ 1, 2, 64, size, 24, 4 },	    /* symbols */
		{ 1, 3, 64, size, 0, 0 },	    /* symbol names */
	};
	CLEANUP_BUF struct buf body = { 0 }, b = { 0 };
	struct modfile file = { .size = 77 };
	struct fixture *f = *state;
	struct diag diag;

	memset(buf_reserve(&body, size), 0, size);
	body.size = size;
	memcpy(body.base + 1, ".modinfo", 8);
	put_elf(&b, buf_bytes(&body), sections, 5, 2);
	write_file(f, &b);
	assert_int_equal(read_file(f, &file, &diag), -EBADMSG);
	assert_non_null(strstr(diag.what, "overlap"));
	assert_int_equal(file.size, 77);
}

static void expect_refused(struct fixture *f, int error, const char *what)
{
	struct modfile file;
	struct diag diag;

	assert_int_equal(read_file(f, &file, &diag), error);
	assert_non_null(strstr(diag.what, what));
}

static void test_not_regular(void **state)
{
	struct fixture *f = *state;
	struct modfile file;
	struct diag diag;

	assert_int_equal(read_file(f, &file, &diag), -ENOENT);
	assert_int_equal(mkdirat(f->fd, "m.ko", 0755), 0);
	expect_refused(f, -EISDIR, "directory");
	assert_int_equal(unlinkat(f->fd, "m.ko", AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(f->fd, "m.ko", 0644), 0);
	expect_refused(f, -EINVAL, "not a regular file");
	assert_int_equal(unlinkat(f->fd, "m.ko", 0), 0);
	assert_int_equal(symlinkat("/dev/null", f->fd, "m.ko"), 0);
	expect_refused(f, -EINVAL, "not a regular file");
	assert_int_equal(unlinkat(f->fd, "m.ko", 0), 0);
	assert_int_equal(symlinkat("m.ko", f->fd, "m.ko"), 0);
	assert_int_equal(read_file(f, &file, &diag), -ELOOP);
}

static void test_not_a_module(void **state)
{
	CLEANUP_BUF struct buf text = { 0 }, packed = { 0 };
	struct fixture *f = *state;
	struct modfile file;
	struct diag diag;

	write_file(f, &text);
	expect_refused(f, -ENOEXEC, "an empty file");
	buf_put_string(&text, "#!/bin/sh\n");
	write_file(f, &text);
	expect_refused(f, -ENOEXEC, "a script");
	if (!codec_is_built(CODEC_GZIP))
		return;
	put_gzip(&packed, buf_bytes(&text));
	write_file(f, &packed);
	assert_int_equal(read_file(f, &file, &diag), -ENOEXEC);
	assert_string_equal(diag.what, "not an ELF file but a script (decompressed)");
}

struct shaker {
	const struct fixture *f;
	size_t size;
	volatile bool is_over;
};

static void *shake(void *ctx)
{
	struct shaker *s = ctx;
	int fd = openat(s->f->fd, "m.ko", O_RDWR | O_CLOEXEC);

	while (!s->is_over) {
		(void)!ftruncate(fd, 100);
		(void)!ftruncate(fd, (off_t)s->size);
	}
	close(fd);
	return NULL;
}

/* A file that shrinks at the worst moment is an error, and no SIGBUS. */
static void test_shrinking_file(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct fixture *f = *state;
	struct shaker shaker = { .f = f };
	pthread_t thread;

	put_module(&b, 1000000);
	write_file(f, &b);
	shaker.size = b.size;
	assert_int_equal(pthread_create(&thread, NULL, shake, &shaker), 0);
	for (int i = 0; i < 2000; i++) {
		struct modfile file;
		struct diag diag;
		int r = read_file(f, &file, &diag);

		assert_true(r == 0 || r == -EBADMSG || r == -ENOEXEC);
		assert_true(r == 0 || diag.what[0]);
		arena_reset(&f->arena, 1 << 20);
	}
	shaker.is_over = true;
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_packed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signature, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overlapping_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_regular, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_a_module, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shrinking_file, setup, teardown),
	};

	return cmocka_run_group_tests_name("modfile", tests, NULL, NULL);
}
