/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/diag.h"
#include "codec/codec.h"
#include "engine/events.h"
#include "engine/insert.h"

#define CALLS_MAX 8

/** struct phase - the module's state until a time; the last one stays */
struct phase {
	int64_t until_usec;
	enum module_state state;
};

/** struct fixture - a kernel that does as the test says, and notes what it was asked for */
struct fixture {
	char path[48];
	struct inserter *inserter;
	struct kernel kernel;
	struct events events;
	bool is_cancelled;

	const char *compression; /* what stands in sys/module/compression; NULL: no such file */
	int answers[CALLS_MAX];	 /* of insert(), in order */
	bool lacks_finit;
	const struct phase *phases;
	int state_error;

	int64_t now_usec;
	unsigned int n_calls, n_probes, n_reads, n_waits;
	unsigned int flags[CALLS_MAX];
	bool has_fd[CALLS_MAX];
	char params[64];
	struct buf seen; /* the bytes that the last call gave the kernel */
};

static void read_all(int fd, struct buf *out)
{
	struct stat st;

	out->size = 0;
	assert_int_equal(fstat(fd, &st), 0);
	if (st.st_size == 0)
		return;
	assert_non_null(buf_reserve(out, (size_t)st.st_size));
	assert_int_equal(pread(fd, out->base, (size_t)st.st_size, 0), st.st_size);
	out->size = (size_t)st.st_size;
}

static int fake_insert(void *ctx, const struct kernel_insert *call)
{
	struct fixture *f = ctx;

	if (call->fd == INT_MAX) {
		f->n_probes++;
		return f->lacks_finit ? -ENOSYS : -EBADF;
	}
	assert_true(f->n_calls < CALLS_MAX);
	assert_string_equal(call->name, "m");
	(void)snprintf(f->params, sizeof(f->params), "%s", call->params);
	f->has_fd[f->n_calls] = call->fd >= 0;
	f->flags[f->n_calls] = call->flags;
	if (call->fd >= 0) {
		read_all(call->fd, &f->seen);
	} else {
		f->seen.size = 0;
		buf_put(&f->seen, call->image.base, call->image.size);
	}
	if (call->fd >= 0 && f->lacks_finit)
		return f->n_calls++, -ENOSYS;
	return f->answers[f->n_calls++];
}

static int fake_state(void *ctx, const char *name, enum module_state *ret_state)
{
	struct fixture *f = ctx;
	const struct phase *p = f->phases;

	assert_string_equal(name, "m");
	*ret_state = MODULE_ABSENT;
	if (f->state_error)
		return f->state_error;
	for (; p && p->until_usec && p->until_usec <= f->now_usec; p++)
		;
	if (p)
		*ret_state = p->state;
	return 0;
}

static int fake_read(void *ctx, const char *path, struct buf *out)
{
	struct fixture *f = ctx;

	assert_string_equal(path, "sys/module/compression");
	f->n_reads++;
	if (!f->compression)
		return -ENOENT;
	buf_put_string(out, f->compression);
	return out->error;
}

static void fake_wait(void *ctx, uint32_t usec)
{
	struct fixture *f = ctx;

	assert_true(usec > 0);
	f->now_usec += usec;
	f->n_waits++;
}

static int64_t fake_now(void *ctx)
{
	return ((struct fixture *)ctx)->now_usec;
}

static bool is_cancelled(void *ctx)
{
	return ((struct fixture *)ctx)->is_cancelled;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	strcpy(f->path, "/tmp/insert-XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	close(fd);
	f->now_usec = 1000;
	f->kernel = (struct kernel){ .ctx = f, .insert = fake_insert, .state = fake_state,
				     .read = fake_read, .wait = fake_wait, .now_usec = fake_now };
	f->events = (struct events){ .is_cancelled = is_cancelled, .ctx = f };
	f->inserter = inserter_new(&f->kernel, &f->events);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	inserter_free(f->inserter);
	(void)unlink(f->path);
	(void)rmdir(f->path);
	buf_done(&f->seen);
	free(f);
	return 0;
}

static void write_file(const struct fixture *f, struct bytes b)
{
	int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, b.base, b.size), b.size);
	close(fd);
}

/* gzip without a compressor: one stored block. Source: RFC 1951, 3.2.4; RFC 1952. */
static void put_gzip(struct buf *b, const char *header, size_t header_size, const char *content)
{
	uint32_t crc = ~0u, n = (uint32_t)strlen(content);

	for (const char *p = content; *p; p++) {
		crc ^= (uint8_t)*p;
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	buf_put(b, header, header_size);
	buf_put(b, "\1", 1);
	for (uint32_t v = n | (~n & 0xffff) << 16, i = 0; i < 4; i++)
		buf_put_u8(b, (uint8_t)(v >> 8 * i));
	buf_put_string(b, content);
	for (int i = 0; i < 8; i++)
		buf_put_u8(b, (uint8_t)((i < 4 ? ~crc : n) >> 8 * (i & 3)));
}

#define GZIP_BARE "\x1f\x8b\x08\0\0\0\0\0\0\xff"
#define GZIP_COMMENT "\x1f\x8b\x08\x10\0\0\0\0\0\xff" "made here\0"

static void write_gzip(const struct fixture *f, const char *content)
{
	CLEANUP_BUF struct buf b = { 0 };

	put_gzip(&b, GZIP_BARE, sizeof(GZIP_BARE) - 1, content);
	write_file(f, buf_bytes(&b));
}

static int insert(struct fixture *f, struct insert_report *report)
{
	const struct insert_request request = { .name = "m", .path = f->path, .params = "a=1" };
	struct diag diag = { 0 };
	int r;

	memset(report, 0xff, sizeof(*report));
	r = insert_module(f->inserter, &request, report, &diag);
	/* A failure that the kernel was not asked about has a reason. */
	assert_true(r >= 0 || report->has_called || diag.what[0]);
	return r;
}

static void expect_seen(const struct fixture *f, const char *content)
{
	assert_int_equal(f->seen.size, strlen(content));
	assert_memory_equal(f->seen.base, content, f->seen.size);
}

static void test_plain(void **state)
{
	struct fixture *f = *state;
	struct insert_report report;

	write_file(f, bytes_of("a module", 8));
	f->compression = "gzip\n";
	assert_int_equal(insert(f, &report), 0);
	assert_int_equal(f->n_calls, 1);
	assert_true(f->has_fd[0]);
	assert_int_equal(f->flags[0], 0);
	assert_string_equal(f->params, "a=1");
	expect_seen(f, "a module");
	assert_int_equal(f->n_reads, 0);
	assert_true(report.has_called && !report.was_loaded && !report.has_lost_race);
	assert_int_equal(report.started_usec, 1000);
}

static void test_flags(void **state)
{
	struct insert_request request = { .name = "m", .params = "", .ignore_vermagic = true };
	struct insert_report report;
	struct fixture *f = *state;

	request.path = f->path;
	assert_int_equal(insert_module(f->inserter, &request, &report, NULL), 0);
	assert_int_equal(f->flags[0], KERNEL_IGNORE_VERMAGIC);
	request.ignore_vermagic = false;
	request.ignore_modversions = true;
	assert_int_equal(insert_module(f->inserter, &request, &report, NULL), 0);
	assert_int_equal(f->flags[1], KERNEL_IGNORE_MODVERSIONS);
}

/* The kernel decompresses: asked once what it can, the file goes to it as it is. */
static void test_kernel_decompresses(void **state)
{
	struct fixture *f = *state;
	struct insert_report report;

	write_gzip(f, "inside");
	f->compression = "gzip\n";
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(insert(f, &report), 0);
		assert_true(f->has_fd[i]);
		assert_int_equal(f->flags[i], KERNEL_COMPRESSED);
		assert_memory_equal(f->seen.base, GZIP_BARE, 10);
	}
	assert_int_equal(f->n_reads, 1);
}

static void expect_decompressed_here(struct fixture *f)
{
	struct insert_report report;

	f->n_calls = 0;
	if (!codec_is_built(CODEC_GZIP)) {
		assert_int_equal(insert(f, &report), -EOPNOTSUPP);
		assert_false(report.has_called);
		return;
	}
	assert_int_equal(insert(f, &report), 0);
	assert_int_equal(f->n_calls, 1);
	assert_false(f->has_fd[0]);
	assert_int_equal(f->flags[0], 0);
	expect_seen(f, "inside");
}

static void test_kernel_does_not_decompress(void **state)
{
	static const char *const says[] = { NULL, "", "xz\n", "gzipper\n", "gzi\n", "gzip xz\n" };
	struct fixture *f = *state;

	write_gzip(f, "inside");
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		inserter_free(f->inserter);
		f->inserter = inserter_new(&f->kernel, &f->events);
		f->compression = says[i];
		expect_decompressed_here(f);
	}
}

/* The kernel reads gzip, but no comment in its header. */
static void test_header_that_the_kernel_lacks(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct fixture *f = *state;

	put_gzip(&b, GZIP_COMMENT, sizeof(GZIP_COMMENT) - 1, "inside");
	write_file(f, buf_bytes(&b));
	f->compression = "gzip\n";
	expect_decompressed_here(f);
}

/* The kernel reads the first of two members, and takes the half for the whole. */
static void test_two_members(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct fixture *f = *state;

	put_gzip(&b, GZIP_BARE, sizeof(GZIP_BARE) - 1, "ins");
	put_gzip(&b, GZIP_BARE, sizeof(GZIP_BARE) - 1, "ide");
	write_file(f, buf_bytes(&b));
	f->compression = "gzip\n";
	expect_decompressed_here(f);
}

/* Whatever a kernel says that was given the file: it may be the answer of the module's init. */
static void test_no_second_init(void **state)
{
	static const int errors[] = { -EINVAL, -EOPNOTSUPP, -ENOEXEC, -ENOMEM, -ENOSYS };
	struct fixture *f = *state;
	struct insert_report report;

	write_gzip(f, "inside");
	f->compression = "gzip\n";
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		f->n_calls = 0;
		f->answers[0] = errors[i];
		assert_int_equal(insert(f, &report), errors[i]);
		assert_int_equal(f->n_calls, 1);
		assert_true(report.has_called);
	}
	assert_int_equal(f->n_probes, 1);
}

static void test_no_finit(void **state)
{
	struct fixture *f = *state;
	struct insert_report report;

	write_file(f, bytes_of("a module", 8));
	f->lacks_finit = true;
	assert_int_equal(insert(f, &report), 0);
	assert_int_equal(f->n_calls, 2);
	assert_false(f->has_fd[1]);
	expect_seen(f, "a module");
	assert_int_equal(insert(f, &report), 0);
	assert_int_equal(f->n_calls, 3);
	assert_false(f->has_fd[2]);
	assert_int_equal(f->n_probes, 1);
}

static void test_file_cannot_be_read(void **state)
{
	struct fixture *f = *state;
	struct insert_report report;

	f->compression = "xz\n";
	write_file(f, bytes_of(GZIP_BARE "\7damaged", 18));
	assert_int_equal(insert(f, &report), codec_is_built(CODEC_GZIP) ? -EBADMSG : -EOPNOTSUPP);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(insert(f, &report), -ENOENT);
	assert_int_equal(mkfifo(f->path, 0600), 0);
	assert_int_equal(insert(f, &report), -EINVAL);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_int_equal(insert(f, &report), -EISDIR);
	assert_false(report.has_called);
	assert_int_equal(report.started_usec, 1000);
	assert_int_equal(f->n_calls, 0);
}

static void test_already_live(void **state)
{
	static const struct phase live[] = { { 0, MODULE_LIVE } };
	struct fixture *f = *state;
	struct insert_report report;

	f->answers[0] = -EEXIST;
	f->phases = live;
	assert_int_equal(insert(f, &report), 0);
	assert_true(report.was_loaded && !report.has_lost_race);
	assert_int_equal(f->n_calls, 1);
}

static void test_init_says_eexist(void **state)
{
	struct fixture *f = *state;
	struct insert_report report;

	f->answers[0] = -EEXIST;
	assert_int_equal(insert(f, &report), -EEXIST);
	assert_int_equal(f->n_calls, 1);
	assert_int_equal(f->n_waits, 0);
	assert_int_equal(report.state, MODULE_ABSENT);
	assert_false(report.was_loaded);
}

static void test_another_loads_it(void **state)
{
	static const struct phase coming[] = {
		{ 500000, MODULE_NO_STATE }, { 1500000, MODULE_COMING }, { 0, MODULE_LIVE }
	};
	struct fixture *f = *state;
	struct insert_report report;

	f->answers[0] = -EEXIST;
	f->phases = coming;
	assert_int_equal(insert(f, &report), 0);
	assert_true(report.was_loaded && report.has_lost_race);
	assert_int_equal(f->n_calls, 1);
	assert_in_range(f->now_usec, 1500000, 1600000);
}

static void test_another_fails_to_load_it(void **state)
{
	static const struct phase failing[] = {
		{ 300000, MODULE_COMING }, { 301000, MODULE_GOING }, { 0, MODULE_ABSENT }
	};
	static const int firsts[] = { -EEXIST, -EBUSY, -EINTR };
	struct fixture *f = *state;
	struct insert_report report;

	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		f->n_calls = 0;
		f->now_usec = 1000;
		f->answers[0] = firsts[i];
		f->answers[1] = -ENODEV;
		f->phases = failing;
		assert_int_equal(insert(f, &report), -ENODEV);
		assert_int_equal(f->n_calls, 2);
		assert_true(report.has_lost_race && !report.was_loaded);
	}
}

static void test_busy_and_gone(void **state)
{
	struct fixture *f = *state;
	struct insert_report report;

	f->answers[0] = -EBUSY;
	f->answers[1] = -ENODEV;
	assert_int_equal(insert(f, &report), -ENODEV);
	assert_int_equal(f->n_calls, 2);

	/* Its init says so, or many try at once: not again and again. */
	f->n_calls = 0;
	f->answers[1] = -EBUSY;
	assert_int_equal(insert(f, &report), -EBUSY);
	assert_int_equal(f->n_calls, 2);
}

static void test_being_removed(void **state)
{
	static const struct phase going[] = { { 700000, MODULE_GOING }, { 0, MODULE_ABSENT } };
	struct fixture *f = *state;
	struct insert_report report;

	f->answers[0] = -EBUSY;
	f->phases = going;
	assert_int_equal(insert(f, &report), 0);
	assert_int_equal(f->n_calls, 2);
	assert_in_range(f->now_usec, 700000, 800000);
	assert_false(report.was_loaded);
}

static void test_patience_has_an_end(void **state)
{
	static const struct phase stuck[] = { { 0, MODULE_COMING } };
	struct fixture *f = *state;
	struct insert_report report;

	f->answers[0] = -EBUSY;
	f->phases = stuck;
	assert_int_equal(insert(f, &report), -EBUSY);
	assert_int_equal(f->n_calls, 1);
	assert_int_equal(f->now_usec, 1000 + INSERT_WAIT_MAX_USEC);
	assert_in_range(f->n_waits, 10, 2000);
	assert_int_equal(report.state, MODULE_COMING);
	assert_true(report.has_lost_race);
}

static void test_interrupted(void **state)
{
	struct fixture *f = *state;
	struct insert_report report;

	f->answers[0] = -EINTR;
	assert_int_equal(insert(f, &report), 0);
	assert_int_equal(f->n_calls, 2);
	f->n_calls = 0;
	f->is_cancelled = true;
	assert_int_equal(insert(f, &report), -EINTR);
	assert_int_equal(f->n_calls, 1);
}

static void test_unknown_state(void **state)
{
	struct fixture *f = *state;
	struct insert_report report;

	f->answers[0] = -EBUSY;
	f->state_error = -EIO;
	assert_int_equal(insert(f, &report), -EBUSY);
	assert_int_equal(f->n_calls, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_plain),
		TEST(test_flags),
		TEST(test_kernel_decompresses),
		TEST(test_kernel_does_not_decompress),
		TEST(test_two_members),
		TEST(test_header_that_the_kernel_lacks),
		TEST(test_no_second_init),
		TEST(test_no_finit),
		TEST(test_file_cannot_be_read),
		TEST(test_already_live),
		TEST(test_init_says_eexist),
		TEST(test_another_loads_it),
		TEST(test_another_fails_to_load_it),
		TEST(test_busy_and_gone),
		TEST(test_being_removed),
		TEST(test_patience_has_an_end),
		TEST(test_interrupted),
		TEST(test_unknown_state),
	};

	return cmocka_run_group_tests_name("insert", tests, NULL, NULL);
}
